//! Guest memory, ELF loading, the Linux personality and bare machines.

pub mod linux;
pub mod loader;
pub mod machine;
pub mod memory;

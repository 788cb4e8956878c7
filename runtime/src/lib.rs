//! Guest memory, ELF loading, the Linux personality and bare machines.

pub mod interpreter;
pub mod linux;
pub mod loader;
pub mod machine;
pub mod memory;
pub mod sandbox;

//! Guest memory, ELF loading, the Linux personality and bare machines.
pub mod machine;

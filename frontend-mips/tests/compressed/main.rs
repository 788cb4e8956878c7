//! MIPS16e and microMIPS: every row lifts, disassembly is GNU objdump's, and random instructions do what they do in
//! qemu-user. Where objdump or qemu is not installed, those comparisons pass without checking anything.

#[path = "../qemu/flat.rs"]
mod flat;
mod objdump;
mod program;
mod qemu;
mod rows;
mod shapes;
mod sweep;

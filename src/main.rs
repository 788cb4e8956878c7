//! The `demotic` command line.
fn main() {}

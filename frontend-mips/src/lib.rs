//! MIPS32 decoders and lifters.
#![forbid(unsafe_code)]

pub mod state;

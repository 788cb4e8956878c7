//! ARM (A32, T32) decoders and lifters.
#![forbid(unsafe_code)]

pub mod state;

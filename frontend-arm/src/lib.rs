//! ARM (A32, T32) decoders and lifters.

//! MIPS32 decoders and lifters.

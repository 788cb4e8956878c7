//! Build-time generator: encoding tables to checked decoders.

//! Region forming, lowering to Cranelift, code cache, chaining and tiers.

pub mod host;

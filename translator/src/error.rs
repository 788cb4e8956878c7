//! What can go wrong in the translator itself; guests cannot cause any of it.

use thiserror::Error;

/// An error of the translator.
#[derive(Debug, Error)]
pub enum TranslatorError {
    /// Demotic makes x86-64 code only.
    #[error("cannot make code for {0}: Demotic runs on x86-64 hosts")]
    UnsupportedHost(String),
    /// Cranelift refused a function.
    #[error("Cranelift: {0}")]
    Cranelift(String),
    /// Compiled code refers to something that placed code cannot reach.
    #[error("a relocation to {0} in translated code")]
    Relocation(String),
    /// The host refused memory for code.
    #[error("no memory for translated code: {0}")]
    CodeMemory(#[from] std::io::Error),
}

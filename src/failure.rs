//! Why a command failed: what to tell the user, and the exit status.

use std::fmt;

/// Exit status when the command line is wrong or asks for something that is not there.
pub(crate) const USAGE: u8 = 2;
/// Exit status when a program cannot be run, as shells have it.
pub(crate) const CANNOT_RUN: u8 = 126;
/// Exit status when a program is not found, as shells have it.
pub(crate) const NOT_FOUND: u8 = 127;

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What happened and what to do next; one line or several.
    pub(crate) message: String,
    /// The exit status.
    pub(crate) status: u8,
}

impl Failure {
    /// A failure with exit status 1.
    pub(crate) fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), status: 1 }
    }

    /// The command line is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), status: USAGE }
    }

    /// The same failure with another exit status.
    pub(crate) fn with_status(self, status: u8) -> Failure {
        Failure { status, ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Explains an error of the operating system.
pub(crate) fn io(what: impl fmt::Display) -> impl FnOnce(std::io::Error) -> Failure {
    move |error| Failure::new(format!("{what}: {error}"))
}

//! What is wrong with a table, each complaint with its file and line.

use std::fmt;

/// One complaint about a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The table, as it was named to [`Generator::file`](crate::Generator::file).
    pub file: String,
    /// The line in it, from 1; 0 when the complaint is about the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// Every complaint about the tables of one decoder.
///
/// `Debug` prints the same lines as `Display`, so that a build script can return it from `main`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Errors(pub Vec<Error>);

impl Errors {
    pub(crate) fn push(&mut self, place: &Place, message: impl Into<String>) {
        self.0.push(Error { file: place.file.clone(), line: place.line, message: message.into() });
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} error(s) in the decode tables", self.0.len())?;
        for error in &self.0 {
            writeln!(f, "{error}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Errors {}

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

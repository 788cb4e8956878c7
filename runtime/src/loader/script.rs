//! The first line of scripts (Linux, fs/binfmt_script.c).

use std::fs::File;
use std::io;

use super::elf::read_up_to;

/// How much of a file the kernel looks at.
const START: usize = 256;

/// What the first line of a script asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Script {
    /// The program that runs it.
    pub(crate) interpreter: Vec<u8>,
    /// The rest of the line, which is one argument; empty for none.
    pub(crate) argument: Vec<u8>,
}

/// How often scripts may be interpreted by scripts (Linux's limit).
pub(crate) const SCRIPT_DEPTH: usize = 5;

impl Script {
    /// The words that take the place of the script's name in a command line; `path` is where the script is.
    pub(crate) fn command(self, path: &[u8]) -> impl Iterator<Item = Vec<u8>> {
        let argument = Some(self.argument).filter(|argument| !argument.is_empty());
        std::iter::once(self.interpreter).chain(argument).chain([path.to_vec()])
    }
}

/// What kind of file it is, as far as its first bytes say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Start {
    /// A script.
    Script(Script),
    /// A script whose first line cannot be understood.
    BadScript,
    /// Something else.
    Other,
}

impl Start {
    /// Looks at a file's first bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn of(file: &File) -> io::Result<Start> {
        let mut start = [0; START];
        let len = read_up_to(file, &mut start, 0)?;
        Ok(Start::parse(&start[..len], len == START))
    }

    /// `cut` says that the file may go on behind `start`.
    fn parse(start: &[u8], cut: bool) -> Start {
        let Some(line) = start.strip_prefix(b"#!") else { return Start::Other };
        let blank = |b: &u8| matches!(b, b' ' | b'\t');
        let trim = |mut bytes: &'_ [u8]| -> Vec<u8> {
            while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
                bytes = rest;
            }
            bytes.to_vec()
        };
        let whole = line.iter().position(|&b| b == b'\n' || b == 0);
        let line = whole.map_or(line, |end| &line[..end]);
        let skipped = line.iter().take_while(|b| blank(b)).count();
        let line = &line[skipped..];
        let end = line.iter().position(blank);
        // A name that is cut off would be another program's; a cut argument is merely shorter.
        if line.is_empty() || whole.is_none() && cut && end.is_none() {
            return Start::BadScript;
        }
        let (interpreter, argument) = line.split_at(end.unwrap_or(line.len()));
        Start::Script(Script { interpreter: interpreter.to_vec(), argument: trim(argument) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(interpreter: &str, argument: &str) -> Start {
        Start::Script(Script { interpreter: interpreter.into(), argument: argument.into() })
    }

    #[test]
    fn first_lines() {
        let parse = |text: &str| Start::parse(text.as_bytes(), false);
        assert_eq!(parse("#!/bin/sh\necho\n"), script("/bin/sh", ""));
        assert_eq!(parse("#! \t/bin/awk  -f  a b \t\n"), script("/bin/awk", "-f  a b"));
        assert_eq!(parse("#!sh"), script("sh", ""));
        assert_eq!(parse("#!/bin/sh\r\n"), script("/bin/sh\r", ""));
        assert_eq!(parse("#!  \n/bin/sh"), Start::BadScript);
        assert_eq!(parse("#/bin/sh"), Start::Other);
        assert_eq!(parse(""), Start::Other);
    }

    #[test]
    fn long_lines() {
        let name = "x".repeat(254);
        assert_eq!(Start::parse(format!("#!{name}").as_bytes(), true), Start::BadScript);
        let cut = format!("#!/bin/sh {}", "x".repeat(246));
        assert_eq!(Start::parse(cut.as_bytes(), true), script("/bin/sh", &"x".repeat(246)));
    }
}

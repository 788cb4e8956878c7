//! The commands, a file each.

mod binfmt;
mod boot;
mod compare;
mod explain;
mod generate;
mod list;
mod run;

use std::io::Write;
use std::process::ExitCode;

use crate::failure::Failure;
use crate::flags::{Command, LogFlags};

/// Does a command.
///
/// # Errors
/// What the user is told.
pub(crate) fn dispatch(command: Command, log: &LogFlags) -> Result<ExitCode, Failure> {
    match command {
        Command::Run(flags) => run::run(&flags, log),
        Command::Boot(flags) => boot::boot(&flags),
        Command::Compare(flags) => compare::compare(&flags),
        Command::Explain(flags) => explain::explain(&flags).and_then(|text| print(&text)),
        Command::List(flags) => print(&list::list(&flags)),
        Command::Binfmt(flags) => binfmt::binfmt(&flags),
        Command::Completions { shell } => print(&generate::completions(shell)),
        Command::Man => generate::man().and_then(|page| print(&page)),
    }
}

/// Prints to stdout. A reader that has gone away (`demotic list ops | head`) is no failure.
fn print(text: &str) -> Result<ExitCode, Failure> {
    print_bytes(text.as_bytes())
}

/// The same for what need not be UTF-8, like paths.
fn print_bytes(text: &[u8]) -> Result<ExitCode, Failure> {
    match std::io::stdout().write_all(text) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

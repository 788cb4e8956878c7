//! The commands, a file each.

mod boot;
mod compare;
mod explain;
mod generate;
mod list;
mod run;

use std::io::Write;
use std::process::ExitCode;

use crate::failure::Failure;
use crate::flags::Command;

/// Does a command.
///
/// # Errors
/// What the user is told.
pub(crate) fn dispatch(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Run(flags) => run::run(&flags),
        Command::Boot(flags) => boot::boot(&flags),
        Command::Compare(flags) => compare::compare(&flags),
        Command::Explain(flags) => explain::explain(&flags).and_then(|text| print(&text)),
        Command::List(flags) => print(&list::list(&flags)),
        Command::Completions { shell } => print(&generate::completions(shell)),
        Command::Man => generate::man().and_then(|page| print(&page)),
    }
}

/// Prints to stdout. A reader that has gone away (`demotic list ops | head`) is no failure.
fn print(text: &str) -> Result<ExitCode, Failure> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

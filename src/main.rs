//! The `demotic` command line: parse, dispatch, exit status.
#![forbid(unsafe_code)]

mod arguments;
mod commands;
mod encodings;
mod failure;
mod flags;
mod guest;
mod lockstep;
mod logging;
mod program;
mod qemu;
mod report;
mod table;

use std::process::ExitCode;

use clap::builder::Resettable;
use clap::{CommandFactory, FromArgMatches};
use demotic_runtime::linux::Started;

use arguments::Given;
use failure::Failure;
use flags::Cli;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("demotic: {failure}");
            ExitCode::from(failure.status)
        }
    }
}

fn run() -> Result<ExitCode, Failure> {
    let started = Started::now();
    let prepared = arguments::prepare(Given {
        args: std::env::args_os().collect(),
        env: &|name| if started.secure { None } else { std::env::var_os(name) },
        started,
    })?;
    let mut command = Cli::command();
    if started.secure {
        command = without_variables(command);
    }
    let matches = command.get_matches_from(prepared.args);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    logging::start(&cli.log)?;
    for note in prepared.notes {
        tracing::debug!(target: "options", "{note}");
    }
    commands::dispatch(cli.command, &cli.log)
}

/// The same options, none of which has a variable in the environment: that is the work of a caller with fewer rights.
fn without_variables(command: clap::Command) -> clap::Command {
    command.mut_args(|arg| arg.env(Resettable::Reset)).mut_subcommands(without_variables)
}

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

use clap::Parser;

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
    let prepared = arguments::prepare(Given {
        args: std::env::args_os().collect(),
        env: &|name| std::env::var_os(name),
        name_follows: arguments::started_by_binfmt().unwrap_or(false),
    })?;
    let cli = Cli::parse_from(prepared.args);
    logging::start(&cli.log)?;
    for note in prepared.notes {
        tracing::debug!(target: "options", "{note}");
    }
    commands::dispatch(cli.command)
}

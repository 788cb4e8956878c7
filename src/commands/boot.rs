//! `demotic boot`: bare-metal images on boards.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use demotic_ir::GuestArch;
use demotic_runtime::machine::{self, BootError, BootOptions, Machine, Outcome};
use demotic_translator::{EngineOptions, MemoryModel, Vcpu};

use crate::failure::{CANNOT_RUN, Failure, USAGE};
use crate::flags::BootFlags;
use crate::report::Report;

/// Boots an image; the exit status is the one that the guest gives when it switches the machine off.
///
/// # Errors
/// When the image does not fit the board, or the guest needs something that is not there.
pub(crate) fn boot(flags: &BootFlags) -> Result<ExitCode, Failure> {
    let failed = |error: BootError| {
        let advice = match &error {
            BootError::NotBare => "; programs for Linux are run by `demotic run`",
            BootError::NoBoard { .. } => "; `demotic list boards` describes them",
            _ => "",
        };
        let status = if matches!(error, BootError::NoBoard { .. }) { USAGE } else { CANNOT_RUN };
        Failure::new(format!("cannot boot {}: {error}{advice}", flags.image.display())).with_status(status)
    };
    let mut options = BootOptions::from_file(&flags.board, &flags.image).map_err(failed)?;
    options.read_stdin = true;
    let booted = machine::boot(options).map_err(failed)?;
    let mut machine = booted.machine;
    let arch: Arc<dyn GuestArch> = Arc::from(booted.arch);
    let guest = arch.name();
    let code = Arc::new(machine.code());
    let engine = EngineOptions {
        kind: flags.engine.engine.kind(),
        memory: Some(MemoryModel::Sections),
        hot: flags.engine.hot,
        ..EngineOptions::default()
    };
    let vcpu = Vcpu::new::<Machine>(arch, code, engine);
    let mut vcpu = vcpu.map_err(|error| Failure::new(error.to_string()).with_status(CANNOT_RUN))?;
    *vcpu.cpu() = *booted.cpu;
    machine.set_kicker(vcpu.kicker());
    let start = Instant::now();
    vcpu.run(&mut machine);
    Report::of(&vcpu, flags.engine.engine, guest, start.elapsed()).emit(&flags.engine)?;
    if flags.engine.stats {
        eprint!("{}", machine.report());
    }
    match machine.outcome() {
        Some(Outcome::PowerOff { code }) => Ok(ExitCode::from(*code)),
        Some(Outcome::Failed { reason }) => Err(Failure::new(format!("the machine has stopped: {reason}"))),
        None => Err(Failure::new("the machine has stopped without saying why")),
    }
}

//! Whole programs under the built `demotic`, each on every engine: what they print and how they end must be what it is
//! natively. `tests/run` builds the guest programs and fetches Debian's busybox first.

mod binfmt;
mod busybox;
mod chroot;
mod debuggers;
mod dynamic;
mod errors;
mod examples;
mod exec;
mod guests;
mod pages;
mod process;
mod sandbox;
mod strace;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// The engines that every program runs on.
const ENGINES: [&str; 4] = ["interp", "jit", "baseline", "auto"];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> = Vec::new();
    trials.extend(guests::trials());
    trials.extend(pages::trials());
    trials.extend(examples::trials());
    trials.extend(busybox::trials());
    trials.extend(errors::trials());
    trials.extend(binfmt::trials());
    trials.extend(dynamic::trials());
    trials.extend(strace::trials());
    trials.extend(exec::trials());
    trials.extend(chroot::trials());
    trials.extend(sandbox::trials());
    trials.extend(debuggers::trials());
    libtest_mimic::run(&arguments, trials).exit_code()
}

//! Debian's own busybox for ARM and MIPS against the native one of the same version, over shell scripts.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};

use crate::ENGINES;
use crate::process::{TemporaryDirectory, demotic, native, root, run, run_in, same, text};

const ARCHITECTURES: [&str; 3] = ["armhf", "armel", "mipsel"];
const NATIVE: &str = "/bin/busybox";

pub(crate) fn trials() -> Vec<Trial> {
    let scripts = scripts();
    let mut trials = Vec::new();
    for architecture in ARCHITECTURES {
        let program = root().join("tests/.cache").join(format!("root-{architecture}")).join("bin/busybox");
        let for_version = program.clone();
        trials.push(Trial::test(format!("busybox::{architecture}::version"), move || {
            same_version(&for_version)
        }));
        for script in &scripts {
            for engine in ENGINES {
                let name = script.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let (script, program) = (script.clone(), program.clone());
                let trial = move || check(&program, &script, engine);
                trials.push(Trial::test(format!("busybox::{architecture}::{name}::{engine}"), trial));
            }
        }
    }
    trials
}

fn scripts() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("tests/busybox")).into_iter().flatten();
    let mut scripts: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    scripts.sort();
    scripts
}

/// Different versions may print different things.
fn same_version(program: &Path) -> Result<(), Failed> {
    let banner = |outcome: crate::process::Outcome| text(&outcome.stdout).lines().next().map(str::to_string);
    let mut guest = demotic("auto");
    guest.arg(program);
    let (ours, theirs) = (banner(run(guest)?), banner(run(native(NATIVE))?));
    if ours.is_some() && ours == theirs { Ok(()) } else { Err(format!("{ours:?} is not {theirs:?}").into()) }
}

/// Scripts call applets as `$BB applet`: each such call starts the guest's busybox anew from inside the guest.
fn check(program: &Path, script: &Path, engine: &str) -> Result<(), Failed> {
    let (here, there) = (TemporaryDirectory::new()?, TemporaryDirectory::new()?);
    let mut reference = native(NATIVE);
    reference.args(["sh".as_ref(), script.as_os_str(), NATIVE.as_ref()]);
    let mut guest = demotic(engine);
    guest.args([program.as_os_str(), "sh".as_ref(), script.as_os_str(), program.as_os_str()]);
    same(&run_in(reference, &here.0)?, &run_in(guest, &there.0)?)
}

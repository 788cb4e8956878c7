//! The guest programs of `tests/guest`: the same sources run natively and, cross-compiled, on every engine.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};

use crate::ENGINES;
use crate::process::{Ending, demotic, demotic_for, native, root, run, same, text};

const CONFIGURATIONS: [&str; 7] =
    ["armel", "armhf-a32", "armhf-t32", "mipsel", "mips", "mips16", "micromips"];

/// A program that must not pass, and why. One that passes all the same is a failure.
const EXPECTED_FAILURES: &[(&str, &str)] = &[];

/// Programs that execute themselves so often that translating all of each would take minutes, and shows nothing new.
const NOT_TRANSLATED_AT_ONCE: [&str; 1] = ["exec_family"];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for configuration in CONFIGURATIONS {
        for program in programs(&root().join("target/guests").join(configuration)) {
            let name = file_name(&program);
            let expected_to_fail = EXPECTED_FAILURES.iter().any(|(n, _)| *n == name);
            // Once is enough to see that a listed program still fails.
            let left_out = NOT_TRANSLATED_AT_ONCE.contains(&name.as_str());
            let engines = ENGINES.into_iter().filter(|&e| !expected_to_fail || e == "auto");
            for engine in engines.filter(|&e| !left_out || e != "jit") {
                let path = program.clone();
                let trial = move || check(&path, engine);
                trials.push(Trial::test(format!("guest::{configuration}::{name}::{engine}"), trial));
            }
        }
    }
    if trials.is_empty() {
        let missing = || Err("there are no guest programs in target/guests; tests/run builds them".into());
        trials.push(Trial::test("guest::built", missing));
    }
    trials
}

fn programs(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let mut programs: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    programs.sort();
    programs
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn check(program: &Path, engine: &str) -> Result<(), Failed> {
    let name = file_name(program);
    let result =
        if name.starts_with("asm-") { check_assembly(program, engine) } else { check_c(program, engine) };
    match (EXPECTED_FAILURES.iter().find(|(n, _)| *n == name), result) {
        (None, result) => result,
        (Some(_), Err(_)) => Ok(()),
        (Some((_, reason)), Ok(())) => Err(format!("passes, but is listed as failing: {reason}").into()),
    }
}

/// Whether a program is listed to do something else on the guest's processor than on the host's.
fn differs_from_native(program: &Path) -> bool {
    let list = fs::read_to_string(root().join("tests/guest/expected-differences.txt")).unwrap_or_default();
    let configuration = program.parent().map(file_name).unwrap_or_default();
    list.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().take(3).collect();
        matches!(words[..], [name, on, "guest"] if name == file_name(program) && [configuration.as_str(), "*"].contains(&on))
    })
}

/// The user-mode emulator that runs a configuration's programs.
fn qemu(program: &Path) -> &'static str {
    match program.parent().map(file_name).unwrap_or_default().as_str() {
        "mips" => "qemu-mips",
        "mipsel" | "mips16" | "micromips" => "qemu-mipsel",
        _ => "qemu-arm",
    }
}

/// Output and ending must be those of the native program, or where that is not comparable, those under qemu-user.
fn check_c(program: &Path, engine: &str) -> Result<(), Failed> {
    let name = file_name(program);
    let arguments = fs::read_to_string(root().join("tests/guest/linux").join(format!("{name}.args")));
    let arguments: Vec<String> =
        arguments.map(|text| text.lines().map(str::to_string).collect()).unwrap_or_default();
    let mut reference = if differs_from_native(program) {
        let mut reference = native(PathBuf::from(qemu(program)));
        reference.arg(program);
        reference
    } else {
        native(root().join("target/guests/native").join(&name))
    };
    reference.args(&arguments);
    let expected_to_fail = EXPECTED_FAILURES.iter().any(|(n, _)| *n == name);
    let mut guest = demotic_for(if expected_to_fail { 3 } else { 120 }, engine);
    guest.arg(program).args(&arguments);
    let (reference, outcome) = (run(reference)?, run(guest)?);
    same(&reference, &outcome)?;
    // However a guest ends, Demotic has nothing to say about it.
    if name.starts_with("die_") && outcome.stderr != reference.stderr {
        return Err(format!("stderr: {}", text(&outcome.stderr)).into());
    }
    Ok(())
}

/// Assembly programs check themselves.
fn check_assembly(program: &Path, engine: &str) -> Result<(), Failed> {
    let mut guest = demotic(engine);
    guest.arg(program);
    let outcome = run(guest)?;
    let output = text(&outcome.stdout);
    match output.lines().find(|line| !line.starts_with("PASS")) {
        None if outcome.ending == Ending::Exit(0) && !output.is_empty() => Ok(()),
        line => Err(format!("{line:?}, {:?}\n{}", outcome.ending, text(&outcome.stderr)).into()),
    }
}

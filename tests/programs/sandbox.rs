//! `--sandbox`: what a confined program can still reach. The programs are Debian's busybox and guest programs of ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::ENGINES;
use crate::process::{Ending, Outcome, TemporaryDirectory, demotic, root, run_in, text};

/// A script for busybox, what it prints, and whether it is given the directory for writing.
struct Case {
    name: &'static str,
    writing: bool,
    script: &'static str,
    printed: &'static str,
}

/// In a directory with a file `given`, beside which, outside, there is `secret`.
const CASES: [Case; 7] = [
    Case {
        name: "inside",
        writing: true,
        script: "cat given; echo new > made; cat made; mv made moved; ls; rm moved",
        printed: "contents\nnew\ngiven\nmoved\n",
    },
    Case {
        name: "outside",
        writing: true,
        script: "cat ../secret || echo no; cat /etc/passwd || echo no; ls / || echo no; echo x > ../secret || echo no",
        printed: "no\nno\nno\nno\n",
    },
    Case {
        name: "read_only",
        writing: false,
        script: "cat given; echo x > given || echo no; mkdir d || echo no; rm given || echo no",
        printed: "contents\nno\nno\nno\n",
    },
    Case {
        name: "links",
        writing: true,
        script: "ln -s ../secret link; cat link || echo no; ln ../secret hard || echo no; mv ../secret . || echo no",
        printed: "no\nno\nno\n",
    },
    Case {
        name: "attributes",
        writing: true,
        script: "chmod 777 ../secret || echo no; touch -d 2001-01-01 ../secret || echo no",
        printed: "no\nno\n",
    },
    Case {
        name: "network",
        writing: true,
        script: "nc 127.0.0.1 9 < /dev/null || echo no; ping -c 1 127.0.0.1 > /dev/null || echo no; echo x > /dev/null && echo yes",
        printed: "no\nno\nyes\n",
    },
    Case {
        name: "system",
        writing: true,
        script: "mount -t tmpfs none . || echo no; unshare -r true || echo no; kill -0 1 || echo no",
        printed: "no\nno\nno\n",
    },
];

pub(crate) fn trials() -> Vec<Trial> {
    let there = busybox().exists();
    let mut trials: Vec<Trial> = Vec::new();
    for case in &CASES {
        let trial = || check(case, "auto");
        trials.push(Trial::test(format!("sandbox::{}", case.name), trial).with_ignored_flag(!there));
    }
    for engine in ENGINES {
        let trial = move || check_sockets(engine);
        trials.push(Trial::test(format!("sandbox::execute::{engine}"), trial).with_ignored_flag(!there));
    }
    for configuration in ["armel", "mips", "native"] {
        let trial = move || check_rings(configuration);
        trials.push(Trial::test(format!("sandbox::rings::{configuration}"), trial).with_ignored_flag(!there));
    }
    trials.push(Trial::test("sandbox::paths", missing_path));
    trials
}

fn busybox() -> PathBuf {
    root().join("tests/.cache/root-mipsel/bin/busybox")
}

/// `demotic` in a sandbox that has `directory`.
fn confined(engine: &str, directory: &Path, writing: bool) -> Command {
    let mut grant = directory.as_os_str().to_owned();
    grant.push(if writing { ":rw" } else { "" });
    let mut command = demotic(engine);
    command.arg("--sandbox").arg(grant);
    command
}

fn check(case: &Case, engine: &str) -> Result<(), Failed> {
    let outside = TemporaryDirectory::new()?;
    let inside = outside.0.join("inside");
    fs::create_dir(&inside)?;
    fs::write(outside.0.join("secret"), "secret\n")?;
    fs::write(inside.join("given"), "contents\n")?;
    let mut command = confined(engine, &inside, case.writing);
    command.arg(busybox()).args(["sh", "-c", case.script]);
    let outcome = run_in(command, &inside)?;
    expect(&outcome, case.printed)?;
    match fs::read_to_string(outside.0.join("secret"))?.as_str() {
        "secret\n" => Ok(()),
        changed => Err(format!("the file outside has become {changed:?}").into()),
    }
}

/// Executed programs are confined too.
fn check_sockets(engine: &str) -> Result<(), Failed> {
    let directory = TemporaryDirectory::new()?;
    fs::copy(busybox(), directory.0.join("busybox"))?;
    let mut command = confined(engine, &directory.0, true);
    command.arg("./busybox").args([
        "sh",
        "-c",
        "./busybox cat /etc/passwd || ./busybox env ./busybox echo no | ./busybox cat",
    ]);
    expect(&run_in(command, &directory.0)?, "no\n")
}

/// There are no rings of requests, for guests as for native programs that one executes.
fn check_rings(configuration: &str) -> Result<(), Failed> {
    let outside = TemporaryDirectory::new()?;
    let inside = outside.0.join("inside");
    fs::create_dir(&inside)?;
    fs::write(outside.0.join("secret"), "secret\n")?;
    fs::copy(root().join("target/guests").join(configuration).join("ring_reach"), inside.join("program"))?;
    let mut command = confined("auto", &inside, true);
    command.arg(busybox()).args(["sh", "-c", "exec ./program ../secret"]);
    let refused = "Function not implemented";
    let printed = format!("io_setup: {refused}\nio_uring_setup: {refused}\npassed\n");
    expect(&run_in(command, &inside)?, &printed)
}

fn expect(outcome: &Outcome, printed: &str) -> Result<(), Failed> {
    if text(&outcome.stdout) == printed && outcome.ending == Ending::Exit(0) {
        return Ok(());
    }
    let (stdout, stderr) = (text(&outcome.stdout), text(&outcome.stderr));
    Err(format!("expected {printed:?}, got {stdout:?}, {:?}\n{stderr}", outcome.ending).into())
}

/// A path that is not there is an error, not an open door.
fn missing_path() -> Result<(), Failed> {
    let directory = TemporaryDirectory::new()?;
    let mut command = demotic("auto");
    command.args(["--sandbox", "/nonexistent/path"]).arg(root().join("examples/prebuilt/mipsel/hello"));
    let outcome = run_in(command, &directory.0)?;
    let message = text(&outcome.stderr);
    if outcome.ending == Ending::Exit(126)
        && message.contains("/nonexistent/path")
        && outcome.stdout.is_empty()
    {
        return Ok(());
    }
    Err(format!("{:?}: {message}", outcome.ending).into())
}

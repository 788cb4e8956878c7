//! The statically linked `demotic` in directories that have nothing of the host's: a bare chroot, and Debian's own root
//! directories with its package manager, through `examples/chroot.sh`.
//!
//! What is missing for a test (the program, which `tests/run` makes; a root directory; namespaces, binfmt_misc of one's own)
//! makes it be shown as ignored.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::process::{Ending, Outcome, TemporaryDirectory, root, run, run_in, same, text};

/// Architectures with a root directory, which `tests/tools/mkroot.sh -b ARCH tests/.cache/chroot-ARCH` makes, and what
/// `uname -m` says there.
const SYSTEMS: [(&str, &str); 3] = [("armhf", "armv7l"), ("armel", "armv5tejl"), ("mipsel", "mips")];

/// Guest programs that bare directories have all for. What signal descriptors (in `timers`) carry is converted for MIPS, which
/// only `/proc` tells them by.
const BARE: [(&str, &[&str]); 2] = [
    ("armhf-a32", &["directories", "files", "madvise", "memory", "memory_calls", "sysv_ipc", "timers"]),
    ("mipsel", &["directories", "files", "madvise", "memory", "memory_calls", "sysv_ipc"]),
];

/// Removes a package, installs it from a file, makes and installs one with a script, and looks for damage.
const PACKAGES: &str = r#"
set -e
export DEBIAN_FRONTEND=noninteractive
uname -m
rm -rf /tmp/made && mkdir -p /tmp/made/DEBIAN /tmp/made/usr/share/made
printf 'Package: made\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nDescription: a test\n' \
    > /tmp/made/DEBIAN/control
printf '#!/bin/sh\nset -e\n[ "$1" != configure ] || echo configured by "$DPKG_MAINTSCRIPT_PACKAGE" | tr a-z A-Z\n' \
    > /tmp/made/DEBIAN/postinst
chmod 755 /tmp/made/DEBIAN/postinst
echo contents > /tmp/made/usr/share/made/file
dpkg-deb --root-owner-group --build /tmp/made /tmp/made.deb > /dev/null
dpkg --unpack /tmp/made.deb > /dev/null
dpkg-query -W -f '${db:Status-Status}\n' made
dpkg --configure made | tail -n 1
cat /usr/share/made/file
apt-get -qq purge -y made > /dev/null
apt-get -qq install -y /tmp/made.deb 2> /dev/null | tail -n 1 | tr -d '\r'
dpkg -V made
dpkg --purge made > /dev/null
[ ! -e /usr/share/made ]
dpkg --audit
apt-cache policy apt | sed -n 's/ *Installed: .*/apt is there/p'
find /usr/bin -name 'dpkg*' | sort | head -n 2
perl -e 'print join(" ", sort { $b <=> $a } 3, 11, 5), "\n"'
"#;

const EXPECTED: &str = "\
unpacked
CONFIGURED BY MADE
contents
CONFIGURED BY MADE
apt is there
/usr/bin/dpkg
/usr/bin/dpkg-deb
11 5 3
";

pub(crate) fn trials() -> Vec<Trial> {
    let linked = static_demotic().exists();
    let entered = linked && bare(&["true"]).is_ok_and(|outcome| outcome.ending == Ending::Exit(0));
    let mut trials = vec![Trial::test("chroot::bare", bare_root).with_ignored_flag(!entered)];
    for (configuration, programs) in BARE {
        let trial = move || bare_programs(configuration, programs);
        trials.push(Trial::test(format!("chroot::bare/{configuration}"), trial).with_ignored_flag(!entered));
    }
    for (architecture, machine) in SYSTEMS {
        let there = linked && system(architecture).join("usr/bin/dpkg").exists();
        let possible =
            there && enter(architecture, "true").is_ok_and(|outcome| outcome.ending == Ending::Exit(0));
        let trial = move || packages(architecture, machine);
        trials.push(Trial::test(format!("chroot::{architecture}"), trial).with_ignored_flag(!possible));
    }
    trials
}

fn static_demotic() -> PathBuf {
    root().join("target/static/demotic")
}

fn system(architecture: &str) -> PathBuf {
    root().join("tests/.cache").join(format!("chroot-{architecture}"))
}

fn enter(architecture: &str, script: &str) -> Result<Outcome, Failed> {
    let mut command = Command::new("timeout");
    command.args(["600", "env", &format!("DEMOTIC={}", static_demotic().display())]);
    command.arg(root().join("examples/chroot.sh")).arg(system(architecture));
    command.args(["sh", "-c", script]);
    run(command)
}

fn packages(architecture: &str, machine: &str) -> Result<(), Failed> {
    let outcome = enter(architecture, PACKAGES)?;
    let printed = text(&outcome.stdout);
    if printed == format!("{machine}\n{EXPECTED}") && outcome.ending == Ending::Exit(0) {
        return Ok(());
    }
    Err(format!("{printed}\n{}\n{:?}", text(&outcome.stderr), outcome.ending).into())
}

/// A directory that has `demotic`, files as given, and nothing else: no /proc, no /dev.
fn bare_directory(files: &[(PathBuf, &str)]) -> Result<TemporaryDirectory, Failed> {
    let directory = TemporaryDirectory::new()?;
    fs::create_dir(directory.0.join("tmp"))?;
    fs::copy(static_demotic(), directory.0.join("demotic"))?;
    for (from, to) in files {
        fs::copy(from, directory.0.join(to))?;
    }
    Ok(directory)
}

/// Runs a command in such a directory.
fn enter_bare(directory: &TemporaryDirectory, words: &[&str]) -> Result<Outcome, Failed> {
    let mut command = Command::new("timeout");
    command.args([
        "120",
        "env",
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "unshare",
        "--map-root-user",
        "--mount",
    ]);
    command.arg("chroot").arg(&directory.0).args(words);
    run_in(command, &directory.0)
}

fn guest(configuration: &str, program: &str) -> PathBuf {
    root().join("target/guests").join(configuration).join(program)
}

fn bare(words: &[&str]) -> Result<Outcome, Failed> {
    let directory = bare_directory(&[
        (guest("armhf-a32", "exec_args"), "armhf-a32"),
        (guest("mips", "exec_args"), "mips"),
        (root().join("tests/.cache/root-mipsel/bin/busybox"), "true"),
    ])?;
    enter_bare(&directory, &[&["/demotic"], words].concat())
}

/// Programs that ask much of files, memory and signals do what they do natively, in a directory that is as bare.
fn bare_programs(configuration: &str, programs: &[&str]) -> Result<(), Failed> {
    for program in programs {
        let places = [(guest("native", program), "native"), (guest(configuration, program), "guest")];
        let directory = bare_directory(&places)?;
        let expected = enter_bare(&directory, &["/native"])?;
        let got = enter_bare(&directory, &["/demotic", "/guest"])?;
        same(&expected, &got)
            .map_err(|failed| format!("{program}: {}", failed.message().unwrap_or_default()))?;
    }
    Ok(())
}

/// Programs are found and executed in turn, though nothing says what the executable of each process is.
fn bare_root() -> Result<(), Failed> {
    let outcome = bare(&["/armhf-a32", "/mips", "/armhf-a32", "/mips"])?;
    let printed = text(&outcome.stdout);
    if printed == "nothing to execute\n" && outcome.ending == Ending::Exit(0) {
        return Ok(());
    }
    Err(format!("{printed}\n{}\n{:?}", text(&outcome.stderr), outcome.ending).into())
}

//! The statically linked `demotic` in directories that have nothing of the host's: a bare chroot, and Debian's own root
//! directories with its package manager, through `examples/chroot.sh`.
//!
//! What is missing for a test (`cargo static`, a root directory, namespaces, binfmt_misc of one's own) makes it be shown as
//! ignored.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::process::{Ending, Outcome, TemporaryDirectory, root, run, run_in, text};

/// Architectures with a root directory, which `tests/tools/mkroot.sh -b ARCH tests/.cache/chroot-ARCH` makes, and what
/// `uname -m` says there.
const SYSTEMS: [(&str, &str); 3] = [("armhf", "armv7l"), ("armel", "armv7l"), ("mipsel", "mips")];

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
apt-get -qq install -y /tmp/made.deb 2> /dev/null | tail -n 1
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
    root().join("target/x86_64-unknown-linux-gnu/release/demotic")
}

fn system(architecture: &str) -> PathBuf {
    root().join("tests/.cache").join(format!("chroot-{architecture}"))
}

fn enter(architecture: &str, script: &str) -> Result<Outcome, Failed> {
    let mut command = Command::new("timeout");
    command.arg("600").arg(root().join("examples/chroot.sh")).arg(system(architecture));
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

/// Runs a command in a directory that has `demotic`, guest programs, and nothing else: no /proc, no /dev.
fn bare(words: &[&str]) -> Result<Outcome, Failed> {
    let directory = TemporaryDirectory::new()?;
    let put = |from: PathBuf, to: &str| fs::copy(from, directory.0.join(to));
    put(static_demotic(), "demotic")?;
    for configuration in ["armhf-a32", "mips"] {
        put(root().join("target/guests").join(configuration).join("exec_args"), configuration)?;
    }
    put(root().join("tests/.cache/root-mipsel/bin/busybox"), "true")?;
    let mut command = Command::new("timeout");
    command.args(["120", "unshare", "--map-root-user", "--mount", "chroot"]).arg(&directory.0);
    command.arg("/demotic").args(words);
    run_in(command, &directory.0)
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

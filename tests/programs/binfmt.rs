//! `demotic binfmt`: the kernel itself starts guest programs, in a user and mount namespace of the test's own.
//!
//! Hosts before Linux 6.7 have one binfmt_misc for all namespaces, and some forbid user namespaces; there the test is
//! shown as ignored.

use std::path::Path;
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::process::{Ending, Outcome, TemporaryDirectory, root, run_in, text};

/// Registers, runs a program of each guest by its name, and takes the registration back.
const SCRIPT: &str = r#"
set -e
mkdir misc
mount -t binfmt_misc none misc
"$1" binfmt install --mount misc
"$2/armhf/hello" one
"$2/mipsel/hello"
"$2/mips/hello"
"$1" binfmt install --mount misc mips
"$1" binfmt remove --mount misc arm mips
ls misc
"$1" binfmt remove --mount misc
exec "$2/mipsel/hello"
"#;

const EXPECTED: &str = "\
Hello from ARM (A32)!
  argument 1: one
Hello from MIPS32, little-endian!
Hello from MIPS32, big-endian!
demotic-mipsel
register
status
";

/// Has a second script run in a namespace that has two users, its own root and another.
const TWO_USERS: &str = r#"
set -e
mkfifo entered mapped
unshare --user --mount sh -c 'echo > entered; read -r _ < mapped; exec sh -c "$0" sh "$@"' "$0" "$@" &
read -r _ < entered
echo 0 0 2 > /proc/$!/uid_map
echo 0 0 2 > /proc/$!/gid_map
echo > mapped
wait $!
"#;

/// Programs whose rights are not their caller's, started by a shell and by another guest program: one with root's rights
/// (flag C of binfmt_misc), and one that its caller may not read (flag O). What the caller has put into the environment
/// counts for the caller's own programs only.
const RIGHTS: &str = r#"
set -e
mkdir misc
mount -t binfmt_misc none misc
"$1" binfmt install --mount misc
mkdir programs
chmod 755 . programs
for guest in armhf-a32 mipsel mips; do
    cp "$2/$guest/rights" programs/$guest
    cp "$2/$guest/rights" programs/$guest-root
    cp "$2/$guest/rights" programs/$guest-closed
    cp "$2/$guest/exec_args" programs/$guest-exec
done
chmod 4755 programs/*-root
chmod 711 programs/*-closed
cd programs
# How many descriptors a program finds is the same natively.
found=$("$2/native/rights" | sed -n '1s/.* //p')
first() { sed -n "1s/ $found\$/ as natively/p"; }
other() { setpriv --reuid=1 --regid=1 --clear-groups "$@"; }
for guest in armhf-a32 mipsel mips; do
    for program in $guest $guest-root $guest-closed; do
        echo $program
        other ./$program | first
        other ./$guest-exec ./$program | first
    done
    echo with variables
    DEMOTIC_ENGINE=none other ./$guest-root | first
    if DEMOTIC_ENGINE=none other ./$guest 2> /dev/null; then echo accepted; else echo refused; fi
done
"#;

/// What [`RIGHTS`] prints for each guest.
const RIGHTS_OF_ONE: &str = "\
GUEST
user same, group same, secure 0, more descriptors as natively
user same, group same, secure 0, more descriptors as natively
GUEST-root
user other, group same, secure 1, more descriptors as natively
user other, group same, secure 1, more descriptors as natively
GUEST-closed
user same, group same, secure 0, more descriptors as natively
user same, group same, secure 0, more descriptors as natively
with variables
user other, group same, secure 1, more descriptors as natively
refused
";

/// Status of a shell whose `exec` is refused.
const CANNOT_RUN: i32 = 126;

pub(crate) fn trials() -> Vec<Trial> {
    let works = |outcome: Outcome| outcome.ending == Ending::Exit(0);
    let mounts = "mkdir misc && mount -t binfmt_misc none misc";
    let one_user = in_namespace(mounts).is_ok_and(works);
    let two_users = with_two_users(&format!("set -e; {mounts}; setpriv --reuid=1 true")).is_ok_and(works);
    vec![
        Trial::test("binfmt::kernel_runs_programs", kernel_runs_programs).with_ignored_flag(!one_user),
        Trial::test("binfmt::rights_of_programs", rights_of_programs).with_ignored_flag(!two_users),
    ]
}

fn in_namespace(script: &str) -> Result<Outcome, Failed> {
    let words = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"];
    run_words(&words, &root().join("examples/prebuilt"))
}

fn with_two_users(script: &str) -> Result<Outcome, Failed> {
    run_words(&["sh", "-c", TWO_USERS, script], &root().join("target/guests"))
}

/// Runs a command that is also given the paths of `demotic` and of guest programs.
fn run_words(words: &[&str], programs: &Path) -> Result<Outcome, Failed> {
    let directory = TemporaryDirectory::new()?;
    let mut command = Command::new("timeout");
    command.arg("120").args(words).arg(env!("CARGO_BIN_EXE_demotic")).arg(programs);
    run_in(command, &directory.0)
}

fn expect(outcome: &Outcome, expected: &str, ending: Ending) -> Result<(), Failed> {
    let printed = text(&outcome.stdout);
    if printed == expected && outcome.ending == ending {
        return Ok(());
    }
    let errors = text(&outcome.stderr);
    Err(format!("it printed\n{printed}\nand\n{errors}\nand ended with {:?}", outcome.ending).into())
}

fn kernel_runs_programs() -> Result<(), Failed> {
    expect(&in_namespace(SCRIPT)?, EXPECTED, Ending::Exit(CANNOT_RUN))
}

fn rights_of_programs() -> Result<(), Failed> {
    let guests = ["armhf-a32", "mipsel", "mips"];
    let expected: String = guests.map(|guest| RIGHTS_OF_ONE.replace("GUEST", guest)).concat();
    expect(&with_two_users(RIGHTS)?, &expected, Ending::Exit(0))
}

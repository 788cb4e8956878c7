//! From the arguments as given to those that clap parses.
//!
//! Three things are done here. A missing command becomes `run`. Options of qemu-user, on the command line or in
//! `QEMU_…` variables, become ours. And what follows the program's name is shielded: it belongs to the guest.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use clap::CommandFactory;
use demotic_runtime::linux::Started;

use crate::failure::Failure;
use crate::flags::Cli;
use crate::qemu::{LOG_ITEMS, LogItem, Meaning, OPTIONS, QemuOption, find};

/// Arguments for clap.
#[derive(PartialEq, Eq, Debug, Default)]
pub(crate) struct Prepared {
    /// The arguments, our own name first.
    pub(crate) args: Vec<OsString>,
    /// What was ignored and why.
    pub(crate) notes: Vec<String>,
}

/// Commands whose last arguments are a guest's command line.
const GUEST_COMMANDS: [&str; 2] = ["run", "compare"];

/// Under `qemu-` and one of these, also with `-static` or `-binfmt-P` behind it, demotic behaves as `demotic run`.
const QEMU_GUESTS: [&str; 5] = ["arm", "armeb", "armhf", "mipsel", "mips"];

/// Where the arguments come from.
pub(crate) struct Given<'a> {
    /// The arguments, our own name first.
    pub(crate) args: Vec<OsString>,
    /// Looks up environment variables.
    pub(crate) env: &'a dyn Fn(&str) -> Option<OsString>,
    /// How the kernel has started us, for a guest program perhaps.
    pub(crate) started: Started,
}

/// Prepares the arguments.
///
/// # Errors
/// When an option of qemu-user is used that is not there.
pub(crate) fn prepare(given: Given<'_>) -> Result<Prepared, Failure> {
    let Given { args, env, started } = given;
    let mut args = args.into_iter();
    let own_name = args.next().unwrap_or_else(|| "demotic".into());
    let given: Vec<OsString> = args.collect();
    let (as_qemu, as_binfmt) = as_qemu(&own_name);
    let syntax = Syntax::new();
    let first = syntax.first_operand(&given);
    if asks_for_help(&given[..first]) && (first > 0 || as_qemu) && !syntax.is_command(given.get(first)) {
        return Ok(Prepared { args: vec!["demotic".into(), help_flag(&given[..first])], notes: Vec::new() });
    }
    let mut prepared = Prepared { args: vec!["demotic".into()], notes: Vec::new() };
    let guest_part = match given.get(first) {
        Some(name) if !as_qemu && syntax.is_command(Some(name)) => {
            prepared.args.extend_from_slice(&given[..=first]);
            if !GUEST_COMMANDS.iter().any(|command| name == command) {
                prepared.args.extend_from_slice(&given[first + 1..]);
                return Ok(prepared);
            }
            &given[first + 1..]
        }
        None if given.is_empty() => return Ok(prepared),
        _ => {
            prepared.args.push("run".into());
            &given[..]
        }
    };
    translate_environment(&mut prepared, env)?;
    let end = syntax.first_operand(guest_part);
    translate_options(&mut prepared, &syntax, &guest_part[..end])?;
    if let Some(fd) = started.program {
        prepared.args.push(format!("--exec-fd={fd}").into());
    }
    shield_guest(&mut prepared, &guest_part[end..], as_binfmt || started.name_follows);
    Ok(prepared)
}

/// Whether our own name is one of qemu's, and whether it says that the guest program's name follows its path, as the names do
/// under which Debian registered qemu with binfmt_misc when that had to be said so.
fn as_qemu(own_name: &OsStr) -> (bool, bool) {
    let name = Path::new(own_name).file_name().and_then(OsStr::to_str).unwrap_or("");
    let (name, binfmt) = name.strip_suffix("-binfmt-P").map_or((name, false), |name| (name, true));
    let name = name.strip_suffix("-static").unwrap_or(name);
    let guest = name.strip_prefix("qemu-").or(binfmt.then_some(name));
    (guest.is_some_and(|guest| QEMU_GUESTS.contains(&guest)), binfmt)
}

fn asks_for_help(options: &[OsString]) -> bool {
    options.iter().any(|o| ["-h", "--help", "-help", "-V", "--version", "-version"].iter().any(|h| o == h))
}

fn help_flag(options: &[OsString]) -> OsString {
    let version = options.iter().any(|o| ["-V", "--version", "-version"].iter().any(|v| o == v));
    if version { "--version" } else { "--help" }.into()
}

/// What stands before the program's name, as far as it matters here.
struct Syntax {
    /// Our options that take a value, with their dashes.
    with_value: Vec<String>,
    commands: Vec<String>,
}

impl Syntax {
    fn new() -> Syntax {
        let mut cli = Cli::command();
        cli.build();
        let mut with_value = Vec::new();
        let guest_commands = cli.get_subcommands().filter(|c| GUEST_COMMANDS.contains(&c.get_name()));
        for arg in guest_commands.flat_map(clap::Command::get_arguments) {
            if arg.get_action().takes_values() {
                with_value.extend(arg.get_long().map(|long| format!("--{long}")));
                with_value.extend(arg.get_short().map(|short| format!("-{short}")));
            }
        }
        let commands = cli.get_subcommands().map(|c| c.get_name().to_owned()).collect();
        Syntax { with_value, commands }
    }

    fn is_command(&self, argument: Option<&OsString>) -> bool {
        argument.is_some_and(|a| self.commands.iter().any(|command| a == command.as_str()))
    }

    /// Whether the value of an option is the next argument.
    fn takes_next(&self, option: &str) -> bool {
        find(option).map_or_else(|| self.with_value.iter().any(|o| o == option), |o| o.value)
    }

    /// The index of the first argument that is no option and no option's value (their number if there is none); a
    /// `--` is one.
    fn first_operand(&self, args: &[OsString]) -> usize {
        let mut at = 0;
        while let Some(argument) = args.get(at) {
            let bytes = argument.as_bytes();
            if !bytes.starts_with(b"-") || bytes == b"-" || bytes == b"--" {
                return at;
            }
            at += 1 + usize::from(argument.to_str().is_some_and(|option| self.takes_next(option)));
        }
        args.len()
    }
}

fn translate_environment(to: &mut Prepared, env: &dyn Fn(&str) -> Option<OsString>) -> Result<(), Failure> {
    for option in OPTIONS.iter().filter(|o| !o.env.is_empty()) {
        if let Some(value) = env(option.env) {
            translate(to, option, option.env, value)?;
        }
    }
    Ok(())
}

fn translate_options(to: &mut Prepared, syntax: &Syntax, options: &[OsString]) -> Result<(), Failure> {
    let mut options = options.iter();
    while let Some(given) = options.next() {
        let name = given.to_str().unwrap_or("");
        match find(name) {
            Some(option) if option.value => {
                let Some(value) = options.next() else {
                    return Err(Failure::usage(format!("{name} needs a value")));
                };
                translate(to, option, name, value.clone())?;
            }
            Some(option) => translate(to, option, name, OsString::new())?,
            None => {
                // Joined, the value may begin with a dash.
                let value = if syntax.takes_next(name) { options.next() } else { None };
                to.args.push(value.map_or_else(|| given.clone(), |value| join(name, value)));
            }
        }
    }
    Ok(())
}

/// Translates one option of qemu-user, given as `name`.
fn translate(to: &mut Prepared, option: &QemuOption, name: &str, value: OsString) -> Result<(), Failure> {
    let missing =
        |what: &str, advice: &str| Err(Failure::usage(format!("{what} is not supported: {advice}")));
    match option.meaning {
        Meaning::Same(ours) if option.value => to.args.push(join(ours, &value)),
        Meaning::Same(ours) => to.args.push(ours.into()),
        Meaning::Ignored(why) => to.notes.push(format!("{name} is ignored: {why}")),
        Meaning::Missing(advice) => return missing(name, advice),
        Meaning::StackSize => match stack_size(&value) {
            Some(bytes) => to.args.push(join("--stack-size", OsStr::new(&bytes.to_string()))),
            None => return Err(Failure::usage(format!("{name} {}: not a size", value.display()))),
        },
        Meaning::PageSize if value == "4096" => {}
        Meaning::PageSize => return missing(name, "the guest's pages have 4096 bytes"),
        Meaning::LogItems => return log_items(to, name, &value),
    }
    Ok(())
}

/// A size as qemu takes it: a number as in C, perhaps with `k` or `M` behind it.
fn stack_size(value: &OsStr) -> Option<u64> {
    let value = value.to_str()?;
    let (digits, unit) = match value.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1 << 10),
        None => value.strip_suffix('M').map_or((value, 1), |digits| (digits, 1 << 20)),
    };
    let number = match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    number.ok()?.checked_mul(unit)
}

/// `--option=value`, so that a value may begin with a dash.
fn join(option: &str, value: &OsStr) -> OsString {
    let mut joined = option.as_bytes().to_vec();
    joined.push(b'=');
    joined.extend_from_slice(value.as_bytes());
    OsString::from_vec(joined)
}

fn log_items(to: &mut Prepared, name: &str, items: &OsStr) -> Result<(), Failure> {
    let items = items.to_str().unwrap_or("");
    let mut filters = Vec::new();
    for item in items.split(',').filter(|item| !item.is_empty()) {
        match LOG_ITEMS.iter().find(|(known, _)| *known == item) {
            Some((_, LogItem::Strace)) => to.args.push("--strace".into()),
            Some((_, LogItem::Filter(filter))) => filters.push(*filter),
            Some((_, LogItem::Missing(advice))) => {
                return Err(Failure::usage(format!("{name} {item} is not supported: {advice}")));
            }
            None => {
                let known: Vec<&str> = LOG_ITEMS.iter().map(|(known, _)| *known).collect();
                return Err(Failure::usage(format!("{name} {item}: qemu's items are {}", known.join(", "))));
            }
        }
    }
    filters.dedup();
    if !filters.is_empty() {
        to.args.push(join("--log", OsStr::new(&filters.join(","))));
    }
    Ok(())
}

/// Adds the program's name and its arguments.
fn shield_guest(to: &mut Prepared, operands: &[OsString], name_follows: bool) {
    match operands {
        [dashes, rest @ ..] if dashes == "--" => shield_guest(to, rest, name_follows),
        [program, name, rest @ ..] if name_follows => {
            to.args.extend([join("--argv0", name), "--".into(), program.clone()]);
            to.args.extend_from_slice(rest);
        }
        // As with qemu, the list of processors needs no program.
        [] if to.args.iter().any(|option| option == "--cpu=help") => to.args.push("help".into()),
        [] => {}
        all => {
            to.args.push("--".into());
            to.args.extend_from_slice(all);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepare_with(args: &[&str], env: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let lookup =
            |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
        let args = args.iter().map(OsString::from).collect();
        let given = Given { args, env: &lookup, started: Started::default() };
        let prepared = prepare(given).map_err(|f| f.message)?;
        Ok(prepared.args.into_iter().map(|a| a.into_string().unwrap()).collect())
    }

    fn prepared(args: &[&str]) -> Vec<String> {
        prepare_with(args, &[]).unwrap()
    }

    #[test]
    fn a_missing_command_is_run() {
        assert_eq!(prepared(&["demotic", "prog", "-x"]), ["demotic", "run", "--", "prog", "-x"]);
        assert_eq!(
            prepared(&["demotic", "--engine", "jit", "prog", "--engine"]),
            ["demotic", "run", "--engine=jit", "--", "prog", "--engine"]
        );
    }

    #[test]
    fn commands_are_left_alone() {
        assert_eq!(prepared(&["demotic", "list", "ops", "-d"]), ["demotic", "list", "ops", "-d"]);
        assert_eq!(prepared(&["demotic", "explain", "--help"]), ["demotic", "explain", "--help"]);
        assert_eq!(prepared(&["demotic", "--log", "debug", "run", "prog"])[3..], ["run", "--", "prog"]);
    }

    #[test]
    fn the_guests_arguments_are_the_guests() {
        assert_eq!(
            prepared(&["demotic", "run", "prog", "-strace", "--", "run"]),
            ["demotic", "run", "--", "prog", "-strace", "--", "run"]
        );
        assert_eq!(prepared(&["demotic", "run", "--argv0", "-sh", "sh"])[2..], ["--argv0=-sh", "--", "sh"]);
        assert_eq!(prepared(&["demotic", "--", "prog", "--"]), ["demotic", "run", "--", "prog", "--"]);
        assert_eq!(prepared(&["demotic", "prog", "--help"]), ["demotic", "run", "--", "prog", "--help"]);
    }

    #[test]
    fn spellings_of_qemu() {
        assert_eq!(
            prepared(&["demotic", "-L", "/sys", "-cpu", "max", "-strace", "-E", "A=-b", "prog"])[2..],
            ["--sysroot=/sys", "--cpu=max", "--strace", "--env=A=-b", "--", "prog"]
        );
        assert_eq!(
            prepared(&["demotic", "--s", "0x20k", "-r", "5.10", "--seed", "7", "-t", "x", "prog"])[2..],
            ["--stack-size=32768", "--uname=5.10", "--seed=7", "--", "prog"]
        );
        assert!(prepare_with(&["demotic", "-s", "much", "prog"], &[]).is_err());
        assert_eq!(prepared(&["/usr/bin/qemu-arm-static", "list"])[1..], ["run", "--", "list"]);
        assert_eq!(prepared(&["qemu-arm", "-version"])[1..], ["--version"]);
        assert_eq!(prepared(&["demotic", "-d", "strace,unimp", "prog"])[2..4], ["--strace", "--log=warn"]);
    }

    #[test]
    fn binfmt_says_what_the_program_is_called() {
        let prepared = |own: &str, started| {
            let args = [own, "/bin/busybox", "ls", "-l"].map(OsString::from).to_vec();
            prepare(Given { args, env: &|_| None, started }).unwrap().args.split_off(1)
        };
        let named = ["run", "--argv0=ls", "--", "/bin/busybox", "-l"];
        assert_eq!(prepared("demotic", Started { name_follows: true, ..Started::default() }), named);
        assert_eq!(prepared("/usr/libexec/qemu-binfmt/arm-binfmt-P", Started::default()), named);
        let open = Started { program: Some(3), ..Started::default() };
        assert_eq!(prepared("qemu-arm", open), ["run", "--exec-fd=3", "--", "/bin/busybox", "ls", "-l"]);
    }

    #[test]
    fn what_is_missing_is_named() {
        let message = prepare_with(&["demotic", "-g", "1234", "prog"], &[]).unwrap_err();
        assert!(message.starts_with("-g is not supported"), "{message}");
        assert!(prepare_with(&["demotic", "-p", "65536", "prog"], &[]).is_err());
        assert!(prepare_with(&["demotic", "-d", "in_asm", "prog"], &[]).is_err());
    }

    #[test]
    fn variables_come_before_options() {
        let args = prepare_with(
            &["demotic", "-L", "/b", "prog"],
            &[("QEMU_LD_PREFIX", "/a"), ("QEMU_STRACE", ""), ("QEMU_GUEST_BASE", "0x1000")],
        );
        assert_eq!(args.unwrap()[2..], ["--sysroot=/a", "--strace", "--sysroot=/b", "--", "prog"]);
        assert!(prepare_with(&["demotic", "list", "ops"], &[("QEMU_GDB", "1")]).is_ok());
        assert!(prepare_with(&["demotic", "prog"], &[("QEMU_GDB", "1")]).is_err());
    }

    #[test]
    fn help_is_for_us_before_the_program() {
        assert_eq!(prepared(&["demotic", "-L", "/x", "-h", "prog"])[1..], ["--help"]);
        assert_eq!(prepared(&["demotic"]), ["demotic"]);
        assert_eq!(prepared(&["qemu-arm", "-cpu", "help"])[1..], ["run", "--cpu=help", "help"]);
    }
}

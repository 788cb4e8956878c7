//! The options of qemu-user: what each of its spellings means here.

/// What an option of qemu-user becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Meaning {
    /// Our option of this name; with the same value, if it takes one.
    Same(&'static str),
    /// It changes nothing that a guest could notice; says why.
    Ignored(&'static str),
    /// It is not there; says what to do instead.
    Missing(&'static str),
    /// `-d`: what to log.
    LogItems,
    /// `-p`: the page size.
    PageSize,
    /// `-s`: the size of the stack.
    StackSize,
}

/// An option of qemu-user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QemuOption {
    /// Its name, without dashes.
    pub(crate) name: &'static str,
    /// The environment variable that stands for it.
    pub(crate) env: &'static str,
    /// Whether it takes a value.
    pub(crate) value: bool,
    /// What it becomes.
    pub(crate) meaning: Meaning,
}

const fn flag(name: &'static str, env: &'static str, meaning: Meaning) -> QemuOption {
    QemuOption { name, env, value: false, meaning }
}

const fn option(name: &'static str, env: &'static str, meaning: Meaning) -> QemuOption {
    QemuOption { name, env, value: true, meaning }
}

use Meaning::{Ignored, LogItems, Missing, PageSize, Same, StackSize};

/// All of them.
pub(crate) static OPTIONS: &[QemuOption] = &[
    flag("help", "", Same("--help")),
    flag("version", "QEMU_VERSION", Same("--version")),
    option("L", "QEMU_LD_PREFIX", Same("--sysroot")),
    option("E", "QEMU_SET_ENV", Same("--env")),
    option("U", "QEMU_UNSET_ENV", Same("--unset-env")),
    option("0", "QEMU_ARGV0", Same("--argv0")),
    option("cpu", "QEMU_CPU", Same("--cpu")),
    flag("strace", "QEMU_STRACE", Same("--strace")),
    option("D", "QEMU_LOG_FILENAME", Same("--log-file")),
    option("d", "QEMU_LOG", LogItems),
    option("p", "QEMU_PAGESIZE", PageSize),
    option("s", "QEMU_STACK_SIZE", StackSize),
    option("r", "QEMU_UNAME", Same("--uname")),
    option("seed", "QEMU_RAND_SEED", Same("--seed")),
    flag(
        "singlestep",
        "QEMU_SINGLESTEP",
        Ignored("how code is cut into blocks does not change what it does"),
    ),
    flag(
        "one-insn-per-tb",
        "QEMU_ONE_INSN_PER_TB",
        Ignored("how code is cut into blocks does not change what it does"),
    ),
    option("tb-size", "QEMU_TB_SIZE", Ignored("the size of the code cache does not change what code does")),
    option(
        "B",
        "QEMU_GUEST_BASE",
        Ignored("the guest's memory is placed anywhere in the host's address space"),
    ),
    option("R", "QEMU_RESERVED_VA", Ignored("all 4 GiB of the guest's addresses are always reserved")),
    option(
        "g",
        "QEMU_GDB",
        Missing("there is no gdb server; try `demotic explain PROGRAM:ADDRESS`, --strace or --lockstep"),
    ),
    option("t", "QEMU_RTSIG_MAP", Ignored("the guest has all of the host's real-time signals")),
    option("dfilter", "QEMU_DFILTER", Missing("try `demotic explain PROGRAM:ADDRESS`")),
    option("trace", "QEMU_TRACE", Missing("try --log, or --strace for system calls")),
    option("plugin", "QEMU_PLUGIN", Missing("demotic has no plugins")),
    flag("perfmap", "QEMU_PERFMAP", Missing("translated code is not shown to perf")),
    flag("jitdump", "QEMU_JITDUMP", Missing("translated code is not shown to perf")),
];

/// The option that an argument names; qemu accepts one dash or two.
pub(crate) fn find(argument: &str) -> Option<&'static QemuOption> {
    let name = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-'))?;
    OPTIONS.iter().find(|option| option.name == name)
}

/// What an item of `-d` becomes: nothing when its messages are always there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LogItem {
    /// `--strace`.
    Strace,
    /// A filter for `--log`.
    Filter(&'static str),
    /// It is not there; says what to do instead.
    Missing(&'static str),
}

/// The items of `-d`.
pub(crate) static LOG_ITEMS: &[(&str, LogItem)] = &[
    ("strace", LogItem::Strace),
    ("unimp", LogItem::Filter("warn")),
    ("guest_errors", LogItem::Filter("warn")),
    ("page", LogItem::Filter("memory=debug")),
    ("nochain", LogItem::Filter("warn")),
    ("in_asm", LogItem::Missing("`demotic explain PROGRAM:ADDRESS` shows guest code")),
    ("op", LogItem::Missing("`demotic explain PROGRAM:ADDRESS --ir` shows the intermediate code")),
    ("op_opt", LogItem::Missing("`demotic explain PROGRAM:ADDRESS --ir` shows the intermediate code")),
    ("op_ind", LogItem::Missing("`demotic explain PROGRAM:ADDRESS --ir` shows the intermediate code")),
    ("out_asm", LogItem::Missing("`demotic explain PROGRAM:ADDRESS --host` shows the host code")),
    ("exec", LogItem::Missing("`--log translate=debug` shows what is translated")),
    ("cpu", LogItem::Missing("--lockstep checks the registers after each block")),
    ("fpu", LogItem::Missing("--lockstep checks the registers after each block")),
    ("vpu", LogItem::Missing("--lockstep checks the registers after each block")),
    ("int", LogItem::Missing("`demotic boot --stats` counts exceptions and interrupts")),
    ("mmu", LogItem::Missing("the guests of `run` have no MMU")),
    ("pcall", LogItem::Missing("that is for x86 guests")),
    ("cpu_reset", LogItem::Missing("`demotic boot --stats` counts exceptions and interrupts")),
    ("plugin", LogItem::Missing("demotic has no plugins")),
    ("tid", LogItem::Missing("log lines are not split into files by thread")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_with_one_dash_or_two() {
        assert_eq!(find("-strace").map(|o| o.name), Some("strace"));
        assert_eq!(find("--cpu").map(|o| o.name), Some("cpu"));
        assert!(find("strace").is_none());
        assert!(find("-nonsense").is_none());
    }

    #[test]
    fn the_documentation_has_all() {
        let text = include_str!("../docs/qemu-user.md");
        for option in OPTIONS {
            assert!(
                text.contains(&format!("-{}", option.name)),
                "-{} is not in docs/qemu-user.md",
                option.name
            );
        }
    }

    #[test]
    fn names_are_unique() {
        for (i, option) in OPTIONS.iter().enumerate() {
            assert!(
                OPTIONS[..i]
                    .iter()
                    .all(|o| o.name != option.name && (o.env.is_empty() || o.env != option.env))
            );
        }
    }
}

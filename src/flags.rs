//! Every option, once: help, completions and the manual page come from here.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use demotic_runtime::sandbox::Grant;
use demotic_translator::{EngineKind, EngineOptions};

/// Runs ARM and MIPS programs and bare-metal images on an x86-64 Linux PC.
///
/// `demotic PROGRAM [ARGUMENTS]` runs a program: its architecture comes from its header, its exit status becomes
/// demotic's, and options stand before PROGRAM. The single-dash options of qemu-user are understood too.
#[derive(Debug, Parser)]
#[command(
    name = "demotic",
    version,
    args_override_self = true,
    arg_required_else_help = true,
    override_usage = "demotic [OPTIONS] PROGRAM [ARGUMENTS]...\n       demotic [OPTIONS] COMMAND ..."
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Logging.
    #[command(flatten)]
    pub(crate) log: LogFlags,
}

/// Where messages go.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Messages")]
pub(crate) struct LogFlags {
    /// What to log, e.g. `debug` or `syscall=debug,translate=info`.
    #[arg(long, value_name = "FILTER", env = "DEMOTIC_LOG", global = true)]
    pub(crate) log: Option<String>,
    /// Log to a file instead of stderr [qemu: -D].
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) log_file: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a Linux program (this is what happens without a command).
    Run(RunFlags),
    /// Boot a bare-metal image on a board.
    Boot(BootFlags),
    /// Run a program interpreted and translated, and show what translation gains.
    Compare(CompareFlags),
    /// Show what becomes of an instruction or of a piece of a program.
    Explain(ExplainFlags),
    /// List what is supported.
    List(ListFlags),
    /// Have the kernel run guest programs by themselves, through binfmt_misc.
    Binfmt(BinfmtFlags),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page.
    Man,
}

/// Options of the engine.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Engine")]
pub(crate) struct EngineFlags {
    /// How to execute the guest's code.
    #[arg(long, value_enum, default_value_t = Engine::Auto, env = "DEMOTIC_ENGINE")]
    pub(crate) engine: Engine,
    /// Optimise code that has been entered by loops and calls this often (with `--engine auto`).
    #[arg(long, value_name = "N", default_value_t = EngineOptions::default().hot)]
    pub(crate) hot: u32,
    /// Print figures to stderr at the end.
    #[arg(long)]
    pub(crate) stats: bool,
    /// Write the figures to a file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) stats_json: Option<PathBuf>,
}

/// The engines by their names on the command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Engine {
    /// Interpret everything.
    Interp,
    /// Translate and optimise everything before its first execution.
    Jit,
    /// Translate everything quickly, block by block, before its first execution.
    Baseline,
    /// As `baseline` first; what is hot is optimised in the background.
    Auto,
}

impl Engine {
    /// The translator's name for it.
    pub(crate) fn kind(self) -> EngineKind {
        match self {
            Engine::Interp => EngineKind::Interp,
            Engine::Jit => EngineKind::Jit,
            Engine::Baseline => EngineKind::Baseline,
            Engine::Auto => EngineKind::Auto,
        }
    }

    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Engine::Interp => "interp",
            Engine::Jit => "jit",
            Engine::Baseline => "baseline",
            Engine::Auto => "auto",
        }
    }
}

/// What a guest program sees.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Guest")]
pub(crate) struct GuestFlags {
    /// Look up absolute paths of the guest under this directory first; the dynamic loader and libraries of the guest
    /// are there [qemu: QEMU_LD_PREFIX].
    #[arg(short = 'L', long, value_name = "DIR")]
    pub(crate) sysroot: Option<PathBuf>,
    /// Set a variable of the guest's environment; several may be joined by commas [qemu: QEMU_SET_ENV].
    #[arg(short = 'E', long = "env", value_name = "NAME=VALUE")]
    pub(crate) set_env: Vec<OsString>,
    /// Remove a variable from the guest's environment, before any is set [qemu: QEMU_UNSET_ENV].
    #[arg(short = 'U', long, value_name = "NAME")]
    pub(crate) unset_env: Vec<OsString>,
    /// The name that the program is called by [qemu: QEMU_ARGV0].
    #[arg(short = '0', long, value_name = "NAME")]
    pub(crate) argv0: Option<OsString>,
    /// The guest's processor; `help` lists them [qemu: QEMU_CPU].
    #[arg(long, value_name = "MODEL")]
    pub(crate) cpu: Option<String>,
    /// Log system calls to stderr [qemu: QEMU_STRACE].
    #[arg(long)]
    pub(crate) strace: bool,
    /// The size of the guest's stack; by default the limit that `ulimit -s` sets [qemu: -s, QEMU_STACK_SIZE].
    #[arg(long, value_name = "BYTES")]
    pub(crate) stack_size: Option<u64>,
    /// The kernel release that the guest sees; by default the host's [qemu: -r, QEMU_UNAME].
    #[arg(long, value_name = "RELEASE")]
    pub(crate) uname: Option<String>,
    /// Makes the random bytes that a program is started with the same each time [qemu: -seed, QEMU_RAND_SEED].
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

/// A program and its arguments.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Program")]
pub(crate) struct ProgramFlags {
    /// The program to run.
    #[arg(value_name = "PROGRAM")]
    pub(crate) program: PathBuf,
    /// Its arguments.
    #[arg(value_name = "ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) args: Vec<OsString>,
}

/// Options of `demotic run`.
#[derive(Args, Clone, Debug)]
pub(crate) struct RunFlags {
    /// Engine.
    #[command(flatten)]
    pub(crate) engine: EngineFlags,
    /// Run every block interpreted and translated, and stop at the first that differs.
    #[arg(long, help_heading = "Engine", conflicts_with = "stats_json")]
    pub(crate) lockstep: bool,
    /// Guest.
    #[command(flatten)]
    pub(crate) guest: GuestFlags,
    /// Confine the program, and all that it starts, to these files and directories (and what is below them), without
    /// network and without other processes: for programs that nobody trusts. Paths are for reading and executing, with
    /// `:rw` also for writing; several are joined by commas. The program itself and the sysroot can always be read.
    #[arg(
        long, value_name = "PATH[:rw]", value_delimiter = ',', value_parser = grant_parser(),
        help_heading = "Guest", conflicts_with = "stats_json"
    )]
    pub(crate) sandbox: Vec<Grant>,
    /// Read the program from an inherited descriptor (of the guest's `execve`, and of binfmt_misc).
    #[arg(long, value_name = "N", hide = true)]
    pub(crate) exec_fd: Option<i32>,
    /// Read the guest's own seccomp filters from an inherited descriptor (of the guest's `execve`).
    #[arg(long, value_name = "N", hide = true)]
    pub(crate) filters_fd: Option<i32>,
    /// Where our own executable is, for when `/proc` does not tell (of the guest's `execve`).
    #[arg(long, value_name = "FILE", hide = true)]
    pub(crate) own_executable: Option<PathBuf>,
    /// Program.
    #[command(flatten)]
    pub(crate) program: ProgramFlags,
}

/// Options of `demotic boot`.
#[derive(Args, Clone, Debug)]
pub(crate) struct BootFlags {
    /// The board; `demotic list boards` says which there are.
    #[arg(long, value_name = "BOARD")]
    pub(crate) board: String,
    /// Engine.
    #[command(flatten)]
    pub(crate) engine: EngineFlags,
    /// The image, an ELF file.
    #[arg(value_name = "IMAGE")]
    pub(crate) image: PathBuf,
}

/// Options of `demotic compare`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CompareFlags {
    /// Run each engine this often and take the best time.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) runs: u32,
    /// Also run the program under this, if it is installed.
    #[arg(long, value_enum)]
    pub(crate) with: Vec<Reference>,
    /// Also run this build of the program for the host.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) native: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Guest.
    #[command(flatten)]
    pub(crate) guest: GuestFlags,
    /// Program.
    #[command(flatten)]
    pub(crate) program: ProgramFlags,
}

/// What to compare with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Reference {
    /// qemu-user.
    Qemu,
}

/// Options of `demotic explain`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ExplainFlags {
    /// An encoding in hexadecimal (T32: halfwords in the order of their addresses), or FILE:ADDRESS, where ADDRESS is
    /// hexadecimal, a symbol, or `entry`.
    #[arg(value_name = "WORD|FILE:ADDRESS")]
    pub(crate) what: String,
    /// The instruction set of a word, or of an address whose symbol does not tell.
    #[arg(long, value_enum)]
    pub(crate) arch: Option<Isa>,
    /// Show only the IR (may be combined with the next two).
    #[arg(long)]
    pub(crate) ir: bool,
    /// Show only Cranelift's IR.
    #[arg(long)]
    pub(crate) clif: bool,
    /// Show only the host code.
    #[arg(long)]
    pub(crate) host: bool,
}

/// Instruction sets by their names on the command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Isa {
    /// A32.
    Arm,
    /// T32.
    Thumb,
    /// MIPS32 up to release 5, big-endian.
    Mips,
    /// MIPS32 up to release 5, little-endian.
    Mipsel,
    /// MIPS32 release 6, big-endian.
    Mipsr6,
    /// MIPS32 release 6, little-endian.
    Mipselr6,
    /// MIPS16e, little-endian.
    Mips16,
    /// microMIPS up to release 5, little-endian.
    Micromips,
    /// microMIPS of release 6, little-endian.
    Micromipsr6,
}

impl Isa {
    /// Whether instructions come in halfwords, and their addresses have the ISA bit.
    pub(crate) fn is_halfwords(self) -> bool {
        matches!(self, Isa::Thumb | Isa::Mips16 | Isa::Micromips | Isa::Micromipsr6)
    }
}

/// Options of `demotic list`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ListFlags {
    /// What to list.
    #[command(subcommand)]
    pub(crate) what: ListWhat,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What can be listed.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ListWhat {
    /// Guest instructions, by the rows of the encoding tables.
    Instructions {
        /// Only those of this instruction set.
        #[arg(long, value_enum)]
        arch: Option<Isa>,
        /// Only those that trap as unimplemented.
        #[arg(long)]
        unimplemented: bool,
    },
    /// Operations of the intermediate representation.
    Ops,
    /// Linux system calls.
    Syscalls {
        /// Only those of this ABI.
        #[arg(long, value_enum)]
        abi: Option<Abi>,
    },
    /// Boards for `demotic boot`.
    Boards,
}

/// Options of `demotic binfmt`.
#[derive(Args, Clone, Debug)]
pub(crate) struct BinfmtFlags {
    /// What to do.
    #[arg(value_enum)]
    pub(crate) what: BinfmtWhat,
    /// Only for programs of these guests.
    #[arg(value_enum, value_name = "GUEST")]
    pub(crate) guests: Vec<BinfmtGuest>,
    /// The program that the kernel starts; this one by default.
    #[arg(long, value_name = "FILE")]
    pub(crate) interpreter: Option<PathBuf>,
    /// What the kernel is asked for: P keeps the name that a program was called by, O hands the program over open, C
    /// gives setuid programs their rights, F opens the interpreter now, so that it also works in containers (if it is
    /// linked statically).
    #[arg(long, value_name = "LETTERS", default_value = "POCF", value_parser = binfmt_letters)]
    pub(crate) flags: String,
    /// Where binfmt_misc is mounted.
    #[arg(long, value_name = "DIR", default_value = "/proc/sys/fs/binfmt_misc")]
    pub(crate) mount: PathBuf,
}

/// A path of `--sandbox`, which need not be UTF-8.
fn grant_parser() -> impl TypedValueParser<Value = Grant> {
    clap::builder::OsStringValueParser::new().try_map(|text| Grant::parse(&text))
}

fn binfmt_letters(letters: &str) -> Result<String, String> {
    match letters.chars().find(|letter| !"POCF".contains(*letter)) {
        Some(letter) => Err(format!("there is no {letter:?}; the letters are P, O, C and F")),
        None => Ok(letters.to_string()),
    }
}

/// What `demotic binfmt` does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum BinfmtWhat {
    /// Register with the running kernel.
    Install,
    /// Take the registration back.
    Remove,
    /// Print a file for /etc/binfmt.d, which systemd registers at every start.
    Print,
}

/// Kinds of programs that can be registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum BinfmtGuest {
    /// ARM, little-endian.
    Arm,
    /// MIPS o32, little-endian.
    Mipsel,
    /// MIPS o32, big-endian.
    Mips,
}

/// System call ABIs by their names on the command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Abi {
    /// ARM EABI.
    Arm,
    /// MIPS o32.
    Mips,
}

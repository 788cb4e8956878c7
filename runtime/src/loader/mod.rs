//! From a program file to a process that is ready to run: what kind of guest it is (`elf`), its segments in memory
//! (`image`), and its stack (`stack`).

mod arm_attributes;
mod elf;
mod image;
mod kernel_pages;
mod mips;
mod script;
mod stack;
mod sysroot;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use demotic_arm::state as arm;
use demotic_ir::CpuState;
use demotic_mips::state as mips_state;

use crate::linux::host::{self, Errno};
use crate::linux::seccomp;
use crate::linux::{LinuxProcess, ProcessInfo, Restart};
use crate::memory::{MapError, MemoryLayout, UserMemory};

pub use elf::{ElfError, ElfFile, FloatAbi, GuestKind, UnknownCpu};
pub(crate) use kernel_pages::SIGRETURN_CODE;
pub use mips::FpAbi;
pub(crate) use script::{SCRIPT_DEPTH, Script, Start};
pub use stack::StackContents;
pub(crate) use stack::{hwcap, hwcap2, machine, platform};

/// Everything that is needed to start a program.
#[derive(Clone, Debug, Default)]
pub struct LaunchOptions {
    /// The program's file: an ELF file, or a script that such a file runs.
    pub program: PathBuf,
    /// An inherited descriptor to read the program from, whatever `program` says; it is closed.
    pub program_fd: Option<i32>,
    /// An inherited descriptor to read the program's seccomp filters from; it is closed.
    pub filters_fd: Option<i32>,
    /// Its arguments, without the name it is called by.
    pub args: Vec<OsString>,
    /// The name it is called by, if that is not `program`.
    pub argv0: Option<OsString>,
    /// Its environment, as `NAME=value`.
    pub envp: Vec<OsString>,
    /// Where absolute paths are looked up first (`-L`, `QEMU_LD_PREFIX`). Without it, a dynamic program whose interpreter
    /// the host does not have is given the root of a cross compiler's libraries that does.
    pub sysroot: Option<PathBuf>,
    /// How the guest's `execve` starts another guest program.
    pub restart: Restart,
    /// The name of the processor, if not the one that the program asks for.
    pub cpu: Option<String>,
    /// Log system calls to stderr as `strace` does.
    pub strace: bool,
    /// Bytes of stack; the host's limit otherwise.
    pub stack_size: Option<u64>,
    /// The kernel release that the guest sees; the host's otherwise.
    pub uname: Option<String>,
    /// What `AT_RANDOM`'s bytes are made from; chance otherwise.
    pub seed: Option<u64>,
}

/// A loaded program.
pub struct Launch {
    /// The guest's kernel side.
    pub process: LinuxProcess,
    /// The registers it starts with.
    pub cpu: Box<CpuState>,
    /// What kind of guest it is.
    pub kind: GuestKind,
}

/// Why a program cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The filters that the program was executed under cannot be read.
    #[error("cannot read the program's seccomp filters: {error}")]
    Filters {
        /// Why.
        error: io::Error,
    },
    /// The file cannot be read.
    #[error("cannot open {}: {error}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file is not a program that Demotic runs.
    #[error("cannot run {}: {error}", path.display())]
    Elf {
        /// The file.
        path: PathBuf,
        /// Why.
        error: ElfError,
    },
    /// The program needs a dynamic loader that is not there.
    #[error(
        "cannot open the dynamic loader {} that {} asks for: {error}; if the guest's libraries are elsewhere, name \
         their root directory with -L; Debian's packages libc6-armhf-cross, libc6-mipsel-cross and their like have them",
        interpreter.display(), path.display()
    )]
    Interpreter {
        /// The program.
        path: PathBuf,
        /// Its interpreter.
        interpreter: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The host has no room for the guest's address space.
    #[error("cannot reserve 4 GiB of address space for the guest: {0} (is there a limit on virtual memory?)")]
    Reserve(io::Error),
    /// A segment does not fit the guest's address space.
    #[error("cannot map {} into the guest: {error}", path.display())]
    Map {
        /// The file.
        path: PathBuf,
        /// Why.
        error: MapError,
    },
    /// There is no such processor.
    #[error(transparent)]
    Cpu(#[from] UnknownCpu),
    /// Arguments and environment do not fit on the stack.
    #[error("the arguments and the environment are too large")]
    ArgumentsTooLarge,
}

/// Opens a program and says what it is.
///
/// # Errors
/// When it cannot be read or is not for us.
pub fn identify(path: &Path) -> Result<ElfFile, LaunchError> {
    let file = File::open(path).map_err(|error| LaunchError::Open { path: path.to_owned(), error })?;
    ElfFile::read(file, path).map_err(|error| LaunchError::Elf { path: path.to_owned(), error })
}

/// A program that has been found, with what its file asks for.
struct Found {
    program: ElfFile,
    /// The name that it is called by, and its arguments.
    argv: Vec<OsString>,
}

/// Opens the program. A script stands for its interpreter, if that is a program for us.
fn find(options: &LaunchOptions) -> Result<Found, LaunchError> {
    let mut argv = arguments(options);
    let mut script = options.program.clone();
    let mut file = match options.program_fd {
        Some(fd) => host::take_file(fd).map_err(|errno| io::Error::from_raw_os_error(errno.0)),
        None => File::open(&script),
    }
    .map_err(|error| LaunchError::Open { path: script.clone(), error })?;
    let mut path = file_path(&file, &script);
    let failed = |error| LaunchError::Elf { path: options.program.clone(), error };
    let mut not_ours = None;
    for _ in 0..=SCRIPT_DEPTH {
        let Start::Script(line) = Start::of(&file).map_err(|error| failed(error.into()))? else { break };
        not_ours = not_ours.or_else(|| ElfFile::read(file, &path).err());
        let interpreter = PathBuf::from(OsString::from_vec(line.interpreter.clone()));
        let before = line.command(script.as_os_str().as_bytes()).map(OsString::from_vec);
        argv = before.chain(argv.into_iter().skip(1)).collect();
        path = under(options.sysroot.as_deref(), &interpreter);
        file = File::open(&path).map_err(|error| LaunchError::Open { path: path.clone(), error })?;
        script = interpreter;
    }
    let program = ElfFile::read(file, &path).map_err(|error| failed(not_ours.unwrap_or(error)))?;
    Ok(Found { program, argv })
}

/// The path of an open file, as far as that can be told; `name` is the one that it was opened by.
fn file_path(file: &File, name: &Path) -> PathBuf {
    let link = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let path = link.or_else(|_| name.canonicalize()).or_else(|_| std::path::absolute(name));
    path.unwrap_or_else(|_| name.to_owned())
}

/// Loads a program.
///
/// # Errors
/// [`LaunchError`]; no guest code has run then.
pub fn load(options: &LaunchOptions) -> Result<Launch, LaunchError> {
    let filters = options.filters_fd.map_or(Ok(seccomp::Mode::default()), seccomp::inherited);
    let filters = filters.map_err(|error| LaunchError::Filters { error })?;
    let Found { program, argv } = find(options)?;
    let mut kind = program.kind;
    if let Some(cpu) = &options.cpu {
        kind = kind.on_cpu(cpu)?;
    }
    let sysroot = effective_root(options.sysroot.as_deref(), &program);
    let interpreter = open_interpreter(sysroot.as_deref(), &program)?;
    if let Some(interpreter) = &interpreter {
        kind = kind.with_loader(interpreter.kind);
    }
    let memory = UserMemory::new(kind.memory_layout()).map_err(LaunchError::Reserve)?;
    let map_error = |path: &Path| {
        let path = path.to_owned();
        move |error| LaunchError::Map { path, error }
    };
    memory.set_read_implies_exec(program.executable_stack.is_none());
    let stack_top = stack::map(&memory, kind, options.stack_size, program.executable_stack != Some(false))
        .map_err(map_error(&options.program))?;
    let image = image::map(&memory, &program, true).map_err(map_error(&program.path))?;
    let loader = match &interpreter {
        Some(elf) => Some(image::map(&memory, elf, false).map_err(map_error(&elf.path))?),
        None => None,
    };
    memory.set_heap(image.end);
    let vdso = kernel_pages::map(&memory, kind).map_err(map_error(&options.program))?;

    let exec_path = options.program.as_os_str().to_owned();
    let contents = stack::Contents {
        kind,
        argv: &argv,
        envp: &options.envp,
        exec_path: &exec_path,
        seed: options.seed,
        vdso,
    };
    let start = stack::fill(&memory, stack_top, &contents, &image, loader.as_ref())
        .map_err(|_| LaunchError::ArgumentsTooLarge)?;
    let entry = loader.as_ref().unwrap_or(&image).entry;
    let cpu = initial_state(kind, entry, start.contents.sp);

    let info = ProcessInfo {
        program: file_path(&program.file, &program.path),
        executed_as: options.program.clone(),
        argv,
        auxv: start.auxv,
        stack: start.contents,
        sysroot,
        restart: options.restart.clone(),
        cpu: options.cpu.clone(),
        uname: options.uname.clone(),
        strace: options.strace,
    };
    Ok(Launch { process: LinuxProcess::new(memory, kind, info, filters), cpu, kind })
}

fn arguments(options: &LaunchOptions) -> Vec<OsString> {
    let name = options.argv0.clone().unwrap_or_else(|| options.program.as_os_str().to_owned());
    std::iter::once(name).chain(options.args.iter().cloned()).collect()
}

/// Whether the dynamic loader that a program asks for is there; `sysroot` is where its caller looks up paths.
pub(crate) fn check_interpreter(program: &ElfFile, sysroot: Option<&Path>) -> Result<(), Errno> {
    match open_interpreter(effective_root(sysroot, program).as_deref(), program) {
        Ok(_) => Ok(()),
        Err(LaunchError::Interpreter { error, .. }) => Err(error.into()),
        Err(_) => Err(Errno(libc::ELIBBAD)),
    }
}

/// Where a program's absolute paths are looked up first: in the directory that was named, unless another one has the
/// program's interpreter, which may be for another architecture than the directory.
fn effective_root(named: Option<&Path>, program: &ElfFile) -> Option<PathBuf> {
    let named = named.map(Path::to_owned);
    let Some(name) = program.interpreter.as_ref().map(Path::new) else { return named };
    match &named {
        Some(root) if prefix_path(root, name).exists() => named,
        _ => sysroot::default_root(program.kind, name).or(named),
    }
}

/// Opens the dynamic loader, if the program asks for one.
fn open_interpreter(sysroot: Option<&Path>, program: &ElfFile) -> Result<Option<ElfFile>, LaunchError> {
    let Some(name) = program.interpreter.as_ref().map(Path::new) else { return Ok(None) };
    let path = under(sysroot, name);
    let missing =
        |error| LaunchError::Interpreter { path: program.path.clone(), interpreter: name.to_owned(), error };
    let file = File::open(&path).map_err(missing)?;
    ElfFile::read(file, &path).map(Some).map_err(|error| LaunchError::Elf { path, error })
}

/// A guest path on the host: below the root if it is there.
fn under(root: Option<&Path>, path: &Path) -> PathBuf {
    let root = root.filter(|_| path.is_absolute());
    let prefixed = root.map(|root| prefix_path(root, path)).filter(|path| path.exists());
    prefixed.unwrap_or_else(|| path.to_owned())
}

/// An absolute guest path under a root directory.
pub(crate) fn prefix_path(root: &Path, path: &Path) -> PathBuf {
    let bytes = path.as_os_str().as_bytes();
    let relative = bytes.iter().position(|&b| b != b'/').map_or(&b""[..], |start| &bytes[start..]);
    root.join(std::ffi::OsStr::from_bytes(relative))
}

/// Whether a guest path means the host's directory although the root directory has one of that name: the root itself, and
/// empty ones that something is mounted on in a running system, where the guest already finds all that is below.
pub(crate) fn stands_for_host(path: &Path, prefixed: &Path) -> bool {
    const MOUNT_POINTS: [&str; 5] = ["dev", "proc", "run", "sys", "tmp"];
    let mut names = path.iter().skip(1);
    let name = names.next();
    let is_empty = || prefixed.read_dir().is_ok_and(|mut entries| entries.next().is_none());
    names.next().is_none()
        && name.is_none_or(|name| MOUNT_POINTS.iter().any(|point| name == *point) && is_empty())
}

impl GuestKind {
    /// Where the kernel of this guest places things.
    fn memory_layout(self) -> MemoryLayout {
        let limit = match self {
            // The page of the kernel's user helpers and what is above it are not the guest's.
            GuestKind::Arm { .. } => 0xffff_0000,
            // User space is the lower half: kuseg.
            GuestKind::Mips { .. } => 0x7fff_8000,
        };
        MemoryLayout { big: self.is_big(), limit, mmap_area: 0x1_0000..limit, read_implies_exec: false }
    }
}

/// The registers that a program starts with.
fn initial_state(kind: GuestKind, entry: u32, sp: u32) -> Box<CpuState> {
    let mut cpu = Box::new(CpuState::new());
    match kind {
        GuestKind::Arm { .. } => {
            /// CPSR.M: User mode.
            const USER: u32 = 0x10;
            /// FPEXC.EN.
            const VFP_ENABLED: u32 = 1 << 30;
            cpu.set32(arm::PC, entry);
            cpu.set32(arm::SP, sp);
            cpu.set32(arm::CPSR_LOW, USER);
            cpu.set32(arm::FPEXC, VFP_ENABLED);
            cpu.set32(arm::ZF, 1);
            cpu.set(arm::MONITOR_ADDR, u64::MAX);
        }
        GuestKind::Mips { config, .. } => {
            /// Status.KSU: user mode; Status.CU1: the FPU may be used.
            const STATUS: u32 = 1 << 4 | 1 << 29;
            /// Status.FR: 32 registers of 64 bits.
            const FR: u32 = 1 << 26;
            /// FCSR.NAN2008.
            const NAN2008: u32 = 1 << 18;
            /// FCSR.ABS2008.
            const ABS2008: u32 = 1 << 19;
            /// The register that position-independent code expects its own address in.
            const T9: u32 = 25;
            const SP: u32 = 29;
            cpu.set32(mips_state::PC, entry);
            cpu.set32(mips_state::R.nth(SP), sp);
            cpu.set32(mips_state::R.nth(T9), entry);
            cpu.set32(mips_state::STATUS, STATUS | if config.fr { FR } else { 0 });
            let nan2008 = if config.nan2008 { NAN2008 } else { 0 };
            let abs2008 = if config.abs2008 { ABS2008 } else { 0 };
            mips_state::set_fcsr(&mut cpu, nan2008 | abs2008);
            cpu.set(mips_state::MONITOR_ADDR, u64::MAX);
        }
    }
    cpu
}

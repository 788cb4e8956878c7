//! What a program file is: its header and program headers, checked, and the kind of guest that they ask for.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use demotic_arm::{ArmGuest, Cpu, Personality, cpus};
use demotic_ir::GuestArch;
use demotic_mips::{MipsConfig, MipsGuest, Release, cpu};
use goblin::container::{Container, Ctx};
use goblin::elf::header::{self, Header};
use goblin::elf::program_header::{self, ProgramHeader};

use super::arm_attributes;
use super::mips::{self, FpAbi};

/// How a program passes floating-point arguments.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FloatAbi {
    /// In floating-point registers.
    Hard,
    /// In general registers.
    Soft,
    /// The file does not say.
    Unknown,
}

/// A kind of guest, as a program's header asks for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum GuestKind {
    /// 32-bit ARM, EABI, little-endian.
    Arm {
        /// armhf or armel.
        float: FloatAbi,
        /// The processor.
        cpu: &'static Cpu,
    },
    /// MIPS, o32.
    Mips {
        /// The processor, and the modes of its floating-point unit.
        config: MipsConfig,
        /// What it expects of the floating-point registers.
        fp: FpAbi,
        /// Whether it uses the floating-point unit.
        float: FloatAbi,
    },
}

impl GuestKind {
    /// Whether data is big-endian.
    pub fn is_big(self) -> bool {
        matches!(self, GuestKind::Mips { config: MipsConfig { big_endian: true, .. }, .. })
    }

    /// The architecture that an engine runs such a guest with.
    pub fn architecture(self) -> Box<dyn GuestArch> {
        match self {
            GuestKind::Arm { cpu, .. } => Box::new(ArmGuest::new(cpu.config(Personality::Linux))),
            GuestKind::Mips { config, .. } => Box::new(MipsGuest::new(config)),
        }
    }

    /// The same program on the processor of that name.
    ///
    /// # Errors
    /// When there is no such processor.
    pub fn on_cpu(self, name: &str) -> Result<GuestKind, UnknownCpu> {
        match self {
            GuestKind::Arm { float, .. } => match Cpu::by_name(name) {
                Some(cpu) => Ok(GuestKind::Arm { float, cpu }),
                None => Err(UnknownCpu {
                    name: name.to_owned(),
                    architecture: "ARM",
                    known: cpus::names().collect(),
                }),
            },
            GuestKind::Mips { .. } if name == cpu::MAX => Ok(self),
            GuestKind::Mips { config, fp, float } => match cpu::find(name) {
                Some(cpu) => Ok(GuestKind::Mips { config: config.on(cpu), fp, float }),
                None => Err(UnknownCpu {
                    name: name.to_owned(),
                    architecture: "MIPS",
                    known: cpu::names().collect(),
                }),
            },
        }
    }

    /// The same program with a dynamic loader, which must be content with the mode of the floating-point unit, too.
    #[must_use]
    pub(super) fn with_loader(self, loader: GuestKind) -> GuestKind {
        match (self, loader) {
            (GuestKind::Mips { config, fp, float }, GuestKind::Mips { fp: loader, .. }) => {
                let (fr, fre) = mips::fp_mode(fp, Some(loader));
                let fr = fr || config.release == Release::R6;
                GuestKind::Mips { config: MipsConfig { fr, fre, ..config }, fp, float }
            }
            _ => self,
        }
    }

    /// The name users type: `arm`, `mipsel`, `mips`.
    pub fn name(self) -> &'static str {
        match self {
            GuestKind::Arm { .. } => "arm",
            GuestKind::Mips { .. } if self.is_big() => "mips",
            GuestKind::Mips { .. } => "mipsel",
        }
    }
}

/// There is no processor of that name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("--cpu {name}: there is no such {architecture} processor; choose from {}", known.join(", "))]
pub struct UnknownCpu {
    /// What was asked for.
    pub name: String,
    /// The architecture.
    pub architecture: &'static str,
    /// The names of those that there are.
    pub known: Vec<&'static str>,
}

/// What Demotic runs, for messages.
const SUPPORTED: &str = "Demotic runs 32-bit ARM (EABI) and MIPS (o32) programs";

/// Why a file is not a program that Demotic runs.
#[derive(Debug, thiserror::Error)]
pub enum ElfError {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is empty.
    #[error("the file is empty")]
    Empty,
    /// It is a script.
    #[error("it is a script; run its interpreter{} instead", name(interpreter))]
    Script {
        /// What the first line names.
        interpreter: Option<String>,
    },
    /// It is something else.
    #[error("it is not an ELF file")]
    NotElf,
    /// It ends too early.
    #[error("the ELF file is truncated: {0}")]
    Truncated(&'static str),
    /// It contradicts itself.
    #[error("the ELF file is malformed: {0}")]
    Malformed(&'static str),
    /// It is an object file, a library or a core dump.
    #[error("it is {0}, not a program")]
    NotProgram(&'static str),
    /// It is for another machine.
    #[error("this is {0} program; {SUPPORTED}")]
    Machine(String),
    /// It is for a variant of a machine that Demotic does not know.
    #[error("{0}; {SUPPORTED}")]
    Variant(&'static str),
}

fn name(interpreter: &Option<String>) -> String {
    interpreter.as_ref().map(|i| format!(" ({i})")).unwrap_or_default()
}

/// A program file.
#[derive(Debug)]
pub struct ElfFile {
    /// The open file.
    pub file: File,
    /// Its path.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// What it is for.
    pub kind: GuestKind,
    /// The dynamic loader that it asks for.
    pub interpreter: Option<String>,
    /// Whether it asks for an executable stack; `None` when it does not say.
    pub executable_stack: Option<bool>,
    pub(super) header: Header,
    pub(super) segments: Vec<ProgramHeader>,
}

impl ElfFile {
    /// Reads and checks the headers of a file.
    ///
    /// # Errors
    /// [`ElfError`].
    pub fn read(file: File, path: &Path) -> Result<ElfFile, ElfError> {
        let mut start = [0; 256];
        let len = read_up_to(&file, &mut start, 0)?;
        let header = parse_header(&start[..len])?;
        let size = file.metadata()?.len();
        let segments = read_segments(&file, &header)?;
        let kind = guest_kind(&file, &header, &segments)?;
        let interpreter = read_interpreter(&file, &segments)?;
        let executable_stack =
            segments.iter().find(|p| p.p_type == program_header::PT_GNU_STACK).map(|p| p.is_executable());
        Ok(ElfFile {
            file,
            path: path.to_owned(),
            size,
            kind,
            interpreter,
            executable_stack,
            header,
            segments,
        })
    }

    /// The segments that are loaded.
    pub(super) fn load_segments(&self) -> impl Iterator<Item = &ProgramHeader> {
        self.segments.iter().filter(|p| p.p_type == program_header::PT_LOAD && p.p_memsz > 0)
    }

    /// Whether it can be loaded anywhere.
    pub fn is_position_independent(&self) -> bool {
        self.header.e_type == header::ET_DYN
    }
}

pub(super) fn read_up_to(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buf.len() {
        match file.read_at(&mut buf[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

fn parse_header(start: &[u8]) -> Result<Header, ElfError> {
    if start.is_empty() {
        return Err(ElfError::Empty);
    }
    if let Some(line) = start.strip_prefix(b"#!") {
        return Err(ElfError::Script { interpreter: script_interpreter(line) });
    }
    if !start.starts_with(header::ELFMAG) {
        return Err(ElfError::NotElf);
    }
    let class = *start.get(header::EI_CLASS).ok_or(ElfError::Truncated("no header"))?;
    let wanted = if class == header::ELFCLASS64 { 64 } else { 52 };
    if start.len() < wanted {
        return Err(ElfError::Truncated("the header is cut off"));
    }
    let header = goblin::elf::Elf::parse_header(start).map_err(|_| ElfError::Malformed("its header"))?;
    check_machine(&header, class)?;
    match header.e_type {
        header::ET_EXEC | header::ET_DYN => Ok(header),
        header::ET_REL => Err(ElfError::NotProgram("an object file")),
        header::ET_CORE => Err(ElfError::NotProgram("a core dump")),
        _ => Err(ElfError::NotProgram("an ELF file of an unknown type")),
    }
}

/// The word after `#!`.
fn script_interpreter(line: &[u8]) -> Option<String> {
    let line = line.split(|&b| b == b'\n').next()?;
    let word = line.split(|b| b.is_ascii_whitespace()).find(|word| !word.is_empty())?;
    Some(String::from_utf8_lossy(word).into_owned())
}

fn check_machine(header: &Header, class: u8) -> Result<(), ElfError> {
    let machine = header.e_machine;
    if class == header::ELFCLASS32 && matches!(machine, header::EM_ARM | header::EM_MIPS) {
        return Ok(());
    }
    let name = match (machine, class) {
        (header::EM_AARCH64, _) => "an AArch64".to_string(),
        (header::EM_MIPS, _) => "a 64-bit MIPS (n64)".to_string(),
        (header::EM_X86_64, _) => "an x86-64".to_string(),
        (header::EM_386, _) => "an x86 (i386)".to_string(),
        (header::EM_RISCV, header::ELFCLASS64) => "a 64-bit RISC-V".to_string(),
        (header::EM_RISCV, _) => "a 32-bit RISC-V".to_string(),
        (header::EM_PPC, _) => "a PowerPC".to_string(),
        (header::EM_PPC64, _) => "a 64-bit PowerPC".to_string(),
        (header::EM_S390, _) => "an s390".to_string(),
        (header::EM_SPARC | header::EM_SPARCV9, _) => "a SPARC".to_string(),
        (header::EM_SH, _) => "a SuperH".to_string(),
        (header::EM_68K, _) => "an m68k".to_string(),
        _ => format!("a machine-{machine}"),
    };
    Err(ElfError::Machine(name))
}

fn read_segments(file: &File, header: &Header) -> Result<Vec<ProgramHeader>, ElfError> {
    const ENTRY: usize = 32;
    let count = usize::from(header.e_phnum);
    if count == 0 {
        return Err(ElfError::NotProgram("an ELF file without program headers"));
    }
    if usize::from(header.e_phentsize) != ENTRY {
        return Err(ElfError::Malformed("the size of its program headers"));
    }
    let mut bytes = vec![0; count * ENTRY];
    if read_up_to(file, &mut bytes, header.e_phoff)? != bytes.len() {
        return Err(ElfError::Truncated("the program headers are cut off"));
    }
    let order = header.endianness().map_err(|_| ElfError::Malformed("its byte order"))?;
    let segments = ProgramHeader::parse(&bytes, 0, count, Ctx::new(Container::Little, order))
        .map_err(|_| ElfError::Malformed("its program headers"))?;
    let length = file.metadata()?.len();
    let missing = |s: &ProgramHeader| {
        s.p_type == program_header::PT_LOAD && s.p_offset.saturating_add(s.p_filesz) > length
    };
    // Linux would start it and let it die at the first access behind the file's end.
    if segments.iter().any(missing) {
        return Err(ElfError::Truncated("a segment is cut off"));
    }
    Ok(segments)
}

fn read_interpreter(file: &File, segments: &[ProgramHeader]) -> Result<Option<String>, ElfError> {
    let Some(segment) = segments.iter().find(|p| p.p_type == program_header::PT_INTERP) else {
        return Ok(None);
    };
    let mut bytes = vec![0; segment.p_filesz.min(4096) as usize];
    if read_up_to(file, &mut bytes, segment.p_offset)? != bytes.len() {
        return Err(ElfError::Truncated("the name of the dynamic loader is cut off"));
    }
    let name = bytes.split(|&b| b == 0).next().unwrap_or_default();
    String::from_utf8(name.to_vec()).map(Some).map_err(|_| ElfError::Malformed("its dynamic loader's name"))
}

fn guest_kind(file: &File, header: &Header, segments: &[ProgramHeader]) -> Result<GuestKind, ElfError> {
    if header.e_machine == header::EM_ARM {
        arm_kind(file, header)
    } else {
        mips::kind(file, header, segments)
    }
}

/// ELF for the Arm Architecture, section 5.2: e_flags.
fn arm_kind(file: &File, header: &Header) -> Result<GuestKind, ElfError> {
    const EABI_MASK: u32 = 0xff00_0000;
    const BE8: u32 = 0x0080_0000;
    const HARD: u32 = 0x400;
    const SOFT: u32 = 0x200;
    if header.e_ident[header::EI_DATA] == header::ELFDATA2MSB || header.e_flags & BE8 != 0 {
        return Err(ElfError::Variant("this is a big-endian ARM program"));
    }
    if header.e_flags & EABI_MASK == 0 {
        return Err(ElfError::Variant("this ARM program uses the ABI from before the EABI"));
    }
    let float = match header.e_flags & (HARD | SOFT) {
        HARD => FloatAbi::Hard,
        SOFT => FloatAbi::Soft,
        _ => FloatAbi::Unknown,
    };
    Ok(GuestKind::Arm { float, cpu: arm_attributes::processor(file, header) })
}

//! The initial stack: its memory, and what a program finds on it: arguments, environment, auxiliary vector.

use std::ffi::{OsStr, OsString};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;

use demotic_arm::{ArchVersion, Extensions};
use demotic_ir::Fault;
use demotic_mips::Release;

use super::elf::GuestKind;
use super::image::Image;
use crate::linux::Started;
use crate::linux::host::{self, Arg};
use crate::memory::{Backing, MapError, MapRequest, PAGE_SIZE, Placement, Prot, UserMemory};

/// Bytes of stack when the host's limit does not say otherwise.
const DEFAULT_SIZE: u64 = 8 << 20;
/// The most that the host's limit can ask for.
const MAX_SIZE: u64 = 256 << 20;
/// Bytes below the stack in which nothing else is mapped by itself: what overflows the stack faults.
const GUARD: u64 = 1 << 20;

/// Maps the stack, of `size` bytes or what the host's limit says; gives the address of its end.
pub(super) fn map(
    memory: &UserMemory,
    kind: GuestKind,
    size: Option<u64>,
    executable: bool,
) -> Result<u32, MapError> {
    let top: u32 = match kind {
        GuestKind::Arm { .. } => 0xfffe_f000,
        GuestKind::Mips { .. } => 0x7fff_6000,
    };
    let limit = size.or_else(host::stack_limit).unwrap_or(DEFAULT_SIZE);
    let size = if limit > MAX_SIZE { DEFAULT_SIZE } else { limit.max(1 << 17) };
    let size = size.next_multiple_of(u64::from(PAGE_SIZE));
    let low = u64::from(top) - size;
    let exec = if executable { Prot::EXEC } else { Prot::empty() };
    memory.map(&MapRequest {
        placement: Placement::Fixed(low as u32),
        len: size,
        prot: Prot::READ | Prot::WRITE | exec,
        shared: false,
        backing: Backing::Special("[stack]"),
    })?;
    memory.set_mmap_area(0x1_0000..low - GUARD);
    Ok(top)
}

/// What goes on the stack.
pub(super) struct Contents<'a> {
    pub(super) kind: GuestKind,
    pub(super) argv: &'a [OsString],
    pub(super) envp: &'a [OsString],
    pub(super) exec_path: &'a OsStr,
    pub(super) seed: Option<u64>,
    /// Where the vDSO is.
    pub(super) vdso: u32,
}

/// Where a program finds things on its stack; `/proc/self/stat` says so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StackContents {
    /// The stack pointer that it starts with.
    pub sp: u32,
    /// The strings of its arguments.
    pub arguments: Range<u32>,
    /// The strings of its environment.
    pub environment: Range<u32>,
}

/// The stack as the program finds it.
pub(super) struct Start {
    /// Where things are.
    pub(super) contents: StackContents,
    /// The auxiliary vector, for `/proc/self/auxv`.
    pub(super) auxv: Vec<u8>,
}

/// Writes downwards.
struct Pusher<'a> {
    memory: &'a UserMemory,
    at: u32,
}

impl Pusher<'_> {
    fn push(&mut self, bytes: &[u8]) -> Result<u32, Fault> {
        self.at = self.at.wrapping_sub(bytes.len() as u32);
        self.memory.write_bytes(self.at, bytes)?;
        Ok(self.at)
    }

    fn push_string(&mut self, string: &OsStr) -> Result<u32, Fault> {
        self.push(&[0])?;
        self.push(string.as_bytes())
    }

    fn push_strings(&mut self, strings: &[OsString]) -> Result<Vec<u32>, Fault> {
        let mut addresses = Vec::with_capacity(strings.len());
        for string in strings.iter().rev() {
            addresses.push(self.push_string(string)?);
        }
        addresses.reverse();
        Ok(addresses)
    }
}

/// Fills the stack that ends at `top`. `loader` is the dynamic loader's image.
pub(super) fn fill(
    memory: &UserMemory,
    top: u32,
    contents: &Contents<'_>,
    image: &Image,
    loader: Option<&Image>,
) -> Result<Start, Fault> {
    let mut stack = Pusher { memory, at: top };
    stack.push(&[0; 4])?;
    let exec_path = stack.push_string(contents.exec_path)?;
    let envp = stack.push_strings(contents.envp)?;
    let environment = stack.at..exec_path;
    let argv = stack.push_strings(contents.argv)?;
    let arguments = stack.at..environment.start;
    let (platform_tag, platform) = (platform_entry(contents.kind), platform(contents.kind));
    let platform = stack.push_string(OsStr::new(platform))?;
    let random = stack.push(&random_bytes(contents.seed))?;

    let mut auxv = vec![(AT_SYSINFO_EHDR, contents.vdso)];
    auxv.extend(auxiliary_vector(contents.kind, image, loader));
    auxv.extend([(AT_RANDOM, random), (AT_HWCAP2, hwcap2(contents.kind))]);
    auxv.extend([(AT_EXECFN, exec_path), (platform_tag, platform), (AT_NULL, 0)]);
    let auxv: Vec<u32> = auxv.iter().flat_map(|&(tag, value)| [tag, value]).collect();

    let mut words = vec![argv.len() as u32];
    words.extend(argv.into_iter().chain([0]));
    words.extend(envp.into_iter().chain([0]));
    words.extend(&auxv);
    let encode = |words: &[u32]| -> Vec<u8> {
        let big = memory.is_big();
        words.iter().flat_map(|w| if big { w.to_be_bytes() } else { w.to_le_bytes() }).collect()
    };
    let block = encode(&words);
    // Both ABIs want the stack pointer to be a multiple of 8; 16 serves everybody.
    stack.at = stack.at.wrapping_sub(block.len() as u32) & !15;
    memory.write_bytes(stack.at, &block)?;
    let contents = StackContents { sp: stack.at, arguments, environment };
    Ok(Start { contents, auxv: encode(&auxv) })
}

const AT_NULL: u32 = 0;
const AT_PHDR: u32 = 3;
const AT_PHENT: u32 = 4;
const AT_PHNUM: u32 = 5;
const AT_PAGESZ: u32 = 6;
const AT_BASE: u32 = 7;
const AT_FLAGS: u32 = 8;
const AT_ENTRY: u32 = 9;
const AT_UID: u32 = 11;
const AT_EUID: u32 = 12;
const AT_GID: u32 = 13;
const AT_EGID: u32 = 14;
const AT_PLATFORM: u32 = 15;
const AT_HWCAP: u32 = 16;
const AT_CLKTCK: u32 = 17;
const AT_SECURE: u32 = 23;
const AT_BASE_PLATFORM: u32 = 24;
const AT_RANDOM: u32 = 25;
const AT_HWCAP2: u32 = 26;
const AT_EXECFN: u32 = 31;
const AT_SYSINFO_EHDR: u32 = 33;

/// The entries that are not addresses of things on the stack.
fn auxiliary_vector(kind: GuestKind, image: &Image, loader: Option<&Image>) -> Vec<(u32, u32)> {
    let ids = host::credentials();
    let secure = u32::from(Started::now().secure);
    vec![
        (AT_HWCAP, hwcap(kind)),
        (AT_PAGESZ, PAGE_SIZE),
        (AT_CLKTCK, 100),
        (AT_PHDR, image.headers),
        (AT_PHENT, 32),
        (AT_PHNUM, u32::from(image.header_count)),
        (AT_BASE, loader.map_or(0, |l| l.bias)),
        (AT_FLAGS, 0),
        (AT_ENTRY, image.entry),
        (AT_UID, ids.uid),
        (AT_EUID, ids.euid),
        (AT_GID, ids.gid),
        (AT_EGID, ids.egid),
        (AT_SECURE, secure),
    ]
}

/// What the processor can do: what the front end does, and no more.
pub(crate) fn hwcap(kind: GuestKind) -> u32 {
    const HALF: u32 = 1 << 1;
    const THUMB: u32 = 1 << 2;
    const FAST_MULT: u32 = 1 << 4;
    const VFP: u32 = 1 << 6;
    const EDSP: u32 = 1 << 7;
    const NEON: u32 = 1 << 12;
    const VFPV3: u32 = 1 << 13;
    const VFPV3D16: u32 = 1 << 14;
    const TLS: u32 = 1 << 15;
    const VFPV4: u32 = 1 << 16;
    const IDIVA: u32 = 1 << 17;
    const IDIVT: u32 = 1 << 18;
    const VFPD32: u32 = 1 << 19;
    const LPAE: u32 = 1 << 20;
    const FPHP: u32 = 1 << 22;
    const ASIMDHP: u32 = 1 << 23;
    const ASIMDDP: u32 = 1 << 24;
    match kind {
        GuestKind::Arm { cpu, .. } => {
            let ext =
                |extension: Extensions, bits: u32| if cpu.extensions.contain(extension) { bits } else { 0 };
            let since = |version: ArchVersion, bits: u32| if cpu.version >= version { bits } else { 0 };
            HALF | THUMB
                | FAST_MULT
                | since(ArchVersion::V5TE, EDSP)
                | since(ArchVersion::V6K, TLS)
                | ext(Extensions::VFP, VFP)
                | ext(Extensions::SIMD, NEON)
                | ext(Extensions::VFP3, VFPV3)
                | ext(
                    Extensions::VFP3,
                    if cpu.extensions.contain(Extensions::D32) { VFPD32 } else { VFPV3D16 },
                )
                | ext(Extensions::VFP4, VFPV4)
                | ext(Extensions::IDIV, IDIVA | IDIVT)
                // The processors with the Virtualization Extensions are those with the Large Physical Address one.
                | ext(Extensions::VIRT, LPAE)
                | ext(Extensions::FP16, FPHP | ASIMDHP)
                | ext(Extensions::DOTPROD, ASIMDDP)
        }
        GuestKind::Mips { config, .. } => {
            let bits = [
                (config.release == Release::R6, 0),
                (config.ases.msa, 1),
                (config.ases.mips16, 3),
                (config.has("dsp"), 7),
                (config.ases.dspr2, 8),
            ];
            bits.iter().fold(0, |bits, &(has, bit)| bits | u32::from(has) << bit)
        }
    }
}

/// What the processor can do besides, likewise.
pub(crate) fn hwcap2(kind: GuestKind) -> u32 {
    const AES: u32 = 1;
    const PMULL: u32 = 1 << 1;
    const SHA1: u32 = 1 << 2;
    const SHA2: u32 = 1 << 3;
    const CRC32: u32 = 1 << 4;
    match kind {
        GuestKind::Arm { cpu, .. } => {
            let crypto =
                if cpu.extensions.contain(Extensions::CRYPTO) { AES | PMULL | SHA1 | SHA2 } else { 0 };
            crypto | if cpu.extensions.contain(Extensions::CRC) { CRC32 } else { 0 }
        }
        GuestKind::Mips { .. } => 0,
    }
}

/// What `uname -m` says.
pub(crate) fn machine(kind: GuestKind) -> &'static str {
    match kind {
        GuestKind::Arm { cpu, .. } => match cpu.version {
            ArchVersion::V4T => "armv4tl",
            ArchVersion::V5TE => "armv5tel",
            ArchVersion::V5TEJ => "armv5tejl",
            ArchVersion::V6 | ArchVersion::V6K | ArchVersion::V6T2 => "armv6l",
            // What ARMv8's kernels tell 32-bit programs would surprise many of these.
            ArchVersion::V7 | ArchVersion::V8 => "armv7l",
        },
        GuestKind::Mips { .. } => "mips",
    }
}

/// What `AT_PLATFORM` or `AT_BASE_PLATFORM` says.
pub(crate) fn platform(kind: GuestKind) -> &'static str {
    match kind {
        GuestKind::Arm { cpu, .. } => match cpu.version {
            ArchVersion::V4T => "v4l",
            ArchVersion::V5TE | ArchVersion::V5TEJ => "v5l",
            ArchVersion::V6 | ArchVersion::V6K | ArchVersion::V6T2 => "v6l",
            ArchVersion::V7 => "v7l",
            ArchVersion::V8 => "v8l",
        },
        GuestKind::Mips { config, .. } => config.release.name(),
    }
}

/// The entry that has it: on MIPS `AT_PLATFORM` is for a few makers' own processors.
fn platform_entry(kind: GuestKind) -> u32 {
    match kind {
        GuestKind::Arm { .. } => AT_PLATFORM,
        GuestKind::Mips { .. } => AT_BASE_PLATFORM,
    }
}

/// 16 bytes for the guest's stack protector and pointer guard.
fn random_bytes(seed: Option<u64>) -> [u8; 16] {
    let mut bytes = [0x5a; 16];
    match seed {
        Some(seed) => {
            let (low, high) = (mix(seed), mix(seed.wrapping_add(1)));
            bytes = (u128::from(high) << 64 | u128::from(low)).to_le_bytes();
        }
        // It fails on kernels before 3.17, where the guest is less guarded.
        None => drop(host::call_now(libc::SYS_getrandom, &[Arg::outputs(&mut bytes), 16.into(), 0.into()])),
    }
    bytes
}

/// A bijection under which neighbours look unrelated.
fn mix(mut value: u64) -> u64 {
    for _ in 0..3 {
        value = (value ^ value >> 31).wrapping_mul(0xd6e8_feb8_6659_fd93);
    }
    value ^ value >> 32
}

//! The guest's view of `/proc`: files about the process itself, whose host contents would describe Demotic.

use std::ffi::CString;
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;

use demotic_arm::ArchVersion;
use demotic_mips::{MipsConfig, Release};

use super::LinuxProcess;
use super::host::{self, Arg};
use super::syscall::SysResult;
use crate::loader::{GuestKind, hwcap};
use crate::memory::{Prot, Source};

impl LinuxProcess {
    /// Whether a path names a file of this process in `/proc`.
    pub(crate) fn is_own_proc_file(&self, path: &[u8], name: &str) -> bool {
        let pid = std::process::id();
        [format!("/proc/self/{name}"), format!("/proc/{pid}/{name}"), format!("/proc/thread-self/{name}")]
            .iter()
            .any(|own| own.as_bytes() == path)
    }

    /// The host path of a guest path, where `/proc/self/exe` is the guest's program.
    pub(crate) fn substitute_exe(&self, path: CString) -> CString {
        if self.is_own_proc_file(path.as_bytes(), "exe") {
            return CString::new(self.info.program.as_os_str().as_bytes()).unwrap_or(path);
        }
        self.host_path(path)
    }

    /// Opens a file whose contents are made up, if the path names one.
    pub(crate) fn open_proc_file(&self, path: &[u8], flags: u32) -> Option<SysResult> {
        if !path.starts_with(b"/proc/") {
            return None;
        }
        if self.is_own_proc_file(path, "exe") {
            let program = CString::new(self.info.program.as_os_str().as_bytes()).ok()?;
            let args = [libc::AT_FDCWD.into(), Arg::string(&program), flags.into(), 0.into()];
            return Some(host::call(libc::SYS_openat, &args));
        }
        let contents = if self.is_own_proc_file(path, "maps") {
            self.maps().into_bytes()
        } else if self.is_own_proc_file(path, "cmdline") {
            self.info.argv.iter().flat_map(|arg| [arg.as_bytes(), b"\0"].concat()).collect()
        } else if self.is_own_proc_file(path, "auxv") {
            self.info.auxv.clone()
        } else if path == b"/proc/cpuinfo" {
            self.cpuinfo().into_bytes()
        } else {
            return None;
        };
        Some(open_contents(&contents, flags))
    }

    /// `/proc/self/maps`.
    fn maps(&self) -> String {
        let mut text = String::new();
        for region in self.memory.mappings() {
            let flag = |prot, letter| if region.prot.contains(prot) { letter } else { '-' };
            let (read, write, exec) = (flag(Prot::READ, 'r'), flag(Prot::WRITE, 'w'), flag(Prot::EXEC, 'x'));
            let sharing = if region.shared { 's' } else { 'p' };
            let (offset, dev, ino, name) = match &region.source {
                Source::Anonymous => (0, 0, 0, ""),
                Source::Special(name) => (0, 0, 0, *name),
                Source::File { file, offset } => (*offset, file.dev, file.ino, file.path.as_str()),
            };
            let (major, minor) = (dev >> 8 & 0xfff, dev & 0xff | dev >> 12 & 0xf_ff00);
            let mut line = format!(
                "{:08x}-{:08x} {read}{write}{exec}{sharing} {offset:08x} {major:02x}:{minor:02x} {ino}",
                region.range.start, region.range.end
            );
            if !name.is_empty() {
                line = format!("{line:<49}{name}");
            }
            let _ = writeln!(text, "{line}");
        }
        text
    }

    /// `/proc/cpuinfo`: one entry per host processor, describing what guests are shown.
    fn cpuinfo(&self) -> String {
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        let entry = match self.kind {
            GuestKind::Arm { cpu, .. } => {
                const NAMES: [(u32, &str); 13] = [
                    (1, "half"),
                    (2, "thumb"),
                    (4, "fastmult"),
                    (6, "vfp"),
                    (7, "edsp"),
                    (12, "neon"),
                    (13, "vfpv3"),
                    (14, "vfpv3d16"),
                    (15, "tls"),
                    (16, "vfpv4"),
                    (17, "idiva"),
                    (18, "idivt"),
                    (19, "vfpd32"),
                ];
                let bits = hwcap(self.kind);
                let features: Vec<&str> =
                    NAMES.iter().filter(|(bit, _)| bits >> bit & 1 != 0).map(|&(_, name)| name).collect();
                let (midr, architecture) = (cpu.midr, architecture_name(cpu.version));
                format!(
                    "model name\t: ARMv{} Processor (Demotic)\nBogoMIPS\t: 100.00\nFeatures\t: {}\n\
                     CPU implementer\t: {:#04x}\nCPU architecture: {architecture}\nCPU variant\t: {:#x}\n\
                     CPU part\t: {:#05x}\nCPU revision\t: {}\n\n",
                    &architecture[..1],
                    features.join(" "),
                    midr >> 24,
                    midr >> 20 & 0xf,
                    midr >> 4 & 0xfff,
                    midr & 0xf,
                )
            }
            GuestKind::Mips { config, .. } => mips_cpuinfo(&config),
        };
        (0..count).map(|n| format!("processor\t: {n}\n{entry}")).collect()
    }
}

/// The architecture as the kernel spells it.
fn architecture_name(version: ArchVersion) -> &'static str {
    match version {
        ArchVersion::V4T => "4T",
        ArchVersion::V5TE => "5TE",
        ArchVersion::V5TEJ => "5TEJ",
        ArchVersion::V6 | ArchVersion::V6K | ArchVersion::V6T2 => "6TEJ",
        ArchVersion::V7 => "7",
        ArchVersion::V8 => "8",
    }
}

/// An entry of `/proc/cpuinfo` after its first line.
fn mips_cpuinfo(config: &MipsConfig) -> String {
    let isa = match config.release {
        Release::R1 => "mips1 mips2 mips32r1",
        Release::R2 | Release::R3 => "mips1 mips2 mips32r1 mips32r2",
        Release::R5 => "mips1 mips2 mips32r1 mips32r2 mips32r5",
        Release::R6 => "mips32r6",
    };
    let ases = config.ases;
    let ases = [
        (ases.mips16, " mips16"),
        (config.has("dsp"), " dsp"),
        (ases.dspr2, " dsp2"),
        (ases.mt, " mt"),
        (ases.micromips, " micromips"),
        (ases.msa, " msa"),
    ];
    let ases: String = ases.iter().filter(|(has, _)| *has).map(|(_, name)| *name).collect();
    let fpu = if config.fir == 0 { "" } else { "  FPU V0.0" };
    format!(
        "cpu model\t\t: MIPS {:08x}{fpu} (Demotic)\nBogoMIPS\t\t: 100.00\nwait instruction\t: yes\n\
         microsecond timers\t: yes\nisa\t\t\t: {isa}\nASEs implemented\t:{ases}\n\n",
        config.prid
    )
}

/// A descriptor from which `contents` can be read.
fn open_contents(contents: &[u8], flags: u32) -> SysResult {
    let cloexec = if flags & libc::O_CLOEXEC as u32 != 0 { libc::MFD_CLOEXEC } else { 0 };
    let fd = host::call(libc::SYS_memfd_create, &[Arg::string(c"proc"), cloexec.into()])?;
    // What a memory file cannot take, readers would not get either.
    let _ = host::call_now(
        libc::SYS_pwrite64,
        &[fd.into(), Arg::inputs(contents), contents.len().into(), 0.into()],
    );
    Ok(fd)
}

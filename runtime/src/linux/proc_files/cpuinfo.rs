//! `/proc/cpuinfo`: one entry per host processor, describing what guests are shown, in the form that the kernel of the
//! guest's architecture has.

use demotic_arm::{ArchVersion, Cpu};
use demotic_mips::{MipsConfig, Release};

use crate::linux::LinuxProcess;
use crate::loader::{GuestKind, hwcap, hwcap2, platform};

/// Bits of `AT_HWCAP` and their names (arch/arm/kernel/setup.c).
const ARM_FEATURES: [(u32, &str); 13] = [
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

/// Bits of `AT_HWCAP2` and their names.
const ARM_FEATURES_2: [(u32, &str); 5] = [(0, "aes"), (1, "pmull"), (2, "sha1"), (3, "sha2"), (4, "crc32")];

/// Processor identifications without the revision, and names.
const MIPS_PROCESSORS: [(u32, &str); 10] = [
    (0x1_8000, "MIPS 4Kc"),
    (0x1_8400, "MIPS 4KEc"),
    (0x1_9000, "MIPS 4KEc"),
    (0x1_9300, "MIPS 24Kc"),
    (0x1_9500, "MIPS 34Kc"),
    (0x1_9600, "MIPS 24KEc"),
    (0x1_9700, "MIPS 74Kc"),
    (0x1_9b00, "MIPS M14Kc"),
    (0x1_a800, "MIPS P5600"),
    (0x1_a900, "MIPS I6400"),
];

impl LinuxProcess {
    /// `/proc/cpuinfo`.
    pub(super) fn cpuinfo(&self) -> String {
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        match self.kind {
            GuestKind::Arm { cpu, .. } => {
                let entry = arm_entry(self.kind, cpu);
                let entries: String = (0..count).map(|n| format!("processor\t: {n}\n{entry}")).collect();
                format!("{entries}Hardware\t: Demotic\nRevision\t: 0000\nSerial\t\t: 0000000000000000\n")
            }
            GuestKind::Mips { config, .. } => {
                let entries: Vec<String> = (0..count).map(|n| mips_entry(&config, n)).collect();
                format!("system type\t\t: Demotic\nmachine\t\t\t: Unknown\n{}", entries.join("\n"))
            }
        }
    }
}

/// The names of the bits that are set.
fn names<'a>(bits: u32, table: &'a [(u32, &'a str)]) -> impl Iterator<Item = &'a str> {
    table.iter().filter(move |(bit, _)| bits >> bit & 1 != 0).map(|&(_, name)| name)
}

/// An entry after its first line.
fn arm_entry(kind: GuestKind, cpu: &Cpu) -> String {
    let features: Vec<&str> =
        names(hwcap(kind), &ARM_FEATURES).chain(names(hwcap2(kind), &ARM_FEATURES_2)).collect();
    let (midr, architecture) = (cpu.midr, architecture_name(cpu.version));
    let revision = midr & 0xf;
    format!(
        "model name\t: ARMv{} Processor rev {revision} ({})\nBogoMIPS\t: 100.00\nFeatures\t: {} \n\
         CPU implementer\t: {:#04x}\nCPU architecture: {architecture}\nCPU variant\t: {:#x}\n\
         CPU part\t: {:#05x}\nCPU revision\t: {revision}\n\n",
        &architecture[..1],
        platform(kind),
        features.join(" "),
        midr >> 24,
        midr >> 20 & 0xf,
        midr >> 4 & 0xfff,
    )
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

fn mips_entry(config: &MipsConfig, number: usize) -> String {
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
    let name = MIPS_PROCESSORS.iter().find(|(prid, _)| *prid == config.prid & 0xff_ff00);
    let name = name.map_or_else(|| format!("MIPS {:08x}", config.prid), |(_, name)| (*name).to_owned());
    let version = |revision: u32| format!("V{}.{}", revision >> 4 & 0xf, revision & 0xf);
    let fpu = if config.fir == 0 { String::new() } else { format!("  FPU {}", version(config.fir)) };
    format!(
        "processor\t\t: {number}\ncpu model\t\t: {name} {}{fpu}\nBogoMIPS\t\t: 100.00\nwait instruction\t: yes\n\
         microsecond timers\t: yes\ntlb_entries\t\t: 16\nextra interrupt vector\t: yes\nhardware watchpoint\t: no\n\
         isa\t\t\t: {isa}\nASEs implemented\t:{ases}\nshadow register sets\t: 1\nkscratch registers\t: 0\n\
         package\t\t\t: 0\ncore\t\t\t: {number}\nVCED exceptions\t\t: not available\nVCEI exceptions\t\t: not available\n",
        version(config.prid),
    )
}

//! Which instructions each architecture version has, and which interworking its writes to the PC do.

use demotic_arm::{ArchVersion, ArmConfig, ArmGuest, Cpu, Personality, a32, t32};
use demotic_ir::{Block, CodeSource, Exit, GuestArch, LiftOptions, Loc, Trap};

const START: u64 = 0x8000;

const VERSIONS: [ArchVersion; 8] = [
    ArchVersion::V4T,
    ArchVersion::V5TE,
    ArchVersion::V5TEJ,
    ArchVersion::V6,
    ArchVersion::V6K,
    ArchVersion::V6T2,
    ArchVersion::V7,
    ArchVersion::V8,
];

/// Code at [`START`].
struct Code(Vec<u8>);

impl CodeSource for Code {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        let start = addr.wrapping_sub(START) as usize;
        let bytes = self.0.get(start..start.saturating_add(buf.len()));
        bytes.is_some_and(|bytes| {
            buf.copy_from_slice(bytes);
            true
        })
    }

    fn read_only(&self, _addr: u64, _len: u32) -> Option<u64> {
        None
    }
}

fn lift(version: ArchVersion, isa: u64, code: Vec<u8>) -> Block {
    lift_on(ArmConfig::linux(version), isa, code)
}

fn lift_on(config: ArmConfig, isa: u64, code: Vec<u8>) -> Block {
    let guest = ArmGuest::new(config);
    guest.lift(Loc::new(START | isa), &Code(code), LiftOptions { max_insns: 1 })
}

fn end(block: &Block) -> &Exit {
    block.final_exit().expect("every block has one")
}

fn is_undefined(exit: &Exit) -> bool {
    matches!(exit, Exit::Trap { trap: Trap::Undefined { .. }, .. })
}

/// Privileged instructions are undefined in User mode, HLT always.
fn undefined_in_user_mode(name: &str) -> bool {
    ["HVC", "SMC", "ERET", "MRS_banked", "MSR_banked", "HLT"].contains(&name)
}

#[test]
fn rows_are_undefined_where_their_feature_is_missing() {
    for version in VERSIONS {
        let config = ArmConfig::linux(version);
        for row in a32::decoder::ROWS {
            let (Some(feature), false) = (row.feature, undefined_in_user_mode(row.name)) else { continue };
            let word = if row.name.starts_with("SRS") || row.name.starts_with("RFE") {
                continue;
            } else {
                row.example
            };
            // An always-true condition: what is undefined does nothing when its condition fails.
            let word = if row.pattern.starts_with("cccc") { word & 0x0fff_ffff | 0xe000_0000 } else { word };
            let found = is_undefined(end(&lift(version, 0, word.to_le_bytes().into())));
            assert_eq!(found, !config.has(feature), "{} {word:#x} in {version:?}", row.name);
        }
        for row in t32::narrow::ROWS {
            let (Some(feature), false) = (row.feature, undefined_in_user_mode(row.name)) else { continue };
            let code = (row.example as u16).to_le_bytes().into();
            // Where there are 32-bit instructions, half of one cannot be fetched.
            let exit = lift(version, 1, code);
            let found =
                is_undefined(end(&exit)) || matches!(end(&exit), Exit::Trap { trap: Trap::Fetch, .. });
            assert_eq!(found, !config.has(feature), "{} {:#x} in {version:?}", row.name, row.example);
        }
        for row in t32::wide::ROWS.iter().filter(|_| config.thumb2()) {
            let (Some(feature), false) = (row.feature, undefined_in_user_mode(row.name)) else { continue };
            let found =
                is_undefined(end(&lift(version, 1, row.example.rotate_left(16).to_le_bytes().into())));
            assert_eq!(found, !config.has(feature), "{} {:#x} in {version:?}", row.name, row.example);
        }
    }
}

#[test]
fn calls_are_one_instruction_where_their_halves_are_together() {
    let call = vec![0x00, 0xf0, 0x00, 0xf8];
    for version in VERSIONS {
        let expected = Exit::Call { target: START + 5, ret: START + 5 };
        assert_eq!(*end(&lift(version, 1, call.clone())), expected, "{version:?}");
    }
}

#[test]
fn a_lone_half_of_a_call_is_an_instruction_before_armv6t2() {
    let block = lift(ArchVersion::V5TE, 1, vec![0x00, 0xf0, 0x00, 0x20]);
    assert_eq!(*end(&block), Exit::Jump { target: START + 3 });
    let suffix = lift(ArchVersion::V5TE, 1, vec![0x00, 0xf8]);
    assert!(matches!(end(&suffix), Exit::CallIndirect { ret: 0x8003, .. }));
}

/// By MVFR1[27:24] in the processors' manuals: 0 is none, 1 to and from single precision, 2 also double precision.
#[test]
fn conversions_of_half_precision_are_an_extension() {
    const SINGLE: [u32; 4] = [0xeeb2_0a60, 0xeeb3_0ae0, 0xf3b6_0602, 0xf3b6_0702];
    const DOUBLE: [u32; 2] = [0xeeb2_0b60, 0xeeb3_0be0];
    let levels = [
        ("arm1176", 0),
        ("cortex-a8", 0),
        ("cortex-a9", 1),
        ("cortex-a5", 1),
        ("cortex-a7", 1),
        ("cortex-a15", 1),
        ("cortex-a53", 2),
        ("cortex-a55", 2),
        ("max", 2),
    ];
    for (name, level) in levels {
        let cpu = Cpu::by_name(name).expect("a processor of that name");
        let needed = SINGLE.map(|word| (word, 1)).into_iter().chain(DOUBLE.map(|word| (word, 2)));
        for (word, needed) in needed {
            let block = lift_on(cpu.config(Personality::Linux), 0, word.to_le_bytes().into());
            assert_eq!(is_undefined(end(&block)), level < needed, "{word:#x} on {name}");
        }
    }
}

//! The SIMD architecture: a record has MSACSR, the general registers, and the doublewords of W0 to W31.

use std::fmt::Write as _;

use demotic_ir::CpuState;
use demotic_mips::decode::Row;
use demotic_mips::state::{F, MSACSR, R, W_HIGH};
use demotic_mips::{Ases, MipsConfig, Release};

use crate::plan::{BUFFER, BUFFER_LEN, Next, Plan, pick};

/// MSACSR.NX and MSACSR.FS.
const NX: u32 = 1 << 18;
const FS: u32 = 1 << 24;
/// MSACSR.Enables.
const ENABLES: u32 = 0x1f << 7;
/// The one of them for underflows.
const UNDERFLOW_ENABLE: u32 = 2 << 7;

/// The plan.
pub(crate) fn plan(big_endian: bool) -> Plan {
    let mut load = String::from("lw $2, 0($26)\nctcmsa $1, $2\n");
    let mut store = String::from("cfcmsa $2, $1\nsw $2, 0($27)\n");
    for n in 0..32 {
        let _ = writeln!(load, "ld.d $w{n}, {}($26)", 128 + 16 * n);
        let _ = writeln!(store, "st.d $w{n}, {}($27)", 128 + 16 * n);
    }
    Plan {
        config: MipsConfig {
            release: Release::R5,
            ases: Ases { msa: true, ..Ases::NONE },
            fr: true,
            nan2008: true,
            abs2008: true,
            ..MipsConfig::linux(big_endian)
        },
        cpu: "P5600",
        assembler: &["-mips32r5", "-mfp64", "-mnan=2008", "-mmsa"],
        file: "msa.decode",
        state_words: 160,
        load,
        store,
        input,
        suitable,
        get,
        put,
    }
}

fn input(index: usize, next: Next<'_>) -> u32 {
    const WORDS: [u32; 12] = [
        0,
        1,
        u32::MAX,
        0x7fff_ffff,
        0x8000_0000,
        0x8000_8000,
        0x7fff_7fff,
        0x8080_8080,
        0x7f7f_7f7f,
        0x00ff_ff00,
        0x8000_0001,
        0x7fff_8000,
    ];
    const SINGLES: [u32; 20] = [
        0x3f80_0000,
        0xbf80_0000,
        0x3f00_0000,
        0x4040_0000,
        0x0080_0000,
        0x007f_ffff,
        0x8000_0001,
        0x7f7f_ffff,
        0xff7f_ffff,
        0x7f80_0000,
        0xff80_0000,
        0x7fc0_0000,
        0x7fa0_0000,
        0xffff_ffff,
        0x4f00_0000,
        0xcf00_0000,
        0x4b7f_ffff,
        0x3eaa_aaab,
        0x3380_0000,
        0x477f_e000,
    ];
    const HALVES: [u32; 12] =
        [0x3c00, 0xbc00, 0x0400, 0x03ff, 0x8001, 0x7bff, 0xfc00, 0x7c00, 0x7e00, 0x7d01, 0x3555, 0x0001];
    const UPPER: [u32; 16] = [
        0x3ff0_0000,
        0xbff0_0000,
        0x0010_0000,
        0x000f_ffff,
        0x8000_0000,
        0x7fef_ffff,
        0x7ff0_0000,
        0xfff0_0000,
        0x7ff8_0000,
        0x7ff4_0000,
        0x41df_ffff,
        0xc1e0_0000,
        0x43e0_0000,
        0x3810_0000,
        0x47ef_ffff,
        0x3690_0000,
    ];
    let random = next();
    match next() % 6 {
        _ if index == 0 => status(random, next()),
        0 => pick(&WORDS, random),
        1 => pick(&SINGLES, random),
        2 => pick(&HALVES, random) << 16 | pick(&HALVES, random >> 8),
        3 => pick(&UPPER, random),
        // Numbers near one another.
        4 => pick(&[0x3f80_0000, 0x3ff0_0000, 0x4000_0000], random) + (random >> 28),
        _ => random,
    }
}

/// An MSACSR that does not trap.
fn status(random: u32, kind: u32) -> u32 {
    let rounding = if kind & 1 == 0 { 0 } else { random & 3 };
    let flags = random & 0x7c;
    let flush = if kind & 6 == 0 { FS } else { 0 };
    let enables = if kind & 0x18 == 0 { random & ENABLES | NX } else { 0 };
    rounding | flags | flush | enables
}

fn suitable(plan: &Plan, row: &Row, word: u32, record: &mut [u8]) -> bool {
    if let (Some(base), Some(offset), Some(df)) =
        (row.extract(word, "base"), row.extract(word, "offset"), row.extract(word, "df"))
    {
        if base == 0 {
            return false;
        }
        let disp = i32::from((offset << 6) as u16 as i16 >> 6) << df;
        let place = (word ^ word >> 7) % (BUFFER_LEN as u32 - 15);
        plan.set_word(record, base as usize, (BUFFER + place).wrapping_add_signed(-disp));
    }
    // qemu does not take exact subnormal results of half precision for underflows where these are enabled; the manual
    // (section 3.4.2) makes no difference between formats.
    if row.name == "FEXDO" {
        let status = plan.word(record, 0);
        plan.set_word(record, 0, status & !UNDERFLOW_ENABLE);
    }
    // It would enable exceptions.
    row.name != "CTCMSA" || row.extract(word, "cs") != Some(1)
}

/// The words of half a vector, low one first.
fn places(plan: &Plan, n: usize, half: usize) -> [usize; 2] {
    let first = 32 + 4 * n + 2 * half;
    if plan.config.big_endian { [first + 1, first] } else { [first, first + 1] }
}

fn get(plan: &Plan, record: &[u8], cpu: &mut CpuState) {
    cpu.set32(MSACSR, plan.word(record, 0));
    for n in 1..32 {
        cpu.set32(R.nth(n), plan.word(record, n as usize));
    }
    for n in 0..32 {
        for (half, slot) in [F.nth(n), W_HIGH.nth(n)].into_iter().enumerate() {
            let [low, high] = places(plan, n as usize, half).map(|at| u64::from(plan.word(record, at)));
            cpu.set(slot, high << 32 | low);
        }
    }
}

fn put(plan: &Plan, cpu: &CpuState, record: &mut [u8]) {
    plan.set_word(record, 0, cpu.get32(MSACSR));
    for n in 1..32 {
        plan.set_word(record, n as usize, cpu.get32(R.nth(n)));
    }
    for n in 0..32 {
        for (half, slot) in [F.nth(n), W_HIGH.nth(n)].into_iter().enumerate() {
            let [low, high] = places(plan, n as usize, half);
            plan.set_word(record, low, cpu.get(slot) as u32);
            plan.set_word(record, high, (cpu.get(slot) >> 32) as u32);
        }
    }
}

//! The DSP module: a record has DSPControl, the general registers, and HI and LO of the four accumulators.

use std::fmt::Write as _;

use demotic_ir::{CpuState, Slot};
use demotic_mips::decode::Row;
use demotic_mips::state::{AC, HILO, R, dsp_control};
use demotic_mips::{Ases, MipsConfig};

use crate::plan::{BUFFER, Next, Plan, pick};

/// The accumulators in a record: word 32 + 2n is HI, the next one LO.
const ACCUMULATORS: [Slot; 4] = [HILO, AC, Slot(AC.0 + 1), Slot(AC.0 + 2)];

/// The plan.
pub(crate) fn plan(big_endian: bool) -> Plan {
    let ases = Ases { dsp: true, dspr2: true, ..Ases::NONE };
    let mut load = String::from("lw $2, 0($26)\nwrdsp $2, 0x3f\n");
    let mut store = String::from("rddsp $2, 0x3f\nsw $2, 0($27)\n");
    for n in 0..4 {
        let _ = write!(load, "lw $2, {}($26)\nmthi $2, $ac{n}\n", 128 + 8 * n);
        let _ = write!(load, "lw $2, {}($26)\nmtlo $2, $ac{n}\n", 132 + 8 * n);
        let _ = write!(store, "mfhi $2, $ac{n}\nsw $2, {}($27)\n", 128 + 8 * n);
        let _ = write!(store, "mflo $2, $ac{n}\nsw $2, {}($27)\n", 132 + 8 * n);
    }
    Plan {
        config: MipsConfig { ases, ..MipsConfig::linux(big_endian) },
        cpu: "74Kf",
        assembler: &["-mips32r2", "-mdspr2"],
        file: "dsp.decode",
        state_words: 40,
        load,
        store,
        input,
        suitable,
        get,
        put,
    }
}

fn input(index: usize, next: Next<'_>) -> u32 {
    const HALVES: [u16; 16] = [
        0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0x8001, 0xffff, 0xff80, 0x7f80, 0x8080, 0xfffe,
        0x4000,
    ];
    const WORDS: [u32; 14] = [
        0,
        1,
        31,
        32,
        33,
        u32::MAX,
        0x7fff_ffff,
        0x8000_0000,
        0x8000_8000,
        0x7fff_7fff,
        0x8080_8080,
        0x7f7f_7f7f,
        0x8000_0001,
        0x7fff_8000,
    ];
    let random = next();
    match next() & 3 {
        _ if index == 0 => control(random),
        0 => u32::from(pick(&HALVES, random)) << 16 | u32::from(pick(&HALVES, random >> 8)),
        1 => pick(&WORDS, random),
        // High words that are nearly signs.
        2 if index >= 32 && index & 1 == 0 => pick(&[0, u32::MAX, 1, 0xffff_fffe], random),
        _ => random,
    }
}

/// A DSPControl whose position and size are sometimes those of a field within a word.
fn control(random: u32) -> u32 {
    let fields = random & 0x0fff_7fbf;
    if random >> 31 != 0 { fields } else { fields & !0x1820 }
}

fn suitable(plan: &Plan, row: &Row, word: u32, record: &mut [u8]) -> bool {
    // qemu does nothing at all when the destination is register 0; the manual knows no such exception for flags.
    let destination = if row.name.starts_with("EXT") { "rt" } else { "rd" };
    if row.extract(word, destination) == Some(0) {
        return false;
    }
    if let (Some(base), Some(index)) = (row.extract(word, "base"), row.extract(word, "index")) {
        let offset = (word ^ word >> 8) & 28;
        if base == 0 || index == 0 || base == index {
            return false;
        }
        plan.set_word(record, base as usize, BUFFER);
        plan.set_word(record, index as usize, offset);
    }
    true
}

fn get(plan: &Plan, record: &[u8], cpu: &mut CpuState) {
    dsp_control::set(cpu, plan.word(record, 0));
    for n in 1..32 {
        cpu.set32(R.nth(n), plan.word(record, n as usize));
    }
    for (n, slot) in ACCUMULATORS.into_iter().enumerate() {
        let (hi, lo) = (plan.word(record, 32 + 2 * n), plan.word(record, 33 + 2 * n));
        cpu.set(slot, u64::from(hi) << 32 | u64::from(lo));
    }
}

fn put(plan: &Plan, cpu: &CpuState, record: &mut [u8]) {
    plan.set_word(record, 0, dsp_control::get(cpu));
    for n in 1..32 {
        plan.set_word(record, n as usize, cpu.get32(R.nth(n)));
    }
    for (n, slot) in ACCUMULATORS.into_iter().enumerate() {
        plan.set_word(record, 32 + 2 * n, (cpu.get(slot) >> 32) as u32);
        plan.set_word(record, 33 + 2 * n, cpu.get(slot) as u32);
    }
}

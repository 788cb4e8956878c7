//! How registers, conditions and shifts are spelled in disassembly.

/// The core registers.
pub(crate) const REG: [&str; 16] =
    ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "sl", "fp", "ip", "sp", "lr", "pc"];

/// The condition suffixes; "always" is empty.
pub(crate) const COND: [&str; 16] =
    ["eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "", ""];

/// The shift types.
pub(crate) const SHIFT: [&str; 4] = ["lsl", "lsr", "asr", "ror"];

/// Appends the registers of a 16-bit list, in braces.
pub(crate) fn register_list(out: &mut String, list: u32) {
    out.push('{');
    let names = REG.iter().enumerate().filter(|(r, _)| list >> r & 1 != 0);
    for (i, (_, name)) in names.enumerate() {
        out.push_str(if i == 0 { "" } else { ", " });
        out.push_str(name);
    }
    out.push('}');
}

/// A banked register by its SYSm number (ARM DDI 0406, B9.2.3).
pub(crate) fn banked_name(spsr: u32, sysm: u32) -> String {
    const USR: [&str; 7] = ["r8", "r9", "r10", "r11", "r12", "sp", "lr"];
    let odd = sysm & 1;
    let bank = |mode: &str| format!("{}_{mode}", ["LR", "SP"][odd as usize]);
    match (spsr, sysm) {
        (0, 0..=6) => format!("{}_usr", USR[sysm as usize]),
        (0, 8..=14) => format!("{}_fiq", USR[sysm as usize - 8]),
        (0, 16 | 17) => bank("irq"),
        (0, 18 | 19) => bank("svc"),
        (0, 20 | 21) => bank("abt"),
        (0, 22 | 23) => bank("und"),
        (0, 28 | 29) => bank("mon"),
        (0, 30) => "ELR_hyp".into(),
        (0, 31) => "SP_hyp".into(),
        (_, 14) => "SPSR_fiq".into(),
        (_, 16) => "SPSR_irq".into(),
        (_, 18) => "SPSR_svc".into(),
        (_, 20) => "SPSR_abt".into(),
        (_, 22) => "SPSR_und".into(),
        (_, 28) => "SPSR_mon".into(),
        (_, 30) => "SPSR_hyp".into(),
        _ => format!("({sysm})"),
    }
}

/// What a barrier waits for, by its option field (ARM DDI 0487, F5.1.51).
pub(crate) fn barrier_name(option: u32) -> String {
    const OTHERS: [&str; 16] = [
        "", "oshld", "oshst", "osh", "", "nshld", "unst", "un", "", "ishld", "ishst", "ish", "", "ld", "st",
        "sy",
    ];
    match OTHERS.get(option as usize) {
        Some(name) if !name.is_empty() => (*name).into(),
        _ => format!("#{option}"),
    }
}

/// The size of a CRC-32 step.
pub(crate) fn crc_size(size: u32) -> &'static str {
    ["b", "h", "w", "?"][size as usize & 3]
}

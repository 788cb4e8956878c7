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

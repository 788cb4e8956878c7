//! States and memories side by side, for failures.

use std::fmt::Write as _;

use demotic_ir::{CpuState, GuestArch, Loc, StateLayout};

use crate::arena::Arena;

/// What a state holds, by name. The flags are one register of four bits: many values of their slots mean the same.
pub fn registers(layout: &StateLayout, cpu: &CpuState) -> Vec<(String, u64)> {
    let parts: Vec<_> = layout.flags.iter().flat_map(|f| [f.n, f.z, f.c, f.v]).collect();
    let slots = layout.slots.iter().filter(|info| !parts.contains(&info.slot));
    let flags = layout.flags.iter().map(|flags| ("nzcv".to_string(), u64::from(flags.bits(cpu))));
    flags.chain(slots.map(|info| (info.name.clone(), cpu.get(info.slot)))).collect()
}

/// Registers of two states, those that differ from one another or from before; `*` marks the former.
pub fn states(
    layout: &StateLayout,
    before: &CpuState,
    ours: (&str, &CpuState),
    theirs: (&str, &CpuState),
) -> String {
    let mut out = format!("  {:<14} {:>18} {:>18} {:>18}\n", "", "before", ours.0, theirs.0);
    let [before, x, y] = [before, ours.1, theirs.1].map(|cpu| registers(layout, cpu));
    for (((name, b), (_, x)), (_, y)) in before.into_iter().zip(x).zip(y) {
        if x != y || x != b {
            let mark = if x == y { ' ' } else { '*' };
            let _ = writeln!(out, "{mark} {name:<14} {b:>#18x} {x:>#18x} {y:>#18x}");
        }
    }
    out
}

/// The first bytes of memory at `start` that differ.
pub fn memories(start: u32, ours: &[u8], theirs: &[u8]) -> String {
    let mut out = String::new();
    let pairs = ours.iter().zip(theirs).enumerate().filter(|(_, (a, b))| a != b);
    for (i, (a, b)) in pairs.take(16) {
        let _ = writeln!(out, "* {:#x}: {a:#04x} {b:#04x}", start as usize + i);
    }
    out
}

/// The instructions of an arena's code, from the pc of a state on.
pub fn listing(arch: &dyn GuestArch, arena: &Arena, cpu: &CpuState) -> String {
    let mut out = String::new();
    let mut loc = Loc { pc: cpu.get(arch.layout().pc), mode: arch.mode(cpu) };
    while arena.code_range().contains(&arch.code_address(loc.pc)) {
        let (text, len) = arch.disassemble(loc, &*arena.code());
        let address = arch.code_address(loc.pc) as u32;
        let end = (address + u32::from(len)).min(arena.code_range().end as u32);
        let bytes: Vec<String> = arena.bytes(address..end).iter().map(|b| format!("{b:02x}")).collect();
        let _ = writeln!(out, "  {address:#x} [{}] {text}", bytes.join(" "));
        loc = loc.at(loc.pc + u64::from(len.max(1)));
    }
    out
}

//! What differs after a block, for people.

use std::fmt::Write as _;

use demotic_ir::{CpuState, GuestArch, Loc, Slot, print_block};

use super::ahead::{Ahead, End, Expected};

/// The difference between what a block should have done and what it did; `None` when there is none.
pub(super) fn difference(
    arch: &dyn GuestArch,
    ahead: &mut Ahead,
    expected: &Expected,
    cpu: &CpuState,
    end: End,
) -> Option<String> {
    let layout = arch.layout();
    let registers = layout.slots.iter().any(|slot| !same(arch, slot.slot, &expected.after, cpu));
    let memory: Vec<_> = expected
        .stores
        .iter()
        .map(|store| (*store, ahead.load(store)))
        .filter(|(store, found)| *found != Some(store.new))
        .collect();
    if !registers && memory.is_empty() && end == expected.end {
        return None;
    }
    let mut out = String::new();
    guest_code(&mut out, arch, ahead, expected);
    let _ = writeln!(out, "\n-- IR as lifted\n{}", print_block(&expected.prepared.block, layout));
    if end != expected.end {
        let _ =
            writeln!(out, "-- end\ninterpreted  {}\ntranslated   {} *\n", ended(expected.end), ended(end));
    }
    states(&mut out, arch, expected, cpu);
    if !memory.is_empty() {
        let _ = writeln!(out, "\n-- memory     interpreted         translated");
        for (store, found) in memory {
            let found = found.map_or("(unreadable)".into(), |value| format!("{value:#x}"));
            let _ = writeln!(out, "{:#010x}  {:<18}  {found} *", store.addr, format!("{:#x}", store.new));
        }
    }
    Some(out)
}

/// Whether a slot means the same in two states. Of a flag slot, one bit matters, or whether it is 0.
fn same(arch: &dyn GuestArch, slot: Slot, a: &CpuState, b: &CpuState) -> bool {
    let (a, b) = (a.get(slot), b.get(slot));
    match &arch.layout().flags {
        Some(flags) if slot == flags.n || slot == flags.v => (a ^ b) >> 31 & 1 == 0,
        Some(flags) if slot == flags.c => (a ^ b) & 1 == 0,
        Some(flags) if slot == flags.z => (a == 0) == (b == 0),
        _ => a == b,
    }
}

fn guest_code(out: &mut String, arch: &dyn GuestArch, ahead: &Ahead, expected: &Expected) {
    let block = &expected.prepared.block;
    let _ = writeln!(out, "\n-- guest code");
    for insn in &block.guest {
        let loc = Loc { pc: insn.pc | block.start.pc & 1, mode: block.start.mode };
        let (text, _) = arch.disassemble(loc, ahead.code());
        let digits = 2 * usize::from(insn.len);
        let word = format!("{:0digits$x}", insn.word);
        let _ = writeln!(out, "{:#010x}  {word:<8}  {text}", insn.pc);
    }
}

fn ended(end: End) -> String {
    match end {
        End::Trap { trap, pc } => format!("trap {} {:#x} at {pc:#x}", trap.name(), trap.detail()),
        End::Fault { addr, pc } => format!("fault at {pc:#x}, accessing {addr:#x}"),
    }
}

/// The registers that the block changed or should have changed.
fn states(out: &mut String, arch: &dyn GuestArch, expected: &Expected, cpu: &CpuState) {
    let _ = writeln!(out, "-- state      before              interpreted         translated");
    for slot in &arch.layout().slots {
        let agree = same(arch, slot.slot, &expected.after, cpu);
        if agree && same(arch, slot.slot, &expected.before, cpu) {
            continue;
        }
        let [before, should, did] =
            [&*expected.before, &*expected.after, cpu].map(|s| format!("{:#x}", s.get(slot.slot)));
        let mark = if agree { "" } else { " *" };
        let _ = writeln!(out, "{:<12}  {before:<18}  {should:<18}  {did}{mark}", slot.name);
    }
}

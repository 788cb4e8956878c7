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

#[cfg(test)]
mod tests {
    use demotic_ir::Trap;
    use demotic_runtime::memory::{Backing, MapRequest, MemoryLayout, Placement, Prot, UserMemory};

    use super::*;
    use crate::flags::Isa;
    use crate::guest;
    use crate::lockstep::stops::{STOP, Stopping};

    const CODE: u32 = 0x2_0000;
    const DATA: u64 = 0x2_0100;

    fn memory_with(words: &[u32]) -> UserMemory {
        let layout = MemoryLayout {
            big: false,
            limit: 1 << 32,
            mmap_area: 0x1_0000..1 << 32,
            read_implies_exec: false,
        };
        let memory = UserMemory::new(layout).unwrap();
        let request = MapRequest {
            placement: Placement::Fixed(CODE),
            len: 0x1000,
            prot: Prot::READ | Prot::WRITE | Prot::EXEC,
            shared: false,
            backing: Backing::Anonymous,
        };
        memory.map(&request).unwrap();
        for (n, word) in words.iter().enumerate() {
            memory.write_u32(CODE + 4 * n as u32, *word).unwrap();
        }
        memory
    }

    #[test]
    fn what_differs_is_marked_and_what_agrees_is_not() {
        // add r0, r0, #1; str r0, [r1]; svc #0
        let memory = memory_with(&[0xe280_0001, 0xe581_0000, 0xef00_0000]);
        let arch = Stopping(guest::of_isa(Isa::Arm));
        let slot = |name: &str| arch.layout().by_name(name).unwrap().slot;
        let mut cpu = CpuState::new();
        cpu.set(slot("pc"), CODE.into());
        cpu.set(slot("r1"), DATA);
        let mut ahead = Ahead::new(memory.clone());
        let expected = ahead.run(&arch, &cpu).unwrap();
        assert_eq!(memory.read_u32(DATA as u32), Ok(0), "the interpreter's store is undone");

        let end = End::Trap { trap: Trap::Syscall { imm: 0 }, pc: 0x2_0008 };
        let mut after = expected.after.clone();
        let missing = difference(&arch, &mut ahead, &expected, &after, end).unwrap();
        assert!(missing.contains("0x00020100  0x1                 0x0 *"), "{missing}");

        memory.write_u32(DATA as u32, 1).unwrap();
        assert_eq!(difference(&arch, &mut ahead, &expected, &after, end), None);

        after.set(slot("r0"), 2);
        let wrong = difference(&arch, &mut ahead, &expected, &after, End::Trap { trap: STOP, pc: 0x2_0008 });
        let wrong = wrong.unwrap();
        for part in [
            "add r0, r0, #1",
            "r0            0x0                 0x1                 0x2 *",
            "interpreted  trap syscall",
        ] {
            assert!(wrong.contains(part), "{part} is not in\n{wrong}");
        }
        assert!(!wrong.contains("\nr1 "), "{wrong}");
    }
}

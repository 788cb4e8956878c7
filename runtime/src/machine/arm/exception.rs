//! Exception entry and return (ARM DDI 0406, B1.8 and B1.9).

use demotic_arm::state::{LR, PC, SCTLR, SPSR, VBAR};
use demotic_ir::CpuState;

use super::psr::{self, A, E, F, I, M, Mode, T};

/// SCTLR.V: the vectors are at 0xffff0000.
pub(super) const SCTLR_V: u32 = 1 << 13;
/// SCTLR.EE: exceptions are entered with big-endian data.
pub(super) const SCTLR_EE: u32 = 1 << 25;
/// SCTLR.TE: exceptions are entered in Thumb state.
pub(super) const SCTLR_TE: u32 = 1 << 30;

/// CPSR.J and CPSR.IT, which exception entry clears.
const J_IT: u32 = 0x0700_fc00;

/// An exception with its own vector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Exception {
    /// Undefined instruction.
    Undefined,
    /// SVC.
    SupervisorCall,
    /// An instruction could not be fetched, or was a breakpoint.
    PrefetchAbort,
    /// A data access failed.
    DataAbort,
    /// Interrupt.
    Irq,
    /// Fast interrupt.
    Fiq,
}

/// What differs between exceptions.
struct Rule {
    name: &'static str,
    vector: u32,
    mode: Mode,
    /// The CPSR bits to set.
    masks: u32,
    /// What is added to the instruction's address for the link register, in ARM and in Thumb state. For interrupts
    /// the instruction is the one not yet executed.
    link: [u32; 2],
}

impl Exception {
    fn rule(self) -> Rule {
        let rule = |name, vector, mode, masks, link| Rule { name, vector, mode, masks, link };
        match self {
            Exception::Undefined => rule("undefined", 0x04, Mode::Und, I, [4, 2]),
            Exception::SupervisorCall => rule("supervisor call", 0x08, Mode::Svc, I, [4, 2]),
            Exception::PrefetchAbort => rule("prefetch abort", 0x0c, Mode::Abt, I | A, [4, 4]),
            Exception::DataAbort => rule("data abort", 0x10, Mode::Abt, I | A, [8, 8]),
            Exception::Irq => rule("irq", 0x18, Mode::Irq, I | A, [4, 4]),
            Exception::Fiq => rule("fiq", 0x1c, Mode::Fiq, I | F | A, [4, 4]),
        }
    }

    /// Its name in statistics and messages.
    pub(super) fn name(self) -> &'static str {
        self.rule().name
    }

    /// Where its vector is.
    pub(super) fn vector(self, cpu: &CpuState) -> u32 {
        let base = if cpu.get32(SCTLR) & SCTLR_V != 0 { 0xffff_0000 } else { cpu.get32(VBAR) };
        base.wrapping_add(self.rule().vector)
    }
}

/// Takes an exception of the instruction at `pc`. The state is that in which the instruction was met; the `pc` slot's
/// bit 0 gives its instruction set.
pub(super) fn take(cpu: &mut CpuState, exception: Exception, pc: u64) {
    let rule = exception.rule();
    let saved = psr::read(cpu);
    let thumb = usize::from(saved & T != 0);
    let link = (pc as u32 & !1).wrapping_add(rule.link[thumb]);
    let sctlr = cpu.get32(SCTLR);
    let state = if sctlr & SCTLR_TE != 0 { T } else { 0 } | if sctlr & SCTLR_EE != 0 { E } else { 0 };
    psr::write(cpu, saved & !(M | T | E | J_IT) | rule.mode as u32 | rule.masks | state);
    cpu.set32(SPSR, saved);
    cpu.set32(LR, link);
    cpu.set32(PC, exception.vector(cpu) | u32::from(state & T != 0));
}

/// Returns from an exception to `target` with `psr` as the new CPSR: `CPSRWriteByInstr` and `BranchWritePC`.
pub(super) fn return_to(cpu: &mut CpuState, target: u32, psr: u32) {
    psr::write(cpu, psr);
    cpu.set32(PC, if psr & T != 0 { target | 1 } else { target & !3 });
}

#[cfg(test)]
mod tests {
    use super::*;
    use demotic_arm::state::ITSTATE;

    const ALL: [Exception; 6] = [
        Exception::Undefined,
        Exception::SupervisorCall,
        Exception::PrefetchAbort,
        Exception::DataAbort,
        Exception::Irq,
        Exception::Fiq,
    ];
    const PC_VALUE: u32 = 0x4000_0100;

    fn cpu(thumb: bool) -> CpuState {
        let mut cpu = CpuState::new();
        psr::write(&mut cpu, Mode::Usr as u32);
        cpu.set32(VBAR, 0x4000_8000);
        cpu.set32(PC, PC_VALUE + 4 + u32::from(thumb));
        cpu
    }

    #[test]
    fn link_registers_are_the_manuals() {
        let links = [[4, 2], [4, 2], [4, 4], [8, 8], [4, 4], [4, 4]];
        for (exception, offsets) in ALL.into_iter().zip(links) {
            for thumb in [false, true] {
                let mut cpu = cpu(thumb);
                take(&mut cpu, exception, u64::from(PC_VALUE | u32::from(thumb)));
                let expected = PC_VALUE + offsets[usize::from(thumb)];
                assert_eq!(cpu.get32(LR), expected, "{exception:?} thumb={thumb}");
                assert_eq!(cpu.get32(SPSR), Mode::Usr as u32 | if thumb { T } else { 0 });
            }
        }
    }

    #[test]
    fn modes_masks_and_vectors_are_the_manuals() {
        use Mode::*;
        let expected = [
            (Und, 0x04, I),
            (Svc, 0x08, I),
            (Abt, 0x0c, I | A),
            (Abt, 0x10, I | A),
            (Irq, 0x18, I | A),
            (Fiq, 0x1c, I | A | F),
        ];
        for (exception, (mode, offset, masks)) in ALL.into_iter().zip(expected) {
            let mut cpu = cpu(false);
            take(&mut cpu, exception, u64::from(PC_VALUE));
            assert_eq!(psr::read(&cpu), mode as u32 | masks, "{exception:?}");
            assert_eq!(cpu.get32(PC), 0x4000_8000 + offset);
        }
    }

    #[test]
    fn sctlr_chooses_vectors_instruction_set_and_endianness() {
        let mut cpu = cpu(false);
        cpu.set32(SCTLR, SCTLR_V | SCTLR_TE | SCTLR_EE);
        take(&mut cpu, Exception::Irq, u64::from(PC_VALUE));
        assert_eq!(cpu.get32(PC), 0xffff_0019);
        assert_eq!(psr::read(&cpu), Mode::Irq as u32 | I | A | T | E);
    }

    #[test]
    fn a_return_restores_everything() {
        let mut cpu = cpu(true);
        cpu.set32(ITSTATE, 0x58);
        let before = psr::read(&cpu);
        take(&mut cpu, Exception::Irq, u64::from(PC_VALUE));
        assert_eq!(cpu.get32(ITSTATE), 0);
        let (lr, spsr) = (cpu.get32(LR), cpu.get32(SPSR));
        return_to(&mut cpu, lr - 4, spsr);
        assert_eq!((psr::read(&cpu), cpu.get32(PC)), (before, PC_VALUE | 1));
    }
}

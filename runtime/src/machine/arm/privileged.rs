//! What the privileged instructions do (ARM DDI 0406, B9.3), but for coprocessor accesses ([`cp15`](super::cp15)).

use demotic_arm::state::{CF, LR, SPSR};
use demotic_ir::{CpuState, Fault, FaultKind, MemSize, Memory};

use super::decode::{Block, Operand, Privileged};
use super::exception;
use super::psr::{self, A, E, F, I, M, Mode};
use crate::machine::memory::MachineMemory;

/// How an instruction ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Done {
    /// Done; go on at the `pc` slot.
    Next,
    /// Undefined (here, or in this mode): nothing has changed.
    Undefined,
    /// An access to memory failed.
    Abort(Fault),
    /// The CPU waits for an interrupt.
    Wait,
}

impl From<Fault> for Done {
    fn from(fault: Fault) -> Done {
        Done::Abort(fault)
    }
}

/// The CPU and the memory that an instruction works on.
pub(super) struct Core<'a> {
    /// Registers.
    pub(super) cpu: &'a mut CpuState,
    /// Memory.
    pub(super) memory: &'a mut MachineMemory,
    /// Address of the instruction.
    pub(super) pc: u32,
}

impl Core<'_> {
    /// Executes an instruction that is not a coprocessor access.
    pub(super) fn execute(&mut self, insn: Privileged) -> Done {
        let result = match insn {
            Privileged::Mrs { spsr, rd } => self.mrs(spsr, rd),
            Privileged::Msr { spsr, mask, value } => self.msr(spsr, mask, value),
            Privileged::MrsBanked { spsr, sysm, rd } => self.mrs_banked(spsr, sysm, rd),
            Privileged::MsrBanked { spsr, sysm, rn } => self.msr_banked(spsr, sysm, rn),
            Privileged::Cps { enable, aif, mode } => self.cps(enable, aif, mode),
            Privileged::Rfe { block, rn } => self.rfe(block, rn),
            Privileged::Srs { block, mode } => self.srs(block, mode),
            Privileged::ReturnBy { opcode, rn, operand } => self.return_by(opcode, rn, operand),
            Privileged::LdmReturn { block, rn, list } => self.ldm_return(block, rn, list),
            Privileged::UserBlock { load: true, block, rn, list } => self.ldm_user(block, rn, list),
            Privileged::UserBlock { load: false, block, rn, list } => self.stm_user(block, rn, list),
            Privileged::Wfi => Ok(Done::Wait),
            Privileged::Mrc { .. } | Privileged::Mcr { .. } => Ok(Done::Undefined),
        };
        result.unwrap_or_else(Done::Abort)
    }

    fn mode(&self) -> Mode {
        Mode::current(self.cpu)
    }

    /// `R[n]`; R15 reads as the instruction's address plus 8.
    fn r(&self, n: u32) -> u32 {
        if n == 15 { self.pc.wrapping_add(8) } else { self.cpu.get32(self.mode().register(self.cpu, n)) }
    }

    fn set_r(&mut self, n: u32, value: u32) {
        let slot = self.mode().register(self.cpu, n);
        self.cpu.set32(slot, value);
    }

    fn aligned(addr: u32, access: demotic_ir::Access) -> Result<u64, Fault> {
        let addr = u64::from(addr);
        if addr & 3 != 0 {
            return Err(Fault { addr, access, kind: FaultKind::Misaligned });
        }
        Ok(addr)
    }

    /// `MemA[addr, 4]`.
    fn load(&mut self, addr: u32) -> Result<u32, Fault> {
        let addr = Self::aligned(addr, demotic_ir::Access::Load)?;
        let word = self.memory.load(addr, MemSize::B4)? as u32;
        Ok(if psr::read(self.cpu) & E != 0 { word.swap_bytes() } else { word })
    }

    /// `MemA[addr, 4] = word`.
    fn store(&mut self, addr: u32, word: u32) -> Result<(), Fault> {
        let addr = Self::aligned(addr, demotic_ir::Access::Store)?;
        let word = if psr::read(self.cpu) & E != 0 { word.swap_bytes() } else { word };
        self.memory.store(addr, MemSize::B4, u64::from(word))
    }

    fn mrs(&mut self, spsr: bool, rd: u32) -> Result<Done, Fault> {
        let value = match spsr {
            true if !self.mode().has_spsr() => return Ok(Done::Undefined),
            true => self.cpu.get32(SPSR),
            // The execution state bits read as zero; in User mode so do the masks and the mode (unknown in the manual).
            false if self.mode().privileged() => psr::read(self.cpu) & 0xf8ff_03df,
            false => psr::read(self.cpu) & 0xf80f_0210 | Mode::Usr as u32,
        };
        self.set_r(rd, value);
        Ok(Done::Next)
    }

    fn msr(&mut self, spsr: bool, mask: u32, value: Operand) -> Result<Done, Fault> {
        let value = self.operand(value);
        match spsr {
            true if !self.mode().has_spsr() => return Ok(Done::Undefined),
            true => psr::write_spsr(self.cpu, value, mask),
            false => psr::write_by_msr(self.cpu, value, mask),
        }
        Ok(Done::Next)
    }

    /// The slot that a banked-register field names.
    fn banked(&self, spsr: bool, sysm: u32) -> Option<demotic_ir::Slot> {
        let modes = [Mode::Irq, Mode::Svc, Mode::Abt, Mode::Und];
        let mode = modes.get((sysm as usize & 0xf) / 2).copied();
        match (spsr, sysm) {
            (true, 0x0e) => Some(Mode::Fiq.spsr(self.cpu)),
            (true, 0x10..=0x17) if sysm & 1 == 0 => Some(mode?.spsr(self.cpu)),
            (false, 0..=6) => Some(Mode::Usr.register(self.cpu, sysm + 8)),
            (false, 8..=14) => Some(Mode::Fiq.register(self.cpu, sysm)),
            (false, 0x10..=0x17) if sysm & 1 == 0 => Some(mode?.lr(self.cpu)),
            (false, 0x10..=0x17) => Some(mode?.sp(self.cpu)),
            _ => None,
        }
    }

    fn mrs_banked(&mut self, spsr: bool, sysm: u32, rd: u32) -> Result<Done, Fault> {
        let Some(slot) = self.banked(spsr, sysm).filter(|_| self.mode().privileged()) else {
            return Ok(Done::Undefined);
        };
        let value = self.cpu.get32(slot);
        self.set_r(rd, value);
        Ok(Done::Next)
    }

    fn msr_banked(&mut self, spsr: bool, sysm: u32, rn: u32) -> Result<Done, Fault> {
        let Some(slot) = self.banked(spsr, sysm).filter(|_| self.mode().privileged()) else {
            return Ok(Done::Undefined);
        };
        let value = self.r(rn);
        self.cpu.set32(slot, value);
        Ok(Done::Next)
    }

    fn cps(&mut self, enable: Option<bool>, aif: u32, mode: Option<u32>) -> Result<Done, Fault> {
        if !self.mode().privileged() {
            return Ok(Done::Next);
        }
        let mut value = psr::read(self.cpu);
        match enable {
            Some(true) => value &= !(aif & (A | I | F)),
            Some(false) => value |= aif & (A | I | F),
            None => {}
        }
        if let Some(mode) = mode {
            value = value & !M | mode;
        }
        psr::write(self.cpu, value);
        Ok(Done::Next)
    }

    fn rfe(&mut self, block: Block, rn: u32) -> Result<Done, Fault> {
        if !self.mode().privileged() {
            return Ok(Done::Undefined);
        }
        let (address, base) = block.range(self.r(rn), 2);
        let target = self.load(address)?;
        let psr = self.load(address.wrapping_add(4))?;
        if block.wback {
            self.set_r(rn, base);
        }
        exception::return_to(self.cpu, target, psr);
        Ok(Done::Next)
    }

    fn srs(&mut self, block: Block, mode: u32) -> Result<Done, Fault> {
        let Some(mode) = Mode::from_bits(mode).filter(|_| self.mode().has_spsr()) else {
            return Ok(Done::Undefined);
        };
        let sp = mode.sp(self.cpu);
        let (address, base) = block.range(self.cpu.get32(sp), 2);
        self.store(address, self.cpu.get32(LR))?;
        self.store(address.wrapping_add(4), self.cpu.get32(SPSR))?;
        if block.wback {
            self.cpu.set32(sp, base);
        }
        Ok(Done::Next)
    }

    fn return_by(&mut self, opcode: u32, rn: u32, operand: Operand) -> Result<Done, Fault> {
        if !self.mode().has_spsr() {
            return Ok(Done::Undefined);
        }
        let (a, b) = (self.r(rn), self.operand(operand));
        let c = self.cpu.get32(CF) & 1;
        let sum = |x: u32, y: u32, carry: u32| x.wrapping_add(y).wrapping_add(carry);
        let target = match opcode {
            0 => a & b,
            1 => a ^ b,
            2 => sum(a, !b, 1),
            3 => sum(!a, b, 1),
            4 => sum(a, b, 0),
            5 => sum(a, b, c),
            6 => sum(a, !b, c),
            7 => sum(!a, b, c),
            12 => a | b,
            13 => b,
            14 => a & !b,
            15 => !b,
            _ => return Ok(Done::Undefined),
        };
        exception::return_to(self.cpu, target, self.cpu.get32(SPSR));
        Ok(Done::Next)
    }

    fn ldm_return(&mut self, block: Block, rn: u32, list: u32) -> Result<Done, Fault> {
        if !self.mode().has_spsr() {
            return Ok(Done::Undefined);
        }
        let (values, base) = self.load_list(block, rn, list)?;
        if block.wback && list >> rn & 1 == 0 {
            self.set_r(rn, base);
        }
        for n in (0..15).filter(|n| list >> n & 1 != 0) {
            self.set_r(n, values[n as usize]);
        }
        exception::return_to(self.cpu, values[15], self.cpu.get32(SPSR));
        Ok(Done::Next)
    }

    fn ldm_user(&mut self, block: Block, rn: u32, list: u32) -> Result<Done, Fault> {
        if !self.mode().has_spsr() {
            return Ok(Done::Undefined);
        }
        let (values, _) = self.load_list(block, rn, list)?;
        for n in (0..15).filter(|n| list >> n & 1 != 0) {
            let slot = Mode::Usr.register(self.cpu, n);
            self.cpu.set32(slot, values[n as usize]);
        }
        Ok(Done::Next)
    }

    fn stm_user(&mut self, block: Block, rn: u32, list: u32) -> Result<Done, Fault> {
        if !self.mode().has_spsr() {
            return Ok(Done::Undefined);
        }
        let (mut address, _) = block.range(self.r(rn), list.count_ones());
        for n in (0..16).filter(|n| list >> n & 1 != 0) {
            let value = if n == 15 { self.r(15) } else { self.cpu.get32(Mode::Usr.register(self.cpu, n)) };
            self.store(address, value)?;
            address = address.wrapping_add(4);
        }
        Ok(Done::Next)
    }

    /// The words that an LDM loads, by register number, and the base's new value.
    fn load_list(&mut self, block: Block, rn: u32, list: u32) -> Result<([u32; 16], u32), Fault> {
        let (mut address, base) = block.range(self.r(rn), list.count_ones());
        let mut values = [0; 16];
        for (n, value) in values.iter_mut().enumerate() {
            if list >> n & 1 != 0 {
                *value = self.load(address)?;
                address = address.wrapping_add(4);
            }
        }
        Ok((values, base))
    }

    fn operand(&self, operand: Operand) -> u32 {
        match operand {
            Operand::Imm(imm) => imm,
            Operand::Reg { rm, shift, amount } => self.shift_by_imm(self.r(rm), shift, amount),
            Operand::RegByReg { rm, shift, rs } => shift_by(self.r(rm), shift, self.r(rs) & 0xff),
        }
    }

    /// `Shift(value, DecodeImmShift(shift, amount), APSR.C)`.
    fn shift_by_imm(&self, value: u32, shift: u32, amount: u32) -> u32 {
        match (shift, amount) {
            (0, _) => value << amount,
            (3, 0) => value >> 1 | (self.cpu.get32(CF) & 1) << 31,
            (_, 0) => shift_by(value, shift, 32),
            _ => shift_by(value, shift, amount),
        }
    }
}

/// LSL, LSR, ASR or ROR by any amount.
fn shift_by(value: u32, shift: u32, amount: u32) -> u32 {
    match shift {
        0 => value.checked_shl(amount).unwrap_or(0),
        1 => value.checked_shr(amount).unwrap_or(0),
        2 => (value as i32 >> amount.min(31)) as u32,
        _ => value.rotate_right(amount % 32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::arm::tests::memory;
    use demotic_arm::state::{CPSR_LOW, PC, R, SP};
    use demotic_ir::Slot;

    const RAM: u32 = 0x4000_0000;
    const IA: Block = Block { before: false, up: true, wback: true };
    const DB: Block = Block { before: true, up: false, wback: true };

    struct Bench {
        cpu: CpuState,
        memory: MachineMemory,
    }

    impl Bench {
        fn new(mode: Mode) -> Bench {
            let mut cpu = CpuState::new();
            cpu.set32(CPSR_LOW, mode as u32 | I);
            cpu.set32(PC, RAM + 4);
            Bench { cpu, memory: memory() }
        }
        fn run(&mut self, insn: Privileged) -> Done {
            Core { cpu: &mut self.cpu, memory: &mut self.memory, pc: RAM }.execute(insn)
        }
        fn set(mut self, slot: Slot, value: u32) -> Bench {
            self.cpu.set32(slot, value);
            self
        }
        fn word(&mut self, addr: u32) -> u32 {
            self.memory.load(u64::from(addr), MemSize::B4).unwrap() as u32
        }
        fn put(&mut self, addr: u32, word: u32) {
            self.memory.store(u64::from(addr), MemSize::B4, u64::from(word)).unwrap();
        }
    }

    #[test]
    fn srs_and_rfe_are_each_others_inverse() {
        let mut bench = Bench::new(Mode::Irq).set(LR, 0x4000_1234).set(SPSR, 0x6000_0030);
        let svc_sp = Mode::Svc.sp(&bench.cpu);
        bench.cpu.set32(svc_sp, RAM + 0x100);
        assert_eq!(bench.run(Privileged::Srs { block: DB, mode: 0x13 }), Done::Next);
        assert_eq!((bench.word(RAM + 0xf8), bench.word(RAM + 0xfc)), (0x4000_1234, 0x6000_0030));
        assert_eq!(bench.run(Privileged::Cps { enable: None, aif: 0, mode: Some(0x13) }), Done::Next);
        assert_eq!(bench.cpu.get32(SP), RAM + 0xf8);
        assert_eq!(bench.run(Privileged::Rfe { block: IA, rn: 13 }), Done::Next);
        assert_eq!((psr::read(&bench.cpu), bench.cpu.get32(PC)), (0x6000_0030, 0x4000_1235));
        assert_eq!(bench.cpu.get32(Mode::Svc.sp(&bench.cpu)), RAM + 0x100);
    }

    #[test]
    fn subs_pc_lr_returns() {
        let mut bench = Bench::new(Mode::Irq).set(LR, RAM + 0x44).set(SPSR, 0x8000_001f);
        let insn = Privileged::ReturnBy { opcode: 2, rn: 14, operand: Operand::Imm(4) };
        assert_eq!(bench.run(insn), Done::Next);
        assert_eq!((psr::read(&bench.cpu), bench.cpu.get32(PC)), (0x8000_001f, RAM + 0x40));
        assert_eq!(bench.run(insn), Done::Undefined, "System mode has no SPSR");
    }

    #[test]
    fn ldm_with_pc_returns_and_loads_the_old_modes_registers() {
        let mut bench = Bench::new(Mode::Svc).set(SP, RAM + 0x20).set(SPSR, Mode::Usr as u32);
        bench.put(RAM + 0x20, 7);
        bench.put(RAM + 0x24, RAM + 0x80);
        assert_eq!(bench.run(Privileged::LdmReturn { block: IA, rn: 13, list: 0x8001 }), Done::Next);
        assert_eq!((bench.cpu.get32(R), bench.cpu.get32(PC)), (7, RAM + 0x80));
        assert_eq!(Mode::current(&bench.cpu), Mode::Usr);
        assert_eq!(bench.cpu.get32(Mode::Svc.sp(&bench.cpu)), RAM + 0x28);
    }

    #[test]
    fn user_registers_can_be_stored_and_loaded_from_outside() {
        let mut bench = Bench::new(Mode::Svc).set(R, RAM + 0x40).set(SP, 1).set(LR, 2);
        let (sp, lr) = (Mode::Usr.sp(&bench.cpu), Mode::Usr.lr(&bench.cpu));
        bench.cpu.set32(sp, 0x111);
        bench.cpu.set32(lr, 0x222);
        let block = Block { wback: false, ..IA };
        assert_eq!(bench.run(Privileged::UserBlock { load: false, block, rn: 0, list: 0x6000 }), Done::Next);
        assert_eq!((bench.word(RAM + 0x40), bench.word(RAM + 0x44)), (0x111, 0x222));
        bench.put(RAM + 0x40, 0x333);
        assert_eq!(bench.run(Privileged::UserBlock { load: true, block, rn: 0, list: 0x6000 }), Done::Next);
        assert_eq!((bench.cpu.get32(sp), bench.cpu.get32(SP)), (0x333, 1));
    }

    #[test]
    fn banked_registers_by_number() {
        let mut bench = Bench::new(Mode::Svc).set(R.nth(1), 0xabc);
        for (sysm, slot) in [
            (0x11, Mode::Irq.sp(&bench.cpu)),
            (0x10, Mode::Irq.lr(&bench.cpu)),
            (0x17, Mode::Und.sp(&bench.cpu)),
            (0x05, Mode::Usr.sp(&bench.cpu)),
            (0x0d, Mode::Fiq.sp(&bench.cpu)),
            (0x08, Mode::Fiq.register(&bench.cpu, 8)),
        ] {
            assert_eq!(bench.run(Privileged::MsrBanked { spsr: false, sysm, rn: 1 }), Done::Next);
            assert_eq!(bench.cpu.get32(slot), 0xabc, "{sysm:#x}");
            assert_eq!(bench.run(Privileged::MrsBanked { spsr: false, sysm, rd: 2 }), Done::Next);
            assert_eq!(bench.cpu.get32(R.nth(2)), 0xabc);
            bench.cpu.set32(slot, 0);
        }
        assert_eq!(bench.run(Privileged::MsrBanked { spsr: true, sysm: 0x14, rn: 1 }), Done::Next);
        assert_eq!(bench.cpu.get32(Mode::Abt.spsr(&bench.cpu)), 0xabc);
        assert_eq!(bench.run(Privileged::MrsBanked { spsr: false, sysm: 0x1f, rd: 2 }), Done::Undefined);
    }

    #[test]
    fn users_may_not() {
        let mut bench = Bench::new(Mode::Usr).set(SP, RAM);
        let before = psr::read(&bench.cpu);
        for insn in [
            Privileged::Rfe { block: IA, rn: 13 },
            Privileged::Srs { block: DB, mode: 0x13 },
            Privileged::MrsBanked { spsr: false, sysm: 0x10, rd: 0 },
            Privileged::LdmReturn { block: IA, rn: 13, list: 0x8000 },
        ] {
            assert_eq!(bench.run(insn), Done::Undefined);
        }
        assert_eq!(bench.run(Privileged::Cps { enable: Some(true), aif: I, mode: Some(0x13) }), Done::Next);
        assert_eq!(psr::read(&bench.cpu), before, "CPS does nothing in User mode");
    }

    #[test]
    fn a_failing_access_is_an_abort_and_changes_nothing() {
        let mut bench = Bench::new(Mode::Svc).set(SP, 0x5000_0000);
        assert!(matches!(bench.run(Privileged::Rfe { block: IA, rn: 13 }), Done::Abort(_)));
        assert_eq!(bench.cpu.get32(SP), 0x5000_0000);
        let mut bench = Bench::new(Mode::Svc).set(SP, RAM + 2);
        let done = bench.run(Privileged::Rfe { block: IA, rn: 13 });
        assert!(matches!(done, Done::Abort(Fault { kind: FaultKind::Misaligned, .. })));
    }
}

//! The register sets that debuggers read and write, as the kernel's `ptrace` and core files lay them out.

use demotic_ir::CpuState;

use super::{Encoder, GuestAbi};

/// A set of registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RegisterSet {
    /// General registers as core files have them (`NT_PRSTATUS`).
    General,
    /// General registers as `PTRACE_GETREGS` has them.
    User,
    /// Floating point: `NT_PRFPREG`, `PTRACE_GETFPREGS`.
    Float,
    /// `NT_ARM_VFP`, `PTRACE_GETVFPREGS`.
    Vfp,
}

/// Registers at a stop, with what the kernel keeps beside them.
#[derive(Clone, Copy)]
pub(crate) struct Stopped<'a> {
    /// The registers.
    pub(crate) cpu: &'a CpuState,
    /// The first argument of the system call in progress; -1 outside of calls.
    pub(crate) original: u32,
}

impl dyn GuestAbi + '_ {
    /// Changes the bytes of a register set from `at` on, as far as there are any; false if there is no such set.
    pub(crate) fn overwrite_registers(
        &self,
        cpu: &mut CpuState,
        set: RegisterSet,
        at: usize,
        new: &[u8],
    ) -> bool {
        let Some(old) = self.registers(Stopped { cpu, original: u32::MAX }, set) else { return false };
        let mut bytes = old.as_bytes().to_vec();
        let Some(changed) = bytes.get_mut(at..) else { return true };
        changed.iter_mut().zip(new).for_each(|(byte, &new)| *byte = new);
        self.set_registers(cpu, set, &Words { bytes: &bytes, big: self.is_big() });
        true
    }
}

/// The registers in a set that is whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words<'a> {
    bytes: &'a [u8],
    big: bool,
}

impl Words<'_> {
    /// The 32 bits at byte offset `at`.
    pub(super) fn word(&self, at: usize) -> u32 {
        super::word(self.bytes, at, self.big)
    }
    /// The 64 bits at byte offset `at`.
    pub(super) fn double(&self, at: usize) -> u64 {
        let (first, second) = (u64::from(self.word(at)), u64::from(self.word(at + 4)));
        if self.big { first << 32 | second } else { second << 32 | first }
    }
}

/// ARM: `struct pt_regs`, `struct user_fp`, `struct user_vfp`.
pub(super) mod arm {
    use demotic_arm::state as st;

    use super::super::arm_frame::{cpsr, set_cpsr};
    use super::{CpuState, Encoder, RegisterSet, Stopped, Words};

    const REGISTERS: u32 = 15;
    /// Bytes of `struct user_fp`: registers of a coprocessor that nobody has.
    const FPA: usize = 116;
    const NZCV: u32 = 0xf000_0000;

    pub(in super::super) fn get(stopped: Stopped<'_>, set: RegisterSet) -> Encoder {
        let Stopped { cpu, original } = stopped;
        let mut e = Encoder::new(false);
        match set {
            RegisterSet::General | RegisterSet::User => {
                (0..REGISTERS).for_each(|n| {
                    e.u32(cpu.get32(st::R.nth(n)));
                });
                e.u32(cpu.get32(st::PC) & !1).u32(cpsr(cpu)).u32(original);
            }
            RegisterSet::Float => {
                e.pad_to(FPA);
            }
            RegisterSet::Vfp => {
                (0..32).for_each(|n| {
                    e.u64(cpu.get(st::D.nth(n)));
                });
                e.u32(cpu.get32(st::FPSCR) | cpu.get32(st::FPSCR_NZCV));
            }
        }
        e
    }

    pub(in super::super) fn set(cpu: &mut CpuState, set: RegisterSet, words: &Words<'_>) {
        match set {
            RegisterSet::General | RegisterSet::User => {
                (0..REGISTERS).for_each(|n| cpu.set32(st::R.nth(n), words.word(4 * n as usize)));
                cpu.set32(st::PC, words.word(60) & !1);
                set_cpsr(cpu, words.word(64));
            }
            RegisterSet::Float => {}
            RegisterSet::Vfp => {
                (0..32).for_each(|n| cpu.set(st::D.nth(n), words.double(8 * n as usize)));
                let fpscr = words.word(256);
                cpu.set32(st::FPSCR, fpscr & !NZCV);
                cpu.set32(st::FPSCR_NZCV, fpscr & NZCV);
            }
        }
    }
}

/// MIPS o32: `elf_gregset_t` of 45 words, `struct pt_regs` of 38 doublewords, floating-point registers of 64 bits.
pub(super) mod mips {
    use demotic_mips::state as st;

    use super::{CpuState, Encoder, RegisterSet, Stopped, Words};

    /// Words before the first register in core files (`MIPS32_EF_R0`), and in all.
    const CORE_R0: usize = 6;
    const CORE_WORDS: usize = 45;
    /// What follows the registers: LO, HI, EPC, BADVADDR, STATUS, CAUSE.
    const LO: usize = 32;
    const HI: usize = 33;
    const EPC: usize = 34;
    /// Places in what `PTRACE_PEEKUSR` reads (asm/ptrace.h).
    const USER_FPR: u32 = 32;
    const USER_PC: u32 = 64;
    const USER_CAUSE: u32 = 65;
    const USER_BADVADDR: u32 = 66;
    const USER_HI: u32 = 67;
    const USER_LO: u32 = 68;
    const USER_FCSR: u32 = 69;
    const USER_FIR: u32 = 70;
    /// Floating point of 64 bits: single, double, word and long formats (FIR).
    const FIR: u32 = 0x0073_0000;

    /// The general registers and those that follow them.
    fn general(cpu: &CpuState) -> [u32; 38] {
        let mut all = [0; 38];
        for (n, value) in all.iter_mut().enumerate().take(32).skip(1) {
            *value = cpu.get32(st::R.nth(n as u32));
        }
        let hilo = cpu.get(st::HILO);
        (all[LO], all[HI]) = (hilo as u32, (hilo >> 32) as u32);
        all[EPC..].copy_from_slice(&[cpu.get32(st::PC), 0, cpu.get32(st::STATUS), 0]);
        all
    }

    pub(in super::super) fn get(big: bool, stopped: Stopped<'_>, set: RegisterSet) -> Option<Encoder> {
        let cpu = stopped.cpu;
        let mut e = Encoder::new(big);
        match set {
            RegisterSet::General => {
                e.pad_to(4 * CORE_R0);
                general(cpu).into_iter().for_each(|value| {
                    e.u32(value);
                });
                e.pad_to(4 * CORE_WORDS);
            }
            RegisterSet::User => general(cpu).into_iter().for_each(|value| {
                e.u64(i64::from(value as i32) as u64);
            }),
            RegisterSet::Float => {
                (0..32).for_each(|n| {
                    e.u64(cpu.get(st::F.nth(n)));
                });
                e.u32(st::fcsr(cpu)).u32(FIR);
            }
            RegisterSet::Vfp => return None,
        }
        Some(e)
    }

    pub(in super::super) fn set(cpu: &mut CpuState, set: RegisterSet, words: &Words<'_>) {
        let general = |n: usize| match set {
            RegisterSet::User => words.double(8 * n) as u32,
            _ => words.word(4 * (CORE_R0 + n)),
        };
        if set == RegisterSet::Float {
            (0..32).for_each(|n| cpu.set(st::F.nth(n), words.double(8 * n as usize)));
            return st::set_fcsr(cpu, words.word(256));
        }
        (1..32).for_each(|n| cpu.set32(st::R.nth(n), general(n as usize)));
        cpu.set(st::HILO, u64::from(general(HI)) << 32 | u64::from(general(LO)));
        cpu.set32(st::PC, general(EPC));
    }

    /// The register at a place of `PTRACE_PEEKUSR`.
    pub(in super::super) fn user_word(cpu: &CpuState, place: u32) -> Option<u32> {
        let hilo = cpu.get(st::HILO);
        Some(match place {
            0 => 0,
            1..USER_FPR => cpu.get32(st::R.nth(place)),
            USER_FPR..USER_PC => float_word(cpu, place - USER_FPR),
            USER_PC => cpu.get32(st::PC),
            USER_CAUSE | USER_BADVADDR => 0,
            USER_HI => (hilo >> 32) as u32,
            USER_LO => hilo as u32,
            USER_FCSR => st::fcsr(cpu),
            USER_FIR => FIR,
            _ => return None,
        })
    }

    /// Changes the register at a place of `PTRACE_POKEUSR`; false if there is none, or it cannot be changed.
    pub(in super::super) fn set_user_word(cpu: &mut CpuState, place: u32, value: u32) -> bool {
        let hilo = cpu.get(st::HILO);
        match place {
            0 => {}
            1..USER_FPR => cpu.set32(st::R.nth(place), value),
            USER_FPR..USER_PC => set_float_word(cpu, place - USER_FPR, value),
            USER_PC => cpu.set32(st::PC, value),
            USER_HI => cpu.set(st::HILO, u64::from(value) << 32 | hilo & 0xffff_ffff),
            USER_LO => cpu.set(st::HILO, hilo & !0xffff_ffff | u64::from(value)),
            USER_FCSR => st::set_fcsr(cpu, value),
            _ => return false,
        }
        true
    }

    /// Where registers are paired, the odd ones are the upper halves of the even ones.
    fn pair(cpu: &CpuState, n: u32) -> (u32, u32) {
        const STATUS_FR: u32 = 1 << 26;
        if cpu.get32(st::STATUS) & STATUS_FR != 0 { (n, 0) } else { (n & !1, 32 * (n & 1)) }
    }

    fn float_word(cpu: &CpuState, n: u32) -> u32 {
        let (register, shift) = pair(cpu, n);
        (cpu.get(st::F.nth(register)) >> shift) as u32
    }

    fn set_float_word(cpu: &mut CpuState, n: u32, value: u32) {
        let (register, shift) = pair(cpu, n);
        let old = cpu.get(st::F.nth(register));
        cpu.set(st::F.nth(register), old & !(0xffff_ffff << shift) | u64::from(value) << shift);
    }
}

#[cfg(test)]
mod tests {
    use super::super::by_audit_arch;
    use super::*;

    /// Sizes of elf_gregset_t, struct pt_regs and their like in the guests' own headers.
    #[test]
    fn sets_have_the_kernels_sizes_and_round_trip() {
        const ARM: u32 = 0x4000_0028;
        const MIPS: u32 = 8;
        const MIPSEL: u32 = 0x4000_0008;
        let sizes = [
            (ARM, [Some(72), Some(72), Some(116), Some(260)]),
            (MIPS, [Some(180), Some(304), Some(264), None]),
            (MIPSEL, [Some(180), Some(304), Some(264), None]),
        ];
        for (arch, sizes) in sizes {
            let abi = by_audit_arch(arch).unwrap();
            let sets = [RegisterSet::General, RegisterSet::User, RegisterSet::Float, RegisterSet::Vfp];
            for (set, size) in sets.into_iter().zip(sizes) {
                let mut cpu = CpuState::new();
                let found = abi.registers(Stopped { cpu: &cpu, original: 0 }, set);
                assert_eq!(found.map(|e| e.as_bytes().len()), size);
                let Some(size) = size else { continue };
                let image: Vec<u8> = (0..size).map(|at| if at % 4 == 0 { at as u8 } else { 0 }).collect();
                assert!(abi.overwrite_registers(&mut cpu, set, 0, &image));
                let once = abi.registers(Stopped { cpu: &cpu, original: 0 }, set).unwrap();
                assert!(abi.overwrite_registers(&mut cpu, set, 0, once.as_bytes()));
                let twice = abi.registers(Stopped { cpu: &cpu, original: 0 }, set).unwrap();
                assert_eq!(once.as_bytes(), twice.as_bytes());
            }
        }
    }
}

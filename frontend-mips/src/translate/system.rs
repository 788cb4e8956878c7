//! What user programs may ask of the system: hardware registers and cache synchronisation.

use demotic_ir::Type::I32;
use demotic_ir::{Trap, Value};

use super::{Lifter, Personality, mode};
use crate::config::Release;
use crate::cp0::{CC, LINE};
use crate::decode::args;
use crate::state::{HWRENA, SCRATCH, USER_LOCAL};

impl Lifter<'_> {
    pub(super) fn rdhwr(&mut self, a: args::Rdhwr) {
        self.read_hardware_register(a.rt, a.rd, 0);
    }

    pub(super) fn rdhwr_sel(&mut self, a: args::RdhwrSel) {
        self.read_hardware_register(a.rt, a.rd, a.sel);
    }

    /// GPR[rt] ← hardware register `rd`, select `sel`.
    fn read_hardware_register(&mut self, rt: u32, rd: u32, sel: u32) {
        self.check_hardware_register(rd);
        let value = match rd {
            // PerfCtr: counters that do not count, each with its control register.
            4 if self.config.release >= Release::R6 => self.b.i32(0),
            _ if sel != 0 => return self.reserved(),
            // CPUNum.
            0 => self.b.i32(0),
            // SYNCI_Step.
            1 => self.b.i32(LINE),
            CC => return self.privileged(),
            // CCRes: the counter is incremented every other cycle.
            3 => self.b.i32(2),
            // XNP: LLWP and SCWP are there.
            5 if self.config.release >= Release::R6 => self.b.i32(0),
            29 => self.b.get32(USER_LOCAL),
            _ => return self.reserved(),
        };
        self.set_gpr(rt, value);
    }

    /// Reserved Instruction exception if the machine's kernel has not let user mode have the register.
    fn check_hardware_register(&mut self, rd: u32) {
        if self.config.personality == Personality::Linux || self.mode & mode::KERNEL != 0 {
            return;
        }
        let (hwrena, bit) = (self.b.get32(HWRENA), self.b.i32(1 << rd));
        let enabled = self.b.and(I32, hwrena, bit);
        let zero = self.b.i32(0);
        let disabled = self.b.icmp(I32, enabled, zero, demotic_ir::IntCc::Eq);
        self.trap_if(disabled, Trap::Undefined { word: self.word });
    }

    pub(super) fn synci(&mut self, a: args::Synci) {
        let addr = self.address(a.base, a.offset);
        self.flush_line(addr);
    }

    /// Makes the line at `addr` be fetched anew.
    pub(super) fn flush_line(&mut self, addr: Value) {
        let mask = self.b.i32(!(LINE - 1));
        let start = self.b.and(I32, addr, mask);
        let len = self.b.i32(LINE);
        self.flush(start, len);
    }

    /// Makes `len` bytes of code at `start` be fetched anew.
    pub(super) fn flush(&mut self, start: Value, len: Value) {
        self.b.put32(SCRATCH[0], start);
        self.b.put32(SCRATCH[1], len);
        self.trap(Trap::CacheFlush);
    }
}

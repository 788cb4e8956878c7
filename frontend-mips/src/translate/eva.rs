//! Enhanced virtual addressing: loads and stores of a kernel in the address space of its programs. These methods run only
//! where coprocessor 0 may be used.
//!
//! Programs have kuseg, and a kernel sees it as they do (MIPS32 volume III, segments without programmable
//! segmentation). So each is the plain instruction, behind a check that the address is a program's.

use demotic_ir::Type::I32;
use demotic_ir::{IntCc, Trap};

use super::{Lifter, displacement9};
use crate::decode::args;

/// Where kuseg ends.
const KUSEG_END: u32 = 0x8000_0000;

/// `method Arguments: plain method, its Arguments`.
macro_rules! as_program {
    ($($method:ident $Args:ident: $plain:ident $Plain:ident;)*) => {
        impl Lifter<'_> {
            $(pub(super) fn $method(&mut self, a: args::$Args) {
                let disp = displacement9(a.offset);
                self.check_program_address(a.base, disp);
                self.$plain(args::$Plain { base: a.base, rt: a.rt, offset: disp as u16 as u32 });
            })*
        }
    };
}

as_program! {
    lbe Lbe: lb Lb;
    lbue Lbue: lbu Lbu;
    lhe Lhe: lh Lh;
    lhue Lhue: lhu Lhu;
    lwe Lwe: lw Lw;
    lwle Lwle: lwl Lwl;
    lwre Lwre: lwr Lwr;
    sbe Sbe: sb Sb;
    she She: sh Sh;
    swe Swe: sw Sw;
    swle Swle: swl Swl;
    swre Swre: swr Swr;
    lle Lle: ll Ll;
    sce Sce: sc Sc;
}

impl Lifter<'_> {
    pub(super) fn llwpe(&mut self, a: args::Llwpe) {
        self.check_program_address(a.base, 0);
        self.llwp(args::Llwp { base: a.base, rt: a.rt, rd: a.rd });
    }

    pub(super) fn scwpe(&mut self, a: args::Scwpe) {
        self.check_program_address(a.base, 0);
        self.scwp(args::Scwp { base: a.base, rt: a.rt, rd: a.rd });
    }

    pub(super) fn cachee(&mut self, a: args::Cachee) {
        let disp = displacement9(a.offset);
        self.check_program_address(a.base, disp);
        self.cache_operation(a.op, a.base, disp);
    }

    /// A hint that has no effect.
    pub(super) fn prefe(&mut self, _: args::Prefe) {}

    /// Leaves an address that programs do not have to the hypervisor, which raises the address error.
    fn check_program_address(&mut self, base: u32, disp: i32) {
        let addr = self.displaced(base, disp);
        let end = self.b.i32(KUSEG_END);
        let outside = self.b.icmp(I32, addr, end, IntCc::Uge);
        self.trap_if(outside, Trap::Privileged { word: self.word });
    }
}

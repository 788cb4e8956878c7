//! [`ArmGuest`]: ARM as the engines see it.

use demotic_ir::{
    Block, CodeSource, CpuState, GuestArch, Helper, LiftOptions, Loc, NanRule, StateLayout, Trap,
    VectorHelper,
};

use crate::a32;
use crate::asimd::VECTOR_HELPERS;
use crate::config::ArmConfig;
use crate::helpers::HELPERS;
use crate::lifter::Lifter;
use crate::mode::Mode;
use crate::state;
use crate::t32;

/// An ARM guest architecture.
#[derive(Debug)]
pub struct ArmGuest {
    config: ArmConfig,
    layout: StateLayout,
}

impl ArmGuest {
    /// ARM as configured.
    pub fn new(config: ArmConfig) -> ArmGuest {
        ArmGuest { config, layout: state::layout() }
    }

    /// The configuration.
    pub fn config(&self) -> ArmConfig {
        self.config
    }

    /// The configuration for the code at `loc`. The Linux kernel's page of user helpers may use what the processor has not:
    /// before ARMv6 the real one does there what needs the kernel's help to be atomic.
    fn config_at(&self, loc: Loc) -> ArmConfig {
        const HELPERS: u64 = 0xffff_0000;
        if !self.config.machine() && loc.pc >= HELPERS { ArmConfig::default() } else { self.config }
    }
}

impl GuestArch for ArmGuest {
    fn name(&self) -> &'static str {
        "arm"
    }

    fn layout(&self) -> &StateLayout {
        &self.layout
    }

    fn helpers(&self) -> &'static [Helper] {
        HELPERS
    }

    fn vector_helpers(&self) -> &'static [VectorHelper] {
        VECTOR_HELPERS
    }

    fn nan_rule(&self) -> NanRule {
        NanRule::Arm
    }

    fn lift(&self, loc: Loc, code: &dyn CodeSource, options: LiftOptions) -> Block {
        let l = Lifter::new(loc, code, self.config_at(loc));
        if loc.pc & 1 != 0 { t32::lift(l, options) } else { lift_a32(l, options) }
    }

    fn mode(&self, state: &CpuState) -> u32 {
        Mode::of(state, self.config.machine()).0
    }

    fn disassemble(&self, loc: Loc, code: &dyn CodeSource) -> (String, u8) {
        if loc.pc & 1 != 0 {
            return t32::disassemble_at(loc.pc & !1, Mode(loc.mode), code, self.config.thumb2());
        }
        match fetch_a32(code, loc.pc) {
            Some(word) => {
                let text = a32::disasm::disassemble(word, loc.pc as u32);
                (text.unwrap_or_else(|| format!("udf {word:#010x}")), 4)
            }
            None => ("(unreadable)".into(), 4),
        }
    }

    fn code_address(&self, pc: u64) -> u64 {
        pc & !1
    }
}

/// Instructions are little-endian in every data endianness.
fn fetch_a32(code: &dyn CodeSource, address: u64) -> Option<u32> {
    let mut bytes = [0; 4];
    code.fetch(address, &mut bytes).then(|| u32::from_le_bytes(bytes))
}

fn lift_a32(mut l: Lifter<'_>, options: LiftOptions) -> Block {
    if l.next_address() & 3 != 0 {
        l.trap(Trap::Misaligned);
    }
    while !l.done() {
        let count = l.b.insn_count();
        if count > 0 && count >= options.max_insns {
            l.jump(l.next_target());
            break;
        }
        match fetch_a32(l.code(), l.next_address()) {
            Some(word) => a32::lift_insn(&mut l, word),
            None if count == 0 => l.trap(Trap::Fetch),
            None => l.jump(l.next_target()),
        }
    }
    l.finish()
}

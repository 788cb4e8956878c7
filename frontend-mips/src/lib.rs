//! MIPS32 decoders and lifters.
//!
//! [`MipsGuest`] is what an engine is given. Encodings are in `tables/`, generated code in [`decode`], the lifters, by
//! the manual's instruction classes, in `translate`.
#![forbid(unsafe_code)]

pub mod config;
pub mod cp0;
pub mod cpu;
pub mod decode;
pub mod delay_slot;
mod disasm;
pub mod encoding;
mod helpers;
pub mod micromips;
pub mod mips16e;
pub mod mode;
pub mod state;
mod translate;
pub mod traps;

pub use config::{Ases, MipsConfig, Personality, Release};
pub use disasm::disassemble;
pub use encoding::Encoding;

use demotic_ir::{
    Block, CodeSource, CpuState, GuestArch, Helper, LiftOptions, Loc, NanRule, StateLayout, VectorHelper,
};

/// A MIPS32 guest.
#[derive(Debug)]
pub struct MipsGuest {
    config: MipsConfig,
    layout: StateLayout,
}

impl MipsGuest {
    /// A guest of the given variant.
    pub fn new(config: MipsConfig) -> MipsGuest {
        MipsGuest { config, layout: state::layout() }
    }

    /// Its variant.
    pub fn config(&self) -> &MipsConfig {
        &self.config
    }
}

impl GuestArch for MipsGuest {
    fn name(&self) -> &'static str {
        if self.config.big_endian { "mips" } else { "mipsel" }
    }

    fn layout(&self) -> &StateLayout {
        &self.layout
    }

    fn helpers(&self) -> &'static [Helper] {
        helpers::HELPERS
    }

    fn settle(&self, state: &mut CpuState) {
        state::settle(state);
    }

    fn vector_helpers(&self) -> &'static [VectorHelper] {
        helpers::VECTOR_HELPERS
    }

    fn nan_rule(&self) -> NanRule {
        if self.config.nan2008 { NanRule::Mips2008 } else { NanRule::MipsLegacy }
    }

    fn lift(&self, loc: Loc, code: &dyn CodeSource, options: LiftOptions) -> Block {
        translate::lift(&self.config, loc, code, options)
    }

    fn mode(&self, state: &CpuState) -> u32 {
        mode::of(&self.config, state)
    }

    fn disassemble(&self, loc: Loc, code: &dyn CodeSource) -> (String, u8) {
        let encoding = Encoding::of(&self.config, loc.pc);
        let pc = encoding.address(loc.pc);
        match encoding.fetch(&self.config, code, pc) {
            Some(insn) => (encoding.disassemble(&self.config, insn, pc), insn.len as u8),
            None => ("(unreadable)".to_string(), encoding.unit() as u8),
        }
    }

    fn code_address(&self, pc: u64) -> u64 {
        pc & !1
    }
}

//! MIPS32 decoders and lifters.
//!
//! [`MipsGuest`] is what an engine is given. Encodings are in `tables/`, generated code in [`decode`], the lifters, by
//! the manual's instruction classes, in `translate`.
#![forbid(unsafe_code)]

pub mod config;
pub mod cp0;
pub mod decode;
pub mod delay_slot;
mod disasm;
mod helpers;
pub mod mode;
pub mod state;
mod translate;
pub mod traps;

pub use config::{Ases, MipsConfig, Personality, Release};
pub use disasm::disassemble;

use demotic_ir::{Block, CodeSource, CpuState, GuestArch, Helper, LiftOptions, Loc, NanRule, StateLayout};

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
        let pc = self.code_address(loc.pc) as u32;
        match fetch(&self.config, code, pc) {
            Some(word) => (disassemble(self.config.set(), word, pc), 4),
            None => ("(unreadable)".to_string(), 4),
        }
    }

    fn code_address(&self, pc: u64) -> u64 {
        pc & !1
    }
}

/// The instruction word at `pc`, if it can be fetched.
fn fetch(config: &MipsConfig, code: &dyn CodeSource, pc: u32) -> Option<u32> {
    let mut bytes = [0; 4];
    code.fetch(u64::from(pc), &mut bytes).then(|| match config.big_endian {
        true => u32::from_be_bytes(bytes),
        false => u32::from_le_bytes(bytes),
    })
}

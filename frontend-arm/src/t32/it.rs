//! ITSTATE: which of the next instructions an IT instruction has made conditional.

/// The IT bits of the CPSR: the condition of the next instruction in bits 7 to 4, how many follow in bits 3 to 0; 0
/// outside an IT block.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ItState(pub u8);

/// The condition "always".
const ALWAYS: u32 = 14;

impl ItState {
    /// Outside an IT block.
    pub const NONE: ItState = ItState(0);

    /// The state after an IT instruction with these fields.
    pub const fn begin(firstcond: u32, mask: u32) -> ItState {
        ItState((firstcond << 4 | mask) as u8)
    }

    /// Whether the next instruction is in an IT block.
    pub const fn in_block(self) -> bool {
        self.0 & 0xf != 0
    }

    /// Whether the next instruction is the last of its IT block.
    pub const fn is_last(self) -> bool {
        self.0 & 0xf == 8
    }

    /// The condition of the next instruction.
    pub const fn cond(self) -> u32 {
        if self.in_block() { self.0 as u32 >> 4 } else { ALWAYS }
    }

    /// The state after the next instruction.
    pub const fn advance(self) -> ItState {
        if self.0 & 7 == 0 { ItState::NONE } else { ItState(self.0 & 0xe0 | self.0 << 1 & 0x1f) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ittee_ne_gives_two_ne_and_two_eq() {
        let mut it = ItState::begin(1, 0b1001);
        let mut conds = Vec::new();
        while it.in_block() {
            conds.push((it.cond(), it.is_last()));
            it = it.advance();
        }
        assert_eq!(conds, [(1, false), (1, false), (0, false), (0, true)]);
        assert_eq!((it, it.cond()), (ItState::NONE, 14));
    }
}

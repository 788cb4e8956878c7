//! Lifts blocks of T32 code, instruction by instruction, through IT blocks.

use demotic_ir::{Block, CodeSource, Exit, LiftOptions, Trap, Type};

use super::narrow::{self, Outcome};
use super::{ItState, Narrow, Wide, wide};
use crate::asimd;
use crate::lifter::Lifter;
use crate::vfp;

/// The most instructions in an IT block, with the IT instruction.
const IT_BLOCK: usize = 5;

/// The instruction at `address` and its length; `None` when it cannot be fetched. Instructions are little-endian
/// halfwords in every data endianness. Without 32-bit instructions (`thumb2`) the two halves of BL and BLX are taken for
/// one where they follow each other.
pub(crate) fn fetch(code: &dyn CodeSource, address: u64, thumb2: bool) -> Option<(u32, u8)> {
    let halfword = |address: u64| {
        let mut bytes = [0; 2];
        code.fetch(address & 0xffff_ffff, &mut bytes).then(|| u32::from(u16::from_le_bytes(bytes)))
    };
    let first = halfword(address)?;
    if first >> 11 < 0b11101 {
        return Some((first, 2));
    }
    let pair = halfword(address + 2).map(|second| first << 16 | second);
    if thumb2 {
        return Some((pair?, 4));
    }
    Some(pair.filter(|&word| is_call(word)).map_or((first, 2), |word| (word, 4)))
}

/// Whether two halfwords are both parts of BL or BLX, as they were before the sign could be elsewhere (J1 = J2 = 1).
fn is_call(word: u32) -> bool {
    word & 0xf800_f800 == 0xf000_f800 || word & 0xf800_f801 == 0xf000_e800
}

/// Lifts the block that `l` begins.
pub(crate) fn lift(mut l: Lifter<'_>, options: LiftOptions) -> Block {
    let mut it = l.mode.itstate();
    let resumed = it.in_block();
    while !l.done() {
        let count = l.b.insn_count();
        let fetched = fetch(l.code(), l.next_address(), l.config.thumb2());
        let is_it = fetched.is_some_and(|(word, len)| len == 2 && is_it(word));
        // A block should not end inside an IT block.
        let full = count >= options.max_insns || is_it && count + IT_BLOCK > options.max_insns;
        // A block that begins inside an IT block ends with that, so that none of its exits is in another mode.
        if count > 0 && (full || resumed && !it.in_block()) {
            l.jump(l.next_target());
            break;
        }
        match fetched {
            Some((word, len)) => it = lift_insn(&mut l, word, len, it, resumed),
            None if count == 0 => l.trap(Trap::Fetch),
            None => l.jump(l.next_target()),
        }
    }
    l.finish()
}

/// Whether a 16-bit instruction is IT.
fn is_it(word: u32) -> bool {
    word >> 8 == 0xbf && word & 15 != 0
}

/// Lifts one instruction, in IT state `it`; gives the IT state after it.
fn lift_insn(l: &mut Lifter<'_>, word: u32, len: u8, it: ItState, resumed: bool) -> ItState {
    let cond = own_condition(word, len).filter(|_| !it.in_block()).unwrap_or(it.cond());
    let after = if len == 2 && is_it(word) && !it.in_block() {
        ItState::begin(word >> 4 & 15, word & 15)
    } else {
        it.advance()
    };
    let leaves = if it.in_block() { Leaves::of(l, word, len) } else { Leaves::Never };
    let peels = resumed && it.is_last() && (leaves != Leaves::Never || may_write_pc(word, len));
    l.share_part(cond, leaves.may_share_part() && !may_write_pc(word, len) && !peels);
    l.begin_insn(len, word, cond);
    l.set_it_next(after);
    if peels {
        peel(l);
        return after;
    }
    match leaves {
        Leaves::Never => {}
        Leaves::AtFault | Leaves::AtCheck => l.write_itstate(it),
        Leaves::Behind => l.write_itstate(after),
    }
    if it.in_block() && unpredictable_in_it_block(word, len) {
        l.unpredictable_insn();
    } else if len == 2 {
        lift_narrow(l, word, it);
    } else {
        lift_wide(l, word);
    }
    l.end_insn();
    if !l.done() && !after.in_block() {
        l.close_open_part();
        l.write_itstate(ItState::NONE);
    }
    after
}

fn lift_narrow(l: &mut Lifter<'_>, word: u32, it: ItState) {
    if narrow::dispatch(word, &mut Narrow { l, it }).is_none() {
        l.undefined_insn();
    }
}

fn lift_wide(l: &mut Lifter<'_>, word: u32) {
    let known = wide::dispatch(word, &mut Wide { l }).is_some()
        || vfp::may_be_t32(word) && vfp::lift(l, word)
        || asimd::lift(l, asimd::of_t32(word));
    if !known {
        l.undefined_insn();
    }
}

/// The condition of a conditional branch.
fn own_condition(word: u32, len: u8) -> Option<u32> {
    let cond = match len {
        2 if word >> 12 == 0b1101 => word >> 8 & 15,
        4 if word & 0xf800_d000 == 0xf000_8000 => word >> 22 & 15,
        _ => return None,
    };
    (cond < 14).then_some(cond)
}

/// Whether an instruction must not stand in an IT block, not even at its end: conditional branches, CBZ and CBNZ, IT, CPS
/// and SETEND.
fn unpredictable_in_it_block(word: u32, len: u8) -> bool {
    let narrow = len == 2 && (word & 0xf500 == 0xb100 || word >> 8 == 0xb6 || is_it(word));
    narrow || own_condition(word, len).is_some()
}

/// Whether a 16-bit instruction is HLT, which is never executed.
fn is_hlt(word: u32) -> bool {
    word & 0xffc0 == 0xba80
}

/// How an instruction in an IT block may leave its block besides by a branch, which decides what the ITSTATE slot must hold before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Leaves {
    /// Not at all.
    Never,
    /// To the instruction itself: a fault, an undefined instruction.
    AtFault,
    /// To the instruction itself, after a check at run time.
    AtCheck,
    /// To the instruction after it: a system call, a privileged instruction.
    Behind,
}

impl Leaves {
    /// Whether an instruction makes no use of its condition but to be run or not.
    fn may_share_part(self) -> bool {
        matches!(self, Leaves::Never | Leaves::AtFault)
    }

    fn of(l: &Lifter<'_>, word: u32, len: u8) -> Leaves {
        if unpredictable_in_it_block(word, len) {
            Leaves::AtFault
        } else if len == 2 {
            Leaves::of_narrow(l, word)
        } else {
            Leaves::of_wide(l, word)
        }
    }

    fn of_narrow(l: &Lifter<'_>, word: u32) -> Leaves {
        let has = |feature: Option<&str>| feature.is_none_or(|feature| l.config.has(feature));
        let executes = |row: &narrow::Row| row.outcome == Outcome::Executes && has(row.feature);
        let executes = narrow::row(word).is_some_and(executes) && !is_hlt(word);
        match word >> 8 {
            _ if !executes => Leaves::AtFault,
            0x00..=0x47 | 0xa0..=0xb3 | 0xba | 0xd0..=0xdd | 0xe0..=0xe7 => Leaves::Never,
            0xdf | 0xbf => Leaves::Behind,
            _ => Leaves::AtFault,
        }
    }

    fn of_wide(l: &Lifter<'_>, word: u32) -> Leaves {
        let row = wide::row(word);
        let has = |feature: Option<&str>| feature.is_none_or(|feature| l.config.has(feature));
        let executes = |row: &wide::Row| row.outcome == wide::Outcome::Executes && has(row.feature);
        let executes = row.is_some_and(executes);
        let behind = if l.mode.privileged() { Leaves::Behind } else { Leaves::AtFault };
        // 0x75 and 0x7d: data processing with registers; 0x76, 0x77: coprocessors; 0x78 to 0x7b: immediates, and with
        // bit 15 branches and miscellaneous control.
        match word >> 25 {
            _ if row.is_none() && asimd::is_asimd(asimd::of_t32(word)) => {
                if l.config.machine() {
                    Leaves::AtCheck
                } else {
                    Leaves::AtFault
                }
            }
            0x76 | 0x77 if row.is_none() => match vfp::kind(word) {
                _ if l.config.machine() => Leaves::AtCheck,
                vfp::Kind::System => Leaves::AtCheck,
                vfp::Kind::Memory | vfp::Kind::SomeRegisters => Leaves::AtFault,
                vfp::Kind::Registers => Leaves::Never,
            },
            _ if !executes || is_impossible_bit_field(word) => Leaves::AtFault,
            0x75 | 0x7d => Leaves::Never,
            0x78..=0x7b if word >> 15 & 1 == 0 => Leaves::Never,
            0x76..=0x7b => behind,
            _ => Leaves::AtFault,
        }
    }
}

/// Whether a bit field instruction is unpredictable, and thus undefined here, because its field is not in the register:
/// BFI and BFC with the ends exchanged, SBFX and UBFX beyond bit 31.
fn is_impossible_bit_field(word: u32) -> bool {
    let (lsb, end) = ((word >> 12 & 7) << 2 | word >> 6 & 3, word & 31);
    match word & 0xfbf0_8000 {
        0xf360_0000 => end < lsb,
        0xf340_0000 | 0xf3c0_0000 => lsb + end > 31,
        _ => false,
    }
}

/// Whether an instruction that cannot fault may branch to a computed address: the special data-processing instructions,
/// none of which sets flags.
fn may_write_pc(word: u32, len: u8) -> bool {
    len == 2 && matches!(word >> 8, 0x44..=0x47)
}

/// The last instruction of an IT block that the block began inside of: goes back to it, then outside an IT block, if its
/// condition holds, and else on behind it. Thus no computed branch has to change the mode.
fn peel(l: &mut Lifter<'_>) {
    l.write_itstate(ItState::NONE);
    let here = u64::from(l.address() | 1);
    let exit = |next| Exit::Trap { trap: Trap::InterruptCheck, pc: here & !1, next };
    match l.take_condition() {
        None => l.terminate(exit(here)),
        Some(cond) => {
            l.b.if_(Type::Bool, cond);
            l.b.leave(exit(here));
            l.b.end_if(Type::Bool);
            l.terminate(exit(l.next_target()));
        }
    }
}

//! Regions of small MIPS functions.

use demotic_ir::passes::PassOptions;
use demotic_ir::{CodeSource, GuestArch, Loc, Op};
use demotic_mips::{MipsConfig, MipsGuest};

use super::{FormOptions, Ranges, Region, form_region};

const START: u64 = 0x1000;
const NOP: u32 = 0;
const JR_RA: u32 = 0x03e0_0008;

/// Instructions from [`START`] on.
struct Code<'a>(&'a [u32]);

impl CodeSource for Code<'_> {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        let bytes: Vec<u8> = self.0.iter().flat_map(|word| word.to_le_bytes()).collect();
        let offset = addr.checked_sub(START).map(|offset| offset as usize);
        let found = offset.and_then(|at| bytes.get(at..at + buf.len()));
        found.map(|found| buf.copy_from_slice(found)).is_some()
    }

    fn read_only(&self, _addr: u64, _len: u32) -> Option<u64> {
        None
    }
}

fn guest() -> MipsGuest {
    MipsGuest::new(MipsConfig::linux(false))
}

fn region(code: &[u32], options: FormOptions) -> Region {
    form_region(&guest(), &Code(code), None, &options, Loc { pc: START, mode: 0 })
}

/// A loop over bytes: `lbu t0, 0(a0); addiu a0, a0, 1; bnez t0, START; nop; jr ra; nop`.
const BYTES: [u32; 6] = [0x9088_0000, 0x2484_0001, 0x1500_fffd, NOP, JR_RA, NOP];

#[test]
fn a_small_loop_is_unrolled_with_one_poll() {
    let region = region(&BYTES, FormOptions::default());
    let bodies: Vec<_> = region.blocks.iter().filter(|b| b.block.start.pc == START).collect();
    assert_eq!(bodies.len(), 4);
    assert_eq!(bodies.iter().filter(|b| b.loop_header).count(), 1);
    let exits = region.blocks.iter().filter(|b| b.block.start.pc == START + 16);
    assert_eq!(exits.count(), 1, "what follows the loop is there once");
}

#[test]
fn a_loop_that_is_too_big_stays_as_it_is() {
    let region = region(&BYTES, FormOptions { unroll_insns: 5, ..FormOptions::default() });
    assert_eq!(region.blocks.iter().filter(|b| b.block.start.pc == START).count(), 1);
}

/// How many sums and shifts of the entry block are addresses that cannot wrap around.
fn exact(code: &[u32]) -> usize {
    let region = region(code, FormOptions { passes: PassOptions::default(), ..FormOptions::default() });
    let ranges = Ranges::of(&region, guest().layout());
    let insts = region.blocks[0].block.insts.iter().enumerate();
    insts.filter(|(at, i)| matches!(i.op, Op::Add { .. } | Op::Shl { .. }) && ranges.is_exact(0, *at)).count()
}

#[test]
fn addresses_from_small_indices_do_not_wrap() {
    // lhu t0, 0(a0); sll t0, t0, 2; lui t1, 0x40; addu t0, t0, t1; lw v0, 4(t0); jr ra; nop
    assert_eq!(exact(&[0x9488_0000, 0x0008_4080, 0x3c09_0040, 0x0109_4021, 0x8d02_0004, JR_RA, NOP]), 2);
    // The same with a base that may be anything: a1 for t1.
    assert_eq!(exact(&[0x9488_0000, 0x0008_4080, NOP, 0x0105_4021, 0x8d02_0004, JR_RA, NOP]), 0);
}

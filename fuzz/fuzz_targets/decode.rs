//! Any bytes are code: decoding, lifting, the passes and disassembly give a valid result for every instruction set, and
//! never panic.
#![no_main]

use std::sync::{Arc, LazyLock};

use demotic_ir::passes::{self, PassOptions};
use demotic_ir::{CodeSource, GuestArch, LiftOptions, Loc, print_block, verify};
use demotic_test_harness::guests::Isa;
use libfuzzer_sys::fuzz_target;

static GUESTS: LazyLock<Vec<(Isa, Arc<dyn GuestArch>)>> =
    LazyLock::new(|| Isa::ALL.into_iter().map(|isa| (isa, isa.guest())).collect());

/// Where the code is.
const START: u64 = 0x8000;

/// Code, and nothing behind it. What it reads as data cannot be written.
struct Code<'a>(&'a [u8]);

impl CodeSource for Code<'_> {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        let start = addr.wrapping_sub(START) as usize;
        let bytes = self.0.get(start..start.saturating_add(buf.len()));
        bytes.is_some_and(|bytes| {
            buf.copy_from_slice(bytes);
            true
        })
    }

    fn read_only(&self, addr: u64, len: u32) -> Option<u64> {
        let mut bytes = [0; 8];
        let read = bytes.get_mut(..len as usize).is_some_and(|buf| self.fetch(addr, buf));
        read.then(|| u64::from_le_bytes(bytes))
    }
}

// The first bytes choose the instruction set, the location's mode and the number of instructions; the others are code.
fuzz_target!(|input: &[u8]| {
    let [isa, mode, itstate, count, code @ ..] = input else { return };
    let (isa, guest) = &GUESTS[usize::from(*isa) % GUESTS.len()];
    let mode = u32::from(mode & 3) | u32::from(*itstate) << 8;
    let loc = match isa {
        Isa::A32 | Isa::T32 | Isa::ArmV5 => Loc { pc: START | isa.isa_bit(), mode },
        _ => Loc::new(START | isa.isa_bit()),
    };
    let code = Code(code);
    let (text, len) = guest.disassemble(loc, &code);
    assert!(!text.is_empty() && len > 0);
    let mut block = guest.lift(loc, &code, LiftOptions { max_insns: 1 + usize::from(count % 16) });
    let check = |block: &demotic_ir::Block, when: &str| {
        if let Err(error) = verify(block) {
            panic!("{when}: {error}\n{}", print_block(block, guest.layout()));
        }
    };
    check(&block, "as lifted");
    assert!(block.final_exit().is_some(), "the block has no end");
    passes::run(&mut block, guest.layout(), &PassOptions::default());
    check(&block, "after the passes");
});

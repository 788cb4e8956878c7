//! The program around the sequences, in A32 code: for each, the window is filled, all registers are loaded, the sequence is
//! entered; it ends with a jump to code that stores all registers and writes the record and the window to standard
//! output. A signal ends it, too: the handler takes the registers from its frame.

use crate::assembler::Assembler;
use crate::elf::{Machine, Segment};
use crate::layout::{
    CONSTANTS, DRIVER, INPUT_SIZE, PAGE, PATTERN, QEMU_PAGE, RECORD, RECORD_SIZE, STACK, STACK_SIZE,
    VARIABLES, VECTORS, WINDOW, word,
};

/// The header of an EABI program with floating-point arguments in registers.
pub(crate) const MACHINE: Machine = Machine { number: 40, flags: 0x0500_0400, abi_flags: None, big: false };

/// SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV.
const SIGNALS: [u32; 5] = [4, 5, 7, 8, 11];
/// SA_SIGINFO, SA_ONSTACK, SA_NODEFER.
const ACTION_FLAGS: u32 = 4 | 0x0800_0000 | 0x4000_0000;
/// Offset of R0 in the handler's `ucontext`; R1 to R15 and CPSR follow.
const CONTEXT_R0: u32 = 32;
/// Offset of the signal stack's description in the constants; the action is at their beginning.
const STACK_CONSTANT: u32 = 64;

const SYS_EXIT: u32 = 1;
const SYS_WRITE: u32 = 4;
const SYS_MUNMAP: u32 = 91;
const SYS_RT_SIGACTION: u32 = 174;
const SYS_SIGALTSTACK: u32 = 186;
const SYS_MMAP2: u32 = 192;

const SETEND_LE: u32 = 0xf101_0000;
const CLREX: u32 = 0xf57f_f01f;
/// Undefined in A32; in T32, at both of its halfwords, UDF or a branch to it.
const UNDEFINED: u32 = 0xe7ff_deff;
const SVC: u32 = 0xef00_0000;
const PC: u32 = 15;
/// `{R0-R11}`.
const BLOCK: u32 = 0x0fff;

/// `movw` and `movt`.
fn load(rd: u32, value: u32) -> [u32; 2] {
    let half = |half: u32| (half >> 12) << 16 | rd << 12 | half & 0xfff;
    [0xe300_0000 | half(value & 0xffff), 0xe340_0000 | half(value >> 16)]
}

/// `ldr rt, [rn, #offset]`.
fn ldr(rt: u32, rn: u32, offset: u32) -> u32 {
    0xe590_0000 | rn << 16 | rt << 12 | offset
}

/// `str rt, [rn, #offset]`.
fn str(rt: u32, rn: u32, offset: u32) -> u32 {
    0xe580_0000 | rn << 16 | rt << 12 | offset
}

/// `add rd, rn, #value`; the value has 8 bits, or is a multiple of 4 or 16 of such.
fn add(rd: u32, rn: u32, value: u32) -> u32 {
    let (rotation, byte) = match value {
        0..256 => (0, value),
        256..1024 => (15, value / 4),
        _ => (14, value / 16),
    };
    0xe280_0000 | rn << 16 | rd << 12 | rotation << 8 | byte
}

/// `b{cond} to`, at `from`.
pub(crate) fn branch(cond: u32, from: u32, to: u32) -> u32 {
    cond << 28 | 0x0a00_0000 | to.wrapping_sub(from + 8) >> 2 & 0x00ff_ffff
}

const NE: u32 = 1;
/// Always.
pub(crate) const AL: u32 = 14;

/// What sequences end at, in the page before the record. The rest of that page ends a sequence, too.
pub(crate) fn ending() -> Segment {
    let mut a = Assembler::new(end());
    store_registers(&mut a);
    let to_dump = branch(AL, a.here(), dump_address());
    a.put([to_dump]);
    let page = RECORD - PAGE;
    let filler = UNDEFINED.to_le_bytes().repeat((end() - page) as usize / 4);
    Segment::code(page, [filler, a.bytes(false)].concat())
}

/// The address that sequences end at.
pub(crate) fn end() -> u32 {
    let mut a = Assembler::new(RECORD - PAGE);
    store_registers(&mut a);
    RECORD - (a.here() + 4 - (RECORD - PAGE))
}

/// The program's code.
pub(crate) fn driver() -> Segment {
    let mut a = Assembler::new(DRIVER);
    install_handlers(&mut a);
    let next = a.here();
    enter_next(&mut a);
    debug_assert_eq!(a.here(), handler_address(), "the constants name it");
    take_frame(&mut a);
    debug_assert_eq!(a.here(), dump_address(), "what sequences end at goes on there");
    write_dump(&mut a);
    let back = branch(AL, a.here(), next);
    a.put([back]);
    Segment::code(DRIVER, a.bytes(false))
}

/// Where the handler is.
fn handler_address() -> u32 {
    let mut a = Assembler::new(DRIVER);
    install_handlers(&mut a);
    enter_next(&mut a);
    a.here()
}

/// Where the record, complete but for what is no general register, is written.
fn dump_address() -> u32 {
    let mut a = Assembler::new(handler_address());
    take_frame(&mut a);
    a.here()
}

/// What the program asks the system with.
pub(crate) fn constants() -> Segment {
    let mut words = [0u32; 32];
    words[0] = handler_address();
    words[1] = ACTION_FLAGS;
    let stack = STACK_CONSTANT as usize / 4;
    words[stack..stack + 3].copy_from_slice(&[STACK, 0, STACK_SIZE]);
    Segment::constant(CONSTANTS, words.iter().flat_map(|word| word.to_le_bytes()).collect())
}

fn install_handlers(a: &mut Assembler) {
    // Where the stack is differs, so it must go: what is not mapped on one side shall not be on the other.
    a.put([0xe1a0_0c2d, 0xe1a0_0c00]); // lsr r0, sp, #24; lsl r0, r0, #24
    a.put(load(1, 0x00ff_0000));
    a.put(load(7, SYS_MUNMAP));
    a.put([SVC]);
    // qemu reads its page for every handler, so something must be there: a page that can only be read, on both sides.
    let (prot_read, fixed_private_anonymous) = (1, 0x32);
    for (n, argument) in (0..).zip([QEMU_PAGE, PAGE, prot_read, fixed_private_anonymous, u32::MAX, 0]) {
        a.put(load(n, argument));
    }
    a.put(load(7, SYS_MMAP2));
    a.put([SVC]);
    a.put(load(0, CONSTANTS + STACK_CONSTANT));
    a.put(load(1, 0));
    a.put(load(7, SYS_SIGALTSTACK));
    a.put([SVC]);
    for signal in SIGNALS {
        a.put(load(0, signal));
        a.put(load(1, CONSTANTS));
        a.put(load(2, 0));
        a.put(load(3, 8));
        a.put(load(7, SYS_RT_SIGACTION));
        a.put([SVC]);
    }
}

/// Enters the next sequence, or ends the program.
fn enter_next(a: &mut Assembler) {
    a.put(load(12, VARIABLES));
    a.put([ldr(11, 12, 0), 0xe35b_0000]); // cmp r11, #0
    let go_on = a.forward();
    a.put(load(0, 0));
    a.put(load(7, SYS_EXIT));
    a.put([SVC]);
    a.land(go_on, |from, to| branch(NE, from, to));
    a.put([0xe24b_b001, str(11, 12, 0)]); // sub r11, r11, #1
    fill_window(a);
    copy_words(a);
    a.put(load(12, VARIABLES));
    a.put([ldr(6, 12, 4), add(0, 6, INPUT_SIZE as u32), str(0, 12, 4)]);
    a.put([ldr(0, 6, 0), str(0, 12, 8)]);
    // A reservation of the last sequence may be there or not.
    a.put([CLREX, add(6, 6, 16), add(0, 6, VECTORS as u32)]);
    a.put([0xecb0_0b20, 0xecf0_0b20]); // vldmia r0!, {d0-d15}; vldmia r0!, {d16-d31}
    a.put([ldr(0, 6, 4 * word::FP_STATUS as u32), 0xeee1_0a10]); // vmsr fpscr, r0
    a.put([ldr(0, 6, 4 * word::FLAGS as u32), 0xe12c_f000]); // msr apsr_nzcvqg, r0
    let r = 4 * word::R as u32;
    a.put([add(0, 6, r), ldr(13, 0, 52), ldr(14, 0, 56), 0xe890_1fff]); // ldm r0, {r0-r12}
    let target = VARIABLES + 8 - (a.here() + 8);
    a.put([ldr(PC, PC, target)]);
}

/// Copies the words of the next input's record, some of which no register of ARM replaces.
fn copy_words(a: &mut Assembler) {
    a.put(load(12, VARIABLES));
    a.put([ldr(12, 12, 4), add(12, 12, 16)]);
    a.put(load(14, RECORD));
    for _ in 0..word::COUNT / 12 {
        a.put([0xe8bc_0000 | BLOCK, 0xe8ae_0000 | BLOCK]); // ldm r12!; stm r14!
    }
}

fn fill_window(a: &mut Assembler) {
    a.put(load(12, PATTERN));
    a.put(load(14, WINDOW));
    a.put(load(13, WINDOW + PAGE - 64));
    let again = a.here();
    // Twelve registers at a time; what is left behind the last full block follows.
    a.put([0xe8bc_0000 | BLOCK, 0xe8ae_0000 | BLOCK, 0xe15e_000d]); // ldm r12!; stm r14!; cmp r14, r13
    let back = branch(3, a.here(), again); // lo
    a.put([back]);
    a.put([0xe8bc_000f, 0xe8ae_000f, 0xe31e_0eff]); // ldm, stm of {r0-r3}; tst r14, #0xff0
    let rest = branch(NE, a.here(), a.here() - 12);
    a.put([rest]);
}

/// Stores all registers in the record, beginning with no register to spare.
fn store_registers(a: &mut Assembler) {
    a.put([SETEND_LE]);
    for n in 0..15 {
        let place = RECORD + 4 * (word::R + n) as u32;
        let offset = place - (a.here() + 8);
        a.put([str(n as u32, PC, offset)]);
    }
    a.put(load(1, RECORD));
    a.put([0xe10f_0000, str(0, 1, 4 * word::FLAGS as u32)]); // mrs r0, cpsr
    a.put(load(0, 0));
    let r15 = 4 * (word::R + 15) as u32;
    a.put([str(0, 1, 4 * word::SIGNAL as u32), str(0, 1, 4 * word::PC as u32), str(0, 1, r15)]);
}

/// The signal handler: puts the number and the registers in the frame into the record.
fn take_frame(a: &mut Assembler) {
    a.put([SETEND_LE]);
    a.put(load(1, RECORD));
    a.put([str(0, 1, 4 * word::SIGNAL as u32)]);
    for n in 0..17 {
        let to = if n == 16 { word::FLAGS } else { word::R + n };
        a.put([ldr(0, 2, CONTEXT_R0 + 4 * n as u32), str(0, 1, 4 * to as u32)]);
    }
    a.put([ldr(0, 2, CONTEXT_R0 + 60), str(0, 1, 4 * word::PC as u32)]);
}

/// Writes the record, whose general registers are there, and the window; R1 is the record's address.
fn write_dump(a: &mut Assembler) {
    a.put([0xeef1_0a10, str(0, 1, 4 * word::FP_STATUS as u32)]); // vmrs r0, fpscr
    a.put([add(0, 1, VECTORS as u32), 0xeca0_0b20, 0xece0_0b20]); // vstmia r0!, {d0-d15}, {d16-d31}
    a.put(load(0, 0));
    a.put([0xeee1_0a10]); // vmsr fpscr, r0
    for (start, len) in [(RECORD, RECORD_SIZE as u32), (WINDOW, PAGE)] {
        a.put(load(0, 1));
        a.put(load(1, start));
        a.put(load(2, len));
        a.put(load(7, SYS_WRITE));
        a.put([SVC]);
    }
}

/// A sequence in A32, and the jump to the end. The shortest branch at the end of a sequence skips the NOP.
pub(crate) fn a32_slot(at: u32, code: &[u8], save: u32) -> Vec<u8> {
    const NOP: u32 = 0xe320_f000;
    let mut slot = code.to_vec();
    slot.extend(NOP.to_le_bytes());
    let from = at + slot.len() as u32;
    slot.extend(branch(AL, from, save).to_le_bytes());
    slot
}

/// A sequence in T32. Four NOPs finish an IT block, then it goes on in A32.
pub(crate) fn t32_slot(at: u32, code: &[u8], save: u32) -> Vec<u8> {
    const NOP: [u8; 2] = [0x00, 0xbf];
    const BX_PC: [u8; 2] = [0x78, 0x47];
    let mut slot = code.to_vec();
    for _ in 0..4 {
        slot.extend(NOP);
    }
    if !slot.len().is_multiple_of(4) {
        slot.extend(NOP);
    }
    slot.extend(BX_PC);
    slot.extend(NOP);
    a32_slot(at, &slot, save)
}

const _: () = assert!(word::COUNT.is_multiple_of(12));
const _: () = assert!(INPUT_SIZE < 1024 && VECTORS < 256 * 4);

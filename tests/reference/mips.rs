//! The program around the sequences, in MIPS32 code of any release: what `arm.rs` describes. Register 26, which the ABI
//! leaves to kernels, always points to the record; no instruction that names it is generated.

use demotic_mips::Encoding;

use crate::assembler::Assembler;
use crate::elf::{AbiFlags, Machine, Segment};
use crate::layout::{
    CONSTANTS, DRIVER, INPUT_SIZE, PADS, PADS_SIZE, PAGE, PATTERN, QEMU_PAGE, RECORD, RECORD_SIZE,
    SIGRETURN_PAGE, STACK, STACK_SIZE, VARIABLES, VECTORS, WINDOW, word,
};

/// What a processor has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Features {
    /// The release: 2, 5 or 6.
    pub(crate) release: u8,
    /// Big-endian.
    pub(crate) big: bool,
    /// 32 floating-point registers of 64 bits.
    pub(crate) fr: bool,
    /// NaNs as IEEE 754-2008 has them.
    pub(crate) nan2008: bool,
    /// Four accumulators and DSPControl.
    pub(crate) dsp: bool,
    /// 32 vector registers.
    pub(crate) msa: bool,
    /// A floating-point unit.
    pub(crate) fpu: bool,
    /// The instruction set of the sequences, if it is a compressed one.
    pub(crate) set: Option<Encoding>,
}

impl Features {
    /// The header of an o32 program.
    pub(crate) fn machine(self) -> Machine {
        let arch = if self.release == 6 { 0x9000_0000 } else { 0x7000_0000 };
        let nan2008 = if self.nan2008 { 0x400 } else { 0 };
        let ases = if self.dsp { 3 } else { 0 } | if self.msa { 0x200 } else { 0 };
        let abi = AbiFlags { isa_rev: self.release, fp_abi: if self.fr { 6 } else { 1 }, ases };
        // EF_MIPS_ABI_O32, and EF_MIPS_FP64 for FR=1.
        let flags = arch | 0x1000 | nan2008 | if self.fr { 0x200 } else { 0 };
        Machine { number: 8, flags, abi_flags: Some(abi), big: self.big }
    }

    /// The registers of the floating-point unit that the driver moves: all, or the even ones that hold pairs.
    fn float_registers(self) -> impl Iterator<Item = u32> {
        (0..if self.fpu { 32 } else { 0 }).step_by(if self.fr { 1 } else { 2 })
    }

    /// BREAK, twice: what compressed sequences end with. As a MIPS32 instruction it is reserved.
    fn compressed_end(self) -> u32 {
        match self.set {
            Some(Encoding::Mips16e) => 0xe805_e805,
            Some(Encoding::MicroMips) if self.release == 6 => 0x465b_465b,
            _ => 0x4680_4680,
        }
    }

    fn accumulators(self) -> std::ops::Range<u32> {
        match (self.release, self.dsp) {
            (_, true) => 0..4,
            (6, false) => 0..0,
            _ => 0..1,
        }
    }
}

/// SIGILL, SIGTRAP, SIGFPE, SIGBUS, SIGSEGV, as MIPS numbers them.
const SIGNALS: [u32; 5] = [4, 5, 8, 10, 11];
/// SA_SIGINFO, SA_ONSTACK, SA_NODEFER.
const ACTION_FLAGS: u32 = 8 | 0x0800_0000 | 0x4000_0000;
/// Offsets in the handler's `ucontext`: the pc, and register 0; both have 64 bits.
const CONTEXT_PC: u32 = 32;
const CONTEXT_R0: u32 = 40;
/// Offset of the signal stack's description in the constants; the action is at their beginning.
const STACK_CONSTANT: u32 = 64;

/// Where sequences end.
pub(crate) const END: u32 = PADS + PADS_SIZE / 2;

const SYS_EXIT: u32 = 4001;
const SYS_WRITE: u32 = 4004;
const SYS_MUNMAP: u32 = 4091;
const SYS_RT_SIGACTION: u32 = 4194;
const SYS_SIGALTSTACK: u32 = 4206;

const SYSCALL: u32 = 0xc;
const BREAK: u32 = 0xd;
const NOP: u32 = 0;
const V0: u32 = 2;
const A0: u32 = 4;
const A1: u32 = 5;
const A2: u32 = 6;
const A3: u32 = 7;
const T0: u32 = 8;
const T1: u32 = 9;
const T2: u32 = 10;
/// The register that points to the record.
pub(crate) const K0: u32 = 26;
const K1: u32 = 27;

/// `lui` and `ori`.
fn load(rt: u32, value: u32) -> [u32; 2] {
    [0x3c00_0000 | rt << 16 | value >> 16, 0x3400_0000 | rt << 21 | rt << 16 | value & 0xffff]
}

/// A load or store of `rt` at `offset(base)`.
fn access(opcode: u32, rt: u32, offset: u32, base: u32) -> u32 {
    opcode << 26 | base << 21 | rt << 16 | offset & 0xffff
}

const LW: u32 = 0x23;
const SW: u32 = 0x2b;
const LDC1: u32 = 0x35;
const SDC1: u32 = 0x3d;

fn addiu(rt: u32, rs: u32, value: u32) -> u32 {
    0x2400_0000 | rs << 21 | rt << 16 | value & 0xffff
}

/// `bne rs, rt, to`, at `from`.
fn bne(rs: u32, rt: u32, from: u32, to: u32) -> u32 {
    0x1400_0000 | rs << 21 | rt << 16 | to.wrapping_sub(from + 4) >> 2 & 0xffff
}

/// `j to`.
fn jump(to: u32) -> u32 {
    0x0800_0000 | to >> 2 & 0x03ff_ffff
}

/// The offset of a word of the record from where K0 points.
fn record(index: usize) -> u32 {
    4 * index as u32
}

/// Whether a word of that many bytes may name K0.
pub(crate) fn names_k0(word: u32, len: usize) -> bool {
    let places: &[u32] = if len == 2 { &[0, 5] } else { &[11, 16, 21] };
    // MOV32R of MIPS16e has the parts of the register's number in the other order.
    places.iter().any(|shift| word >> shift & 31 == K0) || len == 2 && word >> 3 & 31 == 0b01011
}

/// Where registers are saved, in MIPS32 code: at the end of MIPS32 sequences, or where compressed ones leave for.
pub(crate) fn save(features: Features) -> u32 {
    match features.set {
        None => END,
        Some(_) => {
            let mut a = Assembler::new(DRIVER);
            install_handlers(&mut a);
            enter_next(&mut a, features);
            a.here()
        }
    }
}

/// What sequences end in. Compressed ones raise a signal there, since they cannot jump far without changing a register.
pub(crate) fn ending(features: Features) -> Segment {
    let filler = if features.set.is_some() { features.compressed_end() } else { BREAK };
    let filler = if features.big { filler.to_be_bytes() } else { filler.to_le_bytes() };
    let mut bytes = filler.repeat(PADS_SIZE as usize / 4);
    if features.set.is_none() {
        let mut a = Assembler::new(END);
        store_registers(&mut a, features);
        let (at, code) = ((END - PADS) as usize, a.bytes(features.big));
        bytes[at..at + code.len()].copy_from_slice(&code);
        // BREAK is nothing special to the compressed code that release 6 executes at odd addresses. It must not come to an
        // instruction of which the last half is not mapped: qemu 7.2 reports the fault many instructions before.
        let compressed = Features { set: Some(Encoding::MicroMips), ..features }.compressed_end();
        let last = if features.big { compressed.to_be_bytes() } else { compressed.to_le_bytes() };
        bytes.truncate(PADS_SIZE as usize - last.len());
        bytes.extend(last);
    }
    Segment::code(PADS, bytes)
}

/// The program's code.
pub(crate) fn driver(features: Features) -> Segment {
    let mut a = Assembler::new(DRIVER);
    install_handlers(&mut a);
    let next = a.here();
    enter_next(&mut a, features);
    if features.set.is_some() {
        store_registers(&mut a, features);
    }
    debug_assert_eq!(a.here(), handler_address(features), "the constants name it");
    take_frame(&mut a, features.big);
    debug_assert_eq!(a.here(), dump_address(features), "what sequences end at goes on there");
    store_special(&mut a, features);
    write_dump(&mut a, features);
    a.put([jump(next), NOP]);
    Segment::code(DRIVER, a.bytes(features.big))
}

/// Where the handler is.
fn handler_address(features: Features) -> u32 {
    let mut a = Assembler::new(DRIVER);
    install_handlers(&mut a);
    enter_next(&mut a, features);
    a.here() + if features.set.is_some() { SAVE_SIZE } else { 0 }
}

/// Where the record, complete but for what is no general register, is written.
fn dump_address(features: Features) -> u32 {
    let mut a = Assembler::new(handler_address(features));
    take_frame(&mut a, features.big);
    a.here()
}

/// The size of [`store_registers`].
const SAVE_SIZE: u32 = 4 * (32 + 2 + 4);

/// Stores all registers in the record, and goes on with the rest.
fn store_registers(a: &mut Assembler, features: Features) {
    for n in 0..32 {
        a.put([access(SW, n, record(word::R + n as usize), K0)]);
    }
    a.put([access(SW, 0, record(word::SIGNAL), K0), access(SW, 0, record(word::PC), K0)]);
    // By a register, so that the rest is not translated again with each sequence.
    a.put(load(T0, dump_address(features)));
    a.put([T0 << 21 | 9, NOP]); // jalr $0, $t0
}

/// What the program asks the system with.
pub(crate) fn constants(features: Features) -> Segment {
    let mut words = [0u32; 32];
    words[0] = ACTION_FLAGS;
    words[1] = handler_address(features);
    let stack = STACK_CONSTANT as usize / 4;
    words[stack..stack + 3].copy_from_slice(&[STACK, STACK_SIZE, 0]);
    let bytes = |word: &u32| if features.big { word.to_be_bytes() } else { word.to_le_bytes() };
    Segment::constant(CONSTANTS, words.iter().flat_map(bytes).collect())
}

fn call(a: &mut Assembler, number: u32, arguments: &[u32]) {
    for (n, &argument) in (A0..).zip(arguments) {
        a.put(load(n, argument));
    }
    a.put(load(V0, number));
    a.put([SYSCALL]);
}

fn install_handlers(a: &mut Assembler) {
    a.put(load(K0, RECORD));
    // Where the stack is differs, so it must go: what is not mapped on one side shall not be on the other.
    a.put([29 << 16 | A0 << 11 | 24 << 6 | 2, A0 << 16 | A0 << 11 | 24 << 6]); // srl $4, $29, 24; sll $4, $4, 24
    a.put(load(A1, 0x00ff_0000));
    a.put(load(V0, SYS_MUNMAP));
    a.put([SYSCALL]);
    for page in [QEMU_PAGE, SIGRETURN_PAGE] {
        call(a, SYS_MUNMAP, &[page, PAGE]);
    }
    call(a, SYS_SIGALTSTACK, &[CONSTANTS + STACK_CONSTANT, 0]);
    for signal in SIGNALS {
        call(a, SYS_RT_SIGACTION, &[signal, CONSTANTS, 0, 16]);
    }
}

/// Enters the next sequence, or ends the program.
fn enter_next(a: &mut Assembler, features: Features) {
    a.put(load(K1, VARIABLES));
    a.put([access(LW, T0, 0, K1), NOP]);
    let go_on = a.forward();
    a.put([NOP]);
    call(a, SYS_EXIT, &[0]);
    a.land(go_on, |from, to| bne(T0, 0, from, to));
    a.put([addiu(T0, T0, u32::MAX), access(SW, T0, 0, K1)]);
    copy(a, PATTERN, WINDOW, PAGE);
    // A reservation of the last sequence may be there or not: a conditional store elsewhere ends it.
    a.put([if features.release == 6 { 0x7c00_0026 | 12 << 7 } else { 0xe000_0000 | 12 }
        | K1 << 21
        | T0 << 16]);
    // The source of the record's copy is a variable.
    a.put([access(LW, A0, 4, K1), NOP]);
    a.put([addiu(T0, A0, INPUT_SIZE as u32), access(SW, T0, 4, K1)]);
    a.put([access(LW, T0, 0, A0), NOP, access(SW, T0, 8, K1)]);
    a.put([addiu(A0, A0, 16)]);
    a.put(load(A1, RECORD));
    copy_words(a, RECORD_SIZE as u32);
    load_special(a, features);
    for n in (1..32).filter(|&n| n != K0 && n != K1) {
        a.put([access(LW, n, record(word::R + n as usize), K0)]);
    }
    a.put([access(LW, K1, 8, K1), NOP]);
    // jalr $0, $k1: release 6 has no other JR.
    a.put([K1 << 21 | 9, access(LW, K1, record(word::R + K1 as usize), K0)]);
}

fn copy(a: &mut Assembler, from: u32, to: u32, len: u32) {
    a.put(load(A0, from));
    a.put(load(A1, to));
    copy_words(a, len);
}

/// Copies `len` bytes from where A0 points to where A1 does.
fn copy_words(a: &mut Assembler, len: u32) {
    a.put([addiu(A2, A0, len)]);
    let again = a.here();
    a.put([access(LW, T0, 0, A0), access(LW, T1, 4, A0), NOP]);
    a.put([access(SW, T0, 0, A1), access(SW, T1, 4, A1), addiu(A0, A0, 8)]);
    let back = bne(A0, A2, a.here(), again);
    a.put([back, addiu(A1, A1, 8)]);
}

/// Loads what is not a general register from the record.
fn load_special(a: &mut Assembler, features: Features) {
    for n in features.accumulators() {
        let at = record(word::ACCUMULATORS) + 8 * n;
        a.put([access(LW, T0, at, K0), access(LW, T1, at + 4, K0), NOP]);
        a.put([T0 << 21 | n << 11 | 0x11, T1 << 21 | n << 11 | 0x13]); // mthi, mtlo
    }
    if features.dsp {
        a.put([access(LW, T0, record(word::FLAGS), K0), NOP, 0x7c01_fcf8 | T0 << 21]); // wrdsp t0, 0x3f
    }
    vectors(a, features, LDC1, 0x7800_0023); // ld.d
    if features.fpu {
        a.put([access(LW, T0, record(word::FP_STATUS), K0), NOP, 0x44c0_0000 | T0 << 16 | 31 << 11]);
    }
    if features.msa {
        a.put([access(LW, T0, record(word::VECTOR_STATUS), K0), NOP, 0x783e_0019 | T0 << 11 | 1 << 6]);
    }
}

/// The same backwards.
fn store_special(a: &mut Assembler, features: Features) {
    for n in features.accumulators() {
        let at = record(word::ACCUMULATORS) + 8 * n;
        a.put([n << 21 | T0 << 11 | 0x10, n << 21 | T1 << 11 | 0x12]); // mfhi, mflo
        a.put([access(SW, T0, at, K0), access(SW, T1, at + 4, K0)]);
    }
    if features.dsp {
        a.put([0x7c3f_04b8 | T0 << 11, access(SW, T0, record(word::FLAGS), K0)]); // rddsp t0, 0x3f
    }
    if features.fpu {
        a.put([0x4440_0000 | T0 << 16 | 31 << 11, NOP, access(SW, T0, record(word::FP_STATUS), K0)]);
    }
    if features.msa {
        a.put([0x787e_0019 | 1 << 11 | T0 << 6, access(SW, T0, record(word::VECTOR_STATUS), K0)]);
    }
    vectors(a, features, SDC1, 0x7800_0027); // st.d
}

/// Moves the vector registers, or the floating-point registers: each has 16 bytes of the record.
fn vectors(a: &mut Assembler, features: Features, opcode: u32, vector_opcode: u32) {
    let start = VECTORS as u32;
    if features.msa {
        for n in 0..32 {
            a.put([addiu(T2, K0, start + 16 * n)]);
            a.put([vector_opcode | T2 << 11 | n << 6]);
        }
    } else {
        let moves = features.float_registers().map(|n| access(opcode, n, start + 16 * n, K0));
        a.put(moves);
    }
}

/// The signal handler: puts the number and the general registers in the frame into the record.
fn take_frame(a: &mut Assembler, big: bool) {
    let low = if big { 4 } else { 0 };
    a.put(load(K0, RECORD));
    a.put([access(SW, A0, record(word::SIGNAL), K0)]);
    for n in 0..32 {
        a.put([access(LW, T0, CONTEXT_R0 + 8 * n + low, A2), NOP]);
        a.put([access(SW, T0, record(word::R + n as usize), K0)]);
    }
    a.put([access(LW, T0, CONTEXT_PC + low, A2), NOP, access(SW, T0, record(word::PC), K0)]);
}

fn write_dump(a: &mut Assembler, features: Features) {
    if features.fpu {
        // No sequence shall begin with what the last one has left in FCSR.
        a.put([0x44c0_0000 | 31 << 11]); // ctc1 zero, $31
    }
    call(a, SYS_WRITE, &[1, RECORD, RECORD_SIZE as u32]);
    call(a, SYS_WRITE, &[1, WINDOW, PAGE]);
}

/// A sequence, and the jump to the end; the NOP is the delay slot of a branch that may be last.
pub(crate) fn slot(code: &[u8], save: u32, features: Features) -> Vec<u8> {
    let big = features.big;
    if features.set.is_some() {
        let halfword = features.compressed_end() as u16;
        let halfword = if big { halfword.to_be_bytes() } else { halfword.to_le_bytes() };
        // The next one begins at a word.
        let ends = if code.len().is_multiple_of(4) { 2 } else { 1 };
        return [code, &halfword.repeat(ends)].concat();
    }
    let end = [NOP, jump(save), NOP];
    let bytes = |word: u32| if big { word.to_be_bytes() } else { word.to_le_bytes() };
    code.iter().copied().chain(end.into_iter().flat_map(bytes)).collect()
}

const _: () = assert!(A3 == 7);

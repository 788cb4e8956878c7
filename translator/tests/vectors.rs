//! Vector ops: translated code does what the interpreter does, for each op on operands at the edges and for random blocks.

#[path = "../../ir/tests/common/mod.rs"]
mod common;

use std::sync::{Arc, Mutex};

use common::random::{self, Rng};
use common::{D, HELPERS, VECTOR_HELPERS};
use demotic_ir::interp::{self, Guest, Outcome};
use demotic_ir::{
    Access, Block, BlockBuilder, CodeSource, CpuState, Exit, Fault, FaultKind, FloatCc, FpMode, GuestArch,
    GuestInsn, Helper, HelperId, HostView, IntCc, Lanes, LiftOptions, Loc, MemSize, Memory, NanRule, Resume,
    Rounding, Slot, StateLayout, Trap, TrapContext, TrapHandler, Type, Value, VectorHelper, print_block,
    verify,
};
use demotic_translator::{EngineKind, EngineOptions, Vcpu};

const TY: Type = Type::V128;
/// Blocks of the random test.
const BLOCKS: u64 = 300;

/// A guest whose code is one block at a time at [`CODE`], and after it a trap.
struct OneBlock {
    layout: StateLayout,
    block: Mutex<Block>,
    rule: NanRule,
}

/// Where the block is.
const CODE: u64 = 0x100;
/// Where it goes.
const END: u64 = 0x200;

impl GuestArch for OneBlock {
    fn name(&self) -> &'static str {
        "one block"
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
        self.rule
    }
    fn lift(&self, loc: Loc, _: &dyn CodeSource, _: LiftOptions) -> Block {
        if loc.pc == CODE {
            return self.block.lock().expect("no test has failed in here").clone();
        }
        let mut b = BlockBuilder::new(loc);
        b.begin_insn(GuestInsn { pc: loc.pc, len: 4, word: 0 });
        b.leave(Exit::Trap { trap: Trap::Syscall { imm: 0 }, pc: loc.pc, next: loc.pc });
        b.finish()
    }
    fn mode(&self, _: &CpuState) -> u32 {
        0
    }
    fn disassemble(&self, _: Loc, _: &dyn CodeSource) -> (String, u8) {
        (String::new(), 4)
    }
    fn code_address(&self, pc: u64) -> u64 {
        pc
    }
}

/// No code and no memory: the blocks touch none.
#[derive(Clone, Copy)]
struct Nothing;

impl CodeSource for Nothing {
    fn fetch(&self, _: u64, _: &mut [u8]) -> bool {
        false
    }
    fn read_only(&self, _: u64, _: u32) -> Option<u64> {
        None
    }
}

impl Memory for Nothing {
    fn load(&mut self, addr: u64, _: MemSize) -> Result<u64, Fault> {
        Err(Fault { addr, access: Access::Load, kind: FaultKind::Unmapped })
    }
    fn store(&mut self, addr: u64, _: MemSize, _: u64) -> Result<(), Fault> {
        Err(Fault { addr, access: Access::Store, kind: FaultKind::Unmapped })
    }
    fn compare_exchange(&mut self, addr: u64, _: MemSize, _: u64, _: u64) -> Result<u64, Fault> {
        Err(Fault { addr, access: Access::Store, kind: FaultKind::Unmapped })
    }
    fn host_view(&self) -> HostView {
        HostView::Window { base: 0 }
    }
}

/// Stops at the trap that ends every block, and has its translation dropped.
struct Stop(Nothing);

impl TrapHandler for Stop {
    type Mem = Nothing;
    fn memory(&mut self) -> &mut Nothing {
        &mut self.0
    }
    fn trap(&mut self, _: &mut TrapContext<'_>, _: Trap, _: u64) -> Resume {
        Resume::Stop
    }
    fn fault(&mut self, _: &mut TrapContext<'_>, fault: Fault, _: u64) -> Resume {
        panic!("a block without memory accesses has a fault: {fault:?}")
    }
    fn interrupted(&mut self, cx: &mut TrapContext<'_>) -> Resume {
        cx.engine.invalidate(0, 1 << 32);
        Resume::Continue
    }
}

/// Both engines for one guest.
struct Bench {
    arch: Arc<OneBlock>,
    vcpu: Vcpu<Nothing>,
}

impl Bench {
    fn new(rule: NanRule) -> Bench {
        let block = Mutex::new(finished(|_| {}));
        let arch = Arc::new(OneBlock { layout: common::layout(), block, rule });
        let options =
            EngineOptions { kind: EngineKind::Jit, code_bytes: 8 << 20, verify: true, ..Default::default() };
        let vcpu = Vcpu::new::<Stop>(arch.clone(), Arc::new(Nothing), options);
        Bench { arch, vcpu: vcpu.expect("the host is supported") }
    }

    /// Runs a block from each of the states with both engines.
    fn compare(&mut self, block: &Block, states: &[CpuState]) {
        let text = print_block(block, &self.arch.layout);
        verify(block).unwrap_or_else(|e| panic!("{e}\n{text}"));
        *self.arch.block.lock().expect("no test has failed in here") = block.clone();
        // Makes it call `interrupted`, which drops the last block's translation.
        self.vcpu.kicker().kick();
        let translated = self.vcpu.engine().stats().regions;
        let code = interp::compile::<Nothing>(block, &Guest::of(&*self.arch)).expect("it can be interpreted");
        for state in states {
            let mut expected = state.clone();
            while let Outcome::Left { pc: CODE, .. } = code.run(&mut expected, &mut Nothing) {}
            let cpu = self.vcpu.cpu();
            *cpu = state.clone();
            cpu.set(self.arch.layout.pc, CODE);
            self.vcpu.run(&mut Stop(Nothing));
            let (got, expected) = (registers(self.vcpu.cpu()), registers(&expected));
            let input = registers(state);
            assert!(
                got == expected,
                "{text}from {input:x?}\ntranslated code gives {got:x?},\nthe interpreter       {expected:x?}"
            );
        }
        assert_eq!(self.vcpu.engine().stats().regions, translated + 1, "translated once:\n{text}");
    }
}

/// The register that counts loops.
const COUNTER: Slot = Slot(15);

/// The 64-bit registers.
fn registers(cpu: &CpuState) -> Vec<u64> {
    (0..common::D_REGISTERS).map(|n| cpu.get(Slot(D + n))).collect()
}

/// A block of one instruction.
fn finished(body: impl FnOnce(&mut BlockBuilder)) -> Block {
    let mut b = BlockBuilder::new(Loc::new(CODE));
    b.begin_insn(GuestInsn { pc: CODE, len: 4, word: 0 });
    body(&mut b);
    b.leave(Exit::Jump { target: END });
    b.finish()
}

fn get(b: &mut BlockBuilder, n: u16) -> Value {
    let (lo, hi) = (b.get(Type::I64, Slot(D + 2 * n)), b.get(Type::I64, Slot(D + 2 * n + 1)));
    b.vjoin(TY, lo, hi)
}

/// A block that does one op: the operands are the first three pairs of registers, the result is the last.
fn one_op(op: impl FnOnce(&mut BlockBuilder, Value, Value, Value) -> Value) -> Block {
    finished(|b| {
        let (x, y, z) = (get(b, 0), get(b, 1), get(b, 2));
        let result = op(b, x, y, z);
        let (lo, hi) = (b.vlow(TY, result), b.vhigh(TY, result));
        b.put(Type::I64, lo, Slot(D + 6));
        b.put(Type::I64, hi, Slot(D + 7));
    })
}

/// Words whose bytes, halfwords, words and doublewords are at edges.
const EDGES: [u64; 14] = [
    0,
    u64::MAX,
    0x8000_0000_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8080_8080_8080_8080,
    0x7f7f_7f7f_7f7f_7f7f,
    0x8000_7fff_8000_7fff,
    0x8000_0000_7fff_ffff,
    0x0001_0000_0000_0001,
    0x0102_0408_1020_4080,
    0x00ff_ff00_ff00_00ff,
    0xffff_0000_0000_ffff,
    0x0000_0000_ffff_ffff,
    0x0706_0504_0302_0100,
];

/// binary64 numbers, and pairs of binary32 and binary16 ones: zeros, subnormal and smallest normal numbers, infinities,
/// NaNs of both kinds, integers that just fit.
const FLOATS: [u64; 21] = [
    0x8000_0000_0000_0000,
    0x0000_0000_0000_0001,
    0x000f_ffff_ffff_ffff,
    0x0010_0000_0000_0000,
    0x3fef_ffff_ffff_ffff,
    0x3ff0_0000_0000_0000,
    0xc3e0_0000_0000_0000,
    0x7fef_ffff_ffff_ffff,
    0x7ff0_0000_0000_0000,
    0xfff0_0000_0000_0001,
    0x7ff8_0000_0000_0002,
    0x007f_ffff_0000_0001,
    0x0080_0000_8080_0000,
    0x3f7f_ffff_3f80_0000,
    0x7f7f_ffff_ff80_0000,
    0x7f80_0001_ffc0_1234,
    0x4f00_0000_cf00_0001,
    0x4f80_0000_bf80_0000,
    0x7c00_fc01_7e01_03ff,
    0x0400_0001_3c00_3bff,
    0x2000_0000_1f80_0000,
];

/// States with edges, floats and random numbers in all registers.
fn states(rng: &mut Rng, count: usize) -> Vec<CpuState> {
    let state = |_| {
        let mut cpu = CpuState::new();
        let kind = rng.below(4);
        for n in 0..common::D_REGISTERS {
            let word = match kind {
                0 => rng.pick(&EDGES),
                1 => rng.pick(&FLOATS),
                2 => rng.next(),
                _ => rng.pick(&EDGES) ^ 1 << rng.below(64),
            };
            cpu.set(Slot(D + n), word);
        }
        cpu
    };
    (0..count).map(state).collect()
}

/// Factors whose products are next to the smallest normal number, or are that only when rounded.
fn tiny_products() -> Vec<CpuState> {
    let singles = [
        (0x3f7f_ffff_3f80_0000, 0x0080_0000_8080_0000),
        (0x3f7f_fffe_bf7f_ffff, 0x0080_0000_8080_0001),
        (0x3f80_0001_bf7f_ffff, 0x807f_ffff_0080_0001),
        (0x2000_0000_9fff_ffff, 0x1f80_0000_2000_0000),
    ];
    let doubles = [
        (0x3fef_ffff_ffff_ffff, 0x0010_0000_0000_0000),
        (0xbff0_0000_0000_0000, 0x0010_0000_0000_0000),
        (0x3fef_ffff_ffff_ffff, 0x8010_0000_0000_0001),
        (0x3fef_ffff_ffff_fffe, 0x0010_0000_0000_0000),
    ];
    let state = |&[(a, b), (c, d)]: &[(u64, u64); 2]| {
        let mut cpu = CpuState::new();
        [a, c, b, d].into_iter().zip(D..).for_each(|(word, slot)| cpu.set(Slot(slot), word));
        cpu
    };
    let pairs = [singles, doubles].concat();
    pairs.windows(2).filter_map(|pair| <&[_; 2]>::try_from(pair).ok()).map(state).collect()
}

/// Collects blocks of one op each.
#[derive(Default)]
struct Blocks(Vec<Block>);

impl Blocks {
    fn op(&mut self, op: impl FnOnce(&mut BlockBuilder, Value, Value, Value) -> Value) {
        self.0.push(one_op(op));
    }

    /// Ops on lanes alone.
    fn arithmetic(&mut self, lanes: Lanes) {
        macro_rules! binary {
            ($($name:ident)*) => { $(self.op(|b, x, y, _| b.$name(TY, x, y, lanes));)* };
        }
        binary!(vadd vsub vmul vadd_sat_s vadd_sat_u vsub_sat_s vsub_sat_u);
        binary!(vmin_s vmin_u vmax_s vmax_u vavg_u vshl_v vshr_v vsar_v);
        self.op(|b, x, _, _| b.vneg(TY, x, lanes));
        self.op(|b, x, _, _| b.vabs(TY, x, lanes));
        self.op(|b, x, _, _| b.vclz(TY, x, lanes));
        for &cc in IntCc::ALL {
            self.op(|b, x, y, _| b.vcmp(TY, x, y, lanes, cc));
        }
        if lanes.wider().is_some() {
            self.op(|b, x, _, _| b.vwiden_low_s(TY, x, lanes));
            self.op(|b, x, _, _| b.vwiden_low_u(TY, x, lanes));
            self.op(|b, x, _, _| b.vwiden_high_s(TY, x, lanes));
            self.op(|b, x, _, _| b.vwiden_high_u(TY, x, lanes));
        }
        if lanes.narrower().is_some() {
            binary!(vnarrow vnarrow_sat_ss vnarrow_sat_su vnarrow_sat_uu);
        }
    }

    /// Ops with numbers of bits or lanes.
    fn numbered(&mut self, lanes: Lanes) {
        let amounts = [0, 1, 3, 7, 8, 15, 16, 31, 32, 33, 63].into_iter();
        for amount in amounts.filter(|&amount| u32::from(amount) < lanes.bits()) {
            self.op(|b, x, _, _| b.vshl_i(TY, x, lanes, amount));
            self.op(|b, x, _, _| b.vshr_i(TY, x, lanes, amount));
            self.op(|b, x, _, _| b.vsar_i(TY, x, lanes, amount));
        }
        for lane in [0, 1, lanes.count() as u8 - 1] {
            self.op(|b, x, _, _| {
                let word = b.vextract(TY, x, lanes, lane);
                b.vjoin(TY, word, word)
            });
            self.op(|b, x, y, _| {
                let word = b.vhigh(TY, y);
                b.vinsert(TY, x, word, lanes, lane)
            });
        }
        self.op(|b, x, _, _| {
            let word = b.vlow(TY, x);
            b.vsplat(TY, word, lanes)
        });
        self.op(|b, _, _, _| {
            let word = b.i64(0x8001_ff02_7f00_0181);
            b.vsplat(TY, word, lanes)
        });
    }

    /// Ops on all bits or bytes.
    fn whole(&mut self, rng: &mut Rng) {
        self.op(|b, x, _, _| b.vpopcnt(TY, x, Lanes::B16));
        self.op(|b, x, y, _| b.vand(TY, x, y));
        self.op(|b, x, y, _| b.vor(TY, x, y));
        self.op(|b, x, y, _| b.vxor(TY, x, y));
        self.op(|b, x, _, _| b.vnot(TY, x));
        self.op(|b, x, y, z| b.vselect(TY, x, y, z));
        self.op(|b, x, y, _| b.vtable(TY, x, y));
        self.op(|b, x, y, z| b.vhelper(TY, x, y, z, HelperId(0)));
        self.op(|b, x, _, _| {
            let (zero, low) = (b.i64(0), b.vlow(TY, x));
            b.vjoin(TY, low, zero)
        });
        self.op(|b, x, _, _| {
            let constant = b.v128(0x0123_4567_89ab_cdef_1122_3344_5566_7788);
            b.vadd(TY, constant, x, Lanes::H8)
        });
        for _ in 0..24 {
            let mask = u128::from(rng.next()) << 64 | u128::from(rng.next());
            self.op(|b, x, y, _| b.vshuffle(TY, x, y, mask));
            self.op(|b, x, _, _| b.vshuffle(TY, x, x, mask));
        }
    }

    /// Floating-point ops.
    fn float(&mut self, lanes: Lanes, mode: FpMode) {
        self.op(|b, x, y, _| b.vfadd(TY, x, y, lanes, mode));
        self.op(|b, x, y, _| b.vfsub(TY, x, y, lanes, mode));
        self.op(|b, x, y, _| b.vfmul(TY, x, y, lanes, mode));
        self.op(|b, x, y, _| b.vfdiv(TY, x, y, lanes, mode));
        self.op(|b, x, _, _| b.vfsqrt(TY, x, lanes, mode));
        self.op(|b, x, y, z| b.vfma(TY, x, y, z, lanes, mode));
        self.op(|b, x, _, _| b.vf_from_s(TY, x, lanes, mode));
        self.op(|b, x, _, _| b.vf_from_u(TY, x, lanes, mode));
        self.op(|b, x, _, _| b.vf_to_s(TY, x, lanes, mode));
        self.op(|b, x, _, _| b.vf_to_u(TY, x, lanes, mode));
        for &cc in FloatCc::ALL {
            self.op(|b, x, y, _| b.vfcmp(TY, x, y, lanes, cc, mode));
        }
        // What is flushed already is not flushed again.
        self.op(|b, x, y, z| {
            let product = b.vfmul(TY, x, y, lanes, mode);
            let sum = b.vfadd(TY, product, z, lanes, mode);
            b.vfsub(TY, sum, product, lanes, mode)
        });
    }
}

#[test]
fn integer_ops_on_edges() {
    let (mut bench, mut rng, mut blocks) = (Bench::new(NanRule::Arm), Rng::new(1), Blocks::default());
    for &lanes in Lanes::ALL {
        blocks.arithmetic(lanes);
        blocks.numbered(lanes);
    }
    blocks.whole(&mut rng);
    for block in blocks.0 {
        bench.compare(&block, &states(&mut rng, 60));
    }
}

#[test]
fn float_ops_on_edges() {
    let modes = [
        FpMode::NEAREST,
        FpMode::ASIMD,
        FpMode { flush: true, ..FpMode::NEAREST },
        FpMode { default_nan: true, ..FpMode::NEAREST },
        FpMode::NEAREST.rounding(Rounding::Up),
        FpMode::ASIMD.rounding(Rounding::Zero),
    ];
    for (seed, rule) in [(2, NanRule::Arm), (3, NanRule::Mips2008), (4, NanRule::MipsLegacy)] {
        let (mut bench, mut rng, mut blocks) = (Bench::new(rule), Rng::new(seed), Blocks::default());
        for lanes in [Lanes::H8, Lanes::W4, Lanes::D2] {
            modes.into_iter().for_each(|mode| blocks.float(lanes, mode));
        }
        for block in blocks.0 {
            bench.compare(&block, &[states(&mut rng, 60), tiny_products()].concat());
        }
    }
}

#[test]
fn random_blocks() {
    let (mut bench, mut rng) = (Bench::new(NanRule::Arm), Rng::new(5));
    for _ in 0..BLOCKS {
        let block = random::vector_block(&mut rng, 12, |b| b.leave(Exit::Jump { target: END }));
        bench.compare(&block, &states(&mut rng, 10));
    }
}

#[test]
fn random_loops() {
    let (mut bench, mut rng) = (Bench::new(NanRule::Arm), Rng::new(6));
    for _ in 0..BLOCKS {
        // As often as the register says, which begins with 0 and has two bits.
        let block = random::vector_block(&mut rng, 8, |b| {
            let (count, one, mask) = (b.get32(COUNTER), b.i32(1), b.i32(3));
            let count = b.add(Type::I32, count, one);
            let count = b.and(Type::I32, count, mask);
            b.put32(COUNTER, count);
            let cond = b.nonzero(count);
            b.leave(Exit::Branch { cond, taken: CODE, fallthrough: END });
        });
        bench.compare(&block, &states(&mut rng, 10));
    }
}

//! A small guest for tests: registers, flags, a little memory.
#![allow(dead_code, unreachable_pub, reason = "every test program uses its own part of this")]

pub mod random;
pub mod reference;
mod vectors;

use demotic_ir::interp::{self, Guest, Outcome, WayKind};
use demotic_ir::passes::{self, PassOptions, PassSet};
use demotic_ir::{
    Access, Block, CpuState, Fault, FaultKind, FlagSlots, Helper, HostView, MemSize, Memory, NanRule, Slot,
    SlotInfo, StateLayout, Type, VectorHelper, exchange_alone, parse_block, verify,
};

/// Number of general registers.
pub const REGISTERS: u16 = 16;
/// First of the 64-bit registers.
pub const D: u16 = 32;
/// Number of 64-bit registers.
pub const D_REGISTERS: u16 = 8;

/// Registers `r0` to `r15`, flags, `d0` to `d7`.
pub fn layout() -> StateLayout {
    let mut slots = Vec::new();
    let mut add = |name: String, slot: u16, ty| slots.push(SlotInfo { name, slot: Slot(slot), ty });
    for n in 0..REGISTERS {
        add(format!("r{n}"), n, Type::I32);
    }
    for (i, name) in ["nf", "zf", "cf", "vf", "pc"].into_iter().enumerate() {
        add(name.into(), REGISTERS + i as u16, Type::I32);
    }
    add("monitor_addr".into(), 21, Type::I64);
    add("monitor_value".into(), 22, Type::I64);
    for n in 0..D_REGISTERS {
        add(format!("d{n}"), D + n, Type::I64);
    }
    StateLayout {
        slots,
        pc: Slot(20),
        flags: Some(FlagSlots { n: Slot(16), z: Slot(17), c: Slot(18), v: Slot(19) }),
        exceptions: None,
        monitor_addr: Slot(21),
        monitor_value: Slot(22),
        scratch: [Slot(23), Slot(24)],
    }
}

extern "C" fn sum3(a: u64, b: u64, c: u64) -> u64 {
    a.wrapping_add(b).wrapping_add(c)
}

/// The helpers of the test guest.
pub static HELPERS: &[Helper] = &[Helper { name: "sum3", function: sum3 }];

fn mix([a, b]: [u64; 2], [c, d]: [u64; 2], [e, f]: [u64; 2]) -> [u64; 2] {
    [a ^ d.rotate_left(7) ^ e, b.wrapping_sub(c).wrapping_add(f)]
}

/// The vector helpers of the test guest.
pub static VECTOR_HELPERS: &[VectorHelper] = &[VectorHelper { name: "mix", function: mix }];

/// The test guest.
pub fn guest(layout: &StateLayout) -> Guest<'_> {
    Guest { layout, nan_rule: NanRule::Arm, helpers: HELPERS, vector_helpers: VECTOR_HELPERS }
}

/// Memory of 4 KiB at 0x1000; the last 256 bytes cannot be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ram {
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Default for Ram {
    fn default() -> Self {
        Ram { bytes: (0..SIZE).map(|i| (i * 7 + 3) as u8).collect() }
    }
}

/// Where memory begins.
pub const BASE: u64 = 0x1000;
const SIZE: u64 = 0x1000;
/// Where memory stops being writable.
pub const READ_ONLY: u64 = BASE + SIZE - 256;

impl Ram {
    #[inline(always)]
    fn at(&self, addr: u64, size: MemSize, access: Access) -> Result<usize, Fault> {
        let end = if access == Access::Store { READ_ONLY } else { BASE + SIZE };
        if addr >= BASE && addr <= end - u64::from(size.bytes()) {
            return Ok((addr - BASE) as usize);
        }
        let mapped = (BASE..BASE + SIZE).contains(&addr);
        let kind =
            if mapped && access == Access::Store { FaultKind::Permission } else { FaultKind::Unmapped };
        Err(Fault { addr, access, kind })
    }
}

impl Memory for Ram {
    #[inline(always)]
    fn load(&mut self, addr: u64, size: MemSize) -> Result<u64, Fault> {
        let at = self.at(addr, size, Access::Load)?;
        let mut word = [0; 8];
        let n = size.bytes() as usize;
        word[..n].copy_from_slice(&self.bytes[at..at + n]);
        Ok(u64::from_le_bytes(word))
    }

    #[inline(always)]
    fn store(&mut self, addr: u64, size: MemSize, value: u64) -> Result<(), Fault> {
        let at = self.at(addr, size, Access::Store)?;
        let n = size.bytes() as usize;
        self.bytes[at..at + n].copy_from_slice(&value.to_le_bytes()[..n]);
        Ok(())
    }

    fn compare_exchange(&mut self, addr: u64, size: MemSize, old: u64, new: u64) -> Result<u64, Fault> {
        self.at(addr, size, Access::Store)?;
        exchange_alone(self, addr, size, old, new)
    }

    fn host_view(&self) -> HostView {
        HostView::None
    }
}

/// Reads a block: `body` without head and exit, which is a jump to 0.
pub fn block(body: &str) -> Block {
    let text = format!("block 0x100 mode 0 {{\ninsn 0x100 4 0\n{body}\nexit jump 0x0\n}}");
    let block = parse_block(&text, &layout()).unwrap_or_else(|e| panic!("{e}\n{text}"));
    verify(&block).unwrap_or_else(|e| panic!("{e}\n{text}"));
    block
}

/// The pipelines that every test goes through: none, each pass alone, all.
pub fn pipelines() -> Vec<PassOptions> {
    let each = passes::Pass::ALL.iter().map(|&p| PassSet::NONE.with(p));
    [PassSet::NONE, PassSet::ALL]
        .into_iter()
        .chain(each)
        .map(|enabled| PassOptions { enabled, precise: true, verify: true })
        .collect()
}

/// The effect of a block on a state.
#[derive(Clone, PartialEq, Debug)]
pub struct Effect {
    /// The guest part of the state.
    pub state: Vec<u64>,
    /// Memory.
    pub ram: Ram,
    /// How the block ended.
    pub end: reference::End,
}

/// Executes an optimised copy of a block.
pub fn execute(block: &Block, options: &PassOptions, rule: NanRule, cpu: &CpuState, ram: &Ram) -> Effect {
    let layout = layout();
    let mut block = block.clone();
    passes::run(&mut block, &layout, options);
    let guest = Guest { nan_rule: rule, ..guest(&layout) };
    let code = interp::compile::<Ram>(&block, &guest).expect("the block can be interpreted");
    let (mut cpu, mut ram) = (cpu.clone(), ram.clone());
    let outcome = code.run(&mut cpu, &mut ram);
    let end = match outcome {
        Outcome::Left { way, pc } => reference::End::Left { kind: direct(code.ways()[way].kind, pc), pc },
        Outcome::Fault { fault, src } => reference::End::Fault { fault, src },
    };
    Effect { state: cpu.guest().to_vec(), ram, end }
}

/// The direct form of a way: passes may find out where an indirect one leads.
pub fn direct(kind: WayKind, pc: u64) -> WayKind {
    match kind {
        WayKind::JumpIndirect => WayKind::Jump { target: pc },
        WayKind::CallIndirect { ret } => WayKind::Call { target: pc, ret },
        _ => kind,
    }
}

/// Executes a block in all ways there are, checks that they agree, and gives the effect.
pub fn check(block: &Block, rule: NanRule, cpu: &CpuState, ram: &Ram) -> Effect {
    let expected = reference::execute(block, rule, cpu, ram);
    for options in pipelines() {
        let got = execute(block, &options, rule, cpu, ram);
        if got != expected {
            let layout = layout();
            let mut optimised = block.clone();
            passes::run(&mut optimised, &layout, &options);
            let differing: Vec<_> = (0..got.state.len())
                .filter(|&i| got.state[i] != expected.state[i])
                .map(|i| (i, got.state[i], expected.state[i]))
                .collect();
            panic!(
                "with {options:?}\n{}optimised to\n{}words (index, got, expected): {differing:x?}\n\
                 got {:x?}, expected {:x?}, same memory: {}",
                demotic_ir::print_block(block, &layout),
                demotic_ir::print_block(&optimised, &layout),
                got.end,
                expected.end,
                got.ram == expected.ram,
            );
        }
    }
    expected
}

/// Runs `body` with the given registers.
pub fn run(body: &str, inputs: &[(&str, u64)]) -> Effect {
    run_with(body, inputs, NanRule::Arm)
}

/// Runs `body` with the given registers and NaN rule.
pub fn run_with(body: &str, inputs: &[(&str, u64)], rule: NanRule) -> Effect {
    let layout = layout();
    let mut cpu = CpuState::new();
    for (name, value) in inputs {
        cpu.set(layout.by_name(name).expect("a register").slot, *value);
    }
    check(&block(body), rule, &cpu, &Ram::default())
}

impl Effect {
    /// The value of a register.
    pub fn reg(&self, name: &str) -> u64 {
        self.state[layout().by_name(name).expect("a register").slot.index()]
    }

    /// N, Z, C, V as bits 3 to 0.
    pub fn nzcv(&self) -> u64 {
        let [n, z, c, v] = ["nf", "zf", "cf", "vf"].map(|f| self.reg(f));
        (n >> 31 & 1) << 3 | u64::from(z == 0) << 2 | (c & 1) << 1 | v >> 31 & 1
    }
}

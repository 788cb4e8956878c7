//! The hypervisor as a whole: traps in, state out.

use demotic_ir::{EngineControl, MemSize, Memory};
use demotic_mips::state::{BAD_VADDR, BRANCH_TARGET, CAUSE, EBASE, EPC, ERROR_EPC, R};

use super::*;
use crate::machine::Outcome;
use crate::machine::boards;
use crate::machine::clock::Clock;
use crate::machine::platform_of;

const ENTRY: u32 = 0x8000_0400;
const ERET: u32 = 0x4200_0018;
const WAIT: u32 = 0x4200_0020;

/// `mtc0 $2, $n`
const fn mtc0(n: u32) -> u32 {
    0x4082_0000 | n << 11
}

/// Remembers what it is told to drop.
#[derive(Default)]
struct NoEngine(std::cell::RefCell<Vec<(u64, u64)>>);

impl EngineControl for NoEngine {
    fn invalidate(&self, start: u64, end: u64) {
        self.0.borrow_mut().push((start, end));
    }
    fn fork(&self, _: &mut dyn FnMut() -> bool) {}
    fn set_precise_faults(&self, _: bool) {}
}

struct Bench {
    platform: Platform,
    hypervisor: MipsHypervisor,
    cpu: CpuState,
    engine: NoEngine,
}

impl Bench {
    fn new() -> Bench {
        let board = boards::by_name("bare-mips").unwrap();
        let mut platform = platform_of(board, Box::new(std::io::sink()), Clock::manual(), false).unwrap();
        let mut hypervisor = MipsHypervisor::new(0, false);
        let mut cpu = CpuState::new();
        hypervisor.reset(&mut platform, &mut cpu, u64::from(ENTRY));
        Bench { platform, hypervisor, cpu, engine: NoEngine::default() }
    }

    /// In kernel mode at exception level 0, with vectors in RAM.
    fn started() -> Bench {
        let mut bench = Bench::new();
        bench.mtc0(12, 0);
        bench.cpu.set32(EBASE, 0x8000_0000);
        bench.cpu.set32(PC, ENTRY);
        bench
    }

    /// Traps at the `pc` slot.
    fn trap(&mut self, trap: Trap) {
        let pc = self.cpu.get(PC);
        self.cpu.set(PC, pc + 4);
        self.trap_at(trap, pc);
    }

    fn trap_at(&mut self, trap: Trap, pc: u64) {
        let mut cx = TrapContext { cpu: &mut self.cpu, engine: &self.engine };
        self.hypervisor.trap(&mut self.platform, &mut cx, trap, pc);
    }

    fn mtc0(&mut self, register: u32, value: u32) {
        self.cpu.set32(R.nth(2), value);
        self.trap(Trap::Privileged { word: mtc0(register) });
    }

    fn code(&self) -> u32 {
        self.cpu.get32(CAUSE) >> 2 & 0x1f
    }
}

#[test]
fn a_system_call_returns_behind_itself() {
    let mut bench = Bench::started();
    bench.cpu.set32(EPC, 0x100);
    bench.mtc0(12, status::UM | status::EXL);
    bench.trap(Trap::Privileged { word: ERET });
    assert_eq!((bench.cpu.get32(PC), bench.platform.memory.view()), (0x100, 2), "user mode, user view");
    bench.trap(Trap::Syscall { imm: 0 });
    assert_eq!((bench.cpu.get32(PC), bench.cpu.get32(EPC), bench.code()), (0x8000_0180, 0x100, 8));
    assert_eq!(bench.platform.memory.view(), 0);
    bench.cpu.set32(EPC, 0x104);
    bench.trap(Trap::Privileged { word: ERET });
    assert_eq!((bench.cpu.get32(PC), bench.platform.memory.view()), (0x104, 2));
}

#[test]
fn the_error_level_has_its_own_view_and_return() {
    let mut bench = Bench::new();
    assert_eq!(bench.platform.memory.view(), 1);
    // At error level kuseg is not mapped, so RAM's second place can be seen there.
    assert!(bench.platform.memory.store(0x4000_0010, MemSize::B4, 77).is_ok());
    bench.cpu.set32(ERROR_EPC, ENTRY);
    bench.trap(Trap::Privileged { word: ERET });
    assert_eq!((bench.platform.memory.view(), bench.cpu.get32(PC)), (0, ENTRY));
    assert!(bench.platform.memory.load(0x4000_0010, MemSize::B4).is_err());
    for addr in [0x10, 0x8000_0010, 0xa000_0010] {
        assert_eq!(bench.platform.memory.load(addr, MemSize::B4), Ok(77), "{addr:#x}");
    }
}

#[test]
fn a_trap_in_a_delay_slot_names_the_branch() {
    let mut bench = Bench::started();
    let pc = bench.cpu.get(PC);
    bench.cpu.set(PC, pc + 8);
    bench.cpu.set32(BRANCH_TARGET, 0x8000_1000);
    bench.trap_at(Trap::Syscall { imm: 0 }, pc);
    assert_eq!((bench.cpu.get32(EPC), bench.cpu.get32(CAUSE) >> 31), (ENTRY, 1));
    // One that is executed goes on at the branch's destination.
    bench.cpu.set(PC, pc + 8);
    bench.cpu.set32(R.nth(2), 5);
    bench.trap_at(Trap::Privileged { word: mtc0(11) }, pc);
    assert_eq!(bench.cpu.get32(PC), 0x8000_1000);
}

#[test]
fn a_fault_behind_a_branch_is_in_its_delay_slot() {
    let mut bench = Bench::started();
    let fault = Fault { addr: 0x8000_0001, access: Access::Load, kind: FaultKind::Misaligned };
    for (word, bd) in [(0x1000_ffff_u32, 1), (0x8c42_0000, 0)] {
        bench.platform.memory.write_physical(0x400, &word.to_le_bytes()).unwrap();
        bench.cpu.set32(STATUS, 0);
        bench.hypervisor.fault(&mut bench.platform, &mut bench.cpu, fault, u64::from(ENTRY));
        assert_eq!(bench.cpu.get32(CAUSE) >> 31, bd);
        assert_eq!((bench.code(), bench.cpu.get32(BAD_VADDR)), (4, 0x8000_0001));
    }
}

#[test]
fn faults_become_the_manuals_exceptions() {
    let cases = [
        (Access::Store, FaultKind::Misaligned, 5),
        (Access::Store, FaultKind::Permission, 5),
        (Access::Load, FaultKind::Permission, 4),
        (Access::Load, FaultKind::Bus, 7),
        (Access::Store, FaultKind::Unmapped, 7),
        (Access::Fetch, FaultKind::Bus, 6),
    ];
    for (access, kind, code) in cases {
        let mut bench = Bench::started();
        let fault = Fault { addr: 0x9f00_0000, access, kind };
        bench.hypervisor.fault(&mut bench.platform, &mut bench.cpu, fault, u64::from(ENTRY));
        assert_eq!(bench.code(), code, "{access:?} {kind:?}");
    }
}

#[test]
fn wait_sleeps_until_the_timer() {
    let mut bench = Bench::started();
    bench.mtc0(11, 500);
    bench.mtc0(12, status::IE | 1 << 15);
    bench.trap(Trap::Privileged { word: WAIT });
    assert_eq!(bench.platform.alarm.clock().now(), 500 * 20);
    assert_eq!((bench.cpu.get32(PC), bench.cpu.get32(EPC), bench.code()), (0x8000_0180, ENTRY + 12, 0));
    assert_eq!(bench.platform.stats.interrupts.get("ip7 (timer)"), 1);
    bench.mtc0(11, 1000);
    assert_eq!(bench.cpu.get32(IRQ_LINES), 0, "writing Compare ends the interrupt");
    bench.trap(Trap::Privileged { word: ERET });
    assert_eq!(bench.cpu.get32(PC), ENTRY + 12);
}

#[test]
fn a_software_interrupt_is_taken_at_once() {
    let mut bench = Bench::started();
    bench.mtc0(12, status::IE | 1 << 9);
    bench.mtc0(13, 1 << 9);
    assert_eq!((bench.cpu.get32(PC), bench.cpu.get32(EPC)), (0x8000_0180, ENTRY + 8));
}

#[test]
fn forbidden_coprocessors_are_named() {
    let mut bench = Bench::started();
    bench.trap(Trap::Undefined { word: 0x4600_0000 });
    assert_eq!((bench.code(), bench.cpu.get32(CAUSE) >> 28 & 3), (11, 1));
    bench.cpu.set32(STATUS, status::UM);
    bench.trap(Trap::Undefined { word: mtc0(12) });
    assert_eq!((bench.code(), bench.cpu.get32(CAUSE) >> 28 & 3), (11, 0));
    bench.cpu.set32(STATUS, status::UM);
    bench.trap(Trap::Undefined { word: 0xffff_ffff });
    assert_eq!(bench.code(), 10);
}

#[test]
fn fetches_fail_by_address() {
    let mut bench = Bench::started();
    bench.cpu.set32(PC, 0x9000_0000);
    bench.trap(Trap::Fetch);
    assert_eq!(bench.code(), 6);
    bench.cpu.set32(STATUS, status::UM);
    bench.platform.memory.set_view(2);
    bench.cpu.set32(PC, 0x8000_0000);
    bench.trap(Trap::Fetch);
    assert_eq!((bench.code(), bench.cpu.get32(BAD_VADDR)), (4, 0x8000_0000));
}

#[test]
fn vectors_without_code_end_the_machine() {
    let mut bench = Bench::new();
    bench.trap(Trap::Syscall { imm: 0 });
    assert_eq!(bench.cpu.get32(PC), 0xbfc0_0380);
    bench.trap(Trap::Fetch);
    assert!(matches!(bench.platform.outcome, Some(Outcome::Failed { .. })));
}

#[test]
fn cache_operations_drop_translations_at_every_address() {
    let mut bench = Bench::started();
    bench.cpu.set32(SCRATCH[0], 0x8000_0400);
    bench.cpu.set32(SCRATCH[1], 32);
    bench.trap(Trap::CacheFlush);
    let dropped = bench.engine.0.take();
    for start in [0x400, 0x4000_0400, 0x8000_0400, 0xa000_0400] {
        assert!(dropped.contains(&(start, start + 32)), "{start:#x}");
    }
}

#[test]
fn overflow_and_conditional_traps() {
    let mut bench = Bench::started();
    bench.trap(Trap::Arithmetic { code: traps::OVERFLOW });
    assert_eq!(bench.code(), 12);
    bench.trap(Trap::Arithmetic { code: traps::trap(5) });
    assert_eq!(bench.code(), 13);
}

#[test]
fn a_kernel_gets_no_kernel_address_with_eva() {
    const LBUE_V0_A0: u32 = 0x7c82_0228;
    const SCE_V0_A0: u32 = 0x7c82_fe1e;
    for (word, addr, code) in [(LBUE_V0_A0, 0x8000_1004, 4), (SCE_V0_A0, 0x8000_0ffc, 5)] {
        let mut bench = Bench::started();
        bench.cpu.set32(R.nth(4), 0x8000_1000);
        bench.trap(Trap::Privileged { word });
        assert_eq!((bench.code(), bench.cpu.get32(BAD_VADDR)), (code, addr));
    }
}

#[test]
fn eva_needs_coprocessor_0() {
    const LWE_V0_A0: u32 = 0x7c82_002f;
    let mut bench = Bench::started();
    bench.mtc0(12, status::UM);
    bench.trap(Trap::Undefined { word: LWE_V0_A0 });
    assert_eq!((bench.code(), bench.cpu.get32(CAUSE) >> 28 & 3), (11, 0));
}

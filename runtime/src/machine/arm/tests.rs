//! The hypervisor as a whole: traps in, state out.

use demotic_arm::state::{LR, SP, SPSR, VBAR};
use demotic_ir::{EngineControl, MemSize, Memory};

use super::*;
use crate::machine::Outcome;
use crate::machine::boards;
use crate::machine::console::Capture;
use crate::machine::memory::MachineMemory;
use crate::machine::{clock::Clock, platform_of};

/// Where the board's RAM is.
pub(super) const RAM: u32 = 0x4000_0000;
const TIMER: u64 = 0x0901_0000;

/// The memory of a `bare-arm` board.
pub(super) fn memory() -> MachineMemory {
    platform().0.memory
}

/// A `bare-arm` board without CPU, and what it writes. Time stands still but for sleeping.
pub(super) fn platform() -> (Platform, Capture) {
    let capture = Capture::default();
    let board = boards::by_name("bare-arm").unwrap();
    (platform_of(board, Box::new(capture.clone()), Clock::manual(), false).unwrap(), capture)
}

/// An engine without translations.
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
    hypervisor: ArmHypervisor,
    cpu: CpuState,
    engine: NoEngine,
    capture: Capture,
}

impl Bench {
    fn new() -> Bench {
        let (platform, capture) = platform();
        let hypervisor = ArmHypervisor::default();
        let mut cpu = CpuState::new();
        hypervisor.reset(&mut cpu, u64::from(RAM));
        cpu.set32(VBAR, RAM + 0x1000);
        Bench { platform, hypervisor, cpu, engine: NoEngine::default(), capture }
    }

    /// Traps at the `pc` slot, with an instruction of four bytes.
    fn trap(&mut self, trap: Trap) {
        let pc = self.cpu.get(PC);
        self.cpu.set(PC, pc + 4);
        let mut cx = TrapContext { cpu: &mut self.cpu, engine: &self.engine };
        self.hypervisor.trap(&mut self.platform, &mut cx, trap, pc & !1);
    }

    fn privileged(&mut self, word: u32) {
        self.trap(Trap::Privileged { word });
    }

    fn mmio(&mut self, offset: u64, value: u64) {
        self.platform.memory.store(TIMER + offset, MemSize::B4, value).unwrap();
    }

    /// Starts the timer: periodic, 32 bits, interrupting.
    fn start_timer(&mut self, micros: u64) {
        self.mmio(0x00, micros);
        self.mmio(0x08, 0xe2);
    }
}

#[test]
fn reset_is_supervisor_mode_with_everything_masked() {
    let bench = Bench::new();
    assert_eq!(psr::read(&bench.cpu), 0x1d3);
    assert_eq!(bench.cpu.get32(PC), RAM);
}

#[test]
fn a_supervisor_call_returns_behind_itself() {
    let mut bench = Bench::new();
    bench.privileged(0xf102_0010); // cps #16
    bench.trap(Trap::Syscall { imm: 0x12_3456 });
    assert_eq!(bench.cpu.get32(PC), RAM + 0x1008, "semihosting is for privileged modes");
    assert_eq!(bench.cpu.get32(LR), RAM + 8);
    assert_eq!(Mode::current(&bench.cpu), Mode::Svc);
    bench.privileged(0xe1b0_f00e); // movs pc, lr
    assert_eq!((bench.cpu.get32(PC), Mode::current(&bench.cpu)), (RAM + 8, Mode::Usr));
}

#[test]
fn semihosting_writes_and_exits() {
    let mut bench = Bench::new();
    bench.platform.memory.write_physical(u64::from(RAM) + 0x100, b"hi\n\0").unwrap();
    bench.cpu.set32(R, 4);
    bench.cpu.set32(R.nth(1), RAM + 0x100);
    bench.trap(Trap::Syscall { imm: 0x12_3456 });
    assert_eq!(bench.capture.text(), "hi\n");
    bench.cpu.set32(R, 0x18);
    bench.cpu.set32(R.nth(1), 0x2_0026);
    bench.cpu.set(PC, u64::from(RAM) | 1);
    bench.trap(Trap::Syscall { imm: 0xab });
    assert_eq!(bench.platform.outcome, Some(Outcome::PowerOff { code: 0 }));
}

#[test]
fn wfi_sleeps_until_the_timer_and_the_interrupt_is_taken_when_unmasked() {
    let mut bench = Bench::new();
    bench.start_timer(100);
    bench.privileged(0xe320_f003); // wfi
    assert_eq!(bench.platform.alarm.clock().now(), 100_000);
    assert_eq!(bench.cpu.get32(PC), RAM + 4, "masked: it only ends the sleep");
    bench.privileged(0xf108_0080); // cpsie i
    assert_eq!(bench.cpu.get32(PC), RAM + 0x1018);
    assert_eq!((Mode::current(&bench.cpu), bench.cpu.get32(LR)), (Mode::Irq, RAM + 12));
    assert_eq!(bench.platform.stats.interrupts.get("irq"), 1);
    // The handler clears the timer and returns: nothing is pending any more.
    bench.mmio(0x0c, 1);
    bench.privileged(0xe25e_f004); // subs pc, lr, #4
    assert_eq!((bench.cpu.get32(PC), Mode::current(&bench.cpu)), (RAM + 8, Mode::Svc));
    assert_eq!(bench.cpu.get32(IRQ_LINES), 0, "the stale line was looked at again");
}

#[test]
fn an_interrupt_is_taken_between_blocks() {
    let mut bench = Bench::new();
    bench.privileged(0xf108_0080); // cpsie i
    bench.start_timer(10);
    bench.platform.alarm.clock().advance_to(10_000);
    bench.cpu.set(PC, u64::from(RAM + 0x201));
    bench.hypervisor.interrupted(&mut bench.platform, &mut bench.cpu);
    assert_eq!(bench.cpu.get32(LR), RAM + 0x204);
    assert_eq!(bench.cpu.get32(SPSR), 0x173, "Thumb and the masks are saved");
}

#[test]
fn an_endless_sleep_is_an_error() {
    let mut bench = Bench::new();
    bench.privileged(0xe320_f003);
    assert!(matches!(bench.platform.outcome, Some(Outcome::Failed { .. })));
}

#[test]
fn aborts_record_what_happened() {
    let mut bench = Bench::new();
    let fault = Fault { addr: 0x5000_0000, access: Access::Store, kind: FaultKind::Bus };
    bench.hypervisor.fault(&mut bench.platform, &mut bench.cpu, fault, u64::from(RAM));
    assert_eq!((bench.cpu.get32(FAULT), bench.cpu.get32(FAULT.nth(1))), (0x808, 0x5000_0000));
    assert_eq!((bench.cpu.get32(PC), bench.cpu.get32(LR)), (RAM + 0x1010, RAM + 8));
    bench.cpu.set32(PC, 0x5000_0000);
    bench.trap(Trap::Fetch);
    assert_eq!((bench.cpu.get32(FAULT.nth(2)), bench.cpu.get32(FAULT.nth(3))), (0x8, 0x5000_0000));
    assert_eq!(bench.cpu.get32(PC), RAM + 0x100c);
}

#[test]
fn vectors_without_code_end_the_machine() {
    let mut bench = Bench::new();
    bench.cpu.set32(VBAR, 0x7000_0000);
    bench.trap(Trap::Undefined { word: 0 });
    assert_eq!(bench.cpu.get32(PC), 0x7000_0004);
    bench.trap(Trap::Fetch);
    bench.trap(Trap::Fetch);
    assert!(matches!(bench.platform.outcome, Some(Outcome::Failed { .. })));
}

#[test]
fn system_registers_are_read_written_and_counted() {
    let mut bench = Bench::new();
    bench.privileged(0xee11_0f10); // mrc p15, 0, r0, c1, c0, 0
    assert_eq!(bench.cpu.get32(R), cp15::SCTLR_RESET);
    bench.cpu.set32(R.nth(1), RAM + 0x2000);
    bench.privileged(0xee0c_1f10); // mcr p15, 0, r1, c12, c0, 0
    assert_eq!(bench.cpu.get32(VBAR), RAM + 0x2000);
    assert_eq!(bench.platform.stats.privileged.get("mcr VBAR"), 1);
    bench.privileged(0xee1e_0f11); // mrc p15, 0, r0, c14, c1, 0
    assert_eq!(bench.cpu.get32(PC), RAM + 0x2004, "there is no such register");
}

#[test]
fn cache_maintenance_drops_translations() {
    let mut bench = Bench::new();
    bench.cpu.set32(R, RAM + 0x44);
    bench.privileged(0xee07_0f35); // mcr p15, 0, r0, c7, c5, 1
    assert_eq!(bench.engine.0.take(), [(u64::from(RAM) + 0x40, u64::from(RAM) + 0x80)]);
    bench.cpu.set32(SCRATCH[0], RAM);
    bench.cpu.set32(SCRATCH[1], 64);
    bench.trap(Trap::CacheFlush);
    bench.cpu.set32(SCRATCH[1], 0);
    bench.trap(Trap::CacheFlush);
    assert_eq!(bench.engine.0.take(), [(u64::from(RAM), u64::from(RAM) + 64), (0, 1 << 32)]);
}

#[test]
fn the_mmu_cannot_be_turned_on() {
    let mut bench = Bench::new();
    bench.cpu.set32(R, 1);
    bench.privileged(0xee01_0f10);
    assert!(matches!(bench.platform.outcome, Some(Outcome::Failed { .. })));
}

#[test]
fn banked_stacks_survive_an_exception() {
    let mut bench = Bench::new();
    bench.cpu.set32(SP, 0x111);
    bench.trap(Trap::Undefined { word: 0xe7f0_00f0 });
    assert_eq!((Mode::current(&bench.cpu), bench.cpu.get32(SP)), (Mode::Und, 0));
    bench.cpu.set32(SP, 0x222);
    bench.privileged(0xe1b0_f00e); // movs pc, lr
    assert_eq!((Mode::current(&bench.cpu), bench.cpu.get32(SP)), (Mode::Svc, 0x111));
}

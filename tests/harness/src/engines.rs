//! The engines, each as something that takes guest code from a state to a state and says how it ended.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use demotic_ir::interp::{self, Guest, Outcome, WayKind};
use demotic_ir::passes::{self, PassOptions};
use demotic_ir::{
    Access, Block, CpuState, Fault, FaultKind, GuestArch, LiftOptions, Loc, Memory, Resume, Trap,
    TrapContext, TrapHandler, verify,
};
use demotic_runtime::memory::UserMemory;
use demotic_translator::{EngineKind, EngineOptions, MemoryModel, Vcpu};

use crate::arena::Arena;

/// How a piece of code ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// It went on outside the code; the state's pc says where.
    Left,
    /// It trapped.
    Trap {
        /// What happened.
        trap: Trap,
        /// The instruction that did it.
        pc: u64,
    },
    /// A memory access failed.
    Fault {
        /// Address of the access.
        addr: u64,
        /// What it wanted to do.
        access: Access,
        /// Whether the address was misaligned, as opposed to not accessible.
        misaligned: bool,
        /// The instruction that did it.
        pc: u64,
    },
    /// It did not end.
    Endless,
}

impl End {
    fn fault(fault: Fault, pc: u64) -> End {
        let misaligned = fault.kind == FaultKind::Misaligned;
        End::Fault { addr: fault.addr, access: fault.access, misaligned, pc }
    }

    fn trap(trap: Trap, pc: u64) -> End {
        if trap == Trap::Fetch { End::Left } else { End::Trap { trap, pc } }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Left => f.write_str("left"),
            End::Trap { trap, pc } => write!(f, "trap {}:{:#x} at {pc:#x}", trap.name(), trap.detail()),
            End::Fault { addr, access, misaligned, pc } => {
                let kind = if *misaligned { "misaligned " } else { "" };
                let access = access_name(*access);
                write!(f, "{kind}{access} fault of the instruction at {pc:#x}, address {addr:#x}")
            }
            End::Endless => f.write_str("no end"),
        }
    }
}

/// The name of a kind of access in cases and reports.
pub fn access_name(access: Access) -> &'static str {
    match access {
        Access::Load => "load",
        Access::Store => "store",
        Access::Fetch => "fetch",
    }
}

/// Lifts and checks the block at the state's pc.
///
/// # Panics
/// When the front end breaks the IR's rules.
pub fn lift(arch: &dyn GuestArch, arena: &Arena, cpu: &CpuState) -> Block {
    let loc = Loc { pc: cpu.get(arch.layout().pc), mode: arch.mode(cpu) };
    let mut options = LiftOptions::default();
    loop {
        let block = arch.lift(loc, &*arena.code(), options);
        if let Err(error) = verify(&block) {
            panic!(
                "the lifted block is malformed: {error}\n{}",
                demotic_ir::print_block(&block, arch.layout())
            );
        }
        // As the engines do when a block is too long for the interpreter.
        if options.max_insns == 1 || interp::compile::<UserMemory>(&block, &Guest::of(arch)).is_ok() {
            return block;
        }
        options.max_insns /= 2;
    }
}

/// Interprets from the state's pc until the code is left, `stop` says so of the pc of a block that was reached, or
/// `blocks` blocks have run.
///
/// # Panics
/// When a block cannot be interpreted.
pub fn interpret(
    arch: &dyn GuestArch,
    arena: &Arena,
    cpu: &mut CpuState,
    passes: Option<&PassOptions>,
    blocks: usize,
    stop: impl Fn(u64) -> bool,
) -> End {
    let mut memory = arena.memory.clone();
    let pc_slot = arch.layout().pc;
    for _ in 0..blocks {
        let mut block = lift(arch, arena, cpu);
        if let Some(options) = passes {
            passes::run(&mut block, arch.layout(), options);
        }
        let code =
            interp::compile::<UserMemory>(&block, &Guest::of(arch)).expect("the block can be compiled");
        match code.run(cpu, &mut memory) {
            Outcome::Fault { fault, src } => {
                let pc = block.guest[src as usize].pc | block.start.pc & 1;
                cpu.set(pc_slot, pc);
                return End::fault(fault, pc);
            }
            Outcome::Left { way, pc } => {
                cpu.set(pc_slot, pc);
                match code.ways()[way].kind {
                    WayKind::Trap { trap: Trap::InterruptCheck, .. } => {}
                    WayKind::Trap { trap: Trap::Fetch, pc: at, .. } => {
                        cpu.set(pc_slot, at | pc & 1);
                        return End::Left;
                    }
                    WayKind::Trap { trap, pc, .. } => return End::trap(trap, pc),
                    _ => {}
                }
            }
        }
        if stop(cpu.get(pc_slot)) {
            return End::Left;
        }
    }
    End::Endless
}

/// A vCPU that translates everything that it can before it executes it, on an arena. It can be used again and again.
pub struct Jit {
    vcpu: Vcpu<UserMemory>,
    kernel: Kernel,
    watchdog: Watchdog,
}

impl fmt::Debug for Jit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jit").field("stats", &self.vcpu.engine().stats()).finish_non_exhaustive()
    }
}

impl Jit {
    /// A vCPU for a guest and a tier (`Jit`, `Baseline`); with `precise`, faults report exact registers.
    ///
    /// # Panics
    /// When the host cannot run translated code.
    pub fn new(arch: Arc<dyn GuestArch>, arena: &Arena, kind: EngineKind, precise: bool) -> Jit {
        let options = EngineOptions {
            kind,
            memory: MemoryModel::of(arena.memory.host_view()),
            code_bytes: 8 << 20,
            verify: true,
            ..Default::default()
        };
        let pc = arch.layout().pc;
        let mut vcpu = Vcpu::new::<Kernel>(arch, arena.code(), options).expect("the host is supported");
        let watchdog = Watchdog::new(vcpu.kicker());
        let mut kernel = Kernel { memory: arena.memory.clone(), pc, end: End::Endless, precise };
        // The kick makes it call `interrupted`, which sets the mode.
        vcpu.kicker().kick();
        vcpu.run(&mut kernel);
        Jit { vcpu, kernel, watchdog }
    }

    /// Runs from the state's pc until the code is left. Code that does not end within seconds is stopped.
    ///
    /// # Panics
    /// When Cranelift refuses the code.
    pub fn run(&mut self, cpu: &mut CpuState) -> End {
        self.vcpu.cpu().words.copy_from_slice(&cpu.words);
        self.watchdog.toggle();
        self.vcpu.run(&mut self.kernel);
        self.watchdog.toggle();
        cpu.words.copy_from_slice(&self.vcpu.cpu().words);
        assert_eq!(self.vcpu.engine().stats().refused, 0, "code that Cranelift refused was interpreted");
        self.kernel.end
    }
}

/// Plays the guest's kernel: stops at everything, and has all translations dropped, so that the next code can be put
/// in the place of this one.
struct Kernel {
    memory: UserMemory,
    pc: demotic_ir::Slot,
    end: End,
    precise: bool,
}

impl Kernel {
    fn stop(&mut self, cx: &mut TrapContext<'_>, end: End) -> Resume {
        cx.engine.invalidate(0, 1 << 32);
        self.end = end;
        Resume::Stop
    }
}

impl TrapHandler for Kernel {
    type Mem = UserMemory;

    fn memory(&mut self) -> &mut UserMemory {
        &mut self.memory
    }

    fn trap(&mut self, cx: &mut TrapContext<'_>, trap: Trap, pc: u64) -> Resume {
        match trap {
            Trap::InterruptCheck => return Resume::Continue,
            // The present pc is the next instruction's; both are of the same instruction set.
            Trap::Fetch => cx.cpu.set(self.pc, pc | cx.cpu.get(self.pc) & 1),
            _ => {}
        }
        self.stop(cx, End::trap(trap, pc))
    }

    fn fault(&mut self, cx: &mut TrapContext<'_>, fault: Fault, pc: u64) -> Resume {
        self.stop(cx, End::fault(fault, pc))
    }

    fn interrupted(&mut self, cx: &mut TrapContext<'_>) -> Resume {
        cx.engine.set_precise_faults(self.precise);
        self.stop(cx, End::Endless)
    }
}

/// A thread that kicks a vCPU when it has run for too long.
struct Watchdog {
    /// Odd during a run, another number for each; [`Watchdog::GONE`] at the end.
    run: Arc<AtomicU64>,
}

impl Watchdog {
    const PATIENCE: Duration = Duration::from_secs(5);
    const GONE: u64 = u64::MAX - 1;

    fn new(kicker: demotic_ir::Kicker) -> Watchdog {
        let run = Arc::new(AtomicU64::new(0));
        let watched = run.clone();
        std::thread::spawn(move || {
            loop {
                let before = watched.load(Ordering::SeqCst);
                std::thread::sleep(Watchdog::PATIENCE);
                match watched.load(Ordering::SeqCst) {
                    Watchdog::GONE => break,
                    now if now == before && now & 1 != 0 => kicker.kick(),
                    _ => {}
                }
            }
        });
        Watchdog { run }
    }

    /// To be called at the beginning and at the end of a run.
    fn toggle(&self) {
        self.run.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.run.store(Watchdog::GONE, Ordering::SeqCst);
    }
}

//! The Linux personality: what the Linux kernel is to a 32-bit guest program.
//!
//! `LinuxProcess` is the guest's kernel as an engine sees it. System calls come through the tables in `tables/`
//! (`syscall`), whose handlers are in `handlers` by domain; what differs between guest ABIs is in `abi`; signals are
//! in `signals` (the guest's side) and `host_signal` (the host's). Descriptors, processes and files are the host's own,
//! so a guest process is a host process, and a guest thread (`threads`) a host thread.

mod abi;
mod command_line;
mod handlers;
#[expect(unsafe_code, reason = "does host system calls")]
pub(crate) mod host;
#[expect(unsafe_code, reason = "makes host processes")]
mod host_fork;
#[expect(unsafe_code, reason = "handles host signals")]
mod host_signal;
mod layout;
mod netlink;
mod positions;
mod proc_files;
mod ptrace;
pub(crate) mod seccomp;
#[expect(unsafe_code, reason = "maps memory that is shared with the guest")]
mod shared_pages;
mod siginfo;
mod signals;
mod started;
mod structure;
mod syscall;
mod threads;
mod trace;
mod uring;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use demotic_ir::{CpuState, EngineControl, Fault, FaultKind, Kicker, Resume, Trap, TrapContext, TrapHandler};
use demotic_mips::{delay_slot, traps};

use crate::loader::{GuestKind, StackContents};
use crate::memory::UserMemory;

use abi::GuestAbi;
use handlers::aio::Contexts;
use handlers::limits::KeptLimits;
use positions::Positions;
use ptrace::tracee::Trace;
use ptrace::{MemoryFiles, Tracees};
use seccomp::Seccomp;
use siginfo::{Fields, SigInfo};
use signals::Signals;
use threads::{ThreadGroup, ThreadState};
use uring::Rings;

pub use started::{Started, own_executable};
pub use syscall::{ARM_EABI, ArgKind, MIPS_O32, Support, Syscall};
pub use threads::ThreadEngine;

/// How a guest process has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExitStatus {
    /// By exit, with this status (0 to 255).
    Code(i32),
    /// By this signal (host number).
    Signal(i32),
}

/// How our own executable is started for another guest program.
#[derive(Clone, Default, Debug)]
pub struct Restart {
    /// Where it is, for when `/proc` does not say so.
    pub executable: Option<PathBuf>,
    /// The arguments that make it run a program in the same manner. The guest's `execve` adds `--cpu NAME` (if one was asked
    /// for, and the program is for the same architecture), `--exec-fd N` (if the program is to be read from an inherited
    /// descriptor), `--argv0 NAME -- PROGRAM ARGUMENTS`.
    pub prefix: Vec<OsString>,
}

/// What a process knows of how it was started.
#[derive(Clone, Debug)]
pub struct ProcessInfo {
    /// The program's absolute path.
    pub program: PathBuf,
    /// The path that it was executed by: a script's, if it runs one.
    pub executed_as: PathBuf,
    /// Its arguments.
    pub argv: Vec<OsString>,
    /// Its auxiliary vector, as it is on the stack.
    pub auxv: Vec<u8>,
    /// Where its arguments and environment are.
    pub stack: StackContents,
    /// Where absolute paths are looked up first.
    pub sysroot: Option<PathBuf>,
    /// How another guest program is started in the same manner.
    pub restart: Restart,
    /// The processor that was asked for by name.
    pub cpu: Option<String>,
    /// The kernel release that `uname` gives, if not the host's.
    pub uname: Option<String>,
    /// Log system calls to stderr.
    pub strace: bool,
}

/// A guest process's kernel side, as one of its threads has it.
#[derive(Debug)]
pub struct LinuxProcess {
    memory: UserMemory,
    kind: GuestKind,
    abi: &'static dyn GuestAbi,
    info: Arc<ProcessInfo>,
    signals: Signals,
    group: Arc<ThreadGroup>,
    thread: ThreadState,
    seccomp: Seccomp,
    limits: Arc<KeptLimits>,
    /// Positions in directories that the guest may come back to.
    positions: Arc<Positions>,
    /// Which unknown ioctls have been named in the log, by a hash.
    refused_ioctls: u64,
    /// Whether somebody traces this thread.
    trace: Trace,
    /// The threads that this process traces, and files that stand for their memory.
    tracees: Arc<Tracees>,
    memory_files: Arc<MemoryFiles>,
    aio: Arc<Contexts>,
    rings: Arc<Rings>,
    exit: Option<ExitStatus>,
}

impl LinuxProcess {
    /// The kernel side of a child that shares this process's memory.
    fn child(&self) -> LinuxProcess {
        LinuxProcess {
            memory: self.memory.clone(),
            kind: self.kind,
            abi: self.abi,
            info: self.info.clone(),
            signals: self.signals.for_child(),
            group: Arc::new(self.group.vforked()),
            thread: ThreadState::default(),
            seccomp: self.seccomp.for_child(),
            limits: Arc::new(self.limits.for_child()),
            positions: self.positions.clone(),
            refused_ioctls: self.refused_ioctls,
            trace: Trace::default(),
            tracees: Arc::default(),
            memory_files: Arc::new(self.memory_files.for_child()),
            aio: self.aio.clone(),
            rings: Arc::default(),
            exit: None,
        }
    }

    /// The kernel side of a new thread.
    fn new_thread(&self) -> LinuxProcess {
        LinuxProcess {
            signals: self.signals.for_thread(),
            seccomp: self.seccomp.for_thread(),
            limits: self.limits.clone(),
            group: self.group.clone(),
            tracees: self.tracees.clone(),
            rings: self.rings.clone(),
            memory_files: self.memory_files.clone(),
            ..self.child()
        }
    }

    /// The kernel side of a program that has just been loaded. To be called on the thread that will run it.
    pub(crate) fn new(
        memory: UserMemory,
        kind: GuestKind,
        info: ProcessInfo,
        filters: seccomp::Mode,
    ) -> LinuxProcess {
        let signals = Signals::inherited();
        handlers::misc::set_name(&info);
        command_line::show(&memory, &info.stack);
        let process = LinuxProcess {
            memory,
            kind,
            abi: abi::of(kind),
            info: Arc::new(info),
            signals,
            group: Arc::new(ThreadGroup::new(0)),
            thread: ThreadState::default(),
            seccomp: Seccomp::new(filters),
            limits: Arc::default(),
            positions: Arc::new(Positions::new()),
            refused_ioctls: 0,
            trace: Trace::at_start(),
            tracees: Arc::default(),
            memory_files: Arc::default(),
            aio: Arc::default(),
            rings: Arc::default(),
            exit: None,
        };
        process.publish_board();
        process
    }

    /// Another handle of the guest's memory, for a thread that compiles in the background.
    pub fn shared_memory(&self) -> UserMemory {
        self.memory.clone()
    }

    /// What kind of guest it is.
    pub fn kind(&self) -> GuestKind {
        self.kind
    }

    /// Sets what signals kick: the word that the code of this thread's vCPU polls. To be called on that thread.
    pub fn set_kicker(&self, kicker: Kicker) {
        host_signal::set_kicker(Some(kicker));
        if host::signal_pending() {
            kicker.kick();
        }
    }

    /// How the process has ended, once the run loop has stopped.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.exit
    }

    /// Ends the host process the way the guest has ended: with its status, or by its signal.
    pub fn terminate(&self) -> ! {
        if let (true, Some(exit)) = (self.info.strace, self.exit) {
            trace::end(self.kind, exit);
        }
        match self.exit {
            Some(ExitStatus::Signal(signal)) => host_signal::die(signal),
            Some(ExitStatus::Code(status)) => host::exit(status),
            None => host::exit(0),
        }
    }

    /// What is done after every trap: signals are delivered, and the run loop is told whether to go on.
    fn finish(&mut self, cx: &mut TrapContext<'_>) -> Resume {
        let over = |thread: &LinuxProcess| thread.exit.is_some() || thread.thread.over;
        if !over(self) {
            self.deliver_signals(cx.cpu, cx.engine);
        }
        if !over(self) {
            return Resume::Continue;
        }
        self.tell_tracer_of_end(cx.cpu);
        Resume::Stop
    }

    /// The instruction at code address `pc` has raised a signal: it is delivered there.
    fn raise_at(&mut self, cx: &mut TrapContext<'_>, pc: u32, info: &SigInfo) {
        cx.cpu.set32(self.abi.pc_slot(), pc);
        self.raise(cx.cpu, cx.engine, info);
    }

    /// The code address of the instruction in progress, at `pc`: with the ISA bit, which the `pc` slot still has.
    fn code_address(&self, cx: &TrapContext<'_>, pc: u64) -> u32 {
        pc as u32 & !1 | cx.cpu.get32(self.abi.pc_slot()) & 1
    }

    fn trap_signal(&mut self, cx: &mut TrapContext<'_>, trap: Trap, pc: u64) -> SigInfo {
        let at = Fields::Address(pc as u32);
        match trap {
            Trap::Breakpoint { imm } => self.breakpoint(imm, at),
            Trap::Undefined { word } => self.undefined(word, at),
            Trap::Unimplemented { word, name } => {
                tracing::error!("{name} ({word:#010x}) at {pc:#x} is not implemented");
                SigInfo::raised(libc::SIGILL, ILL_ILLOPC, at)
            }
            Trap::Privileged { .. } => SigInfo::raised(libc::SIGILL, ILL_PRVOPC, at),
            Trap::Arithmetic { code: traps::FLOAT } => float_exception(cx.cpu, at),
            Trap::Arithmetic { code } => self.arithmetic(code, at),
            Trap::Fetch => self.fetch_fault(pc),
            Trap::Misaligned => {
                let target = cx.cpu.get32(self.abi.pc_slot());
                SigInfo::raised(libc::SIGBUS, BUS_ADRALN, Fields::Address(target))
            }
            Trap::Syscall { .. } | Trap::InterruptCheck | Trap::CacheFlush => {
                SigInfo::raised(libc::SIGILL, ILL_ILLOPC, at)
            }
        }
    }

    fn breakpoint(&self, imm: u32, at: Fields) -> SigInfo {
        // Assemblers put a code of 10 bits into the upper half of the field of 20, as Linux knows.
        let code = if imm >= 1 << 10 { (imm & 0x3ff) << 10 | imm >> 10 } else { imm };
        match (self.kind, code) {
            // Code that compilers give to checks (MIPS, asm/break.h): BRK_OVERFLOW, BRK_DIVZERO.
            (GuestKind::Mips { .. }, 6) => SigInfo::raised(libc::SIGFPE, FPE_INTOVF, at),
            (GuestKind::Mips { .. }, 7) => SigInfo::raised(libc::SIGFPE, FPE_INTDIV, at),
            _ => SigInfo::raised(libc::SIGTRAP, TRAP_BRKPT, at),
        }
    }

    fn undefined(&self, word: u32, at: Fields) -> SigInfo {
        /// Encodings that debuggers use as breakpoints (Linux, arch/arm/kernel/ptrace.c).
        const ARM_BREAKPOINT: u32 = 0xe7f0_01f0;
        const THUMB_BREAKPOINT: u32 = 0xde01;
        const THUMB2_BREAKPOINT: u32 = 0xf7f0_a000;
        let breakpoint = word & 0x0fff_ffff == ARM_BREAKPOINT & 0x0fff_ffff
            || word == THUMB_BREAKPOINT
            || word == THUMB2_BREAKPOINT;
        if matches!(self.kind, GuestKind::Arm { .. }) && breakpoint {
            return SigInfo::raised(libc::SIGTRAP, TRAP_BRKPT, at);
        }
        SigInfo::raised(libc::SIGILL, ILL_ILLOPC, at)
    }

    /// `rdhwr rt, $2`: the cycle counter, which Linux lets programs read.
    fn is_counter_read(&self, word: u32) -> bool {
        const RT: u32 = 0x1f << 16;
        matches!(self.kind, GuestKind::Mips { .. }) && word & !RT == 0x7c00_103b
    }

    /// MIPS only: an overflow, or a conditional trap, whose code field means what that of a break instruction does.
    fn arithmetic(&self, code: u32, at: Fields) -> SigInfo {
        const CODE_FIELD: u32 = 8;
        match code {
            traps::OVERFLOW => SigInfo::raised(libc::SIGFPE, FPE_INTOVF, at),
            // As the kernel says it (do_msa_fpe): MSACSR has the particulars.
            traps::MSA_FLOAT => SigInfo::raised(libc::SIGFPE, libc::SI_KERNEL, Fields::None),
            _ => self.breakpoint(code >> CODE_FIELD, at),
        }
    }

    fn fetch_fault(&self, pc: u64) -> SigInfo {
        let addr = pc as u32 & !1;
        // An instruction may straddle two pages; it is the second that is missing when the first can be executed.
        let executable =
            |at: u32| self.memory.protection(at).is_some_and(|p| p.contains(crate::memory::Prot::EXEC));
        let addr = if executable(addr) { addr.wrapping_add(3) & !0xfff } else { addr };
        let code = if self.memory.protection(addr).is_some() { SEGV_ACCERR } else { SEGV_MAPERR };
        SigInfo::raised(libc::SIGSEGV, code, Fields::Address(addr))
    }

    fn fault_signal(&self, fault: Fault) -> SigInfo {
        let at = Fields::Address(fault.addr as u32);
        let fault = self.memory.refine(fault);
        // The upper half is the kernel's on MIPS, and touching it an address error.
        let mips_kernel = matches!(self.kind, GuestKind::Mips { .. }) && fault.addr as u32 >= 0x8000_0000;
        match fault.kind {
            FaultKind::Unmapped if mips_kernel => {
                SigInfo::raised(libc::SIGBUS, libc::SI_KERNEL, Fields::None)
            }
            FaultKind::Unmapped => SigInfo::raised(libc::SIGSEGV, SEGV_MAPERR, at),
            FaultKind::Permission => SigInfo::raised(libc::SIGSEGV, SEGV_ACCERR, at),
            FaultKind::Misaligned => SigInfo::raised(libc::SIGBUS, BUS_ADRALN, at),
            FaultKind::Bus => SigInfo::raised(libc::SIGBUS, BUS_ADRERR, at),
        }
    }

    /// The guest has changed code and says so in the layout's scratch slots: address and length.
    fn flush_code(&self, cpu: &CpuState, engine: &dyn EngineControl) {
        let scratch = match self.kind {
            GuestKind::Arm { .. } => demotic_arm::state::SCRATCH,
            GuestKind::Mips { .. } => demotic_mips::state::SCRATCH,
        };
        let (addr, len) = (cpu.get(scratch[0]), cpu.get(scratch[1]));
        engine.invalidate(addr, addr + len);
    }
}

/// Reads the cycle counter: half of a nominal 200 MHz.
fn read_counter(cpu: &mut CpuState, word: u32) {
    const NANOSECONDS: u128 = 10;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let register = word >> 16 & 31;
    if register != 0 {
        cpu.set32(demotic_mips::state::R.nth(register), (START.elapsed().as_nanos() / NANOSECONDS) as u32);
    }
}

/// MIPS: a floating-point exception. Which one is in FCSR.Cause, where Linux clears it.
fn float_exception(cpu: &mut CpuState, at: Fields) -> SigInfo {
    use demotic_mips::state;
    let fcsr = state::fcsr(cpu);
    let enabled = (fcsr >> state::FCSR_ENABLES_SHIFT) << state::FCSR_CAUSE_SHIFT & state::FCSR_CAUSE;
    let raised = fcsr & enabled;
    state::set_fcsr(cpu, fcsr & !raised);
    let code = match (raised >> state::FCSR_CAUSE_SHIFT).checked_ilog2() {
        Some(4) => FPE_FLTINV,
        Some(3) => FPE_FLTDIV,
        Some(2) => FPE_FLTOVF,
        Some(1) => FPE_FLTUND,
        Some(0) => FPE_FLTRES,
        _ => FPE_FLTUNK,
    };
    SigInfo::raised(libc::SIGFPE, code, at)
}

// si_code values (asm-generic/siginfo.h), which libc names for some targets only.
const ILL_ILLOPC: i32 = 1;
const ILL_PRVOPC: i32 = 5;
const FPE_INTDIV: i32 = 1;
const FPE_INTOVF: i32 = 2;
const FPE_FLTDIV: i32 = 3;
const FPE_FLTOVF: i32 = 4;
const FPE_FLTUND: i32 = 5;
const FPE_FLTRES: i32 = 6;
const FPE_FLTINV: i32 = 7;
const FPE_FLTUNK: i32 = 14;
const SEGV_MAPERR: i32 = 1;
const SEGV_ACCERR: i32 = 2;
const BUS_ADRALN: i32 = 1;
const BUS_ADRERR: i32 = 2;
const TRAP_BRKPT: i32 = 1;

impl TrapHandler for LinuxProcess {
    type Mem = UserMemory;

    fn memory(&mut self) -> &mut UserMemory {
        &mut self.memory
    }

    fn trap(&mut self, cx: &mut TrapContext<'_>, trap: Trap, pc: u64) -> Resume {
        let here = self.code_address(cx, pc);
        if matches!(self.kind, GuestKind::Mips { .. }) {
            // This may change the instruction set.
            delay_slot::finish(cx.cpu, pc);
        }
        match trap {
            Trap::Syscall { .. } => {
                self.abi.clear_monitor(cx.cpu);
                self.system_call(cx.cpu, cx.engine, here);
            }
            Trap::CacheFlush => self.flush_code(cx.cpu, cx.engine),
            Trap::InterruptCheck => {}
            Trap::Privileged { word } if self.is_counter_read(word) => read_counter(cx.cpu, word),
            _ => {
                let info = self.trap_signal(cx, trap, pc);
                self.raise_at(cx, here, &info);
            }
        }
        self.finish(cx)
    }

    fn fault(&mut self, cx: &mut TrapContext<'_>, fault: Fault, pc: u64) -> Resume {
        let here = self.code_address(cx, pc);
        let missing = matches!(fault.kind, FaultKind::Unmapped | FaultKind::Permission);
        if missing && self.memory.grow_down(fault.addr as u32) {
            // There is memory now: once more.
            cx.cpu.set32(self.abi.pc_slot(), here);
            return self.finish(cx);
        }
        let info = self.fault_signal(fault);
        self.raise_at(cx, here, &info);
        self.finish(cx)
    }

    fn interrupted(&mut self, cx: &mut TrapContext<'_>) -> Resume {
        self.finish(cx)
    }
}

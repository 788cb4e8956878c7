//! The smallest engine: lifts, optimises and interprets one block at a time, and leaves the rest to the Linux personality.
//!
//! ```text
//! cargo run -p demotic-runtime --example interpret -- [--strace] [--sysroot DIR] [--argv0 NAME] [--] PROGRAM ARGUMENTS
//! ```

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::OsString;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use demotic_ir::interp::{self, Code, Outcome, WayKind};
use demotic_ir::passes::{self, PassOptions};
use demotic_ir::{
    Block, CpuState, EngineControl, GuestArch, Kicker, LiftOptions, Loc, Resume, Trap, TrapContext,
    TrapHandler,
};
use demotic_runtime::linux::LinuxProcess;
use demotic_runtime::loader::{LaunchOptions, load};
use demotic_runtime::memory::UserMemory;

/// A block, and what it was made from.
struct Translated {
    block: Block,
    code: Code<UserMemory>,
}

/// The engine: a cache of blocks.
struct Interpreter {
    arch: Box<dyn GuestArch>,
    cache: RefCell<HashMap<Loc, Rc<Translated>>>,
    stale: Cell<bool>,
}

impl EngineControl for Interpreter {
    fn invalidate(&self, _: u64, _: u64) {
        // Which blocks are concerned is not worth knowing here.
        self.stale.set(true);
    }
    fn before_fork(&self) {}
    fn after_fork(&self, _: bool) {}
    fn set_precise_faults(&self, _: bool) {}
}

impl Interpreter {
    fn block(&self, loc: Loc, memory: &UserMemory) -> Rc<Translated> {
        if self.stale.take() {
            self.cache.borrow_mut().clear();
        }
        if let Some(found) = self.cache.borrow().get(&loc) {
            return found.clone();
        }
        let mut block = self.arch.lift(loc, memory, LiftOptions::default());
        passes::run(&mut block, self.arch.layout(), &PassOptions::default());
        let guest = interp::Guest::of(self.arch.as_ref());
        let code = interp::compile(&block, &guest).expect("64 instructions are within the limits");
        let made = Rc::new(Translated { block, code });
        self.cache.borrow_mut().insert(loc, made.clone());
        made
    }

    /// Runs until the handler says stop.
    fn run(&self, cpu: &mut CpuState, process: &mut LinuxProcess, word: &AtomicU64) {
        let pc_slot = self.arch.layout().pc;
        loop {
            if word.swap(0, Ordering::SeqCst) == Kicker::KICKED {
                let resume = process.interrupted(&mut TrapContext { cpu, engine: self });
                if resume == Resume::Stop {
                    return;
                }
            }
            let loc = Loc { pc: cpu.get(pc_slot), mode: self.arch.mode(cpu) };
            let translated = self.block(loc, process.memory());
            let resume = match translated.code.run(cpu, process.memory()) {
                Outcome::Left { way, pc } => {
                    cpu.set(pc_slot, pc);
                    match translated.code.ways()[way].kind {
                        WayKind::Trap { trap, pc, .. } => self.trap(cpu, process, trap, pc),
                        _ => Resume::Continue,
                    }
                }
                Outcome::Fault { fault, src } => {
                    let pc = translated.block.guest[usize::from(src)].pc;
                    cpu.set(pc_slot, pc | loc.pc & 1);
                    process.fault(&mut TrapContext { cpu, engine: self }, fault, pc)
                }
            };
            if resume == Resume::Stop {
                return;
            }
        }
    }

    fn trap(&self, cpu: &mut CpuState, process: &mut LinuxProcess, trap: Trap, pc: u64) -> Resume {
        process.trap(&mut TrapContext { cpu, engine: self }, trap, pc)
    }
}

fn options() -> Option<LaunchOptions> {
    let mut options = LaunchOptions {
        envp: std::env::vars_os()
            .map(|(mut name, value)| {
                name.push("=");
                name.push(value);
                name
            })
            .collect(),
        ..LaunchOptions::default()
    };
    let mut args = std::env::args_os().skip(1);
    loop {
        let arg = args.next()?;
        match arg.to_str() {
            Some("--strace") => {
                options.strace = true;
                options.exec_prefix.push(arg);
            }
            Some("--sysroot") => {
                let root = args.next()?;
                options.exec_prefix.extend([arg, root.clone()]);
                options.sysroot = Some(root.into());
            }
            Some("--argv0") => options.argv0 = Some(args.next()?),
            Some("--") => {
                options.program = args.next()?.into();
                break;
            }
            _ => {
                options.program = arg.into();
                break;
            }
        }
    }
    options.args = args.collect::<Vec<OsString>>();
    Some(options)
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("usage: interpret [--strace] [--sysroot DIR] [--argv0 NAME] [--] PROGRAM ARGUMENTS");
        return ExitCode::from(2);
    };
    let launch = match load(&options) {
        Ok(launch) => launch,
        Err(error) => {
            eprintln!("interpret: {error}");
            return ExitCode::from(127);
        }
    };
    static WORD: AtomicU64 = AtomicU64::new(0);
    let mut process = launch.process;
    process.set_kicker(Kicker::new(&WORD));
    let engine =
        Interpreter { arch: launch.kind.architecture(), cache: RefCell::default(), stale: Cell::new(false) };
    let mut cpu = launch.cpu;
    engine.run(&mut cpu, &mut process, &WORD);
    process.terminate()
}

//! Bare machines: boards with a CPU, RAM and devices, on which ELF images run without an operating system of ours.
//!
//! ```text
//!                 traps, faults, kicks
//!   engine ───────────────────────────▶ Machine ── arm::ArmHypervisor   modes, exceptions, CP15
//!     │                                    │    └─ mips::MipsHypervisor  modes, exceptions, CP0
//!     │ loads, stores                      ▼
//!     ├──▶ window (RAM, directly)       Platform: memory, alarm, console, counters
//!     └──▶ MachineMemory ──▶ Bus ──▶ devices
//! ```
//!
//! Translated code does what needs no privilege, and the frequent part of the rest; everything else it leaves with a
//! trap, which the vCPU's hypervisor handles. Everything but the alarm's and the console's threads runs on the vCPU's.

mod arm;
pub mod boards;
pub mod bus;
pub mod clock;
pub mod console;
pub mod devices;
mod image;
pub mod memory;
mod mips;
mod platform;
#[expect(unsafe_code, reason = "maps the host memory behind guest RAM, and accesses it")]
mod ram;
pub mod stats;

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use demotic_arm::{ArchVersion, ArmConfig, ArmGuest};
use demotic_ir::{CpuState, Fault, GuestArch, Kicker, Resume, Trap, TrapContext, TrapHandler};
use demotic_mips::{MipsConfig, MipsGuest};
use demotic_translator::{EngineOptions, MemoryModel, TranslatorError, Vcpu};

use self::arm::ArmHypervisor;
use self::boards::{BOARDS, Board, Cpu};
use self::bus::Bus;
use self::clock::{Alarm, AlarmThread, Clock};
use self::console::Console;
use self::image::Image;
use self::memory::{MachineCode, MachineMemory};
use self::mips::MipsHypervisor;
use self::platform::Platform;
use self::stats::{Report, Stats};

/// Why a machine could not be started.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// There is no such board.
    #[error("there is no board called `{name}`; there are: {}", board_names())]
    NoBoard {
        /// The name asked for.
        name: String,
    },
    /// The image could not be read.
    #[error("cannot read the image: {0}")]
    Read(#[source] io::Error),
    /// The image is no ELF file.
    #[error("the image is not an ELF file: {reason}")]
    NotElf {
        /// What is wrong.
        reason: String,
    },
    /// The image is for another CPU.
    #[error("the image is for {image}, but {board} runs {wants} images")]
    WrongMachine {
        /// The board's name.
        board: &'static str,
        /// What it runs.
        wants: &'static str,
        /// What the image is for.
        image: String,
    },
    /// The image needs a loader or an operating system.
    #[error("the image is not a statically linked executable for a bare machine")]
    NotBare,
    /// The image has nothing to load.
    #[error("the image has nothing to load")]
    Empty,
    /// A segment lies outside the file.
    #[error("the image is truncated")]
    Truncated,
    /// A segment lies outside RAM.
    #[error("{board} has no RAM at {addr:#010x} for {len} bytes of the image")]
    OutsideRam {
        /// The board's name.
        board: &'static str,
        /// Load address.
        addr: u64,
        /// Size in bytes.
        len: u64,
    },
    /// The host has no memory or thread for the machine.
    #[error("the host cannot provide the machine: {0}")]
    Host(#[source] io::Error),
}

fn board_names() -> String {
    BOARDS.iter().map(|board| board.name).collect::<Vec<_>>().join(", ")
}

/// How a machine ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The guest switched it off.
    PowerOff {
        /// The exit code it gave.
        code: u8,
    },
    /// The guest came upon something that is not there.
    Failed {
        /// What, for people.
        reason: String,
    },
}

/// What to boot, and with what around it.
pub struct BootOptions {
    /// The board's name.
    pub board: String,
    /// The ELF image.
    pub image: Vec<u8>,
    /// Where the console's output goes.
    pub output: Box<dyn Write + Send>,
    /// Whether the console's input is the host's standard input.
    pub read_stdin: bool,
    /// The machine's time.
    pub clock: Clock,
}

impl BootOptions {
    /// An image on a board, with the host's clock, standard output, and no input.
    pub fn new(board: &str, image: Vec<u8>) -> BootOptions {
        BootOptions {
            board: board.into(),
            image,
            output: Box::new(io::stdout()),
            read_stdin: false,
            clock: Clock::host(),
        }
    }

    /// The same for an image file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn from_file(board: &str, path: &Path) -> Result<BootOptions, BootError> {
        Ok(BootOptions::new(board, std::fs::read(path).map_err(BootError::Read)?))
    }
}

impl fmt::Debug for BootOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BootOptions").field("board", &self.board).field("bytes", &self.image.len()).finish()
    }
}

/// The vCPU's hypervisor.
#[derive(Debug)]
enum Hypervisor {
    Arm(ArmHypervisor),
    Mips(MipsHypervisor),
}

/// A machine: the handler of its vCPU's traps.
#[derive(Debug)]
pub struct Machine {
    board: &'static Board,
    platform: Platform,
    hypervisor: Hypervisor,
    _alarm_thread: AlarmThread,
}

/// A machine about to execute its first instruction.
pub struct Booted {
    /// The machine.
    pub machine: Machine,
    /// Its vCPU's registers.
    pub cpu: Box<CpuState>,
    /// What the vCPU is.
    pub arch: Box<dyn GuestArch>,
}

impl fmt::Debug for Booted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Booted").field("machine", &self.machine).field("arch", &self.arch.name()).finish()
    }
}

/// Sets up a machine, loads its image and resets its vCPU. [`Booted::run`] then runs it. Another engine that does has to
/// name its vCPU to [`Machine::set_kicker`] first; it asks for the [`host_view`](demotic_ir::Memory::host_view) anew after every call of the
/// handler, because what the guest sees depends on its mode.
///
/// # Errors
/// When there is no such board, the image does not fit it, or the host lacks something.
pub fn boot(options: BootOptions) -> Result<Booted, BootError> {
    let BootOptions { board: name, image, output, read_stdin, clock } = options;
    let board = boards::by_name(&name).ok_or(BootError::NoBoard { name })?;
    let image = Image::parse(board, &image)?;
    let big = image.info.big_endian;
    let mut platform = platform_of(board, output, clock, big).map_err(BootError::Host)?;
    image.load(board, &platform.memory)?;
    let alarm_thread = AlarmThread::start(&platform.alarm).map_err(BootError::Host)?;
    if read_stdin {
        platform.console.read_stdin(platform.alarm.clone()).map_err(BootError::Host)?;
    }
    let mut cpu = Box::new(CpuState::new());
    let (hypervisor, arch) = reset(board, &mut platform, &mut cpu, image.info.entry, big);
    let machine = Machine { board, platform, hypervisor, _alarm_thread: alarm_thread };
    Ok(Booted { machine, cpu, arch })
}

/// A board's RAM and devices, without CPU.
fn platform_of(
    board: &Board,
    output: Box<dyn Write + Send>,
    clock: Clock,
    big_endian: bool,
) -> io::Result<Platform> {
    let console = Console::new(output);
    let alarm = Alarm::new(clock.clone());
    let mut bus = Bus::new(alarm.clone());
    for row in board.devices {
        bus.attach(row.base, row.len, row.line, row.kind.create(&console, &clock));
    }
    let memory = MachineMemory::new(board.ram_size, board.ram, board.cpu.views(), bus, big_endian)?;
    let input_interrupts = board.devices.iter().any(|row| row.kind.takes_input() && row.line != 0);
    Ok(Platform { memory, alarm, console, stats: Stats::default(), input_interrupts, outcome: None })
}

/// The board's CPU, about to execute at `entry`.
fn reset(
    board: &Board,
    platform: &mut Platform,
    cpu: &mut CpuState,
    entry: u64,
    big_endian: bool,
) -> (Hypervisor, Box<dyn GuestArch>) {
    match board.cpu {
        Cpu::Arm => {
            let hypervisor = ArmHypervisor::default();
            hypervisor.reset(cpu, entry);
            let config = ArmConfig::bare(ArchVersion::V7);
            (Hypervisor::Arm(hypervisor), Box::new(ArmGuest::new(config)))
        }
        Cpu::Mips => {
            let mut hypervisor = MipsHypervisor::new(platform.alarm.clock().now(), big_endian);
            hypervisor.reset(platform, cpu, entry);
            (Hypervisor::Mips(hypervisor), Box::new(MipsGuest::new(MipsConfig::machine(big_endian))))
        }
    }
}

impl Booted {
    /// Runs the machine to its end, on an engine with these settings; how memory is reached is the machine's affair.
    /// The machine that is given back knows how it ended, and what it has counted.
    ///
    /// # Errors
    /// When the host cannot run translated code.
    pub fn run(self, options: EngineOptions) -> Result<Machine, TranslatorError> {
        let Booted { mut machine, cpu, arch } = self;
        let options = EngineOptions { memory: options.memory.and(Some(MemoryModel::Sections)), ..options };
        let mut vcpu = Vcpu::new::<Machine>(Arc::from(arch), Arc::new(machine.code()), options)?;
        vcpu.cpu().clone_from(&cpu);
        machine.set_kicker(vcpu.kicker());
        vcpu.run(&mut machine);
        Ok(machine)
    }
}

impl Machine {
    /// The board.
    pub fn board(&self) -> &'static Board {
        self.board
    }

    /// Where an engine reads the guest's code from.
    pub fn code(&self) -> MachineCode {
        self.platform.memory.code(self.board.cpu.view_of())
    }

    /// Names the vCPU, so that devices and timers can interrupt it. Has to be called before it runs.
    pub fn set_kicker(&self, kicker: Kicker) {
        self.platform.alarm.set_kicker(kicker);
    }

    /// How the machine has ended; `None` while it runs.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.platform.outcome.as_ref()
    }

    /// What has been counted so far.
    pub fn report(&self) -> Report {
        let devices = self.platform.memory.bus().accesses().collect();
        Report { stats: self.platform.stats.clone(), devices }
    }
}

impl TrapHandler for Machine {
    type Mem = MachineMemory;

    fn memory(&mut self) -> &mut MachineMemory {
        &mut self.platform.memory
    }

    fn trap(&mut self, cx: &mut TrapContext<'_>, trap: Trap, pc: u64) -> Resume {
        if !self.platform.ended() {
            match &mut self.hypervisor {
                Hypervisor::Arm(hypervisor) => hypervisor.trap(&mut self.platform, cx, trap, pc),
                Hypervisor::Mips(hypervisor) => hypervisor.trap(&mut self.platform, cx, trap, pc),
            }
        }
        self.platform.resume()
    }

    fn fault(&mut self, cx: &mut TrapContext<'_>, fault: Fault, pc: u64) -> Resume {
        if !self.platform.ended() {
            match &mut self.hypervisor {
                Hypervisor::Arm(hypervisor) => hypervisor.fault(&mut self.platform, cx.cpu, fault, pc),
                Hypervisor::Mips(hypervisor) => hypervisor.fault(&mut self.platform, cx.cpu, fault, pc),
            }
        }
        self.platform.resume()
    }

    fn interrupted(&mut self, cx: &mut TrapContext<'_>) -> Resume {
        self.platform.stats.events.count("kick");
        if !self.platform.ended() {
            match &mut self.hypervisor {
                Hypervisor::Arm(hypervisor) => hypervisor.interrupted(&mut self.platform, cx.cpu),
                Hypervisor::Mips(hypervisor) => hypervisor.interrupted(&mut self.platform, cx.cpu),
            }
        }
        self.platform.resume()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.platform.console.flush();
    }
}

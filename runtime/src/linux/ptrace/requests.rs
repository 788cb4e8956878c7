//! The requests of `ptrace`, on descriptions of stops. Numbers are those of the guests' asm/ptrace.h and linux/ptrace.h.

use demotic_ir::CpuState;

use super::board::Board;
use super::stop::{Command, Kind, Stop};
use super::tracees::{Tracee, host_continue, host_options, host_ptrace, set_host_options};
use super::waiting::{ask_for_stop, event};
use crate::linux::abi::{Encoder, GuestAbi, RegisterSet, Stopped};
use crate::linux::host::{self, Arg, Errno};
use crate::linux::siginfo::{Fields, SigInfo};
use crate::linux::syscall::{Call, SysResult};
use crate::loader::GuestKind;

/// A request in progress.
struct Request<'a, 'c> {
    c: &'a mut Call<'c>,
    tid: i32,
    addr: u32,
    data: u32,
}

/// A row of a table: the number, and what does it.
type Row = (u32, fn(&mut Request<'_, '_>) -> SysResult);

/// Requests of every architecture.
static COMMON: [Row; 28] = [
    (1, peek),
    (2, peek),
    (3, peek_user),
    (4, poke),
    (5, poke),
    (6, poke_user),
    (7, |r| resume(r, Command::CONTINUE)),
    (8, kill),
    (12, |r| read_registers(r, RegisterSet::User)),
    (13, |r| write_registers(r, RegisterSet::User)),
    (14, |r| read_registers(r, RegisterSet::Float)),
    (15, |r| write_registers(r, RegisterSet::Float)),
    (16, attach),
    (17, detach),
    (21, set_options),
    (24, |r| resume(r, Command::SYSCALL)),
    (0x4200, set_options),
    (0x4201, event_message),
    (0x4202, read_signal_info),
    (0x4203, write_signal_info),
    (0x4204, read_register_set),
    (0x4205, write_register_set),
    (0x4206, seize),
    (0x4207, interrupt),
    (0x4208, listen),
    (0x420a, read_mask),
    (0x420b, write_mask),
    (0x420e, call_info),
];

/// Requests of ARM only. That there is no PTRACE_SINGLESTEP is as on Linux, on both.
static ARM: [Row; 4] = [
    (22, thread_area),
    (23, set_call),
    (27, |r| read_registers(r, RegisterSet::Vfp)),
    (28, |r| write_registers(r, RegisterSet::Vfp)),
];

/// Requests of MIPS only.
static MIPS: [Row; 1] = [(25, thread_area)];

/// `ptrace(request, pid, addr, data)`.
pub(crate) fn ptrace(c: &mut Call<'_>) -> SysResult {
    const TRACEME: u32 = 0;
    if c.uint(0) == TRACEME {
        return c.process.trace_me();
    }
    let own = match c.process.kind() {
        GuestKind::Arm { .. } => ARM.as_slice(),
        GuestKind::Mips { .. } => MIPS.as_slice(),
    };
    let (number, tid, addr, data) = (c.uint(0), c.int(1), c.uint(2), c.uint(3));
    let row = COMMON.iter().chain(own).find(|row| row.0 == number);
    let mut request = Request { c, tid, addr, data };
    match row {
        Some((_, handler)) => handler(&mut request),
        // The kernel looks for the tracee first.
        None => request.tracee(|tracee| tracee.stopped().map(|_| 0)).and(Err(Errno(libc::EIO))),
    }
}

impl Request<'_, '_> {
    /// Does something with the tracee, which need not have stopped.
    fn tracee<T>(&self, f: impl FnOnce(&mut Tracee) -> Result<T, Errno>) -> Result<T, Errno> {
        self.c.process.tracees.with(self.tid, f)
    }

    /// Does something with a tracee that has stopped.
    fn stopped<T>(&self, f: impl FnOnce(&mut Stop) -> Result<T, Errno>) -> Result<T, Errno> {
        self.tracee(|tracee| f(tracee.stopped()?))
    }

    /// The ABI of a tracee that has stopped.
    fn abi(&self) -> Result<&'static dyn GuestAbi, Errno> {
        self.stopped(|_| Ok(()))?;
        self.tracee(|tracee| tracee.abi(self.tid))
    }

    /// The registers of a tracee that has stopped, and its system call's first argument.
    fn registers(&self) -> Result<(Box<CpuState>, u32), Errno> {
        self.stopped(|stop| {
            let mut cpu = Box::new(CpuState::new());
            cpu.words[..stop.state.len()].copy_from_slice(&stop.state);
            Ok((cpu, stop.original))
        })
    }

    fn set_registers(&self, cpu: &CpuState) -> SysResult {
        self.stopped(|stop| {
            stop.state.copy_from_slice(cpu.guest());
            stop.changed |= Stop::CHANGED_REGISTERS;
            Ok(0)
        })
    }

    /// Writes bytes where `data` says.
    fn give(&self, bytes: &[u8]) -> SysResult {
        self.c.memory().write_bytes(self.data, bytes)?;
        Ok(0)
    }

    fn board(&self) -> Result<Board, Errno> {
        self.stopped(|_| Ok(()))?;
        Board::of(self.tid).ok_or(Errno(libc::EIO))
    }

    /// A signal argument, by its host number; 0 is none.
    fn signal(&self) -> Result<i32, Errno> {
        match self.data {
            0 => Ok(0),
            guest => self.c.abi().signal_to_host(guest).ok_or(Errno(libc::EIO)),
        }
    }
}

/// Bytes that the host reads and writes at once.
const CELL: u32 = 8;

/// The host's word that holds guest address `addr`.
fn peek_cell(board: &Board, tid: i32, addr: u32) -> Result<[u8; CELL as usize], Errno> {
    let host = board.host_range(addr & !(CELL - 1), CELL.into()).ok_or(Errno(libc::EIO))?;
    let mut cell = 0u64;
    host_ptrace(libc::PTRACE_PEEKDATA, tid, host, Arg::output(&mut cell))?;
    Ok(cell.to_le_bytes())
}

/// Writes memory of a tracee that has stopped, even where its program cannot; nothing is written where something is not
/// mapped.
pub(super) fn write_forced(board: &Board, tid: i32, addr: u32, bytes: &[u8]) -> Result<(), Errno> {
    let at = |index: usize| addr.checked_add(index as u32).ok_or(Errno(libc::EIO));
    let mut done = 0;
    while done < bytes.len() {
        let start = at(done)?;
        if !board.is_mapped(tid, start) {
            return Err(Errno(libc::EIO));
        }
        let offset = (start % CELL) as usize;
        let part = bytes.len().saturating_sub(done).min(CELL as usize - offset);
        let mut cell = peek_cell(board, tid, start)?;
        cell[offset..offset + part].copy_from_slice(&bytes[done..done + part]);
        let host = board.host_range(start & !(CELL - 1), CELL.into()).ok_or(Errno(libc::EIO))?;
        host_ptrace(libc::PTRACE_POKEDATA, tid, host, Arg::number(u64::from_le_bytes(cell)))?;
        done += part;
    }
    Ok(())
}

/// Reads memory of a tracee that has stopped, even where its program cannot.
fn read_forced(board: &Board, tid: i32, addr: u32) -> Result<[u8; 4], Errno> {
    let mut word = [0; 4];
    for (index, byte) in word.iter_mut().enumerate() {
        let at = addr.checked_add(index as u32).ok_or(Errno(libc::EIO))?;
        if !board.is_mapped(tid, at) {
            return Err(Errno(libc::EIO));
        }
        *byte = peek_cell(board, tid, at)?[(at % CELL) as usize];
    }
    Ok(word)
}

fn peek(r: &mut Request<'_, '_>) -> SysResult {
    let word = read_forced(&r.board()?, r.tid, r.addr)?;
    r.give(&word)
}

fn poke(r: &mut Request<'_, '_>) -> SysResult {
    let big = r.c.memory().is_big();
    let word = if big { r.data.to_be_bytes() } else { r.data.to_le_bytes() };
    write_forced(&r.board()?, r.tid, r.addr, &word)?;
    r.c.process.tracees.note_written(r.tid, r.addr, r.addr.saturating_add(4));
    Ok(0)
}

fn peek_user(r: &mut Request<'_, '_>) -> SysResult {
    let (cpu, original) = r.registers()?;
    let word = r.abi()?.user_word(Stopped { cpu: &cpu, original }, r.addr).ok_or(Errno(libc::EIO))?;
    r.c.memory().write_u32(r.data, word)?;
    Ok(0)
}

fn poke_user(r: &mut Request<'_, '_>) -> SysResult {
    let (mut cpu, _) = r.registers()?;
    let abi = r.abi()?;
    if !abi.set_user_word(&mut cpu, r.addr, r.data) {
        return Err(Errno(libc::EIO));
    }
    r.set_registers(&cpu)?;
    change_call(r, abi, &cpu)
}

/// Where the register with the number of a system call is looked at once more after the stop before the call, changing
/// it changes the call.
fn change_call(r: &Request<'_, '_>, abi: &dyn GuestAbi, cpu: &CpuState) -> SysResult {
    let number = abi.syscall_number(cpu);
    let rereads = abi.rereads_syscall_number();
    r.stopped(|stop| {
        let before = stop.kind == Kind::ENTRY || stop.kind == Kind::SECCOMP;
        if rereads && before && stop.number != number {
            stop.number = number;
            stop.changed |= Stop::CHANGED_NUMBER;
        }
        Ok(0)
    })
}

fn read_registers(r: &mut Request<'_, '_>, set: RegisterSet) -> SysResult {
    let (cpu, original) = r.registers()?;
    let registers = r.abi()?.registers(Stopped { cpu: &cpu, original }, set).ok_or(Errno(libc::EIO))?;
    r.give(registers.as_bytes())
}

fn write_registers(r: &mut Request<'_, '_>, set: RegisterSet) -> SysResult {
    let (mut cpu, original) = r.registers()?;
    let abi = r.abi()?;
    let old = abi.registers(Stopped { cpu: &cpu, original }, set).ok_or(Errno(libc::EIO))?;
    let mut bytes = old.as_bytes().to_vec();
    r.c.memory().read_bytes(r.data, &mut bytes)?;
    abi.overwrite_registers(&mut cpu, set, 0, &bytes);
    r.set_registers(&cpu)?;
    change_call(r, abi, &cpu)
}

/// What core files call a set of registers (linux/elf.h).
fn note_set(note: u32) -> Result<RegisterSet, Errno> {
    match note {
        1 => Ok(RegisterSet::General),
        2 => Ok(RegisterSet::Float),
        0x400 => Ok(RegisterSet::Vfp),
        _ => Err(Errno(libc::EINVAL)),
    }
}

/// The `struct iovec` that `data` points to: address and length.
fn vector(r: &Request<'_, '_>) -> Result<(u32, u32), Errno> {
    Ok((r.c.memory().read_u32(r.data)?, r.c.memory().read_u32(r.data.wrapping_add(4))?))
}

fn read_register_set(r: &mut Request<'_, '_>) -> SysResult {
    let (cpu, original) = r.registers()?;
    let set = note_set(r.addr)?;
    let registers = r.abi()?.registers(Stopped { cpu: &cpu, original }, set).ok_or(Errno(libc::EINVAL))?;
    let (addr, len) = vector(r)?;
    let bytes = registers.as_bytes();
    let given = bytes.get(..len as usize).unwrap_or(bytes);
    r.c.memory().write_bytes(addr, given)?;
    r.c.memory().write_u32(r.data.wrapping_add(4), given.len() as u32)?;
    Ok(0)
}

fn write_register_set(r: &mut Request<'_, '_>) -> SysResult {
    let (mut cpu, original) = r.registers()?;
    let (set, abi) = (note_set(r.addr)?, r.abi()?);
    let all = abi.registers(Stopped { cpu: &cpu, original }, set).ok_or(Errno(libc::EINVAL))?;
    let (addr, len) = vector(r)?;
    let mut bytes = vec![0; (len as usize).min(all.as_bytes().len())];
    r.c.memory().read_bytes(addr, &mut bytes)?;
    abi.overwrite_registers(&mut cpu, set, 0, &bytes);
    r.set_registers(&cpu)?;
    r.c.memory().write_u32(r.data.wrapping_add(4), bytes.len() as u32)?;
    change_call(r, abi, &cpu)
}

fn thread_area(r: &mut Request<'_, '_>) -> SysResult {
    let (cpu, _) = r.registers()?;
    let pointer = cpu.get32(r.abi()?.tls_slot());
    r.c.memory().write_u32(r.data, pointer)?;
    Ok(0)
}

fn set_call(r: &mut Request<'_, '_>) -> SysResult {
    r.stopped(|stop| {
        stop.number = r.data;
        stop.changed |= Stop::CHANGED_NUMBER;
        Ok(0)
    })
}

fn resume(r: &mut Request<'_, '_>, command: Command) -> SysResult {
    r.stopped(|_| Ok(()))?;
    let signal = r.signal()?;
    r.tracee(|tracee| {
        tracee.resume(r.tid, command, signal);
        host_continue(r.tid, 0);
        Ok(0)
    })
}

fn kill(r: &mut Request<'_, '_>) -> SysResult {
    r.stopped(|_| Ok(()))?;
    r.tracee(|tracee| {
        tracee.forget_stop();
        host_ptrace(libc::PTRACE_KILL, r.tid, 0, 0.into())
    })
}

/// Refuses what is not a guest program.
fn check_target(tid: i32) -> Result<(), Errno> {
    // Whether there is such a thread is said all the same.
    host::call_now(libc::SYS_kill, &[tid.into(), 0.into()]).map_err(|_| Errno(libc::ESRCH))?;
    Board::of(tid).map(|_| ()).ok_or(Errno(libc::EPERM))
}

fn attach(r: &mut Request<'_, '_>) -> SysResult {
    check_target(r.tid)?;
    host_ptrace(libc::PTRACE_ATTACH, r.tid, 0, 0.into())?;
    r.c.process.tracees.insert(r.tid, 0, false);
    Ok(0)
}

fn seize(r: &mut Request<'_, '_>) -> SysResult {
    check_target(r.tid)?;
    check_options(r.data)?;
    if r.addr != 0 {
        return Err(Errno(libc::EIO));
    }
    host_ptrace(libc::PTRACE_SEIZE, r.tid, 0, host_options(r.data).into())?;
    r.c.process.tracees.insert(r.tid, r.data, true);
    Ok(0)
}

fn detach(r: &mut Request<'_, '_>) -> SysResult {
    r.stopped(|_| Ok(()))?;
    let signal = r.signal()?;
    r.tracee(|tracee| {
        tracee.resume(r.tid, Command::DETACH, signal);
        Ok(0)
    })?;
    r.c.process.tracees.lock().remove(&r.tid);
    host_ptrace(libc::PTRACE_DETACH, r.tid, 0, 0.into())
}

fn check_options(options: u32) -> Result<(), Errno> {
    const KNOWN: u32 = 0xff | 1 << 20;
    if options & !KNOWN != 0 { Err(Errno(libc::EINVAL)) } else { Ok(()) }
}

fn set_options(r: &mut Request<'_, '_>) -> SysResult {
    r.stopped(|_| Ok(()))?;
    check_options(r.data)?;
    r.tracee(|tracee| {
        tracee.options = r.data;
        set_host_options(r.tid, r.data)
    })
}

fn event_message(r: &mut Request<'_, '_>) -> SysResult {
    r.stopped(|_| Ok(()))?;
    let message = r.tracee(|tracee| Ok(tracee.message))?;
    r.c.memory().write_u32(r.data, message as u32)?;
    Ok(0)
}

fn read_signal_info(r: &mut Request<'_, '_>) -> SysResult {
    let abi = r.abi()?;
    let (tid, uid) = (r.tid, host::credentials().uid);
    let encoded = r.tracee(|tracee| {
        let (event, signal, sysgood) = (tracee.event, tracee.signal, tracee.options & 1 != 0);
        let stop = tracee.stopped()?;
        let made_up = |code: i32| {
            let sender = Fields::Sender { pid: tid, uid };
            abi.siginfo(&SigInfo::raised(libc::SIGTRAP, code, sender)).as_bytes().to_vec()
        };
        match stop.kind {
            Kind::SIGNAL => Ok(stop.info.to_vec()),
            Kind::ENTRY | Kind::EXIT => Ok(made_up(libc::SIGTRAP | if sysgood { 0x80 } else { 0 })),
            Kind::GROUP if event == 0 => Err(Errno(libc::EINVAL)),
            Kind::EXEC if event == 0 => Ok(made_up(libc::SI_USER)),
            _ => Ok(made_up(abi.signal_to_guest(signal) as i32 | (event << 8) as i32)),
        }
    })?;
    r.give(&encoded)
}

fn write_signal_info(r: &mut Request<'_, '_>) -> SysResult {
    let mut info = [0; crate::linux::siginfo::SIZE];
    r.stopped(|_| Ok(()))?;
    r.c.memory().read_bytes(r.data, &mut info)?;
    r.stopped(|stop| {
        stop.info = info;
        stop.changed |= Stop::CHANGED_INFO;
        Ok(0)
    })
}

fn interrupt(r: &mut Request<'_, '_>) -> SysResult {
    r.tracee(|tracee| {
        if !tracee.seized {
            return Err(Errno(libc::EIO));
        }
        if tracee.listening {
            return host_ptrace(libc::PTRACE_INTERRUPT, r.tid, 0, 0.into());
        }
        if !tracee.is_stopped() {
            ask_for_stop(tracee.pid, r.tid);
        }
        Ok(0)
    })
}

fn listen(r: &mut Request<'_, '_>) -> SysResult {
    r.stopped(|_| Ok(()))?;
    r.tracee(|tracee| {
        if !tracee.seized || tracee.event != event::STOP {
            return Err(Errno(libc::EIO));
        }
        host_ptrace(libc::PTRACE_LISTEN, r.tid, 0, 0.into())?;
        tracee.listening = true;
        Ok(0)
    })
}

/// Bytes of the signal sets that `addr` has to name.
fn check_mask(r: &Request<'_, '_>) -> Result<(), Errno> {
    if r.addr == r.c.abi().numbers().sigset_size { Ok(()) } else { Err(Errno(libc::EINVAL)) }
}

fn read_mask(r: &mut Request<'_, '_>) -> SysResult {
    let mask = r.stopped(|stop| Ok(stop.mask))?;
    check_mask(r)?;
    let abi = r.c.abi();
    abi.write_sigset(r.c.memory(), r.data, r.addr, abi.sigset_to_host(mask))?;
    Ok(0)
}

fn write_mask(r: &mut Request<'_, '_>) -> SysResult {
    r.stopped(|_| Ok(()))?;
    check_mask(r)?;
    let abi = r.c.abi();
    let mask = abi.sigset_to_guest(abi.read_sigset(r.c.memory(), r.data)?);
    r.stopped(|stop| {
        stop.mask = mask;
        stop.changed |= Stop::CHANGED_MASK;
        Ok(0)
    })
}

/// `struct ptrace_syscall_info`; gives its length.
fn call_info(r: &mut Request<'_, '_>) -> SysResult {
    const ENTRY: u8 = 1;
    const EXIT: u8 = 2;
    const SECCOMP: u8 = 3;
    let (cpu, _) = r.registers()?;
    let abi = r.abi()?;
    // Without the option, the kernel does not tell these stops from others.
    let told = r.tracee(|tracee| Ok(tracee.options & libc::PTRACE_O_TRACESYSGOOD as u32 != 0))?;
    let info = r.stopped(|stop| {
        let mut e = Encoder::new(abi.is_big());
        let op = match stop.kind {
            Kind::ENTRY if told => ENTRY,
            Kind::EXIT if told => EXIT,
            Kind::SECCOMP => SECCOMP,
            _ => 0,
        };
        e.u8(op).pad_to(4).u32(stop.arch);
        e.u64(cpu.get32(abi.pc_slot()).into()).u64(cpu.get32(abi.sp_slot()).into());
        if op == EXIT {
            e.u64(stop.result as u64).u8(stop.failed as u8);
        } else if op != 0 {
            e.u64(stop.number.into());
            stop.args.into_iter().for_each(|arg| {
                e.u64(arg.into());
            });
        }
        if op == SECCOMP {
            e.u32(stop.data).pad_to(88);
        }
        Ok(e)
    })?;
    let bytes = info.as_bytes();
    r.c.memory().write_bytes(r.data, bytes.get(..r.addr as usize).unwrap_or(bytes))?;
    Ok(bytes.len() as u64)
}

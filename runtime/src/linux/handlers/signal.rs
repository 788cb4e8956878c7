//! Signals: sending, actions, masks, waiting. Delivery is in [`signals`](crate::linux::signals).

use crate::linux::abi::{Action, Encoder};
use crate::linux::host::{self, Arg, Errno, Plain};
use crate::linux::host_signal::{self, FAULT_BITS, HostInfo};
use crate::linux::ptrace;
use crate::linux::siginfo::{Fields, SigInfo};
use crate::linux::signals;
use crate::linux::syscall::{After, Call, SysResult};

use super::time::{Width, optional_timespec};

/// The kernel's size of a signal set on the host.
const SET_SIZE: u64 = 8;
const SS_DISABLE: u32 = 2;

/// A signal argument by its host number; 0 asks whether one could be sent.
pub(super) fn signal_or_zero(c: &Call<'_>, index: usize) -> Result<i32, Errno> {
    match c.uint(index) {
        0 => Ok(0),
        guest => c.abi().signal_to_host(guest).ok_or(Errno(libc::EINVAL)),
    }
}

pub(crate) fn kill(c: &mut Call<'_>) -> SysResult {
    host::call(libc::SYS_kill, &[c.int_arg(0), signal_or_zero(c, 1)?.into()])
}

pub(crate) fn tkill(c: &mut Call<'_>) -> SysResult {
    host::call(libc::SYS_tkill, &[c.int_arg(0), signal_or_zero(c, 1)?.into()])
}

pub(crate) fn tgkill(c: &mut Call<'_>) -> SysResult {
    host::call(libc::SYS_tgkill, &[c.int_arg(0), c.int_arg(1), signal_or_zero(c, 2)?.into()])
}

pub(crate) fn rt_sigqueueinfo(c: &mut Call<'_>) -> SysResult {
    let info = queued_info(c, 1)?;
    host::call(libc::SYS_rt_sigqueueinfo, &[c.int_arg(0), info.signal().into(), Arg::input(&info)])
}

pub(crate) fn rt_tgsigqueueinfo(c: &mut Call<'_>) -> SysResult {
    let info = queued_info(c, 2)?;
    let args = [c.int_arg(0), c.int_arg(1), info.signal().into(), Arg::input(&info)];
    host::call(libc::SYS_rt_tgsigqueueinfo, &args)
}

/// The signal argument at `index` and the information that the next argument points to.
pub(super) fn queued_info(c: &Call<'_>, index: usize) -> Result<HostInfo, Errno> {
    let signal = signal_or_zero(c, index)?;
    let info = SigInfo::read_queued(c.memory(), c.uint(index + 1), signal)?;
    let Fields::Queued { pid, uid, value } = info.fields else { return Err(Errno(libc::EINVAL)) };
    if ptrace::is_private(info.code) {
        return Err(Errno(libc::EPERM));
    }
    Ok(HostInfo::new(signal, info.errno, info.code, &[pid as u32, uid, value]))
}

/// A signal argument whose action may be looked at, and if `change`, changed.
fn action_signal(c: &Call<'_>, change: bool) -> Result<i32, Errno> {
    let guest = c.uint(0);
    if (signals::COUNT as u32 + 1..=c.abi().last_signal()).contains(&guest) {
        return Ok(guest as i32);
    }
    let signal = c.abi().signal_to_host(guest).ok_or(Errno(libc::EINVAL))?;
    let fixed = signal == libc::SIGKILL || signal == libc::SIGSTOP;
    if change && fixed { Err(Errno(libc::EINVAL)) } else { Ok(signal) }
}

pub(crate) fn rt_sigaction(c: &mut Call<'_>) -> SysResult {
    if c.uint(3) != c.abi().numbers().sigset_size {
        return Err(Errno(libc::EINVAL));
    }
    let new = match c.uint(1) {
        0 => None,
        addr => Some(c.abi().read_rt_action(c.memory(), addr)?),
    };
    change_action(c, new, |c, old| c.abi().rt_action(old))
}

pub(crate) fn sigaction(c: &mut Call<'_>) -> SysResult {
    let new = match c.uint(1) {
        0 => None,
        addr => Some(c.abi().read_old_action(c.memory(), addr)?),
    };
    change_action(c, new, |c, old| c.abi().old_action(old))
}

fn change_action(
    c: &mut Call<'_>,
    new: Option<Action>,
    encode: fn(&Call<'_>, &Action) -> Encoder,
) -> SysResult {
    let signal = action_signal(c, new.is_some())?;
    if host::signal_pending() {
        // It was caught under the old action, and is delivered under it.
        return Err(Errno::NOT_BEGUN);
    }
    let old = c.process.signals.action(signal);
    if c.uint(2) != 0 {
        let mut shown = old;
        shown.mask = c.abi().sigset_to_host(c.abi().sigset_to_guest(old.mask));
        c.memory().write_bytes(c.uint(2), encode(c, &shown).as_bytes())?;
    }
    if let Some(action) = new {
        c.process.signals.set_action(signal, action, c.engine);
    }
    Ok(0)
}

pub(crate) fn rt_sigprocmask(c: &mut Call<'_>) -> SysResult {
    let size = c.abi().numbers().sigset_size;
    if c.uint(3) != size {
        return Err(Errno(libc::EINVAL));
    }
    let set = match c.uint(1) {
        0 => None,
        addr => Some(c.abi().read_sigset(c.memory(), addr)?),
    };
    change_mask(c, set, size)
}

pub(crate) fn sigprocmask(c: &mut Call<'_>) -> SysResult {
    let set = match c.uint(1) {
        0 => None,
        addr => Some(c.abi().sigset_to_host(u64::from(c.memory().read_u32(addr)?))),
    };
    // Old sets have one word; on MIPS four, of which three are zero.
    let size = if c.abi().numbers().sigset_size == 16 { 16 } else { 4 };
    change_mask(c, set, size)
}

/// `sgetmask()`: the first word of the mask.
pub(crate) fn sgetmask(c: &mut Call<'_>) -> SysResult {
    Ok(c.abi().sigset_to_guest(c.process.signals.mask()) & u64::from(u32::MAX))
}

/// `ssetmask(word)`: changes the whole mask to these signals; gives the first word of the one before.
pub(crate) fn ssetmask(c: &mut Call<'_>) -> SysResult {
    let old = sgetmask(c)?;
    let new = c.abi().sigset_to_host(c.uint(0).into());
    hold_signals()?;
    c.process.signals.set_mask(new);
    Ok(old)
}

fn change_mask(c: &mut Call<'_>, set: Option<u64>, size: u32) -> SysResult {
    let old = c.process.signals.mask();
    if let Some(set) = set {
        let block = c.abi().numbers().sig_block;
        let new = match c.uint(0).wrapping_sub(block) {
            0 => old | set,
            1 => old & !set,
            2 => set,
            _ => return Err(Errno(libc::EINVAL)),
        };
        hold_signals()?;
        c.process.signals.set_mask(new);
    }
    if c.uint(2) != 0 {
        c.abi().write_sigset(c.memory(), c.uint(2), size, old)?;
    }
    Ok(0)
}

/// Keeps further signals from coming; if one has been caught already, it must be delivered first, under the old mask.
pub(crate) fn hold_signals() -> Result<(), Errno> {
    host_signal::block_all();
    if host::signal_pending() { Err(Errno::NOT_BEGUN) } else { Ok(()) }
}

pub(crate) fn rt_sigpending(c: &mut Call<'_>) -> SysResult {
    let size = c.uint(1).min(c.abi().numbers().sigset_size);
    let pending = host_signal::pending() & c.process.signals.mask();
    c.abi().write_sigset(c.memory(), c.uint(0), size, pending)?;
    Ok(0)
}

pub(crate) fn sigpending(c: &mut Call<'_>) -> SysResult {
    let pending = host_signal::pending() & c.process.signals.mask();
    c.abi().write_sigset(c.memory(), c.uint(0), 4, pending)?;
    Ok(0)
}

pub(crate) fn rt_sigsuspend(c: &mut Call<'_>) -> SysResult {
    if c.uint(1) != c.abi().numbers().sigset_size {
        return Err(Errno(libc::EINVAL));
    }
    let mask = c.abi().read_sigset(c.memory(), c.uint(0))?;
    suspend(c, mask)
}

/// ARM passes the mask in the third argument, MIPS a pointer to it in the first.
pub(crate) fn sigsuspend_old(c: &mut Call<'_>) -> SysResult {
    let mask = if c.abi().numbers().sigset_size == 16 {
        c.abi().read_sigset(c.memory(), c.uint(0))?
    } else {
        c.abi().sigset_to_host(u64::from(c.uint(2)))
    };
    suspend(c, mask)
}

fn suspend(c: &mut Call<'_>, mask: u64) -> SysResult {
    with_mask(c, Some(mask), |host_mask| host::call(libc::SYS_rt_sigsuspend, &[host_mask, SET_SIZE.into()]))
}

/// Does a call that waits with another mask, which is given to `f` as the host's pointer to a set (or none).
pub(crate) fn with_mask(
    c: &mut Call<'_>,
    mask: Option<u64>,
    f: impl FnOnce(Arg<'_>) -> SysResult,
) -> SysResult {
    let Some(mask) = mask else { return f(Arg::null()) };
    let host_mask = mask & !FAULT_BITS;
    let result = f(Arg::input(&host_mask));
    if matches!(result, Err(Errno(libc::EINTR))) {
        // The signal that ended the wait is delivered under the temporary mask; its frame restores the old one.
        c.process.signals.suspend_with(mask);
    }
    result
}

pub(crate) fn rt_sigtimedwait(c: &mut Call<'_>) -> SysResult {
    timed_wait(c, Width::Short)
}

pub(crate) fn rt_sigtimedwait_time64(c: &mut Call<'_>) -> SysResult {
    timed_wait(c, Width::Long)
}

fn timed_wait(c: &Call<'_>, width: Width) -> SysResult {
    if c.uint(3) != c.abi().numbers().sigset_size {
        return Err(Errno(libc::EINVAL));
    }
    let set = c.abi().read_sigset(c.memory(), c.uint(0))?;
    let timeout = optional_timespec(c, c.uint(2), width)?;
    let info = wait_for(set, timeout.as_ref())?;
    if c.uint(1) != 0 {
        c.memory().write_bytes(c.uint(1), c.abi().siginfo(&info).as_bytes())?;
    }
    Ok(u64::from(c.abi().signal_to_guest(info.signal)))
}

fn wait_for(set: u64, timeout: Option<&libc::timespec>) -> Result<SigInfo, Errno> {
    if let Some(signal) = host_signal::take_held(!set) {
        return Ok(SigInfo::raised(signal, libc::SI_USER, Fields::Sender { pid: 0, uid: 0 }));
    }
    let mut info = HostInfo::zeroed();
    let timeout = timeout.map_or(Arg::null(), Arg::input);
    let args = [Arg::input(&set), Arg::output(&mut info), timeout, SET_SIZE.into()];
    host::call(libc::SYS_rt_sigtimedwait, &args)?;
    Ok(SigInfo::from_host(&info))
}

pub(crate) fn sigreturn(c: &mut Call<'_>) -> SysResult {
    go_back(c, false)
}

pub(crate) fn rt_sigreturn(c: &mut Call<'_>) -> SysResult {
    go_back(c, true)
}

fn go_back(c: &mut Call<'_>, rt: bool) -> SysResult {
    hold_signals()?;
    c.process.return_from_handler(c.cpu, rt);
    c.after = After::KeepRegisters;
    Ok(0)
}

pub(crate) fn sigaltstack(c: &mut Call<'_>) -> SysResult {
    const MINSIGSTKSZ: u32 = 2048;
    let sp = c.cpu.get32(c.abi().sp_slot());
    let new = match c.uint(0) {
        0 => None,
        addr => Some(c.abi().read_alt_stack(c.memory(), addr)?),
    };
    if c.uint(1) != 0 {
        let shown = c.process.signals.shown_alt_stack(sp);
        c.memory().write_bytes(c.uint(1), c.abi().alt_stack(&shown).as_bytes())?;
    }
    let Some(mut stack) = new else { return Ok(0) };
    if c.process.signals.on_alt_stack(sp) {
        return Err(Errno(libc::EPERM));
    }
    match stack.flags {
        SS_DISABLE => (stack.sp, stack.size) = (0, 0),
        // SS_ONSTACK is let through by Linux, and means nothing.
        0 | 1 if stack.size >= MINSIGSTKSZ => stack.flags = 0,
        0 | 1 => return Err(Errno(libc::ENOMEM)),
        _ => return Err(Errno(libc::EINVAL)),
    }
    c.process.signals.alt_stack = stack;
    Ok(0)
}

//! `prctl`: a table of options, and those that need more than passing on.

use crate::linux::host::{self, Arg, Errno};
use crate::linux::syscall::{Call, SysResult};
use crate::loader::GuestKind;

use super::seccomp;

const PR_GET_TIMING: i32 = 13;
const PR_SET_TIMING: i32 = 14;
const PR_SET_MM: i32 = 35;
const PR_SET_FP_MODE: i32 = 45;
const PR_GET_FP_MODE: i32 = 46;
const PR_SET_IO_FLUSHER: i32 = 57;
const PR_GET_IO_FLUSHER: i32 = 58;
const PR_SET_SYSCALL_USER_DISPATCH: i32 = 59;
const PR_SET_MDWE: i32 = 65;
const PR_GET_MDWE: i32 = 66;
const PR_SET_VMA: i32 = 0x5356_4d41;
const PR_GET_AUXV: i32 = 0x4155_5856;

/// What is done about an option.
enum Treatment {
    /// Its arguments are numbers, and mean the same to the host.
    Pass,
    /// The host writes a number to the address that is its argument.
    WritesNumber,
    /// Something of our own.
    Own(fn(&mut Call<'_>) -> SysResult),
    /// It fails with this error, as it would change what Demotic itself relies on, or means nothing to this processor.
    Refuse(i32),
}

/// The options (linux/prctl.h). What is not here is unknown to us, or to Linux on these processors: floating-point emulation
/// and exceptions of others, time stamp counters, SVE, pointer authentication, dispatch of system calls.
static OPTIONS: [(i32, Treatment); 42] = [
    (libc::PR_SET_PDEATHSIG, Treatment::Own(set_death_signal)),
    (libc::PR_GET_PDEATHSIG, Treatment::Own(get_death_signal)),
    (libc::PR_GET_DUMPABLE, Treatment::Pass),
    (libc::PR_SET_DUMPABLE, Treatment::Pass),
    (libc::PR_GET_KEEPCAPS, Treatment::Pass),
    (libc::PR_SET_KEEPCAPS, Treatment::Pass),
    (PR_GET_TIMING, Treatment::Pass),
    (PR_SET_TIMING, Treatment::Pass),
    (libc::PR_SET_NAME, Treatment::Own(set_name)),
    (libc::PR_GET_NAME, Treatment::Own(get_name)),
    (libc::PR_GET_SECCOMP, Treatment::Own(|c| Ok(c.process.seccomp.mode().number()))),
    (libc::PR_SET_SECCOMP, Treatment::Own(seccomp::set_mode)),
    (libc::PR_CAPBSET_READ, Treatment::Pass),
    (libc::PR_CAPBSET_DROP, Treatment::Pass),
    (libc::PR_GET_SECUREBITS, Treatment::Pass),
    (libc::PR_SET_SECUREBITS, Treatment::Pass),
    (libc::PR_SET_TIMERSLACK, Treatment::Pass),
    (libc::PR_GET_TIMERSLACK, Treatment::Pass),
    (libc::PR_TASK_PERF_EVENTS_DISABLE, Treatment::Pass),
    (libc::PR_TASK_PERF_EVENTS_ENABLE, Treatment::Pass),
    (libc::PR_MCE_KILL, Treatment::Pass),
    (libc::PR_MCE_KILL_GET, Treatment::Pass),
    (PR_SET_MM, Treatment::Refuse(libc::EPERM)),
    (libc::PR_SET_CHILD_SUBREAPER, Treatment::Pass),
    (libc::PR_GET_CHILD_SUBREAPER, Treatment::WritesNumber),
    (libc::PR_SET_NO_NEW_PRIVS, Treatment::Pass),
    (libc::PR_GET_NO_NEW_PRIVS, Treatment::Pass),
    (libc::PR_SET_THP_DISABLE, Treatment::Pass),
    (libc::PR_GET_THP_DISABLE, Treatment::Pass),
    (PR_SET_FP_MODE, Treatment::Own(fp_mode)),
    (PR_GET_FP_MODE, Treatment::Own(fp_mode)),
    (libc::PR_CAP_AMBIENT, Treatment::Pass),
    (libc::PR_GET_SPECULATION_CTRL, Treatment::Pass),
    (libc::PR_SET_SPECULATION_CTRL, Treatment::Pass),
    (PR_SET_IO_FLUSHER, Treatment::Pass),
    (PR_GET_IO_FLUSHER, Treatment::Pass),
    (PR_SET_MDWE, Treatment::Refuse(libc::EINVAL)),
    (PR_GET_MDWE, Treatment::Refuse(libc::EINVAL)),
    (libc::PR_SET_PTRACER, Treatment::Own(set_tracer)),
    (PR_SET_VMA, Treatment::Own(name_memory)),
    (PR_GET_AUXV, Treatment::Own(get_auxv)),
    (PR_SET_SYSCALL_USER_DISPATCH, Treatment::Refuse(libc::EINVAL)),
];

pub(crate) fn prctl(c: &mut Call<'_>) -> SysResult {
    let option = c.int(0);
    let Some((_, treatment)) = OPTIONS.iter().find(|(number, _)| *number == option) else {
        tracing::debug!(target: "syscall", "prctl option {option} is not supported");
        return Err(Errno(libc::EINVAL));
    };
    match treatment {
        Treatment::Pass => {
            let args = [option.into(), c.uint_arg(1), c.uint_arg(2), c.uint_arg(3), c.uint_arg(4)];
            host::call(libc::SYS_prctl, &args)
        }
        Treatment::WritesNumber => {
            let mut number = 0i32;
            host::call(libc::SYS_prctl, &[option.into(), Arg::output(&mut number)])?;
            c.memory().write_u32(c.uint(1), number as u32)?;
            Ok(0)
        }
        Treatment::Own(function) => function(c),
        Treatment::Refuse(errno) => Err(Errno(*errno)),
    }
}

fn set_death_signal(c: &mut Call<'_>) -> SysResult {
    let signal = match c.uint(1) {
        0 => 0,
        guest => c.abi().signal_to_host(guest).ok_or(Errno(libc::EINVAL))?,
    };
    host::call(libc::SYS_prctl, &[libc::PR_SET_PDEATHSIG.into(), signal.into()])
}

fn get_death_signal(c: &mut Call<'_>) -> SysResult {
    let mut signal = 0i32;
    host::call(libc::SYS_prctl, &[libc::PR_GET_PDEATHSIG.into(), Arg::output(&mut signal)])?;
    let guest = if signal == 0 { 0 } else { c.abi().signal_to_guest(signal) };
    c.memory().write_u32(c.uint(1), guest)?;
    Ok(0)
}

fn set_name(c: &mut Call<'_>) -> SysResult {
    let name = c.string_at(c.uint(1))?;
    host::call(libc::SYS_prctl, &[libc::PR_SET_NAME.into(), Arg::string(&name)])
}

fn get_name(c: &mut Call<'_>) -> SysResult {
    const NAME: u64 = 16;
    host::call(libc::SYS_prctl, &[libc::PR_GET_NAME.into(), c.buffer(c.uint(1), NAME)?])
}

/// A process that may trace this one: a number, of which -1 is "any".
fn set_tracer(c: &mut Call<'_>) -> SysResult {
    host::call(libc::SYS_prctl, &[libc::PR_SET_PTRACER.into(), c.int_arg(1)])
}

/// Names a range of memory in `/proc`.
fn name_memory(c: &mut Call<'_>) -> SysResult {
    let range = c.buffer(c.uint(2), c.long(3))?;
    let name = c.optional_string(4)?;
    let name = name.as_deref().map_or(Arg::null(), Arg::string);
    host::call(libc::SYS_prctl, &[PR_SET_VMA.into(), c.uint_arg(1), range, c.uint_arg(3), name])
}

fn get_auxv(c: &mut Call<'_>) -> SysResult {
    if c.uint(3) != 0 || c.uint(4) != 0 {
        return Err(Errno(libc::EINVAL));
    }
    let auxv = &c.process.info.auxv;
    let shown = auxv.get(..c.uint(2) as usize).unwrap_or(auxv);
    c.memory().write_bytes(c.uint(1), shown)?;
    Ok(auxv.len() as u64)
}

/// MIPS: asks for the mode of the floating-point registers, or sets it. It is fixed when the program starts.
fn fp_mode(c: &mut Call<'_>) -> SysResult {
    let GuestKind::Mips { config, .. } = c.process.kind else { return Err(Errno(libc::EINVAL)) };
    let mode = u32::from(config.fr) | u32::from(config.fre) << 1;
    match c.int(0) {
        PR_GET_FP_MODE => Ok(u64::from(mode)),
        _ if c.uint(1) == mode => Ok(0),
        _ => Err(Errno(libc::EOPNOTSUPP)),
    }
}

//! Name spaces: `unshare` and `setns`.

use crate::linux::host::{self, Errno};
use crate::linux::syscall::{Call, SysResult};

pub(crate) fn unshare(c: &mut Call<'_>) -> SysResult {
    // What Linux refuses to processes of several threads.
    const ALONE: i32 = libc::CLONE_NEWUSER | libc::CLONE_THREAD | libc::CLONE_SIGHAND | libc::CLONE_VM;
    let flags = c.uint(0);
    let unshare = || host::call(libc::SYS_unshare, &[flags.into()]);
    if flags & ALONE as u32 == 0 { unshare() } else { alone(c, unshare) }
}

pub(crate) fn setns(c: &mut Call<'_>) -> SysResult {
    let args = [c.int_arg(0), c.int_arg(1)];
    alone(c, || host::call(libc::SYS_setns, &args))
}

/// Does a call that may want the process to have one thread only: ours, which translates, does not count as one.
fn alone(c: &Call<'_>, call: impl Fn() -> SysResult) -> SysResult {
    if !c.process.group.is_one() {
        return call();
    }
    let mut result = Err(Errno(libc::EINVAL));
    c.engine.alone(&mut || result = call());
    result
}

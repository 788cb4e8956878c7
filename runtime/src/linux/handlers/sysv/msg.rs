//! Message queues of System V. A message is a word, its type, and text.

use super::{command, read_permissions, write_words};
use crate::linux::host::{self, Arg, Errno, Plain};
use crate::linux::syscall::{Call, SysResult};

const MSG_STAT: i32 = 11;
const MSG_INFO: i32 = 12;
const MSG_STAT_ANY: i32 = 13;

/// More than any system allows a message to have.
const SIZE_MAX: u32 = 1 << 24;
/// Bytes of the type, guest and host.
const GUEST_TYPE: u32 = 4;
const HOST_TYPE: usize = 8;
/// The offset of `msg_qbytes` in a `struct msqid64_ds`.
const MSG_QBYTES: u32 = 68;

pub(crate) fn msgget(c: &mut Call<'_>) -> SysResult {
    host::call(libc::SYS_msgget, &[c.int_arg(0), c.uint_arg(1)])
}

pub(crate) fn msgsnd(c: &mut Call<'_>) -> SysResult {
    let (addr, size) = (c.uint(1), c.uint(2));
    if size > SIZE_MAX {
        return Err(Errno(libc::EINVAL));
    }
    let kind = i64::from(c.memory().read_u32(addr)? as i32);
    let mut message = vec![0u8; HOST_TYPE + size as usize];
    message[..HOST_TYPE].copy_from_slice(&kind.to_le_bytes());
    c.memory().read_bytes(addr.wrapping_add(GUEST_TYPE), &mut message[HOST_TYPE..])?;
    host::call(libc::SYS_msgsnd, &[c.int_arg(0), Arg::inputs(&message), size.into(), c.int_arg(3)])
}

pub(crate) fn msgrcv(c: &mut Call<'_>) -> SysResult {
    let (addr, size) = (c.uint(1), c.uint(2));
    if size > i32::MAX as u32 {
        return Err(Errno(libc::EINVAL));
    }
    // Who has room for more than there can be gets what there is.
    let size = size.min(SIZE_MAX);
    let mut message = vec![0u8; HOST_TYPE + size as usize];
    let args = [c.int_arg(0), Arg::outputs(&mut message), size.into(), c.int_arg(3), c.int_arg(4)];
    let got = host::call(libc::SYS_msgrcv, &args)?;
    let (kind, text) = message.split_at(HOST_TYPE);
    c.memory().write_u32(addr, u32::from_le_bytes([kind[0], kind[1], kind[2], kind[3]]))?;
    let text = text.get(..got as usize).unwrap_or(text);
    c.memory().write_bytes(addr.wrapping_add(GUEST_TYPE), text)?;
    Ok(got)
}

pub(crate) fn msgctl(c: &mut Call<'_>) -> SysResult {
    let command = command(c, 1)?;
    let (id, addr) = (c.int(0), c.uint(2));
    let call = |arg: Arg<'_>| host::call(libc::SYS_msgctl, &[id.into(), command.into(), arg]);
    match command {
        libc::IPC_STAT | MSG_STAT | MSG_STAT_ANY => {
            let mut status = libc::msqid_ds::zeroed();
            let result = call(Arg::output(&mut status))?;
            c.memory().write_bytes(addr, c.abi().msqid_ds(&status).as_bytes())?;
            Ok(result)
        }
        libc::IPC_SET => {
            let mut status = libc::msqid_ds::zeroed();
            read_permissions(c, addr, &mut status.msg_perm)?;
            status.msg_qbytes = c.memory().read_u32(addr.wrapping_add(MSG_QBYTES))?.into();
            call(Arg::input(&status))
        }
        libc::IPC_INFO | MSG_INFO => {
            // Seven integers and a short one at the end.
            let mut limits = [0u32; 8];
            let result = call(Arg::outputs(&mut limits))?;
            write_words(c, addr, &limits[..7])?;
            c.memory().write_u16(addr.wrapping_add(28), limits[7] as u16)?;
            Ok(result)
        }
        _ => call(Arg::null()),
    }
}

//! Sockets: making them, connecting them, sending and receiving; and the call through which old programs do all that.

mod address;
mod control;
mod message;
mod options;

use crate::linux::abi::Encoder;
use crate::linux::host::{self, Arg, Errno};
use crate::linux::netlink;
use crate::linux::syscall::{Call, SysResult};

use address::ADDRESS_MAX;
pub(crate) use message::{recvmmsg, recvmmsg_time64, recvmsg, sendmmsg, sendmsg};
pub(crate) use options::{getsockopt, setsockopt};

/// A socket type and its flags by host numbers.
fn socket_type(c: &Call<'_>, guest: u32) -> u32 {
    const TYPE: u32 = 0xf;
    let numbers = c.abi().numbers();
    let kind = match guest & TYPE {
        kind if kind == numbers.sock_types[0] => libc::SOCK_STREAM as u32,
        kind if kind == numbers.sock_types[1] => libc::SOCK_DGRAM as u32,
        kind => kind,
    };
    kind | socket_flags(c, guest)
}

/// A socket type by the guest's number.
fn guest_type(c: &Call<'_>, host: i32) -> i32 {
    let types = c.abi().numbers().sock_types;
    match host {
        libc::SOCK_STREAM => types[0] as i32,
        libc::SOCK_DGRAM => types[1] as i32,
        other => other,
    }
}

/// A `struct timeval`.
fn encode_timeval(c: &Call<'_>, time: &libc::timeval) -> Vec<u8> {
    let mut e = Encoder::new(c.memory().is_big());
    e.u32(time.tv_sec as u32).u32(time.tv_usec as u32);
    e.as_bytes().to_vec()
}

fn socket_flags(c: &Call<'_>, guest: u32) -> u32 {
    let nonblock = guest & c.abi().numbers().sock_nonblock != 0;
    guest & libc::SOCK_CLOEXEC as u32 | if nonblock { libc::SOCK_NONBLOCK as u32 } else { 0 }
}

pub(crate) fn socket(c: &mut Call<'_>) -> SysResult {
    if c.int(0) == libc::AF_NETLINK {
        netlink::check_protocol(c.memory().is_big(), c.int(2))?;
    }
    host::call(libc::SYS_socket, &[c.int_arg(0), socket_type(c, c.uint(1)).into(), c.int_arg(2)])
}

pub(crate) fn socketpair(c: &mut Call<'_>) -> SysResult {
    let mut ends = [0i32; 2];
    let kind = socket_type(c, c.uint(1));
    let args = [c.int_arg(0), kind.into(), c.int_arg(2), Arg::output(&mut ends)];
    host::call(libc::SYS_socketpair, &args)?;
    c.memory().write_u32(c.uint(3), ends[0] as u32)?;
    c.memory().write_u32(c.uint(3).wrapping_add(4), ends[1] as u32)?;
    Ok(0)
}

pub(crate) fn bind(c: &mut Call<'_>) -> SysResult {
    let address = address::read(c, c.uint(1), c.uint(2))?;
    host::call(libc::SYS_bind, &[c.int_arg(0), Arg::inputs(&address), address.len().into()])
}

pub(crate) fn connect(c: &mut Call<'_>) -> SysResult {
    let address = address::read(c, c.uint(1), c.uint(2))?;
    host::call(libc::SYS_connect, &[c.int_arg(0), Arg::inputs(&address), address.len().into()])
}

pub(crate) fn accept(c: &mut Call<'_>) -> SysResult {
    with_address(c, libc::SYS_accept4, &[0u32.into()])
}

pub(crate) fn accept4(c: &mut Call<'_>) -> SysResult {
    with_address(c, libc::SYS_accept4, &[socket_flags(c, c.uint(3)).into()])
}

pub(crate) fn getsockname(c: &mut Call<'_>) -> SysResult {
    with_address(c, libc::SYS_getsockname, &[])
}

pub(crate) fn getpeername(c: &mut Call<'_>) -> SysResult {
    with_address(c, libc::SYS_getpeername, &[])
}

/// A call that gives an address into arguments 1 and 2.
fn with_address(c: &Call<'_>, number: i64, more: &[Arg<'_>]) -> SysResult {
    let mut address = [0u8; ADDRESS_MAX];
    let mut len = ADDRESS_MAX as u32;
    let mut args = vec![c.int_arg(0), Arg::outputs(&mut address), Arg::output(&mut len)];
    args.extend(more);
    let result = host::call(number, &args)?;
    address::write(c, c.uint(1), c.uint(2), &mut address, len)?;
    Ok(result)
}

pub(crate) fn send(c: &mut Call<'_>) -> SysResult {
    if message::is_netlink(c, c.int(0)) {
        return message::send_netlink(c, 0, 0);
    }
    let buffer = c.buffer(c.uint(1), c.long(2))?;
    let args = [c.int_arg(0), buffer, c.uint_arg(2), c.uint_arg(3), Arg::null(), Arg::null()];
    host::call(libc::SYS_sendto, &args)
}

pub(crate) fn sendto(c: &mut Call<'_>) -> SysResult {
    if c.uint(4) == 0 {
        return send(c);
    }
    if message::is_netlink(c, c.int(0)) {
        return message::send_netlink(c, c.uint(4), c.uint(5));
    }
    let address = address::read(c, c.uint(4), c.uint(5))?;
    let buffer = c.buffer(c.uint(1), c.long(2))?;
    let args =
        [c.int_arg(0), buffer, c.uint_arg(2), c.uint_arg(3), Arg::inputs(&address), address.len().into()];
    host::call(libc::SYS_sendto, &args)
}

pub(crate) fn recv(c: &mut Call<'_>) -> SysResult {
    let buffer = c.buffer(c.uint(1), c.long(2))?;
    let args = [c.int_arg(0), buffer, c.uint_arg(2), c.uint_arg(3), Arg::null(), Arg::null()];
    let got = host::call(libc::SYS_recvfrom, &args)?;
    if message::is_netlink(c, c.int(0)) {
        message::received_netlink(c, c.uint(1), c.long(2).min(got))?;
    }
    Ok(got)
}

pub(crate) fn recvfrom(c: &mut Call<'_>) -> SysResult {
    if c.uint(4) == 0 {
        return recv(c);
    }
    let mut address = [0u8; ADDRESS_MAX];
    let mut len = ADDRESS_MAX as u32;
    let buffer = c.buffer(c.uint(1), c.long(2))?;
    let args = [
        c.int_arg(0),
        buffer,
        c.uint_arg(2),
        c.uint_arg(3),
        Arg::outputs(&mut address),
        Arg::output(&mut len),
    ];
    let got = host::call(libc::SYS_recvfrom, &args)?;
    if message::is_netlink(c, c.int(0)) {
        message::received_netlink(c, c.uint(1), c.long(2).min(got))?;
    }
    address::write(c, c.uint(4), c.uint(5), &mut address, len)?;
    Ok(got)
}

pub(crate) fn listen(c: &mut Call<'_>) -> SysResult {
    host::call(libc::SYS_listen, &[c.int_arg(0), c.int_arg(1)])
}

pub(crate) fn shutdown(c: &mut Call<'_>) -> SysResult {
    host::call(libc::SYS_shutdown, &[c.int_arg(0), c.int_arg(1)])
}

/// A call, and how many arguments it has.
type Row = (fn(&mut Call<'_>) -> SysResult, usize);

/// The calls of `socketcall`, from number 1 (linux/net.h).
static CALLS: [Row; 20] = [
    (socket, 3),
    (bind, 3),
    (connect, 3),
    (listen, 2),
    (accept, 3),
    (getsockname, 3),
    (getpeername, 3),
    (socketpair, 4),
    (send, 4),
    (recv, 4),
    (sendto, 6),
    (recvfrom, 6),
    (shutdown, 2),
    (setsockopt, 5),
    (getsockopt, 5),
    (sendmsg, 3),
    (recvmsg, 3),
    (accept4, 4),
    (recvmmsg, 5),
    (sendmmsg, 4),
];

/// `socketcall(call, arguments)`.
pub(crate) fn socketcall(c: &mut Call<'_>) -> SysResult {
    let (number, addr) = (c.uint(0), c.uint(1));
    let call = (number as usize).checked_sub(1).and_then(|place| CALLS.get(place));
    let (function, count) = call.ok_or(Errno(libc::EINVAL))?;
    for (i, arg) in c.args.iter_mut().take(*count).enumerate() {
        *arg = c.process.memory.read_u32(addr.wrapping_add(4 * i as u32))?.into();
    }
    function(c)
}

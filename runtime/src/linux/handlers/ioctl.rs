//! Device control. The requests that programs use on terminals, pipes, files and sockets; all others are refused by name in
//! the log and with ENOTTY to the program.

use crate::linux::host::{self, Arg, Errno, Plain, Termios};
use crate::linux::syscall::{Call, SysResult};

// Host numbers of requests that libc does not name.
const TCGETS2: u32 = 0x802c_542a;
const TIOCGPTN: u32 = 0x8004_5430;
const TIOCSPTLCK: u32 = 0x4004_5431;
const TIOCGPTPEER: u32 = 0x5441;
const FS_IOC_GETFLAGS: u32 = 0x8008_6601;
const FICLONE: u32 = 0x4004_9409;

/// What a request's argument is.
enum Kind {
    /// A number, or nothing.
    Number,
    /// The address of an integer that is read.
    ReadInt,
    /// The address of an integer that is written.
    WriteInt,
    /// The address of an integer that is read and written.
    Window,
    /// The address of a terminal's settings to be written there, or read from there.
    GetTermios,
    SetTermios,
    /// The address of a `struct winsize` to be read.
    SetWindow,
}

/// The requests that are passed on, by host number.
fn kind(request: u32) -> Option<Kind> {
    Some(match u64::from(request) {
        libc::TCGETS => Kind::GetTermios,
        libc::TCSETS | libc::TCSETSW | libc::TCSETSF => Kind::SetTermios,
        libc::TIOCGWINSZ => Kind::Window,
        libc::TIOCSWINSZ => Kind::SetWindow,
        libc::TCSBRK
        | libc::TCSBRKP
        | libc::TCXONC
        | libc::TCFLSH
        | libc::TIOCEXCL
        | libc::TIOCNXCL
        | libc::TIOCSCTTY
        | libc::TIOCNOTTY
        | libc::FIOCLEX
        | libc::FIONCLEX
        | libc::TIOCSBRK
        | libc::TIOCCBRK => Kind::Number,
        libc::TIOCGPGRP
        | libc::TIOCGSID
        | libc::FIONREAD
        | libc::TIOCOUTQ
        | libc::TIOCGETD
        | libc::TIOCMGET
        | 0x8905
        | 0x8904 => Kind::WriteInt,
        libc::TIOCSPGRP
        | libc::FIONBIO
        | libc::FIOASYNC
        | libc::TIOCPKT
        | libc::TIOCSETD
        | libc::TIOCMBIS
        | libc::TIOCMBIC
        | libc::TIOCMSET
        | 0x8902 => Kind::ReadInt,
        _ => match request {
            TIOCGPTN => Kind::WriteInt,
            TIOCSPTLCK => Kind::ReadInt,
            TIOCGPTPEER | FICLONE => Kind::Number,
            _ => return None,
        },
    })
}

pub(crate) fn ioctl(c: &mut Call<'_>) -> SysResult {
    let request = host_request(c, c.uint(1));
    let addr = c.uint(2);
    let call = |arg: Arg<'_>| host::call(libc::SYS_ioctl, &[c.int_arg(0), request.into(), arg]);
    match kind(request) {
        Some(Kind::Number) => call(addr.into()),
        Some(Kind::ReadInt) => {
            let value = c.memory().read_u32(addr)? as i32;
            call(Arg::input(&value))
        }
        Some(Kind::WriteInt) => {
            let mut value = 0i32;
            let result = call(Arg::output(&mut value))?;
            c.memory().write_u32(addr, value as u32)?;
            Ok(result)
        }
        Some(Kind::GetTermios) => {
            let mut termios = Termios::zeroed();
            let result = call(Arg::output(&mut termios))?;
            c.memory().write_bytes(addr, c.abi().termios(&termios).as_bytes())?;
            Ok(result)
        }
        Some(Kind::SetTermios) => {
            let termios = c.abi().read_termios(c.memory(), addr)?;
            call(Arg::input(&termios))
        }
        Some(Kind::Window) => {
            let mut size = libc::winsize::zeroed();
            let result = call(Arg::output(&mut size))?;
            let fields = [size.ws_row, size.ws_col, size.ws_xpixel, size.ws_ypixel];
            for (i, field) in fields.into_iter().enumerate() {
                c.memory().write_u16(addr.wrapping_add(2 * i as u32), field)?;
            }
            Ok(result)
        }
        Some(Kind::SetWindow) => {
            let field = |i: u32| c.memory().read_u16(addr.wrapping_add(2 * i));
            let size = libc::winsize {
                ws_row: field(0)?,
                ws_col: field(1)?,
                ws_xpixel: field(2)?,
                ws_ypixel: field(3)?,
            };
            call(Arg::input(&size))
        }
        None => Err(refuse(c, request)),
    }
}

/// The host's number of a request. MIPS places the direction and the size of the argument differently.
fn host_request(c: &Call<'_>, guest: u32) -> u32 {
    let listed = c.abi().ioctls();
    if let Some(&(_, host)) = listed.iter().find(|&&(number, _)| number == guest) {
        return host;
    }
    if listed.is_empty() || guest >> 16 == 0 {
        return guest;
    }
    // asm/ioctl.h: 1 none, 2 read, 4 write in three bits, against read 2, write 1 in two.
    let direction = match guest >> 29 {
        2 => 2,
        4 => 1,
        6 => 3,
        _ => 0,
    };
    direction << 30 | guest & 0x1fff_ffff
}

fn refuse(c: &Call<'_>, request: u32) -> Errno {
    // Bad descriptors and requests that programs try on everything are no news.
    let known = [TCGETS2, FS_IOC_GETFLAGS].contains(&request);
    if !known {
        tracing::debug!(target: "syscall", "ioctl {request:#x} (guest {:#x}) is not supported", c.uint(1));
    }
    match host::call_now(libc::SYS_fcntl, &[c.int_arg(0), libc::F_GETFD.into()]) {
        Err(errno) => errno,
        Ok(_) => Errno(libc::ENOTTY),
    }
}

//! The host's system calls, as the guest's kernel uses them.
//!
//! Guest system calls that become host system calls go through [`call`]: it makes sure that a signal that arrives before
//! the call has begun interrupts it, however short the time between the check and the call. For this, one short piece
//! of assembly tests the thread's word of pending signals and does the call; the signal handler moves an instruction
//! pointer inside it to its end (see [`Stub`]).

use std::arch::global_asm;
use std::ffi::CStr;
use std::fs::File;
use std::marker::PhantomData;
use std::os::fd::FromRawFd;
use std::sync::atomic::{AtomicU32, Ordering};

/// A host error number; host numbering everywhere inside the runtime, the guest's only in its registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Errno(pub(crate) i32);

impl Errno {
    /// A signal has interrupted the call, which is to be done again or to fail with EINTR, as the signal's handler
    /// wants it. Never shown to guests.
    pub(crate) const RESTART: Errno = Errno(512);
    /// A signal was pending before the call had begun; it is as if the call had not been made yet. Never shown to guests.
    pub(crate) const NOT_BEGUN: Errno = Errno(513);
    /// A signal has interrupted the call, which fails with EINTR if the signal has a handler, and is to be done again if
    /// not. Never shown to guests.
    pub(crate) const NO_HANDLER: Errno = Errno(514);
}

/// An argument of a host system call. Addresses are only made from things that live as long as the argument, or from
/// guest addresses, which the host kernel may read and write at will.
#[derive(Clone, Copy)]
pub(crate) struct Arg<'a>(u64, PhantomData<&'a mut ()>);

impl<'a> Arg<'a> {
    /// A number.
    pub(crate) fn number(value: u64) -> Arg<'a> {
        Arg(value, PhantomData)
    }
    /// No pointer.
    pub(crate) fn null() -> Arg<'a> {
        Arg::number(0)
    }
    /// A string.
    pub(crate) fn string(string: &'a CStr) -> Arg<'a> {
        Arg::number(string.as_ptr() as u64)
    }
    /// A structure that the call reads.
    pub(crate) fn input<T: Plain>(value: &'a T) -> Arg<'a> {
        Arg::number(std::ptr::from_ref(value) as u64)
    }
    /// A structure that the call writes (and perhaps reads).
    pub(crate) fn output<T: Plain>(value: &'a mut T) -> Arg<'a> {
        Arg::number(std::ptr::from_mut(value) as u64)
    }
    /// Structures that the call reads.
    pub(crate) fn inputs<T: Plain>(values: &'a [T]) -> Arg<'a> {
        Arg::number(values.as_ptr() as u64)
    }
    /// Structures that the call writes (and perhaps reads).
    pub(crate) fn outputs<T: Plain>(values: &'a mut [T]) -> Arg<'a> {
        Arg::number(values.as_mut_ptr() as u64)
    }
}

/// The last argument of pselect6: a pointer to a pointer to a set and its size.
pub(crate) struct MaskArgument<'a>([u64; 2], PhantomData<&'a ()>);

impl<'a> MaskArgument<'a> {
    /// A set (perhaps none) and its size.
    pub(crate) fn new(set: Arg<'a>, size: u64) -> MaskArgument<'a> {
        MaskArgument([set.0, size], PhantomData)
    }
    /// To be passed on.
    pub(crate) fn arg(&self) -> Arg<'_> {
        Arg::input(&self.0)
    }
}

/// A `struct sock_fprog`: a count of instructions and where they are.
pub(crate) struct FilterArgument<'a>([u64; 2], PhantomData<&'a [u8]>);

impl<'a> FilterArgument<'a> {
    /// A program, of 8 bytes each instruction.
    pub(crate) fn new(program: &'a [u8]) -> FilterArgument<'a> {
        FilterArgument([program.len() as u64 / 8, program.as_ptr() as u64], PhantomData)
    }
    /// To be passed on.
    pub(crate) fn arg(&self) -> Arg<'_> {
        Arg::input(&self.0)
    }
}

/// The host's `struct xattr_args`.
pub(crate) struct XattrArguments<'a>([u64; 2], PhantomData<&'a mut ()>);

impl<'a> XattrArguments<'a> {
    /// A value of `size` bytes and flags.
    pub(crate) fn new(value: Arg<'a>, size: u32, flags: u32) -> XattrArguments<'a> {
        XattrArguments([value.0, u64::from(flags) << 32 | u64::from(size)], PhantomData)
    }
    /// To be passed on.
    pub(crate) fn arg(&mut self) -> Arg<'_> {
        Arg::output(&mut self.0)
    }
}

/// An argument that says where a buffer is and what its size is (`struct ifconf`); the call changes the size.
pub(crate) struct SizedBuffer<'a>([u64; 2], PhantomData<&'a mut ()>);

impl<'a> SizedBuffer<'a> {
    /// A buffer of a size that it really has.
    pub(crate) fn new(size: u64, buffer: Arg<'a>) -> SizedBuffer<'a> {
        SizedBuffer([size, buffer.0], PhantomData)
    }
    /// To be passed on.
    pub(crate) fn arg(&mut self) -> Arg<'_> {
        Arg::output(&mut self.0)
    }
    /// The size as the call has left it.
    pub(crate) fn size(&self) -> u64 {
        self.0[0]
    }
}

/// A structure of words of 64 bits, of which some are addresses.
pub(crate) struct Words<'a, const N: usize>([u64; N], PhantomData<&'a mut ()>);

impl<'a, const N: usize> Words<'a, N> {
    /// From its words.
    pub(crate) fn new(words: [Arg<'a>; N]) -> Words<'a, N> {
        Words(words.map(|word| word.0), PhantomData)
    }
    /// To be passed on.
    pub(crate) fn arg(&mut self) -> Arg<'_> {
        Arg::outputs(&mut self.0)
    }
}

impl From<i32> for Arg<'_> {
    fn from(value: i32) -> Self {
        Arg::number(i64::from(value) as u64)
    }
}
impl From<i64> for Arg<'_> {
    fn from(value: i64) -> Self {
        Arg::number(value as u64)
    }
}
impl From<u32> for Arg<'_> {
    fn from(value: u32) -> Self {
        Arg::number(u64::from(value))
    }
}
impl From<u64> for Arg<'_> {
    fn from(value: u64) -> Self {
        Arg::number(value)
    }
}
impl From<usize> for Arg<'_> {
    fn from(value: usize) -> Self {
        Arg::number(value as u64)
    }
}

/// A structure of the host's system call interface.
///
/// # Safety
/// Any bytes are a valid value (pointers inside it are never followed by us).
pub(crate) unsafe trait Plain: Sized {
    /// A value of zeros.
    fn zeroed() -> Self {
        // SAFETY: any bytes are a valid value.
        unsafe { std::mem::zeroed() }
    }
}

macro_rules! plain {
    ($($ty:ty),* $(,)?) => { $(
        // SAFETY: integers, arrays and structures of them, and raw pointers.
        unsafe impl Plain for $ty {}
    )* };
}
plain!(
    u8,
    u16,
    i32,
    u32,
    i64,
    u64,
    [i32; 2],
    [u8; 16],
    libc::statx,
    KernelStatFs,
    libc::timespec,
    libc::timeval,
    libc::itimerval,
    libc::itimerspec,
    libc::rusage,
    libc::rlimit,
    libc::iovec,
    libc::pollfd,
    libc::fd_set,
    libc::epoll_event,
    libc::siginfo_t,
    libc::sysinfo,
    libc::utsname,
    libc::tms,
    libc::flock,
    libc::msghdr,
    libc::winsize,
    libc::shmid_ds,
    libc::msqid_ds,
    libc::semid_ds,
    libc::sembuf,
    Termios,
    Termios2,
    KernelAction,
    [u64; 2],
    [u64; 4],
    [u64; 8],
    [u64; 13],
    [u32; 6],
    [u32; 2],
    [u64; 16],
    super::ptrace::board::Board,
    super::ptrace::stop::Stop,
);

/// The kernel's `struct statfs` of the host.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct KernelStatFs {
    pub(crate) kind: u64,
    pub(crate) bsize: u64,
    pub(crate) blocks: u64,
    pub(crate) bfree: u64,
    pub(crate) bavail: u64,
    pub(crate) files: u64,
    pub(crate) ffree: u64,
    pub(crate) fsid: [u32; 2],
    pub(crate) namelen: u64,
    pub(crate) frsize: u64,
    pub(crate) flags: u64,
    spare: [u64; 4],
}

/// The kernel's `struct termios` of the host.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Termios {
    pub(crate) iflag: u32,
    pub(crate) oflag: u32,
    pub(crate) cflag: u32,
    pub(crate) lflag: u32,
    pub(crate) line: u8,
    pub(crate) cc: [u8; 19],
}

/// The kernel's `struct termios2` of the host.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Termios2 {
    pub(crate) base: Termios,
    pub(crate) ispeed: u32,
    pub(crate) ospeed: u32,
}

/// The kernel's `struct sigaction` of the host.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct KernelAction {
    pub(crate) handler: u64,
    pub(crate) flags: u64,
    pub(crate) restorer: u64,
    pub(crate) mask: u64,
}

thread_local! {
    /// Not 0 while a signal waits to be delivered to this thread's guest. Constant-initialised and without
    /// destructor, so that the signal handler may touch it.
    pub(crate) static SIGNAL_PENDING: AtomicU32 = const { AtomicU32::new(0) };
}

/// Whether a signal waits to be delivered.
pub(crate) fn signal_pending() -> bool {
    SIGNAL_PENDING.with(|word| word.load(Ordering::SeqCst) != 0)
}

global_asm!(
    ".pushsection .text.demotic_syscall,\"ax\",@progbits",
    ".globl demotic_syscall",
    ".type demotic_syscall,@function",
    // rdi: number, rsi: six arguments, rdx: the pending word.
    "demotic_syscall:",
    "mov rax, rdi",
    "mov rcx, rdx",
    "mov r11, rsi",
    "mov rdi, [r11]",
    "mov rsi, [r11 + 8]",
    "mov rdx, [r11 + 16]",
    "mov r10, [r11 + 24]",
    "mov r8, [r11 + 32]",
    "mov r9, [r11 + 40]",
    ".globl demotic_syscall_check",
    "demotic_syscall_check:",
    "cmp dword ptr [rcx], 0",
    "jne demotic_syscall_interrupted",
    "syscall",
    ".globl demotic_syscall_done",
    "demotic_syscall_done:",
    "ret",
    ".globl demotic_syscall_interrupted",
    "demotic_syscall_interrupted:",
    "mov rax, -513",
    "ret",
    ".globl demotic_syscall_wound_back",
    "demotic_syscall_wound_back:",
    "mov rax, -512",
    "ret",
    ".size demotic_syscall, . - demotic_syscall",
    ".popsection",
);

unsafe extern "C" {
    fn demotic_syscall(number: i64, args: *const u64, pending: *const AtomicU32) -> i64;
    static demotic_syscall_check: u8;
    static demotic_syscall_done: u8;
    static demotic_syscall_interrupted: u8;
    static demotic_syscall_wound_back: u8;
}

/// The addresses of the piece of assembly that does interruptible system calls.
pub(crate) struct Stub;

impl Stub {
    /// Where a thread interrupted at `rip` has to go on: a call that has not begun, or that the kernel wound back to do it
    /// again, ends at once; everything else goes on.
    pub(crate) fn resume_at(rip: u64, rcx: u64) -> u64 {
        let check = &raw const demotic_syscall_check as u64;
        let done = &raw const demotic_syscall_done as u64;
        if !(check..done).contains(&rip) {
            rip
        } else if rcx == done {
            // A system call instruction leaves its return address in rcx: it has been executed.
            &raw const demotic_syscall_wound_back as u64
        } else {
            &raw const demotic_syscall_interrupted as u64
        }
    }
}

fn result(value: i64) -> Result<u64, Errno> {
    if (-4095..0).contains(&value) { Err(Errno(-value as i32)) } else { Ok(value as u64) }
}

fn words(args: &[Arg<'_>]) -> [u64; 6] {
    let mut words = [0; 6];
    for (word, arg) in words.iter_mut().zip(args) {
        *word = arg.0;
    }
    words
}

/// Does a host system call on the guest's behalf; a pending signal interrupts it with [`Errno::RESTART`] or
/// [`Errno::NOT_BEGUN`].
///
/// For calls that touch no memory of the process but through their arguments; mapping goes through
/// [`UserMemory`](crate::memory::UserMemory).
pub(crate) fn call(number: i64, args: &[Arg<'_>]) -> Result<u64, Errno> {
    let words = words(args);
    let pending = SIGNAL_PENDING.with(std::ptr::from_ref);
    // SAFETY: pointers among the arguments are valid for the call, or name guest memory, by construction of `Arg`.
    result(unsafe { demotic_syscall(number, words.as_ptr(), pending) })
}

/// Does a host system call whether a signal is pending or not.
pub(crate) fn call_now(number: i64, args: &[Arg<'_>]) -> Result<u64, Errno> {
    static NOT_PENDING: AtomicU32 = AtomicU32::new(0);
    let words = words(args);
    // SAFETY: as in `call`.
    result(unsafe { demotic_syscall(number, words.as_ptr(), &NOT_PENDING) })
}

/// The parts of a host `struct msghdr`.
pub(crate) struct Message<'a> {
    /// The address; empty for none. Shortened to what was received.
    pub(crate) name: &'a mut Vec<u8>,
    /// The parts, in guest memory.
    pub(crate) parts: &'a mut [libc::iovec],
    /// Control messages. Shortened to what was received.
    pub(crate) control: &'a mut Vec<u8>,
}

impl Message<'_> {
    fn header(&mut self) -> libc::msghdr {
        let pointer = |bytes: &mut Vec<u8>| match bytes.len() {
            0 => std::ptr::null_mut(),
            _ => bytes.as_mut_ptr(),
        };
        let mut header = libc::msghdr::zeroed();
        header.msg_name = pointer(self.name).cast();
        header.msg_namelen = self.name.len() as u32;
        header.msg_iov = self.parts.as_mut_ptr();
        header.msg_iovlen = self.parts.len();
        header.msg_control = pointer(self.control).cast();
        header.msg_controllen = self.control.len();
        header
    }

    /// Sends.
    pub(crate) fn send(mut self, fd: i32, flags: u32) -> Result<u64, Errno> {
        let header = self.header();
        call(libc::SYS_sendmsg, &[fd.into(), Arg::input(&header), flags.into()])
    }

    /// Receives; gives the number of bytes and the flags of what was received.
    pub(crate) fn receive(mut self, fd: i32, flags: u32) -> Result<(u64, u32), Errno> {
        let mut header = self.header();
        let got = call(libc::SYS_recvmsg, &[fd.into(), Arg::output(&mut header), flags.into()])?;
        self.name.truncate(header.msg_namelen as usize);
        self.control.truncate(header.msg_controllen);
        Ok((got, header.msg_flags as u32))
    }
}

/// A host stack for a child that shares our memory.
struct ChildStack(*mut libc::c_void);

impl ChildStack {
    const SIZE: usize = 1 << 20;
    const GUARD: usize = 4096;

    fn new() -> Result<ChildStack, Errno> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
        let prot = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a fresh mapping at a place of the kernel's choice, whose lowest page is made a guard.
        unsafe {
            let base = libc::mmap(std::ptr::null_mut(), ChildStack::SIZE, prot, flags, -1, 0);
            if base == libc::MAP_FAILED {
                return Err(last_errno());
            }
            libc::mprotect(base, ChildStack::GUARD, libc::PROT_NONE);
            Ok(ChildStack(base))
        }
    }

    fn top(&self) -> *mut libc::c_void {
        self.0.wrapping_byte_add(ChildStack::SIZE)
    }
}

impl Drop for ChildStack {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and whoever used it as a stack is gone.
        unsafe { libc::munmap(self.0, ChildStack::SIZE) };
    }
}

/// Makes a child that shares our memory and runs `main` on `state`; returns when the child has executed a program or has
/// ended. `main` must not return. `flags` may have more of `clone`'s and has the signal at the child's end; with
/// `CLONE_PIDFD`, gives a descriptor of the child, too.
pub(crate) fn vfork<T>(main: fn(&mut T) -> !, state: &mut T, flags: i32) -> Result<(i32, i32), Errno> {
    struct Start<'a, T> {
        main: fn(&mut T) -> !,
        state: &'a mut T,
    }
    extern "C" fn begin<T>(start: *mut libc::c_void) -> i32 {
        // SAFETY: `start` points to the parent's value, and the parent waits.
        let start = unsafe { &mut *start.cast::<Start<'_, T>>() };
        (start.main)(start.state)
    }
    let stack = ChildStack::new()?;
    let (mut start, mut pidfd) = (Start { main, state }, -1i32);
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | flags;
    // SAFETY: to this process it is as if `begin` were called and its frames then forgotten: it never returns, and what
    // it left of `state` is valid, since it is only left in system calls.
    let pid = unsafe { libc::clone(begin::<T>, stack.top(), flags, (&raw mut start).cast(), &raw mut pidfd) };
    if pid < 0 { Err(last_errno()) } else { Ok((pid, pidfd)) }
}

/// Ends the process at once.
pub(crate) fn exit(status: i32) -> ! {
    // SAFETY: ends the process without running anything of ours.
    unsafe { libc::_exit(status) }
}

/// The error of the libc call that failed last.
pub(crate) fn last_errno() -> Errno {
    Errno(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EINVAL))
}

/// Replaces the process by the program that `dir`, `path` and `flags` name as for `execveat`; returns only if that fails.
/// The strings must not contain zero bytes.
pub(crate) fn execveat(
    dir: i32,
    path: &CStr,
    argv: &[std::ffi::CString],
    envp: &[std::ffi::CString],
    flags: i32,
) -> Errno {
    let pointers = |strings: &[std::ffi::CString]| -> Vec<*const libc::c_char> {
        strings.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect()
    };
    let (argv, envp) = (pointers(argv), pointers(envp));
    // SAFETY: zero-terminated arrays of pointers to strings that outlive the call.
    unsafe { libc::syscall(libc::SYS_execveat, dir, path.as_ptr(), argv.as_ptr(), envp.as_ptr(), flags) };
    last_errno()
}

/// The same for a path.
pub(crate) fn execve(path: &CStr, argv: &[std::ffi::CString], envp: &[std::ffi::CString]) -> Errno {
    execveat(libc::AT_FDCWD, path, argv, envp, 0)
}

/// Does a host system call that makes a descriptor.
pub(crate) fn new_file(number: i64, args: &[Arg<'_>]) -> Result<File, Errno> {
    let fd = call_now(number, args)?;
    // SAFETY: the descriptor is new, and nobody else knows it.
    Ok(unsafe { File::from_raw_fd(fd as i32) })
}

/// Takes over an inherited descriptor as a file that programs do not inherit.
pub(crate) fn take_file(fd: i32) -> Result<File, Errno> {
    let taken = new_file(libc::SYS_fcntl, &[fd.into(), libc::F_DUPFD_CLOEXEC.into(), 0.into()])?;
    call_now(libc::SYS_close, &[fd.into()])?;
    Ok(taken)
}

/// An entry of our own auxiliary vector.
pub(crate) fn auxiliary_entry(tag: u64) -> Option<u64> {
    // SAFETY: an entry that is missing gives 0 and this error, which is the thread's own.
    unsafe {
        *libc::__errno_location() = 0;
        let value = libc::getauxval(tag);
        (value != 0 || *libc::__errno_location() != libc::ENOENT).then_some(value)
    }
}

/// The time of a clock, by way of the host's vDSO where that knows the clock.
pub(crate) fn clock_time(clock: i32) -> Result<libc::timespec, Errno> {
    let mut time = libc::timespec::zeroed();
    // SAFETY: writes one structure.
    match unsafe { libc::clock_gettime(clock, &raw mut time) } {
        0 => Ok(time),
        _ => Err(last_errno()),
    }
}

/// User and group, real and effective.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credentials {
    pub(crate) uid: u32,
    pub(crate) euid: u32,
    pub(crate) gid: u32,
    pub(crate) egid: u32,
}

/// The type of a file (`S_IFMT` of its mode), named as for `statx`; descriptors that are no files of any type have 0.
pub(crate) fn file_type(dir: i32, path: &CStr, flags: i32) -> Result<u32, Errno> {
    let found = statx(dir, path, flags, libc::STATX_TYPE)?;
    Ok(u32::from(found.stx_mode) & libc::S_IFMT)
}

fn statx(dir: i32, path: &CStr, flags: i32, mask: u32) -> Result<libc::statx, Errno> {
    let mut found = libc::statx::zeroed();
    let args = [dir.into(), Arg::string(path), flags.into(), mask.into(), Arg::output(&mut found)];
    call_now(libc::SYS_statx, &args)?;
    Ok(found)
}

/// The type of an open file, as [`file_type`] gives it.
pub(crate) fn open_file_type(fd: i32) -> Result<u32, Errno> {
    file_type(fd, c"", libc::AT_EMPTY_PATH)
}

/// The numbers of an open character device.
pub(crate) fn open_device(fd: i32) -> Option<(u32, u32)> {
    let found = statx(fd, c"", libc::AT_EMPTY_PATH, libc::STATX_TYPE).ok()?;
    let is_device = u32::from(found.stx_mode) & libc::S_IFMT == libc::S_IFCHR;
    is_device.then_some((found.stx_rdev_major, found.stx_rdev_minor))
}

/// The numbers of an open file's device and inode.
pub(crate) fn open_file_numbers(fd: i32) -> Result<(u64, u64), Errno> {
    let found = statx(fd, c"", libc::AT_EMPTY_PATH, libc::STATX_INO)?;
    Ok((libc::makedev(found.stx_dev_major, found.stx_dev_minor), found.stx_ino))
}

/// Puts a value at a host address where nothing is yet, in pages of its own that nobody writes to afterwards.
pub(crate) fn publish<T: Plain>(address: u64, value: &T) -> Result<(), Errno> {
    let len = size_of::<T>();
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
    let prot = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a fresh mapping that replaces no other one, as aligned as pages are and as long as the value at least.
    unsafe {
        let at = libc::mmap(address as *mut libc::c_void, len, prot, flags, -1, 0);
        if at == libc::MAP_FAILED {
            return Err(last_errno());
        }
        std::ptr::copy_nonoverlapping(std::ptr::from_ref(value), at.cast(), 1);
        libc::mprotect(at, len, libc::PROT_READ);
    }
    Ok(())
}

/// The calling thread's number.
pub(crate) fn thread_id() -> u32 {
    // SAFETY: cannot fail and touches no memory.
    unsafe { libc::gettid() as u32 }
}

/// Who we are.
pub(crate) fn credentials() -> Credentials {
    // SAFETY: these calls cannot fail and touch no memory.
    unsafe {
        Credentials { uid: libc::getuid(), euid: libc::geteuid(), gid: libc::getgid(), egid: libc::getegid() }
    }
}

/// The soft limit on the stack's size in bytes; `None` when there is no limit.
pub(crate) fn stack_limit() -> Option<u64> {
    let mut limit = libc::rlimit::zeroed();
    call_now(libc::SYS_getrlimit, &[libc::RLIMIT_STACK.into(), Arg::output(&mut limit)]).ok()?;
    (limit.rlim_cur != libc::RLIM_INFINITY).then_some(limit.rlim_cur)
}

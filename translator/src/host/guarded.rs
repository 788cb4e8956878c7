//! Memory accesses that survive faults.
//!
//! Every access here is one host instruction, recorded in the table section `demotic_extable` as a pair of offsets: where
//! the instruction is and where to go on when it faults. The process's handler of SIGSEGV and SIGBUS (see
//! [`signal`](super::signal)) looks the interrupted instruction up with [`fixup`]; the access then returns a
//! [`HostFault`] instead of a value. An access that does not fault costs one instruction and one test.
//!
//! The functions do not check where they are pointed at: that is the caller's part of the bargain, and why they are
//! `unsafe`. Addresses may be unaligned.

use std::arch::asm;
use std::cell::Cell;

/// A host memory access that faulted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HostFault {
    /// Host address that could not be accessed: the first bad byte of the access.
    pub addr: u64,
    /// Whether it was a write.
    pub write: bool,
    /// SIGSEGV or SIGBUS.
    pub signal: i32,
    /// The signal's `si_code`.
    pub code: i32,
}

impl HostFault {
    const NONE: HostFault = HostFault { addr: 0, write: false, signal: 0, code: 0 };
}

thread_local! {
    /// The fault that [`fixup`] last resolved on this thread. It has no destructor and a constant initial value, so
    /// that touching it in a signal handler is a plain memory access.
    static LAST_FAULT: Cell<HostFault> = const { Cell::new(HostFault::NONE) };
}

#[cold]
fn last_fault() -> HostFault {
    LAST_FAULT.get()
}

/// One entry of the table: two offsets, each relative to its own place.
#[repr(C)]
struct Entry {
    access: i32,
    fixup: i32,
}

impl Entry {
    /// The address that the offset in `field` names.
    fn resolve(field: &i32) -> u64 {
        (std::ptr::from_ref(field) as u64).wrapping_add_signed(i64::from(*field))
    }
}

unsafe extern "C" {
    #[link_name = "__start_demotic_extable"]
    static TABLE_START: Entry;
    #[link_name = "__stop_demotic_extable"]
    static TABLE_END: Entry;
}

fn table() -> &'static [Entry] {
    let (start, end) = (&raw const TABLE_START, &raw const TABLE_END);
    // SAFETY: the assembly adds an entry that matches no instruction (its offset names itself), so that the section
    // exists, and the linker its bounds, in programs without any access. The linker defines both symbols around the
    // section, which holds nothing but entries and is never written.
    unsafe {
        asm!(
            ".pushsection demotic_extable,\"aR\",@progbits",
            ".balign 4",
            ".long 0",
            ".long 0",
            ".popsection",
            options(nomem, nostack, preserves_flags),
        );
        std::slice::from_raw_parts(start, end.offset_from_unsigned(start))
    }
}

/// Where to go on when the instruction at `rip` has faulted, if it is an access of this module. The access will return
/// `fault`. Safe to call in a signal handler.
pub fn fixup(rip: u64, fault: HostFault) -> Option<u64> {
    let entry = table().iter().find(|e| Entry::resolve(&e.access) == rip)?;
    LAST_FAULT.set(fault);
    Some(Entry::resolve(&entry.fixup))
}

/// The table section is marked `R` (retain): linkers do not see that its bounds are used.
/// The instruction at `2:` may fault, and then goes on at `4:`, which sets the flag operand `f` and rejoins at `3:`.
macro_rules! recover {
    () => {
        concat!(
            "3:\n",
            ".pushsection .text.demotic_fixup,\"ax\",@progbits\n",
            "4: mov {f:e}, 1\n",
            "jmp 3b\n",
            ".popsection\n",
            ".pushsection demotic_extable,\"aR\",@progbits\n",
            ".balign 4\n",
            ".long 2b - .\n",
            ".long 4b - .\n",
            ".popsection\n",
        )
    };
}

macro_rules! load {
    ($(#[$doc:meta])* $name:ident, $instruction:literal, $raw:ty => $result:ty) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// The fault, if the memory cannot be read.
        ///
        /// # Safety
        /// The bytes at `addr` must be memory that may be read as integers (or not be mapped at all).
        #[inline(always)]
        pub unsafe fn $name(addr: u64) -> Result<$result, HostFault> {
            let value: $raw;
            let mut failed = 0u32;
            // SAFETY: the caller vouches for the memory; a fault is resolved through the table.
            unsafe {
                asm!(
                    $instruction,
                    recover!(),
                    v = out(reg) value,
                    p = in(reg) addr,
                    f = inout(reg) failed,
                    options(nostack, preserves_flags),
                );
            }
            if failed != 0 { Err(last_fault()) } else { Ok(value as $result) }
        }
    };
}

load! {
    /// Loads a byte.
    load_u8, "2: movzx {v:e}, byte ptr [{p}]", u32 => u8
}
load! {
    /// Loads 2 bytes in host order.
    load_u16, "2: movzx {v:e}, word ptr [{p}]", u32 => u16
}
load! {
    /// Loads 4 bytes in host order.
    load_u32, "2: mov {v:e}, dword ptr [{p}]", u32 => u32
}
load! {
    /// Loads 8 bytes in host order.
    load_u64, "2: mov {v:r}, qword ptr [{p}]", u64 => u64
}

macro_rules! store {
    ($(#[$doc:meta])* $name:ident, $instruction:literal, $class:ident, $ty:ty) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// The fault, if the memory cannot be written; nothing has been written then.
        ///
        /// # Safety
        /// The bytes at `addr` must be memory that Rust code does not otherwise use (or not be mapped at all).
        #[inline(always)]
        pub unsafe fn $name(addr: u64, value: $ty) -> Result<(), HostFault> {
            let mut failed = 0u32;
            // SAFETY: the caller vouches for the memory; a fault is resolved through the table.
            unsafe {
                asm!(
                    $instruction,
                    recover!(),
                    v = in($class) value,
                    p = in(reg) addr,
                    f = inout(reg) failed,
                    options(nostack, preserves_flags),
                );
            }
            if failed != 0 { Err(last_fault()) } else { Ok(()) }
        }
    };
}

store! {
    /// Stores a byte.
    store_u8, "2: mov byte ptr [{p}], {v}", reg_byte, u8
}
store! {
    /// Stores 2 bytes in host order.
    store_u16, "2: mov word ptr [{p}], {v:x}", reg, u16
}
store! {
    /// Stores 4 bytes in host order.
    store_u32, "2: mov dword ptr [{p}], {v:e}", reg, u32
}
store! {
    /// Stores 8 bytes in host order.
    store_u64, "2: mov qword ptr [{p}], {v:r}", reg, u64
}

macro_rules! compare_exchange {
    ($(#[$doc:meta])* $name:ident, $instruction:literal, $class:ident, $accumulator:tt, $ty:ty) => {
        $(#[$doc])*
        /// Gives what was there: the exchange happened iff that equals `old`. A full barrier.
        ///
        /// # Errors
        /// The fault, if the memory cannot be read and written.
        ///
        /// # Safety
        /// As for storing.
        #[inline(always)]
        pub unsafe fn $name(addr: u64, old: $ty, new: $ty) -> Result<$ty, HostFault> {
            let mut seen = old;
            let mut failed = 0u32;
            // SAFETY: the caller vouches for the memory; a fault is resolved through the table.
            unsafe {
                asm!(
                    $instruction,
                    recover!(),
                    v = in($class) new,
                    p = in(reg) addr,
                    f = inout(reg) failed,
                    inout($accumulator) seen,
                    options(nostack),
                );
            }
            if failed != 0 { Err(last_fault()) } else { Ok(seen) }
        }
    };
}

compare_exchange! {
    /// Atomically replaces a byte that equals `old` by `new`.
    compare_exchange_u8, "2: lock cmpxchg byte ptr [{p}], {v}", reg_byte, "al", u8
}
compare_exchange! {
    /// Atomically replaces 2 bytes that equal `old` by `new`.
    compare_exchange_u16, "2: lock cmpxchg word ptr [{p}], {v:x}", reg, "ax", u16
}
compare_exchange! {
    /// Atomically replaces 4 bytes that equal `old` by `new`.
    compare_exchange_u32, "2: lock cmpxchg dword ptr [{p}], {v:e}", reg, "eax", u32
}
compare_exchange! {
    /// Atomically replaces 8 bytes that equal `old` by `new`.
    compare_exchange_u64, "2: lock cmpxchg qword ptr [{p}], {v:r}", reg, "rax", u64
}

/// Copies `len` bytes forward; on a fault says how many were copied.
///
/// # Safety
/// As for loading from `from` and storing to `to`; the ranges must not overlap.
#[inline]
unsafe fn copy(to: u64, from: u64, len: usize) -> Result<(), (usize, HostFault)> {
    let mut left = len;
    let mut failed = 0u32;
    // SAFETY: the caller vouches for the memory; a fault leaves the count of what was not copied in rcx.
    unsafe {
        asm!(
            "2: rep movsb",
            recover!(),
            f = inout(reg) failed,
            inout("rcx") left,
            inout("rdi") to => _,
            inout("rsi") from => _,
            options(nostack, preserves_flags),
        );
    }
    if failed != 0 { Err((len - left, last_fault())) } else { Ok(()) }
}

/// Copies from `addr` into `buf`.
///
/// # Errors
/// The fault, if not all of it can be read; `buf` then holds what precedes the fault.
///
/// # Safety
/// As for loading.
pub unsafe fn copy_in(buf: &mut [u8], addr: u64) -> Result<(), HostFault> {
    // SAFETY: `buf` is ours to write, the caller vouches for `addr`.
    unsafe { copy(buf.as_mut_ptr() as u64, addr, buf.len()) }.map_err(|(_, fault)| fault)
}

/// Copies `bytes` to `addr`.
///
/// # Errors
/// The fault, if not all of it can be written; what precedes the fault has been written.
///
/// # Safety
/// As for storing.
pub unsafe fn copy_out(addr: u64, bytes: &[u8]) -> Result<(), HostFault> {
    // SAFETY: `bytes` may be read, the caller vouches for `addr`.
    unsafe { copy(addr, bytes.as_ptr() as u64, bytes.len()) }.map_err(|(_, fault)| fault)
}

/// Reads the bytes at `addr` up to a zero byte (which is not part of the result), but not more than `max`. `None`
/// when there is no zero byte among the first `max` bytes.
///
/// # Errors
/// The fault, if a byte before the zero byte cannot be read.
///
/// # Safety
/// As for loading.
pub unsafe fn cstring(addr: u64, max: usize) -> Result<Option<Vec<u8>>, HostFault> {
    const PAGE: u64 = 4096;
    let mut bytes = Vec::new();
    while bytes.len() < max {
        let at = addr + bytes.len() as u64;
        let chunk = ((PAGE - at % PAGE) as usize).min(max - bytes.len());
        let start = bytes.len();
        bytes.resize(start + chunk, 0);
        // SAFETY: the caller vouches for the memory. A chunk stays inside one page.
        unsafe { copy_in(&mut bytes[start..], at) }?;
        if let Some(end) = bytes[start..].iter().position(|&b| b == 0) {
            bytes.truncate(start + end);
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::signal::install_fault_handler;

    /// A page that may be read and written, followed by one that may not be touched.
    fn two_pages() -> u64 {
        install_fault_handler();
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a fresh mapping at a place of the kernel's choice, then the protection of its second page.
        unsafe {
            let base =
                libc::mmap(std::ptr::null_mut(), 8192, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0);
            assert_ne!(base, libc::MAP_FAILED);
            assert_eq!(libc::mprotect(base.byte_add(4096), 4096, libc::PROT_NONE), 0);
            base as u64
        }
    }

    #[test]
    fn accesses_work_and_faults_are_values() {
        let base = two_pages();
        let bad = base + 4096;
        // SAFETY: the two pages belong to this test.
        unsafe {
            store_u64(base, 0x1122_3344_5566_7788).unwrap();
            store_u8(base + 1, 0xaa).unwrap();
            store_u16(base + 2, 0xbbcc).unwrap();
            assert_eq!(load_u64(base), Ok(0x1122_3344_bbcc_aa88));
            assert_eq!(load_u32(base + 1), Ok(0x44bb_ccaa));
            assert_eq!(load_u16(base), Ok(0xaa88));
            assert_eq!(load_u8(base + 7), Ok(0x11));
            store_u32(base, 5).unwrap();
            assert_eq!(compare_exchange_u32(base, 5, 6), Ok(5));
            assert_eq!(compare_exchange_u32(base, 5, 7), Ok(6));
            assert_eq!(compare_exchange_u8(base, 6, 9), Ok(6));
            assert_eq!(compare_exchange_u16(base, 9, 10), Ok(9));
            assert_eq!(compare_exchange_u64(base, 0x1122_3344_0000_000a, 1), Ok(0x1122_3344_0000_000a));

            let fault = load_u32(bad - 2).unwrap_err();
            assert_eq!((fault.addr, fault.write, fault.signal), (bad, false, libc::SIGSEGV));
            let fault = store_u8(bad, 1).unwrap_err();
            assert_eq!((fault.addr, fault.write, fault.signal), (bad, true, libc::SIGSEGV));
            assert!(compare_exchange_u32(bad, 0, 1).is_err());
            assert!(load_u8(bad).is_err() && load_u16(bad).is_err() && load_u64(bad).is_err());
            assert!(store_u16(bad, 1).is_err() && store_u32(bad, 1).is_err() && store_u64(bad, 1).is_err());
        }
    }

    #[test]
    fn bulk_copies_stop_at_a_fault() {
        let base = two_pages();
        let bad = base + 4096;
        let mut buf = [0; 8];
        // SAFETY: the two pages belong to this test.
        unsafe {
            copy_out(bad - 4, b"abc\0").unwrap();
            assert_eq!(cstring(bad - 4, 100), Ok(Some(b"abc".to_vec())));
            assert_eq!(cstring(bad - 4, 2), Ok(None));
            copy_out(bad - 4, b"abcd").unwrap();
            assert_eq!(cstring(bad - 4, 100).unwrap_err().addr, bad);
            assert_eq!(copy_in(&mut buf, bad - 4).unwrap_err().addr, bad);
            assert_eq!(&buf, b"abcd\0\0\0\0");
            assert!(copy_out(bad - 1, b"xy").unwrap_err().write);
        }
    }
}

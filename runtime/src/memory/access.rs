//! Typed access to guest memory for whoever plays the guest's kernel: values in the guest's byte order, byte strings,
//! C strings.

use demotic_ir::{Access, Fault, FaultKind, MemSize};

use super::UserMemory;
use super::window::SIZE;

impl UserMemory {
    /// Whether data is big-endian.
    pub fn is_big(&self) -> bool {
        self.shared.big
    }

    /// Reads a byte.
    ///
    /// # Errors
    /// The access's fault.
    pub fn read_u8(&self, addr: u32) -> Result<u8, Fault> {
        Ok(self.read(addr, MemSize::B1)? as u8)
    }

    /// Reads 2 bytes in the guest's order.
    ///
    /// # Errors
    /// The access's fault.
    pub fn read_u16(&self, addr: u32) -> Result<u16, Fault> {
        let value = self.read(addr, MemSize::B2)? as u16;
        Ok(if self.is_big() { value.swap_bytes() } else { value })
    }

    /// Reads 4 bytes in the guest's order.
    ///
    /// # Errors
    /// The access's fault.
    pub fn read_u32(&self, addr: u32) -> Result<u32, Fault> {
        let value = self.read(addr, MemSize::B4)? as u32;
        Ok(if self.is_big() { value.swap_bytes() } else { value })
    }

    /// Reads 8 bytes in the guest's order.
    ///
    /// # Errors
    /// The access's fault.
    pub fn read_u64(&self, addr: u32) -> Result<u64, Fault> {
        let value = self.read(addr, MemSize::B8)?;
        Ok(if self.is_big() { value.swap_bytes() } else { value })
    }

    /// Writes a byte.
    ///
    /// # Errors
    /// The access's fault.
    pub fn write_u8(&self, addr: u32, value: u8) -> Result<(), Fault> {
        self.write(addr, MemSize::B1, u64::from(value))
    }

    /// Writes 2 bytes in the guest's order.
    ///
    /// # Errors
    /// The access's fault.
    pub fn write_u16(&self, addr: u32, value: u16) -> Result<(), Fault> {
        let value = if self.is_big() { value.swap_bytes() } else { value };
        self.write(addr, MemSize::B2, u64::from(value))
    }

    /// Writes 4 bytes in the guest's order.
    ///
    /// # Errors
    /// The access's fault.
    pub fn write_u32(&self, addr: u32, value: u32) -> Result<(), Fault> {
        let value = if self.is_big() { value.swap_bytes() } else { value };
        self.write(addr, MemSize::B4, u64::from(value))
    }

    /// Writes 8 bytes in the guest's order.
    ///
    /// # Errors
    /// The access's fault.
    pub fn write_u64(&self, addr: u32, value: u64) -> Result<(), Fault> {
        let value = if self.is_big() { value.swap_bytes() } else { value };
        self.write(addr, MemSize::B8, value)
    }

    /// Atomically replaces 4 bytes at an aligned address; gives what was there.
    ///
    /// # Errors
    /// The access's fault.
    pub fn exchange_u32(&self, addr: u32, value: u32) -> Result<u32, Fault> {
        self.update_u32(addr, |_| value)
    }

    /// Atomically changes 4 bytes at an aligned address; gives what was there.
    ///
    /// # Errors
    /// The access's fault.
    pub fn update_u32(&self, addr: u32, change: impl Fn(u32) -> u32) -> Result<u32, Fault> {
        let order = |word: u32| u64::from(if self.is_big() { word.swap_bytes() } else { word });
        loop {
            let old = self.read_u32(addr)?;
            let (new, window) = (order(change(old)), &self.shared.window);
            let seen =
                self.growing(Access::Store, || window.compare_exchange(addr, MemSize::B4, order(old), new))?;
            if seen == order(old) {
                return Ok(old);
            }
        }
    }

    /// Reads `buf.len()` bytes.
    ///
    /// # Errors
    /// The access's fault; `buf` holds what precedes it.
    pub fn read_bytes(&self, addr: u32, buf: &mut [u8]) -> Result<(), Fault> {
        self.check_range(addr, buf.len(), Access::Load)?;
        self.growing(Access::Load, || self.shared.window.copy_in(buf, addr))
    }

    /// Writes `bytes`.
    ///
    /// # Errors
    /// The access's fault; what precedes it has been written.
    pub fn write_bytes(&self, addr: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.check_range(addr, bytes.len(), Access::Store)?;
        self.growing(Access::Store, || self.shared.window.copy_out(addr, bytes))
    }

    /// Reads a zero-terminated string; `None` when it is not shorter than `max` bytes.
    ///
    /// # Errors
    /// The access's fault.
    pub fn read_cstring(&self, addr: u32, max: usize) -> Result<Option<Vec<u8>>, Fault> {
        self.growing(Access::Load, || self.shared.window.cstring(addr, max))
    }

    fn read(&self, addr: u32, size: MemSize) -> Result<u64, Fault> {
        self.growing(Access::Load, || self.shared.window.load(addr, size))
    }

    fn write(&self, addr: u32, size: MemSize, value: u64) -> Result<(), Fault> {
        self.growing(Access::Store, || self.shared.window.store(addr, size, value))
    }

    fn check_range(&self, addr: u32, len: usize, access: Access) -> Result<(), Fault> {
        if len as u64 <= SIZE - u64::from(addr) {
            return Ok(());
        }
        Err(Fault { addr: u64::from(addr), access, kind: FaultKind::Unmapped })
    }
}

//! A memory of one piece, and a run loop for programs that make one system call.

use demotic_ir::interp::{Guest, Outcome, WayKind, compile};
use demotic_ir::passes::{PassOptions, run};
use demotic_ir::{
    Access, CodeSource, CpuState, Fault, FaultKind, GuestArch, HostView, LiftOptions, Loc, MemSize, Memory,
    Trap, exchange_alone,
};
use demotic_mips::state::{PC, R};
use demotic_mips::{MipsConfig, MipsGuest, delay_slot};

/// Memory from one address on.
pub(crate) struct Flat {
    start: u64,
    bytes: Vec<u8>,
}

impl Flat {
    /// A memory of these bytes.
    pub(crate) fn new(start: u32, bytes: &[u8]) -> Flat {
        Flat { start: u64::from(start), bytes: bytes.to_vec() }
    }

    /// Runs the program from `entry` to its first system call, `write`; gives what it would write.
    pub(crate) fn run(mut self, config: MipsConfig, entry: u64) -> Vec<u8> {
        let guest = MipsGuest::new(config);
        let mut cpu = CpuState::new();
        cpu.set(PC, entry);
        loop {
            let loc = Loc { pc: cpu.get(PC), mode: guest.mode(&cpu) };
            let mut block = guest.lift(loc, &self, LiftOptions::default());
            run(&mut block, guest.layout(), &PassOptions::default());
            let code = compile(&block, &Guest::of(&guest)).expect("the block can be compiled");
            match code.run(&mut cpu, &mut self) {
                Outcome::Fault { fault, .. } => panic!("{fault:x?}"),
                Outcome::Left { way, pc } => match code.ways()[way].kind {
                    WayKind::Trap { trap: Trap::Syscall { .. }, .. } => break,
                    WayKind::Trap { trap: Trap::InterruptCheck, pc, next } => {
                        cpu.set(PC, next);
                        delay_slot::finish(&mut cpu, pc);
                    }
                    WayKind::Trap { trap, pc, .. } => panic!("{trap:x?} at {pc:#x}"),
                    _ => cpu.set(PC, pc),
                },
            }
        }
        let (addr, len) = (cpu.get(R.nth(5)), cpu.get(R.nth(6)));
        self.slice(addr, len as usize, Access::Load).expect("the program writes what it has").to_vec()
    }

    fn slice(&mut self, addr: u64, len: usize, access: Access) -> Result<&mut [u8], Fault> {
        let at = addr.wrapping_sub(self.start) as usize;
        let bytes = at.checked_add(len).and_then(|end| self.bytes.get_mut(at..end));
        bytes.ok_or(Fault { addr, access, kind: FaultKind::Unmapped })
    }
}

impl CodeSource for Flat {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        let at = addr.wrapping_sub(self.start) as usize;
        let bytes = at.checked_add(buf.len()).and_then(|end| self.bytes.get(at..end));
        bytes.map(|bytes| buf.copy_from_slice(bytes)).is_some()
    }

    fn read_only(&self, _addr: u64, _len: u32) -> Option<u64> {
        None
    }
}

impl Memory for Flat {
    fn load(&mut self, addr: u64, size: MemSize) -> Result<u64, Fault> {
        let bytes = self.slice(addr, size.bytes() as usize, Access::Load)?;
        Ok(bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }

    fn store(&mut self, addr: u64, size: MemSize, value: u64) -> Result<(), Fault> {
        let bytes = self.slice(addr, size.bytes() as usize, Access::Store)?;
        bytes.copy_from_slice(&value.to_le_bytes()[..bytes.len()]);
        Ok(())
    }

    fn compare_exchange(&mut self, addr: u64, size: MemSize, old: u64, new: u64) -> Result<u64, Fault> {
        exchange_alone(self, addr, size, old, new)
    }

    fn host_view(&self) -> HostView {
        HostView::None
    }
}

//! Sequences on the interpreter, with passes.

use demotic_ir::interp::{Guest, Outcome, WayKind, compile};
use demotic_ir::passes::{PassOptions, run as run_passes};
use demotic_ir::{
    Access, CodeSource, CpuState, Fault, FaultKind, GuestArch, HostView, LiftOptions, Loc, MemSize, Memory,
    exchange_alone,
};
use demotic_mips::MipsGuest;
use demotic_mips::state::PC;

use crate::plan::{BUFFER, BUFFER_LEN, Plan, RESERVED, Sequence};

/// Where the code is.
const CODE: u32 = 0x1000;

struct Code(Vec<u8>);

impl CodeSource for Code {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        let at = addr.wrapping_sub(u64::from(CODE)) as usize;
        let bytes = at.checked_add(buf.len()).and_then(|end| self.0.get(at..end));
        bytes.map(|bytes| buf.copy_from_slice(bytes)).is_some()
    }

    fn read_only(&self, _addr: u64, _len: u32) -> Option<u64> {
        None
    }
}

/// The buffer.
struct Buffer<'a>(&'a mut [u8]);

impl Buffer<'_> {
    fn slice(&mut self, addr: u64, size: MemSize, access: Access) -> Result<&mut [u8], Fault> {
        let at = addr.wrapping_sub(u64::from(BUFFER)) as usize;
        let bytes = at.checked_add(size.bytes() as usize).and_then(|end| self.0.get_mut(at..end));
        bytes.ok_or(Fault { addr, access, kind: FaultKind::Unmapped })
    }
}

impl Memory for Buffer<'_> {
    fn load(&mut self, addr: u64, size: MemSize) -> Result<u64, Fault> {
        let bytes = self.slice(addr, size, Access::Load)?;
        Ok(bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }

    fn store(&mut self, addr: u64, size: MemSize, value: u64) -> Result<(), Fault> {
        let bytes = self.slice(addr, size, Access::Store)?;
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

/// Runs a sequence; gives the record of the state after it.
pub(crate) fn run(plan: &Plan, sequence: &Sequence) -> Vec<u8> {
    let guest = MipsGuest::new(plan.config);
    let mut code: Vec<u8> = sequence.words.iter().flat_map(|&word| plan.bytes(word)).collect();
    let end = u64::from(CODE) + code.len() as u64;
    // The lifter must see where a block ends.
    code.extend([0; 16]);
    let code = Code(code);
    let mut record = sequence.input.clone();
    let mut cpu = CpuState::new();
    (plan.get)(plan, &record, &mut cpu);
    cpu.set(PC, u64::from(CODE));
    while cpu.get(PC) != end {
        let pc = cpu.get(PC);
        let left = ((end - pc) / 4) as usize;
        let loc = Loc { mode: guest.mode(&cpu), ..Loc::new(pc) };
        let mut block = guest.lift(loc, &code, LiftOptions { max_insns: left });
        run_passes(&mut block, guest.layout(), &PassOptions { verify: true, ..PassOptions::default() });
        let compiled = compile(&block, &Guest::of(&guest)).expect("the block can be compiled");
        let mut buffer = Buffer(&mut record[4 * plan.state_words..]);
        debug_assert_eq!(buffer.0.len(), BUFFER_LEN);
        match compiled.run(&mut cpu, &mut buffer) {
            Outcome::Fault { fault, .. } => panic!("{:x?}: {fault:x?}", sequence.words),
            Outcome::Left { way, pc } => match compiled.ways()[way].kind {
                WayKind::Trap { trap, pc, .. } => panic!("{:x?}: {trap:x?} at {pc:#x}", sequence.words),
                _ => cpu.set(PC, pc),
            },
        }
    }
    (plan.put)(plan, &cpu, &mut record);
    for n in RESERVED {
        plan.set_word(&mut record, n as usize, 0);
    }
    record
}

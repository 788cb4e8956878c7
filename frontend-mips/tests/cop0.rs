//! What bare machines do without their hypervisor: coprocessor 0, caches, hardware registers.

use demotic_ir::interp::{Guest, Outcome, WayKind, compile};
use demotic_ir::{
    Access, CodeSource, CpuState, Fault, FaultKind, GuestArch, HostView, LiftOptions, Loc, MemSize, Memory,
    Trap, exchange_alone,
};
use demotic_mips::cp0::status::{CU1, EXL, FR, IE, UM};
use demotic_mips::state::{
    CAUSE, EBASE, EPC, HWRENA, IRQ_LINES, MONITOR_ADDR, MONITOR_VALUE, PC, R, SCRATCH, STATUS, USER_LOCAL,
};
use demotic_mips::{MipsConfig, MipsGuest};

/// One instruction at address 0, and 8 bytes of data at [`DATA`].
struct One(u32, [u8; 8]);

/// An address that programs have.
const DATA: u32 = 0x1000;
/// What is there at first.
const BYTES: [u8; 8] = [0x84, 0x83, 0x82, 0x81, 0x11, 0x22, 0x33, 0x44];

impl One {
    fn at(&mut self, addr: u64, size: MemSize, access: Access) -> Result<&mut [u8], Fault> {
        let start = addr.checked_sub(u64::from(DATA)).unwrap_or(u64::MAX) as usize;
        let bytes = self.1.get_mut(start..start.saturating_add(size.bytes() as usize));
        bytes.ok_or(fault(addr, access))
    }
}

impl CodeSource for One {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        buf.copy_from_slice(&self.0.to_le_bytes());
        addr == 0
    }
    fn read_only(&self, _addr: u64, _len: u32) -> Option<u64> {
        None
    }
}

fn fault(addr: u64, access: Access) -> Fault {
    Fault { addr, access, kind: FaultKind::Unmapped }
}

impl Memory for One {
    fn load(&mut self, addr: u64, size: MemSize) -> Result<u64, Fault> {
        let bytes = self.at(addr, size, Access::Load)?;
        Ok(bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }
    fn store(&mut self, addr: u64, size: MemSize, value: u64) -> Result<(), Fault> {
        let bytes = self.at(addr, size, Access::Store)?;
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

const V0: demotic_ir::Slot = R.nth(2);
const A0: demotic_ir::Slot = R.nth(4);

/// Executes an instruction; gives the trap that it ended in, or the fault.
fn execute(cpu: &mut CpuState, word: u32) -> Result<Option<Trap>, Fault> {
    execute_on(cpu, &mut One(word, BYTES))
}

/// The same, with memory.
fn execute_on(cpu: &mut CpuState, memory: &mut One) -> Result<Option<Trap>, Fault> {
    let guest = MipsGuest::new(MipsConfig::machine(false));
    let loc = Loc { pc: 0, mode: guest.mode(cpu) };
    let block = guest.lift(loc, &*memory, LiftOptions { max_insns: 1 });
    let compiled = compile(&block, &Guest::of(&guest)).expect("the block can be compiled");
    match compiled.run(cpu, memory) {
        Outcome::Fault { fault, .. } => Err(fault),
        Outcome::Left { way, pc } => {
            cpu.set(PC, pc);
            match compiled.ways()[way].kind {
                WayKind::Trap { trap, .. } => Ok(Some(trap)),
                _ => Ok(None),
            }
        }
    }
}

/// The outcome of an instruction that does not fault.
fn trap(cpu: &mut CpuState, word: u32) -> Option<Trap> {
    execute(cpu, word).expect("no fault")
}

fn cpu(slots: &[(demotic_ir::Slot, u32)]) -> CpuState {
    let mut cpu = CpuState::new();
    for &(slot, value) in slots {
        cpu.set32(slot, value);
    }
    cpu
}

const MFC0_V0_STATUS: u32 = 0x4002_6000;
const MFC0_V0_CAUSE: u32 = 0x4002_6800;
const MFC0_V0_COUNT: u32 = 0x4002_4800;
const MTC0_A0_STATUS: u32 = 0x4084_6000;
const MTC0_A0_EPC: u32 = 0x4084_7000;
const MTC0_A0_EBASE: u32 = 0x4084_7801;
const DI_V0: u32 = 0x4162_6000;
const EI_V0: u32 = 0x4162_6020;
const ERET: u32 = 0x4200_0018;
const RDHWR_V0_USERLOCAL: u32 = 0x7c02_e83b;

#[test]
fn plain_registers_are_inline() {
    let mut c = cpu(&[(STATUS, 0x0040_0004), (CAUSE, 0x300), (IRQ_LINES, 1 << 15), (A0, 0xdead_beef)]);
    assert_eq!(trap(&mut c, MFC0_V0_STATUS), None);
    assert_eq!(c.get32(V0), 0x0040_0004);
    assert_eq!(trap(&mut c, MFC0_V0_CAUSE), None);
    assert_eq!(c.get32(V0), 0x8300);
    assert_eq!(trap(&mut c, MTC0_A0_EPC), None);
    assert_eq!(c.get32(EPC), 0xdead_beef);
    assert_eq!(trap(&mut c, MTC0_A0_EBASE), None);
    assert_eq!(c.get32(EBASE), 0x9ead_b000);
    assert_eq!(trap(&mut c, MFC0_V0_COUNT), Some(Trap::Privileged { word: MFC0_V0_COUNT }));
    assert_eq!(trap(&mut c, ERET), Some(Trap::Privileged { word: ERET }));
}

#[test]
fn status_writes_that_change_the_mode_go_to_the_hypervisor() {
    for bit in [UM, EXL, CU1, FR] {
        let mut c = cpu(&[(A0, bit)]);
        assert_eq!(trap(&mut c, MTC0_A0_STATUS), Some(Trap::Privileged { word: MTC0_A0_STATUS }));
        assert_eq!(c.get32(STATUS), 0);
    }
    let mut c = cpu(&[(A0, 0x8000 | IE)]);
    assert_eq!(trap(&mut c, MTC0_A0_STATUS), None);
    assert_eq!(c.get32(STATUS), 0x8000 | IE);
}

#[test]
fn interrupts_are_noticed_when_they_are_enabled() {
    let pending = [(IRQ_LINES, 1 << 15)];
    let mut c = cpu(&pending);
    c.set32(STATUS, 1 << 15);
    assert_eq!(trap(&mut c, EI_V0), Some(Trap::InterruptCheck));
    assert_eq!((c.get32(V0), c.get32(STATUS)), (1 << 15, 1 << 15 | IE));
    assert_eq!(trap(&mut c, DI_V0), None);
    assert_eq!((c.get32(V0), c.get32(STATUS)), (1 << 15 | IE, 1 << 15));
    c.set32(A0, 1 << 15 | IE);
    assert_eq!(trap(&mut c, MTC0_A0_STATUS), Some(Trap::InterruptCheck));
    // Masked, or at exception level.
    let mut c = cpu(&pending);
    c.set32(STATUS, 1 << 14);
    assert_eq!(trap(&mut c, EI_V0), None);
    c.set32(STATUS, 1 << 15 | EXL);
    assert_eq!(trap(&mut c, EI_V0), None);
}

#[test]
fn user_mode_has_no_coprocessor_0() {
    let mut c = cpu(&[(STATUS, UM)]);
    assert_eq!(trap(&mut c, MFC0_V0_STATUS), Some(Trap::Undefined { word: MFC0_V0_STATUS }));
    c.set32(STATUS, UM | EXL);
    assert_eq!(trap(&mut c, MFC0_V0_STATUS), None);
}

#[test]
fn hardware_registers_need_permission() {
    let mut c = cpu(&[(STATUS, UM), (USER_LOCAL, 5)]);
    assert_eq!(trap(&mut c, RDHWR_V0_USERLOCAL), Some(Trap::Undefined { word: RDHWR_V0_USERLOCAL }));
    c.set32(HWRENA, 1 << 29);
    assert_eq!(trap(&mut c, RDHWR_V0_USERLOCAL), None);
    assert_eq!(c.get32(V0), 5);
    let mut kernel = cpu(&[(USER_LOCAL, 6)]);
    assert_eq!(trap(&mut kernel, RDHWR_V0_USERLOCAL), None);
    assert_eq!(kernel.get32(V0), 6);
}

#[test]
fn only_operations_on_the_instruction_cache_flush() {
    let cache = |op: u32| 0xbc80_0024 | op << 16;
    let mut c = cpu(&[(A0, 0x8000_0008)]);
    assert_eq!(trap(&mut c, cache(0x10)), Some(Trap::CacheFlush));
    assert_eq!((c.get32(SCRATCH[0]), c.get32(SCRATCH[1])), (0x8000_0020, 32));
    assert_eq!(trap(&mut c, cache(0x00)), Some(Trap::CacheFlush));
    assert_eq!((c.get32(SCRATCH[0]), c.get32(SCRATCH[1])), (0, u32::MAX));
    assert_eq!(trap(&mut c, cache(0x15)), None);
}

#[test]
fn unaligned_accesses_are_address_errors() {
    const LW_V0_A0: u32 = 0x8c82_0000;
    let mut c = cpu(&[(A0, 0x1002)]);
    let fault = execute(&mut c, LW_V0_A0).expect_err("an unaligned load");
    assert_eq!((fault.addr, fault.kind), (0x1002, FaultKind::Misaligned));
}

/// The loads and stores of enhanced virtual addressing, by their function codes, and the plain ones by their opcodes.
const EVA: [(u32, u32); 14] = [
    (0x2c, 0x20),
    (0x28, 0x24),
    (0x2d, 0x21),
    (0x29, 0x25),
    (0x2f, 0x23),
    (0x19, 0x22),
    (0x1a, 0x26),
    (0x2e, 0x30),
    (0x1c, 0x28),
    (0x1d, 0x29),
    (0x1f, 0x2b),
    (0x21, 0x2a),
    (0x22, 0x2e),
    (0x1e, 0x38),
];

/// Such an instruction on v0 and the address in a0, less 4.
const fn eva(function: u32) -> u32 {
    0x7c82_0000 | 0x1fc << 7 | function
}

/// The plain one.
const fn plain(opcode: u32) -> u32 {
    opcode << 26 | 0x0082_fffc
}

#[test]
fn kernels_access_their_programs_memory_with_eva() {
    for (function, opcode) in EVA {
        let results = [eva(function), plain(opcode)].map(|word| {
            let mut c = cpu(&[(V0, 0xa1a2_a3a4), (A0, DATA + 4)]);
            // A reservation, for SCE.
            c.set(MONITOR_ADDR, u64::from(DATA));
            c.set(MONITOR_VALUE, 0x8182_8384);
            let mut memory = One(word, BYTES);
            assert_eq!(execute_on(&mut c, &mut memory), Ok(None));
            (c.get32(V0), c.get(MONITOR_ADDR), memory.1)
        });
        assert_eq!(results[0], results[1], "{function:#x}");
        assert_ne!(results[0], (0xa1a2_a3a4, u64::from(DATA), BYTES), "{function:#x} does something");
    }
}

#[test]
fn eva_has_no_kernel_addresses_and_no_users() {
    for (function, _) in EVA {
        let word = eva(function);
        let mut kernel = cpu(&[(A0, 0x8000_1004)]);
        assert_eq!(trap(&mut kernel, word), Some(Trap::Privileged { word }), "{function:#x}");
        let mut user = cpu(&[(A0, DATA + 4), (STATUS, UM)]);
        assert_eq!(trap(&mut user, word), Some(Trap::Undefined { word }), "{function:#x}");
    }
    const CACHEE: u32 = 0x7c90_001b;
    const PREFE: u32 = 0x7c80_0023;
    let mut c = cpu(&[(A0, DATA)]);
    assert_eq!((trap(&mut c, CACHEE), trap(&mut c, PREFE)), (Some(Trap::CacheFlush), None));
    c.set32(A0, 0x8000_1000);
    assert_eq!(trap(&mut c, CACHEE), Some(Trap::Privileged { word: CACHEE }));
}

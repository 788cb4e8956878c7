//! Tests of the guest's address space.

use demotic_ir::{CodeSource, FaultKind, HostView, MemSize, Memory};

use super::*;

const RW: Prot = Prot::READ.union(Prot::WRITE);
const RX: Prot = Prot::READ.union(Prot::EXEC);

fn space() -> UserMemory {
    let limit = 0xffff_0000;
    let layout =
        MemoryLayout { big: false, limit, mmap_area: 0x1_0000..0x8000_0000, read_implies_exec: false };
    UserMemory::new(layout).expect("4 GiB of address space")
}

fn anonymous(placement: Placement, len: u64, prot: Prot) -> MapRequest {
    MapRequest { placement, len, prot, shared: false, backing: Backing::Anonymous }
}

#[test]
fn mappings_are_placed_as_linux_does() {
    let memory = space();
    let high = memory.map(&anonymous(Placement::Hint(0), 1, RW)).expect("room");
    assert_eq!(high, 0x7fff_f000, "the highest free page");
    assert_eq!(memory.map(&anonymous(Placement::Hint(0x2_0000), 4096, RW)), Ok(0x2_0000));
    assert_eq!(memory.map(&anonymous(Placement::Hint(0x2_0000), 4096, RW)), Ok(0x7fff_e000));
    let occupied = anonymous(Placement::FixedNoReplace(0x2_0000), 4096, RW);
    assert_eq!(memory.map(&occupied), Err(MapError::Exists));
    assert_eq!(memory.map(&anonymous(Placement::Fixed(0x2_0000), 4096, RX)), Ok(0x2_0000));
    assert_eq!(memory.map(&anonymous(Placement::Fixed(0x2_0001), 4096, RW)), Err(MapError::Invalid));
    assert_eq!(memory.map(&anonymous(Placement::Fixed(0x1000), 4096, RW)), Err(MapError::TooLow));
    assert_eq!(memory.map(&anonymous(Placement::Fixed(0xffff_0000), 4096, RW)), Err(MapError::NoMemory));
    assert_eq!(memory.map(&anonymous(Placement::Hint(0), 0, RW)), Err(MapError::Invalid));
    assert_eq!(memory.map(&anonymous(Placement::Hint(0), 0x9000_0000, RW)), Err(MapError::NoMemory));
}

#[test]
fn accesses_fault_as_the_mapping_says() {
    let mut memory = space();
    let addr = memory.map(&anonymous(Placement::Hint(0), 8192, RW)).expect("room");
    memory.store(u64::from(addr), MemSize::B8, 0x1122_3344_5566_7788).expect("writable");
    assert_eq!(memory.load(u64::from(addr) + 2, MemSize::B4), Ok(0x3344_5566));
    memory.protect(addr, 4096, Prot::READ).expect("mapped");
    let fault = memory.store(u64::from(addr) + 1, MemSize::B1, 0).expect_err("read-only");
    assert_eq!((fault.addr, fault.kind), (u64::from(addr) + 1, FaultKind::Permission));
    memory.unmap(addr, 4096).expect("a valid range");
    let fault = memory.load(u64::from(addr), MemSize::B2).expect_err("unmapped");
    assert_eq!((fault.addr, fault.kind), (u64::from(addr), FaultKind::Unmapped));
    assert_eq!(memory.compare_exchange(u64::from(addr) + 4096, MemSize::B4, 0, 7), Ok(0));
    assert_eq!(memory.read_u32(addr + 4096), Ok(7));
    let end = memory.load(0xffff_fffe, MemSize::B4).expect_err("beyond the address space");
    assert_eq!(end.kind, FaultKind::Unmapped);
    assert!(memory.read_bytes(0xffff_fff0, &mut [0; 32]).is_err());
}

#[test]
fn code_is_fetched_from_executable_pages_only() {
    let memory = space();
    let addr = memory.map(&anonymous(Placement::Hint(0), 8192, RW)).expect("room");
    memory.write_u32(addr + 4094, 0xaabb_ccdd).expect("writable");
    let mut word = [0; 4];
    assert!(!memory.fetch(u64::from(addr) + 4094, &mut word));
    memory.protect(addr, 4096, RX).expect("mapped");
    assert!(!memory.fetch(u64::from(addr) + 4094, &mut word), "its second half may not be executed");
    memory.protect(addr, 8192, RX).expect("mapped");
    assert!(memory.fetch(u64::from(addr) + 4094, &mut word));
    assert_eq!(u32::from_le_bytes(word), 0xaabb_ccdd);
}

#[test]
fn changes_under_translations_are_noticed() {
    let memory = space();
    let code = memory.map(&anonymous(Placement::Hint(0), 4096, RX)).expect("room");
    let data = memory.map(&anonymous(Placement::Hint(0), 4096, RW)).expect("room");
    let range = u64::from(code)..u64::from(code) + 4096;
    assert_eq!(memory.take_stale(), std::slice::from_ref(&range), "there was nothing to execute before");
    assert_eq!(memory.read_only(u64::from(data), 4), None, "it may change at any time");
    memory.protect(data, 4096, Prot::READ).expect("mapped");
    assert_eq!(memory.read_only(u64::from(data), 4), Some(0));
    memory.unmap(code, 4096).expect("a valid range");
    assert_eq!(memory.take_stale(), [range]);
    memory.protect(data, 4096, RW).expect("mapped");
    let everything = memory.take_stale();
    assert_eq!(everything.len(), 1);
    assert_eq!(everything[0].end - everything[0].start, 1 << 32, "its value was used somewhere");
}

#[test]
fn remapping_grows_moves_and_shrinks() {
    let memory = space();
    let addr = memory.map(&anonymous(Placement::Fixed(0x10_0000), 8192, RW)).expect("room");
    memory.write_u32(addr + 4096, 42).expect("writable");
    let resize = |addr, old_len, new_len, may_move| {
        memory.remap(&RemapRequest { addr, old_len, new_len, may_move, fixed: None, keep: false })
    };
    assert_eq!(resize(addr, 8192, 16384, false), Ok(addr), "there is room behind it");
    memory.map(&anonymous(Placement::Fixed(addr + 16384), 4096, RW)).expect("free");
    assert_eq!(resize(addr, 16384, 20480, false), Err(MapError::NoMemory));
    let moved = resize(addr, 16384, 20480, true).expect("room elsewhere");
    assert_ne!(moved, addr);
    assert_eq!(memory.read_u32(moved + 4096), Ok(42));
    assert_eq!(memory.protection(addr), None);
    assert_eq!(resize(moved, 20480, 4096, false), Ok(moved));
    assert_eq!(memory.protection(moved + 4096), None);
    assert_eq!(resize(0x20_0000, 4096, 8192, true), Err(MapError::Host(libc::EFAULT)));
}

#[test]
fn the_heap_moves_within_its_room() {
    let memory = space();
    memory.set_heap(0x30_0123);
    assert_eq!(memory.brk(0), 0x30_1000);
    assert_eq!(memory.brk(0x30_2345), 0x30_2345);
    memory.write_u8(0x30_2fff, 1).expect("the whole page is there");
    assert_eq!(memory.brk(0x30_1000), 0x30_1000);
    assert!(memory.read_u8(0x30_2000).is_err());
    memory.map(&anonymous(Placement::Fixed(0x30_4000), 4096, RW)).expect("free");
    assert_eq!(memory.brk(0x30_8000), 0x30_1000, "something is in the way");
}

#[test]
fn clones_share_and_windows_are_given_back() {
    let memory = space();
    let other = memory.clone();
    let addr = memory.map(&anonymous(Placement::Hint(0), 4096, RW)).expect("room");
    other.write_u16(addr, 9).expect("mapped");
    assert_eq!(memory.read_u16(addr), Ok(9));
    let base = memory.host_base();
    assert_eq!(memory.guest_address(base + 5), Some(5));
    assert_eq!(memory.guest_address(base - (2 << 20)), None);
    assert_eq!(memory.host_range(0xffff_ffff, 2), None);
}

#[test]
fn a_second_window_lies_elsewhere_and_serves_as_well() {
    let memories = [space(), space()];
    let low = |memory: &&UserMemory| memory.host_view() == HostView::Window { base: HostView::LOW_BASE };
    // None of them if another test has that place.
    assert!(memories.iter().filter(low).count() <= 1);
    for (number, memory) in memories.iter().enumerate() {
        let addr = memory.map(&anonymous(Placement::Fixed(0x2_0000), 4096, RW)).expect("room");
        memory.write_u16(addr, number as u16).expect("mapped");
    }
    assert_eq!(memories.map(|memory| memory.read_u16(0x2_0000)), [Ok(0), Ok(1)]);
}

//! Guest memory of a machine: address spaces over physical RAM and the bus.
//!
//! An access takes one of two ways. RAM is reached by translated code directly, through a host window in which it is
//! mapped wherever the guest sees it ([`HostView::Sections`]). Everything else comes here: the address is translated by
//! the current [`View`]'s segments, and then meets RAM, a device or nobody. What a guest sees depends on its mode (a MIPS
//! kernel sees more than its processes), so there is one view, and one window, per kind of mode; the vCPU's hypervisor
//! switches between them.

use std::io;
use std::sync::Arc;

use demotic_ir::{Access, CodeSource, Fault, FaultKind, GuestCode, HostView, MemSize, Memory};

use super::bus::Bus;
use super::ram::{Ram, Window};

/// Granularity of the windows: RAM and segments begin and end at multiples of it.
pub const SECTION: u64 = 1 << 20;
/// Sections of a 32-bit address space.
const SECTIONS: usize = 4096;

/// A piece of RAM (or ROM) in the physical address space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RamRegion {
    /// Physical address.
    pub base: u64,
    /// Size in bytes.
    pub len: u64,
    /// Where in the machine's RAM it begins. Regions may share bytes: that is how RAM has several addresses.
    pub backing: u64,
    /// Whether the guest may write.
    pub writable: bool,
}

/// A linear piece of a guest address space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Guest address.
    pub base: u64,
    /// Size in bytes.
    pub len: u64,
    /// Physical address of its first byte.
    pub phys: u64,
}

/// An address space: what a guest in one kind of mode sees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct View {
    /// Its name in messages.
    pub name: &'static str,
    /// Its pieces; an address outside all of them is forbidden in this mode.
    pub segments: &'static [Segment],
}

/// The bytes `[addr, addr + len)` as seen from the range `[base, base + size)`: the offset in it, if they are inside.
fn offset_in(base: u64, size: u64, addr: u64, len: u64) -> Option<u64> {
    let offset = addr.checked_sub(base)?;
    (offset.checked_add(len)? <= size).then_some(offset)
}

/// A view with its window.
#[derive(Debug)]
struct Space {
    view: View,
    window: Window,
    /// One byte per section for [`HostView::Sections`].
    table: Box<[u8; SECTIONS]>,
}

impl Space {
    fn new(view: View, regions: &[RamRegion], ram: &Ram) -> io::Result<Space> {
        let mut space = Space { view, window: Window::new()?, table: Box::new([0; SECTIONS]) };
        for segment in view.segments {
            for region in regions {
                space.show(segment, region, ram)?;
            }
        }
        Ok(space)
    }

    /// Shows the part of `region` that `segment` maps.
    fn show(&mut self, segment: &Segment, region: &RamRegion, ram: &Ram) -> io::Result<()> {
        let start = segment.phys.max(region.base);
        let end = (segment.phys + segment.len).min(region.base + region.len);
        if start >= end {
            return Ok(());
        }
        let addr = segment.base + (start - segment.phys);
        let offset = region.backing + (start - region.base);
        self.window.show(addr, ram, offset, end - start, region.writable)?;
        let first = (addr / SECTION) as usize;
        let count = ((end - start) / SECTION) as usize;
        for entry in self.table.iter_mut().skip(first).take(count) {
            *entry = if region.writable { 1 } else { 2 };
        }
        Ok(())
    }
}

/// Where an access ends up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// In RAM at this offset.
    Ram { offset: u64, writable: bool },
    /// On the bus at this physical address.
    Bus(u64),
}

/// The part of a machine's memory that never changes, and so can be shared between threads.
#[derive(Debug)]
struct Map {
    ram: Ram,
    regions: Vec<RamRegion>,
    spaces: Vec<Space>,
}

impl Map {
    /// The physical address of `len` bytes at `addr` in a view, or why there is none.
    fn translate(&self, view: usize, addr: u64, len: u64) -> Result<u64, FaultKind> {
        let segments = self.spaces.get(view).map_or(&[][..], |space| space.view.segments);
        let hit = |s: &Segment| offset_in(s.base, s.len, addr, len).map(|offset| s.phys + offset);
        segments.iter().find_map(hit).ok_or(FaultKind::Permission)
    }

    /// What is at `len` bytes from a physical address.
    fn place(&self, phys: u64, len: u64) -> Place {
        let hit = |r: &RamRegion| {
            let offset = offset_in(r.base, r.len, phys, len)?;
            Some(Place::Ram { offset: r.backing + offset, writable: r.writable })
        };
        self.regions.iter().find_map(hit).unwrap_or(Place::Bus(phys))
    }

    fn locate(&self, view: usize, addr: u64, len: u64) -> Result<Place, FaultKind> {
        Ok(self.place(self.translate(view, addr, len)?, len))
    }

    fn fetch(&self, view: usize, addr: u64, buf: &mut [u8]) -> bool {
        match self.locate(view, addr, buf.len() as u64) {
            Ok(Place::Ram { offset, .. }) => self.ram.read(offset, buf).is_some(),
            _ => false,
        }
    }

    fn read_only(&self, view: usize, addr: u64, len: u32) -> Option<u64> {
        match self.locate(view, addr, u64::from(len)).ok()? {
            Place::Ram { offset, writable: false } => {
                let mut bytes = [0; 8];
                self.ram.read(offset, bytes.get_mut(..len as usize)?)?;
                Some(u64::from_le_bytes(bytes))
            }
            _ => None,
        }
    }
}

/// The guest's code, for use on any thread.
#[derive(Clone, Debug)]
pub struct MachineCode {
    views: Vec<CodeView>,
    view_of: fn(u32) -> usize,
}

impl GuestCode for MachineCode {
    fn in_mode(&self, mode: u32) -> &dyn CodeSource {
        self.views.get((self.view_of)(mode)).unwrap_or(&self.views[0])
    }
}

/// The code that one view shows.
#[derive(Clone, Debug)]
struct CodeView {
    map: Arc<Map>,
    view: usize,
}

impl CodeSource for CodeView {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        self.map.fetch(self.view, addr, buf)
    }

    fn read_only(&self, addr: u64, len: u32) -> Option<u64> {
        self.map.read_only(self.view, addr, len)
    }
}

/// The memory of a machine as its vCPU sees it.
#[derive(Debug)]
pub struct MachineMemory {
    map: Arc<Map>,
    bus: Bus,
    /// Index of the current view.
    view: usize,
    /// Whether the guest is big-endian. Device registers have the guest's byte order (the boards wire them so), while
    /// [`Memory`] speaks little-endian.
    big_endian: bool,
}

impl MachineMemory {
    /// Memory of `size` zero bytes at `regions`, seen through `views` (the first one at first), with devices on `bus`.
    ///
    /// # Errors
    /// When the host cannot provide it.
    pub fn new(
        size: u64,
        regions: &[RamRegion],
        views: &[View],
        bus: Bus,
        big_endian: bool,
    ) -> io::Result<Self> {
        let ram = Ram::new(size)?;
        let spaces = views.iter().map(|&view| Space::new(view, regions, &ram)).collect::<io::Result<_>>()?;
        let map = Arc::new(Map { ram, regions: regions.to_vec(), spaces });
        Ok(MachineMemory { map, bus, view: 0, big_endian })
    }

    /// Switches to another of the views given to [`MachineMemory::new`]; says whether it was another. The engine then
    /// asks for the [`host_view`](Memory::host_view) again.
    pub fn set_view(&mut self, view: usize) -> bool {
        std::mem::replace(&mut self.view, view) != view
    }

    /// Index of the current view.
    pub fn view(&self) -> usize {
        self.view
    }

    /// The guest's code. `view_of` gives the index of the view that a location's mode bits mean.
    pub fn code(&self, view_of: fn(u32) -> usize) -> MachineCode {
        let views = 0..self.map.spaces.len();
        MachineCode {
            views: views.map(|view| CodeView { map: Arc::clone(&self.map), view }).collect(),
            view_of,
        }
    }

    /// The devices.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The devices.
    pub fn bus_mut(&mut self) -> &mut Bus {
        &mut self.bus
    }

    /// Copies bytes to physical RAM (or ROM); `None` when they do not fit into one region of it.
    pub fn write_physical(&self, phys: u64, bytes: &[u8]) -> Option<()> {
        match self.map.place(phys, bytes.len() as u64) {
            Place::Ram { offset, .. } => self.map.ram.write(offset, bytes),
            Place::Bus(_) => None,
        }
    }

    /// Why code at `addr` cannot be fetched; `None` when it can.
    pub fn fetch_fault(&self, addr: u64) -> Option<FaultKind> {
        match self.map.locate(self.view(), addr, 1) {
            Ok(Place::Ram { .. }) => None,
            Ok(Place::Bus(_)) => Some(FaultKind::Unmapped),
            Err(kind) => Some(kind),
        }
    }

    /// All guest addresses, in all views, of the physical bytes that `[start, end)` shows in the current view: what to
    /// drop translations of when that memory changes. Addresses that show no RAM are given back as they are.
    pub fn aliases(&self, start: u64, end: u64) -> Vec<(u64, u64)> {
        let mut found = vec![(start, end)];
        let len = end.saturating_sub(start);
        let Ok(Place::Ram { offset, .. }) = self.map.locate(self.view(), start, len) else { return found };
        for region in &self.map.regions {
            let Some(inside) = offset_in(region.backing, region.len, offset, len) else { continue };
            for segment in self.map.spaces.iter().flat_map(|space| space.view.segments) {
                let alias = offset_in(segment.phys, segment.len, region.base + inside, len);
                found.extend(alias.map(|at| (segment.base + at, segment.base + at + len)));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn place(&self, addr: u64, size: MemSize, access: Access) -> Result<Place, Fault> {
        self.map.locate(self.view(), addr, u64::from(size.bytes())).map_err(|kind| Fault {
            addr,
            access,
            kind,
        })
    }

    /// An access that straddles two pieces of the address space, or is refused: the places of its single bytes, or the
    /// fault of the first byte that is not in RAM.
    fn bytes(&self, addr: u64, size: MemSize, access: Access) -> Result<[(u64, bool); 8], Fault> {
        let mut places = [(0, false); 8];
        for (i, place) in places.iter_mut().enumerate().take(size.bytes() as usize) {
            let addr = (addr + i as u64) & 0xffff_ffff;
            match self.place(addr, MemSize::B1, access)? {
                Place::Ram { offset, writable } => *place = (offset, writable),
                Place::Bus(_) => return Err(Fault { addr, access, kind: FaultKind::Bus }),
            }
        }
        Ok(places)
    }

    /// Device registers are in the guest's byte order; [`Memory`]'s values are little-endian.
    fn device_order(&self, size: MemSize, value: u64) -> u64 {
        if self.big_endian { value.swap_bytes() >> (64 - size.bits()) } else { value }
    }

    fn load_device(&mut self, addr: u64, phys: u64, size: MemSize) -> Result<u64, Fault> {
        let fault = |kind| Fault { addr, access: Access::Load, kind };
        if !phys.is_multiple_of(u64::from(size.bytes())) {
            return Err(fault(FaultKind::Misaligned));
        }
        let value = self.bus.read(phys, size).map_err(|_| fault(FaultKind::Bus))?;
        Ok(self.device_order(size, value))
    }

    fn store_device(&mut self, addr: u64, phys: u64, size: MemSize, value: u64) -> Result<(), Fault> {
        let fault = |kind| Fault { addr, access: Access::Store, kind };
        if !phys.is_multiple_of(u64::from(size.bytes())) {
            return Err(fault(FaultKind::Misaligned));
        }
        let value = self.device_order(size, value & size.mask());
        self.bus.write(phys, size, value).map_err(|_| fault(FaultKind::Bus))
    }

    fn load_bytes(&mut self, addr: u64, size: MemSize) -> Result<u64, Fault> {
        let places = self.bytes(addr, size, Access::Load)?;
        let byte = |&(offset, _): &(u64, bool)| self.map.ram.load(offset, MemSize::B1).unwrap_or(0);
        let bytes = places.iter().take(size.bytes() as usize).rev();
        Ok(bytes.fold(0, |value, place| value << 8 | byte(place)))
    }

    fn store_bytes(&mut self, addr: u64, size: MemSize, value: u64) -> Result<(), Fault> {
        let places = self.bytes(addr, size, Access::Store)?;
        let places = places.iter().take(size.bytes() as usize);
        if places.clone().any(|&(_, writable)| !writable) {
            return Err(Fault { addr, access: Access::Store, kind: FaultKind::Permission });
        }
        for (&(offset, _), byte) in places.zip(value.to_le_bytes()) {
            let stored = self.map.ram.store(offset, MemSize::B1, u64::from(byte));
            debug_assert!(stored.is_some(), "the map leads outside RAM");
        }
        Ok(())
    }
}

impl Memory for MachineMemory {
    fn load(&mut self, addr: u64, size: MemSize) -> Result<u64, Fault> {
        match self.place(addr, size, Access::Load) {
            Ok(Place::Ram { offset, .. }) => {
                let fault = Fault { addr, access: Access::Load, kind: FaultKind::Unmapped };
                self.map.ram.load(offset, size).ok_or(fault)
            }
            Ok(Place::Bus(phys)) if addr.is_multiple_of(u64::from(size.bytes())) => {
                self.load_device(addr, phys, size)
            }
            _ => self.load_bytes(addr, size),
        }
    }

    fn store(&mut self, addr: u64, size: MemSize, value: u64) -> Result<(), Fault> {
        match self.place(addr, size, Access::Store) {
            Ok(Place::Ram { offset, writable: true }) => {
                let fault = Fault { addr, access: Access::Store, kind: FaultKind::Unmapped };
                self.map.ram.store(offset, size, value).ok_or(fault)
            }
            Ok(Place::Bus(phys)) if addr.is_multiple_of(u64::from(size.bytes())) => {
                self.store_device(addr, phys, size, value)
            }
            _ => self.store_bytes(addr, size, value),
        }
    }

    fn compare_exchange(&mut self, addr: u64, size: MemSize, old: u64, new: u64) -> Result<u64, Fault> {
        let fault = |kind| Fault { addr, access: Access::Store, kind };
        match self.place(addr, size, Access::Store)? {
            Place::Ram { offset, writable: true } => {
                self.map.ram.compare_exchange(offset, size, old, new).ok_or(fault(FaultKind::Misaligned))
            }
            Place::Ram { .. } => Err(fault(FaultKind::Permission)),
            // Devices have no atomic accesses.
            Place::Bus(_) => Err(fault(FaultKind::Bus)),
        }
    }

    fn host_view(&self) -> HostView {
        match self.map.spaces.get(self.view()) {
            Some(space) => {
                HostView::Sections { base: space.window.base(), table: space.table.as_ptr() as u64 }
            }
            None => HostView::None,
        }
    }
}

impl CodeSource for MachineMemory {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> bool {
        self.map.fetch(self.view(), addr, buf)
    }

    fn read_only(&self, addr: u64, len: u32) -> Option<u64> {
        self.map.read_only(self.view(), addr, len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::clock::{Alarm, Clock};
    use crate::machine::devices::{Power, Sp804};

    const RAM: RamRegion = RamRegion { base: 0, len: SECTION, backing: 0, writable: true };
    const ALIAS: RamRegion = RamRegion { base: 0x4000_0000, ..RAM };
    const ROM: RamRegion = RamRegion { base: SECTION, len: SECTION, backing: SECTION, writable: false };
    const KERNEL: View = View {
        name: "kernel",
        segments: &[
            Segment { base: 0, len: 0x8000_0000, phys: 0x4000_0000 },
            Segment { base: 0x8000_0000, len: 0x2000_0000, phys: 0 },
        ],
    };
    const USER: View =
        View { name: "user", segments: &[Segment { base: 0, len: 0x8000_0000, phys: 0x4000_0000 }] };

    fn memory(big: bool) -> MachineMemory {
        let clock = Clock::manual();
        let mut bus = Bus::new(Alarm::new(clock.clone()));
        bus.attach(0x1000_0000, 4, 0, Box::new(Power::default()));
        bus.attach(0x1000_1000, 0x20, 1, Box::new(Sp804::new(clock)));
        MachineMemory::new(2 * SECTION, &[RAM, ALIAS, ROM], &[KERNEL, USER], bus, big).unwrap()
    }

    fn kind(result: Result<u64, Fault>) -> FaultKind {
        result.unwrap_err().kind
    }

    #[test]
    fn ram_is_the_same_at_all_its_addresses() {
        let mut memory = memory(false);
        memory.store(0x8000_0010, MemSize::B4, 0x1122_3344).unwrap();
        assert_eq!(memory.load(0x10, MemSize::B2), Ok(0x3344));
        let mut bytes = [0; 2];
        assert!(memory.fetch(0x8000_0012, &mut bytes));
        assert_eq!(bytes, [0x22, 0x11]);
        assert_eq!(memory.aliases(0x10, 0x14), [(0x10, 0x14), (0x8000_0010, 0x8000_0014)]);
    }

    #[test]
    fn a_view_forbids_what_it_does_not_show() {
        let mut memory = memory(false);
        assert!(memory.load(0x8000_0000, MemSize::B1).is_ok());
        assert!(memory.set_view(1));
        assert_eq!(kind(memory.load(0x8000_0000, MemSize::B1)), FaultKind::Permission);
        assert_eq!(memory.fetch_fault(0x8000_0000), Some(FaultKind::Permission));
        assert_eq!(memory.fetch_fault(0x7000_0000), Some(FaultKind::Unmapped));
        assert_eq!(memory.fetch_fault(0x10), None);
    }

    #[test]
    fn code_is_what_its_mode_sees_whatever_mode_the_cpu_is_in() {
        let mut memory = memory(false);
        let code = memory.code(|mode| mode as usize);
        let fetches = |mode: u32| code.in_mode(mode).fetch(0x8000_0000, &mut [0; 4]);
        for view in [0, 1] {
            memory.set_view(view);
            assert_eq!((fetches(0), fetches(1)), (true, false), "in view {view}");
        }
    }

    #[test]
    fn nobody_answers_outside_ram_and_devices() {
        let mut memory = memory(false);
        assert_eq!(kind(memory.load(0x9800_0000, MemSize::B4)), FaultKind::Bus);
        assert_eq!(kind(memory.load(0xfff_fffe, MemSize::B4)), FaultKind::Bus, "it begins and ends nowhere");
        let across = memory.load(SECTION - 2, MemSize::B4);
        assert_eq!(across.unwrap_err(), Fault { addr: SECTION, access: Access::Load, kind: FaultKind::Bus });
    }

    #[test]
    fn an_access_may_straddle_two_regions_of_ram() {
        let mut memory = memory(false);
        memory.write_physical(SECTION, &[0x33, 0x44]).unwrap();
        memory.store(0x8000_0000 + SECTION - 2, MemSize::B2, 0x2211).unwrap();
        assert_eq!(memory.load(0x8000_0000 + SECTION - 2, MemSize::B4), Ok(0x4433_2211));
        let store = memory.store(0x8000_0000 + SECTION - 2, MemSize::B4, 0);
        assert_eq!(store.unwrap_err().kind, FaultKind::Permission, "the second half is in ROM");
        assert_eq!(memory.load(0x8000_0000 + SECTION - 2, MemSize::B2), Ok(0x2211), "so nothing was stored");
    }

    #[test]
    fn only_rom_can_be_folded() {
        let memory = memory(false);
        memory.write_physical(SECTION, &[1, 2, 3, 4]).unwrap();
        assert_eq!(memory.read_only(0x8000_0000 + SECTION, 4), Some(0x0403_0201));
        assert_eq!(memory.read_only(0x8000_0000, 4), None);
        assert_eq!(memory.read_only(0x8000_0000 + SECTION, 9), None);
    }

    #[test]
    fn devices_have_the_guests_byte_order() {
        let (mut little, mut big) = (memory(false), memory(true));
        little.store(0x9000_1000, MemSize::B4, 0x1234).unwrap();
        assert_eq!(little.load(0x9000_1000, MemSize::B4), Ok(0x1234));
        // A big-endian guest's engine has swapped the bytes of the value.
        big.store(0x9000_0000, MemSize::B4, 0x2a00_0000).unwrap();
        assert_eq!(big.bus().power_off(), Some(42));
        assert_eq!(big.load(0x9000_1008, MemSize::B4), Ok(0x2000_0000));
        assert_eq!(big.load(0x9000_1008, MemSize::B1), Ok(0x20));
    }

    #[test]
    fn exclusive_stores_need_ram() {
        let mut memory = memory(false);
        assert_eq!(memory.compare_exchange(0, MemSize::B4, 0, 5), Ok(0));
        assert_eq!(memory.load(0, MemSize::B4), Ok(5));
        assert_eq!(kind(memory.compare_exchange(0x9000_1000, MemSize::B4, 0, 5)), FaultKind::Bus);
        assert_eq!(
            kind(memory.compare_exchange(0x8000_0000 + SECTION, MemSize::B4, 0, 5)),
            FaultKind::Permission
        );
    }

    #[test]
    fn the_section_table_says_what_the_window_shows() {
        let memory = memory(false);
        let table = &memory.map.spaces[0].table;
        assert_eq!((table[0], table[1], table[0x800], table[0x801], table[0x802]), (1, 0, 1, 2, 0));
        let user = &memory.map.spaces[1].table;
        assert_eq!((user[0], user[0x800]), (1, 0));
        assert!(matches!(memory.host_view(), HostView::Sections { .. }));
    }
}

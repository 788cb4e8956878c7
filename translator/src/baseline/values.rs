//! Where the values of a block are: in host registers, or in words of the state behind the guest's registers.

use demotic_ir::{FRAME_WORDS, STATE_WORDS, Value};

use super::Refused;

/// A host register by its number.
pub(super) type Register = u8;

pub(super) const RAX: Register = 0;
pub(super) const RCX: Register = 1;
pub(super) const RDX: Register = 2;
pub(super) const RSI: Register = 6;

/// Registers that translated code need not preserve, besides the scratch registers rax and rcx and the arguments.
const FOR_VALUES: [Register; 6] = [RSI, 8, 9, 10, 11, RDX];

/// Where a value is. It may be in both places.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Place {
    pub(super) register: Option<Register>,
    /// A word of the state.
    pub(super) home: Option<u16>,
}

/// See the module's documentation.
pub(super) struct Values {
    places: Vec<Place>,
    /// What each of `registers` holds.
    held: [Option<Value>; 6],
    registers: &'static [Register],
    free_homes: Vec<u16>,
    next_home: u16,
}

impl Values {
    /// For a block of `len` instructions. `memory_base` says that rdx is taken.
    pub(super) fn new(len: usize, memory_base: bool) -> Values {
        let registers = if memory_base { &FOR_VALUES[..5] } else { &FOR_VALUES[..] };
        Values {
            places: vec![Place::default(); len],
            held: [None; 6],
            registers,
            free_homes: Vec::new(),
            next_home: STATE_WORDS as u16,
        }
    }

    pub(super) fn place(&self, v: Value) -> Place {
        self.places[v.0 as usize]
    }

    /// Gives a free register to a value. `None` when there is none.
    pub(super) fn take_free(&mut self, v: Value) -> Option<Register> {
        let free = (0..self.registers.len()).find(|&i| self.held[i].is_none())?;
        self.held[free] = Some(v);
        self.places[v.0 as usize].register = Some(self.registers[free]);
        Some(self.registers[free])
    }

    /// Moves a register from one value to another.
    pub(super) fn hand_over(&mut self, from: Value, to: Value) -> Option<Register> {
        let register = self.places[from.0 as usize].register.take()?;
        let held = self.held.iter_mut().find(|held| **held == Some(from))?;
        *held = Some(to);
        self.places[to.0 as usize].register = Some(register);
        self.release_home(from);
        Some(register)
    }

    /// The values in registers.
    pub(super) fn in_registers(&self) -> impl Iterator<Item = (Value, Register)> + use<> {
        let registers = self.registers;
        self.held.into_iter().enumerate().filter_map(move |(i, held)| Some((held?, registers[i])))
    }

    /// A home for a value that has none yet. `None` if it has one.
    pub(super) fn new_home(&mut self, v: Value) -> Result<Option<u16>, Refused> {
        if self.places[v.0 as usize].home.is_some() {
            return Ok(None);
        }
        let home = match self.free_homes.pop() {
            Some(home) => home,
            None if usize::from(self.next_home) == FRAME_WORDS => return Err(Refused),
            None => {
                self.next_home += 1;
                self.next_home - 1
            }
        };
        self.places[v.0 as usize].home = Some(home);
        Ok(Some(home))
    }

    /// A value is no longer in its register.
    pub(super) fn drop_register(&mut self, v: Value) {
        self.places[v.0 as usize].register = None;
        self.held.iter_mut().filter(|held| **held == Some(v)).for_each(|held| *held = None);
    }

    /// A value is not used any more.
    pub(super) fn release(&mut self, v: Value) {
        self.drop_register(v);
        self.release_home(v);
    }

    fn release_home(&mut self, v: Value) {
        self.free_homes.extend(self.places[v.0 as usize].home.take());
    }
}

//! Guest state: an array of 64-bit words, and the table that names them.

use crate::types::Type;
use crate::value::Slot;

/// Words of guest state that front ends may name.
pub const STATE_WORDS: usize = 256;
/// Words in all: guest state, then the interpreter's temporaries.
pub const FRAME_WORDS: usize = 1024;

/// The state of one vCPU as both engines see it. Slot `n` is word `n`; values narrower than a word are zero-extended.
#[repr(C, align(64))]
#[derive(Clone)]
pub struct CpuState {
    /// Guest state in the first [`STATE_WORDS`], then scratch space of the interpreter.
    pub words: [u64; FRAME_WORDS],
}

impl CpuState {
    /// A state of zeros.
    pub const fn new() -> CpuState {
        CpuState { words: [0; FRAME_WORDS] }
    }

    /// The value of a slot.
    pub fn get(&self, slot: Slot) -> u64 {
        self.words[slot.index()]
    }

    /// The low 32 bits of a slot.
    pub fn get32(&self, slot: Slot) -> u32 {
        self.words[slot.index()] as u32
    }

    /// Sets a slot. The value must fit the slot's type.
    pub fn set(&mut self, slot: Slot, value: u64) {
        self.words[slot.index()] = value;
    }

    /// Sets a 32-bit slot.
    pub fn set32(&mut self, slot: Slot, value: u32) {
        self.words[slot.index()] = u64::from(value);
    }

    /// The guest part of the state.
    pub fn guest(&self) -> &[u64] {
        &self.words[..STATE_WORDS]
    }
}

impl Default for CpuState {
    fn default() -> Self {
        CpuState::new()
    }
}

/// A named state slot.
#[derive(Clone, Debug)]
pub struct SlotInfo {
    /// Name in the text form, in traces and in dumps.
    pub name: String,
    /// Its place.
    pub slot: Slot,
    /// Its type; never `Flags`.
    pub ty: Type,
}

/// The four flag slots. Each is a word of the layout's integer width: N is the sign bit of `n`, Z holds iff `z` is 0,
/// C is `c` (0 or 1), V is the sign bit of `v`. This is what a subtraction can leave without computing single bits.
/// All four are 32-bit.
#[derive(Clone, Copy, Debug)]
pub struct FlagSlots {
    /// Sign flag: bit 31.
    pub n: Slot,
    /// Zero flag: set iff the word is 0.
    pub z: Slot,
    /// Carry flag: 0 or 1.
    pub c: Slot,
    /// Overflow flag: bit 31.
    pub v: Slot,
}

impl FlagSlots {
    /// The flags as bits 31 to 28.
    pub fn bits(&self, st: &CpuState) -> u32 {
        let n = st.get32(self.n) >> 31;
        let z = u32::from(st.get32(self.z) == 0);
        let c = st.get32(self.c) & 1;
        let v = st.get32(self.v) >> 31;
        n << 31 | z << 30 | c << 29 | v << 28
    }

    /// Sets the flags from bits 31 to 28.
    pub fn set_bits(&self, st: &mut CpuState, bits: u32) {
        st.set32(self.n, bits);
        st.set32(self.z, u32::from(bits >> 30 & 1 == 0));
        st.set32(self.c, bits >> 29 & 1);
        st.set32(self.v, bits << 3);
    }
}

/// The names, places and types of a guest's state.
#[derive(Clone, Debug)]
pub struct StateLayout {
    /// All slots.
    pub slots: Vec<SlotInfo>,
    /// The program counter (with the ISA bit): valid outside translated code.
    pub pc: Slot,
    /// The flag slots, for guests that have condition flags.
    pub flags: Option<FlagSlots>,
    /// Where floating-point exceptions accumulate (`softfloat::Exceptions`, other bits being the guest's), for guests
    /// that have them.
    pub exceptions: Option<Slot>,
    /// Address of the exclusive monitor (`u64::MAX` when clear).
    pub monitor_addr: Slot,
    /// Value that the exclusive monitor saw.
    pub monitor_value: Slot,
    /// Two slots that an exit passes operands in (see `Trap::CacheFlush`).
    pub scratch: [Slot; 2],
}

impl StateLayout {
    /// The slot called `name`.
    pub fn by_name(&self, name: &str) -> Option<&SlotInfo> {
        self.slots.iter().find(|s| s.name == name)
    }

    /// What is known of a slot.
    pub fn info(&self, slot: Slot) -> Option<&SlotInfo> {
        self.slots.iter().find(|s| s.slot == slot)
    }
}

//! The `.inst` case format: `address [bytes] "disassembly" inputs => outputs`. `docs/testing.md` describes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use demotic_ir::{CpuState, GuestArch, StateLayout};

use crate::engines::{End, access_name};

/// A value of a register, the flags, or a piece of memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Item {
    /// Where it is.
    pub place: Place,
    /// What it is.
    pub value: u64,
}

/// Where a value is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Place {
    /// A state slot, by its index in the layout's list.
    Slot(usize),
    /// The flags, as bits 31 to 28.
    Flags,
    /// `len` bytes of memory, little-endian.
    Memory {
        /// First address.
        addr: u32,
        /// Length in bytes.
        len: u32,
    },
}

/// A trap or a fault as a case spells it: `undefined`, `syscall:0x55`, `load@0x5000`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stop {
    /// A trap's name, and its detail if the case gives it.
    Trap(String, Option<u32>),
    /// The name of an access, and its address.
    Fault(String, u64),
}

/// A case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Address, with the ISA bit.
    pub pc: u64,
    /// The instructions.
    pub bytes: Vec<u8>,
    /// The first instruction's text.
    pub text: String,
    /// What is not zero at first.
    pub inputs: Vec<Item>,
    /// What has changed afterwards.
    pub outputs: Vec<Item>,
    /// How it ends, unless control just leaves.
    pub stop: Option<Stop>,
}

/// A number in decimal or, after `0x`, in hexadecimal.
fn number(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| format!("`{text}` is not a number"))
}

/// What is between `open` and `close` at the beginning of `text`, and the rest.
fn delimited(text: &str, open: char, close: char) -> Result<(&str, &str), String> {
    let rest = text.trim_start().strip_prefix(open).ok_or(format!("`{open}` is missing"))?;
    rest.split_once(close).ok_or(format!("`{close}` is missing"))
}

impl Place {
    fn parse(text: &str, layout: &StateLayout) -> Result<Place, String> {
        if text == "nzcv" && layout.flags.is_some() {
            return Ok(Place::Flags);
        }
        if let Some(memory) = text.strip_prefix("mem[") {
            let (addr, len) = memory.split_once("]:").ok_or("memory is `mem[address]:bytes`")?;
            let (addr, len) = (number(addr)?, number(len)?);
            let addr = u32::try_from(addr).map_err(|_| "an address has 32 bits")?;
            return match len {
                1 | 2 | 4 | 8 => Ok(Place::Memory { addr, len: len as u32 }),
                _ => Err("memory comes in 1, 2, 4 or 8 bytes".into()),
            };
        }
        let index = layout.slots.iter().position(|slot| slot.name == text);
        index.map(Place::Slot).ok_or(format!("there is no `{text}`"))
    }

    /// Its name in cases.
    pub fn name(self, layout: &StateLayout) -> String {
        match self {
            Place::Slot(index) => layout.slots[index].name.clone(),
            Place::Flags => "nzcv".into(),
            Place::Memory { addr, len } => format!("mem[{addr:#x}]:{len}"),
        }
    }
}

impl Stop {
    fn parse(key: &str, value: &str) -> Result<Stop, String> {
        if key == "fault" {
            let (access, addr) = value.split_once('@').ok_or("a fault is `access@address`")?;
            return Ok(Stop::Fault(access.into(), number(addr)?));
        }
        Ok(match value.split_once(':') {
            Some((name, detail)) => Stop::Trap(name.into(), Some(number(detail)? as u32)),
            None => Stop::Trap(value.into(), None),
        })
    }

    /// How a case says that code ended; `None` if it just left.
    pub fn of(end: End) -> Option<Stop> {
        match end {
            End::Left | End::Endless => None,
            End::Trap { trap, .. } => Some(Stop::Trap(trap.name().into(), Some(trap.detail()))),
            End::Fault { addr, access, misaligned, .. } => {
                let name = if misaligned { "misaligned" } else { access_name(access) };
                Some(Stop::Fault(name.into(), addr))
            }
        }
    }

    /// Whether `actual` is what a case with this stop expects.
    pub fn covers(&self, actual: &Stop) -> bool {
        match (self, actual) {
            (Stop::Trap(name, None), Stop::Trap(actual, _)) => name == actual,
            _ => self == actual,
        }
    }

    /// As in a case.
    pub fn print(&self) -> String {
        match self {
            Stop::Trap(name, None) => format!("trap={name}"),
            Stop::Trap(name, Some(detail)) => format!("trap={name}:{detail:#x}"),
            Stop::Fault(access, addr) => format!("fault={access}@{addr:#x}"),
        }
    }
}

impl Case {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &str, layout: &StateLayout) -> Result<Case, String> {
        let (pc, rest) = line.split_once(' ').ok_or("an address comes first")?;
        let (bytes, rest) = delimited(rest, '[', ']')?;
        let bytes = bytes.split_whitespace().map(|b| u8::from_str_radix(b, 16).map_err(|_| b.to_string()));
        let bytes = bytes.collect::<Result<Vec<u8>, String>>().map_err(|b| format!("`{b}` is not a byte"))?;
        let (text, rest) = delimited(rest, '"', '"')?;
        let (inputs, outputs) = rest.split_once("=>").ok_or("`=>` is missing")?;
        let mut case = Case {
            pc: number(pc)?,
            bytes,
            text: text.into(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            stop: None,
        };
        for (key, value) in pairs(inputs)? {
            case.inputs.push(Item { place: Place::parse(key, layout)?, value: number(value)? });
        }
        for (key, value) in pairs(outputs)? {
            if key == "trap" || key == "fault" {
                case.stop = Some(Stop::parse(key, value)?);
            } else {
                case.outputs.push(Item { place: Place::parse(key, layout)?, value: number(value)? });
            }
        }
        Ok(case)
    }

    /// The line that [`Case::parse`] reads.
    pub fn print(&self, layout: &StateLayout) -> String {
        let mut line = format!("{:#x} [", self.pc);
        for (i, byte) in self.bytes.iter().enumerate() {
            let _ = write!(line, "{}{byte:02x}", if i == 0 { "" } else { " " });
        }
        let _ = write!(line, "] \"{}\"", self.text);
        let item = |item: &Item| format!("{}={:#x}", item.place.name(layout), item.value);
        let inputs: Vec<String> = self.inputs.iter().map(item).collect();
        let outputs = self.outputs.iter().map(item).chain(self.stop.iter().map(Stop::print));
        for (separator, items) in [("", inputs), (" =>", outputs.collect())] {
            line += separator;
            if !items.is_empty() {
                let _ = write!(line, " {}", items.join(", "));
            }
        }
        line
    }

    /// The address of the first byte after the code.
    pub fn end(&self, arch: &dyn GuestArch) -> u64 {
        arch.code_address(self.pc) + self.bytes.len() as u64
    }

    /// Memory as the case has it at first, byte by byte.
    pub fn memory(&self) -> BTreeMap<u32, u8> {
        let mut memory = BTreeMap::new();
        for item in &self.inputs {
            if let Place::Memory { addr, len } = item.place {
                let bytes = item.value.to_le_bytes();
                memory.extend((0..len).map(|i| (addr.wrapping_add(i), bytes[i as usize])));
            }
        }
        memory
    }

    /// The state that the case begins in.
    pub fn state(&self, layout: &StateLayout) -> CpuState {
        let mut cpu = CpuState::new();
        cpu.set(layout.monitor_addr, u64::MAX);
        if let Some(flags) = &layout.flags {
            flags.set_bits(&mut cpu, 0);
        }
        cpu.set(layout.pc, self.pc);
        for item in &self.inputs {
            match item.place {
                Place::Slot(index) => cpu.set(layout.slots[index].slot, item.value),
                Place::Flags => {
                    if let Some(flags) = &layout.flags {
                        flags.set_bits(&mut cpu, item.value as u32);
                    }
                }
                Place::Memory { .. } => {}
            }
        }
        cpu
    }
}

fn pairs(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| item.split_once('=').ok_or(format!("`{item}` has no value"))).collect()
}

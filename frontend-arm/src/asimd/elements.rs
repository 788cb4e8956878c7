//! What the lanes of a vector hold, and the registers that vectors stand in.

use demotic_ir::{Lanes, Type, Value};

use crate::lifter::Lifter;
use crate::state;
use crate::vfp::{d_of_low, get_d, put_d};

/// Integer elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Elements {
    /// How a vector is divided.
    pub(super) lanes: Lanes,
    /// Whether they are unsigned, where that matters.
    pub(super) unsigned: bool,
}

impl Elements {
    /// What the fields `size` and U say.
    pub(super) fn of(size: u32, unsigned: u32) -> Elements {
        let lanes = match size & 3 {
            0 => Lanes::B16,
            1 => Lanes::H8,
            2 => Lanes::W4,
            _ => Lanes::D2,
        };
        Elements { lanes, unsigned: unsigned != 0 }
    }

    /// Elements whose sign does not matter.
    pub(super) fn plain(size: u32) -> Elements {
        Elements::of(size, 1)
    }

    /// Signed elements.
    pub(super) fn signed(size: u32) -> Elements {
        Elements::of(size, 0)
    }

    /// Width in bits.
    pub(super) fn bits(self) -> u32 {
        self.lanes.bits()
    }

    /// Elements of twice the width; doublewords stay what they are.
    pub(super) fn wide(self) -> Elements {
        Elements { lanes: self.lanes.wider().unwrap_or(Lanes::D2), ..self }
    }

    /// The number of the lanes' division as helpers take it: log2 of their width in bytes.
    pub(super) fn size(self) -> u64 {
        self.lanes as u64
    }
}

/// The register or registers of an operand: a doubleword or a quadword.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Register {
    /// Number of the (first) doubleword register.
    pub(super) number: u32,
    /// Whether it is a quadword.
    pub(super) quad: bool,
}

impl Register {
    /// The register of a field with the fifth bit on top; `None` for the undefined choice of an odd quadword.
    pub(super) fn of(q: u32, field: u32) -> Option<Register> {
        let quad = q != 0;
        (!quad || field.is_multiple_of(2)).then_some(Register { number: field, quad })
    }

    /// The register of a field with the fifth bit below.
    pub(super) fn of_n(q: u32, field: u32) -> Option<Register> {
        Register::of(q, d_of_low(field))
    }

    /// The vector in the register. Above a doubleword there are zeros.
    pub(super) fn get(self, l: &mut Lifter<'_>) -> Value {
        let low = get_d(l, self.number);
        let high = if self.quad { get_d(l, self.number + 1) } else { l.b.i64(0) };
        l.vjoin(low, high)
    }

    /// Writes the register; of a doubleword the low half counts.
    pub(super) fn put(self, l: &mut Lifter<'_>, vector: Value) {
        let low = l.vlow(vector);
        put_d(l, self.number, low);
        if self.quad {
            let high = l.vhigh(vector);
            put_d(l, self.number + 1, high);
        }
    }
}

/// A source operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    /// A register.
    Register(Register),
    /// A lane of a doubleword register, in every lane of the operation.
    Scalar {
        /// Whether these are the lanes of a quadword.
        quad: bool,
        /// How the register is divided.
        lanes: Lanes,
        /// Number of the register.
        number: u32,
        /// Number of the lane.
        index: u32,
    },
}

impl Source {
    /// What the field of a scalar means: register and index share its bits.
    fn scalar(quad: bool, size: u32, field: u32) -> Source {
        let (number, index) = scalar_of(size, field);
        Source::Scalar { quad, lanes: Elements::plain(size).lanes, number, index }
    }

    /// The operand's value.
    pub(super) fn get(self, l: &mut Lifter<'_>) -> Value {
        match self {
            Source::Register(register) => register.get(l),
            Source::Scalar { quad, lanes, number, index } => {
                let register = Register { number, quad: false }.get(l);
                let all = l.vscalar(register, lanes, index);
                if quad {
                    return all;
                }
                // Zeros above, as in registers: nothing is to be raised there.
                let (low, high) = (l.vlow(all), l.b.i64(0));
                l.vjoin(low, high)
            }
        }
    }
}

/// Register and index of the field of a scalar of 16 or 32 bits.
pub(super) fn scalar_of(size: u32, field: u32) -> (u32, u32) {
    if size == 1 { (field & 7, field >> 3) } else { (field & 15, field >> 4) }
}

/// Three operands: destination, first and second source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Three {
    /// Destination.
    pub(super) d: Register,
    /// First source.
    pub(super) n: Register,
    /// Second source.
    pub(super) m: Source,
}

impl Three {
    /// Registers of the same length.
    pub(super) fn same(q: u32, vd: u32, vn: u32, vm: u32) -> Option<Three> {
        Three::with(q, vd, vn, Source::Register(Register::of(q, vm)?))
    }

    /// A quadword destination and doubleword sources.
    pub(super) fn long(vd: u32, vn: u32, vm: u32) -> Option<Three> {
        Three::of((1, vd), (0, vn), Source::Register(Register::of(0, vm)?))
    }

    /// A quadword destination and first source.
    pub(super) fn wide(vd: u32, vn: u32, vm: u32) -> Option<Three> {
        Three::of((1, vd), (1, vn), Source::Register(Register::of(0, vm)?))
    }

    /// A doubleword destination and quadword sources.
    pub(super) fn narrow(vd: u32, vn: u32, vm: u32) -> Option<Three> {
        Three::of((0, vd), (1, vn), Source::Register(Register::of(1, vm)?))
    }

    /// Registers of the same length, and a scalar.
    pub(super) fn scalar(q: u32, size: u32, vd: u32, vn: u32, vm: u32) -> Option<Three> {
        Three::with(q, vd, vn, Source::scalar(q != 0, size, vm))
    }

    /// A quadword destination, a doubleword source and a scalar.
    pub(super) fn long_scalar(size: u32, vd: u32, vn: u32, vm: u32) -> Option<Three> {
        Three::of((1, vd), (0, vn), Source::scalar(true, size, vm))
    }

    /// Registers of the same length, and another second source.
    pub(super) fn with(q: u32, vd: u32, vn: u32, m: Source) -> Option<Three> {
        Three::of((q, vd), (q, vn), m)
    }

    fn of(d: (u32, u32), n: (u32, u32), m: Source) -> Option<Three> {
        Some(Three { d: Register::of(d.0, d.1)?, n: Register::of_n(n.0, n.1)?, m })
    }
}

/// Two operands: destination and source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Two {
    /// Destination.
    pub(super) d: Register,
    /// Source.
    pub(super) m: Register,
}

impl Two {
    /// Registers of the same length.
    pub(super) fn same(q: u32, vd: u32, vm: u32) -> Option<Two> {
        Two::of((q, vd), (q, vm))
    }

    /// A quadword destination.
    pub(super) fn long(vd: u32, vm: u32) -> Option<Two> {
        Two::of((1, vd), (0, vm))
    }

    /// A quadword source.
    pub(super) fn narrow(vd: u32, vm: u32) -> Option<Two> {
        Two::of((0, vd), (1, vm))
    }

    fn of(d: (u32, u32), m: (u32, u32)) -> Option<Two> {
        Some(Two { d: Register::of(d.0, d.1)?, m: Register::of(m.0, m.1)? })
    }
}

impl Lifter<'_> {
    /// Sets FPSCR.QC if any bit of `vector` is set: usually the difference of a saturated and an exact result.
    pub(super) fn saturated_if_any(&mut self, vector: Value) {
        let (low, high) = (self.vlow(vector), self.vhigh(vector));
        let old = self.b.get(Type::I64, state::FPSCR_QC);
        let any = self.b.or(Type::I64, low, high);
        let new = self.b.or(Type::I64, old, any);
        self.put_as(Type::I64, state::FPSCR_QC, new);
    }

    /// Sets FPSCR.QC if two vectors differ.
    pub(super) fn saturated_if_differ(&mut self, a: Value, b: Value) {
        let difference = self.vxor(a, b);
        self.saturated_if_any(difference);
    }
}

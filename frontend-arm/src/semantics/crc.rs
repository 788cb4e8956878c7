//! CRC-32 (ARM DDI 0487, F5.1.40).

use demotic_ir::{HelperId, MemSize, Type};

use crate::helpers::{CRC32, CRC32C};
use crate::lifter::Lifter;

/// Which polynomial.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Polynomial {
    /// 0x04c1_1db7, of Ethernet and zip.
    Ethernet,
    /// 0x1edc_6f41, of iSCSI.
    Castagnoli,
}

impl Polynomial {
    /// The one that the instruction's bit C chooses.
    pub(crate) fn of_bit(castagnoli: u32) -> Polynomial {
        if castagnoli != 0 { Polynomial::Castagnoli } else { Polynomial::Ethernet }
    }

    fn helper(self) -> HelperId {
        match self {
            Polynomial::Ethernet => CRC32,
            Polynomial::Castagnoli => CRC32C,
        }
    }

    /// With the highest power in bit 0.
    pub(crate) const fn reflected(self) -> u32 {
        match self {
            Polynomial::Ethernet => 0x04c1_1db7_u32.reverse_bits(),
            Polynomial::Castagnoli => 0x1edc_6f41_u32.reverse_bits(),
        }
    }
}

/// `CRC32B`, `CRC32H`, `CRC32W` and those of CRC-32C: Rn is the checksum so far, Rm the data. `size` is the logarithm of
/// the number of bytes.
pub(crate) fn crc32(l: &mut Lifter<'_>, polynomial: Polynomial, size: u32, rd: u32, rn: u32, rm: u32) {
    let bytes = match size {
        0 => MemSize::B1,
        1 => MemSize::B2,
        _ => MemSize::B4,
    };
    let sum = l.reg(rn);
    let sum = l.wide(sum, false);
    let data = l.reg(rm);
    let data = l.wide(data, false);
    let count = l.b.i64(u64::from(bytes.bytes()));
    let result = l.b.helper(Type::I64, sum, data, count, polynomial.helper());
    let result = l.low(result);
    l.put_reg(rd, result);
}

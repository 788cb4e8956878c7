//! Division (ARM DDI 0406, A4.4.8). Division by zero gives 0, as in ARMv7-A.

use demotic_ir::Type;

use crate::lifter::Lifter;

/// `SDIV Rd, Rn, Rm`. The minimum divided by -1 is the minimum.
pub(crate) fn sdiv(l: &mut Lifter<'_>, rd: u32, rn: u32, rm: u32) {
    let (n, m) = (l.reg(rn), l.reg(rm));
    let quotient = l.b.sdiv(Type::I32, n, m);
    l.put_reg(rd, quotient);
}

/// `UDIV Rd, Rn, Rm`.
pub(crate) fn udiv(l: &mut Lifter<'_>, rd: u32, rn: u32, rm: u32) {
    let (n, m) = (l.reg(rn), l.reg(rm));
    let quotient = l.b.udiv(Type::I32, n, m);
    l.put_reg(rd, quotient);
}

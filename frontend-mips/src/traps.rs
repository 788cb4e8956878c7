//! The codes of [`Trap::Arithmetic`](demotic_ir::Trap::Arithmetic).

/// Integer overflow of ADD, ADDI or SUB.
pub const OVERFLOW: u32 = 0;
/// An enabled floating-point exception: FCSR.Cause tells which.
pub const FLOAT: u32 = 2;
/// A conditional trap (TEQ and its kin). Bits 17 to 8 hold the instruction's code field.
pub const TRAP: u32 = 1;

/// A floating-point exception of the SIMD architecture; MSACSR says which.
pub const MSA_FLOAT: u32 = 3;

/// The code of a conditional trap whose code field is `code`.
pub const fn trap(code: u32) -> u32 {
    TRAP | code << 8
}

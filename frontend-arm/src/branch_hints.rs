//! What earlier instructions of a block tell about later ones: the bound of a jump table, the return address of a call
//! that is made by hand, the floating-point numbers that a condition compares.

use demotic_ir::{Type, Value};

/// Two floating-point numbers and their format.
pub(crate) type Floats = (Type, Value, Value);

/// What is known at present.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Hints {
    /// The flags are those of comparing this register with this constant.
    compared: Option<(u32, u32)>,
    /// LR holds this address.
    link: Option<u32>,
    /// The FPSCR's flags are those of comparing these numbers.
    fpscr: Option<Floats>,
    /// The condition flags are.
    flags: Option<Floats>,
}

impl Hints {
    /// The FPSCR's flags were written: by an unconditional comparison, or somehow (`None`).
    pub(crate) fn set_fpscr(&mut self, compared: Option<Floats>) {
        self.fpscr = compared;
    }

    /// The condition flags were unconditionally copied from the FPSCR.
    pub(crate) fn flags_from_fpscr(&mut self) {
        self.flags = self.fpscr;
    }

    /// The numbers by comparison of which the condition flags have come about.
    pub(crate) fn compared_floats(&self) -> Option<Floats> {
        self.flags
    }

    /// CMP of a register with a constant was executed unconditionally.
    pub(crate) fn set_compared(&mut self, register: u32, bound: u32) {
        self.compared = Some((register, bound));
    }

    /// LR was unconditionally set to a constant.
    pub(crate) fn set_link(&mut self, address: u32) {
        self.link = Some(address);
    }

    /// A register is written.
    pub(crate) fn register_written(&mut self, register: u32) {
        if self.compared.is_some_and(|(compared, _)| compared == register) {
            self.compared = None;
        }
        if register == crate::lifter::LR {
            self.link = None;
        }
    }

    /// The flags are written.
    pub(crate) fn flags_written(&mut self) {
        self.compared = None;
        self.flags = None;
    }

    /// The constant that `register` was compared with.
    pub(crate) fn bound(&self, register: u32) -> Option<u32> {
        self.compared.filter(|&(compared, _)| compared == register).map(|(_, bound)| bound)
    }

    /// The constant in LR.
    pub(crate) fn link(&self) -> Option<u32> {
        self.link
    }
}

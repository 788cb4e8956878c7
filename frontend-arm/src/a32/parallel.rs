//! A32 parallel addition and subtraction (ARM DDI 0406, A5.4.1 and A5.4.2).

use super::{A32, args};
use crate::helpers::{Fit, Lanes};
use crate::semantics::parallel;

/// Instructions that differ in how results are made to fit and in the lanes.
macro_rules! parallel {
    ($($method:ident $Args:ident = $fit:ident $lanes:ident;)*) => {
        impl A32<'_, '_> {
            $(pub(super) fn $method(&mut self, a: args::$Args) {
                parallel::parallel(self.l, Fit::$fit, Lanes::$lanes, a.rd, a.rn, a.rm);
            })*
        }
    };
}

parallel! {
    sadd16 Sadd16 = Signed Add16;
    sasx Sasx = Signed Asx;
    ssax Ssax = Signed Sax;
    ssub16 Ssub16 = Signed Sub16;
    sadd8 Sadd8 = Signed Add8;
    ssub8 Ssub8 = Signed Sub8;
    qadd16 Qadd16 = SignedSaturating Add16;
    qasx Qasx = SignedSaturating Asx;
    qsax Qsax = SignedSaturating Sax;
    qsub16 Qsub16 = SignedSaturating Sub16;
    qadd8 Qadd8 = SignedSaturating Add8;
    qsub8 Qsub8 = SignedSaturating Sub8;
    shadd16 Shadd16 = SignedHalving Add16;
    shasx Shasx = SignedHalving Asx;
    shsax Shsax = SignedHalving Sax;
    shsub16 Shsub16 = SignedHalving Sub16;
    shadd8 Shadd8 = SignedHalving Add8;
    shsub8 Shsub8 = SignedHalving Sub8;
    uadd16 Uadd16 = Unsigned Add16;
    uasx Uasx = Unsigned Asx;
    usax Usax = Unsigned Sax;
    usub16 Usub16 = Unsigned Sub16;
    uadd8 Uadd8 = Unsigned Add8;
    usub8 Usub8 = Unsigned Sub8;
    uqadd16 Uqadd16 = UnsignedSaturating Add16;
    uqasx Uqasx = UnsignedSaturating Asx;
    uqsax Uqsax = UnsignedSaturating Sax;
    uqsub16 Uqsub16 = UnsignedSaturating Sub16;
    uqadd8 Uqadd8 = UnsignedSaturating Add8;
    uqsub8 Uqsub8 = UnsignedSaturating Sub8;
    uhadd16 Uhadd16 = UnsignedHalving Add16;
    uhasx Uhasx = UnsignedHalving Asx;
    uhsax Uhsax = UnsignedHalving Sax;
    uhsub16 Uhsub16 = UnsignedHalving Sub16;
    uhadd8 Uhadd8 = UnsignedHalving Add8;
    uhsub8 Uhsub8 = UnsignedHalving Sub8;
}

impl A32<'_, '_> {
    pub(super) fn sel(&mut self, a: args::Sel) {
        parallel::sel(self.l, a.rd, a.rn, a.rm);
    }
}

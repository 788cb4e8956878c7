//! Element and structure loads and stores.

use super::super::elements::Elements;
use super::super::load_store::{self, Address, Structure, Structures};
use super::super::{Asimd, decoder::args};

/// Multiple structures: how many elements they have, the distance of their registers, and how many registers in a row
/// each element has.
macro_rules! multiple {
    ($(|$a:ident| $elements:literal, $increment:expr, $repeat:literal =>
        $store:ident($store_args:ident), $load:ident($load_args:ident);)*) => {
        $(
            pub(in super::super) fn $store(&mut self, $a: args::$store_args) {
                let address = Address::multiple($a.rn, $a.rm, $a.align);
                let shape = (Elements::plain($a.size), $elements, $increment, $repeat);
                load_store::vst_multiple(self.l, Structures::of(shape, $a.vd, address));
            }

            pub(in super::super) fn $load(&mut self, $a: args::$load_args) {
                let address = Address::multiple($a.rn, $a.rm, $a.align);
                let shape = (Elements::plain($a.size), $elements, $increment, $repeat);
                load_store::vld_multiple(self.l, Structures::of(shape, $a.vd, address));
            }
        )*
    };
}

/// One structure of so many elements, from or to one lane of each register.
macro_rules! lanes {
    ($($elements:literal => $store:ident($store_args:ident), $load:ident($load_args:ident);)*) => {
        $(
            pub(in super::super) fn $store(&mut self, a: args::$store_args) {
                let s = Structure::of_lane($elements, a.size, a.index_align, a.vd, (a.rn, a.rm));
                load_store::vst_lane(self.l, s);
            }

            pub(in super::super) fn $load(&mut self, a: args::$load_args) {
                let s = Structure::of_lane($elements, a.size, a.index_align, a.vd, (a.rn, a.rm));
                load_store::vld_lane(self.l, s);
            }
        )*
    };
}

/// One structure of so many elements to all lanes.
macro_rules! all_lanes {
    ($($elements:literal => $load:ident($args:ident);)*) => {
        $(pub(in super::super) fn $load(&mut self, a: args::$args) {
            let s = Structure::of_all($elements, (a.size, a.align), a.spread, a.vd, (a.rn, a.rm));
            load_store::vld_all(self.l, s, if $elements == 1 { 1 + a.spread } else { 1 });
        })*
    };
}

impl Asimd<'_, '_> {
    multiple! {
        |a| 4, 1 + a.interleave, 1 => vst4_multiple(Vst4Multiple), vld4_multiple(Vld4Multiple);
        |a| 3, 1 + a.interleave, 1 => vst3_multiple(Vst3Multiple), vld3_multiple(Vld3Multiple);
        |a| 2, 1 + a.interleave, 1 => vst2_multiple(Vst2Multiple), vld2_multiple(Vld2Multiple);
        |a| 2, 2, 2 => vst2_twice(Vst2Twice), vld2_twice(Vld2Twice);
        |a| 1, 1, 1 => vst1_one(Vst1One), vld1_one(Vld1One);
        |a| 1, 1, 2 => vst1_two(Vst1Two), vld1_two(Vld1Two);
        |a| 1, 1, 3 => vst1_three(Vst1Three), vld1_three(Vld1Three);
        |a| 1, 1, 4 => vst1_four(Vst1Four), vld1_four(Vld1Four);
    }
    lanes! {
        1 => vst1_lane(Vst1Lane), vld1_lane(Vld1Lane);
        2 => vst2_lane(Vst2Lane), vld2_lane(Vld2Lane);
        3 => vst3_lane(Vst3Lane), vld3_lane(Vld3Lane);
        4 => vst4_lane(Vst4Lane), vld4_lane(Vld4Lane);
    }
    all_lanes! {
        1 => vld1_all(Vld1All);
        2 => vld2_all(Vld2All);
        3 => vld3_all(Vld3All);
        4 => vld4_all(Vld4All);
    }
}

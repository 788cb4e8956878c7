//! Pure helpers: what is too rare or too irregular for ops. They are numbered by their place in the tables.

pub(crate) mod dsp;
pub(crate) mod msa;

use demotic_ir::{Helper, VectorHelper};

/// A table of helpers and the constants that name them.
macro_rules! helpers {
    ($table:ident: $type:ident; $($(#[doc = $doc:literal])* $id:ident = $function:ident;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "named as the constants are")]
        enum Number { $($id),* }

        $($(#[doc = $doc])* pub(crate) const $id: demotic_ir::HelperId = demotic_ir::HelperId(Number::$id as u16);)*

        /// The helpers in the order of their numbers.
        pub(crate) static $table: &[demotic_ir::$type] =
            &[$(demotic_ir::$type { name: stringify!($function), function: $function },)*];
    };
}
pub(crate) use helpers;

/// All helpers on 64-bit values.
pub(crate) static HELPERS: &[Helper] = dsp::HELPERS;

/// All helpers on vectors.
pub(crate) static VECTOR_HELPERS: &[VectorHelper] = msa::VECTOR_HELPERS;

//! Cranelift's configuration: exactly one, `speed` with the backtracking register allocator.

use std::sync::Arc;

use cranelift_codegen::isa::{self, TargetIsa};
use cranelift_codegen::settings::{self, Configurable, Flags};

use crate::TranslatorError;

/// Which optional instructions of x86-64 translated code may contain.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum HostFeatures {
    /// Those of this host.
    #[default]
    Native,
    /// Those of x86-64-v3, wherever we are: for listings that must not depend on the host.
    Baseline,
}

/// What x86-64-v3 has beyond the first x86-64.
const BASELINE: [&str; 12] = [
    "has_cmpxchg16b",
    "has_sse3",
    "has_ssse3",
    "has_sse41",
    "has_sse42",
    "has_popcnt",
    "has_avx",
    "has_avx2",
    "has_fma",
    "has_bmi1",
    "has_bmi2",
    "has_lzcnt",
];

/// The host's instruction set as translated code uses it.
///
/// # Errors
/// When the host is not x86-64, or Cranelift does not support it.
pub(crate) fn host_isa(verify: bool, features: HostFeatures) -> Result<Arc<dyn TargetIsa>, TranslatorError> {
    let triple = target_lexicon::HOST;
    if triple.architecture != target_lexicon::Architecture::X86_64 {
        return Err(TranslatorError::UnsupportedHost(triple.to_string()));
    }
    let mut flags = settings::builder();
    let settings = [
        ("opt_level", "speed"),
        ("regalloc_algorithm", "backtracking"),
        ("enable_verifier", if verify { "true" } else { "false" }),
        ("unwind_info", "false"),
        ("is_pic", "false"),
        ("enable_probestack", "false"),
        // Tail calls need them.
        ("preserve_frame_pointers", "true"),
    ];
    for (name, value) in settings {
        flags.set(name, value).map_err(|e| TranslatorError::Cranelift(e.to_string()))?;
    }
    let builder = match features {
        HostFeatures::Native => {
            cranelift_native::builder().map_err(|e| TranslatorError::Cranelift(e.to_string()))
        }
        HostFeatures::Baseline => baseline(),
    };
    builder?.finish(Flags::new(flags)).map_err(|e| TranslatorError::Cranelift(e.to_string()))
}

fn baseline() -> Result<isa::Builder, TranslatorError> {
    let error = |e: &dyn std::fmt::Display| TranslatorError::Cranelift(e.to_string());
    let mut builder = isa::lookup(target_lexicon::HOST).map_err(|e| error(&e))?;
    for feature in BASELINE {
        builder.enable(feature).map_err(|e| error(&e))?;
    }
    Ok(builder)
}

/// Whether the host has instructions for fused multiplication and addition; without them Cranelift calls a library.
pub(crate) fn host_has_fma(features: HostFeatures) -> bool {
    features == HostFeatures::Baseline || std::is_x86_feature_detected!("fma")
}

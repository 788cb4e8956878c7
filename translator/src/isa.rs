//! Cranelift's configuration: exactly one, `speed` with the backtracking register allocator.

use std::sync::Arc;

use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::settings::{self, Configurable, Flags};

use crate::TranslatorError;

/// The host's instruction set as translated code uses it.
///
/// # Errors
/// When the host is not x86-64, or Cranelift does not support it.
pub(crate) fn host_isa(verify: bool) -> Result<Arc<dyn TargetIsa>, TranslatorError> {
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
    let builder = cranelift_native::builder().map_err(|e| TranslatorError::Cranelift(e.to_string()))?;
    builder.finish(Flags::new(flags)).map_err(|e| TranslatorError::Cranelift(e.to_string()))
}

/// Whether the host has instructions for fused multiplication and addition; without them Cranelift calls a library.
pub(crate) fn host_has_fma() -> bool {
    std::is_x86_feature_detected!("fma")
}

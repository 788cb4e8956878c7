//! Generates the decoders from the encoding tables.

fn main() -> Result<(), decodegen::Errors> {
    let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
    a32().write(&out)?;
    t16().write(&out)?;
    t32().write(&out)?;
    vfp().write(&out)?;
    asimd().write(&out)
}

/// A32: one table per class of the manual.
fn a32() -> decodegen::Generator {
    decodegen::Generator::new("a32")
        .gated()
        .file("tables/a32_data_processing.decode")
        .file("tables/a32_multiply.decode")
        .file("tables/a32_media.decode")
        .file("tables/a32_load_store.decode")
        .file("tables/a32_load_store_multiple.decode")
        .file("tables/a32_branch.decode")
        .file("tables/a32_system.decode")
}

/// The 16-bit T32 instructions.
fn t16() -> decodegen::Generator {
    decodegen::Generator::new("t16").gated().file("tables/t16.decode")
}

/// The 32-bit T32 instructions.
fn t32() -> decodegen::Generator {
    decodegen::Generator::new("t32")
        .gated()
        .file("tables/t32_data_processing.decode")
        .file("tables/t32_load_store.decode")
        .file("tables/t32_branch.decode")
}

/// Floating point, which A32 and T32 share.
fn vfp() -> decodegen::Generator {
    decodegen::Generator::new("vfp").file("tables/vfp.decode")
}

/// Advanced SIMD, in the encodings of A32: one table per class of the manual.
fn asimd() -> decodegen::Generator {
    decodegen::Generator::new("asimd")
        .file("tables/asimd_three_same.decode")
        .file("tables/asimd_three_different.decode")
        .file("tables/asimd_two_misc.decode")
        .file("tables/asimd_shift.decode")
        .file("tables/asimd_permute.decode")
        .file("tables/asimd_load_store.decode")
        .file("tables/asimd_extension.decode")
}

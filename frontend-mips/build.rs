//! Generates the decoder from the tables.

fn main() -> Result<(), decodegen::Errors> {
    let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
    decodegen::Generator::new("mips32")
        .file("tables/mips32.decode")
        .file("tables/mips32r6.decode")
        .file("tables/cop0.decode")
        .file("tables/fpu.decode")
        .file("tables/dsp.decode")
        .sets(["pre_r6", "r6"])
        .write(out)
}

//! Generates the decoders from the tables.

fn main() -> Result<(), decodegen::Errors> {
    let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
    const RELEASES: [&str; 2] = ["pre_r6", "r6"];
    decodegen::Generator::new("micromips16").file("tables/micromips16.decode").sets(RELEASES).write(&out)?;
    decodegen::Generator::new("micromips").file("tables/micromips.decode").sets(RELEASES).write(&out)?;
    decodegen::Generator::new("micromips_reencoded")
        .file("tables/micromips_reencoded.decode")
        .file("tables/micromips_reencoded_fpu.decode")
        .file("tables/micromips_reencoded_r6.decode")
        .file("tables/micromips_reencoded_fpu_r6.decode")
        .file("tables/micromips_reencoded_dsp.decode")
        .file("tables/micromips_reencoded_msa.decode")
        .sets(RELEASES)
        .write(&out)?;
    decodegen::Generator::new("mips16e").file("tables/mips16e.decode").write(&out)?;
    decodegen::Generator::new("mips16e_extended").file("tables/mips16e_extended.decode").write(&out)?;
    decodegen::Generator::new("mips32")
        .file("tables/mips32.decode")
        .file("tables/mips32r6.decode")
        .file("tables/cop0.decode")
        .file("tables/eva.decode")
        .file("tables/mt.decode")
        .file("tables/fpu.decode")
        .file("tables/fpu_ps.decode")
        .file("tables/fpu_r6.decode")
        .file("tables/dsp.decode")
        .file("tables/msa.decode")
        .sets(RELEASES)
        .write(out)
}

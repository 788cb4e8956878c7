//! The guests that the tests are compiled for.

/// A guest: a compiler with options, and the processor that it compiles for.
#[derive(Debug)]
pub(crate) struct Guest {
    /// Its name in the table, and of its test.
    pub(crate) name: &'static str,
    /// What `{ target … }` selectors are matched with.
    pub(crate) triplet: &'static str,
    /// The cross compiler.
    pub(crate) compiler: &'static str,
    /// What is added to every compilation.
    pub(crate) flags: &'static [&'static str],
    /// The reference.
    pub(crate) qemu: &'static [&'static str],
    /// The processor, if it is not what Demotic takes by itself.
    pub(crate) cpu: Option<&'static str>,
    /// The guest whose results under qemu-user count, because qemu cannot run this one.
    stand_in: Option<&'static str>,
}

const ARMEL: &str = "arm-unknown-linux-gnueabi";
const ARMHF: &str = "arm-unknown-linux-gnueabihf";
const MIPSEL: &str = "mipsel-unknown-linux-gnu";
const MIPS: &str = "mips-unknown-linux-gnu";

/// A guest that Demotic runs without being told of a processor.
const fn guest(
    name: &'static str,
    triplet: &'static str,
    compiler: &'static str,
    flags: &'static [&'static str],
    qemu: &'static [&'static str],
) -> Guest {
    Guest { name, triplet, compiler, flags, qemu, cpu: None, stand_in: None }
}

impl Guest {
    /// The guest whose results under qemu-user count, if it is another.
    pub(crate) fn stand_in(&self) -> Option<&'static Guest> {
        GUESTS.iter().find(|guest| Some(guest.name) == self.stand_in)
    }
}

/// All of them.
pub(crate) static GUESTS: [Guest; 9] = [
    guest("armel", ARMEL, "arm-linux-gnueabi-gcc", &[], &["qemu-arm"]),
    guest("armhf-a32", ARMHF, "arm-linux-gnueabihf-gcc", &["-marm"], &["qemu-arm", "-cpu", "max"]),
    guest("armhf-t32", ARMHF, "arm-linux-gnueabihf-gcc", &["-mthumb"], &["qemu-arm", "-cpu", "max"]),
    guest("mipsel", MIPSEL, "mipsel-linux-gnu-gcc", &[], &["qemu-mipsel"]),
    guest("mips", MIPS, "mips-linux-gnu-gcc", &[], &["qemu-mips"]),
    Guest { ..guest("mips16", MIPSEL, "mipsel-linux-gnu-gcc", &["-mips16"], &["qemu-mipsel"]) },
    // No processor of qemu's has microMIPS and floating point, which the C library uses from its first steps on.
    Guest {
        stand_in: Some("mipsel"),
        ..guest("micromips", MIPSEL, "mipsel-linux-gnu-gcc", &["-mmicromips"], &["qemu-mipsel"])
    },
    Guest {
        cpu: Some("74Kf"),
        ..guest("dsp", MIPSEL, "mipsel-linux-gnu-gcc", &["-mdspr2"], &["qemu-mipsel", "-cpu", "74Kf"])
    },
    Guest {
        cpu: Some("P5600"),
        ..guest(
            "msa",
            MIPSEL,
            "mipsel-linux-gnu-gcc",
            &["-mmsa", "-mfp64", "-mnan=2008", "-U__mips_nan2008"],
            &["qemu-mipsel", "-cpu", "P5600"],
        )
    },
];

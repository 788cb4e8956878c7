//! `demotic binfmt`: has the kernel run guest programs with Demotic by themselves, through binfmt_misc
//! (Documentation/admin-guide/binfmt-misc.rst).

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use goblin::elf::header::{
    ELFCLASS32, ELFDATA2LSB, ELFDATA2MSB, ELFMAG, EM_ARM, EM_MIPS, ET_DYN, ET_EXEC, EV_CURRENT,
};

use crate::failure::{Failure, io};
use crate::flags::{BinfmtFlags, BinfmtGuest, BinfmtWhat};

/// What an ELF header of a guest's programs has to say.
struct Format {
    guest: BinfmtGuest,
    /// `EI_DATA`.
    big_endian: bool,
    /// `e_machine`.
    machine: u16,
    /// Bits of `e_flags` that must be 0.
    no_flags: u32,
}

/// `EF_MIPS_ABI2`: the n32 ABI, which shares everything else in the header with o32.
const EF_MIPS_ABI2: u32 = 0x20;

const FORMATS: [Format; 3] = [
    Format { guest: BinfmtGuest::Arm, big_endian: false, machine: EM_ARM, no_flags: 0 },
    Format { guest: BinfmtGuest::Mipsel, big_endian: false, machine: EM_MIPS, no_flags: EF_MIPS_ABI2 },
    Format { guest: BinfmtGuest::Mips, big_endian: true, machine: EM_MIPS, no_flags: EF_MIPS_ABI2 },
];

/// The ELF header up to and with `e_flags`.
const HEADER: usize = 40;

/// Does the command.
///
/// # Errors
/// When binfmt_misc is not there or refuses, or the interpreter's name cannot be registered.
pub(crate) fn binfmt(flags: &BinfmtFlags) -> Result<ExitCode, Failure> {
    let chosen = || FORMATS.iter().filter(|f| flags.guests.is_empty() || flags.guests.contains(&f.guest));
    match flags.what {
        BinfmtWhat::Print => {
            let lines: Result<Vec<Vec<u8>>, Failure> = chosen().map(|f| f.line(flags)).collect();
            super::print_bytes(&lines?.concat())
        }
        BinfmtWhat::Install => {
            mounted(&flags.mount)?;
            for format in chosen() {
                let line = format.line(flags)?;
                unregister(&flags.mount, &format.name())?;
                write(&flags.mount.join("register"), line.trim_ascii_end())?;
            }
            Ok(ExitCode::SUCCESS)
        }
        BinfmtWhat::Remove => {
            mounted(&flags.mount)?;
            for format in chosen() {
                unregister(&flags.mount, &format.name())?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

impl Format {
    /// The entry's name.
    fn name(&self) -> String {
        let guest = match self.guest {
            BinfmtGuest::Arm => "arm",
            BinfmtGuest::Mipsel => "mipsel",
            BinfmtGuest::Mips => "mips",
        };
        format!("demotic-{guest}")
    }

    /// Bytes of the header and which of their bits count: a 32-bit executable (position-independent or not) of any
    /// `EI_OSABI`, for this machine.
    fn magic(&self) -> ([u8; HEADER], [u8; HEADER]) {
        let (mut magic, mut mask) = ([0; HEADER], [0; HEADER]);
        let half = |v: u16| if self.big_endian { v.to_be_bytes() } else { v.to_le_bytes() };
        let word = |v: u32| if self.big_endian { v.to_be_bytes() } else { v.to_le_bytes() };
        let mut field = |at: usize, value: &[u8], bits: &[u8]| {
            magic[at..at + value.len()].copy_from_slice(value);
            mask[at..at + bits.len()].copy_from_slice(bits);
        };
        let data = if self.big_endian { ELFDATA2MSB } else { ELFDATA2LSB };
        field(0, ELFMAG, &[0xff; 4]);
        field(4, &[ELFCLASS32, data, EV_CURRENT], &[0xff; 3]);
        // The two types of executables differ in one bit.
        field(16, &half(ET_EXEC & ET_DYN), &half(!(ET_EXEC ^ ET_DYN)));
        field(18, &half(self.machine), &half(u16::MAX));
        field(20, &word(EV_CURRENT.into()), &word(u32::MAX));
        field(36, &word(0), &word(self.no_flags));
        (magic, mask)
    }

    /// What is written to `register`, and what stands in a file of `binfmt.d`.
    fn line(&self, flags: &BinfmtFlags) -> Result<Vec<u8>, Failure> {
        let interpreter = interpreter(flags)?;
        let (magic, mask) = self.magic();
        let start = format!(":{}:M:0:{}:{}:", self.name(), escaped(&magic), escaped(&mask));
        let end = format!(":{}\n", flags.flags);
        Ok([start.as_bytes(), interpreter.as_os_str().as_bytes(), end.as_bytes()].concat())
    }
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}

/// The program that the kernel is to start, as a path from the root.
fn interpreter(flags: &BinfmtFlags) -> Result<PathBuf, Failure> {
    let path = match &flags.interpreter {
        Some(path) => std::path::absolute(path),
        None => std::env::current_exe(),
    };
    let path = path.map_err(io("cannot tell where demotic is; --interpreter says it"))?;
    // The kernel splits the entry at colons.
    if path.as_os_str().as_bytes().iter().any(|byte| matches!(byte, b':' | b'\n')) {
        return Err(Failure::usage(format!("{}: a path with a colon cannot be registered", path.display())));
    }
    Ok(path)
}

fn mounted(mount: &Path) -> Result<(), Failure> {
    if mount.join("register").exists() {
        return Ok(());
    }
    let mount = mount.display();
    Err(Failure::new(format!(
        "binfmt_misc is not mounted at {mount}; try as root: mount -t binfmt_misc binfmt_misc {mount}"
    )))
}

/// Removes an entry if it is there.
fn unregister(mount: &Path, name: &str) -> Result<(), Failure> {
    let entry = mount.join(name);
    if entry.exists() { write(&entry, b"-1") } else { Ok(()) }
}

fn write(path: &Path, text: &[u8]) -> Result<(), Failure> {
    let file = fs::OpenOptions::new().write(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text));
    written.map_err(|error| {
        let hint = if error.kind() == ErrorKind::PermissionDenied { "; only root may register" } else { "" };
        Failure::new(format!("cannot write {}: {error}{hint}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(guest: BinfmtGuest) -> &'static Format {
        FORMATS.iter().find(|f| f.guest == guest).expect("every guest has a format")
    }

    fn matches(format: &Format, header: &[u8]) -> bool {
        let (magic, mask) = format.magic();
        (0..HEADER).all(|i| header[i] & mask[i] == magic[i])
    }

    fn example(guest: &str) -> Vec<u8> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        fs::read(root.join("examples/prebuilt").join(guest).join("hello")).expect("the example is there")
    }

    #[test]
    fn programs_match_their_own_format_only() {
        let guests =
            [("armhf", BinfmtGuest::Arm), ("mipsel", BinfmtGuest::Mipsel), ("mips", BinfmtGuest::Mips)];
        for (name, guest) in guests {
            let program = example(name);
            for format in &FORMATS {
                assert_eq!(matches(format, &program), format.guest == guest, "{name} and {}", format.name());
            }
        }
    }

    #[test]
    fn position_independent_programs_match_and_n32_does_not() {
        let mut program = example("mipsel");
        program[16] = 3;
        assert!(matches(of(BinfmtGuest::Mipsel), &program));
        program[36] |= EF_MIPS_ABI2 as u8;
        assert!(!matches(of(BinfmtGuest::Mipsel), &program));
        program[16] = 1;
        program[36] = 0;
        assert!(!matches(of(BinfmtGuest::Mipsel), &program));
    }
}

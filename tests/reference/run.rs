//! Runs programs on both sides, and takes their dumps apart.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use libtest_mimic::Failed;

use crate::generate::Sequence;
use crate::layout::{DUMP_SIZE, RECORD_SIZE, VECTORS, word};
use crate::modes::Mode;
use crate::program;

/// Who runs a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Qemu,
    /// An engine of Demotic.
    Demotic(&'static str),
}

/// The engines that are compared with the reference.
pub(crate) const ENGINES: [&str; 3] = ["interp", "baseline", "jit"];

/// What came of a sequence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Dump {
    pub(crate) words: [u32; word::COUNT],
    pub(crate) vectors: [[u64; 2]; 32],
    pub(crate) window: Vec<u8>,
}

impl Dump {
    fn new(bytes: &[u8], big: bool) -> Dump {
        let word = |at: usize| -> u32 {
            let bytes = bytes[at..at + 4].try_into().expect("four bytes");
            if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
        };
        let double = |at: usize| -> u64 {
            let bytes = bytes[at..at + 8].try_into().expect("eight bytes");
            if big { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) }
        };
        Dump {
            words: std::array::from_fn(|n| word(4 * n)),
            vectors: std::array::from_fn(|n| [0, 8].map(|half| double(VECTORS + 16 * n + half))),
            window: bytes[RECORD_SIZE..].to_vec(),
        }
    }
}

/// A copy of `demotic`, so that a build meanwhile does not disturb a long run. [`remove_copy`] removes it.
static DEMOTIC: LazyLock<PathBuf> = LazyLock::new(|| {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("demotic-{}", std::process::id()));
    let original = env!("CARGO_BIN_EXE_demotic");
    std::fs::copy(original, &copy).map_or_else(|_| original.into(), |_| copy)
});

/// To be called when no more programs are run.
pub(crate) fn remove_copy() {
    if *DEMOTIC != Path::new(env!("CARGO_BIN_EXE_demotic")) {
        // What is left behind in the target directory does no harm.
        let _ = std::fs::remove_file(&*DEMOTIC);
    }
}

/// Runs a program of these sequences; fewer dumps come back than went in if it ended early.
pub(crate) fn run(mode: &Mode, sequences: &[Sequence], seed: u64, side: Side) -> Result<Vec<Dump>, Failed> {
    let output = execute(mode, sequences, seed, side)?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    if output.stdout.is_empty() && !sequences.is_empty() {
        return Err(
            format!("{}, {side:?}: nothing came back ({:?}): {complaint}", mode.name, output.status).into()
        );
    }
    if complaint.contains("panicked at") {
        return Err(complaint.into_owned().into());
    }
    Ok(output.stdout.chunks_exact(DUMP_SIZE).map(|bytes| Dump::new(bytes, mode.big())).collect())
}

/// What the reference complains of when it runs a program of these sequences.
pub(crate) fn complaint(mode: &Mode, sequences: &[Sequence], seed: u64) -> Result<String, Failed> {
    let output = execute(mode, sequences, seed, Side::Qemu)?;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn execute(mode: &Mode, sequences: &[Sequence], seed: u64, side: Side) -> Result<Output, Failed> {
    let file = File::new(&program::write(mode, sequences, seed))?;
    let mut command = Command::new("timeout");
    command.arg("60");
    match side {
        Side::Qemu => {
            command.args(&mode.qemu);
        }
        Side::Demotic(engine) => {
            command.arg(&*DEMOTIC).args(["--engine", engine]);
            if let Some(cpu) = mode.cpu {
                command.args(["--cpu", cpu]);
            }
        }
    }
    Ok(command.arg(&file.0).stdin(Stdio::null()).output()?)
}

/// A program file, removed when it is dropped.
struct File(PathBuf);

impl File {
    fn new(bytes: &[u8]) -> Result<File, Failed> {
        use std::os::unix::fs::PermissionsExt;
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("demotic-reference-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, bytes)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
        Ok(File(path))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // What is left behind in the target directory does no harm.
        let _ = std::fs::remove_file(&self.0);
    }
}

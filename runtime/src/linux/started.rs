//! How the host's kernel has started us, by our own auxiliary vector: nothing of it needs `/proc`.

use std::path::PathBuf;

use super::host;

const AT_EXECFD: u64 = 2;
const AT_FLAGS: u64 = 8;
const AT_SECURE: u64 = 23;
/// The bit of `AT_FLAGS` that binfmt_misc's flag P sets (`AT_FLAGS_PRESERVE_ARGV0`).
const PRESERVE_ARGV0: u64 = 1;

/// How the host's kernel has started us.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Started {
    /// binfmt_misc (flag P) has put the name that the guest program is called by behind the program's path.
    pub name_follows: bool,
    /// The descriptor on which binfmt_misc (flag O) has opened the guest program.
    pub program: Option<i32>,
    /// We have rights that our caller does not have, by binfmt_misc's flag C: nothing of the environment is to be trusted.
    pub secure: bool,
}

impl Started {
    /// What our auxiliary vector says.
    pub fn now() -> Started {
        let entry = host::auxiliary_entry;
        Started {
            name_follows: entry(AT_FLAGS).is_some_and(|flags| flags & PRESERVE_ARGV0 != 0),
            program: entry(AT_EXECFD).and_then(|fd| i32::try_from(fd).ok()),
            secure: entry(AT_SECURE).is_some_and(|secure| secure != 0),
        }
    }
}

/// The path of our own executable: `/proc` knows it best; in a bare chroot it is the name that we were called by, if that
/// is a path.
pub fn own_executable() -> Option<PathBuf> {
    let named = || std::env::args_os().next().map(PathBuf::from);
    let is_path = |path: &PathBuf| path.components().count() > 1 && path.is_file();
    std::env::current_exe().ok().or_else(|| named().filter(is_path).and_then(|path| path.canonicalize().ok()))
}

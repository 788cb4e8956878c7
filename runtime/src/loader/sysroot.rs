//! Where the libraries of dynamic programs are when nobody says so.

use std::path::{Path, PathBuf};

use super::{GuestKind, prefix_path};

/// Where Debian's packages `libc6-CPU-cross` put the libraries of other architectures, by their tools' prefix.
fn cross_roots(kind: GuestKind) -> &'static [&'static str] {
    match kind {
        GuestKind::Arm { .. } => &["arm-linux-gnueabihf", "arm-linux-gnueabi"],
        GuestKind::Mips { .. } if kind.is_big() => &["mips-linux-gnu", "mipsisa32r6-linux-gnu"],
        GuestKind::Mips { .. } => &["mipsel-linux-gnu", "mipsisa32r6el-linux-gnu"],
    }
}

/// The root directory that has a program's interpreter, or `None` for the host's own: it is there with Debian's multiarch
/// packages, or when it is nowhere. After it come the directory that Debian's `qemu-user` looks at, `/etc/qemu-binfmt/CPU`,
/// and those of cross compilers. The interpreters of ABIs that do not mix have different names.
pub(super) fn default_root(kind: GuestKind, interpreter: &Path) -> Option<PathBuf> {
    find(Path::new("/"), kind, interpreter)
}

/// The same on a host whose files are under `host`.
fn find(host: &Path, kind: GuestKind, interpreter: &Path) -> Option<PathBuf> {
    let exists = |root: &Path| prefix_path(root, interpreter).exists();
    if exists(host) {
        return None;
    }
    let qemu = host.join("etc/qemu-binfmt").join(kind.name());
    let cross = cross_roots(kind).iter().map(|name| host.join("usr").join(name));
    std::iter::once(qemu).chain(cross).find(|root| exists(root))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::loader::{FloatAbi, identify};

    /// A kind of guest, by one of the example programs.
    fn kind(guest: &str) -> GuestKind {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/prebuilt");
        identify(&examples.join(guest).join("hello")).expect("an example program").kind
    }

    #[test]
    fn roots_are_found_by_the_interpreter() {
        let host = std::env::temp_dir().join(format!("demotic-roots-{}", std::process::id()));
        let put = |path: &str| {
            let path = host.join(path);
            fs::create_dir_all(path.parent().expect("a directory")).expect("a writable directory");
            fs::write(path, "").expect("a writable directory");
        };
        let find = |kind, interpreter: &str| {
            let root = find(&host, kind, Path::new(interpreter));
            root.map(|root| root.strip_prefix(&host).expect("below it").to_owned())
        };
        let (arm, mips) = (kind("armhf"), kind("mipsel"));
        assert!(matches!(arm, GuestKind::Arm { float: FloatAbi::Hard, .. }));
        assert_eq!(find(arm, "/lib/ld-linux-armhf.so.3"), None);
        put("usr/arm-linux-gnueabihf/lib/ld-linux-armhf.so.3");
        put("usr/arm-linux-gnueabi/lib/ld-linux.so.3");
        put("usr/mips-linux-gnu/lib/ld.so.1");
        assert_eq!(find(arm, "/lib/ld-linux-armhf.so.3"), Some("usr/arm-linux-gnueabihf".into()));
        assert_eq!(find(arm, "/lib/ld-linux.so.3"), Some("usr/arm-linux-gnueabi".into()));
        assert_eq!(find(mips, "/lib/ld.so.1"), None, "the other byte order's");
        put("etc/qemu-binfmt/mipsel/lib/ld.so.1");
        assert_eq!(find(mips, "/lib/ld.so.1"), Some("etc/qemu-binfmt/mipsel".into()));
        put("lib/ld.so.1");
        assert_eq!(find(mips, "/lib/ld.so.1"), None, "the host's own");
        fs::remove_dir_all(&host).expect("its files can be removed");
    }
}

//! The pages that a kernel maps into programs: the vDSO (`vdso/` has its sources), and on ARM the user helpers at 0xffff0000
//! (Linux, Documentation/arch/arm/kernel_user_helpers.rst). In one or the other is the code that ends signal handlers. They
//! hold real guest code, which is translated like any other.

use super::elf::GuestKind;
use crate::memory::{MapError, PAGE_SIZE, Prot, UserMemory};

/// Where ARM's page of helpers is.
const ARM_BASE: u32 = 0xffff_0000;
/// Where the vDSO is on ARM: above the stack.
const ARM_VDSO: u32 = 0xfffe_f000;
/// Where it is on MIPS, likewise.
const MIPS_VDSO: u32 = 0x7fff_7000;

/// Code that a signal handler returns to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trampoline {
    /// Where it is.
    pub(crate) addr: u32,
    /// Its two instructions.
    pub(crate) code: [u32; 2],
}

/// The code that ends signal handlers.
pub(crate) struct SigreturnCode;

/// The code that ends signal handlers.
pub(crate) const SIGRETURN_CODE: SigreturnCode = SigreturnCode;

impl SigreturnCode {
    /// `mov r7, #NUMBER; svc #0`. It is placed where kernels before 3.11 had it.
    pub(crate) fn arm(self, rt: bool) -> Trampoline {
        let (offset, mov) = if rt { (0x508, 0xe3a0_70ad) } else { (0x500, 0xe3a0_7077) };
        Trampoline { addr: ARM_BASE + offset, code: [mov, 0xef00_0000] }
    }

    /// `li $v0, NUMBER; syscall`, in the vDSO.
    pub(crate) fn mips(self, rt: bool) -> Trampoline {
        let (offset, li) = if rt { (0x804, 0x2402_1061) } else { (0x814, 0x2402_1017) };
        Trampoline { addr: MIPS_VDSO + offset, code: [li, 0x0000_000c] }
    }
}

/// Offsets into ARM's page, and what is there.
const CODE: &[(u32, &[u32])] = &[
    // The end of __kuser_cmpxchg: r3 is 0 when the exchange happened. Leaves r0 = 0 and C set, or r0 != 0 and C clear.
    (
        0xf40,
        &[
            0xe273_0000, // rsbs   r0, r3, #0
            0xf57f_f05b, // dmb    ish
            0xe12f_ff1e, // bx     lr
        ],
    ),
    // __kuser_cmpxchg64(old: r0, new: r1, target: r2)
    (
        0xf60,
        &[
            0xe92d_00f0, // push   {r4, r5, r6, r7}
            0xe1c0_40d0, // ldrd   r4, r5, [r0]
            0xe1c1_60d0, // ldrd   r6, r7, [r1]
            0xf57f_f05b, // dmb    ish
            0xe1b2_0f9f, // ldrexd r0, r1, [r2]
            0xe030_3004, // eors   r3, r0, r4
            0x0031_3005, // eorseq r3, r1, r5
            0x01a2_3f96, // strexdeq r3, r6, r7, [r2]
            0x0333_0001, // teqeq  r3, #1
            0x0aff_fff9, // beq    <ldrexd>
            0xf57f_f05b, // dmb    ish
            0xe273_0000, // rsbs   r0, r3, #0
            0xe8bd_00f0, // pop    {r4, r5, r6, r7}
            0xe12f_ff1e, // bx     lr
        ],
    ),
    // __kuser_memory_barrier
    (
        0xfa0,
        &[
            0xf57f_f05b, // dmb    ish
            0xe12f_ff1e, // bx     lr
        ],
    ),
    // __kuser_cmpxchg(old: r0, new: r1, target: r2)
    (
        0xfc0,
        &[
            0xf57f_f05b, // dmb    ish
            0xe192_cf9f, // ldrex  ip, [r2]
            0xe05c_3000, // subs   r3, ip, r0
            0x1aff_ffdb, // bne    0xffff0f40
            0xe182_3f91, // strex  r3, r1, [r2]
            0xe353_0001, // cmp    r3, #1
            0x0aff_fff9, // beq    <ldrex>
            0xeaff_ffd7, // b      0xffff0f40
        ],
    ),
    // __kuser_get_tls
    (
        0xfe0,
        &[
            0xee1d_0f70, // mrc    p15, 0, r0, c13, c0, 3
            0xe12f_ff1e, // bx     lr
        ],
    ),
    // __kuser_helper_version: up to and with __kuser_cmpxchg64.
    (0xffc, &[5]),
];

/// A vDSO's image, and where it is mapped.
fn vdso(kind: GuestKind) -> (&'static [u8], u32) {
    match kind {
        GuestKind::Arm { .. } => (include_bytes!("../../vdso/arm.so"), ARM_VDSO),
        GuestKind::Mips { .. } if kind.is_big() => (include_bytes!("../../vdso/mips.so"), MIPS_VDSO),
        GuestKind::Mips { .. } => (include_bytes!("../../vdso/mipsel.so"), MIPS_VDSO),
    }
}

/// Maps the pages of a kind of guest; gives the address of its vDSO.
pub(super) fn map(memory: &UserMemory, kind: GuestKind) -> Result<u32, MapError> {
    if let GuestKind::Arm { .. } = kind {
        let mut page = Page { bytes: [0; PAGE_SIZE as usize], big: memory.is_big() };
        CODE.iter().for_each(|&(offset, words)| page.put(offset, words));
        page.put_trampolines(ARM_BASE, [false, true].map(|rt| SIGRETURN_CODE.arm(rt)));
        map_page(memory, ARM_BASE, &page.bytes, "[vectors]")?;
    }
    let (image, base) = vdso(kind);
    map_page(memory, base, image, "[vdso]")?;
    Ok(base)
}

fn map_page(memory: &UserMemory, base: u32, bytes: &[u8], name: &'static str) -> Result<(), MapError> {
    memory.map_special(base, PAGE_SIZE, Prot::READ | Prot::WRITE, name)?;
    memory.write_bytes(base, bytes).map_err(|_| MapError::Host(libc::EFAULT))?;
    memory.protect_special(base, PAGE_SIZE, Prot::READ | Prot::EXEC)
}

struct Page {
    bytes: [u8; PAGE_SIZE as usize],
    big: bool,
}

impl Page {
    fn put(&mut self, offset: u32, words: &[u32]) {
        for (place, word) in self.bytes[offset as usize..].chunks_mut(4).zip(words) {
            place.copy_from_slice(&if self.big { word.to_be_bytes() } else { word.to_le_bytes() });
        }
    }

    fn put_trampolines(&mut self, base: u32, trampolines: [Trampoline; 2]) {
        for trampoline in trampolines {
            self.put(trampoline.addr - base, &trampoline.code);
        }
    }
}

#[cfg(test)]
mod tests {
    use goblin::elf::Elf;

    use super::*;

    const IMAGES: [(&[u8], bool); 3] = [
        (include_bytes!("../../vdso/arm.so"), false),
        (include_bytes!("../../vdso/mipsel.so"), false),
        (include_bytes!("../../vdso/mips.so"), true),
    ];

    #[test]
    fn images_have_the_names_of_the_kernel_and_fit_a_page() {
        for (image, _) in IMAGES {
            let elf = Elf::parse(image).expect("a valid file");
            assert!(image.len() <= PAGE_SIZE as usize);
            assert_eq!(elf.soname, Some("linux-vdso.so.1"));
            let names: Vec<&str> =
                elf.dynsyms.iter().filter_map(|s| elf.dynstrtab.get_at(s.st_name)).collect();
            for name in ["clock_gettime", "clock_gettime64", "clock_getres", "gettimeofday"] {
                assert!(names.contains(&format!("__vdso_{name}").as_str()), "{name} is not in {names:?}");
            }
            let versions = elf.verdef.as_ref().expect("versions");
            let mut names =
                versions.iter().flat_map(|v| v.iter().map(|aux| aux.vda_name).collect::<Vec<_>>());
            assert!(names.any(|name| elf.dynstrtab.get_at(name) == Some("LINUX_2.6")));
        }
    }

    #[test]
    fn trampolines_are_where_signal_frames_expect_them() {
        for (image, big) in &IMAGES[1..] {
            let elf = Elf::parse(image).expect("a valid file");
            for (name, rt) in [("__vdso_sigreturn", false), ("__vdso_rt_sigreturn", true)] {
                let symbol = elf.dynsyms.iter().find(|s| elf.dynstrtab.get_at(s.st_name) == Some(name));
                let offset = symbol.expect("it is exported").st_value as usize;
                let Trampoline { addr, code } = SIGRETURN_CODE.mips(rt);
                assert_eq!(addr, MIPS_VDSO + offset as u32);
                let bytes =
                    code.map(|word| if *big { word.to_be_bytes() } else { word.to_le_bytes() }).concat();
                assert_eq!(image[offset..offset + 8], bytes[..]);
            }
        }
    }
}

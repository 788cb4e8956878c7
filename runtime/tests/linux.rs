//! Hand-made programs under the Linux personality and the smallest engine: loading, the initial stack, exit statuses, and
//! what is refused.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;

use demotic_runtime::interpreter::Interpreter;
use demotic_runtime::linux::{ARM_EABI, ExitStatus, MIPS_O32, Support};
use demotic_runtime::loader::{GuestKind, LaunchError, LaunchOptions, load};

/// Where programs are loaded.
const BASE: u32 = 0x1_0000;
/// File and memory offset of the first instruction.
const CODE: usize = 0x1000;

const ARM: u16 = 40;
const MIPS: u16 = 8;

/// An ELF file with one executable segment.
struct Program {
    machine: u16,
    flags: u32,
    big: bool,
    code: Vec<u32>,
}

impl Program {
    fn arm(code: &[u32]) -> Program {
        Program { machine: ARM, flags: 0x0500_0400, big: false, code: code.to_vec() }
    }

    fn mips(big: bool, code: &[u32]) -> Program {
        Program { machine: MIPS, flags: 0x7000_1007, big, code: code.to_vec() }
    }

    fn bytes(&self) -> Vec<u8> {
        let half = |v: u16| if self.big { v.to_be_bytes() } else { v.to_le_bytes() };
        let word = |v: u32| if self.big { v.to_be_bytes() } else { v.to_le_bytes() };
        let order = if self.big { 2 } else { 1 };
        let mut file = vec![0x7f, b'E', b'L', b'F', 1, order, 1];
        file.resize(16, 0);
        file.extend([half(2), half(self.machine)].concat());
        file.extend([word(1), word(BASE + CODE as u32), word(52), word(0), word(self.flags)].concat());
        file.extend([half(52), half(32), half(1), half(40), half(0), half(0)].concat());
        let size = (CODE + 4 * self.code.len()) as u32;
        file.extend([1, 0, BASE, BASE, size, size, 5, 0x1000].map(word).concat());
        file.resize(CODE, 0);
        file.extend(self.code.iter().flat_map(|&w| word(w)));
        file
    }

    /// Writes the file; the name must be the test's own.
    fn write(&self, name: &str) -> PathBuf {
        write(name, &self.bytes())
    }
}

fn write(name: &str, bytes: &[u8]) -> PathBuf {
    let path = std::env::temp_dir().join(format!("demotic-{}-{name}", std::process::id()));
    fs::write(&path, bytes).expect("the temporary directory is writable");
    path
}

fn options(program: PathBuf, args: &[&str]) -> LaunchOptions {
    LaunchOptions { program, args: args.iter().map(Into::into).collect(), ..LaunchOptions::default() }
}

/// Runs a program to its end.
fn run(name: &str, program: &Program, args: &[&str]) -> ExitStatus {
    let path = program.write(name);
    let launch = load(&options(path.clone(), args)).expect("a valid program");
    let (mut process, mut cpu) = (launch.process, launch.cpu);
    let engine = Interpreter::new(launch.kind.architecture());
    engine.run(&mut cpu, &mut process, &AtomicU64::new(0));
    let _ = fs::remove_file(path);
    process.exit_status().expect("it has stopped")
}

fn refused(name: &str, bytes: &[u8]) -> String {
    let path = write(name, bytes);
    let message = match load(&options(path.clone(), &[])) {
        Err(error @ LaunchError::Elf { .. }) => error.to_string(),
        Err(error) => panic!("not refused for what it is: {error}"),
        Ok(_) => panic!("not refused"),
    };
    let _ = fs::remove_file(path);
    message
}

#[test]
fn arm_programs_exit_with_their_status() {
    let code = [
        0xe59d_0000, // ldr r0, [sp]      argc
        0xe280_0028, // add r0, r0, #40
        0xe3a0_7001, // mov r7, #1        exit
        0xef00_0000, // svc #0
    ];
    assert_eq!(run("arm-exit", &Program::arm(&code), &["x"]), ExitStatus::Code(42));
}

#[test]
fn mips_programs_exit_with_their_status_in_either_byte_order() {
    let code = [
        0x8fa4_0000, // lw $a0, 0($sp)    argc
        0x2484_0029, // addiu $a0, $a0, 41
        0x2402_0fa1, // li $v0, 4001      exit
        0x0000_000c, // syscall
    ];
    assert_eq!(run("mips-exit", &Program::mips(true, &code), &[]), ExitStatus::Code(42));
    assert_eq!(run("mipsel-exit", &Program::mips(false, &code), &[]), ExitStatus::Code(42));
}

#[test]
fn faults_kill_with_the_right_signal() {
    let null = [0xe3a0_0000, 0xe590_0004]; // mov r0, #0; ldr r0, [r0, #4]
    assert_eq!(run("arm-null", &Program::arm(&null), &[]), ExitStatus::Signal(libc::SIGSEGV));
    let undefined = [0xe7f0_00f0]; // udf #0
    assert_eq!(run("arm-udf", &Program::arm(&undefined), &[]), ExitStatus::Signal(libc::SIGILL));
    let divide = [0x0007_000d]; // break 7
    assert_eq!(run("mips-div", &Program::mips(true, &divide), &[]), ExitStatus::Signal(libc::SIGFPE));
    let nowhere = [0xe3a0_f000]; // mov pc, #0
    assert_eq!(run("arm-jump", &Program::arm(&nowhere), &[]), ExitStatus::Signal(libc::SIGSEGV));
}

#[test]
fn errors_have_the_numbers_of_the_guest() {
    // A call that Linux has no more (nfsservctl): ENOSYS is 38 on ARM and 89 on MIPS; exit with it.
    let arm = [
        0xe3a0_70a9, // mov r7, #169
        0xef00_0000, // svc #0
        0xe260_0000, // rsb r0, r0, #0
        0xe3a0_7001, // mov r7, #1
        0xef00_0000, // svc #0
    ];
    assert_eq!(run("arm-enosys", &Program::arm(&arm), &[]), ExitStatus::Code(38));
    let mips = [
        0x2402_105d, // li $v0, 4189
        0x0000_000c, // syscall
        0x0047_0018, // mult $v0, $a3
        0x0000_2012, // mflo $a0
        0x2402_0fa1, // li $v0, 4001
        0x0000_000c, // syscall
    ];
    assert_eq!(run("mips-enosys", &Program::mips(false, &mips), &[]), ExitStatus::Code(89));
}

#[test]
fn the_arm_helpers_work() {
    let code = [
        0xe24d_d008, // sub sp, sp, #8
        0xe3a0_0005, // mov r0, #5
        0xe58d_0000, // str r0, [sp]
        0xe3a0_1009, // mov r1, #9
        0xe1a0_200d, // mov r2, sp
        0xe3e0_303f, // mvn r3, #0x3f           0xffffffc0
        0xe3c3_3a0f, // bic r3, r3, #0xf000     0xffff0fc0: cmpxchg
        0xe12f_ff33, // blx r3
        0xe59d_1000, // ldr r1, [sp]
        0xe080_0001, // add r0, r0, r1          0 + 9
        0xe3a0_7001, // mov r7, #1
        0xef00_0000, // svc #0
    ];
    assert_eq!(run("arm-kuser", &Program::arm(&code), &[]), ExitStatus::Code(9));
}

#[test]
fn kinds_come_from_the_header() {
    let path = Program::mips(true, &[0]).write("kind");
    let launch = load(&options(path.clone(), &[])).expect("a valid program");
    assert_eq!(launch.kind.name(), "mips");
    assert!(launch.kind.is_big());
    let GuestKind::Mips { config, .. } = launch.kind else { panic!("not MIPS") };
    assert!(!config.nan2008);
    let _ = fs::remove_file(path);
}

#[test]
fn other_files_are_refused_by_name() {
    let with = |change: fn(&mut Vec<u8>)| {
        let mut bytes = Program::arm(&[0]).bytes();
        change(&mut bytes);
        bytes
    };
    assert!(refused("empty", b"").contains("empty"));
    assert!(refused("text", b"hello\n").contains("not an ELF file"));
    assert!(refused("script", b"#! /bin/sh -e\n").contains("run its interpreter (/bin/sh) instead"));
    assert!(refused("cut", &Program::arm(&[0]).bytes()[..40]).contains("truncated"));
    assert!(refused("cut-headers", &Program::arm(&[0]).bytes()[..60]).contains("truncated"));
    let aarch64 = with(|bytes| {
        bytes[4] = 2;
        bytes[18] = 183;
    });
    assert!(refused("aarch64", &aarch64).contains("an AArch64 program; Demotic runs 32-bit ARM"));
    assert!(refused("x86", &with(|bytes| bytes[18] = 3)).contains("an x86 (i386) program"));
    assert!(refused("oabi", &with(|bytes| bytes[39] = 0)).contains("before the EABI"));
    assert!(refused("object", &with(|bytes| bytes[16] = 1)).contains("object file"));
}

#[test]
fn tables_say_what_they_do_not_support() {
    for table in [&ARM_EABI[..], &MIPS_O32[..]] {
        assert!(table.is_sorted_by_key(|row| row.number));
        assert!(table.iter().filter(|row| row.support == Support::Full).count() > 250);
        let partial = table.iter().filter(|row| row.support == Support::Partial);
        assert!(partial.clone().all(|row| !row.note.is_empty()), "a limit must be named");
    }
}

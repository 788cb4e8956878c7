//! Images on the bare boards, run to power-off by every engine: the examples, and programs that meet every exception.

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use demotic_runtime::machine::console::Capture;
use demotic_runtime::machine::{BootError, BootOptions, Outcome, boot};
use demotic_translator::{EngineKind, EngineOptions};

/// Runs an example on every engine; it writes what is in the file `expected`.
fn run_example(board: &'static str, image: &str, expected: &str) {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let expected = std::fs::read_to_string(examples.join(expected)).expect("the expected text is there");
    run(board, &examples.join(image), &expected);
}

/// Runs one of our own images on every engine; it writes this line.
fn run_image(board: &'static str, image: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/images").join(image);
    run(board, &path, &format!("{expected}\n"));
}

/// Runs an image on every engine, and gives up on it after a minute.
fn run(board: &'static str, image: &Path, expected: &str) {
    let (image, expected) = (image.to_path_buf(), expected.to_string());
    let (done, ended) = mpsc::channel();
    let runner = std::thread::spawn(move || {
        run_to_end(board, &image, &expected);
        let _ = done.send(());
    });
    if ended.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
        panic!("the machine does not come to an end");
    }
    if let Err(panic) = runner.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Runs an image on every engine; it ends with exit code 42 and has written `expected`.
fn run_to_end(board: &str, image: &Path, expected: &str) {
    for kind in [EngineKind::Interp, EngineKind::Jit, EngineKind::Auto] {
        let capture = Capture::default();
        let mut options = BootOptions::from_file(board, image).expect("the image is there");
        options.output = Box::new(capture.clone());
        let booted = boot(options).expect("the image fits its board");
        let options = EngineOptions { kind, hot: 50, ..EngineOptions::default() };
        let machine = booted.run(options).expect("the host is supported");
        // A host that is too slow lets the user task miss all ticks but the last, which it remarks upon.
        let text = capture.text().replace("5 ticks at once?", "saw 5 timer ticks");
        println!("{kind:?}:\n{text}\n{}", machine.report());
        assert_eq!(machine.outcome(), Some(&Outcome::PowerOff { code: 42 }), "{kind:?} wrote:\n{text}");
        assert_eq!(text, expected, "{kind:?}");
    }
}

#[test]
fn bare_arm() {
    run_example("bare-arm", "bare-arm/bare-arm.elf", "bare-arm/expected.txt");
}

#[test]
fn bare_mips_little_endian() {
    run_example("bare-mips", "bare-mips/bare-mipsel.elf", "bare-mips/expected-mipsel.txt");
}

#[test]
fn bare_mips_big_endian() {
    run_example("bare-mips", "bare-mips/bare-mips.elf", "bare-mips/expected-mips.txt");
}

#[test]
fn arm_exceptions() {
    run_image("bare-arm", "arm.elf", "00033977");
}

#[test]
fn mips_exceptions() {
    run_image("bare-mips", "mipsel.elf", "fb26afcf");
    run_image("bare-mips", "mips.elf", "fb26afcf");
}

#[test]
fn what_cannot_be_booted_is_named() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let arm = std::fs::read(examples.join("bare-arm/bare-arm.elf")).expect("the example is there");
    // The physical address of the first segment.
    let mut elsewhere = arm.clone();
    elsewhere[52 + 12..52 + 16].copy_from_slice(&0x7000_0000_u32.to_le_bytes());
    let error = |board: &str, image: &[u8]| boot(BootOptions::new(board, image.to_vec())).err();
    assert!(matches!(error("raspi", &arm), Some(BootError::NoBoard { .. })));
    assert!(matches!(error("bare-arm", b"#!/bin/sh"), Some(BootError::NotElf { .. })));
    assert!(matches!(error("bare-mips", &arm), Some(BootError::WrongMachine { .. })));
    assert!(matches!(error("bare-arm", &elsewhere), Some(BootError::OutsideRam { .. })));
    assert!(matches!(error("bare-arm", &arm[..arm.len() / 2]), Some(BootError::Truncated)));
}

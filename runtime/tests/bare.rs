//! The example images on the bare boards, run to power-off by every engine.

use std::path::Path;
use std::sync::Arc;

use demotic_ir::GuestArch;
use demotic_runtime::machine::console::Capture;
use demotic_runtime::machine::{BootOptions, Booted, Machine, Outcome, boot};
use demotic_translator::{EngineKind, EngineOptions, MemoryModel, Vcpu};

/// Runs an example until it switches its machine off; gives what it wrote, too.
fn run(board: &str, image: &str, kind: EngineKind) -> (Machine, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(image);
    let capture = Capture::default();
    let mut options = BootOptions::from_file(board, &path).expect("the example is there");
    options.output = Box::new(capture.clone());
    let Booted { mut machine, cpu, arch } = boot(options).expect("the example fits its board");
    let arch: Arc<dyn GuestArch> = Arc::from(arch);
    let code = Arc::new(machine.code());
    let memory = Some(MemoryModel::Sections);
    let options = EngineOptions { kind, memory, hot: 50, ..EngineOptions::default() };
    let mut vcpu = Vcpu::new::<Machine>(arch, code, options).expect("the host is supported");
    vcpu.cpu().clone_from(&cpu);
    machine.set_kicker(vcpu.kicker());
    vcpu.run(&mut machine);
    (machine, capture.text())
}

fn expect_42(board: &str, image: &str) {
    for kind in [EngineKind::Interp, EngineKind::Jit, EngineKind::Auto] {
        let (machine, text) = run(board, image, kind);
        println!("{kind:?}:\n{text}\n{}", machine.report());
        assert_eq!(machine.outcome(), Some(&Outcome::PowerOff { code: 42 }), "{kind:?} wrote:\n{text}");
    }
}

#[test]
fn bare_arm() {
    expect_42("bare-arm", "bare-arm/bare-arm.elf");
}

#[test]
fn bare_mips_little_endian() {
    expect_42("bare-mips", "bare-mips/bare-mipsel.elf");
}

#[test]
fn bare_mips_big_endian() {
    expect_42("bare-mips", "bare-mips/bare-mips.elf");
}

//! Sequences on the reference: a program whose code, inputs and outputs are tables.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use crate::plan::{BUFFER, BUFFER_LEN, Plan, RESERVED, Sequence, TEXT};

/// Words of a sequence's place in the table of code.
const STUB: usize = 8;

/// The records after each sequence; `None` where the tools are missing.
pub(crate) fn run(plan: &Plan, sequences: &[Sequence]) -> Option<Vec<u8>> {
    let name = format!("demotic-ase-{}-{}-{}", std::process::id(), plan.file, plan.config.big_endian);
    let directory = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&directory).expect("the temporary directory can be written");
    let file = |name: &str| -> PathBuf { directory.join(name) };
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(file(name), bytes).expect("the temporary directory can be written");
    };
    write("a.s", program(plan, sequences.len()).as_bytes());
    write("in.bin", &sequences.iter().flat_map(|s| s.input.iter().copied()).collect::<Vec<u8>>());
    write("code.bin", &code(plan, sequences));
    let (tools, qemu) = match plan.config.big_endian {
        true => ("mips-linux-gnu", "qemu-mips"),
        false => ("mipsel-linux-gnu", "qemu-mipsel"),
    };
    let run = |tool: String, args: &[&str]| {
        let output = Command::new(&tool).args(args).current_dir(&directory).output().ok()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{tool}: {:?} {errors}", output.status);
        Some(output.stdout)
    };
    run(format!("{tools}-as"), &[plan.assembler, &["-o", "a.o", "a.s"]].concat())?;
    run(format!("{tools}-ld"), &["-N", &format!("-Ttext={TEXT:#x}"), "-o", "a.elf", "a.o"])?;
    let output = run(qemu.to_string(), &["-cpu", plan.cpu, "a.elf"])?;
    std::fs::remove_dir_all(&directory).expect("the directory was just made");
    assert_eq!(output.len(), sequences.len() * plan.record());
    Some(output)
}

/// The table of code: each sequence is followed by a jump back.
fn code(plan: &Plan, sequences: &[Sequence]) -> Vec<u8> {
    let back = 2 << 26 | (TEXT + 8) >> 2;
    let mut code = Vec::new();
    for sequence in sequences {
        let mut words = sequence.words.clone();
        words.push(back);
        words.resize(STUB, 0);
        code.extend(words.into_iter().flat_map(|word| plan.bytes(word)));
    }
    code
}

/// The program. Its variables are before the buffer, so that they can be reached with one address.
fn program(plan: &Plan, count: usize) -> String {
    let general: Vec<u32> = (1..32).filter(|n| !RESERVED.contains(n)).collect();
    let (record, buffer) = (plan.record(), 4 * plan.state_words);
    let mut text = format!(
        ".set noreorder\n.set noat\n.globl __start\n__start:\nb begin\nnop\nb resume\nnop\n\
         input: .word in\noutput: .word out\nstub: .word code\n\
         .org {:#x}\n.space {BUFFER_LEN}\nbegin:\nlui $27, %hi(input)\nlw $26, %lo(input)($27)\n",
        BUFFER - TEXT
    );
    for at in (0..BUFFER_LEN).step_by(4) {
        let _ = write!(
            text,
            "lw $2, {}($26)\nlui $27, %hi({BUFFER})\nsw $2, %lo({BUFFER})+{at}($27)\n",
            buffer + at
        );
    }
    text += &plan.load;
    for r in &general {
        let _ = writeln!(text, "lw ${r}, {}($26)", 4 * r);
    }
    text += "lui $26, %hi(stub)\nlw $26, %lo(stub)($26)\njr $26\nnop\n";
    text += "resume:\nlui $27, %hi(output)\nlw $27, %lo(output)($27)\n";
    for r in &general {
        let _ = writeln!(text, "sw ${r}, {}($27)", 4 * r);
    }
    text += &plan.store;
    for at in (0..BUFFER_LEN).step_by(4) {
        let _ = write!(
            text,
            "lui $26, %hi({BUFFER})\nlw $2, %lo({BUFFER})+{at}($26)\nsw $2, {}($27)\n",
            buffer + at
        );
    }
    for (variable, step) in [("input", record), ("output", record), ("stub", 4 * STUB)] {
        let _ = write!(
            text,
            "lui $26, %hi({variable})\nlw $2, %lo({variable})($26)\naddiu $2, $2, {step}\nsw $2, %lo({variable})($26)\n"
        );
    }
    let _ = write!(
        text,
        "lui $3, %hi(in + {len})\naddiu $3, $3, %lo(in + {len})\nlui $26, %hi(input)\nlw $2, %lo(input)($26)\n\
         bne $2, $3, again\nnop\n\
         lui $5, %hi(out)\naddiu $5, $5, %lo(out)\nlui $6, %hi({len})\naddiu $6, $6, %lo({len})\n\
         write: li $4, 1\nli $2, 4004\nsyscall\nbnez $7, done\nnop\naddu $5, $5, $2\nsubu $6, $6, $2\nbnez $6, write\nnop\n\
         done: li $4, 0\nli $2, 4001\nsyscall\nagain: j begin\nnop\n\
         .align 4\nin: .incbin \"in.bin\"\n.align 4\ncode: .incbin \"code.bin\"\n.bss\n.align 4\nout: .space {len}\n",
        len = count * record
    );
    text
}

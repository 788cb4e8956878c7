//! Compiles the decoder of a sample table and runs `sample_main.rs.in` against it.

use std::path::{Path, PathBuf};
use std::process::Command;

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

fn rustc(source: &Path, arguments: &[&str]) {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--edition", "2024", "--out-dir"])
        .arg(source.parent().unwrap())
        .args(arguments)
        .arg(source)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn generated_code_does_what_the_table_says() {
    let directory = directory("sample");
    decodegen::Generator::new("sample").file(here("sample.decode")).gated().write(&directory).unwrap();
    let main = directory.join("main.rs");
    std::fs::copy(here("sample_main.rs.in"), &main).unwrap();
    rustc(&main, &["-O"]);
    let output = Command::new(directory.join("main")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn small_tables_compile_without_warnings() {
    for (name, table) in [
        ("empty", "@width 32\n"),
        ("one", "@width 16\nNOP 0000 0000 0000 0000 \"nop\"\n"),
        ("any", "@width 16\nANY ---- ---- ---- ---- \"any\"\n"),
    ] {
        let directory = directory(name);
        std::fs::write(directory.join("t.decode"), table).unwrap();
        decodegen::Generator::new("t").file(directory.join("t.decode")).write(&directory).unwrap();
        let source = directory.join("lib.rs");
        std::fs::write(
            &source,
            "//! Test.\n#![deny(warnings, missing_docs)]\n/// Test.\npub mod t { include!(\"t.rs\"); }\n",
        )
        .unwrap();
        rustc(&source, &["--crate-type=lib", "--emit=metadata"]);
    }
}

#[test]
fn sets_decode_the_same_word_differently() {
    let directory = directory("sets");
    let table = "@width 16\nOLD 0000 0000 0000 00aa \"old\" only first\nBOTH 0000 0000 0001 0000 \"both\"\n\
                 @only second\nNEW 0000 0000 0000 0aa1 \"new\"\n";
    std::fs::write(directory.join("t.decode"), table).unwrap();
    let generator = decodegen::Generator::new("t").file(directory.join("t.decode"));
    generator.clone().sets(["first", "second"]).write(&directory).unwrap();
    let main = directory.join("main.rs");
    std::fs::write(
        &main,
        "//! Test.\n#![deny(warnings, missing_docs)]\n/// Test.\npub mod t { include!(\"t.rs\"); }\n\
         use t::{Set, decode, random, row, ROWS};\nfn main() {\n\
         let name = |word, set| row(word, set).map(|row| row.name);\n\
         assert_eq!((name(1, Set::First), name(1, Set::Second)), (Some(\"OLD\"), Some(\"NEW\")));\n\
         assert_eq!((name(16, Set::First), name(16, Set::Second)), (Some(\"BOTH\"), Some(\"BOTH\")));\n\
         assert!(decode(7, Set::First).is_none() && decode(7, Set::Second).is_some());\n\
         assert_eq!(random(&ROWS[2], &mut || 6), Some(7));\n}\n",
    )
    .unwrap();
    rustc(&main, &[]);
    assert!(Command::new(directory.join("main")).status().unwrap().success());
    let errors = generator.sets(["first"]).write(&directory).unwrap_err();
    assert!(errors.to_string().contains(":5: there is no set called `second`"), "{errors}");
}

#[test]
fn errors_name_file_and_line() {
    let directory = directory("errors");
    let (first, second) = (directory.join("a.decode"), directory.join("b.decode"));
    std::fs::write(&first, "@width 16\nA 0000 0000 0000 000 \"a\"\nB 0000 0000 0000 000x \"b\"\n").unwrap();
    std::fs::write(&second, "@width 16\n\nC 0000 0000 0000 00x0 \"c\"\n").unwrap();
    let errors = decodegen::Generator::new("t").file(&first).file(&second).write(&directory).unwrap_err();
    let (first, second) = (first.display(), second.display());
    assert_eq!(
        format!("{errors:?}"),
        format!(
            "2 error(s) in the decode tables\n\
             {first}:2: the pattern has 15 bits instead of 16\n\
             {second}:3: `C` and `B` at {first}:3 overlap, and neither specialises the other: both match 0x0\n"
        )
    );
    let missing = directory.join("missing.decode");
    let errors = decodegen::Generator::new("t").file(&missing).write(&directory).unwrap_err();
    assert_eq!((errors.0.len(), errors.0[0].line), (1, 0));
}

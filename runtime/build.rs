//! Turns the tables of system calls into Rust: `OUT_DIR/syscalls.rs` holds one sorted static per ABI.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

/// Table file and the name of its static.
const TABLES: [(&str, &str); 2] = [("arm_eabi.tbl", "ARM_EABI"), ("mips_o32.tbl", "MIPS_O32")];

/// Spellings of argument kinds and their `ArgKind` variants.
const KINDS: [(&str, &str); 16] = [
    ("int", "Int"),
    ("uint", "Uint"),
    ("size", "Size"),
    ("flags", "Flags"),
    ("oflags", "OpenFlags"),
    ("mode", "Mode"),
    ("pid", "Pid"),
    ("fd", "Fd"),
    ("sig", "Signal"),
    ("path", "Path"),
    ("str", "Str"),
    ("buf", "Buffer"),
    ("ptr", "Pointer"),
    ("id16", "Id16"),
    ("off64", "Offset64"),
    ("-", ""),
];

fn main() {
    println!("cargo::rerun-if-changed=src/linux/tables");
    let mut out = String::new();
    for (file, name) in TABLES {
        let path = Path::new("src/linux/tables").join(file);
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let rows: Vec<String> = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .map(|(i, line)| {
                row(line).unwrap_or_else(|e| panic!("{}:{}: {e}: {line}", path.display(), i + 1))
            })
            .collect();
        check_order(file, &text);
        writeln!(out, "/// The rows of {file}, by number.").unwrap();
        writeln!(out, "pub static {name}: [Syscall; {}] = [", rows.len()).unwrap();
        rows.iter().for_each(|row| out.push_str(row));
        out.push_str("];\n");
    }
    let dir = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&dir).join("syscalls.rs"), out).expect("OUT_DIR is writable");
}

fn check_order(file: &str, text: &str) {
    let numbers: Vec<u32> = text
        .lines()
        .filter_map(|line| line.split_whitespace().next().and_then(|word| word.parse().ok()))
        .collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{file}: numbers must ascend");
}

/// One row as the initialiser of a `Syscall`.
fn row(line: &str) -> Result<String, &'static str> {
    let mut words = line.split_whitespace();
    let mut next = || words.next().ok_or("too few columns");
    let number: u32 = next()?.parse().map_err(|_| "not a number")?;
    let (name, handler, args, support) = (next()?, next()?, next()?, next()?);
    let note = words.collect::<Vec<_>>().join(" ");
    let kinds = args.split(',').map(kind).collect::<Result<Vec<_>, _>>()?;
    let handler = handler_expression(handler, &kinds)?;
    let support = match support {
        "full" => "Full",
        "partial" => "Partial",
        "none" => "None",
        _ => return Err("unknown support level"),
    };
    let kinds: Vec<String> =
        kinds.iter().filter(|k| !k.is_empty()).map(|k| format!("ArgKind::{k}")).collect();
    Ok(format!(
        "    Syscall {{ number: {number}, name: {name:?}, handler: {handler}, args: &[{}], \
         support: Support::{support}, note: {note:?} }},\n",
        kinds.join(", ")
    ))
}

fn kind(word: &str) -> Result<&'static str, &'static str> {
    KINDS.iter().find(|(name, _)| *name == word).map(|&(_, variant)| variant).ok_or("unknown argument kind")
}

fn handler_expression(handler: &str, kinds: &[&str]) -> Result<String, &'static str> {
    if handler == "none" {
        return Ok("Handler::None".into());
    }
    if let Some(host) = handler.strip_prefix("host:") {
        check_host_arguments(kinds)?;
        return Ok(format!("Handler::Host(libc::SYS_{host})"));
    }
    match handler.split_once("::") {
        Some(_) => Ok(format!("Handler::Own(handlers::{handler})")),
        None => Err("a handler is `module::function`, `host:NAME` or `none`"),
    }
}

/// What is passed on must be something that the dispatcher knows how to translate.
fn check_host_arguments(kinds: &[&str]) -> Result<(), &'static str> {
    for (i, kind) in kinds.iter().enumerate() {
        if *kind == "Pointer" {
            return Err("a call that is passed on cannot have plain pointers");
        }
        if *kind == "Buffer" && kinds.get(i + 1) != Some(&"Size") {
            return Err("a buffer must be followed by its size");
        }
    }
    Ok(())
}

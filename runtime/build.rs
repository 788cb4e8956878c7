//! Turns the tables of the Linux personality into Rust: `OUT_DIR/syscalls.rs` holds one sorted static of system calls per
//! ABI, `OUT_DIR/ioctls.rs` the requests of device control.

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
    fs::write(Path::new(&dir).join("ioctls.rs"), ioctls()).expect("OUT_DIR is writable");
    fs::write(Path::new(&dir).join("shown.rs"), shown_rows()).expect("OUT_DIR is writable");
}

/// `shown.tbl` as a sorted static: how calls look to `--strace`.
fn shown_rows() -> String {
    let text = fs::read_to_string("src/linux/tables/shown.tbl").expect("shown.tbl is there");
    let mut rows: Vec<(&str, String)> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let (name, shown) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let shown: Vec<String> = shown.split(',').map(|word| shown_argument(line, word)).collect();
        rows.push((name, shown.join(", ")));
    }
    rows.sort();
    let mut out = format!(
        "/// The rows of shown.tbl, by name.\nstatic SHOWN: [(&str, &[Shown]); {}] = [\n",
        rows.len()
    );
    for (name, shown) in rows {
        writeln!(out, "    ({name:?}, &[{shown}]),").unwrap();
    }
    out.push_str("];\n");
    out
}

/// How one argument is shown, as a `Shown`.
fn shown_argument(line: &str, word: &str) -> String {
    match word.split_once(':') {
        None if word == "-" => "Shown::Kind".into(),
        Some(("flags", set)) => format!("Shown::Flags(names::{set})"),
        Some(("one", set)) => format!("Shown::One(names::{set})"),
        Some(("in", shape)) => format!("Shown::In(shapes::{shape})"),
        Some(("out", shape)) => format!("Shown::Out(shapes::{shape})"),
        _ => panic!("shown.tbl: unknown argument `{word}`: {line}"),
    }
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
        if host.parse::<u32>().is_ok() {
            return Ok(format!("Handler::Host({host})"));
        }
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

/// The table of requests as a static.
fn ioctls() -> String {
    let path = "src/linux/tables/ioctl.tbl";
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let rows: Vec<String> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(i, line)| ioctl(line).unwrap_or_else(|| panic!("{path}:{}: malformed: {line}", i + 1)))
        .collect();
    format!("/// The rows of ioctl.tbl.\nstatic IOCTLS: [Ioctl; {}] = [\n{}];\n", rows.len(), rows.concat())
}

/// One row as the initialiser of an `Ioctl`; `None` if it is malformed.
fn ioctl(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [name, number, mips, argument @ ..] = words.as_slice() else { return None };
    let (own, host) = number.split_once('/').unwrap_or((number, number));
    let (generic, host) = (Request::parse(own)?, Request::parse(host)?);
    let mips = if *mips == "=" { Request::parse(own)? } else { Request::parse(mips)? };
    Some(format!(
        "    Ioctl {{ name: {name:?}, generic: {:#x}, mips: {:#x}, host: {:#x}, count: {}, any_size: {}, \
         argument: {} }},\n",
        generic.encode([1, 2], 30, 4),
        mips.encode([4, 2], 29, 4),
        host.encode([1, 2], 30, 8),
        generic.count,
        generic.size == Some(Size::Any),
        ioctl_argument(argument)?,
    ))
}

/// The size that a request's number says its argument has.
#[derive(Clone, Copy, PartialEq)]
enum Size {
    Bytes(u32),
    Long,
    Any,
}

/// A request's number.
struct Request {
    /// Whether the argument is written by the program, and whether it is read by it.
    direction: [bool; 2],
    /// Type and number, or all of it.
    low: u32,
    /// How many consecutive numbers there are.
    count: u32,
    size: Option<Size>,
}

impl Request {
    fn parse(text: &str) -> Option<Request> {
        let parts: Vec<&str> = text.split(',').collect();
        let [direction, kind, number, size] = parts.as_slice() else {
            return Some(Request { direction: [false; 2], low: integer(text)?, count: 1, size: None });
        };
        let kind = integer(kind).or_else(|| Some(u32::from(*kind.as_bytes().first()?)))?;
        let (first, last) = number.split_once("..").unwrap_or((number, number));
        let (first, last) = (integer(first)?, integer(last)?);
        let size = match *size {
            "long" => Size::Long,
            "*" => Size::Any,
            bytes => Size::Bytes(integer(bytes)?),
        };
        Some(Request {
            direction: [direction.contains('W'), direction.contains('R')],
            low: (kind << 8) | first,
            count: last.checked_sub(first)? + 1,
            size: Some(size),
        })
    }

    /// The number where writing and reading are these bits above `shift`, neither is bit 29 on MIPS, and `long` has
    /// this many bytes.
    fn encode(&self, bits: [u32; 2], shift: u32, long: u32) -> u32 {
        let Some(size) = self.size else { return self.low };
        let none = u32::from(shift == 29);
        let direction = match self.direction {
            [false, false] => none,
            [write, read] => (u32::from(write) * bits[0]) | (u32::from(read) * bits[1]),
        };
        let size = match size {
            Size::Bytes(bytes) => bytes,
            Size::Long => long,
            Size::Any => 0,
        };
        (direction << shift) | (size << 16) | self.low
    }
}

/// A decimal or hexadecimal number.
fn integer(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// An `Argument`.
fn ioctl_argument(words: &[&str]) -> Option<String> {
    Some(match words {
        ["none"] => "Argument::None".into(),
        ["value"] => "Argument::Value".into(),
        ["bytes"] => "Argument::Bytes".into(),
        ["words"] => "Argument::Words".into(),
        ["in", structure] => format!("Argument::In({})", members(structure)?),
        ["out", structure] => format!("Argument::Out({})", members(structure)?),
        ["inout", structure] => format!("Argument::InOut({})", members(structure)?),
        [counted @ ("counted" | "counted-in"), header, count, item] => {
            let (offset, width) = count.split_once(':')?;
            format!(
                "Argument::Counted {{ header: {}, offset: {}, width: {}, item: {}, written: {} }}",
                members(header)?,
                integer(offset)?,
                integer(width)?,
                members(item)?,
                *counted == "counted",
            )
        }
        [function] => format!("Argument::Own(special::{})", function.strip_prefix("fn:")?),
        _ => return None,
    })
}

/// A structure.
fn members(text: &str) -> Option<String> {
    let member = |member: &str| -> Option<String> {
        if let Some(bytes) = member.strip_prefix('b') {
            return Some(format!("Member::U8({})", integer(bytes)?));
        }
        let (kind, count) = member.split_once('x').unwrap_or((member, "1"));
        let kind = match kind {
            "u8" => "U8",
            "u16" => "U16",
            "u32" => "U32",
            "u64" => "U64",
            "long" => "Long",
            "ulong" => "UnsignedLong",
            _ => return None,
        };
        Some(format!("Member::{kind}({})", integer(count)?))
    };
    let members = text.split(',').map(member).collect::<Option<Vec<_>>>()?;
    Some(format!("&[{}]", members.join(", ")))
}

//! Reads the text form that `print.rs` writes.

use std::collections::HashMap;
use std::fmt;

use crate::block::{Block, GuestInsn, Inst, Loc};
use crate::exit::{Exit, Trap};
use crate::lanes::{Lanes, Shuffle};
use crate::ops::{OPS, Op};
use crate::softfloat::{FloatCall, FloatOp, Number};
use crate::state::StateLayout;
use crate::types::{FlagCc, FlagMask, FloatCc, FpMode, IntCc, MemOp, MemSize, Rounding, Type};
use crate::value::{ExitId, HelperId, Slot, Value};

/// Why a text is not a block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// Line number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

/// Hands out the comma-separated fields of an op.
pub(crate) struct Fields<'a> {
    rest: std::vec::IntoIter<&'a str>,
    context: &'a mut Context<'a>,
}

struct Context<'a> {
    layout: &'a StateLayout,
    names: HashMap<String, Value>,
    exits: Vec<Exit>,
}

impl Fields<'_> {
    pub(crate) fn field<T: ParseField>(&mut self) -> Result<T, String> {
        let text = self.rest.next().ok_or("an operand is missing")?.trim();
        T::parse(text, self.context)
    }
}

/// A field of an op that can be read.
pub(crate) trait ParseField: Sized {
    #[expect(private_interfaces, reason = "the trait is used in this crate only")]
    fn parse(text: &str, context: &mut Context<'_>) -> Result<Self, String>;
}

macro_rules! parse_field {
    ($($t:ty => |$text:ident, $cx:ident| $body:expr;)*) => {
        $(impl ParseField for $t {
            #[expect(private_interfaces, reason = "the trait is used in this crate only")]
            fn parse($text: &str, $cx: &mut Context<'_>) -> Result<Self, String> { let _ = &$cx; $body }
        })*
    };
}

parse_field! {
    Value => |text, cx| cx.names.get(text).copied().ok_or(format!("`{text}` is not defined"));
    u64 => |text, cx| number(text);
    i32 => |text, cx| text.parse().map_err(|_| format!("`{text}` is not a displacement"));
    u8 => |text, cx| text.parse().map_err(|_| format!("`{text}` is not a small number"));
    Lanes => |text, cx| Lanes::from_name(text).ok_or(format!("`{text}` is not a division into lanes"));
    Shuffle => |text, cx| shuffle(text);
    Type => |text, cx| type_name(text);
    IntCc => |text, cx| IntCc::from_name(text).ok_or(format!("`{text}` is not a comparison"));
    FloatCc => |text, cx| FloatCc::from_name(text).ok_or(format!("`{text}` is not a comparison"));
    FlagCc => |text, cx| FlagCc::from_name(text).ok_or(format!("`{text}` is not a condition"));
    MemSize => |text, cx| MemSize::from_name(text).ok_or(format!("`{text}` is not a width"));
    HelperId => |text, cx| text.strip_prefix("helper").and_then(|n| n.parse().ok()).map(HelperId).ok_or(format!("`{text}` is not a helper"));
    FlagMask => |text, cx| flag_mask(text);
    MemOp => |text, cx| mem_op(text);
    FpMode => |text, cx| fp_mode(text);
    FloatCall => |text, cx| float_call(text).ok_or(format!("`{text}` is not a floating-point operation"));
    Slot => |text, cx| slot(text, cx.layout);
    ExitId => |text, cx| {
        let exit = parse_exit(text, &cx.names)?;
        cx.exits.push(exit);
        Ok(ExitId((cx.exits.len() - 1) as u16))
    };
}

fn number(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| format!("`{text}` is not a number"))
}

fn shuffle(text: &str) -> Result<Shuffle, String> {
    let mask = text.strip_prefix("0x").and_then(|hex| u128::from_str_radix(hex, 16).ok());
    mask.map(Shuffle::new).ok_or(format!("`{text}` is not a shuffle"))
}

fn type_name(text: &str) -> Result<Type, String> {
    Type::ALL.into_iter().find(|t| t.name() == text).ok_or(format!("`{text}` is not a type"))
}

fn flag_mask(text: &str) -> Result<FlagMask, String> {
    let mut mask = 0;
    for c in text.chars() {
        mask |= match c {
            'n' => FlagMask::N.0,
            'z' => FlagMask::Z.0,
            'c' => FlagMask::C.0,
            'v' => FlagMask::V.0,
            _ => return Err(format!("`{text}` is not a set of flags")),
        };
    }
    Ok(FlagMask(mask))
}

fn mem_op(text: &str) -> Result<MemOp, String> {
    let mut parts = text.split('.');
    let size = parts.next().and_then(MemSize::from_name).ok_or(format!("`{text}` is not an access"))?;
    let mut mem = MemOp::new(size);
    for part in parts {
        match part {
            "s" => mem.sign = true,
            "be" => mem.big = true,
            "al" => mem.aligned = true,
            _ => return Err(format!("`{part}` is not a property of an access")),
        }
    }
    Ok(mem)
}

fn fp_mode(text: &str) -> Result<FpMode, String> {
    let mut parts = text.split('.');
    let round = parts.next().and_then(Rounding::from_name).ok_or(format!("`{text}` is not a rounding"))?;
    let mut mode = FpMode::NEAREST.rounding(round);
    for part in parts {
        match part {
            "fz" => mode.flush = true,
            "dn" => mode.default_nan = true,
            _ => return Err(format!("`{part}` is not a property of floating-point arithmetic")),
        }
    }
    Ok(mode)
}

fn float_call(text: &str) -> Option<FloatCall> {
    let mut parts = text.split(':');
    let op = FloatOp::from_name(parts.next()?)?;
    let from = Number::from_name(parts.next()?)?;
    let to = Number::from_name(parts.next()?)?;
    let fraction = parts.next()?.parse().ok()?;
    let mode = fp_mode(parts.next()?).ok()?;
    Some(FloatCall { op, from, to, fraction, mode })
}

fn slot(text: &str, layout: &StateLayout) -> Result<Slot, String> {
    if let Some(info) = layout.by_name(text) {
        return Ok(info.slot);
    }
    text.strip_prefix("slot")
        .and_then(|n| n.parse().ok())
        .map(Slot)
        .ok_or(format!("`{text}` is not a state slot"))
}

fn parse_exit(text: &str, names: &HashMap<String, Value>) -> Result<Exit, String> {
    let cleaned = text.replace(['[', ']'], " ");
    let words: Vec<&str> = cleaned.split_whitespace().collect();
    let value = |i: usize| {
        let name = words.get(i).copied().unwrap_or_default();
        names.get(name).copied().ok_or(format!("`{name}` is not defined"))
    };
    let num = |i: usize| number(words.get(i).copied().unwrap_or_default());
    Ok(match words.first().copied().unwrap_or_default() {
        "jump" => Exit::Jump { target: num(1)? },
        "branch" => Exit::Branch { cond: value(1)?, taken: num(2)?, fallthrough: num(3)? },
        "call" => Exit::Call { target: num(1)?, ret: num(2)? },
        "call_indirect" => Exit::CallIndirect { target: value(1)?, ret: num(2)? },
        "return" => Exit::Return { target: value(1)? },
        "jump_indirect" => Exit::JumpIndirect { target: value(1)? },
        "switch" => {
            let end = words.len().checked_sub(1).filter(|&n| n >= 2).ok_or("a switch needs a default")?;
            let targets = words[2..end].iter().map(|w| number(w)).collect::<Result<_, _>>()?;
            Exit::Switch { index: value(1)?, targets, default: num(end)? }
        }
        "trap" => {
            // An unimplemented instruction has its name between detail and addresses.
            let named = words.len() == 6;
            let (pc, next) = (num(if named { 4 } else { 3 })?, num(if named { 5 } else { 4 })?);
            Exit::Trap {
                trap: parse_trap(words.get(1).copied().unwrap_or_default(), num(2)? as u32)?,
                pc,
                next,
            }
        }
        other => return Err(format!("`{other}` is not an exit")),
    })
}

fn parse_trap(name: &str, detail: u32) -> Result<Trap, String> {
    Ok(match name {
        "syscall" => Trap::Syscall { imm: detail },
        "breakpoint" => Trap::Breakpoint { imm: detail },
        "undefined" => Trap::Undefined { word: detail },
        // The name is static in the tables; in the text form it is for the reader.
        "unimplemented" => Trap::Unimplemented { word: detail, name: "" },
        "privileged" => Trap::Privileged { word: detail },
        "arithmetic" => Trap::Arithmetic { code: detail },
        "fetch" => Trap::Fetch,
        "misaligned" => Trap::Misaligned,
        "interrupt_check" => Trap::InterruptCheck,
        "cache_flush" => Trap::CacheFlush,
        _ => return Err(format!("`{name}` is not a trap")),
    })
}

/// Reads a block in the text form. Value names are free: they are renumbered by position.
///
/// # Errors
/// The first line that does not fit, and why.
pub fn parse_block(text: &str, layout: &StateLayout) -> Result<Block, ParseError> {
    let mut block = Block { start: Loc::new(0), guest: Vec::new(), insts: Vec::new(), exits: Vec::new() };
    let mut names = HashMap::new();
    let mut seen_head = false;
    for (i, raw) in text.lines().enumerate() {
        let line = raw.split('#').next().unwrap_or_default().trim();
        let fail = |message: String| ParseError { line: i + 1, message };
        if line.is_empty() || line == "}" {
            continue;
        }
        if let Some(head) = line.strip_prefix("block ") {
            block.start = parse_head(head).map_err(fail)?;
            seen_head = true;
        } else if let Some(insn) = line.strip_prefix("insn ") {
            block.guest.push(parse_insn(insn).map_err(fail)?);
        } else {
            names = parse_inst(line, names, layout, &mut block).map_err(fail)?;
        }
    }
    if seen_head {
        Ok(block)
    } else {
        Err(ParseError { line: 1, message: "there is no `block` line".into() })
    }
}

fn parse_head(text: &str) -> Result<Loc, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        [pc, "mode", mode, "{"] => Ok(Loc { pc: number(pc)?, mode: number(mode)? as u32 }),
        _ => Err("expected `block ADDRESS mode BITS {`".into()),
    }
}

fn parse_insn(text: &str) -> Result<GuestInsn, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        [pc, len, word] => {
            Ok(GuestInsn { pc: number(pc)?, len: number(len)? as u8, word: number(word)? as u32 })
        }
        _ => Err("expected `insn ADDRESS LENGTH WORD`".into()),
    }
}

/// Reads one instruction into `block`; gives the names defined so far back.
fn parse_inst(
    line: &str,
    names: HashMap<String, Value>,
    layout: &StateLayout,
    block: &mut Block,
) -> Result<HashMap<String, Value>, String> {
    let (def, rest) = match line.split_once('=') {
        Some((name, rest)) => (Some(name.trim()), rest.trim()),
        None => (None, line),
    };
    let (head, operands) = rest.split_once(' ').unwrap_or((rest, ""));
    let (name, ty) = head.split_once('.').unwrap_or((head, "bool"));
    let ty = type_name(ty)?;
    let mut context = Context { layout, names, exits: std::mem::take(&mut block.exits) };
    let list: Vec<&str> = if operands.trim().is_empty() { Vec::new() } else { operands.split(',').collect() };
    let wanted =
        OPS.iter().find(|o| o.name == name).map_or(list.len(), |o| o.operands.len() + o.immediates.len());
    if wanted != list.len() {
        return Err(format!("`{name}` takes {wanted} operands"));
    }
    let (op, context) = parse_op(name, ty, list, &mut context)?;
    let mut names = std::mem::take(&mut context.names);
    block.exits = std::mem::take(&mut context.exits);
    if let Some(def) = def {
        names.insert(def.to_string(), Value(block.insts.len() as u32));
    }
    block.insts.push(Inst { op, src: block.guest.len().saturating_sub(1) as u16 });
    Ok(names)
}

fn parse_op<'a>(
    name: &str,
    ty: Type,
    list: Vec<&'a str>,
    context: &'a mut Context<'a>,
) -> Result<(Op, &'a mut Context<'a>), String> {
    let mut fields = Fields { rest: list.into_iter(), context };
    let op = Op::parse_fields(name, ty, &mut fields)?;
    Ok((op, fields.context))
}

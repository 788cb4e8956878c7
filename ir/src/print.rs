//! The IR as text. `parse.rs` reads it back; the round trip is exact.
//!
//! ```text
//! block 0x8000 mode 0 {
//!   insn 0x8000 4 0xe0810002
//!     v0 = get.i32 r1
//!     v1 = get.i32 r2
//!     v2 = add.i32 v0, v1
//!     put.i32 v2, r0
//!   insn 0x8004 4 0xe12fff1e
//!     v4 = get.i32 lr
//!     exit return v4
//! }
//! ```

use std::fmt::Write;

use crate::block::Block;
use crate::exit::{Exit, Trap};
use crate::lanes::{Lanes, Shuffle};
use crate::ops::Op;
use crate::softfloat::FloatCall;
use crate::state::StateLayout;
use crate::types::{FlagCc, FlagMask, FloatCc, FpMode, IntCc, MemOp, MemSize, Type};
use crate::value::{ExitId, HelperId, Slot, Value};

/// Collects the comma-separated fields of an op.
pub(crate) struct Fields<'a> {
    out: String,
    layout: &'a StateLayout,
    exits: &'a [Exit],
}

impl Fields<'_> {
    pub(crate) fn field(&mut self, field: &impl PrintField) {
        self.out.push_str(if self.out.is_empty() { " " } else { ", " });
        field.print(self);
    }
}

/// A field of an op that can be printed.
pub(crate) trait PrintField {
    fn print(&self, to: &mut Fields<'_>);
}

macro_rules! print_field {
    ($($t:ty => |$v:ident, $to:ident| $body:expr;)*) => {
        $(impl PrintField for $t {
            fn print(&self, $to: &mut Fields<'_>) {
                let $v = self;
                $body
            }
        })*
    };
}

print_field! {
    Value => |v, to| { let _ = write!(to.out, "v{}", v.0); };
    u64 => |v, to| { let _ = write!(to.out, "{v:#x}"); };
    i32 => |v, to| { let _ = write!(to.out, "{v}"); };
    u8 => |v, to| { let _ = write!(to.out, "{v}"); };
    Lanes => |v, to| to.out.push_str(v.name());
    Shuffle => |v, to| { let _ = write!(to.out, "{:#034x}", v.mask()); };
    Type => |v, to| to.out.push_str(v.name());
    IntCc => |v, to| to.out.push_str(v.name());
    FloatCc => |v, to| to.out.push_str(v.name());
    FlagCc => |v, to| to.out.push_str(v.name());
    MemSize => |v, to| to.out.push_str(v.name());
    HelperId => |v, to| { let _ = write!(to.out, "helper{}", v.0); };
    FlagMask => |v, to| to.out.push_str(&mask_name(*v));
    MemOp => |v, to| to.out.push_str(&mem_name(*v));
    FpMode => |v, to| to.out.push_str(&fp_mode_name(*v));
    FloatCall => |v, to| to.out.push_str(&float_call_name(v));
    Slot => |v, to| {
        let name = slot_name(*v, to.layout);
        to.out.push_str(&name);
    };
    ExitId => |v, to| {
        let text = to.exits.get(v.0 as usize).map_or_else(|| format!("missing{}", v.0), print_exit);
        to.out.push_str(&text);
    };
}

fn slot_name(slot: Slot, layout: &StateLayout) -> String {
    layout.info(slot).map_or_else(|| format!("slot{}", slot.0), |s| s.name.clone())
}

fn mask_name(mask: FlagMask) -> String {
    ['n', 'z', 'c', 'v']
        .iter()
        .enumerate()
        .filter(|(i, _)| mask.0 >> (3 - i) & 1 != 0)
        .map(|(_, c)| c)
        .collect()
}

fn mem_name(mem: MemOp) -> String {
    let mut s = mem.size.name().to_string();
    for (on, text) in [(mem.sign, ".s"), (mem.big, ".be"), (mem.aligned, ".al")] {
        if on {
            s.push_str(text);
        }
    }
    s
}

fn fp_mode_name(mode: FpMode) -> String {
    let mut s = mode.round.name().to_string();
    for (on, text) in [(mode.flush, ".fz"), (mode.default_nan, ".dn")] {
        if on {
            s.push_str(text);
        }
    }
    s
}

fn float_call_name(call: &FloatCall) -> String {
    let [op, from, to] = [call.op.name(), call.from.name(), call.to.name()];
    format!("{op}:{from}:{to}:{}:{}", call.fraction, fp_mode_name(call.mode))
}

fn print_exit(exit: &Exit) -> String {
    match exit {
        Exit::Jump { target } => format!("jump {target:#x}"),
        Exit::Branch { cond, taken, fallthrough } => {
            format!("branch v{} {taken:#x} {fallthrough:#x}", cond.0)
        }
        Exit::Call { target, ret } => format!("call {target:#x} {ret:#x}"),
        Exit::CallIndirect { target, ret } => format!("call_indirect v{} {ret:#x}", target.0),
        Exit::Return { target } => format!("return v{}", target.0),
        Exit::JumpIndirect { target } => format!("jump_indirect v{}", target.0),
        Exit::Switch { index, targets, default } => {
            let list: Vec<String> = targets.iter().map(|t| format!("{t:#x}")).collect();
            format!("switch v{} [{}] {default:#x}", index.0, list.join(" "))
        }
        Exit::Trap { trap, pc, next } => {
            let name =
                if let Trap::Unimplemented { name, .. } = trap { format!(" {name}") } else { String::new() };
            format!("trap {} {:#x}{name} {pc:#x} {next:#x}", trap.name(), trap.detail())
        }
    }
}

/// One instruction in the text form, without its line break.
pub fn print_op(block: &Block, index: usize, layout: &StateLayout) -> String {
    let op: &Op = &block.insts[index].op;
    let mut fields = Fields { out: String::new(), layout, exits: &block.exits };
    op.print_fields(&mut fields);
    let info = op.info();
    let def = if op.result_type().is_some() { format!("v{index} = ") } else { String::new() };
    let ty = if info.effects.is_control() { String::new() } else { format!(".{}", op.ty()) };
    format!("{def}{}{ty}{}", info.name, fields.out)
}

/// A block in the text form.
pub fn print_block(block: &Block, layout: &StateLayout) -> String {
    let mut out = format!("block {:#x} mode {:#x} {{\n", block.start.pc, block.start.mode);
    let mut begun = 0;
    let mut begin = |out: &mut String, upto: usize| {
        while begun < upto.min(block.guest.len()) {
            let g = &block.guest[begun];
            let _ = writeln!(out, "  insn {:#x} {} {:#x}", g.pc, g.len, g.word);
            begun += 1;
        }
    };
    for (i, inst) in block.insts.iter().enumerate() {
        begin(&mut out, inst.src as usize + 1);
        let _ = writeln!(out, "    {}", print_op(block, i, layout));
    }
    begin(&mut out, usize::MAX);
    out.push_str("}\n");
    out
}

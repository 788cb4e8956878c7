//! `demotic list`: what is supported, from the tables that the code itself is made from.

use demotic_ir::{Effects, OPS, TypeRule};
use demotic_runtime::linux::{self, Support as SyscallSupport};
use demotic_runtime::machine::boards::BOARDS;

use crate::encodings::{self, Support};
use crate::flags::{Abi, ListFlags, ListWhat};
use crate::table::Table;

/// The list that was asked for, ready to be printed.
pub(crate) fn list(flags: &ListFlags) -> String {
    match flags.what {
        ListWhat::Instructions { arch, unimplemented } => {
            let rows = arch.map_or_else(encodings::all_rows, encodings::rows);
            instructions(rows, unimplemented)
        }
        ListWhat::Ops => ops(),
        ListWhat::Syscalls { abi } => syscalls(abi),
        ListWhat::Boards => boards(),
    }
    .render(flags.json)
}

fn instructions(rows: Vec<encodings::Row>, unimplemented: bool) -> Table {
    let mut table = Table::new(&["set", "name", "supported", "feature", "pattern", "template", "table"]);
    for row in rows.into_iter().filter(|row| !unimplemented || row.support == Support::Unimplemented) {
        table.row([
            row.set.into(),
            row.name.into(),
            row.support.name().into(),
            row.feature.into(),
            encodings::spaced(row.pattern),
            row.template.into(),
            row.place,
        ]);
    }
    table
}

fn ops() -> Table {
    let mut table = Table::new(&["op", "operands", "immediates", "result", "effects", "meaning"]);
    for op in OPS {
        let operands: Vec<String> =
            op.operands.iter().map(|(name, rule)| format!("{name}: {}", type_name(*rule))).collect();
        let immediates: Vec<String> =
            op.immediates.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
        table.row([
            op.name.into(),
            operands.join(", "),
            immediates.join(", "),
            type_name(op.result),
            effects(op.effects).into(),
            op.doc.trim().into(),
        ]);
    }
    table
}

fn type_name(rule: TypeRule) -> String {
    match rule {
        TypeRule::Ty => "ty".into(),
        TypeRule::Is(ty) => ty.name().into(),
        TypeRule::Addr => "address".into(),
        TypeRule::Any => "any".into(),
        TypeRule::None => "-".into(),
    }
}

fn effects(effects: Effects) -> &'static str {
    match effects {
        Effects::PURE => "pure",
        Effects::READS_STATE => "reads state",
        Effects::WRITES_STATE => "writes state",
        Effects::LOAD => "loads",
        Effects::STORE => "stores",
        Effects::ATOMIC => "loads, stores",
        Effects::FENCE => "orders memory",
        Effects::CONTROL => "control",
        _ => "several",
    }
}

fn syscalls(abi: Option<Abi>) -> Table {
    let mut table =
        Table::new(&["abi", "number", "name", "arguments", "supported", "note"]).numbers(&["number"]);
    let tables: [(Abi, &str, &[linux::Syscall]); 2] =
        [(Abi::Arm, "arm", &linux::ARM_EABI), (Abi::Mips, "mips", &linux::MIPS_O32)];
    for (_, name, rows) in tables.into_iter().filter(|(known, ..)| abi.is_none_or(|abi| abi == *known)) {
        for row in rows {
            let arguments: Vec<String> =
                row.args.iter().map(|kind| format!("{kind:?}").to_lowercase()).collect();
            let supported = match row.support {
                SyscallSupport::Full => "yes",
                SyscallSupport::Partial => "partly",
                SyscallSupport::None => "no",
            };
            table.row([
                name.into(),
                row.number.to_string(),
                row.name.into(),
                arguments.join(","),
                supported.into(),
                row.note.into(),
            ]);
        }
    }
    table
}

fn boards() -> Table {
    let mut table = Table::new(&["board", "summary"]);
    for board in BOARDS {
        table.row([board.name.into(), board.summary.into()]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::Isa;

    #[test]
    fn every_list_has_rows_in_both_forms() {
        let lists = [
            ListWhat::Instructions { arch: Some(Isa::Arm), unimplemented: false },
            ListWhat::Ops,
            ListWhat::Syscalls { abi: None },
            ListWhat::Boards,
        ];
        for what in lists {
            let text = list(&ListFlags { what: what.clone(), json: false });
            let json = list(&ListFlags { what, json: true });
            let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
            assert_eq!(text.lines().count(), rows.len() + 1);
            assert!(!rows.is_empty());
        }
    }
}

//! Rust names for rows.

/// Words that cannot be used as plain identifiers in edition 2024.
const KEYWORDS: &[&str] = &[
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do",
    "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// `ADD_imm` as a type: `AddImm`.
pub(crate) fn camel(name: &str) -> String {
    let mut out = String::new();
    for part in name.split(['_', '.']) {
        let mut letters = part.chars();
        out.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        out.extend(letters.map(|letter| letter.to_ascii_lowercase()));
    }
    out
}

/// `ADD_imm` as a method: `add_imm`. Keywords get a trailing underscore: `BREAK` is `break_`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = name.replace('.', "_").to_ascii_lowercase();
    if is_keyword(&out) {
        out.push('_');
    }
    out
}

/// Whether a row may be called so: letters, digits, and single `_` or `.` between them.
pub(crate) fn is_row_name(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name
            .split(['_', '.'])
            .all(|part| !part.is_empty() && part.chars().all(|letter| letter.is_ascii_alphanumeric()))
        && camel(name) != "Self"
}

/// Whether a field or an operand kind may be called so.
pub(crate) fn is_identifier(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !is_keyword(name)
}

fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_names_become_rust_names() {
        assert_eq!((camel("ADD_imm"), snake("ADD_imm")), ("AddImm".into(), "add_imm".into()));
        assert_eq!((camel("ADD.S"), snake("ADD.S")), ("AddS".into(), "add_s".into()));
        assert_eq!((camel("BREAK"), snake("BREAK")), ("Break".into(), "break_".into()));
        assert!(is_row_name("VMOV_2s") && !is_row_name("2x") && !is_row_name("a__b") && !is_row_name("SELF"));
        assert!(is_identifier("rd") && !is_identifier("type"));
    }
}

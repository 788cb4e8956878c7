//! Reads a disassembly template.

use crate::model::{Field, Piece, Template};
use crate::names;
use crate::parse::find_field;

/// The template of a row that has none.
pub(crate) fn empty() -> Template {
    Template { text: String::new(), pieces: Vec::new() }
}

/// Splits `text` at its operands: `{field}`, `{field:kind}`, `{field,field:kind}`; `{{` and `}}` are plain braces.
pub(crate) fn parse(text: &str, fields: &[Field]) -> Result<Template, String> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        plain.push_str(&rest[..at]);
        let brace = &rest[at..at + 1];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            plain.push_str(brace);
            rest = after;
            continue;
        }
        if brace == "}" {
            return Err("a lone `}` in the template; write `}}` for a brace".into());
        }
        let Some((operand, after)) = rest.split_once('}') else {
            return Err("a `{` without `}` in the template; write `{{` for a brace".into());
        };
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        pieces.push(parse_operand(operand, fields)?);
        rest = after;
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(Template { text: text.into(), pieces })
}

fn parse_operand(text: &str, fields: &[Field]) -> Result<Piece, String> {
    let (list, kind) = match text.split_once(':') {
        Some((list, kind)) => (list, Some(kind.trim())),
        None => (text, None),
    };
    if let Some(kind) = kind.filter(|kind| !names::is_identifier(kind)) {
        return Err(format!("`{kind}` cannot be the name of an operand kind"));
    }
    let fields = list
        .split(',')
        .map(|name| {
            let name = name.trim();
            find_field(fields, name).ok_or_else(|| format!("unknown field `{name}` in the template"))
        })
        .collect::<Result<Vec<_>, _>>()?;
    if kind.is_none() && fields.len() > 1 {
        return Err(format!("`{{{text}}}` has several fields, so it needs a kind"));
    }
    Ok(Piece::Operand { kind: kind.map(Into::into), fields })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Vec<Field> {
        [('d', "rd"), ('s', "s")]
            .map(|(letter, name)| Field { letter, name: name.into(), bits: vec![0] })
            .into()
    }

    #[test]
    fn splits_text_and_operands() {
        let operand = |kind: Option<&str>, fields| Piece::Operand { kind: kind.map(Into::into), fields };
        let text = |text: &str| Piece::Text(text.into());
        assert_eq!(
            parse("a{s:s} {{{rd}, {s, d:shift}}}", &fields()).unwrap().pieces,
            [
                text("a"),
                operand(Some("s"), vec![1]),
                text(" {"),
                operand(None, vec![0]),
                text(", "),
                operand(Some("shift"), vec![1, 0]),
                text("}")
            ]
        );
    }

    #[test]
    fn rejects_bad_templates() {
        for (template, message) in [
            ("{d", "a `{` without `}` in the template; write `{{` for a brace"),
            ("d}", "a lone `}` in the template; write `}}` for a brace"),
            ("{q}", "unknown field `q` in the template"),
            ("{d:type}", "`type` cannot be the name of an operand kind"),
            ("{d,s}", "`{d,s}` has several fields, so it needs a kind"),
        ] {
            assert_eq!(parse(template, &fields()).unwrap_err(), message);
        }
    }
}

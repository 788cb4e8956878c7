//! Reads what follows the template of a row: constraints, outcome, feature, set.

use crate::model::{Field, Outcome};
use crate::parse::find_field;
use crate::words::{Constraint, Test};

/// The attributes of a row.
pub(crate) struct Attributes {
    pub(crate) constraints: Vec<RawConstraint>,
    pub(crate) outcome: Outcome,
    pub(crate) feature: Option<String>,
    /// The set that the row is confined to.
    pub(crate) only: Option<String>,
}

impl Default for Attributes {
    fn default() -> Self {
        Self { constraints: Vec::new(), outcome: Outcome::Executes, feature: None, only: None }
    }
}

/// A constraint whose fields have not been looked up yet.
#[derive(Clone, Debug)]
pub(crate) struct RawConstraint {
    field: String,
    test: RawTest,
}

#[derive(Clone, Debug)]
enum RawTest {
    Number(Test),
    EqField(String),
    NeField(String),
    LtField(String),
    GeField(String),
}

#[derive(Clone, Debug, PartialEq)]
enum Token<'a> {
    Word(&'a str),
    Number(u32),
    Symbol(&'static str),
}

const SYMBOLS: &[&str] = &["==", "!=", "<=", ">=", "<", ">", "&", "{", "}", ",", "!"];

/// Reads the text after a template.
pub(crate) fn parse(text: &str) -> Result<Attributes, String> {
    let mut tokens = Tokens(tokens(text)?);
    let mut attributes = Attributes::default();
    while let Some(token) = tokens.next() {
        match token {
            Token::Word("where") => attributes.constraints.append(&mut tokens.conjunction()?),
            Token::Word("feature") => {
                let name = tokens.word("a feature name")?;
                if attributes.feature.replace(name.into()).is_some() {
                    return Err("a row has at most one feature".into());
                }
            }
            Token::Word("only") => {
                let name = tokens.word("the name of a set")?;
                if attributes.only.replace(name.into()).is_some() {
                    return Err("a row is confined to at most one set".into());
                }
            }
            Token::Symbol("!") => {
                let outcome = match tokens.word("an outcome")? {
                    "undefined" => Outcome::Undefined,
                    "unpredictable" => Outcome::Unpredictable,
                    "unimplemented" => Outcome::Unimplemented,
                    other => return Err(format!("unknown outcome `!{other}`")),
                };
                if attributes.outcome != Outcome::Executes {
                    return Err("a row has at most one outcome".into());
                }
                attributes.outcome = outcome;
            }
            other => return Err(format!("unexpected {} after the template", other.shown())),
        }
    }
    Ok(attributes)
}

/// Reads a list of constraints, perhaps empty.
pub(crate) fn conjunction(text: &str) -> Result<Vec<RawConstraint>, String> {
    let mut tokens = Tokens(tokens(text)?);
    if tokens.0.is_empty() {
        return Ok(Vec::new());
    }
    let list = tokens.conjunction()?;
    match tokens.next() {
        None => Ok(list),
        Some(other) => Err(format!("unexpected {} after the constraints", other.shown())),
    }
}

/// The tokens of `text`, last first.
fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first.is_ascii_alphanumeric() || first == '_' {
            let end = |letter: char| !(letter.is_ascii_alphanumeric() || "_.".contains(letter));
            let word = &rest[..rest.find(end).unwrap_or(rest.len())];
            out.push(if first.is_ascii_digit() { Token::Number(number(word)?) } else { Token::Word(word) });
            word.len()
        } else {
            let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) else {
                return Err(format!("unexpected `{first}` after the template"));
            };
            out.push(Token::Symbol(symbol));
            symbol.len()
        };
        rest = rest[length..].trim_start();
    }
    out.reverse();
    Ok(out)
}

fn number(text: &str) -> Result<u32, String> {
    let digits = text.replace('_', "");
    let number = if let Some(digits) = digits.strip_prefix("0x") {
        u32::from_str_radix(digits, 16)
    } else if let Some(digits) = digits.strip_prefix("0b") {
        u32::from_str_radix(digits, 2)
    } else {
        digits.parse()
    };
    number.map_err(|_| format!("`{text}` is not a number"))
}

impl Token<'_> {
    fn shown(&self) -> String {
        match self {
            Self::Word(text) => format!("`{text}`"),
            Self::Symbol(text) => format!("`{text}`"),
            Self::Number(number) => format!("`{number}`"),
        }
    }
}

/// The tokens still to read, last first.
struct Tokens<'a>(Vec<Token<'a>>);

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        self.0.pop()
    }

    fn skip(&mut self, symbol: &'static str) -> bool {
        let there = self.0.last() == Some(&Token::Symbol(symbol));
        if there {
            self.0.pop();
        }
        there
    }

    fn expected<T>(&mut self, what: &str) -> Result<T, String> {
        let found = self.next().map_or("the end".into(), |token| token.shown());
        Err(format!("expected {what}, found {found}"))
    }

    fn word(&mut self, what: &str) -> Result<&'a str, String> {
        match self.0.last() {
            Some(&Token::Word(word)) => {
                self.0.pop();
                Ok(word)
            }
            _ => self.expected(what),
        }
    }

    fn number(&mut self) -> Result<u32, String> {
        match self.0.last() {
            Some(&Token::Number(number)) => {
                self.0.pop();
                Ok(number)
            }
            _ => self.expected("a number"),
        }
    }

    fn conjunction(&mut self) -> Result<Vec<RawConstraint>, String> {
        let mut list = vec![self.constraint()?];
        while self.skip(",") {
            list.push(self.constraint()?);
        }
        Ok(list)
    }

    fn constraint(&mut self) -> Result<RawConstraint, String> {
        let field = self.word("a field")?.into();
        if self.skip("&") {
            let mask = self.number()?;
            let test = match self.next() {
                Some(Token::Symbol("==")) => Test::MaskEq(mask, self.number()?),
                Some(Token::Symbol("!=")) => Test::MaskNe(mask, self.number()?),
                _ => return Err("expected `==` or `!=` after a mask".into()),
            };
            return Ok(RawConstraint { field, test: RawTest::Number(test) });
        }
        let too_large = |_| "the number is too large".to_owned();
        let next_to = |number: u32| number.checked_add(1).ok_or(()).map_err(too_large);
        let test = match self.next() {
            Some(Token::Symbol(comparison @ ("==" | "!=" | "<" | ">="))) => {
                if let Some(&Token::Word(other)) = self.0.last() {
                    self.0.pop();
                    let test = match comparison {
                        "==" => RawTest::EqField,
                        "!=" => RawTest::NeField,
                        "<" => RawTest::LtField,
                        _ => RawTest::GeField,
                    };
                    return Ok(RawConstraint { field, test: test(other.into()) });
                }
                let number = self.number()?;
                match comparison {
                    "==" => Test::Eq(number),
                    "!=" => Test::Ne(number),
                    "<" => Test::Lt(number),
                    _ => Test::Ge(number),
                }
            }
            Some(Token::Symbol("<=")) => Test::Lt(next_to(self.number()?)?),
            Some(Token::Symbol(">")) => Test::Ge(next_to(self.number()?)?),
            Some(Token::Word("in")) => Test::In(self.set()?),
            Some(Token::Word("notin")) => Test::NotIn(self.set()?),
            Some(other) => {
                return Err(format!("expected a comparison after `{field}`, found {}", other.shown()));
            }
            None => return Err(format!("expected a comparison after `{field}`")),
        };
        Ok(RawConstraint { field, test: RawTest::Number(test) })
    }

    fn set(&mut self) -> Result<Vec<u32>, String> {
        if !self.skip("{") {
            return self.expected("`{`");
        }
        let mut list = vec![self.number()?];
        while self.skip(",") {
            list.push(self.number()?);
        }
        if !self.skip("}") {
            return self.expected("`}`");
        }
        list.sort_unstable();
        list.dedup();
        Ok(list)
    }
}

impl RawConstraint {
    /// The fields it mentions.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        let other = match &self.test {
            RawTest::EqField(name)
            | RawTest::NeField(name)
            | RawTest::LtField(name)
            | RawTest::GeField(name) => Some(name.as_str()),
            RawTest::Number(_) => None,
        };
        [self.field.as_str()].into_iter().chain(other)
    }

    /// The constraint on the bits of a row with these fields.
    pub(crate) fn resolve(&self, fields: &[Field]) -> Result<Constraint, String> {
        let find = |name: &str| match find_field(fields, name) {
            Some(index) => Ok(&fields[index].bits),
            None => Err(format!("unknown field `{name}` in a constraint")),
        };
        let bits = find(&self.field)?.clone();
        let test = match &self.test {
            RawTest::Number(test) => test.clone(),
            RawTest::EqField(name) => Test::EqBits(find(name)?.clone()),
            RawTest::NeField(name) => Test::NeBits(find(name)?.clone()),
            RawTest::LtField(name) => Test::LtBits(find(name)?.clone()),
            RawTest::GeField(name) => Test::GeBits(find(name)?.clone()),
        };
        self.check_range(&test, bits.len())?;
        Ok(Constraint { bits, test })
    }

    /// Numbers must fit the field, and the constraint must neither always nor never hold.
    fn check_range(&self, test: &Test, width: usize) -> Result<(), String> {
        let name = &self.field;
        let largest = u32::MAX >> (32 - width);
        let numbers: &[u32] = match test {
            Test::Eq(number) | Test::Ne(number) | Test::Lt(number) | Test::Ge(number) => &[*number],
            Test::In(list) | Test::NotIn(list) => list,
            Test::MaskEq(mask, number) | Test::MaskNe(mask, number) => &[*mask, *number],
            Test::EqBits(_) | Test::NeBits(_) | Test::LtBits(_) | Test::GeBits(_) => &[],
        };
        let vacuous = match test {
            Test::Lt(0) | Test::Ge(0) => true,
            Test::Lt(number) | Test::Ge(number) => *number == largest.wrapping_add(1),
            Test::In(list) | Test::NotIn(list) => list.len() as u64 == u64::from(largest) + 1,
            Test::MaskEq(mask, number) | Test::MaskNe(mask, number) => *mask == 0 || number & !mask != 0,
            _ => false,
        };
        if vacuous {
            return Err(format!("the constraint on `{name}` always or never holds"));
        }
        match numbers.iter().find(|number| **number > largest) {
            Some(number) => Err(format!("`{name}` has {width} bits, {number} does not fit")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Vec<Field> {
        vec![
            Field { letter: 'd', name: "rd".into(), bits: vec![7, 6, 5, 4] },
            Field { letter: 'n', name: "rn".into(), bits: vec![3, 2, 1, 0] },
        ]
    }

    #[test]
    fn reads_every_constraint() {
        let list = conjunction(
            "d == 0xa, d != 0b11, rd < 3, d <= 3, d > 3, d >= 3, n in {2, 1,2}, n notin {4}, d & 6 == 2, d & 6 != 2, d == n, d != rn, d < n, d >= n",
        );
        let tests: Vec<Test> = list.unwrap().iter().map(|raw| raw.resolve(&fields()).unwrap().test).collect();
        let n = vec![3, 2, 1, 0];
        assert_eq!(
            tests,
            [
                Test::Eq(10),
                Test::Ne(3),
                Test::Lt(3),
                Test::Lt(4),
                Test::Ge(4),
                Test::Ge(3),
                Test::In(vec![1, 2]),
                Test::NotIn(vec![4]),
                Test::MaskEq(6, 2),
                Test::MaskNe(6, 2),
                Test::EqBits(n.clone()),
                Test::NeBits(n.clone()),
                Test::LtBits(n.clone()),
                Test::GeBits(n)
            ]
        );
    }

    #[test]
    fn rejects_bad_attributes() {
        for (text, message) in [
            ("where", "expected a field, found the end"),
            ("where d", "expected a comparison after `d`"),
            ("where d feature", "expected a comparison after `d`, found `feature`"),
            ("where d == ,", "expected a number, found `,`"),
            ("where d in 3", "expected `{`, found `3`"),
            ("where d in {3", "expected `}`, found the end"),
            ("where d & 3", "expected `==` or `!=` after a mask"),
            ("where d == 1z", "`1z` is not a number"),
            ("where d ~ 1", "unexpected `~` after the template"),
            ("!odd", "unknown outcome `!odd`"),
            ("!undefined !unpredictable", "a row has at most one outcome"),
            ("feature a feature b", "a row has at most one feature"),
            ("feature", "expected a feature name, found the end"),
            ("only a only b", "a row is confined to at most one set"),
        ] {
            assert_eq!(parse(text).err().as_deref(), Some(message), "{text}");
        }
    }

    #[test]
    fn rejects_constraints_out_of_range() {
        let vacuous = "the constraint on `d` always or never holds";
        for (text, message) in [
            ("d == 16", "`d` has 4 bits, 16 does not fit"),
            ("d in {1, 17}", "`d` has 4 bits, 17 does not fit"),
            ("d < 17", "`d` has 4 bits, 17 does not fit"),
            ("d < 16", vacuous),
            ("d >= 0", vacuous),
            ("d & 0 == 0", vacuous),
            ("d & 1 == 2", vacuous),
            ("d == q", "unknown field `q` in a constraint"),
        ] {
            assert_eq!(conjunction(text).unwrap()[0].resolve(&fields()).unwrap_err(), message, "{text}");
        }
    }
}

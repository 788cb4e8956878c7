//! The directives that GCC's tests carry in comments (GCC Internals, "Directives used within DejaGnu tests").
//!
//! They are followed as far as it takes to compile and run a test. What needs something that is not there fails to compile
//! or fails under qemu-user too, and then does not count; so a rough answer here costs a test, never a wrong result.

use crate::guests::Guest;

/// What is known of effective targets. Others are there when a test requires them, and not when it asks.
const EFFECTIVE_TARGETS: &[(&str, bool)] = &[
    ("alloca", true),
    ("c99_runtime", true),
    ("double64plus", true),
    ("fenv", true),
    ("fenv_exceptions", true),
    ("fpic", true),
    ("ilp32", true),
    ("indirect_jumps", true),
    ("inf", true),
    ("int32", true),
    ("int32plus", true),
    ("label_values", true),
    ("longlong64", true),
    ("nonlocal_goto", true),
    ("ptr32plus", true),
    ("pthread", true),
    ("size32plus", true),
    ("stdint_types", true),
    ("trampolines", true),
    ("tls", true),
    ("tls_runtime", true),
    ("untyped_assembly", true),
    ("default_packed", false),
    ("cet", false),
    ("dfp", false),
    ("float128_runtime", false),
    ("float128x_runtime", false),
    ("float64x_runtime", false),
    ("base_quadfloat_support", false),
    ("__float128", false),
    ("int128", false),
    ("lp64", false),
    ("newlib_nano_io", false),
    ("run_expensive_tests", false),
    ("sse", false),
    ("sse2_runtime", false),
    ("sse_runtime", false),
    ("vmx_hw", false),
];

/// What `dg-add-options FEATURE` adds on ARM.
const FEATURE_OPTIONS: &[(&str, &[&str])] = &[
    ("arm_neon", &["-mfpu=neon"]),
    ("arm_neon_fp16", &["-mfpu=neon-fp16", "-mfp16-format=ieee"]),
    ("float16", &["-mfp16-format=ieee"]),
    ("arm_fp16_ieee", &["-mfp16-format=ieee"]),
    ("arm_fp16_alternative", &["-mfp16-format=alternative"]),
    ("arm_crypto", &["-march=armv8-a+crypto", "-mfpu=crypto-neon-fp-armv8"]),
    ("arm_v8_neon", &["-march=armv8-a", "-mfpu=neon-fp-armv8"]),
    ("arm_v8_1a_neon", &["-march=armv8.1-a", "-mfpu=neon-fp-armv8"]),
    ("arm_v8_2a_fp16_scalar", &["-march=armv8.2-a+fp16", "-mfpu=auto"]),
    ("arm_v8_2a_fp16_neon", &["-march=armv8.2-a+fp16", "-mfpu=auto"]),
    ("arm_v8_2a_dotprod_neon", &["-march=armv8.2-a+dotprod", "-mfpu=auto"]),
    ("arm_v8_2a_i8mm", &["-march=armv8.2-a+i8mm", "-mfpu=auto"]),
];

/// Options that the tests of `gcc.target/mips` take for granted beside others, by `mips.exp`.
const IMPLIED: &[(&str, &[&str])] = &[("-mpaired-single", &["-mfp64"])];

/// How a test is to be compiled.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Plan {
    /// Options, in their order.
    pub(crate) flags: Vec<String>,
    /// Further source files beside the test's own.
    pub(crate) sources: Vec<String>,
    /// Objects that it is linked with, `pic-nothing.o` say: they have sources beside the test's.
    pub(crate) objects: Vec<String>,
    /// Why the test is not one for this guest.
    pub(crate) skip: Option<String>,
}

/// Reads a test's directives for a guest; `opt` is the optimisation that it is compiled with.
pub(crate) fn read(source: &str, guest: &Guest, opt: &str) -> Plan {
    let mut plan = Plan::default();
    for line in source.lines() {
        let Some(start) = line.find("{ dg-").or_else(|| line.find("{dg-")) else { continue };
        let words = split(inside(&line[start..]));
        let Some((name, arguments)) = words.split_first() else { continue };
        apply(&mut plan, name, arguments, guest, opt);
    }
    plan
}

fn apply(plan: &mut Plan, name: &str, arguments: &[&str], guest: &Guest, opt: &str) {
    let first = arguments.first().copied().unwrap_or("");
    // A list in braces that begins with `target` restricts the directive.
    let selector = arguments.iter().find_map(|a| a.trim_start().strip_prefix("target "));
    let applies = selector.is_none_or(|selector| holds(selector, guest));
    let mut skip = |reason: String| plan.skip = plan.skip.take().or(Some(reason));
    match name {
        "dg-do" if first != "run" => skip(format!("dg-do {first}")),
        "dg-do" if !applies => skip("dg-do run for other targets".into()),
        // qemu executes some of these instructions on processors that have not got them.
        "dg-options" if first.contains("-mips3d") => skip("needs MIPS-3D".into()),
        "dg-options" | "dg-additional-options" if applies => {
            plan.flags.extend(options(first));
            plan.objects.extend(first.split_whitespace().filter(|w| w.ends_with(".o")).map(str::to_string));
        }
        "dg-add-options" if guest.triplet.starts_with("arm") => {
            let known = FEATURE_OPTIONS.iter().find(|(feature, _)| *feature == first);
            plan.flags.extend(known.into_iter().flat_map(|(_, flags)| flags.iter().map(|f| f.to_string())));
        }
        "dg-additional-sources" => plan.sources.extend(first.split_whitespace().map(str::to_string)),
        "dg-require-effective-target" if effective_target(first) == Some(false) => {
            skip(format!("needs {first}"));
        }
        "dg-skip-if" => {
            let [_, selector, rest @ ..] = arguments else { return };
            if holds(selector, guest) && options_match(rest.first().copied().unwrap_or("*"), opt) {
                skip("dg-skip-if".into());
            }
        }
        "dg-require-profiling" | "dg-require-stack-check" => skip(name.to_string()),
        _ => {}
    }
}

/// Compiler options in a directive. The tests of `gcc.target/mips` also have words for their own driver, and parentheses
/// around options that it may override.
fn options(text: &str) -> impl Iterator<Item = String> {
    text.split_whitespace()
        .map(|word| word.trim_start_matches('(').trim_end_matches(')').to_string())
        .filter(|word| word.starts_with('-'))
        .flat_map(|word| {
            let implied = IMPLIED.iter().find(|(option, _)| *option == word);
            let implied =
                implied.into_iter().flat_map(|(_, flags)| flags.iter().map(|flag| flag.to_string()));
            implied.collect::<Vec<_>>().into_iter().chain([word])
        })
}

/// Whether one of the options of a `dg-skip-if` is in use.
fn options_match(list: &str, opt: &str) -> bool {
    let mut words = list.split(['{', '}', '"', ' ']).filter(|word| !word.is_empty()).peekable();
    words.peek().is_none() || words.any(|word| word == "*" || word == opt)
}

fn effective_target(name: &str) -> Option<bool> {
    EFFECTIVE_TARGETS.iter().find(|(known, _)| *known == name).map(|(_, there)| *there)
}

/// The text between the brace that `text` begins with and its partner.
fn inside(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[1..at];
        }
    }
    text.trim_start_matches('{')
}

/// The words of a Tcl list, without the quotes or braces around them.
fn split(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, len) = match first {
            '{' => (inside(rest), inside(rest).len() + 2),
            '"' => {
                let word = rest[1..].split('"').next().unwrap_or("");
                (word, word.len() + 2)
            }
            _ => {
                let word = rest.split_whitespace().next().unwrap_or("");
                (word, word.len())
            }
        };
        words.push(word);
        rest = rest.get(len..).unwrap_or("").trim_start();
    }
    words
}

/// Whether a selector names the guest: triplets with wildcards and effective targets, joined by `!`, `&&` and `||`; a
/// list without them names alternatives.
fn holds(selector: &str, guest: &Guest) -> bool {
    let spaced = ["{", "}", "(", ")", "!", "&&", "||"]
        .iter()
        .fold(selector.to_string(), |text, token| text.replace(token, &format!(" {token} ")));
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    alternatives(&mut tokens.into_iter().peekable(), guest)
}

type Tokens<'a> = std::iter::Peekable<std::vec::IntoIter<&'a str>>;

fn alternatives(tokens: &mut Tokens<'_>, guest: &Guest) -> bool {
    let mut any = false;
    while let Some(&token) = tokens.peek() {
        match token {
            "}" | ")" => break,
            "||" => {
                tokens.next();
            }
            _ => any |= conjunction(tokens, guest),
        }
    }
    any
}

fn conjunction(tokens: &mut Tokens<'_>, guest: &Guest) -> bool {
    let mut all = term(tokens, guest);
    while tokens.next_if_eq(&"&&").is_some() {
        all &= term(tokens, guest);
    }
    all
}

fn term(tokens: &mut Tokens<'_>, guest: &Guest) -> bool {
    match tokens.next() {
        Some("!") => !term(tokens, guest),
        Some("{" | "(") => {
            let value = alternatives(tokens, guest);
            tokens.next();
            value
        }
        Some(name) if name.contains(['-', '*']) => matches(name, guest.triplet),
        Some(name) => effective_target(name) == Some(true),
        None => false,
    }
}

/// Whether a pattern with `*` (and character classes, which are taken for `?`) matches all of `text`.
fn matches(pattern: &str, text: &str) -> bool {
    let Some(c) = pattern.chars().next() else { return text.is_empty() };
    let next = text.chars().next();
    match c {
        '*' => matches(&pattern[1..], text) || next.is_some() && matches(pattern, &text[1..]),
        '[' => {
            let end = pattern.find(']').map_or(pattern.len(), |at| at + 1);
            next.is_some() && matches(&pattern[end..], &text[1..])
        }
        '?' => next.is_some() && matches(&pattern[1..], &text[1..]),
        _ => next == Some(c) && matches(&pattern[c.len_utf8()..], &text[c.len_utf8()..]),
    }
}

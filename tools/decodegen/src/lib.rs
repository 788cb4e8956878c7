//! Build-time generator: encoding tables to checked decoders.
//!
//! A front end's build script names its tables and gets one Rust module with the decision tree, an argument struct and
//! a visitor method per row, the disassembler and a generator of random instructions. The table format is described in
//! `README.md`. Nothing here knows an instruction set.
#![forbid(unsafe_code)]

mod attributes;
mod check;
mod emit;
mod emit_tree;
mod errors;
mod model;
mod names;
mod parse;
mod template;
mod tree;
mod words;

use std::path::{Path, PathBuf};

pub use errors::{Error, Errors};

use errors::Place;

/// Makes one decoder from one or more tables.
///
/// ```no_run
/// fn main() -> Result<(), decodegen::Errors> {
///     let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
///     decodegen::Generator::new("a32").file("src/a32/data.decode").file("src/a32/branch.decode").write(out)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Generator {
    name: String,
    files: Vec<PathBuf>,
    sets: Vec<String>,
    gated: bool,
}

impl Generator {
    /// A decoder that will be written to `NAME.rs`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), files: Vec::new(), sets: Vec::new(), gated: false }
    }

    /// Makes the visitor say which features there are, by its method `has`. Words of rows with another feature are
    /// undefined.
    #[must_use]
    pub fn gated(mut self) -> Self {
        self.gated = true;
        self
    }

    /// Adds the rows of a table.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push(path.into());
        self
    }

    /// Splits the decoder into sets of rows: a word is decoded by the rows of one set. A row is in all of them unless
    /// its table says `only`.
    #[must_use]
    pub fn sets<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.sets = names.into_iter().map(Into::into).collect();
        self
    }

    /// Checks the tables and writes the decoder to `directory`. Tells cargo to watch the tables.
    ///
    /// # Errors
    /// Everything that is wrong with the tables, or the file that cannot be read or written.
    pub fn write(&self, directory: impl AsRef<Path>) -> Result<(), Errors> {
        let mut errors = Errors::default();
        let mut tables = Vec::new();
        for path in &self.files {
            let file = path.display().to_string();
            println!("cargo::rerun-if-changed={file}");
            match std::fs::read_to_string(path) {
                Ok(text) => tables.push((file, text)),
                Err(error) => errors.push(&Place { file, line: 0 }, format!("cannot be read: {error}")),
            }
        }
        if !errors.0.is_empty() {
            return Err(errors);
        }
        let code = generate(self, &tables)?;
        let path = directory.as_ref().join(format!("{}.rs", self.name));
        std::fs::write(&path, code).map_err(|error| {
            let place = Place { file: path.display().to_string(), line: 0 };
            errors.push(&place, format!("cannot be written: {error}"));
            errors
        })
    }
}

/// The code for tables given as pairs of file name and text.
fn generate(generator: &Generator, tables: &[(String, String)]) -> Result<String, Errors> {
    let Generator { name, sets, gated, .. } = generator;
    let mut errors = Errors::default();
    let mut rows = Vec::new();
    for (file, text) in tables {
        rows.append(&mut parse::table(file, text, &mut errors));
    }
    let facts = check::table(&rows, sets, &mut errors);
    if !errors.0.is_empty() {
        let file_order = |error: &Error| tables.iter().position(|(file, _)| *file == error.file);
        errors.0.sort_by_key(|error| (file_order(error), error.line));
        // Rows of all sets have the same errors in each.
        errors.0.dedup();
        return Err(errors);
    }
    Ok(emit::module(name, &rows, sets, &facts, *gated))
}

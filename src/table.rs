//! Tables for people (aligned columns) and for programs (JSON).

use std::fmt::Write as _;

/// A table of text. The last column is not padded.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: &'static [&'static str],
    rows: Vec<Vec<String>>,
    /// Columns whose cells are aligned to the right.
    numbers: Vec<bool>,
}

impl Table {
    /// An empty table.
    pub(crate) fn new(columns: &'static [&'static str]) -> Table {
        Table { columns, rows: Vec::new(), numbers: vec![false; columns.len()] }
    }

    /// Aligns the cells of these columns to the right.
    pub(crate) fn numbers(mut self, names: &[&str]) -> Table {
        for (name, number) in self.columns.iter().zip(&mut self.numbers) {
            *number = names.contains(name);
        }
        self
    }

    /// Adds a row with a cell for each column.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
        debug_assert_eq!(cells.len(), self.columns.len(), "a cell for each column");
        self.rows.push(cells);
    }

    /// The table as aligned text, with the columns' names on top.
    pub(crate) fn to_text(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain([self.columns[column].len()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let heading: Vec<String> = self.columns.iter().map(ToString::to_string).collect();
        let mut out = String::new();
        for row in std::iter::once(&heading).chain(&self.rows) {
            let mut line = String::new();
            for ((cell, &width), &number) in row.iter().zip(&widths).zip(&self.numbers) {
                let _ =
                    if number { write!(line, "{cell:>width$}  ") } else { write!(line, "{cell:<width$}  ") };
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// The table as a JSON array with an object for each row.
    pub(crate) fn to_json(&self) -> String {
        let object = |row: &Vec<String>| -> serde_json::Value {
            let cells = self
                .columns
                .iter()
                .zip(row)
                .map(|(&name, cell)| (name.replace(' ', "_"), cell.clone().into()));
            serde_json::Value::Object(cells.collect())
        };
        let rows: serde_json::Value = self.rows.iter().map(object).collect();
        format!("{rows:#}\n")
    }

    /// The table in one of its forms.
    pub(crate) fn render(&self, json: bool) -> String {
        if json { self.to_json() } else { self.to_text() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new(&["name", "count"]).numbers(&["count"]);
        table.row(["add".into(), "5".into()]);
        table.row(["subtract".into(), "12345".into()]);
        table
    }

    #[test]
    fn text_is_aligned() {
        assert_eq!(sample().to_text(), "name      count\nadd           5\nsubtract  12345\n");
    }

    #[test]
    fn json_has_an_object_per_row() {
        let value: serde_json::Value = serde_json::from_str(&sample().to_json()).unwrap();
        assert_eq!(value[1]["count"], "12345");
    }
}

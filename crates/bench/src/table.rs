//! A table of figures, for the terminal and as Markdown.

use std::fmt::Write;

pub(crate) struct Table {
    pub(crate) title: String,
    /// The first `text_columns` columns are words and stand left, the others figures and stand right.
    pub(crate) text_columns: usize,
    pub(crate) head: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
    /// What has to be known to read the figures.
    pub(crate) notes: Vec<String>,
}

impl Table {
    pub(crate) fn for_terminal(&self) -> String {
        debug_assert!(self.rows.iter().all(|row| row.len() == self.head.len()));
        let widths = self.widths();
        let mut text = format!("{}\n", self.title);
        let head: Vec<String> = self.head.iter().map(|&name| name.to_owned()).collect();
        let rule: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
        for cells in [&head, &rule].into_iter().chain(&self.rows) {
            text.push_str(self.padded(cells, &widths).join("  ").trim_end());
            text.push('\n');
        }
        for note in &self.notes {
            text.push_str(note);
            text.push('\n');
        }
        text
    }

    pub(crate) fn for_markdown(&self) -> String {
        let widths = self.widths();
        let mut text = format!("**{}**\n\n", self.title);
        let head: Vec<String> = self.head.iter().map(|&name| name.to_owned()).collect();
        let rule: Vec<String> = widths
            .iter()
            .enumerate()
            .map(|(column, &width)| {
                let dashes = "-".repeat(width.max(3) - 1);
                if column < self.text_columns { format!("{dashes}-") } else { format!("{dashes}:") }
            })
            .collect();
        for cells in [&head, &rule].into_iter().chain(&self.rows) {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "| {} |", self.padded(cells, &widths).join(" | "));
        }
        if !self.notes.is_empty() {
            let _ = writeln!(text, "\n{}", self.notes.join(" "));
        }
        text
    }

    fn widths(&self) -> Vec<usize> {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            let cells = cells.map(|cell| cell.chars().count());
            cells.chain([self.head[column].chars().count()]).max().unwrap_or(0)
        };
        (0..self.head.len()).map(width).collect()
    }

    fn padded(&self, cells: &[String], widths: &[usize]) -> Vec<String> {
        let padded = |(column, (cell, &width)): (usize, (&String, &usize))| {
            if column < self.text_columns {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            }
        };
        cells.iter().zip(widths).enumerate().map(padded).collect()
    }
}

/// `1234567.8` as `1 234 568`: the thousands apart.
pub(crate) fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.round());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A figure with so many decimals, or a dash where there is none.
pub(crate) fn decimal(value: f64, decimals: usize) -> String {
    if value.is_finite() { format!("{value:.decimals$}") } else { "-".to_owned() }
}

/// A ratio with the digits that tell something.
pub(crate) fn ratio(value: f64) -> String {
    decimal(value, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            title: "Sizes".to_owned(),
            text_columns: 1,
            head: vec!["way", "bytes"],
            rows: vec![
                vec!["text".to_owned(), "10 000".to_owned()],
                vec!["packed".to_owned(), "4".to_owned()],
            ],
            notes: vec!["All of it.".to_owned()],
        }
    }

    #[test]
    fn columns_line_up_in_the_terminal() {
        let expected =
            "Sizes\nway      bytes\n------  ------\ntext    10 000\npacked       4\nAll of it.\n";
        assert_eq!(table().for_terminal(), expected);
    }

    #[test]
    fn markdown_names_the_side_of_each_column() {
        let expected = "**Sizes**\n\n| way    |  bytes |\n| ------ | -----: |\n\
                        | text   | 10 000 |\n| packed |      4 |\n\nAll of it.\n";
        assert_eq!(table().for_markdown(), expected);
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(7.4), "7");
        assert_eq!(grouped(999.6), "1 000");
        assert_eq!(grouped(1_234_567.8), "1 234 568");
    }
}

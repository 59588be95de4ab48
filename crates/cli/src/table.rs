//! Tables: aligned under dim headers on a terminal, tab-separated without headers in a pipe.

use anstyle::Style;

use crate::{
    style::{DIM, Look, PLAIN},
    text::escape,
};

/// One value. Its text is escaped when the cell is made.
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub(crate) fn styled(text: impl AsRef<str>, style: Style) -> Self {
        Self { text: escape(text.as_ref()).into_owned(), style }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(text, PLAIN)
    }
}

pub(crate) struct Table<const COLUMNS: usize> {
    headers: [&'static str; COLUMNS],
    rows: Vec<[Cell; COLUMNS]>,
}

/// Between two columns.
const GAP: &str = "  ";

impl<const COLUMNS: usize> Table<COLUMNS> {
    pub(crate) fn new(headers: [&'static str; COLUMNS]) -> Self {
        Self { headers, rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: [Cell; COLUMNS]) {
        self.rows.push(cells);
    }

    pub(crate) fn render(&self, look: Look) -> String {
        let mut text = String::new();
        if !look.aligned {
            for row in &self.rows {
                text.push_str(&row.each_ref().map(|cell| cell.text.as_str()).join("\t"));
                text.push('\n');
            }
            return text;
        }
        let mut widths = self.headers.map(width);
        for row in &self.rows {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = (*widest).max(width(&cell.text));
            }
        }
        let headers = self.headers.map(|header| Cell::styled(header, DIM));
        for row in std::iter::once(&headers).chain(&self.rows) {
            line(&mut text, row, &widths, look);
        }
        text
    }
}

fn line(text: &mut String, row: &[Cell], widths: &[usize], look: Look) {
    // What is empty at the end of a line needs no blanks before it.
    let filled = row.iter().rposition(|cell| !cell.text.is_empty()).map_or(0, |last| last + 1);
    for (at, (cell, widest)) in row.iter().zip(widths).take(filled).enumerate() {
        if at > 0 {
            text.push_str(GAP);
        }
        text.push_str(&look.paint(cell.style, &cell.text));
        if at + 1 < filled {
            text.extend(std::iter::repeat_n(' ', widest - width(&cell.text)));
        }
    }
    text.push('\n');
}

/// Characters, not cells of a terminal: ids are ASCII, and reasons, which need not be, stand last.
fn width(text: &str) -> usize {
    text.chars().count()
}

//! Tables that fit a terminal: the columns needed least go first, then the middle of long names.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

/// A rule under the header and nothing else: groups are told apart by their headings.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
/// Blanks after each column, besides the one between columns.
const PADDING: u16 = 1;
/// Names of so many characters, indented, stay whole as long as there is a column to give up.
const NAME: usize = 26;
/// Names are never cut to fewer characters than this.
const SHORTEST: usize = 8;

/// A table before it is drawn. The first column holds names, the others numbers.
pub(super) struct Grid {
    header: Vec<String>,
    /// Each as long as the header.
    rows: Vec<Vec<String>>,
}

impl Grid {
    pub(super) fn new(header: &[impl ToString], rows: Vec<Vec<String>>) -> Self {
        let header = header.iter().map(ToString::to_string).collect();
        Self { header, rows }
    }

    /// Drops columns by their headers, in this order, while the table is too wide; then shortens
    /// names. Returns the dropped ones as running text.
    pub(super) fn fit(&mut self, width: usize, spare: &[&str]) -> Vec<String> {
        let mut dropped = Vec::new();
        for name in spare {
            if self.others() + self.width(0).min(NAME) <= width {
                break;
            }
            if let Some(index) = self.header.iter().position(|header| header == name) {
                self.header.remove(index);
                for row in &mut self.rows {
                    row.remove(index);
                }
                dropped.push(name.split_whitespace().collect::<Vec<_>>().join(" "));
            }
        }
        let names = width.saturating_sub(self.others()).max(SHORTEST);
        for row in &mut self.rows {
            row[0] = shortened(&row[0], names);
        }
        dropped
    }

    /// The width of a column's text.
    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].as_str());
        let lines = cells.chain(self.header[column].lines());
        lines.map(|line| line.chars().count()).max().unwrap_or(0)
    }

    /// The width of all but the names: numbers, padding, and a blank between columns.
    fn others(&self) -> usize {
        let numbers = (1..self.header.len()).map(|column| self.width(column) + 1);
        numbers.sum::<usize>() + self.header.len() * usize::from(PADDING)
    }

    /// The lines; the last ones are the rows, one each.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut table = Table::new();
        table.load_style(STYLE);
        // Numbers that wrap cannot be read.
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(&self.header);
        table.add_rows(&self.rows);
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, PADDING));
            if index > 0 {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let lines = table.lines().map(|line| line.trim_end().to_owned());
        lines.collect()
    }
}

/// At most so many characters: the middle gives way, for names differ at their ends.
fn shortened(name: &str, most: usize) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= most {
        return name.to_owned();
    }
    let keep = most.saturating_sub(1);
    let (head, tail) = (keep.div_ceil(2), keep / 2);
    let head = letters[..head].iter();
    let tail = letters[letters.len() - tail..].iter();
    head.chain(&['…']).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let row = |name: &str| vec![name.to_owned(), "1,000".to_owned(), "2".to_owned()];
        Grid {
            header: ["name", "a\nb", "c"].map(str::to_owned).to_vec(),
            rows: vec![
                row("  short"),
                row("  checkout-api-in-the-south-of-the-east"),
            ],
        }
    }

    #[test]
    fn columns_go_before_names_are_cut_and_nothing_without_need() {
        let widest = |grid: &Grid| grid.lines().iter().map(|l| l.chars().count()).max();
        let mut whole = grid();
        assert!(whole.fit(usize::MAX, &["a\nb"]).is_empty());
        let needed = widest(&whole).expect("has lines");
        assert!(whole.fit(needed, &["a\nb"]).is_empty());
        assert_eq!(whole.rows, grid().rows);
        for width in 16..needed {
            let mut narrow = grid();
            let dropped = narrow.fit(width, &["a\nb"]);
            assert!(widest(&narrow) <= Some(width), "{:?}", narrow.lines());
            assert_eq!(dropped.is_empty(), width >= NAME + 11, "{width}");
        }
    }

    #[test]
    fn names_lose_their_middle() {
        assert_eq!(shortened("abcdefgh", 8), "abcdefgh");
        assert_eq!(shortened("abcdefgh", 7), "abc…fgh");
        assert_eq!(shortened("abcdefgh", 4), "ab…h");
        assert_eq!(shortened("äöüß", 3), "ä…ß");
    }
}

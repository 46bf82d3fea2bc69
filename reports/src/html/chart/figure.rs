//! A drawing with its name, what it shows in words, and its numbers.

use maud::{Markup, PreEscaped, html};

use super::canvas::{Canvas, view_box};

/// Numbers behind a drawing: for whoever cannot see it, and whoever wants to copy them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Names of the columns.
    pub header: Vec<String>,
    /// The rows; the first cell names its row.
    pub rows: Vec<Vec<String>>,
}

/// What is around a drawing.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Unique on the page.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What can be seen, in a sentence.
    pub description: String,
    /// Extent in pixels at which text has its usual size.
    pub size: (f64, f64),
    /// The numbers.
    pub table: Table,
}

impl Table {
    /// Columns of these names, without rows.
    #[must_use]
    pub fn new(header: &[&str]) -> Self {
        Self {
            header: header.iter().map(|name| (*name).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// The table, which scrolls where it is too wide.
    #[must_use]
    pub fn markup(&self) -> Markup {
        html! {
            div.scroll tabindex="0" {
                table.numbers {
                    thead { tr { @for name in &self.header { th scope="col" { (name) } } } }
                    tbody {
                        @for row in &self.rows {
                            tr {
                                @for (index, cell) in row.iter().enumerate() {
                                    @if index == 0 { th scope="row" { (cell) } }
                                    @else { td { (cell) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Figure {
    /// The figure with what `draw` draws.
    #[must_use]
    pub fn markup(&self, draw: impl FnOnce(&Canvas<'_>)) -> Markup {
        let (width, height) = self.size;
        let (title, description) = (format!("{}-t", self.id), format!("{}-d", self.id));
        let wide = width > 600.0;
        html! {
            figure id=(self.id) class=(if wide { "wide" } else { "panel" }) {
                figcaption { (self.title) }
                div class=[wide.then_some("scroll")] tabindex=[wide.then_some("0")] {
                    svg.chart xmlns="http://www.w3.org/2000/svg" viewBox=(view_box(width, height))
                        role="img" aria-labelledby=(title) aria-describedby=(description) {
                        title id=(title) { (self.title) }
                        desc id=(description) { (self.description) }
                        (PreEscaped(Canvas::drawn(width, height, draw)))
                    }
                }
                @if !self.table.rows.is_empty() {
                    details { summary { "Numbers" } (self.table.markup()) }
                }
            }
        }
    }
}

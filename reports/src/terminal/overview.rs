//! A few lines for those who will not read the table: each policy over all scenarios.

use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::paint::Paint;
use super::table::STYLE;
use crate::human::{self, NOTHING};
use crate::interval::Rate;
use crate::overall::overall;
use crate::summary::Summary;

/// Empty when there is nothing to pool.
pub(super) fn render(summary: &Summary, paint: &Paint) -> String {
    let ran = overall(summary);
    if ran.is_empty() || summary.study.scenarios.len() < 2 {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(STYLE);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header([
        "all scenarios\n  policy",
        "missed and\nhurt people",
        "missed,\nharm or not",
        "false\nrollback",
        "stuck\n",
    ]);
    for overall in &ran {
        let label = summary
            .study
            .policies
            .get(overall.policy)
            .map_or("?", |p| &p.label);
        let rate = |rate: Option<Rate>| rate.as_ref().map_or(NOTHING.to_owned(), human::rate);
        table.add_row([
            format!("  {label}"),
            rate(overall.missed_harmful),
            rate(overall.missed),
            rate(overall.false_rollback),
            rate(overall.stuck),
        ]);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if index > 0 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let head = table.lines().count() - ran.len();
    let mut text = String::new();
    for (index, line) in table.lines().enumerate() {
        let line = line.trim_end();
        text.push_str(&if index < head {
            paint.faint(line)
        } else {
            line.to_owned()
        });
        text.push('\n');
    }
    text
}

//! A few lines for those who will not read the table: each policy over all scenarios.

use super::fit::Grid;
use super::paint::Paint;
use crate::human::{self, NOTHING};
use crate::interval::Rate;
use crate::overall::{Overall, overall};
use crate::summary::Summary;

const HURTFUL: &str = "missed and\nhurt people";
const MISSED: &str = "missed,\nharm or not";
const FALSE: &str = "false\nrollback";
const STUCK: &str = "stuck\n";

/// Empty when there is nothing to pool. A narrow terminal goes without some columns.
pub(super) fn render(summary: &Summary, width: usize, paint: &Paint) -> String {
    let ran = overall(summary);
    if ran.is_empty() || summary.study.scenarios.len() < 2 {
        return String::new();
    }
    let header = ["all scenarios\n  policy", HURTFUL, MISSED, FALSE, STUCK];
    let rows = ran.iter().map(|overall| row(summary, overall));
    let mut grid = Grid::new(&header, rows.collect());
    grid.fit(width, &[MISSED, STUCK]);
    super::faint_head(&grid.lines(), ran.len(), paint)
}

fn row(summary: &Summary, overall: &Overall) -> Vec<String> {
    let rate = |rate: Option<Rate>| rate.as_ref().map_or(NOTHING.to_owned(), human::rate);
    vec![
        format!("  {}", summary.label_of(overall.policy)),
        rate(overall.missed_harmful),
        rate(overall.missed),
        rate(overall.false_rollback),
        rate(overall.stuck),
    ]
}

//! Every policy against the first, on the same rollouts.

use super::fit::Grid;
use super::paint::Paint;
use crate::human::{self, NOTHING};
use crate::paired::{Comparison, Difference, Gain, comparisons};
use crate::summary::Summary;

const P_MISSED: &str = "p\n";
const P_FALSE: &str = "p\n ";
const GAIN: &str = "pairing\nworth";

/// The table and what its columns mean; `None` when there is nobody to compare with. A narrow
/// terminal goes without some columns.
pub(super) fn render(summary: &Summary, width: usize, paint: &Paint) -> Option<(String, String)> {
    let all = comparisons(summary);
    let first = all.first()?.first;
    let rows = all.iter().filter(|pair| pair.first == first);
    let rows: Vec<_> = rows.map(|pair| row(summary, pair)).collect();
    let count = rows.len();
    let header = [
        "same rollouts\n  policy",
        "missed,\nmore or less",
        P_MISSED,
        "false rollback,\nmore or less",
        P_FALSE,
        GAIN,
    ];
    let mut grid = Grid::new(&header, rows);
    grid.fit(width, &[GAIN, P_FALSE, P_MISSED]);
    let table = super::faint_head(&grid.lines(), count, paint);
    Some((table, legend(summary.label_of(first))))
}

/// The second policy's shares less the first's.
fn row(summary: &Summary, pair: &Comparison) -> Vec<String> {
    let (missed, alarms) = (pair.missed.difference(), pair.false_rollback.difference());
    vec![
        format!("  {}", summary.label_of(pair.second)),
        told(missed),
        missed.map_or(NOTHING.to_owned(), |d| human::p_value(d.p)),
        told(alarms),
        alarms.map_or(NOTHING.to_owned(), |d| human::p_value(d.p)),
        pair.gain().map_or(NOTHING.to_owned(), gain),
    ]
}

/// Where few rollouts tell policies apart, the end is open.
fn gain(gain: Gain) -> String {
    let high = gain.high.map_or_else(String::new, factor);
    format!("{}× ({}–{high})", factor(gain.value), factor(gain.low))
}

/// Two digits.
fn factor(x: f64) -> String {
    if x < 9.95 {
        format!("{x:.1}")
    } else {
        format!("{x:.0}")
    }
}

fn told(difference: Option<Difference>) -> String {
    difference.map_or(NOTHING.to_owned(), |difference| {
        let (value, (low, high)) = difference.points_of_second();
        format!("{value:+.1} ({low:+.1}…{high:+.1})")
    })
}

fn legend(first: &str) -> String {
    format!(
        "same rollouts: percentage points above or below {first}, rollout by rollout (Newcombe's paired 95 % \
         interval); p: McNemar's exact test. pairing worth: so many times the rollouts, had each policy \
         had its own."
    )
}

//! What each policy is worth over the mix of releases.

use super::fit::Grid;
use super::paint::Paint;
use crate::human::{self, NOTHING};
use crate::mix::{Measure, Mix, Worth, worth};
use crate::summary::Summary;

const COST: &str = "cost of\na release";
const RECOVERY: &str = "recovery\n(at least)";
const A_DAY: &str = "releases\na day";
const BALANCED: &str = "balanced\naccuracy";

/// Empty when there is nothing to mix. A narrow terminal goes without some columns.
pub(super) fn render(summary: &Summary, width: Option<usize>, paint: &Paint) -> String {
    let all = worth(summary, &summary.mix);
    if all.is_empty() || summary.study.scenarios.len() < 2 {
        return String::new();
    }
    let mut header = vec![
        "mix of releases\n  policy",
        "MCC\n",
        BALANCED,
        "change\nfailures",
        RECOVERY,
        A_DAY,
    ];
    if summary.mix.prices.is_some() {
        header.push(COST);
    }
    let mut grid = Grid {
        rows: all.iter().map(|worth| row(summary, worth)).collect(),
        header,
    };
    grid.fit(width, &[A_DAY, RECOVERY, BALANCED]);
    super::faint_head(&grid.lines(), all.len(), paint)
}

fn row(summary: &Summary, worth: &Worth) -> Vec<String> {
    let mut row = vec![
        format!("  {}", summary.label_of(worth.policy)),
        told(worth.mcc, |x| format!("{x:.2}")),
        told(worth.balanced_accuracy, |x| format!("{x:.2}")),
        percent(worth.change_failure_rate),
        worth
            .recovery_s
            .map_or(NOTHING.to_owned(), |m| human::seconds(m.value)),
        told(worth.releases_per_day, |x| format!("{x:.0}")),
    ];
    if summary.mix.prices.is_some() {
        row.push(told(worth.cost, human::money));
    }
    row
}

fn told(measure: Option<Measure>, text: impl Fn(f64) -> String) -> String {
    let all = |m: Measure| format!("{} ({}–{})", text(m.value), text(m.low), text(m.high));
    measure.map_or(NOTHING.to_owned(), all)
}

fn percent(measure: Option<Measure>) -> String {
    let all = |m: Measure| {
        let (low, high) = ((m.low * 1000.0).floor(), (m.high * 1000.0).ceil());
        format!(
            "{} ({:.1}–{:.1})",
            human::percent(m.value),
            low / 10.0,
            high / 10.0
        )
    };
    measure.map_or(NOTHING.to_owned(), all)
}

/// What the columns mean.
pub(super) fn legend(mix: &Mix) -> [String; 1] {
    let prices = mix.prices.map_or(String::new(), |prices| {
        format!(
            " cost: {} a minute, {} a hurt request, {} a good release held back.",
            prices.minute, prices.hurt, prices.false_alarm
        )
    });
    [format!(
        "mix: {} of the releases are bad (--bad-share). MCC: 1 stops all bad ones and no good one, 0 is \
         blind. change failures: bad ones that hurt somebody; recovery: from then until nobody meets \
         it.{prices}",
        human::percent(mix.bad_share)
    )]
}

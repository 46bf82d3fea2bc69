//! What each policy is worth over the mix of releases.

use super::fit::Grid;
use super::paint::Paint;
use crate::human::{self, NOTHING};
use crate::mix::{Measure, Mix, Worth, worth};
use crate::summary::Summary;

const COST: &str = "cost of\na release";
const FAILURES: &str = "change\nfailures";
const RECOVERY: &str = "recovery\n(at least)";
const A_DAY: &str = "releases\na day";
const BALANCED: &str = "balanced\naccuracy";

/// Two tables: how well it decides, and what that makes of deliveries. Empty when there is nothing to
/// mix. A narrow terminal goes without some columns.
pub(super) fn render(summary: &Summary, width: usize, paint: &Paint) -> String {
    let all = worth(summary, &summary.mix);
    if all.is_empty() || summary.study.scenarios.len() < 2 {
        return String::new();
    }
    let table = |header: &[&str], measures: fn(&Worth) -> Vec<String>, spare: &[&str]| {
        let row = |worth: &Worth| {
            let mut row = measures(worth);
            row.insert(0, format!("  {}", summary.label_of(worth.policy)));
            row.truncate(header.len());
            row
        };
        let mut grid = Grid::new(header, all.iter().map(row).collect());
        grid.fit(width, spare);
        super::faint_head(&grid.lines(), all.len(), paint)
    };
    let mut header = vec!["mix of releases\n  policy", "MCC\n", BALANCED, COST];
    if summary.mix.prices.is_none() {
        header.pop();
    }
    let decisions = table(&header, decisions, &[BALANCED]);
    let header = ["deliveries (DORA)\n  policy", FAILURES, RECOVERY, A_DAY];
    let deliveries = table(&header, deliveries, &[A_DAY, RECOVERY]);
    format!("{decisions}\n{deliveries}")
}

fn decisions(worth: &Worth) -> Vec<String> {
    vec![
        told(worth.mcc, |x| format!("{x:.2}")),
        told(worth.balanced_accuracy, |x| format!("{x:.2}")),
        told(worth.cost, human::money),
    ]
}

fn deliveries(worth: &Worth) -> Vec<String> {
    vec![
        percent(worth.change_failure_rate),
        told(worth.recovery_s, human::seconds),
        told(worth.releases_per_day, |x| format!("{x:.0}")),
    ]
}

fn told(measure: Option<Measure>, text: impl Fn(f64) -> String) -> String {
    let all = |m: Measure| format!("{} ({}–{})", text(m.value), text(m.low), text(m.high));
    measure.map_or(NOTHING.to_owned(), all)
}

fn percent(measure: Option<Measure>) -> String {
    measure.map_or(NOTHING.to_owned(), |m| {
        human::share(m.value, (m.low, m.high))
    })
}

/// What the columns mean.
pub(super) fn legend(mix: &Mix) -> [String; 1] {
    let prices = mix.prices.map_or(String::new(), |prices| {
        let all = [
            (prices.minute, "a minute"),
            (prices.hurt_user, "a hurt user"),
            (prices.hurt_request, "a hurt request"),
            (prices.false_alarm, "a good release held back"),
        ];
        let paid = all.iter().filter(|(price, _)| *price > 0.0);
        let each: Vec<String> = paid
            .map(|(price, what)| format!("{price} {what}"))
            .collect();
        format!(" cost: {}.", each.join(", "))
    });
    [format!(
        "mix: {} of the releases are bad (--bad-share). MCC: 1 stops all bad ones and no good one, 0 is \
         blind. change failures: bad ones that hurt somebody; recovery: from then until nobody meets \
         it.{prices}",
        human::percent(mix.bad_share)
    )]
}

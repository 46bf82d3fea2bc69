//! Each policy over all scenarios: rates, what it is worth over a mix of releases, and against the first
//! one on the same rollouts.

use maud::{Markup, html};

use super::number;
use crate::human::{self, NOTHING};
use crate::mix::worth;
use crate::overall::overall;
use crate::paired::{Difference, MeanDifference, comparisons};
use crate::summary::Summary;

/// All three tables, as far as there is something to pool or to compare.
pub(super) fn overview(summary: &Summary) -> Markup {
    html! {
        (rates(summary))
        @if summary.study.scenarios.len() > 1 { (mix(summary)) }
        (pairs(summary))
    }
}

fn rates(summary: &Summary) -> Markup {
    html! {
        div.scroll tabindex="0" {
            table {
                caption { "Over all scenarios, each rollout counting once" }
                thead {
                    tr {
                        th scope="col" { "policy" }
                        th scope="col" { "missed and hurt people" }
                        th scope="col" { "missed, harm or not" }
                        th scope="col" { "false rollback" }
                        th scope="col" { "stuck" }
                    }
                }
                tbody {
                    @for all in overall(summary) {
                        tr {
                            th scope="row" { (summary.label_of(all.policy)) }
                            td { (number::rate(all.missed_harmful, true)) }
                            td { (number::rate(all.missed, true)) }
                            td { (number::rate(all.false_rollback, true)) }
                            td { (number::rate(all.stuck, true)) }
                        }
                    }
                }
            }
        }
        p.faint {
            "Missed: a bad release was promoted. Missed and hurt people leaves out what hurt nobody by the end. \
             False rollback: a good release was rolled back. Stuck: neither, when the time was up. Below each \
             rate Wilson's interval in percent, and the rollouts behind it."
        }
    }
}

fn mix(summary: &Summary) -> Markup {
    let all = worth(summary, &summary.mix);
    let prices = summary.mix.prices;
    html! {
        @if !all.is_empty() {
            div.scroll tabindex="0" {
                table {
                    caption {
                        "Over a mix of releases of which " (human::percent(summary.mix.bad_share)) " are bad"
                    }
                    thead {
                        tr {
                            th scope="col" { "policy" }
                            th scope="col" { "MCC" }
                            th scope="col" { "balanced accuracy" }
                            th scope="col" { "change failures" }
                            th scope="col" { "recovery, at least" }
                            th scope="col" { "releases a day" }
                            @if prices.is_some() { th scope="col" { "cost of a release" } }
                            th scope="col" { "n" }
                        }
                    }
                    tbody {
                        @for worth in &all {
                            tr {
                                th scope="row" { (summary.label_of(worth.policy)) }
                                td { (number::measure(worth.mcc, |x| format!("{x:.2}"))) }
                                td { (number::measure(worth.balanced_accuracy, |x| format!("{x:.2}"))) }
                                td { (number::share(worth.change_failure_rate)) }
                                td { (number::measure(worth.recovery_s, human::seconds)) }
                                td {
                                    (number::measure(worth.releases_per_day, |x| {
                                        human::count(x.round().max(0.0) as u64)
                                    }))
                                }
                                @if prices.is_some() { td { (number::measure(worth.cost, human::money)) } }
                                td { (human::count(worth.n)) }
                            }
                        }
                    }
                }
            }
            p.faint {
                "MCC is 1 for whoever stops all bad releases and no good one, and 0 for the blind. Change failures: \
                 releases that are bad and hurt somebody; recovery: from then until nobody meets the fault (DORA)."
            }
        }
    }
}

/// The second policy's shares less the first's, as on a terminal.
fn pairs(summary: &Summary) -> Markup {
    let all = comparisons(summary);
    let first = all.first().map(|pair| pair.first);
    html! {
        @if let Some(first) = first {
            div.scroll tabindex="0" {
                table {
                    caption { "On the same rollouts, against " (summary.label_of(first)) }
                    thead {
                        tr {
                            th scope="col" { "policy" }
                            th scope="col" { "missed, more or less" }
                            th scope="col" { "p" }
                            th scope="col" { "false rollback, more or less" }
                            th scope="col" { "p" }
                            th scope="col" { "hurt requests, more or less" }
                            th scope="col" { "pairing worth" }
                        }
                    }
                    tbody {
                        @for pair in all.iter().filter(|pair| pair.first == first) {
                            @let (missed, alarms) = (pair.missed, pair.false_rollback);
                            @let both = [missed.difference(), alarms.difference()];
                            tr {
                                th scope="row" { (summary.label_of(pair.second)) }
                                (difference(both[0], missed.n))
                                (difference(both[1], alarms.n))
                                td { (hurt(pair.hurt)) }
                                td {
                                    @match pair.gain() {
                                        Some(gain) => {
                                            (format!("{:.1} ×", gain.value))
                                            small {
                                                (format!("{:.1}–", gain.low))
                                                (gain.high.map_or("?".to_owned(), |high| format!("{high:.1}")))
                                            }
                                        }
                                        None => (NOTHING),
                                    }
                                }
                            }
                        }
                    }
                }
            }
            p.faint {
                "Percentage points above or below, rollout by rollout, with Newcombe's paired interval and the \
                 exact p of McNemar's test. Hurt requests: the mean in a rollout of a bad release, above or below, \
                 each scenario counting alike, with Student's interval. Pairing worth: so many times the rollouts would be needed, had each \
                 policy had its own."
            }
        }
    }
}

/// The difference with its interval, and its p.
fn difference(difference: Option<Difference>, n: u64) -> Markup {
    html! {
        @match difference {
            None => { td { (NOTHING) } td { (NOTHING) } }
            Some(d) => {
                @let (value, (low, high)) = d.points_of_second();
                td {
                    (format!("{value:+.1}"))
                    small { (format!("{low:+.1} to {high:+.1} of {}", human::count(n))) }
                }
                td { (human::p_value(d.p)) }
            }
        }
    }
}

/// The second policy's mean less the first's.
fn hurt(difference: Option<MeanDifference>) -> Markup {
    let whole = human::signed;
    html! {
        @match difference.map(MeanDifference::reversed) {
            None => (NOTHING),
            Some(d) => {
                (whole(d.value))
                small {
                    (d.low.map_or("?".to_owned(), whole)) " to " (d.high.map_or("?".to_owned(), whole))
                    " of " (human::count(d.n))
                }
            }
        }
    }
}

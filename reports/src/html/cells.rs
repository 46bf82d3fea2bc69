//! The table: every policy in every scenario.

use maud::{Markup, html};

use super::number;
use crate::columns::Columns;
use crate::human;
use crate::summary::{Cell, Summary};

/// How many columns there are.
const fn count(shown: Columns) -> usize {
    8 + shown.users as usize + shown.lost as usize
}

/// Scenarios as groups, policies as their rows.
pub(super) fn cells(summary: &Summary) -> Markup {
    let mut group = None;
    let shown = Columns::of(summary);
    html! {
        div.scroll tabindex="0" {
            table.scenarios {
                thead {
                    tr {
                        th scope="col" { "scenario and policy" }
                        th scope="col" { "wrong verdict" }
                        th scope="col" { "stuck" }
                        th scope="col" { "detect, median" }
                        th scope="col" { "detect, p95" }
                        th scope="col" { "hurt requests, median" }
                        @if shown.users { th scope="col" { "hurt users, median" } }
                        @if shown.lost { th scope="col" { "lost, median" } }
                        th scope="col" { "promote, median" }
                        th scope="col" { "n" }
                    }
                }
                tbody {
                    @for cell in &summary.cells {
                        @if group.replace(cell.scenario) != Some(cell.scenario) { (heading(summary, cell, shown)) }
                        (row(summary, cell, shown))
                    }
                }
            }
        }
        p.faint {
            "Wrong verdict: missed where the release is bad, false rollback where it is good. Detect: from the \
             first request that met the fault to the decision to roll back, where there was one. Hurt: requests \
             until the scenario's end that fared worse than on the old revision"
            @if shown.users { ", and users of whom some request did" }
            @if shown.lost { "; lost: completions that the same requests would have had on it" }
            ". Promote: from the start to the \
             end of the rollout. Below each number its 95 % interval: Wilson's of rates, between order statistics \
             of medians and percentiles (? where there are too few rollouts for an end), and how many rollouts \
             it is of where these are not all."
            @if summary.cells.iter().any(Cell::is_latent) {
                " * The fault never showed within the horizon: no policy could have seen it."
            }
        }
    }
}

/// The scenario, and which verdict is the wrong one here.
fn heading(summary: &Summary, cell: &Cell, shown: Columns) -> Markup {
    let scenario = summary.scenario(cell);
    html! {
        tr.group {
            th.group scope="rowgroup" colspan=(count(shown)) {
                div.stays {
                (summary.name(cell)) " "
                small { @if let Some(scenario) = scenario { (scenario.title) " · " } (wrong(cell)) }
                }
            }
        }
    }
}

/// Which verdict would be wrong.
pub(super) fn wrong(cell: &Cell) -> &'static str {
    if cell.missed.is_some() {
        "bad release, wrong is: missed"
    } else if cell.false_rollback.is_some() {
        "good release, wrong is: false rollback"
    } else {
        "not run"
    }
}

fn row(summary: &Summary, cell: &Cell, shown: Columns) -> Markup {
    let label = summary.label(cell);
    let refused = summary
        .policy(cell)
        .is_some_and(|policy| policy.invalid.is_some());
    let bad = cell.mostly_wrong().is_some();
    html! {
        @if refused {
            tr.refused {
                th scope="row" { (label) }
                td.left colspan=(count(shown) - 1) { "invalid: refused by its controller" }
            }
        } @else {
            tr.bad[bad] {
                th scope="row" { (label) }
                td.verdict {
                    @if cell.is_latent() { "* " }
                    (number::rate(cell.wrong(), false))
                }
                td { (number::rate(cell.stuck, false)) }
                td { (number::quantile(cell.detect_ns.median, cell.n, number::time)) }
                td { (number::quantile(cell.detect_ns.p95, cell.n, number::time)) }
                td { (number::quantile(cell.hurt.median, cell.n, human::count)) }
                @if shown.users { td { (number::quantile(cell.hurt_users.median, cell.n, human::count)) } }
                @if shown.lost { td { (lost(summary, cell)) } }
                td { (number::quantile(cell.promote_ns.median, cell.n, number::time)) }
                td { (human::count(cell.n)) }
            }
        }
    }
}

/// What each step of the business lost.
fn lost(summary: &Summary, cell: &Cell) -> Markup {
    html! {
        @if cell.lost.is_empty() { (human::NOTHING) }
        @for (step, lost) in summary.lost(cell) {
            div { (step) " " (number::quantile(lost.median, cell.n, human::count)) }
        }
    }
}

//! Which policy hurts least and which most, over all scenarios with a bad release.
//!
//! Harm alone is compared, and its price is told next to it: no single number weighs hurt people
//! against good releases held back, so none is made up here.

use std::cmp::Ordering;

use crate::human;
use crate::overall::{Overall, overall};
use crate::paired::{MeanDifference, more_hurt};
use crate::summary::{Cell, Summary};

use super::median_hurt;

/// A policy with its sum of the medians of requests hurt.
struct Harm {
    overall: Overall,
    hurt: u64,
}

/// The third sentence.
pub(super) fn least_harm(summary: &Summary) -> String {
    let ran = overall(summary);
    let scenarios = faulty_of_all(summary, &ran);
    let harm = |overall: Overall| Harm {
        overall,
        hurt: total(summary, overall.policy, &scenarios),
    };
    let harms: Vec<Harm> = ran.into_iter().map(harm).collect();
    // The first of the best and the first of the worst.
    let best = harms.iter().min_by(|a, b| order(a, b));
    let worst = harms.iter().rev().max_by(|a, b| order(a, b));
    let (Some(best), Some(worst)) = (best, worst) else {
        return "Nothing was rolled out, so policies cannot be compared.".to_owned();
    };
    let (first, price) = (
        summary.label_of(best.overall.policy),
        price(summary, &best.overall),
    );
    let price = |link: &str| {
        price
            .as_ref()
            .map_or_else(String::new, |p| format!("{link} {p}"))
    };
    let own = price(&format!("; {first}"));
    if scenarios.is_empty() {
        return format!("Harm by bad releases cannot be compared here{own}.");
    }
    let sum = criterion(scenarios.len());
    let hurt = requests(best.hurt);
    if harms.len() == 1 {
        return format!("Harm of {first}, {sum}: {hurt}{own}.");
    }
    if best.hurt == worst.hurt {
        let all = human::counted(harms.len(), "policy", "policies");
        return format!("Harm, {sum}: the {all} do equally well with {hurt}{own}.");
    }
    let last = summary.label_of(worst.overall.policy);
    let held = held_back(&worst.overall).map_or_else(String::new, |held| format!(" and {held}"));
    let more = more_hurt(summary, worst.overall.policy, best.overall.policy);
    format!(
        "Least harm, {sum}: {first} with {hurt}{}; {last} does most harm with {}{}{held}.",
        price(", which"),
        requests(worst.hurt),
        more.map_or_else(String::new, |more| on_the_same(&more)),
    )
}

/// How much more that is on average, with an interval, which a sum of medians has not.
fn on_the_same(more: &MeanDifference) -> String {
    let value = human::signed(more.value);
    match (more.low, more.high) {
        (Some(low), Some(high)) => format!(
            " ({value} on average in the same rollout, 95 % interval {} to {})",
            human::signed(low),
            human::signed(high)
        ),
        _ => format!(" ({value} in the same rollout)"),
    }
}

/// Less harm goes first, then fewer good releases held back.
fn order(a: &Harm, b: &Harm) -> Ordering {
    let share = |harm: &Harm| harm.overall.held_back.map_or(0.0, |rate| rate.share);
    a.hurt.cmp(&b.hurt).then(share(a).total_cmp(&share(b)))
}

/// Scenarios with a bad release that every one of these policies ran, lest an interrupted study
/// favour whoever was not tried.
fn faulty_of_all(summary: &Summary, ran: &[Overall]) -> Vec<usize> {
    let faulty = |cell: &&Cell| cell.missed.is_some();
    let by = |policy: usize, scenario: usize| {
        let mut cells = summary.cells.iter().filter(faulty);
        cells.any(|cell| (cell.policy, cell.scenario) == (policy, scenario))
    };
    (0..summary.study.scenarios.len())
        .filter(|&scenario| !ran.is_empty() && ran.iter().all(|o| by(o.policy, scenario)))
        .collect()
}

fn total(summary: &Summary, policy: usize, scenarios: &[usize]) -> u64 {
    let counts = |cell: &&Cell| cell.policy == policy && scenarios.contains(&cell.scenario);
    summary.cells.iter().filter(counts).map(median_hurt).sum()
}

fn criterion(scenarios: usize) -> String {
    match scenarios {
        1 => "by the median of requests hurt in the one scenario with a bad release".to_owned(),
        n => format!(
            "by the median of requests hurt, added up over the {} scenarios with a bad release",
            human::count(n as u64)
        ),
    }
}

fn requests(n: u64) -> String {
    let noun = if n == 1 { "request" } else { "requests" };
    format!("{} {noun}", human::count(n))
}

/// `holds back 6.2 % (5.1–7.3) of good releases`.
fn held_back(overall: &Overall) -> Option<String> {
    let rate = overall.held_back?;
    Some(format!(
        "holds back {} of good releases",
        human::rate(&rate)
    ))
}

/// What a policy costs whoever has a good release; `None` when none was tried.
fn price(summary: &Summary, overall: &Overall) -> Option<String> {
    let held = held_back(overall)?;
    let mut own = summary.cells.iter().filter(|c| c.policy == overall.policy);
    let promoted = own.find(|c| c.false_rollback.is_some() && c.promote_ns.median.is_some());
    Some(match promoted {
        Some(cell) => {
            let time = human::quantile(cell.promote_ns.median, human::time);
            format!(
                "{held} and takes {time} to promote in {}",
                summary.name(cell)
            )
        }
        None => held,
    })
}

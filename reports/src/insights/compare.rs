//! Which policy to choose, over all scenarios of a study.

use crate::human;
use crate::interval::Rate;
use crate::overall::{Overall, overall};
use crate::summary::Summary;

/// The third sentence.
pub(super) fn trade_off(summary: &Summary) -> String {
    let ran = overall(summary);
    // The first of the best and the first of the worst.
    let better = |a: &&Overall, b: &&Overall| b.youden().total_cmp(&a.youden());
    let (Some(best), Some(worst)) = (ran.iter().min_by(better), ran.iter().rev().max_by(better))
    else {
        return "Nothing was rolled out, so policies cannot be compared.".to_owned();
    };
    let said = said(summary, best);
    if ran.len() == 1 {
        return format!("Over all rollouts of {}, {said}.", label(summary, best));
    }
    if best.youden() <= worst.youden() {
        let number = human::counted(ran.len(), "policy", "policies");
        return format!("Over all scenarios the {number} do equally well: {said}.");
    }
    format!(
        "The best trade-off over all scenarios is {}: {said}; {} does worst, with {}.",
        label(summary, best),
        label(summary, worst),
        numbers(worst)
    )
}

fn label<'a>(summary: &'a Summary, overall: &Overall) -> &'a str {
    let policy = summary.study.policies.get(overall.policy);
    policy.map_or("?", |policy| &policy.label)
}

fn said(summary: &Summary, overall: &Overall) -> String {
    let mut parts = Vec::new();
    if let Some(rate) = &overall.missed_harmful {
        parts.push(format!(
            "{} of bad releases get through and hurt people",
            human::rate(rate)
        ));
    }
    if let Some(rate) = &overall.held_back {
        parts.push(format!("{} of good ones are held back", human::rate(rate)));
    }
    let mut cells = summary
        .cells
        .iter()
        .filter(|cell| cell.policy == overall.policy);
    let promoted = cells.find(|c| c.false_rollback.is_some() && c.promote_ns.median.is_some());
    if let Some(cell) = promoted {
        let time = human::time(cell.promote_ns.median);
        parts.push(format!(
            "a promotion takes {time} in {}",
            summary.name(cell)
        ));
    }
    join(&parts)
}

fn numbers(overall: &Overall) -> String {
    let rates = [overall.missed_harmful, overall.held_back];
    let known: Vec<String> = rates
        .iter()
        .flatten()
        .map(|rate: &Rate| human::rate(rate))
        .collect();
    join(&known)
}

/// `a, b and c`.
fn join(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

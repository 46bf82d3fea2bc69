//! Three sentences in plain words: the costliest miss, the false alarms, the least harm.
//!
//! Each is computed from the cells alone and says so when a study cannot tell.

mod compare;

use crate::human;
use crate::interval::Rate;
use crate::summary::{Cell, Summary};

use compare::least_harm;

/// Exactly three sentences on what stands out; the same for equal summaries.
#[must_use]
pub fn sentences(summary: &Summary) -> [String; 3] {
    if let Some(refused) = all_refused(summary) {
        return refused;
    }
    [
        costliest_miss(summary),
        false_rollbacks(summary),
        least_harm(summary),
    ]
}

fn all_refused(summary: &Summary) -> Option<[String; 3]> {
    let policies = &summary.study.policies;
    let first = policies.first()?.invalid.as_ref()?;
    if policies.iter().any(|policy| policy.invalid.is_none()) {
        return None;
    }
    let label = &policies[0].label;
    Some([
        "Every policy is refused by its own controller, so nothing was rolled out.".to_owned(),
        format!(
            "{label} is refused for this reason: {}.",
            first.reason.trim_end_matches('.')
        ),
        format!(
            "To go on, change {} line {}: {}.",
            first.file, first.line, first.help
        ),
    ])
}

/// `12.3 % of 1,000 rollouts (95 % interval 10.4–14.5)`.
fn told(rate: &Rate) -> String {
    let share = human::percent(rate.share);
    let n = human::counted(rate.n as usize, "rollout", "rollouts");
    format!("{share} of {n} (95 % interval {})", human::interval(rate))
}

/// A pair of cells in which the same thing happens with probabilities that differ beyond doubt: the
/// intervals do not touch. The one with the smallest share; the first of equals.
fn clearly_less<'a>(
    than: &Rate,
    cells: impl Iterator<Item = &'a Cell>,
    rate: fn(&Cell) -> Option<Rate>,
) -> Option<(&'a Cell, Rate)> {
    let rated = cells.filter_map(|cell| Some((cell, rate(cell)?)));
    let less = rated.filter(|(_, rate)| rate.high < than.low);
    less.min_by(|a, b| a.1.share.total_cmp(&b.1.share))
}

/// The first of the greatest, by a measure.
fn greatest<'a, T: Copy>(
    cells: impl Iterator<Item = &'a Cell>,
    of: impl Fn(&'a Cell) -> Option<T>,
    measure: impl Fn(&'a Cell, T) -> f64,
) -> Option<(&'a Cell, T)> {
    let mut best: Option<(&Cell, T, f64)> = None;
    for cell in cells {
        let Some(value) = of(cell) else { continue };
        let size = measure(cell, value);
        if best.is_none_or(|(_, _, largest)| size > largest) {
            best = Some((cell, value, size));
        }
    }
    best.map(|(cell, value, _)| (cell, value))
}

fn median_hurt(cell: &Cell) -> u64 {
    cell.hurt.median.map_or(0, |estimate| estimate.value)
}

/// Policies that never roll anything back miss everything, which surprises nobody.
fn can_roll_back(summary: &Summary, policy: usize) -> bool {
    let cells = summary.cells.iter().filter(|cell| cell.policy == policy);
    cells.map(|cell| cell.rolled_back).sum::<u64>() > 0
}

fn costliest_miss(summary: &Summary) -> String {
    let faulty = || summary.cells.iter().filter(|cell| cell.missed.is_some());
    let harmful = |cell: &Cell| cell.missed_harmful.filter(|rate| rate.count > 0);
    let damage = |cell: &Cell, rate: Rate| rate.low * (1 + median_hurt(cell)) as f64;
    let deciding = faulty().filter(|cell| can_roll_back(summary, cell.policy));
    let worst = greatest(deciding, harmful, damage).or_else(|| greatest(faulty(), harmful, damage));
    let Some((cell, rate)) = worst else {
        return nobody_hurt(faulty());
    };
    let (policy, scenario) = (summary.label(cell), summary.name(cell));
    let hurt = human::quantile(cell.hurt.median, human::count);
    let others = faulty().filter(|other| other.scenario == cell.scenario);
    let rival = match clearly_less(&rate, others, |cell| cell.missed_harmful) {
        Some((other, less)) => {
            let share = human::rate(&less);
            format!("; {} does so in {share}", summary.label(other))
        }
        None if summary.study.policies.len() > 1 => {
            "; no other policy is clearly better there".to_owned()
        }
        None => String::new(),
    };
    format!(
        "The costliest miss: in {scenario}, {policy} lets the bad release through to people in {}, \
         and the median rollout hurts {hurt} requests{rival}.",
        told(&rate)
    )
}

fn nobody_hurt<'a>(faulty: impl Iterator<Item = &'a Cell>) -> String {
    match Rate::wilson(0, faulty.map(|cell| cell.n).sum()) {
        Some(none) => format!("No promoted bad release hurt anybody: {}.", told(&none)),
        None => "No bad release was tried, so nothing is known about misses.".to_owned(),
    }
}

fn false_rollbacks(summary: &Summary) -> String {
    let healthy = || {
        summary
            .cells
            .iter()
            .filter(|cell| cell.false_rollback.is_some())
    };
    let rate_of = |cell: &Cell| cell.false_rollback;
    let happened = |cell: &Cell| rate_of(cell).filter(|rate| rate.count > 0);
    let Some((cell, rate)) = greatest(healthy(), happened, |_, rate| rate.share) else {
        return match Rate::wilson(0, healthy().map(|cell| cell.n).sum()) {
            Some(none) => format!("No policy rolls back a good release: {}.", told(&none)),
            None => "No good release was tried, so nothing is known about false alarms.".to_owned(),
        };
    };
    let (policy, scenario) = (summary.label(cell), summary.name(cell));
    let elsewhere = healthy().filter(|other| other.policy == cell.policy);
    let rivals = healthy().filter(|other| other.scenario == cell.scenario);
    let contrast = if let Some((other, less)) = clearly_less(&rate, elsewhere, rate_of) {
        format!(
            ", but in {} of those in {}",
            human::rate(&less),
            summary.name(other)
        )
    } else if let Some((other, less)) = clearly_less(&rate, rivals, rate_of) {
        format!(
            ", where {} does so in {}",
            summary.label(other),
            human::rate(&less)
        )
    } else {
        String::new()
    };
    format!(
        "The most false alarms: in {scenario}, {policy} rolls back a good release in {}{contrast}.",
        told(&rate)
    )
}

#[cfg(test)]
mod tests;

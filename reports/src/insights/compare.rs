//! Which policy to choose, over all scenarios of a study.

use crate::human;
use crate::interval::Rate;
use crate::summary::{Cell, Summary};

/// A policy over all its scenarios, each of which counts by its replications.
struct Overall<'a> {
    label: &'a str,
    /// Bad releases promoted to people's harm.
    missed: Option<Rate>,
    /// Good releases rolled back.
    false_rollback: Option<Rate>,
    /// A scenario with a good release, and how long its median promotion takes.
    promote: Option<(&'a str, String)>,
}

impl<'a> Overall<'a> {
    fn new(summary: &'a Summary, policy: usize, label: &'a str) -> Self {
        let cells = || {
            summary
                .cells
                .iter()
                .filter(move |cell| cell.policy == policy)
        };
        let healthy = cells().find(|c| c.false_rollback.is_some() && c.promote_ns.median.is_some());
        Self {
            label,
            missed: pooled(cells(), |cell| cell.missed_harmful),
            false_rollback: pooled(cells(), |cell| cell.false_rollback),
            promote: healthy.map(|cell| (summary.name(cell), human::time(cell.promote_ns.median))),
        }
    }

    /// Youden's J (Cancer 3 (1950) 32–35): the share of bad releases kept from harm less the share
    /// of good ones rolled back. 1 is perfect, 0 no better than a coin.
    fn youden(&self) -> f64 {
        let share = |rate: Option<Rate>| rate.map_or(0.0, |rate| rate.share);
        1.0 - share(self.missed) - share(self.false_rollback)
    }

    fn told(&self) -> String {
        let mut parts = Vec::new();
        if let Some(missed) = &self.missed {
            let share = human::rate(missed);
            parts.push(format!(
                "promotes {share} of the bad releases to people's harm"
            ));
        }
        if let Some(rate) = &self.false_rollback {
            parts.push(format!("rolls back {} of the good ones", human::rate(rate)));
        }
        if let Some((scenario, time)) = &self.promote {
            parts.push(format!("takes {time} to promote in {scenario}"));
        }
        join(&parts)
    }
}

/// Scenarios with equally many replications are strata of equal size; Wilson's interval for the sum
/// is then a little too wide, never too narrow.
fn pooled<'a>(
    cells: impl Iterator<Item = &'a Cell>,
    rate: fn(&Cell) -> Option<Rate>,
) -> Option<Rate> {
    let add = |(count, n): (u64, u64), rate: Rate| (count + rate.count, n + rate.n);
    let (count, n) = cells.filter_map(rate).fold((0, 0), add);
    Rate::wilson(count, n)
}

/// `a, b and c`.
fn join(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The third sentence.
pub(super) fn trade_off(summary: &Summary) -> String {
    let policies = summary.study.policies.iter().enumerate();
    let overall = policies.map(|(index, info)| Overall::new(summary, index, &info.label));
    let ran: Vec<_> = overall
        .filter(|overall| overall.missed.is_some() || overall.false_rollback.is_some())
        .collect();
    // The first of the best and the first of the worst.
    let better = |a: &&Overall<'_>, b: &&Overall<'_>| b.youden().total_cmp(&a.youden());
    let (Some(best), Some(worst)) = (ran.iter().min_by(better), ran.iter().rev().max_by(better))
    else {
        return "Nothing was rolled out, so policies cannot be compared.".to_owned();
    };
    if ran.len() == 1 {
        return format!("Over all its rollouts {} {}.", best.label, best.told());
    }
    if best.youden() - worst.youden() <= 0.0 {
        let number = human::counted(ran.len(), "policy", "policies");
        return format!(
            "Over all scenarios the {number} do equally well; each {}.",
            best.told()
        );
    }
    format!(
        "The best trade-off over all scenarios is {}: it {}; the worst, {}, {}.",
        best.label,
        best.told(),
        worst.label,
        worst.told()
    )
}

//! A policy over all scenarios of a study.

use schemars::JsonSchema;
use serde::Serialize;

use crate::interval::Rate;
use crate::summary::{Cell, Summary};

/// Rates over all rollouts of a policy, each of which counts once. A rate is `None` when nothing it
/// counts was tried.
///
/// Scenarios with equally many replications are strata of equal size, for which Wilson's interval
/// of the sum is a little too wide and never too narrow.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Overall {
    /// Index into [`coalmine_sim::event::Study::policies`].
    #[serde(skip)]
    pub policy: usize,
    /// Bad releases that were promoted.
    pub missed: Option<Rate>,
    /// Bad releases that were promoted and hurt somebody within the horizon.
    pub missed_harmful: Option<Rate>,
    /// Good releases that were rolled back.
    pub false_rollback: Option<Rate>,
    /// Good releases that were not promoted: rolled back, or stuck.
    pub held_back: Option<Rate>,
    /// Releases of either kind that got stuck.
    pub stuck: Option<Rate>,
}

impl Overall {
    fn new(summary: &Summary, policy: usize) -> Self {
        let pooled = |rate: fn(&Cell) -> Option<Rate>| {
            let cells = summary.cells.iter().filter(|cell| cell.policy == policy);
            let add = |(count, n): (u64, u64), rate: Rate| (count + rate.count, n + rate.n);
            let (count, n) = cells.filter_map(rate).fold((0, 0), add);
            Rate::wilson(count, n)
        };
        Self {
            policy,
            missed: pooled(|cell| cell.missed),
            missed_harmful: pooled(|cell| cell.missed_harmful),
            false_rollback: pooled(|cell| cell.false_rollback),
            held_back: pooled(|cell| {
                cell.false_rollback
                    .and_then(|rate| Rate::wilson(rate.n - cell.promoted, rate.n))
            }),
            stuck: pooled(|cell| cell.stuck),
        }
    }
}

/// The policies that ran, in the study's order.
#[must_use]
pub fn overall(summary: &Summary) -> Vec<Overall> {
    let policies = 0..summary.study.policies.len();
    let all = policies.map(|policy| Overall::new(summary, policy));
    all.filter(|overall| overall.stuck.is_some()).collect()
}

#[cfg(test)]
mod tests {
    use coalmine_sim::outcome::Verdict;

    use super::*;
    use crate::fixture::{outcome, study, summary, typical};

    #[test]
    fn rates_are_pooled_over_scenarios_and_the_refused_left_out() {
        let overall = overall(&typical());
        let policies: Vec<_> = overall.iter().map(|o| o.policy).collect();
        assert_eq!(policies, [0, 2]);
        let counts = |rate: Option<Rate>| rate.map(|rate| (rate.count, rate.n));
        assert_eq!(counts(overall[0].missed), Some((480, 2000)));
        assert_eq!(counts(overall[0].false_rollback), Some((123, 2000)));
    }

    #[test]
    fn a_good_release_that_gets_stuck_is_held_back() {
        let study = study(&["p"], &[("a/healthy", false), ("a/errors", true)]);
        let stuck: Vec<_> = (0..10).map(|i| outcome(i, Verdict::Stuck, 0)).collect();
        let waiting = overall(&summary(&study, &[(0, 0, &stuck), (0, 1, &stuck)]));
        let counts = |rate: Option<Rate>| rate.map(|rate| (rate.count, rate.n));
        assert_eq!(counts(waiting[0].held_back), Some((10, 10)));
        assert_eq!(counts(waiting[0].missed), Some((0, 10)));
    }
}

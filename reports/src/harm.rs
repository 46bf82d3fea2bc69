//! What a policy's caution costs: harm by bad releases against the duration of good ones.

use crate::mean::Mean;
use crate::mix::Measure;
use crate::summary::{Cell, Summary};

/// A policy in some scenarios.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Harm {
    /// Index into [`coalmine_sim::event::Study::policies`].
    pub policy: usize,
    /// Mean minutes until a good release is decided; of any release where none is good.
    pub minutes: Measure,
    /// Mean users hurt by a bad release.
    pub users: Measure,
    /// Mean requests hurt by it.
    pub requests: Measure,
    /// Rollouts behind them.
    pub n: u64,
}

/// Each policy over the scenarios that `keep` keeps, which weigh as they come. Without those that did
/// not run, and those without a bad release.
#[must_use]
pub fn harms(summary: &Summary, keep: impl Fn(usize) -> bool) -> Vec<Harm> {
    let policies = 0..summary.study.policies.len();
    policies
        .filter_map(|policy| one(summary, policy, &keep))
        .collect()
}

fn one(summary: &Summary, policy: usize, keep: impl Fn(usize) -> bool) -> Option<Harm> {
    let own = summary.cells.iter();
    let own = own.filter(|cell| cell.policy == policy && cell.n > 0 && keep(cell.scenario));
    let own: Vec<&Cell> = own.collect();
    let (bad, good): (Vec<&Cell>, Vec<&Cell>) = own.iter().partition(|cell| cell.missed.is_some());
    let watched = if good.is_empty() { &bad } else { &good };
    Some(Harm {
        policy,
        minutes: weighted(summary, watched, |cell| cell.means.minutes)?,
        users: weighted(summary, &bad, |cell| cell.means.hurt_users)?,
        requests: weighted(summary, &bad, |cell| cell.means.hurt)?,
        n: own.iter().map(|cell| cell.n).sum(),
    })
}

/// The mean over cells, which are independent: the squares of their half widths add up.
fn weighted(
    summary: &Summary,
    cells: &[&Cell],
    of: impl Fn(&Cell) -> Option<Mean>,
) -> Option<Measure> {
    let (mut sum, mut below, mut above, mut total) = (0.0, 0.0, 0.0, 0.0);
    for cell in cells {
        let weight = summary.weight(cell);
        let mean = of(cell)?;
        let half = |end: Option<f64>| weight * (end.unwrap_or(mean.value) - mean.value);
        sum += weight * mean.value;
        below += half(mean.low).powi(2);
        above += half(mean.high).powi(2);
        total += weight;
    }
    (total > 0.0).then(|| Measure {
        value: sum / total,
        low: (sum - below.sqrt()) / total,
        high: (sum + above.sqrt()) / total,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{promoted, rolled_back, study, summary, typical};

    #[test]
    fn good_releases_give_the_minutes_and_bad_ones_the_harm() {
        let study = study(
            &["p"],
            &[("a/healthy", false), ("a/errors", true), ("b/errors", true)],
        );
        let good: Vec<_> = (0..60).map(|i| promoted(i, 0)).collect();
        let bad = [rolled_back(0, 100), rolled_back(1, 200)];
        let worse = [promoted(0, 1000), promoted(1, 1000)];
        let summary = summary(&study, &[(0, 0, &good), (0, 1, &bad), (0, 2, &worse)]);
        let all = harms(&summary, |_| true);
        assert_eq!((all.len(), all[0].n), (1, 64));
        // 960 to 1,019 seconds; four requests a second for 100 and 200 s, and a thousand.
        assert!(
            (all[0].minutes.value - 989.5 / 60.0).abs() < 1e-9,
            "{all:?}"
        );
        assert!((all[0].requests.value - 800.0).abs() < 1e-9, "{all:?}");
        // Only the second cell varies: t with one degree of freedom, times 200, half of it.
        let half = 12.706_204_736 * 200.0 / 2.0;
        assert!(
            (all[0].requests.high - 800.0 - half).abs() < 1e-3,
            "{all:?}"
        );
        // Without a good release, the bad ones themselves.
        let only_b = harms(&summary, |scenario| scenario == 2);
        assert!((only_b[0].minutes.value - 960.5 / 60.0).abs() < 1e-9);
        assert!(harms(&summary, |scenario| scenario == 0).is_empty());
    }

    #[test]
    fn the_refused_have_no_place_in_it() {
        let policies: Vec<_> = harms(&typical(), |_| true)
            .iter()
            .map(|h| h.policy)
            .collect();
        assert_eq!(policies, [0, 2]);
    }
}

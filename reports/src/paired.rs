//! Two policies on the same rollouts: how much more often one is wrong, and what pairing is worth.
//!
//! Replication `i` of a scenario has the same users, the same pods and the same routers under every
//! policy, so two policies are compared rollout by rollout. Only the rollouts in which exactly one
//! of them is wrong tell them apart.

mod harm;

use coalmine_sim::draw::multinomial;
use coalmine_sim::event::ScenarioInfo;
use schemars::JsonSchema;
use serde::Serialize;
use statrs::distribution::{Binomial, DiscreteCDF};

use crate::bootstrap;
use crate::human;
use crate::interval::Rate;
use crate::summary::{Cell, Summary};

pub use harm::{Contrast, MeanDifference};

/// Of the same rollouts under two policies, how many ended wrongly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pairs {
    /// Rollouts.
    pub n: u64,
    /// Wrong under both.
    pub both: u64,
    /// Wrong under the first alone.
    pub only_first: u64,
    /// Wrong under the second alone.
    pub only_second: u64,
}

/// A difference of two shares, the first minus the second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Difference {
    /// −1 to 1; above zero the first policy is wrong more often.
    pub share: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// The exact two-sided p-value of McNemar's test: how likely a split at least as uneven is if
    /// both are wrong equally often.
    pub p: f64,
}

/// By which factor more rollouts unpaired samples would need for the same precision.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Gain {
    /// Variance of the difference of independent shares over that of the paired ones.
    pub value: f64,
    /// Lower end of its 95 % interval, from resampled rollouts.
    pub low: f64,
    /// Upper end; `None` where so few rollouts tell the policies apart that it has no bound.
    pub high: Option<f64>,
}

impl Difference {
    /// How much more often the second policy is wrong, in percentage points, with the ends of the
    /// interval rounded outwards.
    pub(crate) fn points_of_second(&self) -> (f64, (f64, f64)) {
        // Not -0.
        let value = -self.share * 100.0 + 0.0;
        (value, human::outwards((-self.high, -self.low)))
    }
}

impl Pairs {
    fn add(self, [n, both, only_first, only_second]: [u64; 4]) -> Self {
        Self {
            n: self.n + n,
            both: self.both + both,
            only_first: self.only_first + only_first,
            only_second: self.only_second + only_second,
        }
    }

    /// The difference; `None` without rollouts.
    #[must_use]
    pub fn difference(&self) -> Option<Difference> {
        let first = Rate::wilson(self.both + self.only_first, self.n)?;
        let second = Rate::wilson(self.both + self.only_second, self.n)?;
        let share = first.share - second.share;
        let phi = self.correlation();
        // Newcombe, Statistics in Medicine 17 (1998) 2635, method 10: Wilson's intervals of both
        // shares, combined with the correlation between them.
        let reach = |a: f64, b: f64| (a * a - 2.0 * phi * a * b + b * b).max(0.0).sqrt();
        let low = share - reach(first.share - first.low, second.high - second.share);
        let high = share + reach(first.high - first.share, second.share - second.low);
        Some(Difference {
            share,
            low: low.max(-1.0),
            high: high.min(1.0),
            p: mcnemar(self.only_first, self.only_second),
        })
    }

    /// Phi, with Newcombe's continuity correction.
    fn correlation(&self) -> f64 {
        let [a, b, c] = [self.both, self.only_first, self.only_second].map(|count| count as f64);
        let n = self.n as f64;
        let d = n - a - b - c;
        let product = (a + b) * (c + d) * (a + c) * (b + d);
        let excess = a * d - b * c;
        let excess = if excess > 0.0 {
            (excess - n / 2.0).max(0.0)
        } else {
            excess
        };
        if product > 0.0 {
            excess / product.sqrt()
        } else {
            0.0
        }
    }

    /// What pairing is worth; `None` where the difference does not vary.
    #[must_use]
    pub fn gain(&self) -> Option<Gain> {
        let value = self.worth().filter(|worth| worth.is_finite())?;
        let counts = [self.both, self.only_first, self.only_second].map(|count| count as f64);
        let n = self.n as f64;
        let [a, b, c] = counts.map(|count| count / n);
        let shares = [a, b, c, (1.0 - a - b - c).max(0.0)];
        let (low, high) = bootstrap::interval(|stream| {
            let mut counts = [0; 4];
            multinomial(self.n, &shares, &mut counts, stream);
            let [both, only_first, only_second, _] = counts;
            let again = Self {
                n: self.n,
                both,
                only_first,
                only_second,
            };
            // Where nobody is ever wrong, pairing is worth nothing either way.
            again.worth().unwrap_or(1.0)
        });
        Some(Gain {
            value,
            low,
            high: high.is_finite().then_some(high),
        })
    }

    /// Variance of the difference of independent shares over that of the paired ones, infinite where
    /// that is zero; `None` where both are.
    fn worth(&self) -> Option<f64> {
        let n = self.n as f64;
        let variance = |wrong: u64| {
            let p = wrong as f64 / n;
            p * (1.0 - p)
        };
        let unpaired =
            variance(self.both + self.only_first) + variance(self.both + self.only_second);
        let discordant = (self.only_first + self.only_second) as f64 / n;
        let share = (self.only_first as f64 - self.only_second as f64) / n;
        let paired = discordant - share * share;
        match (paired > 0.0, unpaired > 0.0) {
            (true, _) => Some(unpaired / paired),
            (false, true) => Some(f64::INFINITY),
            (false, false) => None,
        }
    }
}

/// McNemar's exact test (Psychometrika 12 (1947) 153): given how many rollouts tell the policies
/// apart, each is a fair coin if they are equally good.
fn mcnemar(first: u64, second: u64) -> f64 {
    let n = first + second;
    match Binomial::new(0.5, n) {
        Ok(coin) if n > 0 => (2.0 * coin.cdf(first.min(second))).min(1.0),
        _ => 1.0,
    }
}

/// Two policies over all scenarios that both ran.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Index into [`coalmine_sim::event::Study::policies`].
    pub first: usize,
    /// Likewise.
    pub second: usize,
    /// Rollouts of bad releases, wrong when promoted.
    pub missed: Pairs,
    /// Rollouts of good releases, wrong when rolled back.
    pub false_rollback: Pairs,
    /// Requests hurt in a rollout of a bad release; each scenario counts alike.
    pub hurt: Option<MeanDifference>,
}

impl Comparison {
    /// What pairing is worth where it is worth most.
    #[must_use]
    pub fn gain(&self) -> Option<Gain> {
        let gains = [self.missed.gain(), self.false_rollback.gain()];
        let gains = gains.into_iter().flatten();
        gains.max_by(|a, b| a.value.total_cmp(&b.value))
    }
}

/// Every two policies that ran.
///
/// Scenarios are pooled: within each, a rollout that tells two equally good policies apart is a fair
/// coin, so the test stays exact; the interval is a little too wide and never too narrow.
#[must_use]
pub fn comparisons(summary: &Summary) -> Vec<Comparison> {
    let policies = summary.study.policies.len();
    let pairs = (0..policies).flat_map(|a| (a + 1..policies).map(move |b| (a, b)));
    let all = pairs.map(|(first, second)| compare(summary, first, second));
    all.filter(|pair| pair.missed.n + pair.false_rollback.n > 0)
        .collect()
}

fn compare(summary: &Summary, first: usize, second: usize) -> Comparison {
    let mut comparison = Comparison {
        first,
        second,
        missed: Pairs::default(),
        false_rollback: Pairs::default(),
        hurt: None,
    };
    let of = |policy: usize| {
        summary
            .cells
            .iter()
            .filter(move |cell| cell.policy == policy)
    };
    let other = |scenario: usize| of(second).find(|cell| cell.scenario == scenario);
    for (a, b) in of(first).filter_map(|cell: &Cell| Some((cell, other(cell.scenario)?))) {
        let pairs = if a.missed.is_some() {
            &mut comparison.missed
        } else {
            &mut comparison.false_rollback
        };
        *pairs = pairs.add(a.wrong_marks.against(&b.wrong_marks));
    }
    comparison.hurt = hurt(summary, first, second);
    comparison
}

/// How many more requests the first policy hurts in a rollout of a bad release than the second, which
/// comes after it.
fn hurt(summary: &Summary, first: usize, second: usize) -> Option<MeanDifference> {
    let is_bad = |scenario: usize| {
        let info = summary.study.scenarios.get(scenario);
        info.is_some_and(ScenarioInfo::is_faulty)
    };
    let own = summary.contrasts.iter().filter(|contrast| {
        (contrast.first, contrast.second) == (first, second) && is_bad(contrast.scenario)
    });
    harm::pooled(&own.copied().collect::<Vec<_>>())
}

/// How many more requests a policy hurts in a rollout of a bad release than another.
pub(crate) fn more_hurt(summary: &Summary, policy: usize, than: usize) -> Option<MeanDifference> {
    if policy < than {
        hurt(summary, policy, than)
    } else {
        hurt(summary, than, policy).map(MeanDifference::reversed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coalmine_sim::stream::{Purpose, Seed, Streams};
    use rand::RngExt;

    fn pairs(both: u64, only_first: u64, only_second: u64, n: u64) -> Pairs {
        Pairs {
            n,
            both,
            only_first,
            only_second,
        }
    }

    #[test]
    fn mcnemars_test_is_the_sign_test_of_the_discordant_pairs() {
        assert_eq!(mcnemar(0, 0), 1.0);
        assert_eq!(mcnemar(5, 5), 1.0);
        // 2 (1 + 10 + 45) / 1024.
        assert!((mcnemar(2, 8) - 112.0 / 1024.0).abs() < 1e-12);
        assert!((mcnemar(8, 2) - 112.0 / 1024.0).abs() < 1e-12);
        assert!((mcnemar(0, 6) - 2.0 / 64.0).abs() < 1e-12);
    }

    #[test]
    fn pairing_is_worth_what_agreement_makes_of_it() {
        // Independent policies: nothing is gained.
        let apart = pairs(25, 25, 25, 100).gain().expect("varies");
        assert!((apart.value - 1.0).abs() < 1e-12);
        // The second is wrong wherever the first is, and in one more of a hundred.
        let nested = pairs(200, 0, 10, 1000);
        let difference = nested.difference().expect("has rollouts");
        assert!((difference.share + 0.01).abs() < 1e-12);
        assert!(
            difference.high < 0.0 && difference.low > -0.02,
            "{difference:?}"
        );
        assert!((difference.p - 2.0 / 1024.0).abs() < 1e-12);
        let gain = nested.gain().expect("varies");
        assert!(gain.value > 30.0 && gain.low < gain.value, "{gain:?}");
        assert!(gain.high.is_some_and(|high| high > gain.value), "{gain:?}");
        let same = pairs(7, 0, 0, 50);
        let difference = same.difference().expect("has rollouts");
        assert_eq!(
            (difference.share, difference.p, same.gain()),
            (0.0, 1.0, None)
        );
        assert_eq!(Pairs::default().difference(), None);
        assert_eq!(Pairs::default().gain(), None);
    }

    /// Of 200 intervals at 95 % about 190 must hold the truth; four standard deviations are 12, and a
    /// bootstrap of a ratio is known to fall a few percent short.
    #[test]
    fn resampled_gains_cover_the_true_one() {
        let mut rng = Streams::new(Seed(11), "gain", 0).get(Purpose::Harm);
        let shares = [0.3, 0.05, 0.1, 0.55];
        let variance = |p: f64| p * (1.0 - p);
        let truth = (variance(0.35) + variance(0.4)) / (0.15 - 0.05 * 0.05);
        let covered = (0..200).filter(|_| {
            let mut counts = [0; 4];
            multinomial(400, &shares, &mut counts, &mut rng);
            let gain = pairs(counts[0], counts[1], counts[2], 400).gain();
            gain.is_some_and(|g| g.low <= truth && g.high.is_none_or(|high| truth <= high))
        });
        let covered = covered.count();
        assert!((172..=199).contains(&covered), "{covered}");
    }

    /// Of 4,000 intervals at 95 % about 3,800 must hold the truth; four standard deviations are 55.
    /// The method is known to be a little conservative, so more is no fault.
    #[test]
    fn intervals_cover_the_true_difference() {
        let mut rng = Streams::new(Seed(7), "pairs", 0).get(Purpose::Harm);
        for (both, first, second) in [(0.02, 0.05, 0.01), (0.3, 0.1, 0.1), (0.0, 0.03, 0.0)] {
            let covered = (0..4_000).filter(|_| {
                let mut counts = [300, 0, 0, 0];
                for _ in 0..300 {
                    let luck: f64 = rng.random();
                    let bounds = [both, both + first, both + first + second];
                    let at = bounds.iter().take_while(|bound| luck >= **bound).count();
                    if at < 3 {
                        counts[at + 1] += 1;
                    }
                }
                let difference = Pairs::default().add(counts).difference();
                difference.is_some_and(|d| d.low <= first - second && first - second <= d.high)
            });
            let covered = covered.count();
            assert!(covered > 3_745, "{both} {first} {second}: {covered}");
        }
    }
}

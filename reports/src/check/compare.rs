//! Worse than before? On the very same rollouts.
//!
//! Replication `i` has the same users, pods and routers today as when the baseline was recorded, so
//! a measure is compared rollout by rollout, and a policy that nobody touched differs in nothing at
//! all. What is tested is that it became worse, one-sided:
//!
//! * shares by McNemar's exact test (Psychometrika 12 (1947) 153): of the rollouts that ended well
//!   only before or only now, each is a fair coin if nothing changed for the worse;
//! * means by Student's t over the differences of blocks of rollouts ([`super::Blocks`]).
//!
//! Over policies, scenarios and measures the chance of blaming anything wrongly is kept at the
//! suite's `familyError` by Holm's step-down (Scandinavian Journal of Statistics 6 (1979) 65). A test
//! none of whose rollouts differs cannot reject and takes no part (Tarone, Biometrics 46 (1990) 515).

use schemars::JsonSchema;
use serde::Serialize;
use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal, StudentsT};

use super::{Blocks, Ends};
use crate::interval::CONFIDENCE;
use crate::marks::Marks;
use crate::mean::Mean;
use crate::paired::Pairs;

/// A measure before and now, in one scenario under one policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Index into the study's policies.
    pub policy: usize,
    /// Index into the study's scenarios.
    pub scenario: usize,
    /// Its name in `notWorse`.
    pub measure: &'static str,
    /// What was seen.
    pub tested: Tested,
    /// `tested.p`, corrected for the number of comparisons. Below the suite's `familyError` the
    /// worsening is significant.
    pub p_family: f64,
}

/// A measure on the same rollouts, before and now.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Tested {
    /// Rollouts that were compared.
    pub n: u64,
    /// The value of the baseline over these rollouts: a share, or a mean (durations in seconds).
    pub before: f64,
    /// The value now.
    pub now: f64,
    /// Lower end of the 95 % interval of the difference, now less before; null where there is none.
    pub low: Option<f64>,
    /// Upper end, likewise.
    pub high: Option<f64>,
    /// How likely a worsening like this is if nothing became worse: the one-sided p-value of the test
    /// on the same rollouts.
    pub p: f64,
    /// So many replications would probably make it significant by itself (80 %), if it is what it
    /// seems; null where it does not seem to be one.
    pub runs_needed: Option<u64>,
    /// Replications that ended rightly before and wrongly now; empty for means.
    pub turned: Vec<u32>,
    /// How many ended wrongly before and rightly now; 0 for means.
    pub mended: u64,
    /// The first and the last of the replications whose mean grew most; null for shares, and where
    /// none grew.
    pub most: Option<(u32, u32)>,
}

impl Tested {
    /// Whether any rollout differs.
    #[must_use]
    pub fn differs(&self) -> bool {
        !self.turned.is_empty() || self.mended > 0 || self.before != self.now
    }
}

/// What is compared of the rollouts of a cell: measures by their names in `notWorse`, those that do
/// not apply left out.
#[must_use]
pub fn compare(
    (policy, scenario): (usize, usize),
    is_bad: bool,
    measures: &[&'static str],
    (before, now): (&Ends, &Ends),
) -> Vec<Change> {
    let mean_of = |of: fn(&Ends) -> &Blocks, scale| mean(of(before), of(now), scale);
    let test = |measure: &str| match measure {
        "missed" if is_bad => share(&before.promoted, &now.promoted),
        "false-rollback" if !is_bad => share(&before.rolled_back, &now.rolled_back),
        "stuck" => share(&before.stuck(), &now.stuck()),
        "hurt" => mean_of(|ends| &ends.hurt, 1.0),
        "hurt-users" => mean_of(|ends| &ends.hurt_users, 1.0),
        "duration" => mean_of(|ends| &ends.duration_ms, 1e-3),
        _ => None,
    };
    let change = |measure: &&'static str| {
        let tested = test(measure)?;
        Some(Change {
            policy,
            scenario,
            measure,
            p_family: tested.p,
            tested,
        })
    };
    measures.iter().filter_map(change).collect()
}

/// A share of wrong ends; `None` without rollouts that both have.
fn share(before: &Marks, now: &Marks) -> Option<Tested> {
    let [n, both, only_now, only_before] = now.against(before);
    let pairs = Pairs {
        n,
        both,
        only_first: only_now,
        only_second: only_before,
    };
    let difference = pairs.difference()?;
    let of = |count: u64| (both + count) as f64 / n as f64;
    let turned = (0..n).filter(|i| {
        let at = usize::try_from(*i).unwrap_or(usize::MAX);
        now.is_marked(at) && !before.is_marked(at)
    });
    let (more, less) = (only_now as f64, only_before as f64);
    Some(Tested {
        n,
        before: of(only_before),
        now: of(only_now),
        low: Some(difference.low),
        high: Some(difference.high),
        p: mcnemar(only_now, only_before),
        runs_needed: needed(n, (more - less) / (more + less).sqrt()),
        turned: turned.filter_map(|i| u32::try_from(i).ok()).collect(),
        mended: only_before,
        most: None,
    })
}

/// The probability of so many that turned for the worse, or more, among those that turned at all.
fn mcnemar(worse: u64, better: u64) -> f64 {
    match Binomial::new(0.5, worse + better) {
        // P(X ≥ worse) = P(X ≤ better), since the coin is fair.
        Ok(coin) if worse > 0 => coin.cdf(better),
        _ => 1.0,
    }
}

/// A mean; `None` with fewer than two blocks that both have.
fn mean(before: &Blocks, now: &Blocks, scale: f64) -> Option<Tested> {
    let (differences, size) = now.less(before);
    let n = differences.len() as u64 * size;
    let of = |x: f64| x * scale;
    let difference = Mean::of(differences.iter().copied().map(of))?;
    let (low, high) = (difference.low?, difference.high?);
    let freedom = (differences.len() - 1) as f64;
    let t = StudentsT::new(0.0, 1.0, freedom).ok()?;
    let reach = t.inverse_cdf(f64::midpoint(1.0, CONFIDENCE));
    let error = (high - difference.value) / reach;
    let seen = difference.value / error;
    let p = match difference.value {
        // Nothing differs at all, or all of it by the same.
        value if error == 0.0 => f64::from(u8::from(value <= 0.0)),
        _ => t.sf(seen),
    };
    let now = now.first(n)? * scale;
    Some(Tested {
        n,
        before: now - difference.value,
        now,
        low: Some(low),
        high: Some(high),
        p,
        runs_needed: needed(n, seen),
        turned: Vec::new(),
        mended: 0,
        most: most(&differences, size),
    })
}

/// The replications of the block that grew most.
fn most(differences: &[f64], size: u64) -> Option<(u32, u32)> {
    let grown = (0_u64..).zip(differences.iter().copied());
    let grown = grown.filter(|(_, grew)| *grew > 0.0);
    // The first of equals.
    let (block, _) = grown.reduce(|a, b| if b.1 > a.1 { b } else { a })?;
    let at = |replication: u64| u32::try_from(replication).ok();
    Some((at(block * size)?, at((block + 1) * size - 1)?))
}

/// How many replications would probably show what now has this score of the normal distribution.
fn needed(n: u64, score: f64) -> Option<u64> {
    let normal = |p: f64| Normal::standard().inverse_cdf(p);
    let factor = ((normal(CONFIDENCE) + normal(0.8)) / score).powi(2);
    let runs = n as f64 * factor.max(1.0);
    (score > 0.0 && runs < 1e7).then_some(runs.ceil() as u64)
}

/// Corrects the p-values for their number (Holm): in order of size, the smallest times all that
/// differ, the next times one less, and so on, never falling.
pub fn holm(changes: &mut [Change]) {
    let differing = changes.iter_mut().filter(|change| change.tested.differs());
    let mut differing: Vec<_> = differing.collect();
    differing.sort_by(|a, b| a.tested.p.total_cmp(&b.tested.p));
    let (count, mut least) = (differing.len(), 0.0_f64);
    for (index, change) in differing.into_iter().enumerate() {
        least = least.max(change.tested.p * (count - index) as f64).min(1.0);
        change.p_family = least;
    }
}

#[cfg(test)]
mod tests;

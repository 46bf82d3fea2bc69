//! Met, breached, or not enough evidence.

use schemars::JsonSchema;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

use super::exact;
use super::read::{Basis, Reading};
use super::{Bound, Requirement};
use crate::interval::CONFIDENCE;

/// What became of a requirement, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The whole interval lies within the limit.
    Met,
    /// It straddles the limit, or there is none: not enough evidence.
    Undecided,
    /// The whole interval lies beyond the limit.
    Breached,
}

/// A requirement, judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Judged {
    /// What became of it.
    pub outcome: Outcome,
    /// The measure; null where nothing was observed.
    pub reading: Option<Reading>,
    /// Where it is undecided: so many replications of each cell would decide it in four of five
    /// studies, if the measure is what it seems; null where no number up to ten million would, because
    /// the estimate lies on the limit.
    pub runs_needed: Option<u64>,
}

/// The chance of a decision that [`Judged::runs_needed`] aims at.
const POWER: f64 = 0.8;

/// More replications of a cell than anybody runs.
const RUNS_MAX: f64 = 1e7;

impl Judged {
    /// Nothing was observed that could be judged.
    pub(super) const fn unseen() -> Self {
        Self {
            outcome: Outcome::Undecided,
            reading: None,
            runs_needed: None,
        }
    }
}

impl Requirement {
    /// Judges a measure by its interval.
    #[must_use]
    pub fn judge(&self, reading: Reading) -> Judged {
        let below = reading.high.is_some_and(|high| high < self.limit);
        let above = reading.low.is_some_and(|low| low > self.limit);
        let outcome = match (self.bound, below, above) {
            (Bound::Below, true, _) | (Bound::Above, _, true) => Outcome::Met,
            (Bound::Below, _, true) | (Bound::Above, true, _) => Outcome::Breached,
            _ => Outcome::Undecided,
        };
        let undecided = outcome == Outcome::Undecided;
        Judged {
            outcome,
            reading: Some(reading),
            runs_needed: undecided.then(|| self.needed(&reading)).flatten(),
        }
    }

    /// How many replications of each cell would probably decide.
    fn needed(&self, reading: &Reading) -> Option<u64> {
        let factor = match reading.basis {
            Basis::Share { count, n } => of_share(count, n, self.limit)?,
            Basis::Root => of_root(reading, self.limit)?,
            Basis::Quantile(p) => {
                let (low, high) = (reading.low, reading.high);
                match of_root(reading, self.limit) {
                    Some(factor) if low.is_some() && high.is_some() => factor,
                    _ if low.is_some() && high.is_some() => return None,
                    _ => (enough(p) / reading.n.max(1) as f64).max(1.0),
                }
            }
        };
        let runs = (factor * reading.runs as f64).max(reading.runs as f64 + 1.0);
        (runs <= RUNS_MAX).then(|| rounded_up(runs))
    }
}

/// Two digits, rounded up: more would pretend to know.
fn rounded_up(runs: f64) -> u64 {
    let digits = runs.log10().floor() - 1.0;
    let unit = 10.0_f64.powf(digits.max(0.0)).round();
    // Not 390 for what is 380 but for rounding.
    ((runs / unit - 1e-9).ceil() * unit) as u64
}

/// Observations without which the interval of a quantile has an open end.
fn enough(p: f64) -> f64 {
    let tail = f64::midpoint(1.0, -CONFIDENCE);
    (tail.ln() / p.max(1.0 - p).ln()).ceil()
}

fn normal(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// Half an interval shrinks with the root; to be clear of the limit in [`POWER`] of the cases the
/// estimate may be off by another quantile of its error.
fn of_root(reading: &Reading, limit: f64) -> Option<f64> {
    let apart = (limit - reading.value).abs();
    let half = if limit > reading.value {
        reading.high? - reading.value
    } else {
        reading.value - reading.low?
    };
    let z = normal(f64::midpoint(1.0, CONFIDENCE));
    let factor = ((1.0 + normal(POWER) / z) * half / apart).powi(2);
    factor.is_finite().then_some(factor)
}

/// The factor on the rollouts behind a share; by search, since its interval has no simple form.
fn of_share(count: f64, n: f64, limit: f64) -> Option<f64> {
    let share = count / n;
    let decides = |size: f64| {
        let luck = normal(POWER) * (size * share * (1.0 - share)).sqrt();
        if share < limit {
            exact::upper(size * share + luck, size) < limit
        } else {
            exact::interval(size * share - luck, size).0 > limit
        }
    };
    let mut high = n;
    while !decides(high) {
        high *= 2.0;
        if high / n > RUNS_MAX {
            return None;
        }
    }
    let mut low = (high / 2.0).max(n);
    while high - low > (high / 1000.0).max(1.0) {
        let middle = f64::midpoint(low, high);
        if decides(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high / n)
}

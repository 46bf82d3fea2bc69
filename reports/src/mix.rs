//! What a policy is worth over a mix of releases, of which a stated share is bad.
//!
//! Each scenario is one kind of release. Good ones share the probability `1 - bad_share` and bad
//! ones `bad_share`, by their weights. With these, for a policy:
//!
//! * *catch rate*: bad releases that were not promoted (sensitivity);
//! * *pass rate*: good releases that were promoted (specificity);
//! * *balanced accuracy*: the mean of the two; one half for whoever does not look;
//! * *MCC*: the correlation of "should be stopped" and "was stopped" (Matthews, Biochimica et
//!   Biophysica Acta 405 (1975) 442), which depends on `bad_share`;
//! * *change failure rate* (DORA): releases that are bad and hurt somebody within the horizon;
//! * *recovery time* (DORA: failed deployment recovery time): of those, from the first request that
//!   met the fault until nobody meets it; to the end of the horizon where that did not happen, so
//!   the mean is a lower bound;
//! * *releases a day*: how many fit into 24 hours one after the other, stuck ones taking their whole
//!   horizon;
//! * *cost of a release*: at the user's own prices.

use schemars::JsonSchema;
use serde::Serialize;

use crate::interval::Rate;
use crate::mean::Mean;
use crate::summary::{Cell, Summary};

/// The mix, and what things cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Mix {
    /// The share of releases that are bad, 0 to 1.
    pub bad_share: f64,
    /// The user's prices, in whatever currency.
    pub prices: Option<Prices>,
}

/// What each unit costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Prices {
    /// A minute of rollout.
    pub minute: f64,
    /// A request that fared worse than on the old revision.
    pub hurt_request: f64,
    /// A user some of whose requests did.
    pub hurt_user: f64,
    /// A good release that was not promoted: somebody looks, and tries again.
    pub false_alarm: f64,
}

impl Default for Mix {
    /// DORA's elite and high performers see 5 to 10 % of their changes fail.
    fn default() -> Self {
        Self {
            bad_share: 0.1,
            prices: None,
        }
    }
}

/// A measure with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Measure {
    /// The estimate.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A policy over the mix. `None` where its scenarios cannot tell: without bad releases, without good
/// ones, without failed ones, without prices.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Worth {
    /// Index into [`coalmine_sim::event::Study::policies`].
    #[serde(skip)]
    pub policy: usize,
    /// Replications behind it.
    pub n: u64,
    /// Bad releases that were not promoted.
    pub catch_rate: Option<Measure>,
    /// Good releases that were promoted.
    pub pass_rate: Option<Measure>,
    /// The mean of both.
    pub balanced_accuracy: Option<Measure>,
    /// Matthews' correlation coefficient.
    pub mcc: Option<Measure>,
    /// Releases that are bad and hurt somebody.
    pub change_failure_rate: Option<Measure>,
    /// Mean seconds from the first harm to its end.
    pub recovery_s: Option<Measure>,
    /// Releases that fit into a day.
    pub releases_per_day: Option<Measure>,
    /// Mean cost, in the unit of the prices.
    pub cost: Option<Measure>,
}

/// What a cell tells of its kind of release.
#[derive(Clone, Copy, Debug)]
enum Of {
    Promoted,
    Failed,
    Recovery,
    Minutes,
    Hurt,
    HurtUsers,
}

const PARTS: usize = 6;

/// The estimates of one cell, and the ends of their intervals.
struct Parts {
    is_bad: bool,
    /// The probability that a release is of this kind.
    weight: f64,
    value: [f64; PARTS],
    ends: [(f64, f64); PARTS],
}

impl Parts {
    fn new(cell: &Cell, weight: f64) -> Option<Self> {
        let rate = |rate: Option<Rate>| rate.map(|r| (r.share, (r.low, r.high)));
        let mean = |mean: Option<Mean>| {
            let of = |m: Mean| {
                (
                    m.value,
                    (m.low.unwrap_or(m.value), m.high.unwrap_or(m.value)),
                )
            };
            mean.map(of)
        };
        let nothing = (0.0, (0.0, 0.0));
        let means = &cell.means;
        let all = [
            rate(Rate::wilson(cell.promoted, cell.n))?,
            rate(means.failed)?,
            mean(means.recovery_s).unwrap_or(nothing),
            mean(means.minutes)?,
            mean(means.hurt)?,
            mean(means.hurt_users)?,
        ];
        Some(Self {
            is_bad: cell.missed.is_some(),
            weight,
            value: all.map(|part| part.0),
            ends: all.map(|part| part.1),
        })
    }

    fn of(&self, part: Of) -> f64 {
        self.value[part as usize]
    }
}

/// The sum over the mix of `weight × part`, over the bad or the good releases or all.
fn sum(parts: &[Parts], keep: Option<bool>, of: impl Fn(&Parts) -> f64) -> f64 {
    let kept = parts
        .iter()
        .filter(|p| keep.is_none_or(|bad| p.is_bad == bad));
    kept.map(|p| p.weight * of(p)).sum()
}

/// Stopped among the bad, promoted among the good: joint probabilities with those of their kind.
fn confusion(parts: &[Parts]) -> [f64; 4] {
    let promoted = |bad| sum(parts, Some(bad), |p| p.of(Of::Promoted));
    let all = |bad| sum(parts, Some(bad), |_| 1.0);
    let (missed, passed) = (promoted(true), promoted(false));
    [all(true) - missed, missed, passed, all(false) - passed]
}

fn catch_rate(parts: &[Parts]) -> Option<f64> {
    let [caught, missed, ..] = confusion(parts);
    ratio(caught, caught + missed)
}

fn pass_rate(parts: &[Parts]) -> Option<f64> {
    let [_, _, passed, held] = confusion(parts);
    ratio(passed, passed + held)
}

fn balanced_accuracy(parts: &[Parts]) -> Option<f64> {
    Some(f64::midpoint(catch_rate(parts)?, pass_rate(parts)?))
}

fn mcc(parts: &[Parts]) -> Option<f64> {
    let [caught, missed, passed, held] = confusion(parts);
    let (bad, good) = (caught + missed, passed + held);
    let (stopped, promoted) = (caught + held, missed + passed);
    if bad <= 0.0 || good <= 0.0 {
        return None;
    }
    // Whoever treats all releases alike has no correlation.
    let scale = (bad * good * stopped * promoted).sqrt();
    Some(ratio(caught * passed - missed * held, scale).unwrap_or(0.0))
}

fn change_failure_rate(parts: &[Parts]) -> Option<f64> {
    Some(sum(parts, None, |p| p.of(Of::Failed)))
}

fn recovery_s(parts: &[Parts]) -> Option<f64> {
    let time = sum(parts, None, |p| p.of(Of::Failed) * p.of(Of::Recovery));
    ratio(time, sum(parts, None, |p| p.of(Of::Failed)))
}

fn releases_per_day(parts: &[Parts]) -> Option<f64> {
    ratio(24.0 * 60.0, sum(parts, None, |p| p.of(Of::Minutes)))
}

fn cost(parts: &[Parts], prices: &Prices) -> f64 {
    let [.., held] = confusion(parts);
    prices.minute * sum(parts, None, |p| p.of(Of::Minutes))
        + prices.hurt_request * sum(parts, None, |p| p.of(Of::Hurt))
        + prices.hurt_user * sum(parts, None, |p| p.of(Of::HurtUsers))
        + prices.false_alarm * held
}

fn ratio(a: f64, b: f64) -> Option<f64> {
    (b > 0.0).then(|| a / b)
}

/// A measure of the parts with the interval that theirs make: each part is moved to the ends of its
/// own interval while the others stay, and what that does to the measure is added in quadrature
/// between cells, which are independent, and plainly within one, whose parts are not (MOVER: Zou and
/// Donner, Statistics in Medicine 27 (2008) 1693; for functions of several parameters Newcombe,
/// Confidence Intervals for Proportions, 2013, §7.4).
fn measure(parts: &mut [Parts], of: impl Fn(&[Parts]) -> Option<f64>) -> Option<Measure> {
    let value = of(parts)?;
    let (mut below, mut above) = (0.0, 0.0);
    for cell in 0..parts.len() {
        let (mut down, mut up) = (0.0, 0.0);
        for part in 0..PARTS {
            let at = parts[cell].value[part];
            let (low, high) = parts[cell].ends[part];
            let mut moved = |to: f64| {
                parts[cell].value[part] = to;
                let moved = of(parts).unwrap_or(value);
                parts[cell].value[part] = at;
                moved
            };
            let (a, b) = (moved(low), moved(high));
            down += (value - a.min(b)).max(0.0);
            up += (a.max(b) - value).max(0.0);
        }
        below += down * down;
        above += up * up;
    }
    Some(Measure {
        value,
        low: value - below.sqrt(),
        high: value + above.sqrt(),
    })
}

/// The policies that ran, in the study's order.
#[must_use]
pub fn worth(summary: &Summary, mix: &Mix) -> Vec<Worth> {
    let policies = 0..summary.study.policies.len();
    policies
        .filter_map(|policy| of_policy(summary, mix, policy))
        .collect()
}

/// One of them; `None` where nothing of it ran.
#[must_use]
pub fn of_policy(summary: &Summary, mix: &Mix, policy: usize) -> Option<Worth> {
    let own = summary
        .cells
        .iter()
        .filter(|cell| cell.policy == policy && cell.n > 0);
    let cells: Vec<&Cell> = own.collect();
    let weight = |cell: &Cell| summary.weight(cell);
    let total = |bad: bool| -> f64 {
        let kind = cells.iter().filter(|cell| cell.missed.is_some() == bad);
        kind.map(|cell| weight(cell)).sum()
    };
    let totals = [total(false), total(true)];
    // With one kind of release only, the mix is all of that kind.
    let bad_share = match totals {
        [_, 0.0] => 0.0,
        [0.0, _] => 1.0,
        _ => mix.bad_share,
    };
    let parts = cells.iter().filter_map(|cell| {
        let is_bad = cell.missed.is_some();
        let kind = if is_bad { bad_share } else { 1.0 - bad_share };
        Parts::new(cell, kind * weight(cell) / totals[usize::from(is_bad)])
    });
    let mut parts: Vec<Parts> = parts.collect();
    let n = cells.iter().map(|cell| cell.n).sum();
    (!parts.is_empty()).then(|| {
        let share = |measure: Option<Measure>, low: f64| {
            measure.map(|m| Measure {
                low: m.low.max(low),
                high: m.high.min(1.0),
                ..m
            })
        };
        let positive = |measure: Option<Measure>| {
            measure.map(|m| Measure {
                low: m.low.max(0.0),
                ..m
            })
        };
        Worth {
            policy,
            n,
            catch_rate: share(measure(&mut parts, catch_rate), 0.0),
            pass_rate: share(measure(&mut parts, pass_rate), 0.0),
            balanced_accuracy: share(measure(&mut parts, balanced_accuracy), 0.0),
            mcc: share(measure(&mut parts, mcc), -1.0),
            change_failure_rate: share(measure(&mut parts, change_failure_rate), 0.0),
            recovery_s: positive(measure(&mut parts, recovery_s)),
            releases_per_day: positive(measure(&mut parts, releases_per_day)),
            cost: mix
                .prices
                .and_then(|prices| measure(&mut parts, |parts| Some(cost(parts, &prices)))),
        }
    })
}

#[cfg(test)]
mod tests;

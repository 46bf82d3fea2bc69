//! Which numbers of a study a requirement is about.

use schemars::JsonSchema;
use serde::Serialize;

use super::measure::About;
use super::{Judged, Measure, Requirement, Statistic, exact};
use crate::interval::{Estimate, Rate};
use crate::mean::Mean;
use crate::mix::{self, Mix};
use crate::summary::{Cell, Quantiles, Summary};

/// A measure of a study with its 95 % interval, in the unit of its requirement.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Reading {
    /// The estimate.
    pub value: f64,
    /// Lower end of the interval; null where there are too few rollouts to have one.
    pub low: Option<f64>,
    /// Upper end, likewise.
    pub high: Option<f64>,
    /// Rollouts behind it.
    pub n: u64,
    /// Replications of a cell.
    #[serde(skip)]
    pub runs: u64,
    /// Index of the scenario that decided, where a quantile is asked of several.
    #[serde(skip)]
    pub scenario: Option<usize>,
    #[serde(skip)]
    pub(super) basis: Basis,
}

/// How an interval shrinks when there are more rollouts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Basis {
    /// That of a share: its count, out of an effective number of rollouts.
    Share { count: f64, n: f64 },
    /// As one over the square root.
    Root,
    /// Likewise, once there are enough observations to have one at all.
    Quantile(f64),
}

impl Requirement {
    /// Judges one scenario under one policy; `None` where the measure says nothing of such a release,
    /// or nothing ran.
    #[must_use]
    pub fn judge_cell(&self, cell: &Cell) -> Option<Judged> {
        if !self.measure.applies(cell) {
            return None;
        }
        Some(match in_cell(self.measure, cell) {
            Some(reading) => self.judge(reading),
            None => Judged::unseen(),
        })
    }

    /// Judges a policy over all scenarios of the study.
    ///
    /// Shares and means are those of the mix of releases; what bad and good releases have in common
    /// weighs them by its share of bad ones, and harm is that of the bad ones, where there are any.
    /// A quantile has no meaning over a mix: it must keep the limit in every scenario where it was
    /// observed, so the worst decides. `None` where the study cannot tell: the policy is refused,
    /// there are no such releases, or no prices.
    #[must_use]
    pub fn judge_mix(&self, summary: &Summary, policy: usize, mix: &Mix) -> Option<Judged> {
        if quantile(self.measure).is_some() {
            let cells = of_policy(summary, policy);
            let weighed = weigh(self.measure, &cells, summary, mix);
            return (!weighed.is_empty()).then(|| self.worst(&weighed));
        }
        let reading = self.measure.over_mix(summary, policy, mix);
        reading.map(|reading| self.judge(reading))
    }

    /// The scenario that keeps a limit least.
    fn worst(&self, weighed: &[(&Cell, f64)]) -> Judged {
        let all = weighed.iter().filter_map(|(cell, _)| {
            let reading = in_cell(self.measure, cell)?;
            let scenario = Some(cell.scenario);
            Some(self.judge(Reading {
                scenario,
                ..reading
            }))
        });
        let key = |one: &Judged| {
            let value = one.reading.map_or(0.0, |reading| reading.value);
            (one.outcome, value)
        };
        let worse = |a: &Judged, b: &Judged| {
            let ((a, x), (b, y)) = (key(a), key(b));
            a.cmp(&b).then(x.total_cmp(&y))
        };
        all.max_by(worse).unwrap_or_else(Judged::unseen)
    }
}

impl Measure {
    /// Whether it says something of a cell.
    fn applies(self, cell: &Cell) -> bool {
        cell.n > 0 && !self.is_of_mix_only() && self.is_about().counts(cell.missed.is_some())
    }

    /// Its value in one scenario under one policy; `None` where it says nothing of such a release, or
    /// was never observed.
    #[must_use]
    pub fn in_cell(self, cell: &Cell) -> Option<Reading> {
        in_cell(self, cell).filter(|_| self.applies(cell))
    }

    /// Its value for a policy over the mix of releases; `None` where the study cannot tell, and for
    /// quantiles, which have no meaning there.
    #[must_use]
    pub fn over_mix(self, summary: &Summary, policy: usize, mix: &Mix) -> Option<Reading> {
        let cells = of_policy(summary, policy);
        let weighed = weigh(self, &cells, summary, mix);
        let runs = cells.iter().map(|cell| cell.n).max()?;
        match of_mix(self, summary, policy, mix) {
            Some(measure) => measure.map(|measure| Reading {
                value: measure.value,
                low: Some(measure.low),
                high: Some(measure.high),
                n: cells.iter().map(|cell| cell.n).sum(),
                runs,
                scenario: None,
                basis: Basis::Root,
            }),
            None => pooled(self, &weighed, runs),
        }
    }
}

/// The cells of a policy that ran.
fn of_policy(summary: &Summary, policy: usize) -> Vec<&Cell> {
    let ran = summary.cells.iter();
    ran.filter(|cell| cell.policy == policy && cell.n > 0)
        .collect()
}

/// The cells that a measure is about, each with its part of the mix; the parts add up to 1.
fn weigh<'c>(
    measure: Measure,
    cells: &[&'c Cell],
    summary: &Summary,
    mix: &Mix,
) -> Vec<(&'c Cell, f64)> {
    let is_bad = |cell: &Cell| cell.missed.is_some();
    let has = |bad: bool| cells.iter().any(|cell| is_bad(cell) == bad);
    let is_harm = matches!(measure, Measure::Hurt(_) | Measure::HurtUsers(_));
    let counts = |cell: &Cell| match measure.is_about() {
        _ if is_harm && quantile(measure).is_none() => is_bad(cell) || !has(true),
        about => about.counts(is_bad(cell)),
    };
    if measure.is_about() == About::BadAndGood && !(has(true) && has(false)) {
        return Vec::new();
    }
    let kept = || cells.iter().copied().filter(|cell| counts(cell));
    let total = |bad: bool| -> f64 {
        let kind = kept().filter(|cell| is_bad(cell) == bad);
        kind.map(|cell| summary.weight(cell)).sum()
    };
    let (good, bad) = (total(false), total(true));
    let part = |cell: &Cell| {
        let (share, total) = if is_bad(cell) {
            (mix.bad_share, bad)
        } else {
            (1.0 - mix.bad_share, good)
        };
        // With one kind of release only, the mix is all of that kind.
        let share = if good > 0.0 && bad > 0.0 { share } else { 1.0 };
        share * summary.weight(cell) / total
    };
    kept().map(|cell| (cell, part(cell))).collect()
}

/// What is worked out for a mix already; the inner one is missing where it cannot be.
#[allow(clippy::option_option)]
fn of_mix(
    measure: Measure,
    summary: &Summary,
    policy: usize,
    mix: &Mix,
) -> Option<Option<mix::Measure>> {
    let get: fn(mix::Worth) -> Option<mix::Measure> = match measure {
        Measure::BalancedAccuracy => |worth| worth.balanced_accuracy,
        Measure::Mcc => |worth| worth.mcc,
        Measure::ChangeFailureRate => |worth| worth.change_failure_rate,
        Measure::Recovery => |worth| worth.recovery_s,
        Measure::ReleasesPerDay => |worth| worth.releases_per_day,
        Measure::Cost => |worth| worth.cost,
        _ => return None,
    };
    Some(mix::of_policy(summary, mix, policy).and_then(get))
}

/// A share or a mean over the mix.
fn pooled(measure: Measure, weighed: &[(&Cell, f64)], runs: u64) -> Option<Reading> {
    let parts: Option<Vec<(Part, f64)>> = weighed
        .iter()
        .map(|(cell, weight)| Some((part(measure, cell)?, *weight)))
        .collect();
    let parts = parts.filter(|parts| !parts.is_empty())?;
    let n = weighed.iter().map(|(cell, _)| cell.n).sum();
    let value = parts.iter().map(|(part, w)| w * part.value()).sum();
    let shares: Option<Vec<_>> = parts
        .iter()
        .map(|(part, w)| Some((part.share()?, *w)))
        .collect();
    if let Some(shares) = shares {
        let n_effective = effective(value, &shares);
        return Some(Reading {
            n,
            ..of_share(value * n_effective, n_effective, runs)
        });
    }
    // Means of independent cells: what each may be off is added in quadrature.
    let reach = |end: fn(&Mean) -> Option<f64>| {
        let squares = parts.iter().map(|(part, w)| {
            let mean = part.mean()?;
            Some((w * (end(&mean)? - mean.value)).powi(2))
        });
        squares.sum::<Option<f64>>().map(f64::sqrt)
    };
    Some(Reading {
        value,
        low: reach(|mean| mean.low).map(|reach| value - reach),
        high: reach(|mean| mean.high).map(|reach| value + reach),
        n,
        runs,
        scenario: None,
        basis: Basis::Root,
    })
}

/// How many rollouts of one kind say as much about a weighted share: the fewer of those that the
/// weights leave, and of those that the variance is worth (Korn and Graubard, Survey Methodology 24
/// (1998) 193). With equal weights and equal runs it is all of them.
fn effective(share: f64, parts: &[(Rate, f64)]) -> f64 {
    let sum = |of: fn(&Rate) -> f64| -> f64 {
        let terms = parts
            .iter()
            .map(|(rate, w)| w * w * of(rate) / rate.n as f64);
        terms.sum()
    };
    let by_weight = 1.0 / sum(|_| 1.0);
    let variance = sum(|rate| rate.share * (1.0 - rate.share));
    if variance > 0.0 {
        by_weight.min(share * (1.0 - share) / variance)
    } else {
        by_weight
    }
}

fn of_share(count: f64, n: f64, runs: u64) -> Reading {
    let (low, high) = exact::interval(count, n);
    Reading {
        value: count / n,
        low: Some(low),
        high: Some(high),
        n: n.round() as u64,
        runs,
        scenario: None,
        basis: Basis::Share { count, n },
    }
}

/// What a cell tells.
enum Part {
    Share(Rate),
    Mean(Mean),
}

impl Part {
    const fn value(&self) -> f64 {
        match self {
            Self::Share(rate) => rate.share,
            Self::Mean(mean) => mean.value,
        }
    }

    const fn share(&self) -> Option<Rate> {
        match self {
            Self::Share(rate) => Some(*rate),
            Self::Mean(_) => None,
        }
    }

    const fn mean(&self) -> Option<Mean> {
        match self {
            Self::Mean(mean) => Some(*mean),
            Self::Share(_) => None,
        }
    }
}

/// A share or a mean of a cell.
fn part(measure: Measure, cell: &Cell) -> Option<Part> {
    let share = |count: u64| Rate::wilson(count, cell.n).map(Part::Share);
    let minutes = |mean: Mean| {
        let scale = |x: f64| x * 60.0;
        Mean {
            value: scale(mean.value),
            low: mean.low.map(scale),
            high: mean.high.map(scale),
            n: mean.n,
        }
    };
    match measure {
        Measure::Missed => cell.missed.map(Part::Share),
        Measure::MissedHarmful => cell.missed_harmful.map(Part::Share),
        Measure::FalseRollback => cell.false_rollback.map(Part::Share),
        Measure::Stuck => cell.stuck.map(Part::Share),
        Measure::ChangeFailureRate => cell.means.failed.map(Part::Share),
        Measure::HeldBack | Measure::CatchRate => share(cell.n - cell.promoted),
        Measure::PassRate => share(cell.promoted),
        Measure::Recovery => cell.means.recovery_s.map(Part::Mean),
        Measure::Duration => cell.means.minutes.map(minutes).map(Part::Mean),
        Measure::Hurt(Statistic::Mean) => cell.means.hurt.map(Part::Mean),
        Measure::HurtUsers(Statistic::Mean) => cell.means.hurt_users.map(Part::Mean),
        _ => None,
    }
}

/// Which quantile a measure is, of what, and how many of the cell's units make one of its own.
struct Quantile {
    statistic: Statistic,
    of: fn(&Cell) -> Quantiles,
    scale: f64,
}

fn quantile(measure: Measure) -> Option<Quantile> {
    let counted = |statistic, of: fn(&Cell) -> Quantiles| (statistic, of, 1.0);
    let nanos = |statistic, of: fn(&Cell) -> Quantiles| (statistic, of, 1e9);
    let (statistic, of, scale) = match measure {
        Measure::Hurt(statistic) => counted(statistic, |cell| cell.hurt),
        Measure::HurtUsers(statistic) => counted(statistic, |cell| cell.hurt_users),
        Measure::Exposed(statistic) => counted(statistic, |cell| cell.exposed),
        Measure::ExposedUsers(statistic) => counted(statistic, |cell| cell.exposed_users),
        Measure::Detect(statistic) => nanos(statistic, |cell| cell.detect_ns),
        Measure::Mitigate(statistic) => nanos(statistic, |cell| cell.mitigate_ns),
        Measure::Promote(statistic) => nanos(statistic, |cell| cell.promote_ns),
        _ => return None,
    };
    (statistic != Statistic::Mean).then_some(Quantile {
        statistic,
        of,
        scale,
    })
}

fn in_cell(measure: Measure, cell: &Cell) -> Option<Reading> {
    let runs = cell.n;
    if let Some(quantile) = quantile(measure) {
        let quantiles = (quantile.of)(cell);
        let (p, found) = match quantile.statistic {
            Statistic::P95 => (0.95, quantiles.p95),
            Statistic::Median | Statistic::Mean => (0.5, quantiles.median),
        };
        let Estimate {
            value,
            low,
            high,
            n,
        } = found?;
        let number = |x: u64| x as f64 / quantile.scale;
        return Some(Reading {
            value: number(value),
            low: low.map(number),
            high: high.map(number),
            n,
            runs,
            scenario: None,
            basis: Basis::Quantile(p),
        });
    }
    Some(match part(measure, cell)? {
        Part::Share(rate) => of_share(rate.count as f64, rate.n as f64, runs),
        Part::Mean(mean) => Reading {
            value: mean.value,
            low: mean.low,
            high: mean.high,
            n: mean.n,
            runs,
            scenario: None,
            basis: Basis::Root,
        },
    })
}

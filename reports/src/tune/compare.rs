//! Two points on the same rollouts.
//!
//! Replication `i` of a scenario is the same release on the same traffic at every point (common
//! random numbers), so a difference is taken rollout by rollout: what chance does to both cancels.

use coalmine_policy::Span;
use coalmine_sim::event::{ScenarioInfo, Study};
use coalmine_sim::outcome::{Outcome, Verdict};
use schemars::JsonSchema;
use serde::Serialize;

use crate::gate::{self, Statistic};
use crate::interval::CONFIDENCE;
use crate::mean::Running;
use crate::mix::Mix;
use statrs::distribution::{ContinuousCDF, Normal};

/// What points are compared by; of all of them less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Axis {
    /// Bad releases promoted.
    Missed,
    /// Good releases rolled back.
    FalseRollback,
    /// Users that a bad release hurts; of all releases where none is bad.
    Harm,
    /// Seconds until the decision, or the whole horizon.
    Duration,
}

impl Axis {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Missed,
        Self::FalseRollback,
        Self::Harm,
        Self::Duration,
    ];
    /// Those of the front: what one pays with for what.
    pub const FRONT: [Self; 3] = [Self::Harm, Self::FalseRollback, Self::Duration];

    /// The same as a measure of requirements.
    #[must_use]
    pub const fn measure(self) -> gate::Measure {
        match self {
            Self::Missed => gate::Measure::Missed,
            Self::FalseRollback => gate::Measure::FalseRollback,
            Self::Harm => gate::Measure::HurtUsers(Statistic::Mean),
            Self::Duration => gate::Measure::Duration,
        }
    }

    /// The axis of a measure, if it is one.
    #[must_use]
    pub fn of(measure: gate::Measure) -> Option<Self> {
        Self::ALL.into_iter().find(|axis| axis.measure() == measure)
    }

    fn value(self, outcome: &Outcome, horizon: Span) -> f64 {
        match self {
            Self::Missed => f64::from(u8::from(outcome.verdict == Verdict::Promoted)),
            Self::FalseRollback => f64::from(u8::from(outcome.verdict == Verdict::RolledBack)),
            Self::Harm => outcome.hurt_users as f64,
            Self::Duration => outcome.decided_ns.unwrap_or(horizon).as_secs_f64(),
        }
    }

    /// The weight of each scenario; they add up to 1, or to 0 where no scenario tells.
    pub(super) fn weights(self, study: &Study, mix: &Mix) -> Vec<f64> {
        let total = |bad: bool| -> f64 {
            let kind = study
                .scenarios
                .iter()
                .filter(|info| info.is_faulty() == bad);
            kind.map(|info| info.weight).sum()
        };
        let (good, bad) = (total(false), total(true));
        let share = |info: &ScenarioInfo| {
            let is_bad = info.is_faulty();
            let own = info.weight / if is_bad { bad } else { good };
            let part = if is_bad {
                mix.bad_share
            } else {
                1.0 - mix.bad_share
            };
            let both = good > 0.0 && bad > 0.0;
            match self {
                Self::Missed if is_bad => own,
                Self::FalseRollback if !is_bad => own,
                Self::Harm if is_bad || bad == 0.0 => own,
                Self::Duration if both => own * part,
                Self::Duration => own,
                _ => 0.0,
            }
        };
        study.scenarios.iter().map(share).collect()
    }
}

/// A difference of two points on the same rollouts, the first less the second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Difference {
    /// Above zero the first has more.
    pub value: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Rollouts under both.
    pub n: u64,
}

/// How sure the search must be that one point is worse than another before it drops it: with some
/// hundred comparisons a round, one in two hundred is wrong.
const SURE: f64 = 2.81;

/// A stratified mean difference with its standard error.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contrast {
    pub(super) value: f64,
    pub(super) error: f64,
    n: u64,
}

impl Contrast {
    /// Of two points on the rollouts that both have. `None` where no scenario tells.
    pub(super) fn of(
        axis: Axis,
        (study, mix): (&Study, &Mix),
        first: &[Vec<Outcome>],
        second: &[Vec<Outcome>],
    ) -> Option<Self> {
        let (mut value, mut square, mut n, mut any) = (0.0, 0.0, 0, false);
        let weights = axis.weights(study, mix);
        let all = study
            .scenarios
            .iter()
            .zip(weights)
            .zip(first.iter().zip(second));
        for ((info, weight), (a, b)) in all {
            let common = a.len().min(b.len());
            if weight <= 0.0 || common == 0 {
                continue;
            }
            let mut seen = Running::default();
            for (a, b) in a.iter().zip(b) {
                seen.add(axis.value(a, info.horizon_ns) - axis.value(b, info.horizon_ns));
            }
            value += weight * seen.mean;
            square += weight * weight * seen.variance() / common as f64;
            n += common as u64;
            any = true;
        }
        any.then(|| Self {
            value,
            error: square.sqrt(),
            n,
        })
    }

    /// Whether the first is worse beyond doubt.
    pub(super) fn is_worse(&self) -> bool {
        self.value > SURE * self.error + f64::EPSILON
    }

    /// With its 95 % interval.
    pub(super) fn difference(&self) -> Difference {
        let z = Normal::standard().inverse_cdf(f64::midpoint(1.0, CONFIDENCE));
        Difference {
            value: self.value,
            low: self.value - z * self.error,
            high: self.value + z * self.error,
            n: self.n,
        }
    }
}

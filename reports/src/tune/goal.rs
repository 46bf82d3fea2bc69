//! What is wanted of a policy: requirements, and a measure that is to be as small as may be.

use std::sync::Arc;

use coalmine_sim::event::{ScenarioInfo, Study};
use coalmine_sim::outcome::Outcome;

use super::compare::{Axis, Contrast};
use crate::gate::{self, Bound, Judged, Reading, Requirement};
use crate::mix::Mix;
use crate::summary::{Cell, Means, Summary};

/// What is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// Limits that must be kept. Without any, the policy must in nothing be worse than today's.
    pub requirements: Vec<Requirement>,
    /// What is to be as small as possible (as large, where more is better).
    pub minimise: gate::Measure,
    /// How often which releases come.
    pub mix: Mix,
}

impl Goal {
    /// Whether today's policy is the only yardstick.
    #[must_use]
    pub fn is_relative(&self) -> bool {
        self.requirements.is_empty()
    }

    /// What a policy may not be worse in, where today's is the yardstick.
    pub(super) fn yardsticks(&self) -> impl Iterator<Item = Axis> {
        Axis::ALL
            .into_iter()
            .filter(|axis| axis.measure() != self.minimise)
    }
}

/// How a point stands, as far as it was played.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    /// By requirement.
    pub(super) judged: Vec<Option<Judged>>,
    /// How far it is beyond limits, surely: 0 where it may keep all.
    pub(super) beyond: f64,
    /// How far the estimates are, sure or not.
    pub(super) seems_beyond: f64,
    /// What is minimised; less is better, whatever the measure.
    pub(super) minimised: f64,
    /// By [`Axis::FRONT`]; 0 where no scenario tells.
    pub(super) front: [f64; 3],
}

/// The summary of one point.
pub(super) fn summary(study: &Arc<Study>, mix: &Mix, outcomes: &[Vec<Outcome>]) -> Summary {
    let cell = |(scenario, (info, outcomes)): (usize, (&ScenarioInfo, &Vec<Outcome>))| Cell {
        means: Means::of(info.is_faulty(), outcomes, info.horizon_ns),
        ..Cell::new(0, scenario, info.is_faulty(), outcomes)
    };
    Summary {
        study: study.clone(),
        mix: *mix,
        cells: study
            .scenarios
            .iter()
            .zip(outcomes)
            .enumerate()
            .map(cell)
            .collect(),
        contrasts: Vec::new(),
        complete: true,
    }
}

/// A measure of a policy over the mix.
#[must_use]
pub fn reading(measure: gate::Measure, summary: &Summary, policy: usize) -> Option<Reading> {
    let any = Requirement {
        measure,
        bound: measure.good(),
        limit: 0.0,
    };
    any.judge_mix(summary, policy, &summary.mix)?.reading
}

impl Goal {
    /// How a point stands; `today` is today's rollouts.
    pub(super) fn standing(
        &self,
        study: &Arc<Study>,
        outcomes: &[Vec<Outcome>],
        today: &[Vec<Outcome>],
    ) -> Standing {
        let summary = summary(study, &self.mix, outcomes);
        let judge = |one: &Requirement| one.judge_mix(&summary, 0, &self.mix);
        let judged: Vec<_> = self.requirements.iter().map(judge).collect();
        let (mut beyond, mut seems_beyond) = (0.0, 0.0);
        for (requirement, judged) in self.requirements.iter().zip(&judged) {
            if let Some(judged) = judged {
                let far = distance(requirement, judged);
                seems_beyond += far;
                if judged.outcome == gate::Outcome::Breached {
                    beyond += far;
                }
            }
        }
        if self.is_relative() {
            for axis in self.yardsticks() {
                let Some(contrast) = Contrast::of(axis, (study, &self.mix), outcomes, today) else {
                    continue;
                };
                let scale = self.scale(axis, study, today);
                let far = contrast.value.max(0.0) / scale;
                seems_beyond += far;
                if contrast.is_worse() {
                    beyond += far;
                }
            }
        }
        let value = |measure| reading(measure, &summary, 0).map(|reading| reading.value);
        let sign = if self.minimise.good() == Bound::Below {
            1.0
        } else {
            -1.0
        };
        Standing {
            judged,
            beyond,
            seems_beyond,
            minimised: value(self.minimise).map_or(f64::INFINITY, |value| sign * value),
            front: Axis::FRONT.map(|axis| value(axis.measure()).unwrap_or(0.0)),
        }
    }

    /// Today's value, as the unit of what is worse; shares have at least a percent.
    fn scale(&self, axis: Axis, study: &Arc<Study>, today: &[Vec<Outcome>]) -> f64 {
        let summary = summary(study, &self.mix, today);
        let value = reading(axis.measure(), &summary, 0).map_or(1.0, |reading| reading.value);
        match axis {
            Axis::Missed | Axis::FalseRollback => value.max(0.01),
            Axis::Harm | Axis::Duration => value.max(1.0),
        }
    }
}

/// How far a measure is on the wrong side of its limit, in limits; 0 on the right side.
pub(super) fn distance(requirement: &Requirement, judged: &Judged) -> f64 {
    let Some(reading) = judged.reading else {
        return 0.0;
    };
    let over = match requirement.bound {
        Bound::Below => reading.value - requirement.limit,
        Bound::Above => requirement.limit - reading.value,
    };
    // By factors where it is far: 40 % against 1 % is no hundred times worse than 5 %.
    (over.max(0.0) / requirement.limit.abs().max(1e-3)).ln_1p()
}

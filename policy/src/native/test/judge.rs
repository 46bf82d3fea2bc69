//! `kayenta`: Netflix' judge on the growing series of error percentages, one point a look.

use serde::{Deserialize, Serialize};

use super::super::kayenta::score::{Group, Thresholds, Verdict, score};
use super::super::kayenta::{Direction, Metric};
use super::super::look::{Arm, Look};
use super::{Finding, Ruling, Settings};

/// The series so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judge {
    thresholds: Thresholds,
    planned_looks: u32,
    canary: Vec<f64>,
    control: Vec<f64>,
}

impl Judge {
    /// Before the first look.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            thresholds: Thresholds {
                pass: settings.pass,
                marginal: settings.marginal,
            },
            planned_looks: settings.planned_looks,
            canary: Vec::new(),
            control: Vec::new(),
        }
    }

    /// What one more look adds.
    pub fn look(&mut self, look: &Look) -> Finding {
        // Percent: Kayenta's roots have an absolute tolerance of 1e-4.
        let percent = |arm: Arm| arm.share().map_or(f64::NAN, |share| 100.0 * share);
        self.canary.push(percent(look.canary));
        self.control.push(percent(look.control));
        let metric = Metric {
            direction: Direction::Increase,
            ..Metric::default()
        };
        let classified = metric.classify(&self.canary, &self.control);
        let group = Group {
            weight: None,
            metrics: vec![0],
        };
        let score = score(&[classified], &[group]);
        let mut reason = format!("{:?}, score {score}", classified.label);
        if let Some(interval) = classified.interval {
            let (low, high) = (interval.low, interval.high);
            reason = format!("{reason}, shift {low:.3} to {high:.3} points");
        }
        let is_last = self.canary.len() >= self.planned_looks as usize;
        // A repeated judgement ends at or below `marginal`; only the last one can pass.
        let ruling = match self.thresholds.verdict(score) {
            _ if score <= self.thresholds.marginal => Ruling::RollBack,
            Verdict::Pass if is_last => Ruling::Promote,
            _ if is_last => Ruling::RollBack,
            _ => Ruling::Continue,
        };
        Finding::new(ruling, reason)
    }
}

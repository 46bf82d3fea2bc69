//! An AnalysisRun as a pure state machine (`analysis/analysis.go`).
//!
//! Argo reconciles a run in passes: choose the measurements that are due, take them in parallel,
//! assess. [`Run::advance`] starts passes and names the metrics to measure; each answer goes to
//! [`Run::measured`], and the last one assesses the pass. A pass that changed anything is followed
//! by another at the same instant, as the write of the status triggers it in Argo.

mod assess;
mod job;
mod schedule;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::job::InFlight;
use super::plan::{Outcome, Plan};
use crate::{MetricAnswer, Provider, Time};

/// The phase of a run or of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// A metric without measurement; never a run's phase.
    Pending,
    /// Not at its end.
    Running,
    /// Ended well, or ended by request.
    Successful,
    /// Ended badly.
    Failed,
    /// Ended by errors.
    Error,
    /// Ended without a verdict.
    Inconclusive,
}

impl Phase {
    /// Whether nothing more will happen.
    #[must_use]
    pub const fn completed(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    /// `analysisStatusOrder` (`utils/analysis/helpers.go:48`), best to worst: only strictly worse
    /// replaces.
    pub(in crate::argo) const fn badness(self) -> u8 {
        match self {
            Self::Successful => 0,
            Self::Running => 1,
            Self::Pending => 2,
            Self::Inconclusive => 3,
            Self::Error => 4,
            Self::Failed => 5,
        }
    }

    /// Argo's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Successful => "Successful",
            Self::Failed => "Failed",
            Self::Error => "Error",
            Self::Inconclusive => "Inconclusive",
        }
    }

    const fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Error | Self::Inconclusive)
    }
}

/// One metric's measurements, counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricResult {
    /// Sticky once completed.
    pub phase: Phase,
    /// The last measurement's message.
    pub message: String,
    /// Measurements that are no errors.
    pub count: i64,
    /// Successful ones.
    pub successful: i64,
    /// Failed ones.
    pub failed: i64,
    /// Inconclusive ones.
    pub inconclusive: i64,
    /// Errors.
    pub error: i64,
    /// Errors in a row.
    pub consecutive_error: i64,
    /// Successes in a row.
    pub consecutive_success: i64,
    /// The last completed measurement's outcome; `None` while the first is in flight.
    pub last: Option<Outcome>,
    /// When it ended, in whole seconds: the API keeps no more.
    pub finished_at: Time,
    /// When it ended, exactly.
    measured_at: Time,
}

impl MetricResult {
    fn new(now: Time) -> Self {
        Self {
            phase: Phase::Running,
            message: String::new(),
            count: 0,
            successful: 0,
            failed: 0,
            inconclusive: 0,
            error: 0,
            consecutive_error: 0,
            consecutive_success: 0,
            last: None,
            finished_at: now,
            measured_at: now,
        }
    }
}

/// A measurement that was completed by a pass rather than by its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Resumed {
    /// The metric, by its index in the plan.
    pub metric: usize,
    /// What the provider answered; `None` when the measurement was terminated.
    pub answer: Option<MetricAnswer>,
    /// The outcome.
    pub outcome: Outcome,
    /// Its message.
    pub message: String,
}

/// An AnalysisRun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    plan: Arc<Plan>,
    phase: Option<Phase>,
    message: String,
    started_at: Option<Time>,
    terminate: bool,
    /// In the plan's order; `None` before the first measurement.
    results: Vec<Option<MetricResult>>,
    /// Measurements of the present pass that are not answered yet.
    in_flight: Vec<usize>,
    /// Measurements that outlast their pass.
    jobs: Vec<InFlight>,
    /// The next pass has something to do at once.
    dirty: bool,
}

impl Run {
    /// A run that has not been reconciled yet.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Self {
        Self {
            results: vec![None; plan.metrics.len()],
            plan,
            phase: None,
            message: String::new(),
            started_at: None,
            terminate: false,
            in_flight: Vec::new(),
            jobs: Vec::new(),
            dirty: true,
        }
    }

    /// What the run measures.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The phase; `None` before the first pass is assessed.
    #[must_use]
    pub fn phase(&self) -> Option<Phase> {
        self.phase
    }

    /// The run's message, in Argo's words; empty while it runs.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// A metric's result; `None` before its first measurement.
    #[must_use]
    pub fn result(&self, metric: usize) -> Option<&MetricResult> {
        self.results.get(metric)?.as_ref()
    }

    /// Whether the run is over.
    #[must_use]
    pub fn completed(&self) -> bool {
        self.phase.is_some_and(Phase::completed)
    }

    /// Sets what somebody else's controller came to.
    #[cfg(test)]
    pub(super) fn force(&mut self, phase: Option<Phase>, message: &str) {
        self.phase = phase;
        message.clone_into(&mut self.message);
    }

    /// Whether somebody has ended it.
    #[cfg(test)]
    pub(super) fn is_terminated(&self) -> bool {
        self.terminate
    }

    /// `spec.terminate: true`; takes effect at the next pass. Whether that is news.
    pub fn terminate(&mut self) -> bool {
        if self.terminate || self.completed() {
            return false;
        }
        (self.terminate, self.dirty) = (true, true);
        true
    }

    /// Runs passes until measurements are in flight or nothing is left to do now; `ask` is called
    /// for every metric to measure. Returns the measurements that the passes completed.
    pub fn advance(&mut self, now: Time, ask: &mut dyn FnMut(usize)) -> Vec<Resumed> {
        let mut resumed = Vec::new();
        if let (Some(message), None) = (&self.plan.broken, self.phase) {
            // analysis.go:60: no measurement, no completion time.
            self.message.clone_from(message);
            self.phase = Some(Phase::Error);
        }
        // A pass changes a phase or takes a measurement; phases only move forward, so few passes
        // can follow each other.
        let bound = 2 * self.results.len() + 4;
        for _ in 0..bound {
            if self.completed() || !self.in_flight.is_empty() {
                break;
            }
            let due: Vec<usize> = self.due(now).collect();
            let before = resumed.len();
            self.resume_jobs(now, &mut resumed);
            if due.is_empty() && resumed.len() == before && !self.dirty {
                break;
            }
            for metric in &due {
                match self.plan.metrics.get(*metric).map(|m| m.query.provider) {
                    Some(Provider::Job) => self.start_job(now, *metric),
                    _ => self.in_flight.push(*metric),
                }
            }
            due.into_iter().for_each(&mut *ask);
            if self.in_flight.is_empty() {
                self.assess(now);
            }
        }
        resumed
    }

    /// Takes the answer of one measurement; the pass's last one assesses it. Answers that nobody
    /// awaits are no-ops. Returns the outcome and, for an error, its message. A job's answer waits for
    /// the pass that resumes its measurement: [`Run::advance`] returns it.
    pub fn measured(
        &mut self,
        now: Time,
        metric: usize,
        answer: &MetricAnswer,
    ) -> Option<(Outcome, String)> {
        if self.job_answered(now, metric, answer) {
            return None;
        }
        let place = self
            .in_flight
            .iter()
            .position(|waiting| *waiting == metric)?;
        self.in_flight.remove(place);
        let (outcome, message) = self.plan.metrics.get(metric)?.judge(answer);
        self.count(now, metric, outcome, message.clone());
        if self.in_flight.is_empty() {
            self.assess(now);
        }
        Some((outcome, message))
    }

    /// `analysis.go:378`: the counters after a completed measurement.
    fn count(&mut self, now: Time, metric: usize, outcome: Outcome, message: String) {
        let Some(slot) = self.results.get_mut(metric) else {
            return;
        };
        let result = slot.get_or_insert_with(|| MetricResult::new(now));
        match outcome {
            Outcome::Successful => result.successful += 1,
            Outcome::Failed => result.failed += 1,
            Outcome::Inconclusive => result.inconclusive += 1,
            Outcome::Error => result.error += 1,
        }
        if outcome == Outcome::Error {
            result.consecutive_error += 1;
        } else {
            result.count += 1;
            result.consecutive_error = 0;
        }
        result.consecutive_success = match outcome {
            Outcome::Successful => result.consecutive_success + 1,
            _ => 0,
        };
        result.last = Some(outcome);
        result.finished_at = now.truncated_to_second();
        result.measured_at = now;
        result.message = message;
    }
}

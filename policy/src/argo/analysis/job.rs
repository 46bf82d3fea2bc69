//! Measurements that outlast a pass: Kubernetes Jobs (`metricproviders/job/job.go`).
//!
//! A Job is looked at when its measurement is resumed, at growing distances from its start, and
//! not when it ends; a terminating run deletes it.

use serde::{Deserialize, Serialize};

use super::{MetricResult, Outcome, Resumed, Run};
use crate::{MetricAnswer, Span, Time};

/// `analysis.go:347`.
const TERMINATED: &str = "Metric Terminated";

/// A measurement without its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct InFlight {
    metric: usize,
    /// In whole seconds, as the API keeps it.
    started_at: Time,
    /// The Job's end, and when the measurement is resumed next.
    ended: Option<(MetricAnswer, Time)>,
}

impl Run {
    /// `Run` of the provider: the measurement exists and is not finished.
    pub(super) fn start_job(&mut self, now: Time, metric: usize) {
        self.jobs.push(InFlight {
            metric,
            started_at: now.truncated_to_second(),
            ended: None,
        });
        if let Some(slot) = self.results.get_mut(metric) {
            slot.get_or_insert_with(|| MetricResult::new(now));
        }
    }

    pub(super) fn has_job(&self, metric: usize) -> bool {
        self.jobs.iter().any(|job| job.metric == metric)
    }

    /// Takes a Job's end; whether the answer was one.
    pub(super) fn job_answered(&mut self, now: Time, metric: usize, answer: &MetricAnswer) -> bool {
        let Some(job) = self.jobs.iter_mut().find(|job| job.metric == metric) else {
            return false;
        };
        let resumed = resumed_at(job.started_at, now);
        job.ended.get_or_insert_with(|| (answer.clone(), resumed));
        true
    }

    /// `analysis.go:187`: a terminating run terminates every unfinished measurement; otherwise those
    /// that have ended are resumed in their time.
    pub(super) fn resume_jobs(&mut self, now: Time, resumed: &mut Vec<Resumed>) {
        let terminating = self.terminating();
        let due = |job: &mut InFlight| {
            terminating || job.ended.as_ref().is_some_and(|(_, at)| *at <= now)
        };
        let ended: Vec<InFlight> = self.jobs.extract_if(.., due).collect();
        for job in ended {
            let answer = job.ended.map(|(answer, _)| answer).filter(|_| !terminating);
            let spec = self.plan.metrics.get(job.metric);
            let (outcome, message) = match (&answer, spec) {
                (Some(answer), Some(spec)) => spec.judge(answer),
                // job.go Terminate; counts like any other measurement.
                _ => (Outcome::Inconclusive, TERMINATED.to_owned()),
            };
            self.count(now, job.metric, outcome, message.clone());
            resumed.push(Resumed {
                metric: job.metric,
                answer,
                outcome,
                message,
            });
        }
    }

    /// When the next Job that has ended is looked at.
    pub(super) fn next_resume(&self) -> Option<Time> {
        let ended = self.jobs.iter().filter_map(|job| job.ended.as_ref());
        ended.map(|(_, at)| *at).min()
    }
}

/// The first resumption at or after `end` of a Job: each comes √(2·elapsed) after the one before
/// (job.go Resume), in whole seconds.
fn resumed_at(start: Time, end: Time) -> Time {
    let mut at = start;
    // The first passes come within one second; the API's whole seconds make them one.
    let mut elapsed_s: u64 = 0;
    while at < end {
        let delay_s = ((2 * elapsed_s) as f64).sqrt() as u64;
        elapsed_s += delay_s.max(1);
        at = start + Span::from_secs(elapsed_s);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_looked_at_less_and_less_often() {
        let seen = |end| resumed_at(Time::ZERO, Time::from_secs(end)).nanos() / 1_000_000_000;
        let ends = [0, 1, 2, 3, 5, 7, 10, 14, 19, 25, 31, 38];
        let expected = [0, 1, 2, 4, 6, 9, 13, 18, 24, 30, 37, 45];
        assert_eq!(ends.map(seen), expected);
    }
}

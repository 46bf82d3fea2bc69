//! Which measurements are due (`analysis.go:176`), and when the next one is (`analysis.go:691`).

use super::super::plan::{Metric, Outcome};
use super::{MetricResult, Run};
use crate::{Span, Time};

/// `DefaultErrorRetryInterval` (`analysis.go:31`): after an error, whatever `interval` says.
const ERROR_RETRY: Span = Span::from_secs(10);
/// A pass through the API server takes time; without this a gap shorter than the truncation of
/// `finishedAt` would measure without end at one instant.
const PASS: Span = Span::from_millis(100);
/// The least that is after an instant.
const INSTANT: Span = Span::from_nanos(1);

impl Run {
    /// Metrics to measure in a pass at `now`, in spec order.
    pub(super) fn due(&self, now: Time) -> impl Iterator<Item = usize> {
        // analysis.go:197: a terminating run takes no new measurement.
        let terminating = self.terminating();
        let metrics = self.plan.metrics.iter().zip(&self.results).enumerate();
        metrics
            .filter(move |(index, (metric, result))| {
                !terminating
                    && !self.has_job(*index)
                    && self
                        .opens(metric, result.as_ref())
                        .is_some_and(|at| at <= now)
            })
            .map(|(index, _)| index)
    }

    /// When the run wants to be looked at again; `None` while it waits for answers only, or is
    /// over.
    #[must_use]
    pub fn next_wake(&self) -> Option<Time> {
        if self.completed() || !self.in_flight.is_empty() {
            return None;
        }
        if self.dirty {
            return Some(Time::ZERO);
        }
        if self.terminating() {
            return None;
        }
        let metrics = self.plan.metrics.iter().zip(&self.results).enumerate();
        metrics
            .filter(|(index, _)| !self.has_job(*index))
            .filter_map(|(_, (metric, result))| self.opens(metric, result.as_ref()))
            .chain(self.next_resume())
            .min()
    }

    /// The first instant at which a metric may be measured; `None` when it never will be.
    fn opens(&self, metric: &Metric, result: Option<&MetricResult>) -> Option<Time> {
        let Some(result) = result else {
            return match metric.initial_delay {
                None => Some(Time::ZERO),
                // analysis.go:208: needs startedAt, which the first pass sets at its end. Due at
                // that very instant, but the queue wakes a little after it: what other metrics'
                // gaps make due in the same second is measured in the same pass.
                Some(delay) => self.started_at.map(|started| started + delay + INSTANT),
            };
        };
        let counted = metric.count.is_some_and(|count| result.count >= count);
        if result.phase.completed() || counted {
            return None;
        }
        let gap = match result.last {
            Some(Outcome::Error) => ERROR_RETRY,
            _ => metric.interval.unwrap_or(ERROR_RETRY),
        };
        // analysis.go:243: strictly after the last end plus the gap.
        let after_gap = result.finished_at + gap + INSTANT;
        Some(after_gap.max(result.measured_at + PASS))
    }
}

//! Phases from counters (`analysis.go:436`).

use super::super::plan::Metric;
use super::{MetricResult, Phase, Run};
use crate::Time;

impl Run {
    /// `helpers.go:84`: by request, or because a metric that counts has already ended badly.
    pub(super) fn terminating(&self) -> bool {
        let metrics = self.plan.metrics.iter().zip(&self.results);
        self.terminate
            || metrics
                .filter(|(metric, _)| !metric.dry_run)
                .any(|(_, result)| result.as_ref().is_some_and(|r| r.phase.is_bad()))
    }

    /// Assesses every metric, then the run.
    pub(super) fn assess(&mut self, now: Time) {
        // Computed once, from the phases of the pass before: siblings of a metric that fails now
        // end in the next pass.
        let terminating = self.terminating();
        self.dirty = false;
        if self.started_at.is_none() {
            self.started_at = Some(now.truncated_to_second());
            // A delayed metric is looked at from the second pass on.
            self.dirty = true;
        }
        let mut worst: Option<Phase> = None;
        let mut message = match self.terminate {
            true => "Run Terminated".to_owned(),
            false => String::new(),
        };
        let mut everything = true;
        let plan = self.plan.clone();
        let jobs: Vec<bool> = (0..plan.metrics.len()).map(|m| self.has_job(m)).collect();
        let slots = plan.metrics.iter().zip(&mut self.results).zip(jobs);
        for ((metric, slot), in_flight) in slots {
            let Some(result) = slot else {
                everything = false;
                continue;
            };
            let phase = if in_flight {
                // analysis.go:595
                Phase::Running
            } else {
                metric_phase(metric, result, terminating)
            };
            self.dirty |= phase != result.phase;
            result.phase = phase;
            if !phase.completed() {
                everything = false;
                continue;
            }
            if metric.dry_run {
                worst = worst.or(Some(Phase::Successful));
            } else if worst.is_none_or(|worst| phase.badness() > worst.badness()) {
                worst = Some(phase);
                if let Some((_, cause)) = beyond_limit(metric, result) {
                    message = explain(metric, phase, &cause, &result.message);
                }
            }
        }
        let phase = match worst {
            worst if terminating => worst.unwrap_or(Phase::Successful),
            Some(worst) if everything => worst,
            _ => Phase::Running,
        };
        if self.phase != Some(phase) {
            self.phase = Some(phase);
            self.message = if phase.completed() {
                message
            } else {
                String::new()
            };
            self.dirty = true;
        }
    }
}

/// `analysis.go:497`.
fn explain(metric: &Metric, phase: Phase, cause: &str, error: &str) -> String {
    let mut text = format!(
        "Metric \"{}\" assessed {} due to {cause}",
        metric.query.metric,
        phase.as_str()
    );
    if !error.is_empty() {
        text.push_str(&format!(": \"Error Message: {error}\""));
    }
    text
}

/// `assessMetricStatus` (`analysis.go:579`); a result has at least one finished measurement here.
fn metric_phase(metric: &Metric, result: &MetricResult, terminating: bool) -> Phase {
    if result.phase.completed() {
        return result.phase;
    }
    if let Some((phase, _)) = beyond_limit(metric, result) {
        return phase;
    }
    let streak = metric.consecutive_success_limit;
    // analysis.go:607: the only limit that is reached by equality.
    if streak > 0 && result.consecutive_success >= streak {
        return Phase::Successful;
    }
    if metric.count.is_some_and(|count| result.count >= count) {
        return match (streak > 0, metric.failure_limit >= 0) {
            // analysis.go:621 and :634: the streak was wanted and not reached.
            (true, true) => Phase::Inconclusive,
            (true, false) => Phase::Failed,
            (false, _) => Phase::Successful,
        };
    }
    if terminating {
        return Phase::Successful;
    }
    Phase::Running
}

/// `analysis.go:658`: strictly more than a limit; a later limit overrides an earlier one.
fn beyond_limit(metric: &Metric, result: &MetricResult) -> Option<(Phase, String)> {
    let over = |phase, word: &str, n: i64, limit_word: &str, limit: i64| {
        (phase, format!("{word} ({n}) > {limit_word} ({limit})"))
    };
    if result.consecutive_error > metric.consecutive_error_limit {
        return Some(over(
            Phase::Error,
            "consecutiveErrors",
            result.consecutive_error,
            "consecutiveErrorLimit",
            metric.consecutive_error_limit,
        ));
    }
    if result.inconclusive > metric.inconclusive_limit {
        return Some(over(
            Phase::Inconclusive,
            "inconclusive",
            result.inconclusive,
            "inconclusiveLimit",
            metric.inconclusive_limit,
        ));
    }
    if metric.failure_limit >= 0 && result.failed > metric.failure_limit {
        return Some(over(
            Phase::Failed,
            "failed",
            result.failed,
            "failureLimit",
            metric.failure_limit,
        ));
    }
    None
}

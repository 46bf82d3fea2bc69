//! `runAnalysis`: hooks, then metrics; the first failure ends it (Flagger scheduler.go:752).

use super::Controller;
use super::check::{describe, judge, limits};
use super::gates::Gate;
use super::{Check, Question};
use crate::{Count, Decision, Effects, MetricAnswer, MetricQuery, Record, Span};

/// Flagger prometheus.go: the client's time limit.
const TIMEOUT: Span = Span::from_secs(5);

impl Controller {
    pub(super) fn run_analysis(&mut self, effects: &mut Effects) {
        self.call_hooks(Gate::Rollout, 0, effects);
    }

    /// Asks the checks from `from` on.
    pub(super) fn run_metric_checks(&mut self, from: usize, effects: &mut Effects) {
        let Some(check) = self.canary.analysis.checks.get(from) else {
            return self.run_strategy(effects);
        };
        match &check.question {
            Question::Ask(text) => {
                let query = MetricQuery {
                    provider: crate::Provider::Prometheus,
                    metric: check.metric.clone(),
                    text: text.clone(),
                    range: None,
                    timeout: TIMEOUT,
                };
                self.ask(from, effects, query);
            }
            Question::Fails(why) => {
                effects.record(|| self.measurement(check, (why.to_string(), None), false));
                self.count_failed_check("Flagger scheduler.go:461", effects);
            }
        }
    }

    /// Goes on with the next check, or counts the failure.
    pub(super) fn measured(&mut self, index: usize, answer: &MetricAnswer, effects: &mut Effects) {
        let Some(check) = self.canary.analysis.checks.get(index) else {
            return;
        };
        let outcome = judge(check, answer);
        let value = outcome.value;
        effects.record(|| {
            let seen = (value.to_string(), value.reading());
            self.measurement(check, seen, outcome.passed)
        });
        if outcome.passed {
            self.run_metric_checks(index + 1, effects);
        } else {
            self.count_failed_check("Flagger scheduler.go:461", effects);
        }
    }

    /// At most one a tick, however many checks would fail.
    pub(super) fn count_failed_check(&mut self, rule: &'static str, effects: &mut Effects) {
        self.status.failed_checks = self.status.failed_checks.saturating_add(1);
        self.status.last_transition = self.now;
        self.decided(Decision::Hold, rule, effects, |c| {
            let (failed, threshold) = (c.status.failed_checks, c.canary.analysis.threshold);
            format!("failed checks {failed} of {threshold}")
        });
    }

    fn measurement(&self, check: &Check, seen: (String, Option<f64>), passed: bool) -> Record {
        let failed = self.status.failed_checks + i64::from(!passed);
        let threshold = self.canary.analysis.threshold;
        Record::Measured {
            metric: check.metric.to_string(),
            value: seen.0,
            outcome: if passed { "passed" } else { "failed" }.into(),
            reading: seen.1,
            limits: limits(check),
            detail: describe(check),
            counts: vec![Count::new("failed checks", failed, Some(threshold))],
        }
    }
}

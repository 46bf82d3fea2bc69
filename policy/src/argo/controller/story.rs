//! What people read of it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::super::analysis::MetricResult;
use super::super::plan::{Metric, Test};
use super::super::rollout::Step;
use super::Controller;
use crate::{Count, Decision, Effects, Limits, MetricAnswer, Record};

/// The Rollout's phase, and whether a refusal was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    Healthy,
    Progressing,
    Paused,
    Degraded,
}

impl Phase {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Progressing => "Progressing",
            Self::Paused => "Paused",
            Self::Degraded => "Degraded",
        }
    }
}

pub(super) fn decided(
    effects: &mut Effects,
    decision: Decision,
    rule: &'static str,
    detail: impl FnOnce() -> String,
) {
    effects.record(|| Record::Decided {
        decision,
        rule: Cow::Borrowed(rule),
        detail: detail(),
    });
}

/// `successCondition result[0] >= 0.95`; without one every answer is a success.
pub(super) fn conditions(metric: &Metric) -> String {
    let mut text = String::new();
    let tests = [
        ("successCondition", &metric.success),
        ("failureCondition", &metric.failure),
    ];
    for (name, test) in tests {
        if let Some(test) = test {
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(&format!("{name} {}", test.text));
        }
    }
    if text.is_empty() {
        text.push_str("no condition");
    }
    text
}

/// The counters after a measurement, as `assessMetricStatus` (`analysis.go:653`) compares them. A
/// limit of -1 ends nothing.
pub(super) fn counters(metric: &Metric, result: &MetricResult) -> Vec<Count> {
    let limit = |limit: i64| Some(limit).filter(|limit| *limit >= 0);
    let mut counts = vec![
        Count::new("measurements", result.count, metric.count),
        Count::new("failed", result.failed, limit(metric.failure_limit)),
        Count::new(
            "inconclusive",
            result.inconclusive,
            limit(metric.inconclusive_limit),
        ),
        Count::new(
            "errors in a row",
            result.consecutive_error,
            limit(metric.consecutive_error_limit),
        ),
    ];
    if metric.consecutive_success_limit > 0 {
        counts.push(Count::new(
            "successes in a row",
            result.consecutive_success,
            Some(metric.consecutive_success_limit),
        ));
    }
    counts
}

/// What the conditions hold the result against, as numbers: the success condition's, and where it
/// has none the failure condition's.
pub(super) fn limits(metric: &Metric) -> Limits {
    let parsed = |test: &Option<Test>| test.as_ref().and_then(|test| test.parsed().ok().cloned());
    let success = parsed(&metric.success).map_or_else(Limits::default, |c| c.limits());
    let failure = parsed(&metric.failure).map_or_else(Limits::default, |c| c.limits_of_not());
    Limits {
        min: success.min.or(failure.min),
        max: success.max.or(failure.max),
    }
}

/// The number that conditions like `result[0] > 1` look at.
pub(super) fn reading(answer: &MetricAnswer) -> Option<f64> {
    let number = match answer {
        MetricAnswer::Scalar(value) => Some(*value),
        MetricAnswer::Vector(values) => values.first().copied(),
        MetricAnswer::Json(value) => value.as_f64(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

pub(super) fn step_name(step: &Step) -> String {
    match step {
        Step::SetWeight(weight) => format!("setWeight {weight}"),
        Step::Pause(None) => "pause".to_owned(),
        Step::Pause(Some(span)) => format!("pause {span}"),
        Step::Analysis(_) => "analysis".to_owned(),
        Step::Experiment(_) => "experiment".to_owned(),
        Step::SetCanaryScale(_) => "setCanaryScale".to_owned(),
        Step::SetHeaderRoute(route) => format!("setHeaderRoute {}", route.name),
        Step::SetMirrorRoute(route) => format!("setMirrorRoute {}", route.name),
    }
}

impl Controller {
    pub(super) fn tell_phase(&mut self, effects: &mut Effects) {
        let phase = self.written_phase;
        if phase != self.phase {
            let (from, to) = (self.phase.as_str().into(), phase.as_str().into());
            effects.record(|| Record::Phase { from, to });
            self.phase = phase;
        }
    }

    /// Tells once why nothing will happen.
    pub(super) fn refuse(&mut self, effects: &mut Effects) {
        let Some(refusal) = &self.rollout.refusal else {
            return;
        };
        if self.phase == Phase::Degraded {
            return;
        }
        let rule = "Argo rollout/controller.go:573";
        decided(effects, Decision::Invalid, rule, || refusal.message.clone());
        let (from, to) = (self.phase.as_str().into(), Phase::Degraded.as_str().into());
        effects.record(|| Record::Phase { from, to });
        self.phase = Phase::Degraded;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_without_conditions_says_so() {
        let metric = Metric {
            query: crate::MetricQuery {
                provider: crate::Provider::Prometheus,
                metric: "m".into(),
                text: "up".into(),
                range: None,
                timeout: crate::Span::ZERO,
            },
            range: None,
            line_column: (0, 0),
            interval: None,
            initial_delay: None,
            count: None,
            failure_limit: 0,
            inconclusive_limit: 0,
            consecutive_error_limit: 4,
            consecutive_success_limit: 0,
            success: None,
            failure: None,
            dry_run: false,
        };
        assert_eq!(conditions(&metric), "no condition");
        let with = Metric {
            failure: Some(crate::argo::plan::Test::new("result > 1")),
            ..metric
        };
        assert_eq!(conditions(&with), "failureCondition result > 1");
    }
}

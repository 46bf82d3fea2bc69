//! What an AnalysisRun is made of once its arguments are known.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::value::IntOrString;
use crate::expr::{self, Condition};
use crate::{MetricAnswer, MetricQuery, QueryRange, Span, Time};

/// A resolved AnalysisRun spec.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// In spec order.
    pub metrics: Vec<Metric>,
    /// Why the AnalysisRun goes straight to `Error` (`analysis.go:59`), in Argo's words.
    pub broken: Option<String>,
}

/// A metric with arguments substituted, limits resolved and conditions parsed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Exactly what is sent.
    pub query: MetricQuery,
    /// A range query's bounds, counted back from the moment of asking.
    pub range: Option<RangeBack>,
    /// Line and column of the query in the manifest.
    pub line_column: (usize, usize),
    /// Gap between the end of a measurement and the next; `None`: measured once.
    pub interval: Option<Span>,
    /// Nothing is measured before this.
    pub initial_delay: Option<Span>,
    /// Non-error measurements after which the metric is done; `None`: no limit.
    pub count: Option<i64>,
    /// Strictly more failures fail; -1 disables.
    pub failure_limit: i64,
    /// Strictly more inconclusive measurements make it inconclusive.
    pub inconclusive_limit: i64,
    /// Strictly more errors in a row make it an error.
    pub consecutive_error_limit: i64,
    /// So many successes in a row end it well; 0 disables.
    pub consecutive_success_limit: i64,
    /// `successCondition`.
    pub success: Option<Test>,
    /// `failureCondition`.
    pub failure: Option<Test>,
    /// Measured and assessed, but without say in the run's phase.
    pub dry_run: bool,
}

/// A range query's bounds relative to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeBack {
    /// `start` is so long ago.
    pub start: Span,
    /// `end` is so long ago.
    pub end: Span,
    /// Distance between evaluations.
    pub step: Span,
}

/// A condition as written; one that does not parse makes every measurement an `Error`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// After argument substitution.
    pub text: Arc<str>,
    parsed: Result<Condition, expr::Error>,
}

impl Test {
    /// Parses a condition, or keeps why it cannot be.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            parsed: Condition::parse(text),
        }
    }

    /// The condition, or why the text is none.
    ///
    /// # Errors
    /// What does not parse.
    pub fn parsed(&self) -> Result<&Condition, &expr::Error> {
        self.parsed.as_ref()
    }

    fn holds(&self, answer: &MetricAnswer) -> Result<bool, expr::Error> {
        self.parsed.as_ref().map_err(Clone::clone)?.evaluate(answer)
    }
}

/// The outcome of one measurement, as Argo spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Counts towards `count` and the success streak.
    Successful,
    /// Counts towards `count` and `failureLimit`.
    Failed,
    /// Counts towards `count` and `inconclusiveLimit`.
    Inconclusive,
    /// Counts towards `consecutiveErrorLimit` only.
    Error,
}

impl Outcome {
    /// Argo's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Successful => "Successful",
            Self::Failed => "Failed",
            Self::Inconclusive => "Inconclusive",
            Self::Error => "Error",
        }
    }
}

impl Metric {
    /// The query to send at `now`.
    #[must_use]
    pub fn query_at(&self, now: Time) -> MetricQuery {
        let mut query = self.query.clone();
        query.range = self.range.map(|range| QueryRange {
            start: now - range.start,
            end: now - range.end,
            step: range.step,
        });
        query
    }

    /// Holds an answer against the conditions (`evaluate.go:18`): the outcome, and the message of
    /// an error.
    #[must_use]
    pub fn judge(&self, answer: &MetricAnswer) -> (Outcome, String) {
        if let MetricAnswer::Error(message) = answer {
            return (Outcome::Error, message.clone());
        }
        if let MetricAnswer::Job(complete) = answer {
            // job.go: Complete or Failed; no condition is looked at.
            let outcome = match complete {
                true => Outcome::Successful,
                false => Outcome::Failed,
            };
            return (outcome, String::new());
        }
        if let MetricAnswer::Text(_) = answer {
            // prometheus.go:187
            return (
                Outcome::Error,
                "Prometheus metric type not supported".to_owned(),
            );
        }
        // Both are evaluated when present; the success condition's error comes first.
        let test = |test: &Option<Test>, kind| match test {
            None => Ok(None),
            Some(test) => test
                .holds(answer)
                .map(Some)
                .map_err(|error| evaluation_error(kind, &test.text, answer, &error)),
        };
        let verdicts = test(&self.success, "successCondition")
            .and_then(|success| Ok((success, test(&self.failure, "failureCondition")?)));
        let outcome = match verdicts {
            Err(message) => return (Outcome::Error, message),
            Ok((_, Some(true))) | Ok((Some(false), None)) => Outcome::Failed,
            Ok((Some(false), Some(false))) => Outcome::Inconclusive,
            Ok((None | Some(true), _)) => Outcome::Successful,
        };
        (outcome, String::new())
    }
}

/// `evaluate.go:62`.
fn evaluation_error(kind: &str, text: &str, answer: &MetricAnswer, error: &expr::Error) -> String {
    let empty = match answer {
        MetricAnswer::Vector(values) => values.is_empty(),
        MetricAnswer::Matrix(series) => series.iter().all(Vec::is_empty),
        MetricAnswer::Json(value) => value.is_null(),
        _ => false,
    };
    if empty {
        return format!(
            "could not evaluate {kind} \"{text}\": metric result is nil or empty: no data returned \
             from the metric provider"
        );
    }
    format!("could not evaluate {kind} \"{text}\": {error}")
}

/// A measurement's value as Argo stores it (`prometheus.go:156`): `[0.98,NaN]`, `0.5`.
#[must_use]
pub fn printed(answer: &MetricAnswer) -> String {
    let number = |value: &f64| match *value {
        value if value == f64::INFINITY => "+Inf".to_owned(),
        value if value == f64::NEG_INFINITY => "-Inf".to_owned(),
        value => value.to_string(),
    };
    let list = |values: &mut dyn Iterator<Item = &f64>| {
        let values: Vec<_> = values.map(number).collect();
        format!("[{}]", values.join(","))
    };
    match answer {
        MetricAnswer::Scalar(value) => number(value),
        MetricAnswer::Vector(values) => list(&mut values.iter()),
        MetricAnswer::Matrix(series) => list(&mut series.iter().flatten()),
        MetricAnswer::Json(value) => value.to_string(),
        MetricAnswer::Text(_) | MetricAnswer::Job(_) | MetricAnswer::Error(_) => String::new(),
    }
}

/// `EffectiveCount` (`analysis_types.go:159`): unset and 0 mean 1 without an interval, no limit
/// with one.
#[must_use]
pub(super) fn effective_count(count: Option<&IntOrString>, has_interval: bool) -> Option<i64> {
    match count.map_or(0, IntOrString::int_value) {
        0 if has_interval => None,
        0 => Some(1),
        count => Some(count),
    }
}

//! One measurement: what the answer means and whether it passes.

use std::fmt;

use super::{Bound, Check, Measure};
use crate::{Limits, MetricAnswer};

/// What came of one measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Outcome {
    /// As Flagger compares it.
    pub(super) value: Value,
    pub(super) passed: bool,
}

/// A value as Flagger compares it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    /// A Go `time.Duration` in nanoseconds.
    Duration(i64),
    /// No number, and why: counts as a failure.
    Nothing(&'static str),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => write!(f, "{value}"),
            Self::Duration(nanos) => write!(f, "{}ms", nanos / NANOS_PER_MILLI),
            Self::Nothing(why) => f.write_str(why),
        }
    }
}

impl Value {
    /// The number that was compared; durations in milliseconds, as their bounds are written.
    pub(super) fn reading(self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(value).filter(|value| value.is_finite()),
            Self::Duration(nanos) => Some((nanos / NANOS_PER_MILLI) as f64),
            Self::Nothing(_) => None,
        }
    }
}

const NANOS_PER_MILLI: i64 = 1_000_000;

/// Reads an answer and compares it.
pub(super) fn judge(check: &Check, answer: &MetricAnswer) -> Outcome {
    let value = match run_query(answer) {
        Err(why) => Value::Nothing(why),
        Ok(value) => match check.measure {
            Measure::SuccessRate | Measure::Custom => Value::Number(value),
            Measure::Millis => Value::Duration(millis(value)),
            Measure::Seconds => Value::Duration(millis(value * 1000.0)),
        },
    };
    let passed = match value {
        Value::Nothing(_) => false,
        Value::Number(value) => number_passes(check.measure, check.bound, value),
        Value::Duration(value) => duration_passes(check.bound, value),
    };
    Outcome { value, passed }
}

/// Flagger prometheus.go:155: the last series wins; NaN is no value; a matrix and a scalar are
/// errors.
fn run_query(answer: &MetricAnswer) -> Result<f64, &'static str> {
    match answer {
        MetricAnswer::Vector(values) => {
            let last = values.last().filter(|value| !value.is_nan());
            last.copied().ok_or("no values found")
        }
        MetricAnswer::Matrix(series) if series.is_empty() => Err("no values found"),
        MetricAnswer::Matrix(_) => Err("query returned multiple values"),
        MetricAnswer::Error(_) => Err("query failed"),
        _ => Err("the result is no vector"),
    }
}

/// Flagger scheduler_metrics.go:165-181, :236-252.
fn number_passes(measure: Measure, bound: Bound, value: f64) -> bool {
    match bound {
        Bound::Range { min, max } => {
            min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max)
        }
        Bound::Threshold(min) if measure == Measure::SuccessRate => value >= min,
        Bound::Threshold(max) => value <= max,
    }
}

/// Flagger scheduler_metrics.go:200-217: bounds are cut to whole milliseconds like the value.
fn duration_passes(bound: Bound, value: i64) -> bool {
    match bound {
        Bound::Range { min, max } => {
            min.is_none_or(|min| value >= millis(min)) && max.is_none_or(|max| value <= millis(max))
        }
        Bound::Threshold(max) => value <= millis(max),
    }
}

/// `time.Duration(int64(value)) * time.Millisecond`. Outside int64 amd64 converts to the lowest
/// number, and the product wraps: an infinite duration becomes 0 (case M03).
fn millis(value: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let whole = if (-LIMIT..LIMIT).contains(&value) {
        value as i64
    } else {
        i64::MIN
    };
    whole.wrapping_mul(NANOS_PER_MILLI)
}

/// The bound in words.
pub(super) fn describe(check: &Check) -> String {
    match check.bound {
        Bound::Threshold(min) if check.measure == Measure::SuccessRate => format!(">= {min}"),
        Bound::Threshold(max) => format!("<= {max}"),
        Bound::Range { min, max } => match (min, max) {
            (Some(min), Some(max)) => format!("{min} to {max}"),
            (Some(min), None) => format!(">= {min}"),
            (None, Some(max)) => format!("<= {max}"),
            (None, None) => "any value".to_owned(),
        },
    }
}

/// The same as numbers.
pub(super) fn limits(check: &Check) -> Limits {
    match check.bound {
        Bound::Threshold(min) if check.measure == Measure::SuccessRate => Limits {
            min: Some(min),
            max: None,
        },
        Bound::Threshold(max) => Limits {
            min: None,
            max: Some(max),
        },
        Bound::Range { min, max } => Limits { min, max },
    }
}

#[cfg(test)]
mod tests {
    use super::super::Question;
    use super::*;

    fn passes(measure: Measure, bound: Bound, answer: MetricAnswer) -> bool {
        let check = Check {
            metric: "m".into(),
            measure,
            question: Question::Ask("q".into()),
            bound,
            file: "".into(),
            line_column: (0, 0),
        };
        judge(&check, &answer).passed
    }

    fn vector(value: f64) -> MetricAnswer {
        MetricAnswer::Vector(vec![value])
    }

    #[test]
    fn a_threshold_is_a_minimum_of_the_success_rate_and_a_maximum_of_all_else() {
        let success = |value| passes(Measure::SuccessRate, Bound::Threshold(99.0), vector(value));
        assert!(success(99.0) && success(f64::INFINITY));
        assert!(!success(98.999));
        let custom = |value| passes(Measure::Custom, Bound::Threshold(5.0), vector(value));
        assert!(custom(5.0) && custom(-3.0));
        assert!(!custom(5.01));
    }

    #[test]
    fn durations_and_their_bounds_are_cut_to_milliseconds() {
        let bound = Bound::Range {
            min: Some(0.9),
            max: Some(1.9),
        };
        let millis = |value| passes(Measure::Millis, bound, vector(value));
        assert!(millis(1.99) && millis(0.0));
        assert!(!millis(2.0));
        let seconds = |value| passes(Measure::Seconds, Bound::Threshold(500.0), vector(value));
        assert!(seconds(0.5009));
        assert!(!seconds(0.501));
        assert!(seconds(f64::INFINITY), "wraps to zero on amd64");
    }

    #[test]
    fn only_the_last_number_of_a_vector_counts() {
        let of = |answer| passes(Measure::Custom, Bound::Threshold(5.0), answer);
        assert!(of(MetricAnswer::Vector(vec![9.0, 1.0])));
        assert!(!of(MetricAnswer::Vector(vec![1.0, 9.0])));
        assert!(!of(MetricAnswer::Vector(vec![1.0, f64::NAN])));
        assert!(!of(MetricAnswer::Vector(vec![])));
        assert!(!of(MetricAnswer::Scalar(1.0)));
        assert!(!of(MetricAnswer::Matrix(vec![vec![1.0]])));
        assert!(!of(MetricAnswer::Error("timeout".into())));
    }

    #[test]
    fn an_empty_range_passes_every_number() {
        let empty = Bound::Range {
            min: None,
            max: None,
        };
        assert!(passes(Measure::SuccessRate, empty, vector(0.0)));
        assert!(!passes(Measure::SuccessRate, empty, vector(f64::NAN)));
    }
}

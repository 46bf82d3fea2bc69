//! Functions, by name. One that is not here is refused when the query is parsed.

use crate::annotation::{self, Severity};
use crate::error::EvalError;
use crate::eval::{Context, Sample, Value, drop_names};
use crate::expr::Expr;
use crate::histogram::Histogram;
use crate::matcher::{MatchOp, anchored};
use crate::over_time::{
    Extrapolation, extrapolated, extreme, instant_change, kahan_sum, quantile, regression, variance,
};
use crate::window::Window;
use crate::{Labels, METRIC_NAME, aggregate, calendar, histogram};

/// A value from one window; nothing makes the element vanish.
type WindowFunction = Box<dyn Fn(&Window<'_>) -> Option<f64>>;

/// Every function that is evaluated.
const KNOWN: &[&str] = &[
    "abs",
    "absent",
    "absent_over_time",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "avg_over_time",
    "ceil",
    "changes",
    "clamp",
    "clamp_max",
    "clamp_min",
    "cos",
    "cosh",
    "count_over_time",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "deg",
    "delta",
    "deriv",
    "exp",
    "floor",
    "histogram_fraction",
    "histogram_quantile",
    "hour",
    "idelta",
    "increase",
    "irate",
    "label_join",
    "label_replace",
    "last_over_time",
    "ln",
    "log10",
    "log2",
    "max_over_time",
    "min_over_time",
    "minute",
    "month",
    "pi",
    "predict_linear",
    "present_over_time",
    "quantile_over_time",
    "rad",
    "rate",
    "resets",
    "round",
    "scalar",
    "sgn",
    "sin",
    "sinh",
    "sort",
    "sort_desc",
    "sqrt",
    "stddev_over_time",
    "stdvar_over_time",
    "sum_over_time",
    "tan",
    "tanh",
    "time",
    "timestamp",
    "vector",
    "year",
];

/// The function's name, if it is evaluated here.
pub(crate) fn known(name: &str) -> Option<&'static str> {
    KNOWN.iter().copied().find(|known| *known == name)
}

/// Calls a function. The parser has checked the number and types of the arguments.
pub(crate) fn call(
    context: &Context<'_>,
    function: &'static str,
    arguments: &[Expr],
    places: &[usize],
) -> Result<Value, EvalError> {
    let place = |index: usize| places.get(index).copied().unwrap_or(0);
    let argument = |index: usize| {
        arguments
            .get(index)
            .ok_or_else(|| EvalError::new(format!("{function}() lacks an argument")))
    };
    // By far the most frequent ones first.
    if let "rate" | "increase" = function
        && let Some(samples) = over_window(context, function, arguments)?
    {
        note_windows(context, function, arguments, place(0), &samples)?;
        return Ok(Value::Vector(drop_names(samples)?));
    }
    match function {
        "time" => return Ok(Value::Scalar(context.time_ms as f64 / 1_000.0)),
        "pi" => return Ok(Value::Scalar(std::f64::consts::PI)),
        "vector" => {
            let value = context.scalar(argument(0)?)?;
            return Ok(Value::Vector(vec![Sample::new(Labels::default(), value)]));
        }
        "scalar" => {
            let samples = context.vector(argument(0)?)?;
            let only = (samples.len() == 1).then(|| samples[0].value);
            return Ok(Value::Scalar(only.unwrap_or(f64::NAN)));
        }
        _ => {}
    }
    if let Some(part) = calendar::part(function) {
        return Ok(Value::Vector(dates(context, part, arguments.first())?));
    }
    let samples = match function {
        "absent" => absent(
            context.vector(argument(0)?)?.is_empty(),
            context,
            argument(0)?,
        ),
        "absent_over_time" => {
            let none = context
                .over_windows(argument(0)?, |_| Some(1.0))?
                .is_empty();
            absent(none, context, argument(0)?)
        }
        "label_replace" => label_replace(context, arguments)?,
        "label_join" => label_join(context, arguments)?,
        "histogram_quantile" => {
            let q = context.scalar(argument(0)?)?;
            context.check_quantile(q, place(0));
            let histograms = histograms(context, argument(1)?, place(1))?;
            let quantile = |mut one: Histogram| {
                let (value, forced) = one.quantile(q);
                let name = context.name_to_note(place(1), &one.labels);
                if forced {
                    context.note(Severity::Info, place(1), || {
                        annotation::forced_monotonicity(name)
                    });
                }
                Sample::new(one.labels, value)
            };
            drop_names(histograms.into_iter().map(quantile).collect())?
        }
        "histogram_fraction" => {
            let lower = context.scalar(argument(0)?)?;
            let upper = context.scalar(argument(1)?)?;
            let histograms = histograms(context, argument(2)?, place(2))?;
            let fraction = |mut one: Histogram| {
                let value = one.fraction(lower, upper);
                Sample::new(one.labels, value)
            };
            drop_names(histograms.into_iter().map(fraction).collect())?
        }
        "sort" | "sort_desc" => {
            let mut samples = context.vector(argument(0)?)?;
            let descending = function == "sort_desc";
            samples.sort_by(|a, b| match (a.value.is_nan(), b.value.is_nan()) {
                (true, true) => std::cmp::Ordering::Equal,
                (true, false) => std::cmp::Ordering::Greater,
                (false, true) => std::cmp::Ordering::Less,
                _ if descending => b.value.total_cmp(&a.value),
                _ => a.value.total_cmp(&b.value),
            });
            samples
        }
        "timestamp" => {
            let mut samples = context.vector(argument(0)?)?;
            for sample in &mut samples {
                let sampled = matches!(argument(0)?, Expr::Select(_));
                let time_ms = if sampled {
                    sample.time_ms
                } else {
                    context.time_ms
                };
                sample.value = time_ms as f64 / 1_000.0;
            }
            drop_names(samples)?
        }
        "last_over_time" => {
            context.over_windows(argument(0)?, |window| window.values.last().copied())?
        }
        _ => match over_window(context, function, arguments)? {
            Some(samples) => {
                note_windows(context, function, arguments, place(0), &samples)?;
                drop_names(samples)?
            }
            None => elementwise(context, function, arguments)?,
        },
    };
    Ok(Value::Vector(samples))
}

/// The classic histograms of a vector of buckets.
fn histograms(
    context: &Context<'_>,
    argument: &Expr,
    place: usize,
) -> Result<Vec<Histogram>, EvalError> {
    let buckets = context.vector(argument)?;
    Ok(histogram::histograms(&buckets, |labels| {
        context.note(Severity::Warning, place, || {
            annotation::bad_bucket_label(labels.get(METRIC_NAME), labels.get("le"))
        });
    }))
}

/// What is noticed about functions of windows that had an answer (engine.go:1900: the names of
/// counters).
fn note_windows(
    context: &Context<'_>,
    function: &str,
    arguments: &[Expr],
    place: usize,
    samples: &[Sample],
) -> Result<(), EvalError> {
    if !context.is_noting() {
        return Ok(());
    }
    match function {
        "quantile_over_time" if !samples.is_empty() => {
            if let Some(q) = arguments.first() {
                context.check_quantile(context.scalar(q)?, place);
            }
        }
        "rate" | "increase" => {
            for sample in samples {
                let name = sample.labels.get(METRIC_NAME);
                let counter = ["_total", "_sum", "_count", "_bucket"]
                    .iter()
                    .any(|suffix| name.ends_with(suffix));
                if !name.is_empty() && !counter {
                    context.note(Severity::Info, place, || {
                        annotation::possible_non_counter(name)
                    });
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// A part of the date of each value, or of the evaluation's time when there is no argument.
fn dates(
    context: &Context<'_>,
    part: calendar::Part,
    argument: Option<&Expr>,
) -> Result<Vec<Sample>, EvalError> {
    let Some(argument) = argument else {
        let now = context.time_ms as f64 / 1_000.0;
        return Ok(vec![Sample::new(
            Labels::default(),
            calendar::at(part, now)?,
        )]);
    };
    let mut samples = context.vector(argument)?;
    for sample in &mut samples {
        sample.value = calendar::at(part, sample.value)?;
    }
    drop_names(samples)
}

/// Functions of a range vector.
fn over_window(
    context: &Context<'_>,
    function: &str,
    arguments: &[Expr],
) -> Result<Option<Vec<Sample>>, EvalError> {
    let kind = |counter, per_second| Extrapolation {
        counter,
        per_second,
    };
    let number = |index: usize| match arguments.get(index) {
        Some(expr) => context.scalar(expr),
        None => Ok(f64::NAN),
    };
    let mut range_at = 0;
    let each: WindowFunction = match function {
        "rate" => Box::new(move |w| extrapolated(w, kind(true, true))),
        "increase" => Box::new(move |w| extrapolated(w, kind(true, false))),
        "delta" => Box::new(move |w| extrapolated(w, kind(false, false))),
        "irate" => Box::new(|w| instant_change(w, true)),
        "idelta" => Box::new(|w| instant_change(w, false)),
        "avg_over_time" => Box::new(|w| Some(aggregate::average(w.values))),
        "sum_over_time" => Box::new(|w| Some(kahan_sum(w.values.iter().copied()))),
        "count_over_time" => Box::new(|w| Some(w.values.len() as f64)),
        "min_over_time" => Box::new(|w| Some(extreme(w.values, false))),
        "max_over_time" => Box::new(|w| Some(extreme(w.values, true))),
        "present_over_time" => Box::new(|_| Some(1.0)),
        "stdvar_over_time" => Box::new(|w| Some(variance(w.values))),
        "stddev_over_time" => Box::new(|w| Some(variance(w.values).sqrt())),
        "changes" => {
            Box::new(|w| Some(count_pairs(w, |a, b| a != b && !(a.is_nan() && b.is_nan()))))
        }
        "resets" => Box::new(|w| Some(count_pairs(w, |a, b| b < a))),
        "quantile_over_time" => {
            range_at = 1;
            let q = number(0)?;
            Box::new(move |w| Some(quantile(q, w.values)))
        }
        "deriv" => Box::new(|w| (w.values.len() > 1).then(|| regression(w, w.times_ms[0]).0)),
        "predict_linear" => {
            let ahead_s = number(1)?;
            let at_ms = context.time_ms;
            Box::new(move |w| {
                let (slope, intercept) = regression(w, at_ms);
                (w.values.len() > 1).then_some(slope * ahead_s + intercept)
            })
        }
        _ => return Ok(None),
    };
    let Some(range) = arguments.get(range_at) else {
        return Err(EvalError::new(format!("{function}() lacks a range")));
    };
    context.over_windows(range, each).map(Some)
}

fn count_pairs(window: &Window<'_>, counts: impl Fn(f64, f64) -> bool) -> f64 {
    let pairs = window.values.windows(2);
    pairs.filter(|pair| counts(pair[0], pair[1])).count() as f64
}

/// Functions of each element's value.
fn elementwise(
    context: &Context<'_>,
    function: &str,
    arguments: &[Expr],
) -> Result<Vec<Sample>, EvalError> {
    let number = |index: usize, default: f64| match arguments.get(index) {
        Some(expr) => context.scalar(expr),
        None => Ok(default),
    };
    let (a, b) = (number(1, f64::NAN), number(2, f64::NAN));
    let apply: Box<dyn Fn(f64) -> f64> = match function {
        "abs" => Box::new(f64::abs),
        "ceil" => Box::new(f64::ceil),
        "floor" => Box::new(f64::floor),
        "exp" => Box::new(f64::exp),
        "ln" => Box::new(f64::ln),
        "log2" => Box::new(f64::log2),
        "log10" => Box::new(f64::log10),
        "sqrt" => Box::new(f64::sqrt),
        "sgn" => Box::new(|v: f64| {
            if v == 0.0 || v.is_nan() {
                v
            } else {
                v.signum()
            }
        }),
        "sin" => Box::new(f64::sin),
        "cos" => Box::new(f64::cos),
        "tan" => Box::new(f64::tan),
        "asin" => Box::new(f64::asin),
        "acos" => Box::new(f64::acos),
        "atan" => Box::new(f64::atan),
        "sinh" => Box::new(f64::sinh),
        "cosh" => Box::new(f64::cosh),
        "tanh" => Box::new(f64::tanh),
        "asinh" => Box::new(f64::asinh),
        "acosh" => Box::new(f64::acosh),
        "atanh" => Box::new(f64::atanh),
        "deg" => Box::new(|v: f64| v * 180.0 / std::f64::consts::PI),
        "rad" => Box::new(|v: f64| v * std::f64::consts::PI / 180.0),
        "round" => {
            // Ties go up; the inverse keeps fractions such as 0.1 exact (functions.go funcRound).
            let inverse = 1.0 / number(1, 1.0)?;
            Box::new(move |v| (v * inverse + 0.5).floor() / inverse)
        }
        "clamp_min" => {
            let min = a?;
            Box::new(move |v: f64| {
                if v.is_nan() || min.is_nan() {
                    f64::NAN
                } else {
                    v.max(min)
                }
            })
        }
        "clamp_max" => {
            let max = a?;
            Box::new(move |v: f64| {
                if v.is_nan() || max.is_nan() {
                    f64::NAN
                } else {
                    v.min(max)
                }
            })
        }
        "clamp" => {
            let (min, max) = (a?, b?);
            if max < min {
                return Ok(Vec::new());
            }
            let poisoned = min.is_nan() || max.is_nan();
            Box::new(move |v: f64| {
                if poisoned || v.is_nan() {
                    f64::NAN
                } else {
                    v.min(max).max(min)
                }
            })
        }
        other => return Err(EvalError::new(format!("{other}() is not evaluated"))),
    };
    let Some(argument) = arguments.first() else {
        return Err(EvalError::new(format!("{function}() lacks an argument")));
    };
    let mut samples = context.vector(argument)?;
    samples
        .iter_mut()
        .for_each(|sample| sample.value = apply(sample.value));
    drop_names(samples)
}

/// absent(): the labels come from equality matchers only; names matched twice are left out
/// (engine.go:2848).
fn absent(none: bool, context: &Context<'_>, argument: &Expr) -> Vec<Sample> {
    if !none {
        return Vec::new();
    }
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    if let Some(selector) = context.selector_of(argument) {
        let names = || selector.matchers.iter().map(|m| m.name.as_str());
        for matcher in &selector.matchers {
            let once = names().filter(|name| *name == matcher.name).count() == 1;
            if once && matches!(matcher.op, MatchOp::Equal) && matcher.name != METRIC_NAME {
                pairs.push((&matcher.name, &matcher.value));
            }
        }
    }
    vec![Sample::new(Labels::new(pairs), 1.0)]
}

fn text(context: &Context<'_>, arguments: &[Expr], index: usize) -> Result<String, EvalError> {
    match arguments.get(index).map(|expr| context.eval(expr)) {
        Some(Ok(Value::String(text))) => Ok(text),
        Some(Err(error)) => Err(error),
        _ => Err(EvalError::new("expected a string")),
    }
}

fn label_name(text: &str) -> Result<(), EvalError> {
    if text.is_empty() {
        return Err(EvalError::new("invalid destination label name \"\""));
    }
    Ok(())
}

/// label_replace (functions.go:2483): regex anchored, no match leaves the element alone.
fn label_replace(context: &Context<'_>, arguments: &[Expr]) -> Result<Vec<Sample>, EvalError> {
    let [destination, replacement, source, pattern] =
        [1, 2, 3, 4].map(|index| text(context, arguments, index));
    let (destination, replacement, source, pattern) =
        (destination?, replacement?, source?, pattern?);
    label_name(&destination)?;
    let regex = anchored(&pattern)
        .map_err(|_| EvalError::new(format!("invalid regular expression {pattern:?}")))?;
    let first = arguments
        .first()
        .ok_or_else(|| EvalError::new("expected a vector"))?;
    let mut samples = context.vector(first)?;
    // Go writes groups as $1x for a group named "1x"; so does the regex crate.
    for sample in &mut samples {
        sample.settle();
        if let Some(groups) = regex.captures(sample.labels.get(&source)) {
            let mut value = String::new();
            groups.expand(&replacement, &mut value);
            sample.labels = sample.labels.with(&destination, &value);
        }
    }
    crate::eval::finish(samples)
}

fn label_join(context: &Context<'_>, arguments: &[Expr]) -> Result<Vec<Sample>, EvalError> {
    let destination = text(context, arguments, 1)?;
    label_name(&destination)?;
    let separator = text(context, arguments, 2)?;
    let sources: Result<Vec<_>, _> = (3..arguments.len())
        .map(|index| text(context, arguments, index))
        .collect();
    let sources = sources?;
    let first = arguments
        .first()
        .ok_or_else(|| EvalError::new("expected a vector"))?;
    let mut samples = context.vector(first)?;
    for sample in &mut samples {
        sample.settle();
        let values: Vec<_> = sources.iter().map(|name| sample.labels.get(name)).collect();
        sample.labels = sample.labels.with(&destination, &values.join(&separator));
    }
    crate::eval::finish(samples)
}

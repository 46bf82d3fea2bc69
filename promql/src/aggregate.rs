//! Aggregation over the elements of a vector.

use std::collections::HashMap;

use crate::error::EvalError;
use crate::eval::{Sample, Value};
use crate::expr::{Aggregator, Grouping};
use crate::over_time::{extreme, kahan_sum, quantile, variance};
use crate::{Labels, METRIC_NAME, annotation, topk};

/// Aggregates; nothing in, nothing out (engine.go:3661).
pub(crate) fn aggregate(
    op: Aggregator,
    grouping: &Grouping,
    parameter: Option<Value>,
    samples: Vec<Sample>,
) -> Result<Vec<Sample>, EvalError> {
    if samples.is_empty() {
        return Ok(samples);
    }
    match op {
        Aggregator::Topk | Aggregator::Bottomk => {
            select_k(op == Aggregator::Topk, grouping, parameter, samples)
        }
        Aggregator::CountValues => count_values(grouping, parameter, samples),
        _ => {
            let q = match parameter {
                Some(Value::Scalar(q)) => q,
                _ => f64::NAN,
            };
            let fold = |(labels, values): (Labels, Vec<f64>)| {
                Sample::new(labels, fold_values(op, q, &values))
            };
            Ok(values_by_group(grouping, &samples)
                .into_iter()
                .map(fold)
                .collect())
        }
    }
}

fn fold_values(op: Aggregator, q: f64, values: &[f64]) -> f64 {
    let sum = || kahan_sum(values.iter().copied());
    match op {
        Aggregator::Sum => sum(),
        Aggregator::Avg => average(values),
        Aggregator::Count => values.len() as f64,
        Aggregator::Min => extreme(values, false),
        Aggregator::Max => extreme(values, true),
        Aggregator::Group => 1.0,
        Aggregator::Stdvar => variance(values),
        Aggregator::Stddev => variance(values).sqrt(),
        Aggregator::Quantile => quantile(q, values),
        Aggregator::Topk | Aggregator::Bottomk | Aggregator::CountValues => f64::NAN,
    }
}

/// The mean; switches to an incremental mean where the plain sum would overflow (engine.go:3777).
pub(crate) fn average(values: &[f64]) -> f64 {
    let sum = kahan_sum(values.iter().copied());
    if sum.is_infinite() && values.iter().all(|value| value.is_finite()) {
        let n = values.len() as f64;
        return kahan_sum(values.iter().map(|value| value / n));
    }
    sum / values.len() as f64
}

/// The labels of the group that an element belongs to.
fn group_of(grouping: &Grouping, sample: &Sample) -> Labels {
    match grouping {
        Grouping::By(names) if names.is_empty() => Labels::default(),
        Grouping::By(names) => sample.labels.filtered(|label| {
            names.iter().any(|name| name == label) && !(sample.drop_name && label == METRIC_NAME)
        }),
        Grouping::Without(names) => sample
            .labels
            .filtered(|label| label != METRIC_NAME && !names.iter().any(|name| name == label)),
    }
}

/// Groups in order of their first element.
fn groups(grouping: &Grouping, samples: &[Sample]) -> (Vec<Labels>, Vec<usize>) {
    if matches!(grouping, Grouping::By(names) if names.is_empty()) {
        return (vec![Labels::default()], vec![0; samples.len()]);
    }
    let mut index_of: HashMap<Labels, usize> = HashMap::new();
    let mut order: Vec<Labels> = Vec::new();
    // Of each group, and of the one that is tried first: targets mostly show the same series in the
    // same order.
    let mut firsts: Vec<&Sample> = Vec::new();
    let mut next = 0;
    let members = samples.iter().map(|sample| {
        let guess = firsts.get(next).or(firsts.first());
        let index = if guess.is_some_and(|first| are_together(grouping, first, sample)) {
            if next < firsts.len() { next } else { 0 }
        } else {
            let labels = group_of(grouping, sample);
            *index_of.entry(labels).or_insert_with_key(|labels| {
                order.push(labels.clone());
                firsts.push(sample);
                order.len() - 1
            })
        };
        next = index + 1;
        index
    });
    let members = members.collect();
    (order, members)
}

/// Whether two elements belong to one group.
fn are_together(grouping: &Grouping, a: &Sample, b: &Sample) -> bool {
    let of = |sample: &'_ Sample, name: &str| sample.drop_name && name == METRIC_NAME;
    match grouping {
        Grouping::By(names) => names
            .iter()
            .all(|name| !of(a, name) && !of(b, name) && a.labels.get(name) == b.labels.get(name)),
        Grouping::Without(names) => a.labels.same_where(&b.labels, |label| {
            label != METRIC_NAME && !names.iter().any(|name| name == label)
        }),
    }
}

fn values_by_group(grouping: &Grouping, samples: &[Sample]) -> Vec<(Labels, Vec<f64>)> {
    let (order, members) = groups(grouping, samples);
    let mut out: Vec<_> = order
        .into_iter()
        .map(|labels| (labels, Vec::new()))
        .collect();
    for (sample, group) in samples.iter().zip(members) {
        out[group].1.push(sample.value);
    }
    out
}

/// topk, bottomk: whole elements, their labels kept, best first; NaN is worst.
fn select_k(
    top: bool,
    grouping: &Grouping,
    parameter: Option<Value>,
    samples: Vec<Sample>,
) -> Result<Vec<Sample>, EvalError> {
    let Some(Value::Scalar(k)) = parameter else {
        return Err(EvalError::new("topk and bottomk need a number"));
    };
    if k.is_nan() {
        return Err(EvalError::new("Parameter value is NaN"));
    }
    if k < 1.0 {
        return Ok(Vec::new());
    }
    if k >= i64::MAX as f64 {
        let k = annotation::shortest(k);
        return Err(EvalError::new(format!("Scalar value {k} overflows int64")));
    }
    let k = k.min(samples.len() as f64) as usize;
    let (order, members) = groups(grouping, &samples);
    let mut by_group = vec![topk::Best::new(k, top); order.len()];
    for (sample, group) in samples.into_iter().zip(members) {
        by_group[group].offer(sample);
    }
    Ok(by_group
        .into_iter()
        .flat_map(topk::Best::into_sorted)
        .collect())
}

fn count_values(
    grouping: &Grouping,
    parameter: Option<Value>,
    samples: Vec<Sample>,
) -> Result<Vec<Sample>, EvalError> {
    let Some(Value::String(label)) = parameter else {
        return Err(EvalError::new("count_values needs a label name"));
    };
    // Since 3.0 every UTF-8 text but the empty one is a label name (engine.go: `IsValid`).
    if label.is_empty() {
        return Err(EvalError::new(format!("invalid label name {label:?}")));
    }
    let grouping = match grouping {
        Grouping::By(names) => Grouping::By(names.iter().cloned().chain([label.clone()]).collect()),
        Grouping::Without(names) => Grouping::Without(names.clone()),
    };
    let mut counts: Vec<Sample> = Vec::new();
    for sample in &samples {
        // The new label is set before the grouping looks (engine.go: `aggregationCountValues`):
        // `without` can take it away again, or the metric's name.
        let mut sample = sample.clone();
        sample.settle();
        let value = crate::wire::format_value(sample.value);
        sample.labels = sample.labels.with(&label, &value);
        let labels = group_of(&grouping, &sample);
        match counts.iter_mut().find(|count| count.labels == labels) {
            Some(count) => count.value += 1.0,
            None => counts.push(Sample::new(labels, 1.0)),
        }
    }
    Ok(counts)
}

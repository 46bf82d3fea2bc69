//! Binary operators.

use std::collections::HashMap;

use crate::error::EvalError;
use crate::eval::{Sample, drop_names};
use crate::expr::{Group, Matching, Op};
use crate::{Labels, METRIC_NAME};

/// Arithmetic, or a comparison as 1 or 0.
pub(crate) fn scalars(op: Op, left: f64, right: f64) -> f64 {
    match arithmetic(op, left, right) {
        Some(value) => value,
        None => f64::from(u8::from(compare(op, left, right))),
    }
}

fn arithmetic(op: Op, l: f64, r: f64) -> Option<f64> {
    Some(match op {
        Op::Add => l + r,
        Op::Sub => l - r,
        Op::Mul => l * r,
        Op::Div => l / r,
        Op::Mod => l % r,
        Op::Pow => l.powf(r),
        Op::Atan2 => l.atan2(r),
        _ => return None,
    })
}

fn compare(op: Op, l: f64, r: f64) -> bool {
    match op {
        Op::Eq => l == r,
        Op::Ne => l != r,
        Op::Gt => l > r,
        Op::Lt => l < r,
        Op::Ge => l >= r,
        Op::Le => l <= r,
        _ => false,
    }
}

/// Vector with scalar; `swapped` when the scalar stands on the left. A comparison filters and keeps
/// the vector's value and name, even then (engine.go:3466).
pub(crate) fn vector_scalar(
    op: Op,
    mut samples: Vec<Sample>,
    scalar: f64,
    swapped: bool,
    return_bool: bool,
) -> Result<Vec<Sample>, EvalError> {
    let sides = |value| {
        if swapped {
            (scalar, value)
        } else {
            (value, scalar)
        }
    };
    if op.is_comparison() && !return_bool {
        samples.retain(|sample| {
            let (l, r) = sides(sample.value);
            compare(op, l, r)
        });
        return Ok(samples);
    }
    for sample in &mut samples {
        let (l, r) = sides(sample.value);
        sample.value = scalars(op, l, r);
    }
    drop_names(samples)
}

/// The labels that decide which elements belong together; the metric name never does, unless `on`
/// asks.
fn signature(sample: &Sample, matching: &Matching) -> Labels {
    let listed = |label: &str| matching.labels.iter().any(|name| name == label);
    if matching.on {
        if matching.labels.is_empty() {
            return Labels::default();
        }
        return sample
            .labels
            .filtered(|label| listed(label) && !(sample.drop_name && label == METRIC_NAME));
    }
    sample
        .labels
        .filtered(|label| label != METRIC_NAME && !listed(label))
}

/// Vector with vector.
pub(crate) fn vectors(
    op: Op,
    left: Vec<Sample>,
    right: Vec<Sample>,
    matching: &Matching,
) -> Result<Vec<Sample>, EvalError> {
    match op {
        Op::And | Op::Unless => Ok(keep_matched(op == Op::And, left, &right, matching)),
        Op::Or => Ok(union(left, right, matching)),
        _ => matched(op, left, right, matching),
    }
}

fn signatures(samples: &[Sample], matching: &Matching) -> std::collections::HashSet<Labels> {
    samples
        .iter()
        .map(|sample| signature(sample, matching))
        .collect()
}

fn keep_matched(
    matched: bool,
    mut left: Vec<Sample>,
    right: &[Sample],
    matching: &Matching,
) -> Vec<Sample> {
    let present = signatures(right, matching);
    left.retain(|sample| present.contains(&signature(sample, matching)) == matched);
    left
}

fn union(mut left: Vec<Sample>, right: Vec<Sample>, matching: &Matching) -> Vec<Sample> {
    let present = signatures(&left, matching);
    let fresh = right
        .into_iter()
        .filter(|s| !present.contains(&signature(s, matching)));
    left.extend(fresh);
    left
}

/// One-to-one, many-to-one and one-to-many (engine.go:3206-3346).
fn matched(
    op: Op,
    left: Vec<Sample>,
    right: Vec<Sample>,
    matching: &Matching,
) -> Result<Vec<Sample>, EvalError> {
    if left.is_empty() || right.is_empty() {
        return Ok(Vec::new());
    }
    let one_is_left = matches!(matching.group, Group::Right(_));
    let (many, one) = if one_is_left {
        (right, left)
    } else {
        (left, right)
    };
    let mut ones: HashMap<Labels, Sample> = HashMap::with_capacity(one.len());
    for sample in one {
        if ones.insert(signature(&sample, matching), sample).is_some() {
            let side = if one_is_left { "left" } else { "right" };
            return Err(EvalError::new(format!(
                "found duplicate series for the match group on the {side} hand-side of the \
                 operation; many-to-many matching not allowed: matching labels must be unique on \
                 one side"
            )));
        }
    }
    let mut out: Vec<Sample> = Vec::with_capacity(many.len());
    let mut taken: HashMap<Labels, Vec<Labels>> = HashMap::new();
    for sample in many {
        let key = signature(&sample, matching);
        let Some(partner) = ones.get(&key) else {
            continue;
        };
        let (l, r) = if one_is_left {
            (partner.value, sample.value)
        } else {
            (sample.value, partner.value)
        };
        let value = if op.is_comparison() {
            let holds = compare(op, l, r);
            if matching.return_bool {
                f64::from(u8::from(holds))
            } else if holds {
                // The left side's value survives (engine.go vectorElemBinop).
                l
            } else {
                continue;
            }
        } else {
            scalars(op, l, r)
        };
        let drops_name = !op.is_comparison() || matching.return_bool;
        let result = result_labels(&sample, partner, matching, drops_name);
        claim(&mut taken, key, &result, matching)?;
        out.push(Sample {
            drop_name: sample.drop_name || drops_name,
            ..Sample::new(result, value)
        });
    }
    out.iter_mut().for_each(Sample::settle);
    Ok(out)
}

/// Two elements for one partner, or equal results of a group match, are errors.
fn claim(
    taken: &mut HashMap<Labels, Vec<Labels>>,
    key: Labels,
    result: &Labels,
    matching: &Matching,
) -> Result<(), EvalError> {
    let results = taken.entry(key).or_default();
    if matching.group == Group::None {
        if !results.is_empty() {
            return Err(EvalError::new(
                "multiple matches for labels: many-to-one matching must be explicit \
                 (group_left/group_right)",
            ));
        }
    } else if results.contains(result) {
        return Err(EvalError::new(
            "multiple matches for labels: grouping labels must ensure unique matches",
        ));
    }
    results.push(result.clone());
    Ok(())
}

/// engine.go:3404-3446.
fn result_labels(many: &Sample, one: &Sample, matching: &Matching, drops_name: bool) -> Labels {
    let base = if drops_name || many.drop_name {
        many.labels.without_name()
    } else {
        many.labels.clone()
    };
    let listed = |label: &str| matching.labels.iter().any(|name| name == label);
    match &matching.group {
        Group::None if matching.on => base.filtered(listed),
        Group::None => base.filtered(|label| !listed(label)),
        Group::Left(include) | Group::Right(include) => {
            let copied = include
                .iter()
                .map(|name| (name.as_str(), one.labels.get(name)));
            Labels::new(base.iter().chain(copied))
        }
    }
}

//! What kind of value stands where, and which fields may be added.

use coalmine_policy::Span;
use coalmine_policy::source::{Kind, Node, parse_go_duration};

use super::values::Value;
use super::{PathStep, condition};

/// The type of a value that may be turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A length of time: Go's text, or a number of seconds where the field takes one.
    Duration,
    /// A whole number, none below zero.
    Whole,
    /// Any number.
    Number,
    /// The number that a condition compares with.
    Condition,
}

/// A field that a manifest may leave out.
struct Optional {
    kinds: &'static [&'static str],
    /// Keys only; items of lists are passed over.
    keys: &'static [&'static str],
    of: Type,
    /// What the controller does without it.
    unset: Unset,
}

enum Unset {
    Whole(i64),
    Seconds(u64),
    /// The controller does something else then.
    Nothing,
}

const TEMPLATES: &[&str] = &["AnalysisTemplate", "ClusterAnalysisTemplate"];

/// Fields that are worth adding, with what the controllers take without them.
const OPTIONAL: &[Optional] = &[
    // Flagger canary_types.go: `metricInterval`, `progressDeadlineSeconds`.
    optional(
        &["Canary"],
        &["spec", "analysis", "metrics", "interval"],
        Type::Duration,
        Unset::Seconds(60),
    ),
    optional(
        &["Canary"],
        &["spec", "progressDeadlineSeconds"],
        Type::Whole,
        Unset::Whole(600),
    ),
    optional(
        &["Canary"],
        &["spec", "analysis", "maxWeight"],
        Type::Whole,
        Unset::Nothing,
    ),
    optional(
        &["Canary"],
        &["spec", "analysis", "stepWeightPromotion"],
        Type::Whole,
        Unset::Nothing,
    ),
    // Argo utils/defaults/defaults.go: progress deadline; analysis.go: a limit of nil is 0, of
    // consecutive errors 4.
    optional(
        &["Rollout"],
        &["spec", "progressDeadlineSeconds"],
        Type::Whole,
        Unset::Whole(600),
    ),
    optional(
        TEMPLATES,
        &["spec", "metrics", "failureLimit"],
        Type::Whole,
        Unset::Whole(0),
    ),
    optional(
        TEMPLATES,
        &["spec", "metrics", "inconclusiveLimit"],
        Type::Whole,
        Unset::Whole(0),
    ),
    optional(
        TEMPLATES,
        &["spec", "metrics", "consecutiveErrorLimit"],
        Type::Whole,
        Unset::Whole(4),
    ),
    optional(
        TEMPLATES,
        &["spec", "metrics", "consecutiveSuccessLimit"],
        Type::Whole,
        Unset::Whole(0),
    ),
    optional(
        TEMPLATES,
        &["spec", "metrics", "initialDelay"],
        Type::Duration,
        Unset::Seconds(0),
    ),
    optional(
        TEMPLATES,
        &["spec", "metrics", "interval"],
        Type::Duration,
        Unset::Nothing,
    ),
    optional(
        TEMPLATES,
        &["spec", "metrics", "count"],
        Type::Whole,
        Unset::Nothing,
    ),
];

const fn optional(
    kinds: &'static [&'static str],
    keys: &'static [&'static str],
    of: Type,
    unset: Unset,
) -> Optional {
    Optional {
        kinds,
        keys,
        of,
        unset,
    }
}

/// Keys of a path, without the items of lists.
fn keys(path: &[PathStep]) -> impl Iterator<Item = &str> {
    path.iter().filter_map(|step| match step {
        PathStep::Key(key) => Some(key.as_str()),
        PathStep::Index(_) => None,
    })
}

/// The type of a field that is not written, and what holds without it.
pub(super) fn unwritten(kind: &str, path: &[PathStep]) -> Option<(Type, Option<Value>)> {
    let fits = |field: &&Optional| {
        field.kinds.contains(&kind) && keys(path).eq(field.keys.iter().copied())
    };
    let field = OPTIONAL.iter().find(fits)?;
    let unset = match field.unset {
        Unset::Whole(n) => Some(Value::Whole(n)),
        Unset::Seconds(n) => Some(Value::Duration(Span::from_secs(n))),
        Unset::Nothing => None,
    };
    Some((field.of, unset))
}

/// Optional fields of a mapping at this path, for suggestions.
pub(super) fn unwritten_below(kind: &str, path: &[PathStep]) -> Vec<&'static str> {
    let below = |field: &&Optional| {
        let (last, above) = field.keys.split_last().unwrap_or((&"", &[]));
        !last.is_empty() && field.kinds.contains(&kind) && keys(path).eq(above.iter().copied())
    };
    OPTIONAL
        .iter()
        .filter(below)
        .filter_map(|field| field.keys.last().copied())
        .collect()
}

/// Where seconds may stand as a number: Argo's `pause.duration` (`DurationSeconds` of its types).
fn takes_seconds(path: &[PathStep]) -> bool {
    let mut back = path.iter().rev();
    let is = |step: Option<&PathStep>, name: &str| matches!(step, Some(PathStep::Key(key)) if key == name);
    is(back.next(), "duration") && is(back.next(), "pause")
}

/// The type of a written value and the value, read as its controller reads it; else why it cannot be
/// turned.
pub(super) fn written(path: &[PathStep], node: &Node) -> Result<(Type, Value), &'static str> {
    let last = keys(path).last().unwrap_or_default();
    match &node.kind {
        Kind::Int(seconds) if takes_seconds(path) => {
            let seconds = u64::try_from(*seconds).map_err(|_| "is below zero")?;
            Ok((Type::Duration, Value::Duration(Span::from_secs(seconds))))
        }
        // Ranges of thresholds are floats, however they are written.
        Kind::Int(n) if is_threshold(path) => Ok((Type::Number, Value::Number(*n as f64))),
        Kind::Int(n) if *n >= 0 => Ok((Type::Whole, Value::Whole(*n))),
        Kind::Int(_) => Err("is below zero"),
        Kind::Float(n) => Ok((Type::Number, Value::Number(*n))),
        Kind::Str(text) if matches!(last, "successCondition" | "failureCondition") => {
            let limit = condition::limit(text)
                .ok_or("compares with no number, or with several: only one can be turned")?;
            Ok((Type::Condition, Value::Number(limit.0)))
        }
        Kind::Str(text) => match (text.parse::<u64>(), parse_go_duration(text)) {
            (Ok(seconds), _) if takes_seconds(path) => {
                Ok((Type::Duration, Value::Duration(Span::from_secs(seconds))))
            }
            (Ok(n), _) => i64::try_from(n)
                .map(|n| (Type::Whole, Value::Whole(n)))
                .map_err(|_| "is too large"),
            (_, Ok(span)) => Ok((Type::Duration, Value::Duration(span))),
            _ if text.contains("{{") => {
                Err("is filled in from an argument: turn the argument's value")
            }
            _ => Err("is neither a number nor a length of time"),
        },
        Kind::Bool(_) => Err("is true or false, no amount"),
        Kind::Null => Err("has no value"),
        Kind::Seq(_) => Err("is a list: name an item, `[0]` or `[*]`"),
        Kind::Map(_) => Err("is a mapping: name a field of it"),
    }
}

/// Flagger's `thresholdRange`, its old `threshold` of a metric, a baseline's check.
fn is_threshold(path: &[PathStep]) -> bool {
    let all: Vec<&str> = keys(path).collect();
    matches!(
        all.as_slice(),
        [.., "thresholdRange" | "checks", "min" | "max"] | [.., "metrics", "threshold"]
    )
}

//! Kinds of values, as the getters of `read::form` take them. `null` counts as absent everywhere.

use serde_json::{Map, Value, json};

/// A mapping of these keys, with what each of them means.
pub(super) fn object<const N: usize>(keys: [(&str, Value, &str); N]) -> Value {
    let mut properties = Map::new();
    for (name, mut schema, description) in keys {
        schema["description"] = description.into();
        properties.insert(name.to_owned(), schema);
    }
    json!({
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": false,
    })
}

/// An item of a list: a mapping that is complete, since lists are not merged.
pub(super) fn item<const N: usize>(required: &[&str], keys: [(&str, Value, &str); N]) -> Value {
    let mut item = object(keys);
    item["type"] = json!("object");
    item["required"] = json!(required);
    item
}

pub(super) fn list(items: &Value) -> Value {
    json!({"type": ["array", "null"], "items": items})
}

/// Anything at all.
pub(super) fn any() -> Value {
    json!({})
}

pub(super) fn text() -> Value {
    json!({"type": ["string", "null"]})
}

/// `true` or `false`.
pub(super) fn flag() -> Value {
    json!({"type": ["boolean", "null"]})
}

/// One of these words.
pub(super) fn word(words: &[&str]) -> Value {
    let mut all: Vec<Value> = words.iter().map(|&word| word.into()).collect();
    all.push(Value::Null);
    json!({"enum": all})
}

/// A number of zero or more.
pub(super) fn number() -> Value {
    json!({"type": ["number", "null"], "minimum": 0})
}

/// A number above this.
pub(super) fn above(least: u32) -> Value {
    json!({"type": ["number", "null"], "exclusiveMinimum": least})
}

/// A whole number from 1 on.
pub(super) fn count() -> Value {
    json!({"type": ["integer", "null"], "minimum": 1})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

/// `2%` or 0.02.
pub(super) fn share() -> Value {
    reference("share")
}

/// `-2%` or -0.02.
pub(super) fn loss() -> Value {
    reference("loss")
}

/// `200rps` or 200.
pub(super) fn rate() -> Value {
    reference("rate")
}

/// `1h30m`.
pub(super) fn duration() -> Value {
    reference("duration")
}

/// `"09:15"` or `10m`.
pub(super) fn instant() -> Value {
    reference("instant")
}

/// A rate curve.
pub(super) fn curve() -> Value {
    reference("curve")
}

/// `{median, p99}`.
pub(super) fn latency() -> Value {
    reference("latency")
}

/// Go's durations without a sign.
const DURATION: &str = "\\+?(0|((\\d+(\\.\\d*)?|\\.\\d+)(ns|us|µs|μs|ms|s|m|h))+)";
const TIME_OF_DAY: &str = "\\d{1,2}:\\d{1,2}(:\\d{1,2})?";

/// What the references stand for.
pub(super) fn definitions() -> Value {
    json!({
        "share": {
            "type": ["number", "string", "null"],
            "minimum": 0,
            "maximum": 1,
            "pattern": "^\\s*-?[\\d.]+\\s*%\\s*$",
            "examples": ["2%", 0.02],
        },
        "loss": {
            "type": ["number", "string", "null"],
            "minimum": -1,
            "exclusiveMaximum": 0,
            "pattern": "^\\s*-[\\d.]+\\s*%\\s*$",
            "examples": ["-2%", -0.02],
        },
        "rate": {
            "type": ["number", "string", "null"],
            "minimum": 0,
            "pattern": "^\\s*-?[\\d.]+\\s*rps\\s*$",
            "examples": ["200rps", 200],
        },
        "duration": {
            "type": ["string", "null"],
            "pattern": format!("^{DURATION}$"),
            "examples": ["30s", "5m", "1h30m"],
        },
        "instant": {
            "type": ["string", "null"],
            "pattern": format!("^({TIME_OF_DAY}|{DURATION})$"),
            "examples": ["09:15", "10m"],
        },
        "latency": object([
            ("median", duration(), "Half of the answers are faster."),
            ("p99", duration(), "One of a hundred is slower."),
            ("gamma", gamma(), "A gamma distribution, instead."),
            (
                "quantiles",
                quantiles(),
                "Measured quantiles, instead: p50, p90, p99, and others.",
            ),
        ]),
    })
}

fn gamma() -> Value {
    object([
        ("mean", duration(), "The mean."),
        ("cv", number(), "Standard deviation over mean, 4 at most."),
    ])
}

fn quantiles() -> Value {
    let mut all = object([]);
    for (name, share) in crate::read::QUANTILES {
        let mut quantile = duration();
        quantile["description"] = format!("A share of {share} is faster.").into();
        all["properties"][name] = quantile;
    }
    all
}

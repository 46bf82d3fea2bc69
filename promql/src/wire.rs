//! The wire format of the Prometheus HTTP API, and the file format of recorded series.

use std::io::Read;

use serde_json::{Value as Json, json};
use thiserror::Error;

use crate::eval::{RangeSeries, Value};
use crate::{Annotations, Labels, Severity, Store};

/// A value without an exponent, as scalars and `count_values` print it (Go's `FormatFloat(v, 'f',
/// -1, 64)`): the shortest decimal that reads back, `NaN`, `+Inf`, `-Inf`.
#[must_use]
pub fn format_value(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    format!("{value}")
}

/// A sample's value in an answer: very small and very large ones with an exponent
/// (util/jsonutil/marshal.go: `MarshalFloat`).
#[must_use]
pub fn format_sample(value: f64) -> String {
    let magnitude = value.abs();
    let plain = value == 0.0 || !value.is_finite() || (1e-6..1e21).contains(&magnitude);
    if plain {
        return format_value(value);
    }
    let text = format!("{value:e}");
    if magnitude < 1.0 {
        return text;
    }
    text.replace('e', "e+")
}

/// An instant in milliseconds from Unix seconds or RFC 3339 (web/api/v1: `parseTime`).
#[must_use]
pub fn parse_time(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return seconds_to_millis(seconds);
    }
    let instant: jiff::Timestamp = text.parse().ok()?;
    Some(instant.as_millisecond())
}

/// Instants beyond this are refused, so that sums with ranges and offsets cannot overflow.
const SECONDS_MAX: f64 = 1e13;

pub(crate) fn seconds_to_millis(seconds: f64) -> Option<i64> {
    (seconds.abs() < SECONDS_MAX).then(|| (seconds * 1_000.0).round() as i64)
}

fn seconds(time_ms: i64) -> Json {
    if time_ms % 1_000 == 0 {
        json!(time_ms / 1_000)
    } else {
        json!(time_ms as f64 / 1_000.0)
    }
}

fn metric(labels: &Labels) -> Json {
    let pairs = labels
        .iter()
        .map(|(name, value)| (name.to_owned(), json!(value)));
    Json::Object(pairs.collect())
}

/// The `data` member of a successful answer to an instant query.
#[must_use]
pub fn data(value: &Value, time_ms: i64) -> Json {
    match value {
        Value::Scalar(number) => json!({
            "resultType": "scalar",
            "result": [seconds(time_ms), format_value(*number)],
        }),
        Value::String(text) => json!({
            "resultType": "string",
            "result": [seconds(time_ms), text],
        }),
        Value::Vector(samples) => {
            let element = |sample: &crate::Sample| {
                json!({
                    "metric": metric(&sample.labels),
                    "value": [seconds(time_ms), format_sample(sample.value)],
                })
            };
            json!({
                "resultType": "vector",
                "result": samples.iter().map(element).collect::<Vec<_>>(),
            })
        }
        Value::Matrix(rows) => matrix(rows),
    }
}

/// The `data` member of a successful answer to a range query.
#[must_use]
pub fn matrix(rows: &[RangeSeries]) -> Json {
    let row = |row: &RangeSeries| {
        let pairs = row.times_ms.iter().zip(&row.values);
        let values = pairs.map(|(time, value)| json!([seconds(*time), format_sample(*value)]));
        json!({"metric": metric(&row.labels), "values": values.collect::<Vec<_>>()})
    };
    json!({"resultType": "matrix", "result": rows.iter().map(row).collect::<Vec<_>>()})
}

/// A successful answer; `warnings` and `infos` are there only when there are some.
#[must_use]
pub fn success(data: Json, annotations: &Annotations, query: &str) -> Json {
    let mut answer = json!({"status": "success", "data": data});
    for (member, severity) in [("warnings", Severity::Warning), ("infos", Severity::Info)] {
        let texts = annotations.texts(severity, query);
        if !texts.is_empty() {
            answer[member] = json!(texts);
        }
    }
    answer
}

/// Why a series file cannot be read.
#[derive(Debug, Error)]
pub enum SeriesError {
    /// Not readable, or not JSON.
    #[error("cannot read the series: {0}")]
    Json(#[from] serde_json::Error),
    /// JSON, but not of the expected shape.
    #[error("series {index}: {message}")]
    Shape {
        /// Which series, from 0.
        index: usize,
        /// What is wrong with it.
        message: String,
    },
}

/// Reads a JSON list of `{"name", "labels", "s": [[ms, value | "stale"], …]}`. Values may be
/// numbers or strings such as `"NaN"`; samples may come in any order.
///
/// # Errors
/// With the index of the first series that is not of that shape.
pub fn read_series(reader: impl Read) -> Result<Store, SeriesError> {
    let json: Json = serde_json::from_reader(reader)?;
    let shape = |index, message: &str| SeriesError::Shape {
        index,
        message: message.to_owned(),
    };
    let Json::Array(list) = json else {
        return Err(shape(0, "the file is not a JSON list"));
    };
    let mut read_all = Vec::with_capacity(list.len());
    for (index, item) in list.iter().enumerate() {
        let mut pairs: Vec<(String, String)> = Vec::new();
        if let Some(name) = item.get("name").and_then(Json::as_str) {
            pairs.push((crate::METRIC_NAME.to_owned(), name.to_owned()));
        }
        if let Some(labels) = item.get("labels").and_then(Json::as_object) {
            for (name, value) in labels {
                let value = value
                    .as_str()
                    .ok_or_else(|| shape(index, "label is no string"))?;
                pairs.push((name.clone(), value.to_owned()));
            }
        }
        let labels = Labels::new(pairs);
        let samples = item.get("s").and_then(Json::as_array);
        let samples = samples.ok_or_else(|| shape(index, "no list `s`"))?;
        let mut read = samples
            .iter()
            .map(|pair| read_sample(pair).ok_or_else(|| shape(index, "bad sample")))
            .collect::<Result<Vec<_>, _>>()?;
        read.sort_by_key(|(time, _)| *time);
        read_all.push((labels, read));
    }
    // A real Prometheus answers in the order of its blocks, which is that of the labels; which of
    // several equal elements topk() keeps depends on it.
    read_all.sort_by(|a, b| a.0.cmp(&b.0));
    let mut store = Store::default();
    for (labels, samples) in read_all {
        let id = store.add_series(labels);
        for (time_ms, value) in samples {
            match value {
                Some(value) => store.append(id, time_ms, value),
                None => store.append_stale(id, time_ms),
            }
        }
    }
    Ok(store)
}

/// `(milliseconds, value)`; no value for a stale marker.
fn read_sample(pair: &Json) -> Option<(i64, Option<f64>)> {
    let time = pair.get(0)?;
    let time_ms = time.as_i64().or_else(|| time.as_f64().map(|t| t as i64))?;
    let value = pair.get(1)?;
    match value.as_str() {
        Some("stale") => Some((time_ms, None)),
        Some(text) => Some((time_ms, Some(text.trim_start_matches('+').parse().ok()?))),
        None => Some((time_ms, Some(value.as_f64()?))),
    }
}

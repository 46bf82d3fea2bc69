//! Many queries over one store, line by line, in the wire format of the HTTP API.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};

use serde_json::{Value as Json, json};

use crate::{Plan, Query, Store, wire};

/// Evaluates one query at an instant: the answer as the HTTP API would send it, without id and
/// time.
#[must_use]
pub fn answer(text: &str, store: &Store, time_ms: i64) -> Json {
    let query = match Query::parse(text) {
        Ok(query) => query,
        Err(error) => {
            let message = format!("byte {}: {error}", error.offset);
            return json!({"status": "error", "errorType": "bad_data", "error": message});
        }
    };
    match Plan::new(&query, store).instant(&query, store, time_ms) {
        Ok(value) => json!({"status": "success", "data": wire::data(&value, time_ms)}),
        Err(error) => {
            json!({"status": "error", "errorType": "execution", "error": error.to_string()})
        }
    }
}

/// Reads lines `{"id", "query", "time"}` (time in seconds) and writes one answer each, in order.
///
/// A line that is no such object gets an answer of type `bad_data`; nothing stops the rest.
///
/// # Errors
/// Only those of reading and writing.
pub fn run(input: impl BufRead, store: &Store, mut output: impl Write) -> io::Result<()> {
    let mut cache: HashMap<(String, i64), Json> = HashMap::new();
    for line in input.lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let mut reply = serde_json::Map::new();
        let request: Json = serde_json::from_str(&line).unwrap_or(Json::Null);
        reply.insert(
            "id".to_owned(),
            request.get("id").cloned().unwrap_or(Json::Null),
        );
        let text = request.get("query").and_then(Json::as_str);
        let time = request.get("time").and_then(parse_time);
        let answered = match (text, time) {
            (Some(text), Some(time_ms)) => {
                if let Some(time) = request.get("time") {
                    reply.insert("time".to_owned(), time.clone());
                }
                let key = (text.to_owned(), time_ms);
                cache
                    .entry(key)
                    .or_insert_with(|| answer(text, store, time_ms))
                    .clone()
            }
            _ => json!({
                "status": "error",
                "errorType": "bad_data",
                "error": "expected {\"id\": …, \"query\": \"…\", \"time\": seconds}",
            }),
        };
        if let Json::Object(members) = answered {
            reply.extend(members);
        }
        writeln!(output, "{}", Json::Object(reply))?;
    }
    Ok(())
}

/// Seconds since 1970, as a number or a string of one, in milliseconds.
fn parse_time(time: &Json) -> Option<i64> {
    let seconds = match time {
        Json::String(text) => text.parse().ok()?,
        other => other.as_f64()?,
    };
    (seconds.is_finite() && seconds.abs() < 1e15).then(|| (seconds * 1_000.0).round() as i64)
}

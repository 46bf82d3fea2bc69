//! Many queries over one store, line by line, in the wire format of the HTTP API.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};

use serde_json::{Value as Json, json};

use crate::{EvalError, ParseError, Plan, Query, Store, wire};

/// Parsed queries are kept for later lines, but no more than this many.
const CACHED_MAX: usize = 1_024;

/// Longer lines are refused.
const LINE_MAX: u64 = 1 << 20;

/// Evaluates one query at an instant: the answer as the HTTP API would send it.
///
/// # Errors
/// What Prometheus would answer with 422.
pub fn evaluate(query: &Query, store: &Store, time_ms: i64) -> Result<Json, EvalError> {
    answered(&Plan::new(query, store), query, store, time_ms)
}

fn answered(plan: &Plan, query: &Query, store: &Store, time_ms: i64) -> Result<Json, EvalError> {
    let (value, annotations) = plan.instant_annotated(query, store, time_ms)?;
    Ok(wire::success(
        wire::data(&value, time_ms),
        &annotations,
        query.text(),
    ))
}

/// Parses and evaluates one query at an instant: the answer, success or error, as the HTTP API
/// would send it.
#[must_use]
pub fn answer(text: &str, store: &Store, time_ms: i64) -> Json {
    match Query::parse(text) {
        Ok(query) => evaluate(&query, store, time_ms).unwrap_or_else(|error| failed(&error)),
        Err(error) => refused(&error),
    }
}

fn failed(error: &EvalError) -> Json {
    json!({"status": "error", "errorType": "execution", "error": error.to_string()})
}

/// A query that is none, with its place.
fn refused(error: &ParseError) -> Json {
    let help = match error.help.as_str() {
        "" => String::new(),
        help => format!(" ({help})"),
    };
    bad_data(&format!("byte {}: {error}{help}", error.offset))
}

fn bad_data(message: &str) -> Json {
    json!({"status": "error", "errorType": "bad_data", "error": message})
}

/// Reads lines `{"id", "query", "time"}` (time in seconds) and writes one answer each, in order.
///
/// A line that is no such object gets an answer of type `bad_data`; nothing stops the rest.
///
/// # Errors
/// Only those of reading and writing.
pub fn run(mut input: impl BufRead, store: &Store, mut output: impl Write) -> io::Result<()> {
    let mut cache = Cache::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut limited = io::Read::take(&mut input, LINE_MAX);
        if limited.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let whole = line.ends_with(b"\n") || (line.len() as u64) < LINE_MAX;
        let reply = if whole {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            reply(&line, store, &mut cache)
        } else {
            skip_line(&mut input)?;
            with_id(
                Json::Null,
                bad_data(&format!("line beyond {LINE_MAX} bytes")),
            )
        };
        writeln!(output, "{reply}")?;
    }
}

/// Reads away the rest of a line without keeping it.
fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        input.consume(used);
        if end.is_some() || used == 0 {
            return Ok(());
        }
    }
}

fn with_id(id: Json, answer: Json) -> Json {
    let mut reply = answer;
    if let Json::Object(members) = &mut reply {
        members.insert("id".to_owned(), id);
    }
    reply
}

fn reply(line: &[u8], store: &Store, cache: &mut Cache) -> Json {
    let request: Json = match serde_json::from_slice(line) {
        Ok(request) => request,
        Err(error) => return with_id(Json::Null, bad_data(&format!("line is no JSON: {error}"))),
    };
    let id = request.get("id").cloned().unwrap_or(Json::Null);
    let Some(text) = request.get("query").and_then(Json::as_str) else {
        return with_id(id, bad_data("no text `query`"));
    };
    let Some(time) = request.get("time") else {
        return with_id(id, bad_data("no `time`"));
    };
    let Some(time_ms) = time_of(time) else {
        return with_id(id, bad_data("`time` is neither Unix seconds nor RFC 3339"));
    };
    let mut answer = cache.answer(text, store, time_ms);
    if answer["status"] == "success" {
        answer["time"] = time.clone();
    }
    with_id(id, answer)
}

fn time_of(time: &Json) -> Option<i64> {
    match time {
        Json::String(text) => wire::parse_time(text),
        other => wire::seconds_to_millis(other.as_f64()?),
    }
}

/// Queries already parsed and resolved; the store does not change while a batch runs.
#[derive(Default)]
struct Cache(HashMap<String, Result<(Query, Plan), Json>>);

impl Cache {
    fn answer(&mut self, text: &str, store: &Store, time_ms: i64) -> Json {
        if self.0.len() >= CACHED_MAX && !self.0.contains_key(text) {
            self.0.clear();
        }
        let known = self.0.entry(text.to_owned()).or_insert_with(|| {
            let query = Query::parse(text).map_err(|error| refused(&error))?;
            let plan = Plan::new(&query, store);
            Ok((query, plan))
        });
        match known {
            Err(refusal) => refusal.clone(),
            Ok((query, plan)) => {
                answered(plan, query, store, time_ms).unwrap_or_else(|error| failed(&error))
            }
        }
    }
}

//! The project's own queries over its own series, against what a real Prometheus 3.5.3 answered
//! (`recorded/record.py` says how).

use coalmine_promql::{Plan, Query, Store, batch, wire};
use serde_json::Value as Json;

fn store() -> Store {
    let series = include_bytes!("recorded/series.json");
    wire::read_series(&series[..]).expect("series")
}

fn number(json: &Json) -> f64 {
    let text = json.as_str().expect("values are strings");
    text.parse().expect("a number")
}

/// Values to a relative 1e-9; everything else exactly.
fn same(ours: &Json, recorded: &Json) -> bool {
    let (a, b) = (number(&ours[1]), number(&recorded[1]));
    let close =
        a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * a.abs().max(b.abs());
    ours[0].as_f64() == recorded[0].as_f64() && close
}

fn same_samples(ours: &Json, recorded: &Json) -> bool {
    let (Some(a), Some(b)) = (ours.as_array(), recorded.as_array()) else {
        return ours.is_null() && recorded.is_null();
    };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

fn same_element(ours: &Json, recorded: &Json) -> bool {
    let value = match (&ours["value"], &recorded["value"]) {
        (Json::Null, Json::Null) => true,
        (Json::Null, _) | (_, Json::Null) => false,
        (ours, recorded) => same(ours, recorded),
    };
    ours["metric"] == recorded["metric"]
        && value
        && same_samples(&ours["values"], &recorded["values"])
}

/// Prometheus gives annotations in any order.
fn same_texts(ours: &Json, recorded: &Json) -> bool {
    let sorted = |texts: &Json| {
        let texts = texts.as_array().cloned().unwrap_or_default();
        let mut texts: Vec<String> = texts.iter().map(Json::to_string).collect();
        texts.sort();
        texts
    };
    sorted(ours) == sorted(recorded)
}

/// Why an answer differs, if it does.
fn difference(query: &str, ours: &Json, recorded: &Json) -> Option<String> {
    if ours["status"] != recorded["status"] || ours["errorType"] != recorded["errorType"] {
        return Some(format!("{ours} against {recorded}"));
    }
    for member in ["warnings", "infos"] {
        if !same_texts(&ours[member], &recorded[member]) {
            let (got, wanted) = (&ours[member], &recorded[member]);
            return Some(format!("{member} {got} against {wanted}"));
        }
    }
    let (ours, recorded) = (&ours["data"], &recorded["data"]);
    let (got, wanted) = (&ours["result"], &recorded["result"]);
    let equal = ours["resultType"] == recorded["resultType"]
        && match recorded["resultType"].as_str() {
            None => true,
            Some("string") => got == wanted,
            Some("scalar") => same(got, wanted),
            Some(_) => {
                let (got, wanted) = (got.as_array()?, wanted.as_array()?);
                let ordered = query.starts_with("sort") || query.starts_with("topk(2");
                let found = |(index, element): (usize, &Json)| {
                    if ordered {
                        return got.get(index).is_some_and(|got| same_element(got, element));
                    }
                    got.iter().any(|got| same_element(got, element))
                };
                got.len() == wanted.len() && wanted.iter().enumerate().all(found)
            }
        };
    (!equal).then(|| format!("{got} against {wanted}"))
}

fn compare(recorded: &str, answer: impl Fn(&Json) -> Json) {
    let recorded: Vec<Json> = serde_json::from_str(recorded).expect("answers");
    let mut different = Vec::new();
    for one in &recorded {
        let query = one["query"].as_str().expect("a query");
        if let Some(why) = difference(query, &answer(one), &one["answer"]) {
            different.push(format!("{query} at {}\n  {why}", one["time"]));
        }
    }
    println!("{} answers, {} differ", recorded.len(), different.len());
    assert!(different.is_empty(), "{}", different.join("\n"));
}

fn millis(seconds: &Json) -> i64 {
    (seconds.as_f64().expect("a time") * 1_000.0).round() as i64
}

#[test]
fn instant_answers_equal_the_recorded_ones() {
    let store = store();
    compare(include_str!("recorded/answers.json"), |one| {
        let query = one["query"].as_str().expect("a query");
        batch::answer(query, &store, millis(&one["time"]))
    });
}

#[test]
fn range_answers_equal_the_recorded_ones() {
    let store = store();
    compare(include_str!("recorded/ranges.json"), |one| {
        let text = one["query"].as_str().expect("a query");
        let span = (
            millis(&one["start"]),
            millis(&one["end"]),
            millis(&one["step"]),
        );
        let failed = |kind: &str| serde_json::json!({"status": "error", "errorType": kind});
        let Ok(query) = Query::parse(text) else {
            return failed("bad_data");
        };
        match Plan::new(&query, &store).range_annotated(&query, &store, span) {
            Ok((rows, annotations)) => wire::success(wire::matrix(&rows), &annotations, text),
            // The type of the result is checked before anything is evaluated.
            Err(error) if error.to_string().contains("range query") => failed("bad_data"),
            Err(_) => failed("execution"),
        }
    });
}

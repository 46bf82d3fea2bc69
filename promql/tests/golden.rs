//! Answers of a real Prometheus 3.5.3 to public queries.
//!
//! The set holds text from public repositories and stays outside of this one: it is read beside the
//! checkout, or from the folder that `CONFORMANCE_PROMQL` names.

use std::fs::File;
use std::path::PathBuf;

use coalmine_promql::{batch, wire};
use flate2::read::GzDecoder;
use serde_json::Value as Json;

fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("CONFORMANCE_PROMQL").map(PathBuf::from);
    let beside = || PathBuf::from("../../shared/conformance/promql");
    let folder = named.unwrap_or_else(beside);
    folder.join("golden.json.gz").exists().then_some(folder)
}

fn number(json: &Json) -> f64 {
    let text = json.as_str().expect("values are strings");
    text.trim_start_matches('+').parse().expect("a number")
}

fn close(a: &Json, b: &Json) -> bool {
    let (a, b) = (number(a), number(b));
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

/// Why an answer differs from the recorded one, if it does.
fn difference(ours: &Json, golden: &Json) -> Option<String> {
    let kind = golden["type"].as_str().unwrap_or("error");
    if kind == "error" {
        let failed = ours["status"] == "error";
        return (!failed).then(|| format!("should fail: {golden}"));
    }
    let data = &ours["data"];
    if data["resultType"] != *kind {
        return Some(format!("{kind} expected, got {ours}"));
    }
    let (got, want) = (&data["result"], &golden["r"]);
    if kind == "scalar" {
        return (!close(&got[1], &want[1])).then(|| format!("{got} against {want}"));
    }
    let (got, want) = (got.as_array()?, want.as_array()?);
    let matches = |element: &Json| {
        got.iter().any(|g| {
            g["metric"] == element["metric"] && close(&g["value"][1], &element["value"][1])
        })
    };
    let equal = got.len() == want.len() && want.iter().all(matches);
    (!equal).then(|| format!("{got:?} against {want:?}"))
}

#[test]
fn answers_equal_those_of_prometheus() {
    let Some(folder) = folder() else {
        println!("golden set not found: set CONFORMANCE_PROMQL; nothing compared");
        return;
    };
    let open = |name: &str| GzDecoder::new(File::open(folder.join(name)).expect(name));
    let store = wire::read_series(open("series.json.gz")).expect("series");
    let golden: Json = serde_json::from_reader(open("golden.json.gz")).expect("golden");
    let mut different = Vec::new();
    let mut compared = 0;
    for result in golden["results"].as_array().expect("results") {
        let id = &result["id"];
        let queries = golden["queries"].as_array().expect("queries");
        let query = queries
            .iter()
            .find(|query| query["id"] == *id)
            .expect("query");
        let text = query["q"].as_str().expect("text");
        let time_ms = (result["t"].as_f64().expect("time") * 1_000.0).round() as i64;
        let ours = batch::answer(text, &store, time_ms);
        compared += 1;
        if let Some(why) = difference(&ours, result) {
            different.push(format!("{id} at {time_ms}: {text}\n  {why}"));
        }
    }
    println!("{compared} answers compared, {} differ", different.len());
    assert!(compared > 0);
    assert!(different.is_empty(), "{}", different.join("\n"));
}

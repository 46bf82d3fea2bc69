//! `coalmine promql`.

use serde_json::Value as Json;

use crate::{coalmine, stdout, write};

const SERIES: &str = r#"[
  {"name": "up", "labels": {"pod": "a"}, "s": [[0, 1], [15000, 2]]},
  {"name": "up", "labels": {"pod": "b"}, "s": [[0, 1], [15000, "stale"]]},
  {"name": "odd", "labels": {}, "s": [[0, "NaN"], [15000, 1e-7]]}
]"#;

fn json(text: &str) -> Json {
    serde_json::from_str(text).expect("is JSON")
}

#[test]
fn one_query_is_answered_in_the_wire_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let series = write(folder.path(), "series.json", SERIES);
    let ask = |time: &str, query: &str| {
        json(&stdout(&[
            "promql", "--series", &series, "--time", time, query,
        ]))
    };
    let metric = json(r#"{"__name__": "up", "pod": "a"}"#);
    let answer = ask("15.5", "up");
    assert_eq!(answer["status"], "success");
    assert_eq!(answer["data"]["resultType"], "vector");
    let only = json(r#"[{"value": [15.5, "2"]}]"#);
    let mut only = only;
    only[0]["metric"] = metric;
    assert_eq!(answer["data"]["result"], only);
    // RFC 3339, a scalar, and Prometheus' way with small numbers.
    let scalar = ask("1970-01-01T00:00:15Z", "1 / 0");
    assert_eq!(
        scalar["data"],
        json(r#"{"resultType": "scalar", "result": [15, "+Inf"]}"#)
    );
    assert_eq!(ask("15", "odd")["data"]["result"][0]["value"][1], "1e-7");
    assert_eq!(ask("1", "odd")["data"]["result"][0]["value"][1], "NaN");
}

#[test]
fn a_packed_file_reads_like_a_plain_one() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("series.json.gz");
    let file = std::fs::File::create(&path).expect("makes");
    let mut packer = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    packer.write_all(SERIES.as_bytes()).expect("packs");
    packer.finish().expect("ends");
    let path = path.to_str().expect("a path in UTF-8");
    let answer = json(&stdout(&[
        "promql", "--series", path, "--time", "15", "sum(up)",
    ]));
    assert_eq!(answer["data"]["result"][0]["value"][1], "2");
}

#[test]
fn a_batch_answers_line_by_line_and_never_stops() {
    let folder = tempfile::tempdir().expect("a folder");
    let series = write(folder.path(), "series.json", SERIES);
    let lines = concat!(
        "{\"id\": 1, \"query\": \"sum(up)\", \"time\": 1}\n",
        "this is no JSON\n",
        "\n",
        "{\"id\": \"x\", \"query\": \"sum(\", \"time\": 1}\n",
        "{\"id\": 3, \"query\": \"up + on() up\", \"time\": 1}\n",
        "{\"id\": 4, \"time\": 1}\n",
        "{\"id\": 5, \"query\": \"up\", \"time\": \"soon\"}\n",
        "{\"id\": 6, \"query\": \"vector(1)\", \"time\": \"7.5\"}",
    );
    let batch = write(folder.path(), "batch.jsonl", lines);
    let text = stdout(&["promql", "--series", &series, "--batch", &batch]);
    let answers: Vec<Json> = text.lines().map(json).collect();
    let ids: Vec<_> = answers
        .iter()
        .map(|answer| answer["id"].to_string())
        .collect();
    assert_eq!(ids, ["1", "null", "\"x\"", "3", "4", "5", "6"]);
    let kinds: Vec<_> = answers
        .iter()
        .map(|answer| answer["errorType"].as_str().unwrap_or("none"))
        .collect();
    let bad = "bad_data";
    assert_eq!(kinds, ["none", bad, bad, "execution", bad, bad, "none"]);
    assert_eq!(answers[0]["data"]["result"][0]["value"][1], "2");
    assert!(
        answers[2]["error"]
            .as_str()
            .is_some_and(|e| e.starts_with("byte 3: "))
    );
    assert_eq!(answers[6]["time"], "7.5");
}

#[test]
fn mistakes_end_with_two_a_place_and_a_cure() {
    let folder = tempfile::tempdir().expect("a folder");
    let series = write(folder.path(), "series.json", SERIES);
    let refused = |arguments: &[&str], said: &[&str]| {
        let output = coalmine(arguments).output().expect("runs");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(output.stdout.is_empty());
        for part in said {
            assert!(errors.contains(part), "no {part:?} in\n{errors}");
        }
    };
    let ask = ["promql", "--series", &series, "--time", "1"];
    let with = |query| [&ask[..], &[query]].concat();
    refused(
        &with("sum(\n  up))"),
        &["closes nothing", "<query>:2:6", "remove it"],
    );
    refused(&with("limitk(1, up)"), &["limitk", "not", "<query>:1:1"]);
    refused(&with("up / on() up"), &["duplicate series"]);
    refused(
        &["promql", "--series", &series, "--time", "noon", "up"],
        &["no instant", "Unix"],
    );
    refused(&["promql", "--series", &series, "up"], &["--time"]);
    refused(&["promql", "--series", &series], &["required"]);
    refused(
        &["promql", "--series", "no/such", "--time", "1", "up"],
        &["no/such"],
    );
    let bad = write(folder.path(), "bad.json", "[{\"name\": \"x\"}]");
    refused(
        &["promql", "--series", &bad, "--time", "1", "up"],
        &["series 0: no list `s`"],
    );
}

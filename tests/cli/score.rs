//! `coalmine score`.

use crate::{coalmine, score_json, stdout, write};

const FLAGGER: &str = "scenarios/policies/flagger/ten-minutes.yaml";

#[test]
fn the_table_names_every_policy_and_ends_with_sentences_and_a_command_to_replay() {
    let table = stdout(&["score", "--runs", "30", "--scenario", "steady", "--quiet"]);
    for policy in coalmine_scenarios::policies::policies() {
        assert!(table.contains(policy.label), "{}\n{table}", policy.label);
    }
    assert!(table.contains("seed 42"));
    assert_eq!(table.matches("\n• ").count(), 3, "{table}");
    let command = table.lines().last().expect("a last line").trim();
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!(words[..2], ["coalmine", "run"], "{command}");
    let story = stdout(&words[1..]);
    assert!(story.contains("the new revision is there"), "{story}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_for_any_number_of_threads() {
    let json = |threads: &str, seed: &str| {
        stdout(&[
            "score",
            "--format",
            "json",
            "--quiet",
            "--runs",
            "60",
            "--scenario",
            "off-peak",
            "--threads",
            threads,
            "--seed",
            seed,
        ])
    };
    let one = json("1", "7");
    assert_eq!(one, json("2", "7"));
    assert_eq!(one, json("1", "7"));
    assert_ne!(one, json("2", "8"));
}

#[test]
fn files_are_written_only_when_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("results/today");
    let out = out.to_str().expect("a path in UTF-8");
    let arguments = [
        "score",
        "-f",
        FLAGGER,
        "--runs",
        "5",
        "--scenario",
        "steady/slow",
        "--quiet",
        "--out",
        out,
    ];
    let printed = stdout(&[&arguments[..], &["--format", "csv"]].concat());
    let mut files: Vec<_> = std::fs::read_dir(out)
        .expect("is there")
        .map(|entry| entry.expect("reads").file_name())
        .collect();
    files.sort();
    let all = [
        "lost.csv",
        "score.csv",
        "score.json",
        "score.md",
        "score.xml",
    ];
    assert_eq!(files, all);
    let csv = std::fs::read_to_string(format!("{out}/score.csv")).expect("reads");
    assert_eq!(csv, printed);
    let json = std::fs::read_to_string(format!("{out}/score.json")).expect("reads");
    assert_eq!(
        json,
        stdout(&[&arguments[..8], &["--format", "json"]].concat())
    );
}

#[test]
fn other_kinds_are_counted_and_named_and_standard_input_is_read() {
    let canary = std::fs::read_to_string(FLAGGER).expect("reads");
    let stream = format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: a}}\n---\n{canary}\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: b}}\n---\n\
         apiVersion: v1\nkind: Service\nmetadata: {{name: c}}\n"
    );
    let assert = coalmine(&[
        "score",
        "-f",
        "-",
        "--runs",
        "5",
        "--scenario",
        "steady/healthy",
        "--quiet",
    ])
    .write_stdin(stream)
    .assert()
    .success();
    let errors = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(
        errors.contains("skipped 1 Deployment, 2 Service"),
        "{errors}"
    );
}

#[test]
fn namesakes_get_labels_that_tell_them_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let canary = std::fs::read_to_string(FLAGGER).expect("reads");
    write(folder.path(), "a.yaml", &canary);
    write(
        folder.path(),
        "b.yml",
        &canary.replace("namespace: production", "namespace: test"),
    );
    let path = folder.path().to_str().expect("a path in UTF-8");
    let score = score_json(&["-f", path, "--runs", "2", "--scenario", "steady/healthy"]);
    let labels: Vec<_> = score["policies"]
        .as_array()
        .expect("has policies")
        .iter()
        .map(|policy| policy["label"].as_str().expect("has a label").to_owned())
        .collect();
    assert_eq!(labels.len(), 2);
    assert_ne!(labels[0], labels[1]);
    assert!(labels[1].contains("b.yml"), "{labels:?}");
}

#[test]
fn a_scenario_of_ones_own_is_read_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = stdout(&["scenarios", "steady/errors-20"]);
    let mine = write(
        folder.path(),
        "mine.yaml",
        &text.replace("steady/errors-20", "mine/loud"),
    );
    let score = score_json(&["-f", FLAGGER, "--runs", "20", "--scenario", &mine]);
    assert_eq!(score["scenarios"][0]["name"], "mine/loud");
    let cell = crate::cell(&score, "checkout-api", "mine/loud");
    assert_eq!(cell["missed"]["count"], 0);
    // The router follows the decision within its lag, never before it.
    let median = |measure: &str| cell[measure]["median"]["value"].as_f64().expect("a time");
    let lag_s = median("mitigate_s") - median("detect_s");
    assert!(lag_s > 0.3 && lag_s < 10.0, "{lag_s}");
}

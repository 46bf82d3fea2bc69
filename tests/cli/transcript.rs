//! `coalmine run --transcript` and `coalmine replay`.

use std::path::Path;

use crate::run::tells;
use crate::{coalmine, stdout, write};

const TUTORIAL: &str = "scenarios/policies/flagger/tutorial.yaml";

/// Records a rollout that is rolled back; the transcript's path.
fn record(folder: &Path, manifest: &str, more: &[&str]) -> String {
    let path = folder.join("night.jsonl");
    let path = path.to_str().expect("a path in UTF-8").to_owned();
    let mut all = vec!["run", "-f", manifest, "--scenario", "steady/errors-20"];
    all.extend(["--transcript", &path]);
    all.extend(more);
    let story = stdout(&all);
    assert!(story.contains("rolled back"), "{story}");
    path
}

/// Standard output and exit code.
fn replay(arguments: &[&str]) -> (String, Option<i32>) {
    let mut all = vec!["replay"];
    all.extend(arguments);
    let output = coalmine(&all).output().expect("runs");
    let text = String::from_utf8(output.stdout).expect("is UTF-8");
    (text, output.status.code())
}

#[test]
fn a_transcript_replays_by_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    for manifest in [TUTORIAL, "scenarios/policies/argo/repaired.yaml"] {
        let path = record(folder.path(), manifest, &["--replication", "3"]);
        let (text, code) = replay(&[&path]);
        assert!(text.contains("the same effects byte for byte"), "{text}");
        assert_eq!(code, Some(0));
        let (again, _) = replay(&[&path, "-f", manifest]);
        assert_eq!(again, text);
        let recorded = std::fs::read_to_string(&path).expect("reads");
        let first = recorded.lines().next().expect("a header");
        let header: serde_json::Value = serde_json::from_str(first).expect("is JSON");
        assert_eq!(header["transcript"], 1);
        assert_eq!(header["replication"], 3);
        assert_eq!(header["scenario"], "steady/errors-20");
        assert_eq!(header["manifests"][0]["file"], manifest);
        let output = coalmine(&["replay", "-"]).write_stdin(recorded).output();
        assert!(output.expect("runs").status.success());
    }
}

#[test]
fn embedded_policies_are_recorded_with_their_own_file_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.jsonl");
    let path = path.to_str().expect("a path in UTF-8");
    let mut all = vec!["run", "--policy", "argo-repaired"];
    all.extend(["--scenario", "steady/healthy", "--transcript", path]);
    stdout(&all);
    let text = std::fs::read_to_string(path).expect("reads");
    let header: serde_json::Value =
        serde_json::from_str(text.lines().next().expect("a header")).expect("is JSON");
    let manifests = header["manifests"].as_array().expect("a list");
    assert_eq!(manifests.len(), 1);
    let (said, code) = replay(&[path]);
    assert!(said.contains("inputs to argo-repaired, and"), "{said}");
    assert_eq!(code, Some(0));
}

#[test]
fn a_changed_policy_parts_at_an_input_that_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = record(folder.path(), TUTORIAL, &[]);
    let text = std::fs::read_to_string(TUTORIAL).expect("reads");
    let edited = text.replace("threshold: 5", "threshold: 3");
    assert_ne!(edited, text);
    let edited = write(folder.path(), "edited.yaml", &edited);
    let (said, code) = replay(&[&path, "-f", &edited]);
    assert_eq!(code, Some(1), "{said}");
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    tells(
        &said,
        &[
            "checkout-api parts from the recorded checkout-api (steady/errors-20, seed 42, replication 0) \
         at input",
            "input tick recorded 6: ask Prometheus for request-success-rate",
            "roll back: failedChecks 3 >= threshold 3",
            "Until then it does the same in other words, first at input",
            "failed checks 1 (limit 5) now measured",
        ],
    );
    let line = words.split(" line ").nth(1).expect("names a line");
    let line: usize = line
        .split(':')
        .next()
        .and_then(|number| number.parse().ok())
        .expect("a number");
    let recorded = std::fs::read_to_string(&path).expect("reads");
    let named = recorded.lines().nth(line - 1).expect("is there");
    assert!(named.contains("\"input\":\"Tick\""), "{named}");
}

#[test]
fn a_change_that_changes_no_decision_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = record(folder.path(), TUTORIAL, &[]);
    let text = std::fs::read_to_string(TUTORIAL).expect("reads");
    let commented = write(folder.path(), "commented.yaml", &format!("# mine\n{text}"));
    let (said, code) = replay(&[&path, "-f", &commented]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("though its text is another"), "{said}");
}

#[test]
fn what_is_no_transcript_is_bad_input() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = record(folder.path(), TUTORIAL, &[]);
    let whole = std::fs::read_to_string(&path).expect("reads");
    let cut: String = whole.split_inclusive('\n').take(6).collect();
    let cut = write(folder.path(), "cut.jsonl", &cut);
    for (file, cause) in [
        (cut.as_str(), "the transcript was cut off"),
        (TUTORIAL, "line 1: no line of a transcript"),
        ("nowhere.jsonl", "no such file"),
    ] {
        let output = coalmine(&["replay", file]).output().expect("runs");
        let errors = String::from_utf8(output.stderr).expect("is UTF-8");
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(cause), "no {cause:?} in\n{errors}");
    }
    let nowhere = folder.path().join("no/such/folder.jsonl");
    let nowhere = nowhere.to_str().expect("a path in UTF-8");
    let mut all = vec!["run", "-f", TUTORIAL, "--scenario", "steady/healthy"];
    all.extend(["--transcript", nowhere]);
    let output = coalmine(&all).output().expect("runs");
    assert_eq!(output.status.code(), Some(2));
}

//! Bad input: exit code 2, the place, the cause, the cure; nothing half done.

use crate::{coalmine, write};

const CANARY: &str = include_str!("../../scenarios/policies/flagger/ten-minutes.yaml");

/// Runs `score` with these arguments; it must fail and say all of this.
fn refused(arguments: &[&str], said: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let mut command = coalmine(&["score", "--quiet"]);
    let output = command
        .args(arguments)
        .arg("--out")
        .arg(&out)
        .output()
        .expect("runs");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
    for part in said {
        assert!(errors.contains(part), "no {part:?} in\n{errors}");
    }
    assert!(!errors.contains("panicked"), "{errors}");
    assert!(output.stdout.is_empty());
    let left = std::fs::read_dir(&out).map(Iterator::count);
    assert_eq!(left.unwrap_or(0), 0, "something was written");
    assert!(!out.exists(), "an empty folder was made");
}

/// The same for one file with this text.
fn refused_text(text: &str, said: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = write(folder.path(), "policy.yaml", text);
    refused(&["-f", &path, "--scenario", "steady/healthy"], said);
}

#[test]
fn files_that_are_missing_empty_or_no_text() {
    refused(&["-f", "no/such.yaml"], &["no such file: no/such.yaml"]);
    refused_text("", &["policy.yaml is empty"]);
    refused_text(
        "# only a comment\n",
        &["no policy in", "coalmine reads Flagger `Canary`"],
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("binary.yaml");
    std::fs::write(&path, [0xff, 0xfe, 0x00]).expect("writes");
    let path = path.to_str().expect("a path in UTF-8");
    refused(&["-f", path], &["byte 0 is no UTF-8"]);
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).expect("makes");
    let empty = empty.to_str().expect("a path in UTF-8");
    refused(&["-f", empty], &["no .yaml or .yml file in folder"]);
}

#[test]
fn broken_yaml_and_wrong_kinds() {
    refused_text(
        "apiVersion: flagger.app/v1beta1\nkind: Canary\nspec: [a\n",
        &["broken YAML", "policy.yaml:3:7"],
    );
    refused_text(
        "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata:\n  name: {{ .Release.Name }}\n",
        &["policy.yaml:4", "helm template"],
    );
    refused_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n",
        &["no policy in", "skipped 1 Deployment"],
    );
    refused_text("foo: 1\n", &["document has no `kind`"]);
}

#[test]
fn every_mistake_of_every_document_is_told_at_once() {
    let first = CANARY
        .replace("interval: 1m", "interval: 60")
        .replace("threshold: 5", "threshold: five");
    let second = CANARY.replace("stepWeight: ", "stepWeights: ");
    refused_text(
        &format!("{first}\n---\n{second}"),
        &[
            "interval` is an integer, not a string",
            "quote it: \"60\"",
            "threshold` is a string",
            "stepWeights",
        ],
    );
}

#[test]
fn a_query_that_does_not_parse_is_marked_in_the_manifest() {
    let baseline = "apiVersion: coalmine.dev/v1alpha1\nkind: Baseline\nmetadata: {name: a}\nspec:\n  looks:\n    \
         interval: 10m\n    checks:\n      - name: errors\n        query: |\n          sum(rate(x[5m]))\n            / sum(rate(y[5m]))))\n        max: 0.05\n";
    refused_text(
        baseline,
        &["does not parse", "policy.yaml:11", "closes nothing"],
    );
    let unknown = baseline.replace("))))", "))");
    refused_text(
        &unknown,
        &[
            "no series of the simulated world matches `x{}`",
            "nearest metrics",
            "policy.yaml:10",
        ],
    );
}

#[test]
fn scenarios_and_numbers() {
    refused(
        &["--scenario", "market-opne"],
        &["did you mean `market-open`?"],
    );
    refused(&["--runs", "0"], &["--runs", "0 is not in 1.."]);
    refused(&["--threads", "0"], &["--threads"]);
    refused(&["--start", "25:00"], &["--start", "09:12"]);
    let folder = tempfile::tempdir().expect("a folder");
    let text = include_str!("../../scenarios/catalogue/steady/healthy.yaml");
    let path = write(
        folder.path(),
        "s.yaml",
        &text.replace("horizon: 1h", "horizn: 1h"),
    );
    refused(&["--scenario", &path], &["s.yaml:", "horizn", "horizon"]);
}

#[test]
fn a_place_that_cannot_be_written_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), "file", "");
    let output = coalmine(&[
        "score",
        "--quiet",
        "--runs",
        "1",
        "--scenario",
        "steady/slow",
        "--out",
        &file,
    ])
    .output()
    .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("is in the way"), "{errors}");
    assert!(errors.contains("--out results/") && !errors.contains("os error"));
    assert_eq!(std::fs::read_to_string(&file).expect("reads"), "");
}

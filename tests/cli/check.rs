//! `coalmine check`.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::{coalmine, write};

const TEN: &str = include_str!("../../scenarios/policies/flagger/ten-minutes.yaml");

const SUITE: &str = "\
apiVersion: coalmine.dev/v1alpha1
kind: Suite
metadata: {name: checkout}
spec:
  policies: [deploy/*.yaml]
  scenarios:
    - steady/healthy
    - {name: steady/errors-2, weight: 3}
    - ./mine.yaml
  runs: 100
  gates:
    - false-rollback<10%
    - {require: missed<10%, scenario: steady/*}
";

/// A scenario of one's own: `steady/errors-20` with another name.
fn mine(errors: &str) -> String {
    format!(
        "apiVersion: coalmine.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: mine/errors}}\nspec:\n  \
         extends: steady/errors-20\n  service: {{errorShare: {errors}}}\n"
    )
}

/// A repository with a suite, in a folder that is not the working folder.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("deploy")).expect("is made");
    write(folder.path(), "deploy/canary.yaml", TEN);
    write(folder.path(), "mine.yaml", &mine("0.001"));
    write(folder.path(), "coalmine.yaml", SUITE);
    folder
}

fn edit(folder: &Path, name: &str, (old, new): (&str, &str)) {
    let text = std::fs::read_to_string(folder.join(name)).expect("is there");
    assert!(text.contains(old), "{old} is not in {text}");
    write(folder, name, &text.replace(old, new));
}

/// Standard output, what is said beside it, the exit code.
fn check(folder: &Path, more: &[&str]) -> (String, String, Option<i32>) {
    let suite = folder.join("coalmine.yaml");
    let suite = suite.to_str().expect("is text");
    let output = coalmine(&[&["check", "-q", suite][..], more].concat())
        .output()
        .expect("runs");
    let text = |bytes| String::from_utf8(bytes).expect("is UTF-8");
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code(),
    )
}

fn passes(folder: &Path, more: &[&str], said: &str) -> String {
    let (told, error, code) = check(folder, more);
    assert_eq!(code, Some(0), "{told}{error}");
    assert!(told.contains(said), "{said} is not in {told}");
    assert!(
        told.lines()
            .filter(|l| !l.starts_with("      "))
            .all(|l| l.chars().count() <= 100),
        "{told}"
    );
    told
}

#[test]
fn a_policy_made_worse_is_caught_with_its_rollouts_and_an_untouched_one_never_is() {
    let folder = repository();
    let folder = folder.path();
    passes(folder, &[], "there is no ");
    let (told, _, code) = check(folder, &["--strict"]);
    assert_eq!(code, Some(1), "{told}");
    passes(folder, &["--update"], "1 policy and 3 scenarios");
    let lock = std::fs::read_to_string(folder.join("coalmine.lock.json")).expect("was written");
    passes(folder, &["--strict"], "passed: 2 gates met");
    passes(folder, &["--update"], "stays as it is");
    // Comments and the order of keys are no change of the policy.
    edit(
        folder,
        "deploy/canary.yaml",
        ("threshold: 5", "threshold: 5 # as ever"),
    );
    passes(
        folder,
        &["--strict", "--threads", "1"],
        "passed: 2 gates met",
    );

    // Errors of 2 % are below this limit, and so no longer seen.
    edit(folder, "deploy/canary.yaml", ("min: 99", "min: 95"));
    let (told, error, code) = check(folder, &[]);
    assert_eq!(code, Some(1), "{told}{error}");
    for said in [
        "is worse than the baseline in steady/errors-2: bad releases that were promoted",
        "100 replications turned for the worse: 0, 1, 2, 3",
        "replication 0 was rolled back and is promoted.",
        "coalmine run -f ",
        "--scenario steady/errors-2 --replication 0 --seed 42",
        "failed: 1 gate breached",
    ] {
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(said), "{said} is not in {told}");
    }
    // The command replays it.
    let command = told
        .lines()
        .find(|line| line.contains("coalmine run"))
        .expect("has one");
    let words: Vec<&str> = command.split_whitespace().skip(1).collect();
    let story = coalmine(&words).output().expect("runs");
    let story = String::from_utf8(story.stdout).expect("is UTF-8");
    assert!(story.contains("Wrong, a miss"), "{story}");
    let kept = std::fs::read_to_string(folder.join("coalmine.lock.json")).expect("is there");
    assert_eq!(kept, lock, "only --update writes it");
    let diff = passes(folder, &["--update"], "missed");
    assert!(
        diff.contains("in steady/errors-2: missed 0.0 % → 100.0 %"),
        "{diff}"
    );
}

#[test]
fn a_changed_scenario_or_seed_is_no_fault_of_the_policy() {
    let folder = repository();
    let folder = folder.path();
    passes(folder, &["--update"], "recorded");
    write(folder, "mine.yaml", &mine("0.004"));
    passes(folder, &[], "mine/errors was changed since");
    write(folder, "mine.yaml", &mine("0.001"));
    edit(
        folder,
        "coalmine.yaml",
        ("runs: 100", "runs: 100\n  seed: 7"),
    );
    passes(folder, &[], "has seed 42 and this study 7");
    edit(folder, "coalmine.yaml", ("  seed: 7", ""));
    // As another build would have recorded it.
    let lock = folder.join("coalmine.lock.json");
    let text = std::fs::read_to_string(&lock).expect("is there");
    let mut value: Value = serde_json::from_str(&text).expect("is JSON");
    value["simulator"] = "of another build".into();
    for (_, world) in value["scenarios"].as_object_mut().expect("has some") {
        world["behaviour"] = "another".into();
    }
    write(folder, "coalmine.lock.json", &value.to_string());
    edit(folder, "deploy/canary.yaml", ("min: 99", "min: 95"));
    edit(folder, "coalmine.yaml", ("missed<10%", "stuck<10%"));
    passes(folder, &[], "the simulator changed in every scenario");
}

#[test]
fn what_cannot_be_decided_says_how_many_runs_would() {
    let folder = repository();
    let folder = folder.path();
    edit(
        folder,
        "coalmine.yaml",
        ("false-rollback<10%", "false-rollback<2%"),
    );
    let told = passes(folder, &["--runs", "30"], "cannot be decided for");
    assert!(told.contains("runs would decide"), "{told}");
    let (_, _, code) = check(folder, &["--runs", "30", "--strict"]);
    assert_eq!(code, Some(1));
}

#[test]
fn formats_are_whole_and_point_into_the_manifest() {
    let folder = repository();
    let folder = folder.path();
    passes(folder, &["--update"], "recorded");
    edit(folder, "deploy/canary.yaml", ("min: 99", "min: 95"));
    let out = folder.join("out");
    let (told, error, code) = check(
        folder,
        &["--format", "json", "--out", out.to_str().expect("is text")],
    );
    assert_eq!(code, Some(1), "{error}");
    let json: Value = serde_json::from_str(&told).expect("is JSON");
    assert_eq!(
        (&json["format"], &json["verdict"]),
        (&1.into(), &"failed".into())
    );
    let read = |name: &str| std::fs::read_to_string(out.join(name)).expect("was written");
    assert_eq!(read("check.json"), told);
    let sarif: Value = serde_json::from_str(&read("check.sarif")).expect("is JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("has results");
    let ids: Vec<_> = results.iter().map(|one| one["ruleId"].as_str()).collect();
    assert!(
        ids.contains(&Some("CK01")) && ids.contains(&Some("CK02")),
        "{ids:?}"
    );
    let line = TEN
        .lines()
        .position(|line| line.trim() == "analysis:")
        .expect("has one")
        + 1;
    let region = &results[0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["startLine"], line as u64, "{region}");
    assert!(read("check.xml").contains("<testsuite name=\"baseline\""));
    assert!(read("check.md").starts_with("### ❌ coalmine check: checkout"));
    let (github, ..) = check(folder, &["--format", "github"]);
    assert!(
        github.lines().all(|line| line.starts_with("::")),
        "{github}"
    );
    assert!(
        github.contains(&format!("canary.yaml,line={line},")),
        "{github}"
    );
}

/// Nothing is judged then, so nothing is written or failed either.
#[test]
fn an_update_takes_no_options_of_a_judgement() {
    let folder = repository();
    let folder = folder.path();
    for more in [&["--strict"][..], &["--format", "json"], &["--out", "x"]] {
        let (_, error, code) = check(folder, &[&["--update"][..], more].concat());
        assert_eq!(code, Some(2), "{error}");
        assert!(error.contains("cannot be used with"), "{error}");
    }
    assert!(!folder.join("coalmine.lock.json").exists());
}

#[test]
fn manifests_can_come_from_a_pipe() {
    let folder = repository();
    passes(folder.path(), &["--update"], "recorded");
    let suite = folder.path().join("coalmine.yaml");
    let suite = suite.to_str().expect("is text");
    let output = coalmine(&["check", "-q", suite, "-f", "-"])
        .write_stdin(TEN.replace("min: 99", "min: 95"))
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn mistakes_are_told_all_at_once_with_their_places() {
    let folder = repository();
    let folder = folder.path();
    edit(
        folder,
        "coalmine.yaml",
        ("false-rollback<10%", "false-rolback<10%"),
    );
    edit(
        folder,
        "coalmine.yaml",
        ("scenario: steady/*", "scenario: stedy/*"),
    );
    let (_, error, code) = check(folder, &[]);
    assert_eq!(code, Some(2), "{error}");
    for said in [
        "coalmine.yaml:12",
        "false-rollback",
        "no scenario of this suite is like `stedy/*`",
    ] {
        assert!(error.contains(said), "{said} is not in {error}");
    }
    edit(folder, "coalmine.yaml", ("deploy/*.yaml", "deplo/*.yaml"));
    let (_, error, code) = check(folder, &[]);
    assert!(
        code == Some(2) && error.contains("there is no file `deplo/*.yaml`"),
        "{error}"
    );
    write(folder, "coalmine.lock.json", "<<<<<<< HEAD\n");
    let folder = repository();
    write(folder.path(), "coalmine.lock.json", "<<<<<<< HEAD\n");
    let (_, error, code) = check(folder.path(), &[]);
    assert!(
        code == Some(2) && error.contains("conflict markers"),
        "{error}"
    );
    let none = coalmine(&["check", "no/such.yaml"]).output().expect("runs");
    let error = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(error.contains("kind: Suite"), "{error}");
}

/// Forms that `coalmine schema` promises.
#[test]
fn suites_baselines_and_documents_have_the_form_of_their_schemas() {
    let folder = repository();
    let folder = folder.path();
    passes(folder, &["--update"], "recorded");
    let schema = |name: &str| -> Value {
        serde_json::from_str(&crate::stdout(&["schema", name])).expect("is JSON")
    };
    let lock = std::fs::read_to_string(folder.join("coalmine.lock.json")).expect("is there");
    let lock: Value = serde_json::from_str(&lock).expect("is JSON");
    edit(folder, "deploy/canary.yaml", ("min: 99", "min: 95"));
    let (document, ..) = check(folder, &["--format", "json"]);
    let document: Value = serde_json::from_str(&document).expect("is JSON");
    let suite: Value = serde_saphyr::from_str(SUITE).expect("is YAML");
    for (name, value) in [("lock", &lock), ("check", &document), ("suite", &suite)] {
        let schema = schema(name);
        let validator = jsonschema::validator_for(&schema).expect("is a schema");
        let errors: Vec<_> = validator
            .iter_errors(value)
            .map(|e| e.to_string())
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
        let mut less = value.as_object().expect("is an object").clone();
        let first = less.keys().next().cloned().expect("has some");
        less.remove(&first);
        assert!(!validator.is_valid(&less.into()), "{name} without {first}");
    }
}

//! `coalmine lint`.

use serde_json::Value;

use crate::{coalmine, stdout, write};

const REPAIRED: &str = "scenarios/policies/argo/repaired.yaml";
const TEN: &str = "scenarios/policies/flagger/ten-minutes.yaml";

/// Standard output, what is said beside it, the exit code.
fn lint(arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = coalmine(&[&["lint"][..], arguments].concat())
        .output()
        .expect("runs");
    let text = |bytes| String::from_utf8(bytes).expect("is UTF-8");
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code(),
    )
}

#[test]
fn a_finding_has_its_line_cause_cure_and_evidence() {
    let (told, _, code) = lint(&["-f", REPAIRED]);
    assert_eq!(code, Some(1));
    for said in [
        "warning[CM02]: metric `success-rate`: without requests the query divides by zero",
        "scenarios/policies/argo/repaired.yaml:60:13",
        "= help: ",
        "https://github.com/argoproj/argo-rollouts/issues/1466",
        "2 warnings; ",
    ] {
        assert!(told.contains(said), "{said} is not in {told}");
    }
    assert!(
        !told.contains('\u{1b}'),
        "no colour where there is no terminal"
    );
    // Notes alone fail nothing.
    let (told, _, code) = lint(&["-f", TEN]);
    assert!(code == Some(0) && told.contains("note[CM10]"), "{told}");
    // With traffic more can be said.
    let (told, _, code) = lint(&["-f", TEN, "--scenario", "off-peak/healthy"]);
    assert!(code == Some(1) && told.contains("warning[CM01]"), "{told}");
}

#[test]
fn rules_can_be_silenced_and_listed() {
    let (told, _, code) = lint(&["-f", REPAIRED, "--allow", "CM02,one-of-many-elements"]);
    assert!(
        code == Some(0) && told.starts_with("nothing found"),
        "{told}"
    );
    let (_, error, code) = lint(&["--allow", "CM2"]);
    assert!(
        code == Some(2) && error.contains("there is no rule `CM2`"),
        "{error}"
    );
    let (told, _, code) = lint(&["--rules"]);
    assert!(
        code == Some(0) && told.contains("CM05 tail-quantile-on-few-samples (warning)"),
        "{told}"
    );
    assert!(
        told.lines().all(|line| line.chars().count() <= 100),
        "{told}"
    );
}

#[test]
fn formats_are_whole() {
    let (json, ..) = lint(&["-f", REPAIRED, "--format", "json"]);
    let json: Value = serde_json::from_str(&json).expect("is JSON");
    let schema: Value = serde_json::from_str(&stdout(&["schema", "lint"])).expect("is JSON");
    let validator = jsonschema::validator_for(&schema).expect("is a schema");
    assert!(validator.is_valid(&json), "{json:#}");
    assert_eq!(
        (&json["findings"][0]["rule"], &json["findings"][0]["line"]),
        (&"CM02".into(), &60.into())
    );
    let (sarif, ..) = lint(&["-f", REPAIRED, "--format", "sarif"]);
    let sarif: Value = serde_json::from_str(&sarif).expect("is JSON");
    assert_eq!(sarif["version"], "2.1.0");
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .expect("has rules");
    let found = &sarif["runs"][0]["results"][0];
    let index = found["ruleIndex"].as_u64().expect("a number") as usize;
    assert_eq!(rules[index]["id"], found["ruleId"]);
    let (github, ..) = lint(&["-f", REPAIRED, "--format", "github"]);
    assert!(
        github.starts_with("::warning file=scenarios/policies/argo/repaired.yaml,line=60,"),
        "{github}"
    );
}

#[test]
fn manifests_can_come_from_a_pipe_and_templates_are_told() {
    let text = std::fs::read_to_string(REPAIRED).expect("is there");
    let both = format!("apiVersion: v1\nkind: Service\nmetadata: {{name: s}}\n---\n{text}");
    let output = coalmine(&["lint", "-f", "-"])
        .write_stdin(both)
        .output()
        .expect("runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        told.contains("<stdin>:") && told.contains("1 object of other kinds passed over"),
        "{told}"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let chart = write(
        folder.path(),
        "chart.yaml",
        "{{- if .Values.on }}\nkind: Rollout\n{{- end }}\n",
    );
    let (told, _, code) = lint(&["-f", &chart]);
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains("error[CM00]") && told.contains("helm template"),
        "{told}"
    );
    let (_, error, code) = lint(&["-f", "no/such.yaml"]);
    assert!(code == Some(2) && error.contains("no such file"), "{error}");
}

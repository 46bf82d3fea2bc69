//! `action.yml`: its script, as a runner would run it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::write;

fn action() -> Value {
    serde_saphyr::from_str(include_str!("../../action.yml")).expect("is YAML")
}

/// The script of the step with this id.
fn script(id: &str) -> String {
    let action = action();
    let steps = action["runs"]["steps"].as_array().expect("has steps");
    let step = steps
        .iter()
        .find(|step| step["id"] == id)
        .expect("is there");
    assert_eq!(step["shell"], "bash");
    step["run"].as_str().expect("is a script").to_owned()
}

fn run(folder: &Path, inputs: &[(&str, &str)]) -> Output {
    let binary = assert_cmd::cargo::cargo_bin("coalmine");
    let path = format!(
        "{}:{}",
        binary.parent().expect("has a folder").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    // As GitHub runs `shell: bash`.
    let mut command = Command::new("bash");
    command.args([
        "--noprofile",
        "--norc",
        "-eo",
        "pipefail",
        "-c",
        &script("check"),
    ]);
    command
        .current_dir(folder)
        .env("PATH", path)
        .env("RUNNER_TEMP", folder);
    command.env("GITHUB_OUTPUT", folder.join("output"));
    command.env("GITHUB_STEP_SUMMARY", folder.join("summary"));
    command.envs(inputs.iter().copied()).output().expect("runs")
}

#[test]
fn the_script_checks_annotates_and_sums_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let policy = include_str!("../../scenarios/policies/flagger/ten-minutes.yaml");
    write(folder, "canary.yaml", policy);
    write(
        folder,
        "suite.yaml",
        "apiVersion: coalmine.dev/v1alpha1\nkind: Suite\nspec:\n  policies: [canary.yaml]\n  \
         scenarios: [market-open/overload-only]\n  gates: [missed<10%]\n",
    );
    let inputs = [
        ("SUITE", "suite.yaml"),
        ("STRICT", "false"),
        ("ARGUMENTS", "--runs 50 --quiet"),
    ];
    let output = run(folder, &inputs);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(told.starts_with("::error file=canary.yaml,line="), "{told}");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("was written");
    assert!(read("summary").starts_with("### ❌ coalmine check"));
    assert!(read("output").contains("checked=true"));
    assert!(read("coalmine-check/check.sarif").contains("CK01"));
    // Bad input is no result: nothing is summed up.
    let other = tempfile::tempdir().expect("a folder");
    let output = run(other.path(), &inputs);
    assert_eq!(output.status.code(), Some(2));
    assert!(!other.path().join("summary").exists());
}

#[test]
fn every_input_is_described_and_handed_on() {
    let action = action();
    let text = include_str!("../../action.yml");
    for (name, input) in action["inputs"].as_object().expect("has inputs") {
        assert!(input["description"].is_string(), "{name}");
        assert!(
            text.contains(&format!("inputs.{name}")),
            "{name} is never used"
        );
    }
    assert_eq!(action["runs"]["using"], "composite");
}

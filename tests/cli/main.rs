//! The command line as a user sees it.

mod action;
mod bad_input;
mod check;
mod curves;
mod effort;
mod finding;
mod folders;
mod judge;
mod lint;
mod pages;
mod promql;
mod replay;
mod router;
mod router_cases;
mod run;
mod scenario_files;
mod schemas;
mod score;
mod serve;
mod transcript;
mod tune;
mod variants;

use std::path::Path;

use assert_cmd::Command;

/// The program, in the root of the checkout, without colours.
fn coalmine(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("coalmine").expect("is built");
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .args(arguments);
    command
}

/// Standard output of a call that must succeed.
fn stdout(arguments: &[&str]) -> String {
    let output = coalmine(arguments).output().expect("runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("is UTF-8")
}

/// The parsed `score.json` of a call that must succeed.
fn score_json(arguments: &[&str]) -> serde_json::Value {
    let mut all = vec!["score", "--format", "json", "--quiet"];
    all.extend(arguments);
    serde_json::from_str(&stdout(&all)).expect("is JSON")
}

/// The cell of a policy in a scenario.
fn cell<'a>(score: &'a serde_json::Value, policy: &str, scenario: &str) -> &'a serde_json::Value {
    let cells = score["cells"].as_array().expect("has cells");
    cells
        .iter()
        .find(|cell| cell["policy"] == policy && cell["scenario"] == scenario)
        .unwrap_or_else(|| panic!("no cell {policy} in {scenario}"))
}

/// A file in a folder, as an argument.
fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("writes");
    path.to_str().expect("a path in UTF-8").to_owned()
}

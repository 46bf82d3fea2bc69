//! How long `coalmine score` goes on: until it is precise enough, or until Ctrl-C.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use crate::{cell, coalmine, score_json};

const FLAGGER: &str = "scenarios/policies/flagger/ten-minutes.yaml";

#[test]
fn cells_are_run_until_they_are_precise_or_the_budget_ends() {
    let precise = |budget: &str| {
        score_json(&[
            "-f",
            FLAGGER,
            "--scenario",
            "off-peak/errors-2",
            "--runs",
            "250",
            "--precision",
            "3%",
            "--max-runs",
            budget,
        ])
    };
    let score = precise("5000");
    let missed = &cell(&score, "checkout-api", "off-peak/errors-2")["missed"];
    let width = |missed: &serde_json::Value| {
        missed["high"].as_f64().expect("an end") - missed["low"].as_f64().expect("an end")
    };
    let n = missed["n"].as_u64().expect("a number");
    assert!(width(missed) <= 0.06 && n < 5000, "{missed}");
    // The first 250 are the same rollouts as without a precision, and a budget is kept.
    let score = precise("300");
    let missed = &cell(&score, "checkout-api", "off-peak/errors-2")["missed"];
    assert!(missed["n"].as_u64() <= Some(300), "{missed}");
}

#[test]
fn a_mix_has_prices_and_policies_are_compared_on_the_same_rollouts() {
    let score = score_json(&[
        "--scenario",
        "steady",
        "--runs",
        "30",
        "--bad-share",
        "20%",
        "--price",
        "minute=2",
        "--price",
        "hurt-request=0.01",
    ]);
    assert_eq!(score["mix"]["bad_share"], 0.2);
    let worth = score["worth"].as_array().expect("has policies");
    assert!(
        worth
            .iter()
            .all(|worth| worth["cost"]["value"].as_f64() > Some(0.0))
    );
    let pairs = score["comparisons"].as_array().expect("has pairs");
    // Five of the six policies are taken by their controllers.
    assert_eq!((worth.len(), pairs.len()), (5, 10));
    let output = coalmine(&["score", "--price", "minutes=2"])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn other_formats_hold_the_same_cells() {
    let print = |format: &str| {
        crate::stdout(&[
            "score",
            "--quiet",
            "--runs",
            "20",
            "--scenario",
            "steady/errors-2",
            "--format",
            format,
        ])
    };
    let (xml, markdown) = (print("junit"), print("markdown"));
    assert!(
        xml.contains("<testsuite name=\"steady/errors-2\" tests=\"6\""),
        "{xml}"
    );
    assert!(xml.contains("<error message="), "{xml}");
    assert!(
        markdown.contains("| steady/errors-2 | flagger-tutorial | missed"),
        "{markdown}"
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_prints_what_is_known_so_far() {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("coalmine"))
        .args([
            "score",
            "-f",
            FLAGGER,
            "--scenario",
            "steady/errors-2",
            "--runs",
            "20000",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    // Progress in lines: the first one says that rollouts are being played.
    let mut lines = BufReader::new(child.stderr.take().expect("is piped")).lines();
    let told = lines.next().expect("progress").expect("text");
    let interrupted = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(interrupted.expect("kill is there").success(), "{told}");
    let mut table = String::new();
    let mut out = child.stdout.take().expect("is piped");
    out.read_to_string(&mut table).expect("text");
    assert_eq!(child.wait().expect("ends").code(), Some(130), "{table}");
    assert!(
        table.contains("interrupted") && table.contains("steady/errors-2"),
        "{table}"
    );
}

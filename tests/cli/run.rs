//! `coalmine run`.

use crate::stdout;

#[test]
fn one_rollout_is_told_with_measurements_decisions_and_their_rules() {
    let story = stdout(&[
        "run",
        "--policy",
        "flagger-ten-minutes",
        "--scenario",
        "market-open/overload-only",
        "--start",
        "09:12",
    ]);
    for part in [
        "Asia/Kolkata",
        "10 % written to the router's object",
        "0.0 % → 10.0 % reaches the new revision",
        "request-success-rate = ",
        "the first request meets the fault",
        "failedChecks 5 >= threshold 5",
        "by Flagger scheduler.go:430",
        "rolled back",
    ] {
        assert!(story.contains(part), "no {part:?} in\n{story}");
    }
}

#[test]
fn json_lines_hold_the_same_story_for_machines() {
    let lines = stdout(&[
        "run",
        "--policy",
        "rolling-update",
        "--scenario",
        "steady/errors-20",
        "--format",
        "json",
    ]);
    let mut events = Vec::new();
    let mut last = 0.0;
    for line in lines.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("is JSON");
        let offset = line["offset_s"].as_f64().expect("an offset");
        assert!(offset >= last, "out of order: {line}");
        last = offset;
        events.push(line["event"].as_str().expect("an event").to_owned());
    }
    assert_eq!(events.first().map(String::as_str), Some("started"));
    assert_eq!(events.last().map(String::as_str), Some("ended"));
    assert!(events.iter().any(|event| event == "fault-met"));
}

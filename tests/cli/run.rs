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

#[test]
fn the_share_that_pods_carry_is_told_where_no_router_does() {
    let story = stdout(&[
        "run",
        "--policy",
        "argo-repaired",
        "--scenario",
        "steady/healthy",
    ]);
    // One pod of eleven, not the 5 % of the step.
    assert!(story.contains("0.0 % → 9.1 % reaches"), "{story}");
    assert!(story.contains("100.0 % reaches"), "{story}");
}

#[test]
fn pods_that_come_again_and_again_are_all_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = include_str!("../../scenarios/policies/argo/repaired.yaml");
    let (head, rest) = text.split_once("      steps:\n").expect("has steps");
    let (_, tail) = rest
        .split_once("      canaryService")
        .expect("has a service");
    let zigzag = "        - setWeight: 80\n        - pause: {duration: 1m}\n        \
                  - setWeight: 10\n        - pause: {duration: 1m}\n";
    let analysis = "        - pause: {duration: 5m}\n        - analysis:\n            templates: \
                    [{templateName: success-rate-check}]\n";
    let steps = zigzag.repeat(4) + "        - setWeight: 80\n" + analysis;
    let head_end = tail.find("    - name: success-rate").expect("has a metric");
    let metric = "    - name: pods\n      provider:\n        prometheus:\n          \
                  address: http://p:9090\n          query: sum(rate(http_requests_total[2m]))\n";
    let text = format!(
        "{head}      steps:\n{steps}      canaryService{}{metric}",
        &tail[..head_end]
    );
    let path = crate::write(folder.path(), "zigzag.yaml", &text);
    let story = stdout(&["run", "-f", &path, "--scenario", "steady/healthy"]);
    let measured = story.split("pods = [").nth(1).expect("is measured");
    let rate: f64 = measured
        .split(']')
        .next()
        .and_then(|value| value.parse().ok())
        .expect("a number");
    // 200 requests a second; Poisson noise over two minutes is 1.3.
    assert!((rate - 200.0).abs() < 6.0, "{rate}\n{story}");
}

#[test]
fn a_refused_policy_is_told_and_exits_with_one() {
    let run = |format: &str| {
        let output = crate::coalmine(&[
            "run",
            "--policy",
            "argo-tutorial",
            "--scenario",
            "steady/healthy",
            "--format",
            format,
        ])
        .output()
        .expect("runs");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stdout).expect("is UTF-8")
    };
    assert!(run("table").contains("which runs indefinitely"));
    let line: serde_json::Value = serde_json::from_str(&run("json")).expect("is JSON");
    assert_eq!(line["event"], "invalid");
    assert!(line["value"]["line"].as_u64().is_some_and(|line| line > 1));
}

//! `coalmine run`.

use crate::stdout;

/// Sees to it that a text has these parts; lines may break anywhere.
pub(crate) fn tells(text: &str, parts: &[&str]) {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in parts {
        assert!(words.contains(part), "no {part:?} in\n{text}");
    }
}

/// The story of an embedded policy's first rollout, if `more` names no other.
fn run(policy: &str, scenario: &str, more: &[&str]) -> String {
    let chosen = ["run", "--policy", policy, "--scenario", scenario];
    stdout(&[&chosen, more].concat())
}

#[test]
fn a_rollback_is_explained_with_its_rule_its_numbers_and_the_truth() {
    let story = run(
        "flagger-ten-minutes",
        "market-open/overload-only",
        &["--start", "09:12"],
    );
    tells(
        &story,
        &[
            "Asia/Kolkata",
            "Right: the bad release was rolled back at 09:2",
            "20 % of requests fail, only on pods that serve more than 40 requests a second",
            "10 % written to the router's object",
            "0.0 % → 10.0 % reaches the new revision",
            "request-success-rate = ",
            "the first request meets the fault",
            "rolled back by Flagger scheduler.go:430 (failedChecks 5 >= threshold 5). The 5th and last \
         check that failed",
            "roll back: failedChecks 5 >= threshold 5 [Flagger scheduler.go:430]",
            "new fails 20.1 % (old 0.1 %)",
            "fault active",
        ],
    );
    let widest = story.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{story}");
}

#[test]
fn a_miss_says_why_nothing_was_caught() {
    let story = run("flagger-ten-minutes", "market-open/overload-only", &[]);
    tells(
        &story,
        &[
            "Wrong, a miss: the bad release was promoted at 09:1",
            "after the last look, so there was nothing to see",
            "It shows only on pods that serve more than 40 requests a second; those of the new version \
         served 10 at most until then.",
        ],
    );
}

#[test]
fn argo_is_explained_in_its_own_words() {
    let story = run("argo-repaired", "steady/slow", &[]);
    tells(
        &story,
        &[
            "Right: the bad release was rolled back",
            "by Argo rollout/analysis.go:434 (RolloutAborted at step 2",
            "The check that failed",
            "(successCondition result[0] <= 0.5): measurements 1 (limit 5), failed 1 (limit 0)",
            "p99 900ms (old 300ms); 9.1 % of traffic (asked 5 %)",
        ],
    );
}

#[test]
fn verbose_shows_queries_and_answers() {
    let story = run("flagger-tutorial", "steady/errors-20", &["--verbose"]);
    tells(
        &story,
        &[
            "input tick",
            "effect 1: scale Target to up from zero",
            "ask Prometheus for request-success-rate: sum(",
            ": vector [",
            "write routes: canary 10 %",
        ],
    );
}

#[test]
fn json_holds_the_same_story_for_machines() {
    let text = run("rolling-update", "steady/errors-20", &["--format", "json"]);
    let story: serde_json::Value = serde_json::from_str(&text).expect("is JSON");
    assert_eq!(story["format"], 1);
    assert_eq!(story["verdict"], "promoted");
    assert_eq!(story["explanation"]["judgement"], "missed");
    let entries = story["entries"].as_array().expect("a list");
    let mut last = 0.0;
    for entry in entries {
        let offset = entry["offset_s"].as_f64().expect("an offset");
        assert!(offset >= last, "out of order: {entry}");
        last = offset;
    }
    let of = |entry: &serde_json::Value| entry["event"].as_str().map(str::to_owned);
    assert_eq!(entries.first().and_then(of).as_deref(), Some("started"));
    assert_eq!(entries.last().and_then(of).as_deref(), Some("ended"));
    assert!(entries.iter().any(|entry| entry["event"] == "fault-met"));
    let course = story["course"].as_array().expect("a list");
    assert!(course.len() > 200, "{}", course.len());
}

#[test]
fn the_share_that_pods_carry_is_told_where_no_router_does() {
    let story = run("argo-repaired", "steady/healthy", &[]);
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
    let story: serde_json::Value = serde_json::from_str(&run("json")).expect("is JSON");
    assert_eq!(story["verdict"], "invalid");
    let line = story["refusal"]["line"].as_u64();
    assert!(line.is_some_and(|line| line > 1));
}

#[test]
fn the_page_has_the_picture_the_reasons_and_every_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.html");
    let name = path.to_str().expect("a path in UTF-8");
    let printed = stdout(&[
        "run",
        "--policy",
        "flagger-tutorial",
        "--scenario",
        "market-open/overload-only",
        "--format",
        "html",
        "--out",
        name,
    ]);
    assert_eq!(printed, "");
    let page = std::fs::read_to_string(&path).expect("reads");
    for part in [
        "<strong>Wrong, a miss: the bad release was promoted at 09:28:56",
        "fault active",
        "<svg",
        "new fails 20.1\u{a0}% (old 0.1\u{a0}%)",
        "Flagger scheduler.go:617",
    ] {
        assert!(page.contains(part), "no {part:?}");
    }
    assert!(!page.contains("<script"));
}

//! As `read::fault`.

use serde_json::{Value, json};

use super::value::{
    above, count, duration, instant, item, list, loss, object, rate, share, text, word,
};

pub(super) fn schema() -> Value {
    object([
        ("name", text(), "Its name in reports."),
        ("incident", text(), "What it stands for: words for people."),
        (
            "harmful",
            json!({"type": ["boolean", "null"]}),
            "`false` for what only looks like a fault: a good policy goes on.",
        ),
        (
            "effects",
            list(&effect()),
            "Independent of each other; at most 8.",
        ),
    ])
}

fn effect() -> Value {
    item(
        &[],
        [
            (
                "errorShare",
                share(),
                "Failures on top of the ordinary ones.",
            ),
            (
                "p99Times",
                above(1),
                "The 99th percentile times this, the same median.",
            ),
            ("latencyTimes", above(1), "Every latency times this."),
            (
                "completion",
                loss(),
                "Completions of `business` that are lost while every answer is a 200, as a share of them: \
                 -2% makes 85 % 83.3 %.",
            ),
            (
                "crash",
                crash(),
                "The process dies and is started again with the kubelet's back-off.",
            ),
            (
                "aboveRpsPerPod",
                rate(),
                "Only on pods that serve more than this.",
            ),
            (
                "afterAge",
                duration(),
                "Only on pods that have been ready for so long.",
            ),
            (
                "afterRequests",
                count(),
                "Only on pods that have served so many.",
            ),
            ("from", instant(), "Only from this instant on."),
            ("until", instant(), "Only before this instant."),
            (
                "growsOver",
                growth(),
                "A leak: grows from nothing to its size.",
            ),
            ("episodes", episodes(), "Comes and goes."),
            ("scope", scope(), "Whom it meets."),
        ],
    )
}

fn growth() -> Value {
    object([
        (
            "age",
            duration(),
            "Over this time of a pod's life; or give `requests`.",
        ),
        (
            "requests",
            count(),
            "Over so many requests of a pod; or give `age`.",
        ),
    ])
}

fn episodes() -> Value {
    object([
        (
            "every",
            duration(),
            "Mean time from an episode's end to the next.",
        ),
        ("for", duration(), "Mean length of an episode."),
    ])
}

fn crash() -> Value {
    object([(
        "every",
        duration(),
        "Mean time (exponential) from readiness to death.",
    )])
}

fn scope() -> Value {
    object([
        (
            "version",
            word(&["new", "old", "both"]),
            "`new` when absent; `both` for an incident outside the release.",
        ),
        ("route", text(), "Only requests for this path of `routes`."),
        (
            "pods",
            count(),
            "Only on so many pods, the first of each workload and version; at most 32.",
        ),
        (
            "cohort",
            word(&["matching"]),
            "Only users who satisfy the policy's match rules.",
        ),
        (
            "withNewShare",
            json!({"type": ["boolean", "null"]}),
            "On both versions, its size times the new version's share of the traffic: a shared \
             dependency that the release wears out.",
        ),
    ])
}

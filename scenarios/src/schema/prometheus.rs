//! As `read::prometheus`.

use serde_json::{Value, json};

use super::value::{count, duration, instant, item, list, object, share};

pub(super) fn schema() -> Value {
    let gap = item(
        &["from", "for"],
        [
            ("from", instant(), "When it goes away."),
            ("for", duration(), "How long it stays away."),
        ],
    );
    object([
        (
            "scrapeInterval",
            duration(),
            "Between scrapes of a target; 15s when absent, 1s at least.",
        ),
        (
            "buckets",
            list(&json!({"type": "number", "exclusiveMinimum": 0})),
            "Upper bounds of latency histograms in seconds, ascending, without +Inf.",
        ),
        (
            "ingressReplicas",
            count(),
            "Replicas of the ingress controller, each a target.",
        ),
        ("gaps", list(&gap), "When Prometheus is away."),
        ("missed", share(), "Share of scrapes that fail."),
    ])
}

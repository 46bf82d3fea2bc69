//! As `read::prometheus`.

use serde_json::{Value, json};

use super::value::{count, duration, list, object};

pub(super) fn schema() -> Value {
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
    ])
}

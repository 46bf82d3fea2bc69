//! As `read::routes`.

use serde_json::{Value, json};

use super::value::{above, item, list, object, share, text, word};
use crate::read::METHODS;

pub(super) fn schema() -> Value {
    let path = json!({"type": "string", "pattern": "^/"});
    list(&item(
        &["path", "share"],
        [
            ("path", path, "The path, as series carry it."),
            ("share", share(), "Share of all requests; they add up to 1."),
            (
                "latencyTimes",
                above(0),
                "Factor on the service's latency; 1 when absent.",
            ),
            (
                "method",
                word(&METHODS),
                "Of its requests; GET when absent. Routers send no POST or PATCH twice.",
            ),
        ],
    ))
}

/// A mapping whose keys are names that the user gives.
pub(super) fn business() -> Value {
    let step = object([
        (
            "route",
            text(),
            "The path of `routes` whose requests complete it; all when absent.",
        ),
        (
            "completion",
            share(),
            "Share of the answered requests that complete it.",
        ),
        ("counter", text(), "The metric on the pods that counts it."),
    ]);
    json!({"type": ["object", "null"], "additionalProperties": step})
}

//! As `read::fault`.

use serde_json::Value;

use super::value::{above, item, list, object, rate, share, text};

pub(super) fn schema() -> Value {
    object([
        ("name", text(), "Its name in reports."),
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
            (
                "aboveRpsPerPod",
                rate(),
                "Only on pods that serve more than this.",
            ),
        ],
    )
}

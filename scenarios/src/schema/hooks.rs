//! As `read::hooks`.

use serde_json::{Value, json};

use super::value::{duration, item, list, rate, text, word};
use crate::read::HOOK_TYPES;

pub(super) fn schema() -> Value {
    list(&item(
        &[],
        [
            (
                "type",
                word(&HOOK_TYPES),
                "Webhooks of this type; or give `name`.",
            ),
            ("name", text(), "The webhook of this name; or give `type`."),
            (
                "status",
                json!({"type": ["integer", "null"], "minimum": 100, "maximum": 599}),
                "The HTTP status it answers.",
            ),
            ("after", duration(), "Only from so long after the start on."),
            ("delay", duration(), "How long the answer takes."),
            (
                "load",
                rate(),
                "Requests that a load test sends to the canary's pods.",
            ),
        ],
    ))
}

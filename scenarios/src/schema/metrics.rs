//! As `read::metrics`.

use serde_json::Value;

use super::value::{any, duration, item, list, text, word};

pub(super) fn schema() -> Value {
    list(&item(
        &["name", "provider"],
        [
            ("name", text(), "The metric's name in the policy."),
            ("provider", word(&["job", "web"]), "Argo's provider."),
            (
                "phase",
                word(&["Successful", "Failed"]),
                "How the job ends.",
            ),
            (
                "value",
                any(),
                "What the web metric answers, after its `jsonPath`.",
            ),
            ("error", text(), "The error instead of an answer."),
            ("after", duration(), "Only from so long after the start on."),
            ("delay", duration(), "How long the answer takes."),
        ],
    ))
}

//! The day as one JSON document, format 1.
//!
//! `right` is `{count, n, share, low, high}`: caught where the release is bad, promoted where it is
//! good; `requests` is the median of those that arrived within the horizon.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::When;
use crate::document::{self, Head};
use crate::interval::Rate;

/// The version of the document's form; it grows when a field changes its meaning or goes.
const FORMAT: u32 = 1;

/// What `coalmine when` found.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "When")]
struct Root<'a> {
    #[serde(flatten)]
    head: Head,
    /// By scenario and policy.
    days: Vec<DayView<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Day")]
struct DayView<'a> {
    /// The scenario's name.
    scenario: &'a str,
    /// The policy's label.
    policy: &'a str,
    /// `bad` or `good`.
    release: &'static str,
    /// Through the day.
    starts: Vec<StartView>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Start")]
struct StartView {
    /// A wall-clock time of the scenario's own day: `09:05`.
    start: String,
    /// The median of the requests that arrived within the horizon.
    requests: u64,
    /// Rolled back where the release is bad, promoted where it is good.
    right: Rate,
}

/// The form of the document, as JSON Schema.
#[must_use]
pub fn schema() -> Value {
    document::schema::<Root<'_>>()
}

/// Writes the document, with a line feed at its end.
///
/// # Errors
/// When the output cannot be written.
pub fn write(when: &When<'_>, out: impl Write) -> io::Result<()> {
    let days = when.days();
    let view = |day: &super::Day| {
        let all = when.starts.iter().zip(&day.right).zip(&day.requests);
        DayView {
            scenario: when.names.get(day.scenario).map_or("?", String::as_str),
            policy: when.summary.label_of(day.policy),
            release: if day.is_bad { "bad" } else { "good" },
            starts: all
                .map(|((start, right), requests)| StartView {
                    start: start.clock(),
                    requests: *requests,
                    right: *right,
                })
                .collect(),
        }
    };
    let root = Root {
        head: Head::new(FORMAT, when.summary),
        days: days.iter().map(view).collect(),
    };
    document::write(&root, out)
}

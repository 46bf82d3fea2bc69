//! One rollout, explained: `coalmine run`.
//!
//! ```text
//!  Notes of a replication ──► Story ──► explain: was it right, and why
//!                               ├─────► terminal: explain, then fold(merge(entries)), or every exchange
//!                               └─────► json: all of it as data
//! ```

mod explain;
mod fold;
mod json;
mod merge;
mod round;
mod terminal;
mod text;
mod verbose;
mod why;
mod words;

use coalmine_policy::Time;
use coalmine_sim::fidelity::Fidelity;
use coalmine_sim::outcome::Outcome;
use coalmine_sim::scenario::Scenario;
use coalmine_sim::timeline::Entry;
use coalmine_sim::witness::Notes;
use jiff::{SignedDuration, Zoned};
use schemars::JsonSchema;
use serde::Serialize;

pub use explain::{Explanation, Fact, Judgement, explain};
pub use json::{FORMAT, schema, write_json, write_refusal_json};
pub(crate) use terminal::lines;
pub use terminal::{render, render_refusal};
pub(crate) use text::{Tone, decided};
pub(crate) use verbose::{effect_words, input_words};
pub(crate) use words::is_good;

/// A policy, as a story names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Who<'a> {
    /// Its label.
    pub label: &'a str,
    /// The controller and object (`Flagger Canary`).
    pub kind: &'a str,
    /// The file it stands in.
    pub file: &'a str,
}

/// One replication with what happened in it.
#[derive(Clone, Copy, Debug)]
pub struct Story<'a> {
    /// The policy.
    pub policy: Who<'a>,
    /// The world.
    pub scenario: &'a Scenario,
    /// The root of the random streams.
    pub seed: u64,
    /// How closely requests are looked at.
    pub fidelity: Fidelity,
    /// What it came to.
    pub outcome: &'a Outcome,
    /// What happened, entries in order of time.
    pub notes: &'a Notes,
}

impl<'a> Story<'a> {
    pub(crate) fn entries(&self) -> &'a [Entry] {
        &self.notes.entries
    }

    /// Whether the release is bad.
    fn is_faulty(&self) -> bool {
        self.scenario.fault_name.is_some()
    }

    /// The wall-clock time of an instant.
    fn wall(&self, at: Time) -> Zoned {
        let start = &self.scenario.start;
        let nanos = i64::try_from(at.nanos()).unwrap_or(i64::MAX);
        // Beyond the calendar's end time stands still.
        start
            .checked_add(SignedDuration::from_nanos(nanos))
            .unwrap_or_else(|_| start.clone())
    }

    /// `09:17:30`.
    pub(crate) fn clock(&self, at: Time) -> String {
        self.wall(at).strftime("%H:%M:%S").to_string()
    }

    /// `09:17:30 (+12m30s)`.
    fn moment(&self, at: Time) -> String {
        format!("{} (+{})", self.clock(at), at.truncated_to_second())
    }
}

#[cfg(test)]
mod tests;

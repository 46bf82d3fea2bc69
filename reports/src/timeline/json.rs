//! The story as one JSON document, format 1.
//!
//! `entries` are what happened in order of time, each `{time, offset_s, event, value}`; `course` is
//! the world at some hundred instants, truths as in entries of the event `truth`. Shares run from 0
//! to 1, times are in seconds (`…_s`), fields that do not apply are null.

use std::io::{self, Write};

use coalmine_policy::Time;
use coalmine_sim::event::Refusal;
use coalmine_sim::fault::Fault;
use coalmine_sim::fidelity::Fidelity;
use coalmine_sim::outcome::{Outcome, Verdict};
use coalmine_sim::timeline::What;
use coalmine_sim::truth::Truth;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Explanation, Story, Who, explain};
use crate::document;

/// The version of the document's form; it grows when a field changes its meaning or goes.
pub const FORMAT: u32 = 1;

/// What `coalmine run --format json` prints.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Document<'a> {
    /// One rollout, explained.
    Told(Box<Root<'a>>),
    /// The controller refuses the policy, so there is no rollout.
    Refused(Refused<'a>),
}

#[derive(Serialize, JsonSchema)]
struct Root<'a> {
    /// The version of the document's form; it grows when a field changes its meaning or goes, not when
    /// one is added.
    format: u32,
    policy: Who<'a>,
    scenario: World<'a>,
    /// The root of all random numbers.
    seed: u64,
    /// Which of the rollouts it is.
    replication: u32,
    fidelity: Fidelity,
    /// The wall-clock instant of offset zero (RFC 9557).
    start: String,
    /// How long was watched.
    horizon_s: f64,
    #[serde(flatten)]
    outcome: Ending,
    explanation: Explanation,
    /// What happened, in order of time.
    entries: Vec<EntryView<'a>>,
    /// What was true at some hundred instants.
    course: Vec<Point<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct Refused<'a> {
    /// The version of the document's form.
    format: u32,
    policy: Who<'a>,
    /// Always `invalid`.
    verdict: Verdict,
    refusal: &'a Refusal,
}

#[derive(Serialize, JsonSchema)]
struct World<'a> {
    name: &'a str,
    title: &'a str,
    /// The fault of the release in words; null for a good one.
    fault: Option<&'a str>,
    /// What only looks like one.
    lookalike: Option<&'a str>,
    faults: &'a [Fault],
}

#[derive(Serialize, JsonSchema)]
struct Ending {
    verdict: Verdict,
    /// When it was promoted or rolled back, since the start.
    decided_s: Option<f64>,
    /// When the first request met the fault, since the start.
    fault_met_s: Option<f64>,
    /// From the first request under the fault to the decision to roll back.
    detect_s: Option<f64>,
    /// From the decision until at most 0.1 % of the requests reach the new version.
    mitigate_s: Option<f64>,
    /// Requests that arrived.
    requests: u64,
    /// Requests that the new version served.
    exposed: u64,
    /// Requests that fared worse than on the old version.
    hurt: u64,
    /// Those of them that met no pod.
    hurt_by_router: u64,
    exposed_users: u64,
    hurt_users: u64,
    /// Completions that are lost to the release, in the scenario's order of business steps.
    lost: Vec<u64>,
}

impl Ending {
    fn of(outcome: &Outcome) -> Self {
        let seconds =
            |span: Option<coalmine_policy::Span>| span.map(coalmine_policy::Span::as_secs_f64);
        Self {
            verdict: outcome.verdict,
            decided_s: seconds(outcome.decided_ns),
            fault_met_s: seconds(outcome.fault_met_ns),
            detect_s: seconds(outcome.detect_ns),
            mitigate_s: seconds(outcome.mitigate_ns),
            requests: outcome.requests,
            exposed: outcome.exposed,
            hurt: outcome.hurt,
            hurt_by_router: outcome.hurt_by_router,
            exposed_users: outcome.exposed_users,
            hurt_users: outcome.hurt_users,
            lost: outcome.lost.clone(),
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct EntryView<'a> {
    time: String,
    offset_s: f64,
    #[serde(flatten)]
    what: &'a What,
}

#[derive(Serialize, JsonSchema)]
struct Point<'a> {
    offset_s: f64,
    #[serde(flatten)]
    truth: &'a Truth,
}

/// Writes the document, with a line feed at its end.
///
/// # Errors
/// When the output cannot be written.
pub fn write_json(story: &Story<'_>, out: impl Write) -> io::Result<()> {
    let scenario = story.scenario;
    let offset = |at: Time| at.as_secs_f64();
    let entry =
        |entry: &'_ coalmine_sim::timeline::Entry| (story.wall(entry.at).to_string(), entry.at);
    let entries = story.entries().iter().map(|one| {
        let (time, at) = entry(one);
        EntryView {
            time,
            offset_s: offset(at),
            what: &one.what,
        }
    });
    let course = story.notes.course.iter().map(|(at, truth)| Point {
        offset_s: offset(*at),
        truth,
    });
    let root = Root {
        format: FORMAT,
        policy: story.policy,
        scenario: World {
            name: &scenario.name,
            title: &scenario.title,
            fault: scenario.fault_name.as_deref(),
            lookalike: scenario.lookalike_name.as_deref(),
            faults: &scenario.faults,
        },
        seed: story.seed,
        replication: story.outcome.replication,
        fidelity: story.fidelity,
        start: scenario.start.to_string(),
        horizon_s: scenario.horizon.as_secs_f64(),
        outcome: Ending::of(story.outcome),
        explanation: explain(story),
        entries: entries.collect(),
        course: course.collect(),
    };
    document::write(&Document::Told(Box::new(root)), out)
}

/// The form of the document, as a JSON Schema.
#[must_use]
pub fn schema() -> Value {
    document::schema::<Document<'static>>()
}

/// Writes the document of a policy that its controller refuses, so that there is no story.
///
/// # Errors
/// When the output cannot be written.
pub fn write_refusal_json(policy: Who<'_>, refusal: &Refusal, out: impl Write) -> io::Result<()> {
    let root = Refused {
        format: FORMAT,
        policy,
        verdict: Verdict::Invalid,
        refusal,
    };
    document::write(&Document::Refused(root), out)
}

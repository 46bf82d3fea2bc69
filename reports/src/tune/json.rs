//! What a search found as one JSON document, format 1.

use std::collections::BTreeMap;
use std::io::{self, Write};

use coalmine_scenarios::tune::Value as KnobValue;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::compare::{Axis, Difference};
use super::report::{Report, Row};
use super::search::{Fate, Tried};
use super::space::Point;
use crate::document;
use crate::gate::{Judged, Reading};
use crate::interval::CONFIDENCE;
use crate::mix::Mix;

/// The version of the document's form; it grows when a field changes its meaning or goes.
const FORMAT: u32 = 1;

/// What `coalmine tune` found.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tune")]
struct Root<'a> {
    /// The version of the document's form; it grows when a field changes its meaning or goes, not when
    /// one is added.
    format: u32,
    /// The root of all random numbers.
    seed: u64,
    /// Rollouts that might be played.
    budget: u64,
    /// Rollouts that were.
    rollouts: u64,
    /// Whether the search came to its end; false after an interruption, when nothing was confirmed.
    complete: bool,
    /// The confidence of every interval.
    confidence: f64,
    /// The policy's label.
    policy: &'a str,
    /// The controller and object.
    kind: &'a str,
    /// The scenarios' names.
    scenarios: Vec<&'a str>,
    /// How often which releases come.
    mix: Mix,
    /// What was turned.
    knobs: Vec<KnobView<'a>>,
    /// What had to be kept; where nothing is listed, to be in nothing worse than today's.
    requirements: Vec<String>,
    /// What was to be as small as possible (as large, where more is better).
    minimise: &'static str,
    /// Replications of each scenario behind each of `points`; the search had not seen them.
    runs: u32,
    /// Today's policy, and the finalists, the most wanted first.
    points: Vec<PointView<'a>>,
    /// The label of the recommended point; null where none is.
    recommended: Option<&'a str>,
    /// The recommendation and its reasons in sentences; where nothing is recommended, what blocks it.
    verdict: Vec<String>,
    /// Every point that the search tried.
    tried: Vec<TriedView<'a>>,
    /// The recommended values as a unified diff of the manifests; empty where nothing changes.
    patch: &'a str,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Knob")]
struct KnobView<'a> {
    /// Where its value stands.
    address: &'a str,
    /// The values that it may have, as a manifest has them.
    values: Vec<String>,
    /// What holds today.
    today: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Point")]
struct PointView<'a> {
    /// `today`, or a letter.
    label: &'a str,
    /// By address; null for today's policy where its values are none of the knobs'.
    values: Option<BTreeMap<&'a str, String>>,
    /// Share of bad releases that were promoted; null where no release is bad.
    missed: Option<Reading>,
    /// Share of good releases that were rolled back; null where none is good.
    false_rollback: Option<Reading>,
    /// Mean of the users that a bad release hurts (any, where none is bad).
    hurt_users: Option<Reading>,
    /// Mean seconds until the decision, or to the horizon where there is none, of the mix of releases.
    duration_s: Option<Reading>,
    /// By requirement.
    requirements: Vec<JudgedView>,
    /// Whether all are kept; null where the evidence does not say.
    keeps: Option<bool>,
    /// Paired differences, this point less today's, on the same rollouts; null for today's.
    against_today: Option<AgainstView>,
    /// Another point is as good in harm, false rollbacks and duration, and surely better in one.
    dominated: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Requirement")]
struct JudgedView {
    /// As it was typed, tidied.
    requirement: String,
    /// What became of it; null where no scenario tells.
    judged: Option<Judged>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Against")]
struct AgainstView {
    /// Share of bad releases promoted.
    missed: Option<Difference>,
    /// Share of good releases rolled back.
    false_rollback: Option<Difference>,
    /// Users hurt.
    hurt_users: Option<Difference>,
    /// Seconds.
    duration_s: Option<Difference>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tried")]
struct TriedView<'a> {
    /// By address; null for today's policy where its values are none of the knobs'.
    values: Option<BTreeMap<&'a str, String>>,
    /// Replications of each scenario in the search.
    runs: u32,
    /// `refused`, `breaks-limits`, `dominated`, `behind`, `survived` or `finalist`.
    fate: &'static str,
    /// Why the controller refuses it; null where it does not.
    why: Option<&'a str>,
    /// Estimates of the search, flattered for those that won; null where it was not played.
    hurt_users: Option<f64>,
    /// Likewise.
    false_rollback: Option<f64>,
    /// Likewise.
    duration_s: Option<f64>,
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
pub fn write(report: &Report<'_>, out: impl Write) -> io::Result<()> {
    let rows = report.rows();
    let study = &report.found.confirmed.study;
    let knob = |knob: &'_ coalmine_scenarios::tune::Knob| {
        knob.values.iter().map(KnobValue::to_string).collect()
    };
    let root = Root {
        format: FORMAT,
        seed: report.plan.seed,
        budget: report.plan.budget,
        rollouts: report.found.rollouts,
        complete: report.found.complete,
        confidence: CONFIDENCE,
        policy: report.policy,
        kind: report.kind,
        scenarios: study
            .scenarios
            .iter()
            .map(|info| info.name.as_str())
            .collect(),
        mix: report.goal.mix,
        knobs: report
            .knobs
            .iter()
            .map(|one| KnobView {
                address: &one.label,
                values: knob(one),
                today: one.today_text(),
            })
            .collect(),
        requirements: report
            .goal
            .requirements
            .iter()
            .map(ToString::to_string)
            .collect(),
        minimise: report.goal.minimise.name(),
        runs: study.runs,
        points: rows.iter().map(|row| point(report, row)).collect(),
        recommended: report.recommended(&rows).map(|row| row.label),
        verdict: report.verdict(&rows),
        tried: report
            .found
            .tried
            .iter()
            .map(|one| tried(report, one))
            .collect(),
        patch: report.patch,
    };
    document::write(&root, out)
}

/// The values of a point, by address.
pub(super) fn values<'a>(report: &Report<'a>, point: &Point) -> Option<BTreeMap<&'a str, String>> {
    let pairs = report.knobs.iter().zip(&point.0);
    pairs
        .map(|(knob, index)| Some((knob.label.as_str(), knob.values.get((*index)?)?.to_string())))
        .collect()
}

fn point<'a>(report: &Report<'a>, row: &Row<'a>) -> PointView<'a> {
    let at = |axis: Axis| {
        Axis::ALL
            .iter()
            .position(|other| *other == axis)
            .unwrap_or(0)
    };
    let reading = |axis: Axis| row.readings[at(axis)];
    let judged = report.goal.requirements.iter().zip(&row.judged);
    PointView {
        label: row.label,
        values: row.point.and_then(|point| values(report, point)),
        missed: reading(Axis::Missed),
        false_rollback: reading(Axis::FalseRollback),
        hurt_users: reading(Axis::Harm),
        duration_s: reading(Axis::Duration),
        requirements: judged
            .map(|(one, judged)| JudgedView {
                requirement: one.to_string(),
                judged: *judged,
            })
            .collect(),
        keeps: row.keeps(),
        against_today: row.against_today.as_ref().map(|against| AgainstView {
            missed: against[at(Axis::Missed)],
            false_rollback: against[at(Axis::FalseRollback)],
            hurt_users: against[at(Axis::Harm)],
            duration_s: against[at(Axis::Duration)],
        }),
        dominated: row.dominated,
    }
}

impl Fate {
    /// Its name in documents.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Breaks => "breaks-limits",
            Self::Dominated => "dominated",
            Self::Behind => "behind",
            Self::Survived => "survived",
            Self::Finalist => "finalist",
        }
    }
}

fn tried<'a>(report: &Report<'a>, one: &'a Tried) -> TriedView<'a> {
    let [harm, alarms, duration] = one.front.map(|x| Some(x).filter(|x| x.is_finite()));
    TriedView {
        values: values(report, &one.point),
        runs: one.runs,
        fate: one.fate.name(),
        why: match &one.fate {
            Fate::Refused(why) => Some(why),
            _ => None,
        },
        hurt_users: harm,
        false_rollback: alarms,
        duration_s: duration,
    }
}

//! A check as one JSON document, format 1.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Checked, Compared, Tested, Verdict};
use crate::document;
use crate::gate::Judged;
use coalmine_sim::event::PolicyInfo;

/// The version of the document's form; it grows when a field changes its meaning or goes.
const DOCUMENT: u32 = 1;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Check")]
struct Root<'a> {
    /// The version of the document's form; it grows when a field changes its meaning or goes, not when
    /// one is added.
    format: u32,
    /// What people call the suite.
    suite: &'a str,
    /// `passed`, `not enough evidence` or `failed`.
    verdict: &'static str,
    /// The same in a sentence.
    sentence: String,
    seed: u64,
    /// Replications of each scenario under each policy; at least so many where a precision was wanted.
    runs: u32,
    /// Whether everything was run; false after an interruption.
    complete: bool,
    /// The chance of blaming any policy that is no worse.
    family_error: f64,
    policies: Vec<PolicyView<'a>>,
    /// Each gate at each policy.
    gates: Vec<GateView<'a>>,
    /// Each measure of each scenario under each policy against the baseline.
    comparisons: Vec<ChangeView<'a>>,
    /// What was not compared.
    not_compared: Vec<SkippedView>,
    /// Policies and scenarios that only the baseline has.
    gone: &'a [String],
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Policy")]
struct PolicyView<'a> {
    label: &'a str,
    kind: &'a str,
    file: &'a str,
    /// Why its controller refuses it; null where it does not.
    refused: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Gate")]
struct GateView<'a> {
    /// As the suite says it.
    gate: String,
    policy: &'a str,
    /// Null over the mix of all.
    scenario: Option<&'a str>,
    #[serde(flatten)]
    judged: Judged,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Comparison")]
struct ChangeView<'a> {
    policy: &'a str,
    scenario: &'a str,
    measure: &'a str,
    /// `equal`, `not worse`, `seems worse` or `worse`.
    outcome: &'static str,
    /// The p-value, corrected for all comparisons (Holm).
    p_family: f64,
    #[serde(flatten)]
    tested: &'a Tested,
    /// Rollouts that turned, played again.
    replayed: Vec<ReplayedView<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Replayed")]
struct ReplayedView<'a> {
    replication: u32,
    /// How it ended before; null where means are compared.
    before: Option<&'static str>,
    now: &'static str,
    why: &'a str,
    /// The command that tells it.
    command: &'a str,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NotCompared")]
struct SkippedView {
    why: String,
    cure: String,
}

/// Writes the document, with a line feed at its end.
///
/// # Errors
/// When the output cannot be written.
pub fn write(checked: &Checked<'_>, out: impl Write) -> io::Result<()> {
    let study = &checked.summary.study;
    let verdict: Verdict = checked.verdict();
    let root = Root {
        format: DOCUMENT,
        suite: &checked.title,
        verdict: verdict.word(),
        sentence: checked.verdict_sentence(),
        seed: study.seed,
        runs: study.runs,
        complete: checked.summary.complete,
        family_error: checked.family_error,
        policies: study.policies.iter().map(policy).collect(),
        gates: gates(checked),
        comparisons: comparisons(checked),
        not_compared: checked
            .against
            .skipped
            .iter()
            .map(|skipped| {
                let (why, cure) = checked.skipped_sentence(skipped);
                SkippedView { why, cure }
            })
            .collect(),
        gone: &checked.against.gone,
    };
    document::write(&root, out)
}

fn policy(info: &PolicyInfo) -> PolicyView<'_> {
    PolicyView {
        label: &info.label,
        kind: &info.kind,
        file: &info.file,
        refused: info.invalid.as_ref().map(|refusal| &*refusal.reason),
    }
}

fn gates<'a>(checked: &'a Checked<'_>) -> Vec<GateView<'a>> {
    let gate = |result: &'a super::GateResult| {
        let gate = checked.gates.get(result.gate)?;
        Some(GateView {
            gate: gate.requirement.to_string(),
            policy: checked.summary.label_of(result.policy),
            scenario: result.scenario.map(|one| checked.scenario(Some(one))),
            judged: result.judged,
        })
    };
    checked.results.iter().filter_map(gate).collect()
}

fn comparisons<'a>(checked: &'a Checked<'_>) -> Vec<ChangeView<'a>> {
    let changes = checked.against.changes.iter().enumerate();
    let view = changes.map(|(index, change)| ChangeView {
        policy: checked.summary.label_of(change.policy),
        scenario: checked.scenario(Some(change.scenario)),
        measure: change.measure,
        outcome: match checked.compared(change) {
            Compared::Equal => "equal",
            Compared::NotWorse => "not worse",
            Compared::Suspected => "seems worse",
            Compared::Worse => "worse",
        },
        p_family: change.p_family,
        tested: &change.tested,
        replayed: checked
            .replayed
            .iter()
            .filter(|one| one.change == index)
            .map(|one| ReplayedView {
                replication: one.replication,
                before: one.before.map(super::End::word),
                now: one.now.word(),
                why: &one.why,
                command: &one.command,
            })
            .collect(),
    });
    view.collect()
}

/// The form of the document, as a JSON Schema.
#[must_use]
pub fn schema() -> Value {
    document::schema::<Root<'static>>()
}

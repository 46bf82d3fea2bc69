//! What keeps the nearest point from the requirements, looked up in rollouts of it.

use coalmine_reports::gate::{Measure, Requirement};
use coalmine_reports::tune::blocks::{Allowed, Missed, Seen};
use coalmine_reports::tune::{Found, Report};
use coalmine_sim::scenario::Scenario;
use coalmine_sim::stage::Stage;
use coalmine_sim::timeline::What;
use coalmine_sim::truth::Truth;
use coalmine_sim::witness::Notes;
use coalmine_sim::world::World;

use super::play::Setting;

/// So many scenarios are told of.
const MOST: usize = 3;

/// Sentences on the scenarios that the nearest point fails most in.
pub(super) fn blocks(setting: Setting<'_>, report: &Report<'_>) -> Vec<String> {
    let (found, goal) = (report.found, report.goal);
    let rows = report.rows();
    let Some(row) = report.nearest(&rows).filter(|_| !goal.is_relative()) else {
        return Vec::new();
    };
    let limit = |measure: Measure| {
        let of = |one: &&Requirement| one.measure == measure;
        goal.requirements.iter().find(of).map(|one| one.limit)
    };
    let Some(missed) = limit(Measure::Missed).or_else(|| limit(Measure::MissedHarmful)) else {
        return Vec::new();
    };
    let allowed = Allowed {
        missed,
        false_rollback: limit(Measure::FalseRollback).unwrap_or(0.01),
    };
    let cells = found.confirmed.cells.iter();
    let mut failing: Vec<_> = cells
        .filter(|cell| cell.policy == row.policy)
        .filter_map(|cell| Some((cell.scenario, cell.missed.filter(|rate| rate.low > missed)?)))
        .collect();
    failing.sort_by(|a, b| b.1.share.total_cmp(&a.1.share).then(a.0.cmp(&b.0)));
    let told = failing.iter().take(MOST).filter_map(|(index, rate)| {
        let scenario = setting.inputs.scenarios.get(*index)?;
        let missed = Missed {
            scenario: &scenario.name,
            rate: *rate,
            seen: seen(setting, found, row.policy, scenario)?,
            errors: errors(scenario),
        };
        Some(missed.sentence(allowed))
    });
    told.collect()
}

/// What was true just before the decision in the first of the fresh rollouts.
fn seen(setting: Setting<'_>, found: &Found, policy: usize, scenario: &Scenario) -> Option<Seen> {
    let point = match policy {
        0 => &found.tried.first()?.point,
        other => found.finalists.get(other - 1)?,
    };
    let policy = setting.policy(point).ok()?;
    let stage = Stage::new(scenario, &*policy.subject).ok()?;
    let mut notes = Notes::default();
    let outcome = World::new(&stage, setting.seed).run(coalmine_reports::tune::FRESH, &mut notes);
    let decided = outcome.decided_ns.unwrap_or(scenario.horizon).nanos();
    let notes = notes.in_order();
    let before = notes
        .entries
        .iter()
        .filter(|entry| entry.at.nanos() <= decided);
    let truths = before.filter_map(|entry| match &entry.what {
        What::Truth(truth) => Some(truth),
        _ => None,
    });
    let truths: Vec<&Truth> = truths.collect();
    Some(Seen {
        requests: truths.last()?.new_requests,
        shows: truths.iter().any(|truth| truth.fault_shows),
    })
}

/// The shares of failures of the old version and the new one, where the release fails more often and its
/// answers are not also slower.
fn errors(scenario: &Scenario) -> Option<(f64, f64)> {
    let own = || scenario.faults.iter().filter(|fault| fault.is_of_release());
    let base = scenario.service.error_share;
    let good = own().fold(1.0 - base, |good, fault| good * (1.0 - fault.error_share));
    let is_all = own().all(|fault| fault.error_share > 0.0);
    is_all.then_some((base, 1.0 - good))
}

//! Rollouts of what became worse, played again: how each ended before and now, and why.

use std::collections::BTreeMap;

use coalmine_reports::Surprise;
use coalmine_reports::check::{Change, Checked, Compared, End, Lock, Replayed};
use coalmine_reports::timeline::{Story, Who, explain};
use coalmine_sim::outcome::{Outcome, Verdict};
use coalmine_sim::stream::Seed;
use coalmine_sim::witness::Notes;
use coalmine_sim::world::{Nobody, World};

use super::suite::Loaded;
use crate::failure::Failure;
use crate::replay;

/// So many worsenings are looked into.
const CHANGES: usize = 5;
/// So many rollouts of each.
const EACH: usize = 3;
/// So many rollouts of a mean are played to find the one that matters most.
const SOUGHT: u32 = 64;

pub(super) fn replayed(
    loaded: &Loaded,
    checked: &Checked<'_>,
    lock: Option<&Lock>,
) -> Result<Vec<Replayed>, Failure> {
    let worse: Vec<_> = checked.that_are(Compared::Worse).take(CHANGES).collect();
    if worse.is_empty() {
        return Ok(Vec::new());
    }
    let inputs = &loaded.inputs;
    let stages = inputs.stages()?;
    let arguments = arguments(loaded);
    let mut all = Vec::new();
    for (index, change) in worse {
        // Stages stand scenario by scenario, policies within.
        let stage = stages.get(change.scenario * inputs.policies.len() + change.policy);
        let (Some(Some(stage)), Some(policy), Some(scenario)) = (
            stage,
            inputs.policies.get(change.policy),
            inputs.scenarios.get(change.scenario),
        ) else {
            continue;
        };
        let mut world = World::new(stage, Seed(loaded.suite.seed));
        let before = lock.and_then(|lock| {
            let kept = lock.policies.get(&policy.label)?;
            kept.scenarios.get(&*scenario.name)?.ends()
        });
        for replication in chosen(change, &mut world) {
            let mut notes = Notes::default();
            let outcome = world.run(replication, &mut notes);
            let notes = notes.in_order();
            let story = Story {
                policy: Who {
                    label: &policy.label,
                    kind: policy.kind,
                    file: &policy.file,
                },
                scenario,
                seed: loaded.suite.seed,
                fidelity: inputs.fidelity,
                outcome: &outcome,
                notes: &notes,
            };
            let why = explain(&story).why.into_iter().next().unwrap_or_default();
            let shares = !change.tested.turned.is_empty();
            let ends = before.as_ref().filter(|_| shares);
            let surprise = Surprise {
                policy: policy.label.clone(),
                scenario: scenario.name.to_string(),
                replication,
                why: String::new(),
            };
            all.push(Replayed {
                change: index,
                replication,
                before: ends.map(|ends| ends.end(replication as usize)),
                now: end(&outcome),
                why,
                command: replay::command(&loaded.world, &arguments, &surprise),
            });
        }
    }
    Ok(all)
}

/// The first that turned, or of means the one that has most in the block that grew most.
fn chosen(change: &Change, world: &mut World<'_>) -> Vec<u32> {
    let Some((from, to)) = change.tested.most else {
        return change.tested.turned.iter().copied().take(EACH).collect();
    };
    let of = |outcome: &Outcome| match change.measure {
        "hurt" => outcome.hurt,
        "hurt-users" => outcome.hurt_users,
        _ => outcome
            .decided_ns
            .map_or(u64::MAX, coalmine_policy::Span::nanos),
    };
    let mut best: Option<(u64, u32)> = None;
    for replication in from..=to.min(from.saturating_add(SOUGHT - 1)) {
        let value = of(&world.run(replication, &mut Nobody));
        // The first of equals.
        if best.is_none_or(|(most, _)| value > most) {
            best = Some((value, replication));
        }
    }
    best.into_iter()
        .map(|(_, replication)| replication)
        .collect()
}

const fn end(outcome: &Outcome) -> End {
    match outcome.verdict {
        Verdict::Promoted => End::Promoted,
        Verdict::RolledBack => End::RolledBack,
        Verdict::Stuck | Verdict::Invalid => End::Stuck,
    }
}

/// The `--scenario` of each scenario, seen from the working folder instead of from the suite file.
fn arguments(loaded: &Loaded) -> BTreeMap<String, String> {
    let seen = |(name, argument): (&String, &String)| {
        let path = argument.split('#').next().unwrap_or_default();
        let whole = loaded.folder.join(path);
        let argument = if whole.exists() {
            loaded.folder.join(argument).display().to_string()
        } else {
            argument.clone()
        };
        (name.clone(), argument)
    };
    loaded.inputs.arguments.iter().map(seen).collect()
}

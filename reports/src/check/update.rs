//! What is other in a new baseline than in the old one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{KeptCell, Lock};
use crate::gate::Measure;
use crate::human::NOTHING;

/// The difference, a line for each measure that changed; the file is that of the baseline.
#[must_use]
pub fn update(old: Option<&Lock>, new: &Lock, file: &str) -> String {
    let Some(old) = old else {
        return format!(
            "recorded {file}: {} and {}\n",
            crate::human::counted(new.policies.len(), "policy", "policies"),
            crate::human::counted(new.scenarios.len(), "scenario", "scenarios")
        );
    };
    let mut text = String::new();
    names(
        "policy",
        old.policies.keys(),
        new.policies.keys(),
        &mut text,
    );
    names(
        "scenario",
        old.scenarios.keys(),
        new.scenarios.keys(),
        &mut text,
    );
    if old.seed != new.seed {
        let _ = writeln!(text, "seed: {} → {}", old.seed, new.seed);
    }
    if (&old.coalmine, &old.simulator) != (&new.coalmine, &new.simulator) {
        let (then, now) = (&old.coalmine, &new.coalmine);
        // Between two versions there are builds.
        let _ = if then == now {
            writeln!(text, "simulator: another build of coalmine {now}")
        } else {
            writeln!(text, "simulator: of coalmine {then} → {now}")
        };
    }
    for (name, world) in &new.scenarios {
        if old
            .scenarios
            .get(name)
            .is_some_and(|then| then.behaviour != world.behaviour)
        {
            let _ = writeln!(text, "scenario {name}: does something else");
        }
    }
    for (label, kept) in &new.policies {
        let Some(then) = old.policies.get(label) else {
            continue;
        };
        measures(label, "the mix", (&then.mix, &kept.mix), &mut text);
        for (scenario, cell) in &kept.scenarios {
            if let Some(then) = then.scenarios.get(scenario) {
                cells(label, scenario, (then, cell), &mut text);
            }
        }
    }
    if text.is_empty() {
        return format!("{file} stays as it is\n");
    }
    format!("recorded {file}, which differs in\n{text}")
}

fn names<'a>(
    what: &str,
    old: impl Iterator<Item = &'a String> + Clone,
    new: impl Iterator<Item = &'a String> + Clone,
    text: &mut String,
) {
    for gone in old
        .clone()
        .filter(|name| !new.clone().any(|one| one == *name))
    {
        let _ = writeln!(text, "- {what} {gone}");
    }
    for added in new.filter(|name| !old.clone().any(|one| one == *name)) {
        let _ = writeln!(text, "+ {what} {added}");
    }
}

fn cells(label: &str, scenario: &str, (then, now): (&KeptCell, &KeptCell), text: &mut String) {
    if then.n != now.n {
        let _ = writeln!(text, "{label} in {scenario}: n {} → {}", then.n, now.n);
    }
    measures(label, scenario, (&then.measures, &now.measures), text);
}

fn measures(
    label: &str,
    scenario: &str,
    (then, now): (&BTreeMap<String, f64>, &BTreeMap<String, f64>),
    text: &mut String,
) {
    let mut names: Vec<&String> = then.keys().chain(now.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let (before, after) = (then.get(name), now.get(name));
        if before == after {
            continue;
        }
        let say = |value: Option<&f64>| match (Measure::named(name), value) {
            (Some(measure), Some(value)) => measure.say(*value),
            _ => NOTHING.to_owned(),
        };
        let (before, after) = (say(before), say(after));
        // Less than the last digit that is printed is no news.
        if before != after {
            let _ = writeln!(text, "{label} in {scenario}: {name} {before} → {after}");
        }
    }
}

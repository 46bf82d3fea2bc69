//! A study against its baseline: what is compared, and what cannot be.

use super::compare::{Change, compare, holm};
use super::{Ends, Lock, Recorder, Today};
use crate::summary::Summary;

/// Why something is not compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// There is no baseline yet.
    NoBaseline,
    /// Its replications had other random numbers.
    Seed(u64),
    /// Its simulator does something else; that of this version recorded it.
    Simulator(String),
    /// The scenario's text was changed, and it does something else.
    Scenario,
    /// What the scenario is made of was changed: its base, or measured traffic.
    Beneath,
    /// The scenario is new.
    NewScenario,
    /// The policy is new.
    NewPolicy,
    /// Its controller refused the policy when the baseline was recorded.
    WasRefused,
}

/// Something that is not compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Index of the scenario; `None` for all of them.
    pub scenario: Option<usize>,
    /// Index of the policy; `None` for all of them.
    pub policy: Option<usize>,
    /// Why not.
    pub why: Why,
}

/// A study against its baseline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Against {
    /// The version of coalmine that recorded the baseline; `None` where there is none.
    pub recorded_by: Option<String>,
    /// Every measure of every scenario under every policy that could be compared, p-values corrected.
    pub changes: Vec<Change>,
    /// What could not.
    pub skipped: Vec<Skipped>,
    /// Policies and scenarios of the baseline that the suite has no more.
    pub gone: Vec<String>,
}

/// Compares a study with its baseline.
#[must_use]
pub fn against(
    lock: Option<&Lock>,
    (summary, recorder, today): (&Summary, &Recorder, &Today),
    not_worse: &[&'static str],
) -> Against {
    let mut found = Against::default();
    if not_worse.is_empty() {
        return found;
    }
    let all = |why| Skipped {
        scenario: None,
        policy: None,
        why,
    };
    let Some(lock) = lock else {
        found.skipped.push(all(Why::NoBaseline));
        return found;
    };
    found.recorded_by = Some(lock.coalmine.clone());
    found.gone = gone(lock, summary);
    if lock.seed != summary.study.seed {
        found.skipped.push(all(Why::Seed(lock.seed)));
        return found;
    }
    let study = &summary.study;
    for (policy, info) in study.policies.iter().enumerate() {
        let why = match lock.policies.get(&info.label) {
            None => Why::NewPolicy,
            Some(kept) if kept.refused && info.invalid.is_none() => Why::WasRefused,
            Some(_) => continue,
        };
        found.skipped.push(Skipped {
            scenario: None,
            policy: Some(policy),
            why,
        });
    }
    for (scenario, info) in study.scenarios.iter().enumerate() {
        let cells = pairs(lock, (scenario, &info.name), (summary, recorder, today));
        if let Some(why) = differs(lock, scenario, &info.name, today, &cells) {
            found.skipped.push(Skipped {
                scenario: Some(scenario),
                policy: None,
                why,
            });
            continue;
        }
        for pair in &cells {
            let cell = (pair.policy, scenario);
            let ends = (&pair.before, pair.now);
            let changes = compare(cell, info.is_faulty(), not_worse, ends);
            found.changes.extend(changes);
        }
    }
    if let [_, ..] = &found.skipped[..] {
        found.skipped = summed_up(found.skipped, study.scenarios.len());
    }
    holm(&mut found.changes);
    found
}

/// The rollouts of a scenario under a policy, then and now.
struct Pair<'r> {
    policy: usize,
    before: Ends,
    now: &'r Ends,
    /// Whether the policy says what it said then.
    is_untouched: bool,
}

fn pairs<'r>(
    lock: &Lock,
    (scenario, name): (usize, &str),
    (summary, recorder, today): (&Summary, &'r Recorder, &Today),
) -> Vec<Pair<'r>> {
    let cells = recorder.cells.iter().filter(|cell| cell.1 == scenario);
    let pair = |(policy, _, now): &'r (usize, usize, Ends)| {
        let label = &summary.study.policies.get(*policy)?.label;
        let kept = lock.policies.get(label)?;
        let before = kept.scenarios.get(name)?.ends()?;
        (!now.is_empty()).then(|| Pair {
            policy: *policy,
            before,
            now,
            is_untouched: today.says.get(*policy) == Some(&kept.says),
        })
    };
    cells.filter_map(pair).collect()
}

/// Why a scenario cannot be compared, if it cannot.
fn differs(
    lock: &Lock,
    scenario: usize,
    name: &str,
    today: &Today,
    cells: &[Pair<'_>],
) -> Option<Why> {
    let Some(then) = lock.scenarios.get(name) else {
        return Some(Why::NewScenario);
    };
    let now = today.worlds.get(scenario)?;
    let is_other_simulator = lock.simulator != today.simulator;
    if then.behaviour != now.behaviour {
        return Some(if then.text != now.text {
            Why::Scenario
        } else if is_other_simulator || lock.coalmine != env!("CARGO_PKG_VERSION") {
            Why::Simulator(lock.coalmine.clone())
        } else {
            Why::Beneath
        });
    }
    // A policy that nobody touched is the best witness of all: where its rollouts end otherwise, the
    // world is another one, whatever the reference rollouts say.
    let ends_otherwise = |pair: &Pair<'_>| pair.is_untouched && !pair.before.agrees(pair.now);
    cells
        .iter()
        .any(ends_otherwise)
        .then(|| Why::Simulator(lock.coalmine.clone()))
}

/// One line instead of one for each scenario, where all have the same reason.
fn summed_up(skipped: Vec<Skipped>, scenarios: usize) -> Vec<Skipped> {
    let (each, mut others): (Vec<_>, Vec<_>) =
        skipped.into_iter().partition(|one| one.scenario.is_some());
    match &each[..] {
        [first, rest @ ..]
            if each.len() == scenarios && rest.iter().all(|one| one.why == first.why) =>
        {
            others.push(Skipped {
                scenario: None,
                ..first.clone()
            });
        }
        _ => others.extend(each),
    }
    others
}

fn gone(lock: &Lock, summary: &Summary) -> Vec<String> {
    let study = &summary.study;
    let policies = lock.policies.keys().filter(|label| {
        let mut policies = study.policies.iter();
        !policies.any(|policy| policy.label == **label)
    });
    let scenarios = lock.scenarios.keys().filter(|name| {
        let mut scenarios = study.scenarios.iter();
        !scenarios.any(|scenario| scenario.name == **name)
    });
    policies.chain(scenarios).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::tests::{played, recorded};

    const MEASURES: [&str; 3] = ["missed", "false-rollback", "hurt-users"];

    fn lock() -> Lock {
        let (summary, recorder, today) = recorded();
        Lock::new(&summary, &recorder, &today)
    }

    fn compared(lock: &Lock, right: u32, change: impl FnOnce(&mut Today)) -> Against {
        let (summary, recorder, mut today) = played(right);
        change(&mut today);
        against(Some(lock), (&summary, &recorder, &today), &MEASURES)
    }

    fn worse(found: &Against) -> Vec<(usize, usize, &str)> {
        let worse = found.changes.iter().filter(|change| change.p_family < 0.05);
        worse.map(|c| (c.policy, c.scenario, c.measure)).collect()
    }

    #[test]
    fn an_untouched_policy_differs_in_nothing() {
        let found = compared(&lock(), 990, |_| ());
        assert!(found.changes.iter().all(|change| !change.tested.differs()));
        assert_eq!(
            (found.changes.len(), found.skipped, found.gone),
            (8, vec![], vec![])
        );
        assert_eq!(
            found.recorded_by.as_deref(),
            Some(env!("CARGO_PKG_VERSION"))
        );
    }

    #[test]
    fn a_policy_made_worse_is_caught_where_it_is_worse() {
        let found = compared(&lock(), 970, |_| ());
        assert_eq!(worse(&found), [(0, 1, "missed")]);
        let missed = &found
            .changes
            .iter()
            .find(|c| c.measure == "missed" && c.policy == 0);
        let tested = &missed.expect("is compared").tested;
        assert_eq!(tested.turned, (970..990).collect::<Vec<_>>());
        // One that was made better is not.
        assert_eq!(worse(&compared(&lock(), 999, |_| ())), []);
    }

    #[test]
    fn another_world_is_told_apart_from_another_policy() {
        let why = |found: Against| {
            let why = found.skipped.into_iter().map(|one| (one.scenario, one.why));
            why.collect::<Vec<_>>()
        };
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let other = |text: &str| text.to_owned();
        // The scenario's text and what it does.
        let found = compared(&lock(), 970, |today| {
            today.worlds[1].text = other("x");
            today.worlds[1].behaviour = other("y");
        });
        assert_eq!(worse(&found), []);
        assert_eq!(why(found), [(Some(1), Why::Scenario)]);
        // Its text alone: a comment.
        let found = compared(&lock(), 970, |today| today.worlds[1].text = other("x"));
        assert_eq!(worse(&found).len(), 1);
        // What it does alone.
        let found = compared(&lock(), 970, |today| today.worlds[1].behaviour = other("y"));
        assert_eq!(why(found), [(Some(1), Why::Beneath)]);
        // The simulator, which says so itself.
        let found = compared(&lock(), 970, |today| {
            today.simulator = other("another");
            today.worlds.iter_mut().for_each(|w| w.behaviour += "!");
        });
        assert_eq!(why(found), [(None, Why::Simulator(version.clone()))]);
        // One that is another and does the same here is no reason.
        let found = compared(&lock(), 970, |today| today.simulator = other("another"));
        assert_eq!(worse(&found).len(), 1);
        // A policy that nobody touched ends otherwise.
        let found = compared(&lock(), 970, |today| today.says[0] = other("careful 990"));
        assert_eq!(worse(&found), []);
        assert_eq!(why(found), [(Some(1), Why::Simulator(version))]);
    }

    #[test]
    fn what_has_no_counterpart_is_told() {
        let (summary, recorder, today) = recorded();
        let study = (&summary, &recorder, &today);
        let none = against(None, study, &MEASURES);
        assert_eq!(none.skipped[0].why, Why::NoBaseline);
        assert_eq!(against(None, study, &[]), Against::default());
        let mut lock = lock();
        lock.seed = 7;
        let found = against(Some(&lock), study, &MEASURES);
        assert_eq!(
            (found.skipped[0].why.clone(), found.changes.len()),
            (Why::Seed(7), 0)
        );
        lock.seed = 42;
        let careful = lock.policies.remove("careful").expect("is there");
        lock.policies.insert("former".to_owned(), careful);
        lock.policies.get_mut("blind").expect("is there").refused = true;
        let world = lock.scenarios.remove("steady/healthy").expect("is there");
        lock.scenarios.insert("old/one".to_owned(), world);
        let found = against(Some(&lock), study, &MEASURES);
        let told: Vec<_> = found.skipped.into_iter().map(|one| one.why).collect();
        assert_eq!(told, [Why::NewPolicy, Why::WasRefused, Why::NewScenario]);
        assert_eq!(found.gone, ["former", "old/one"]);
    }
}

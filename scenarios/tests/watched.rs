//! Watching a rollout changes nothing, and what was seen can be played again.

use coalmine_policy::source::Diagnostics;
use coalmine_policy::{Exchange, Record, Template, Time};
use coalmine_scenarios::manifests::{self, Policy};
use coalmine_scenarios::{catalogue, policies};
use coalmine_sim::fidelity::Fidelity;
use coalmine_sim::outcome::{Outcome, Verdict};
use coalmine_sim::scenario::Scenario;
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::subject::OLD_TEMPLATE;
use coalmine_sim::timeline::What;
use coalmine_sim::truth::Truth;
use coalmine_sim::witness::{Nobody, Notes};
use coalmine_sim::world::World;

/// Worlds that differ in what a truth must know of: load, pods, routes, the clock, orders, drains.
const SCENARIOS: [&str; 9] = [
    "market-open/overload-only",
    "off-peak/errors-2",
    "steady/slow",
    "incidents/hot-canary",
    "faults/bad-pod",
    "faults/crash-loop",
    "faults/flapping",
    "faults/orders-lost",
    "look-alikes/cold-cache",
];

fn all() -> Vec<Policy> {
    let all = manifests::embedded(policies::policies(), &mut Diagnostics::new());
    let runs = |policy: &Policy| policy.subject.refusal().is_none();
    all.into_iter().filter(runs).collect()
}

fn scenario(name: &str) -> Scenario {
    catalogue::find(name).expect("is in the catalogue")
}

fn watched(stage: &Stage<'_>, replication: u32) -> (Outcome, Notes) {
    let mut notes = Notes::default();
    let outcome = World::new(stage, Seed(7)).run(replication, &mut notes);
    (outcome, notes.in_order())
}

#[test]
fn watching_changes_nothing() {
    for name in SCENARIOS {
        let scenario = scenario(name);
        for policy in all() {
            let stage = Stage::new(&scenario, &*policy.subject).expect("answerable");
            let mut world = World::new(&stage, Seed(7));
            let alone: Vec<_> = (0..3).map(|i| world.run(i, &mut Nobody)).collect();
            // One world for all, so that what a truth works out stays for the next replication.
            let mut world = World::new(&stage, Seed(7));
            let seen: Vec<_> = (0..3)
                .map(|i| world.run(i, &mut Notes::default()))
                .collect();
            assert_eq!(alone, seen, "{} in {name}", policy.label);
        }
    }
}

#[test]
fn watching_every_request_changes_nothing() {
    let scenario = scenario("off-peak/errors-20");
    for policy in all() {
        let stage = Stage::new(&scenario, &*policy.subject).expect("answerable");
        let stage = stage.with_fidelity(Fidelity::Request);
        let alone = World::new(&stage, Seed(7)).run(2, &mut Nobody);
        assert_eq!(alone, watched(&stage, 2).0, "{}", policy.label);
    }
}

#[test]
fn every_input_gives_the_same_effects_again() {
    for name in SCENARIOS {
        let scenario = scenario(name);
        for policy in all() {
            let stage = Stage::new(&scenario, &*policy.subject).expect("answerable");
            let (_, notes) = watched(&stage, 1);
            assert!(notes.exchanges.len() > 5, "{} in {name}", policy.label);
            let mut engine = policy
                .subject
                .start(notes.first_look, Template::new(OLD_TEMPLATE));
            for exchange in &notes.exchanges {
                let text = serde_json::to_string(exchange).expect("serialises");
                let read: Exchange = serde_json::from_str(&text).expect("reads back");
                let again = Exchange::with(&mut *engine, read.at_ns, read.input);
                let again = serde_json::to_string(&again).expect("serialises");
                assert_eq!(again, text, "{} in {name}", policy.label);
            }
        }
    }
}

#[test]
fn the_records_are_those_that_went_through_the_seam() {
    let scenario = scenario("market-open/overload-only");
    for policy in all() {
        let stage = Stage::new(&scenario, &*policy.subject).expect("answerable");
        let (_, notes) = watched(&stage, 0);
        let effects = notes.exchanges.iter().flat_map(|one| &one.effects);
        let through: Vec<&Record> = effects
            .filter_map(|effect| match effect {
                coalmine_policy::Effect::Record(record) => Some(record),
                _ => None,
            })
            .collect();
        let entries = notes.entries.iter();
        let told: Vec<&Record> = entries
            .filter_map(|entry| match &entry.what {
                What::Record(record) => Some(record),
                _ => None,
            })
            .collect();
        assert_eq!(through.len(), told.len(), "{}", policy.label);
        assert!(told.iter().all(|record| through.contains(record)));
    }
}

/// The truths of a rollout by instant, and when something was judged.
fn truths(notes: &Notes) -> (Vec<(Time, &Truth)>, Vec<Time>) {
    let mut all = (Vec::new(), Vec::new());
    for entry in &notes.entries {
        match &entry.what {
            What::Truth(truth) => all.0.push((entry.at, truth)),
            What::Record(Record::Decided { .. } | Record::Measured { .. }) => all.1.push(entry.at),
            _ => {}
        }
    }
    all.1.dedup();
    all
}

#[test]
fn each_decision_has_its_truth_and_the_truth_is_that_of_the_scenario() {
    let scenario = scenario("steady/errors-20");
    let policies = all();
    let tutorial = policies.iter().find(|p| p.label == "flagger-tutorial");
    let policy = tutorial.expect("is embedded");
    let stage = Stage::new(&scenario, &*policy.subject).expect("answerable");
    let (outcome, notes) = watched(&stage, 0);
    assert_eq!(outcome.verdict, Verdict::RolledBack);
    let (truths, judged) = truths(&notes);
    let instants: Vec<Time> = truths.iter().map(|(at, _)| *at).collect();
    assert_eq!(instants, judged);
    let (_, last) = truths.last().expect("a rollback");
    let (new, old) = (
        last.new.as_ref().expect("serves"),
        last.old.as_ref().expect("serves"),
    );
    // Independent of the ordinary errors: 1 - 0.8 * 0.999.
    assert!((new.error_share - 0.2008).abs() < 1e-9, "{new:?}");
    assert!((old.error_share - 0.001).abs() < 1e-9, "{old:?}");
    assert!((new.p99_s - 0.3).abs() < 1e-3, "{new:?}");
    assert!(last.fault_shows);
    let written = last.written.expect("a router splits");
    assert!((written - last.new_share).abs() < 1e-9, "{last:?}");
    // What the new version was expected to serve, and what it did: Poisson.
    let served = last.new_requests;
    let spread = 6.0 * served.sqrt();
    assert!((served - outcome.exposed as f64).abs() < spread, "{served}");
}

#[test]
fn a_fault_that_needs_load_shows_when_there_is_load() {
    let scenario = scenario("market-open/overload-only");
    let policies = all();
    let policy = policies.iter().find(|p| p.label == "flagger-tutorial");
    let policy = policy.expect("is embedded");
    let stage = Stage::new(&scenario, &*policy.subject).expect("answerable");
    let (_, notes) = watched(&stage, 0);
    let mut loads = [0_usize; 2];
    for (at, truth) in &notes.course {
        let Some(new) = truth.new.as_ref().filter(|_| truth.new_share > 0.0) else {
            continue;
        };
        // The threshold of the scenario; truth and load are of the same instant, give or take.
        if (new.rps_per_pod - 40.0).abs() < 0.5 {
            continue;
        }
        let is_loaded = new.rps_per_pod > 40.0;
        loads[usize::from(is_loaded)] += 1;
        assert_eq!(truth.fault_shows, is_loaded, "{at}: {truth:?}");
        assert_eq!(new.error_share > 0.1, is_loaded, "{at}: {truth:?}");
    }
    assert!(loads.iter().all(|count| *count > 10), "{loads:?}");
}

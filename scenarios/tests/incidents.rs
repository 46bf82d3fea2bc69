//! The scenarios beyond the default suite do to policies what their reasons say.

#[path = "common/manifest.rs"]
mod common;

use coalmine_policy::source::Diagnostics;
use coalmine_scenarios::manifests::{self, Policy};
use coalmine_scenarios::{catalogue, policies};
use coalmine_sim::outcome::Verdict;
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::subject::Subject;
use coalmine_sim::world::{Nobody, World};
use common::read;

const RUNS: u32 = 60;

fn embedded() -> Vec<Policy> {
    let mut found = Diagnostics::new();
    let mut all = manifests::embedded(policies::policies(), &mut found);
    all.retain(|policy| policy.subject.refusal().is_none());
    all
}

/// How many of sixty rollouts are rolled back.
fn rolled_back(policy: &dyn Subject, scenario: &str) -> u32 {
    let scenario = catalogue::find(scenario).expect("is in the catalogue");
    let stage = Stage::new(&scenario, policy).expect("answerable");
    let mut world = World::new(&stage, Seed(42));
    let mut back = |run: &u32| world.run(*run, &mut Nobody).verdict == Verdict::RolledBack;
    u32::try_from((0..RUNS).filter(&mut back).count()).expect("few")
}

#[test]
fn every_policy_can_be_tried_in_every_scenario() {
    for policy in embedded() {
        for name in catalogue::names() {
            let scenario = catalogue::find(name).expect("is in the catalogue");
            let stage = Stage::new(&scenario, &*policy.subject);
            let stage = stage.unwrap_or_else(|error| panic!("{name}: {error:?}"));
            let outcome = World::new(&stage, Seed(1)).run(0, &mut Nobody);
            assert!(outcome.requests > 0, "{name} under {}", policy.label);
        }
    }
}

/// Shares of rollbacks, in sixtieths.
#[test]
fn reasons_hold() {
    let policies = embedded();
    for (scenario, policy, least, most) in [
        // Checks that disagree: some runs pass, some do not.
        ("incidents/flaky-checks", "flagger-ten-minutes", 15, 50),
        // Over before the opening.
        ("incidents/one-bad-server", "flagger-ten-minutes", 0, 0),
        ("incidents/one-bad-server", "person-ten-minutes", 60, 60),
        // Good releases that few requests condemn.
        ("incidents/low-traffic-aborts", "argo-repaired", 45, 60),
        (
            "incidents/low-traffic-aborts",
            "flagger-ten-minutes",
            30,
            60,
        ),
        ("incidents/meal-time-deploy", "argo-repaired", 60, 60),
        ("incidents/passed-canary", "flagger-tutorial", 0, 3),
        // Not the release's fault.
        ("look-alikes/outage-outside", "flagger-tutorial", 60, 60),
        ("look-alikes/slow-backup", "argo-repaired", 55, 60),
        ("look-alikes/old-is-worse", "argo-repaired", 0, 0),
        ("look-alikes/sale", "flagger-ten-minutes", 0, 0),
        // No data is failure to one and nothing to another.
        ("look-alikes/scrape-gap", "argo-repaired", 50, 60),
        ("look-alikes/scrape-gap", "flagger-ten-minutes", 0, 0),
        // Nobody dials the canary's pod, and a router would have asked nobody to.
        ("look-alikes/kept-connections", "argo-repaired", 45, 60),
        ("look-alikes/kept-connections", "flagger-ten-minutes", 0, 0),
        ("faults/leak-with-age", "flagger-ten-minutes", 55, 60),
        ("faults/on-the-half-hour", "flagger-ten-minutes", 0, 0),
        ("faults/slower-throughout", "flagger-tutorial", 0, 0),
        ("faults/two-small-ones", "flagger-ten-minutes", 0, 15),
        // The ingress counts what the last try came to, the application every try.
        ("faults/masked-pod", "flagger-tutorial", 0, 0),
        ("faults/masked-pod", "person-ten-minutes", 0, 0),
        ("faults/masked-pod", "argo-repaired", 60, 60),
    ] {
        let tried = policies.iter().find(|one| one.label == policy);
        let back = rolled_back(&*tried.expect("is embedded").subject, scenario);
        assert!(
            (least..=most).contains(&back),
            "{scenario} under {policy}: {back} of 60"
        );
    }
}

/// One pod with a fifth of the traffic is hot; a fifth of the pods is not.
#[test]
fn a_weight_ahead_of_its_pods_condemns_a_good_release() {
    let repaired = include_str!("../policies/argo/repaired.yaml");
    let routed = "    canary:\n      trafficRouting: {nginx: {stableIngress: checkout}}\n";
    let routed = repaired.replacen("    canary:\n", routed, 1).replacen(
        "setWeight: 5\n",
        "setWeight: 20\n",
        1,
    );
    let ahead = routed.replacen(
        "steps:\n",
        "steps:\n        - setCanaryScale: {replicas: 1}\n",
        1,
    );
    for (text, wanted) in [(routed, 0), (ahead, RUNS)] {
        assert_eq!(rolled_back(&*read(&text), "incidents/hot-canary"), wanted);
        // Behind a router clients' connections do not matter.
        let kept = rolled_back(&*read(&text), "look-alikes/kept-connections");
        assert_eq!(kept, 0);
    }
}

/// Ten percent of the requests are of half of the people, unless sessions stay where they began.
#[test]
fn affinity_shows_a_canary_to_few_people_who_meet_it_often() {
    let policies = embedded();
    let tutorial = policies.iter().find(|one| one.label == "flagger-tutorial");
    let subject = &tutorial.expect("is embedded").subject;
    let mean = |scenario: &str| {
        let scenario = catalogue::find(scenario).expect("is in the catalogue");
        let stage = Stage::new(&scenario, &**subject).expect("answerable");
        let mut world = World::new(&stage, Seed(42));
        let mut sums = [0.0; 4];
        for run in 0..RUNS {
            let one = world.run(run, &mut Nobody);
            assert_eq!(one.verdict, Verdict::RolledBack);
            let counts = [one.exposed, one.exposed_users, one.hurt, one.hurt_users];
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += count as f64 / f64::from(RUNS);
            }
        }
        sums
    };
    let [exposed, users, _, hurt_users] = mean("faults/in-sessions");
    let [sticky_exposed, sticky_users, _, sticky_hurt] = mean("faults/sticky-sessions");
    // Requests on the canary for each of its users.
    assert!(
        (1.4..2.0).contains(&(exposed / users)),
        "{}",
        exposed / users
    );
    let each = sticky_exposed / sticky_users;
    assert!((6.0..8.0).contains(&each), "{each}");
    assert!((5.0..7.5).contains(&(users / sticky_users)));
    // The share follows the weight late: fewer requests of ten-minute steps are the canary's.
    assert!(
        sticky_exposed < 0.75 * exposed,
        "{sticky_exposed} {exposed}"
    );
    let likely = (hurt_users / users, sticky_hurt / sticky_users);
    assert!(likely.0 < 0.1 && likely.1 > 0.25, "{likely:?}");
}

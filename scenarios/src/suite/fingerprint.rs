//! What a world does, as a name: whether a baseline was recorded in the same one.
//!
//! A version number says too little (a bug was fixed between two of them) and too much (only a page
//! was reworded). So a few rollouts of the embedded policies are played and their outcomes digested:
//! in a scenario, which names what that scenario does today, and in some scenarios of the catalogue,
//! which names the simulator.

use coalmine_policy::Span;
use coalmine_policy::source::Diagnostics;
use coalmine_sim::outcome::{Outcome, Verdict};
use coalmine_sim::scenario::Scenario;
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::world::{Nobody, World};

use super::digest::{Digest, Digester};
use crate::manifests::Policy;
use crate::{catalogue, manifests, policies};

/// Whose behaviour names the simulator: ordinary traffic, irregular traffic, crashes, leaving pods,
/// queues, routes, sessions, a shared dependency.
const SCENARIOS: [&str; 8] = [
    "market-open/overload-only",
    "off-peak/errors-2",
    "look-alikes/batches",
    "look-alikes/node-drain",
    "faults/full-pool",
    "faults/crash-loop",
    "faults/shared-dependency",
    "faults/errors-among-many",
];

/// Rollouts of each policy.
const RUNS: u32 = 2;

/// Any will do, as long as it stays.
const SEED: Seed = Seed(0x00c0_a1a1);

/// The policies whose rollouts are played.
fn reference() -> Vec<Policy> {
    let mut read = manifests::embedded(policies::policies(), &mut Diagnostics::new());
    read.retain(|policy| policy.subject.refusal().is_none());
    read
}

/// The name of what a scenario does.
#[must_use]
pub fn behaviour(scenario: &Scenario) -> Digest {
    let mut digester = Digester::default();
    play(scenario, &reference(), &mut digester);
    digester.end()
}

/// The name of what the simulator does.
#[must_use]
pub fn simulator() -> Digest {
    let (reference, mut digester) = (reference(), Digester::default());
    for scenario in SCENARIOS.into_iter().filter_map(catalogue::find) {
        play(&scenario, &reference, &mut digester);
    }
    digester.end()
}

fn play(scenario: &Scenario, reference: &[Policy], digester: &mut Digester) {
    digester.text(&scenario.name);
    digester.text(&format!("{:?}", scenario.fault_name));
    for policy in reference {
        // A scenario may lack what an embedded policy asks for; then that says nothing of it.
        let Ok(stage) = Stage::new(scenario, &*policy.subject) else {
            continue;
        };
        digester.text(&policy.label);
        let mut world = World::new(&stage, SEED);
        for replication in 0..RUNS {
            digester.text(&told(&world.run(replication, &mut Nobody)));
        }
    }
}

/// Every number of an outcome. Not by `Debug`: a new field would make every world a new one.
fn told(outcome: &Outcome) -> String {
    let verdict = match outcome.verdict {
        Verdict::Promoted => "promoted",
        Verdict::RolledBack => "rolled back",
        Verdict::Stuck => "stuck",
        Verdict::Invalid => "invalid",
    };
    let nanos = |span: Option<Span>| span.map(Span::nanos);
    let times = [
        outcome.decided_ns,
        outcome.fault_met_ns,
        outcome.detect_ns,
        outcome.mitigate_ns,
    ];
    let counts = [
        outcome.requests,
        outcome.exposed,
        outcome.hurt,
        outcome.hurt_by_router,
        outcome.exposed_users,
        outcome.hurt_users,
    ];
    format!(
        "{verdict} {:?} {counts:?} {:?}",
        times.map(nanos),
        outcome.lost
    )
}

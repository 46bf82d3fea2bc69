//! CPU inflation: the CPU time of the same replications on two threads over that on one.
//!
//! Rounds alternate, and the ratio is the median of the rounds' ratios: other work on the machine moves
//! wall time by factors and CPU time by percents. Goal: at most 1.05.

use std::fs::read_to_string;

use coalmine_policy::source::Diagnostics;
use coalmine_scenarios::{catalogue, manifests, policies};
use coalmine_sim::fidelity::Fidelity;
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::world::{Nobody, World};
use rayon::prelude::*;

#[path = "shared/cpu.rs"]
#[allow(dead_code)]
mod cpu;

const ROUNDS: usize = 15;

/// Nanoseconds that all threads of this process have been on a processor, the finished ones included.
fn process_ns() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("is Linux");
    let of_task = |path: std::path::PathBuf| -> Option<f64> {
        let told = read_to_string(path.join("schedstat")).ok()?;
        told.split(' ').next()?.parse().ok()
    };
    tasks.flatten().filter_map(|t| of_task(t.path())).sum()
}

fn run(stages: &[Stage<'_>], runs: u32) {
    stages.par_iter().for_each(|stage| {
        (0..runs).into_par_iter().for_each_init(
            || World::new(stage, Seed(42)),
            |world, replication| {
                std::hint::black_box(world.run(replication, &mut Nobody));
            },
        );
    });
}

fn main() {
    let policies = manifests::embedded(policies::policies(), &mut Diagnostics::new());
    let scenarios: Vec<_> = ["steady/errors-2", "market-open/overload-only"]
        .iter()
        .filter_map(|name| catalogue::find(name))
        .collect();
    let pool = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().expect("threads")
    };
    let pools = [pool(1), pool(2)];
    for (fidelity, runs) in [(Fidelity::Aggregate, 150), (Fidelity::Request, 1)] {
        let stages: Vec<_> = scenarios
            .iter()
            .flat_map(|scenario| policies.iter().map(move |policy| (scenario, policy)))
            .filter(|(_, policy)| policy.subject.refusal().is_none())
            .map(|(scenario, policy)| {
                let stage = Stage::new(scenario, &*policy.subject).expect("is answerable");
                stage.with_fidelity(fidelity)
            })
            .collect();
        let mut ratios = Vec::new();
        for round in 0..ROUNDS {
            let mut spent = [0.0; 2];
            // Whoever is first changes from round to round.
            for turn in 0..2 {
                let index = (round + turn) % 2;
                let before = process_ns();
                pools[index].install(|| run(&stages, runs));
                spent[index] = process_ns() - before;
            }
            ratios.push(spent[1] / spent[0]);
        }
        println!(
            "{fidelity:?}: CPU time on two threads / on one: {:.3} (goal: at most 1.05)",
            cpu::median(ratios)
        );
    }
}

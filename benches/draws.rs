//! Aggregate replications against the same random draws alone, in CPU time.
//!
//! Every draw of some replications is recorded with its parameters; then the replications are run and
//! the recorded draws are made, in turns, and the ratio is the median of the rounds' ratios, because
//! other work on the machine moves both. Goal: at most 1.5.
//!
//! Draws are all that is random: counts, latencies and their sums, delays of routers, uniform and
//! exponential numbers, and the setting up of streams, in the run's order and with its parameters. What
//! precedes a draw in the run (which share, how many, of whom) is not among them.
//!
//! `cargo bench --bench draws --features record-draws`

#[path = "shared/cpu.rs"]
mod cpu;

use std::hint::black_box;

use coalmine_policy::source::Diagnostics;
use coalmine_scenarios::{catalogue, manifests, policies};
use coalmine_sim::draw::record;
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::world::{Nobody, World};

/// Few, lest the draws' list be read from memory rather than from a cache.
const RUNS: u32 = 250;
/// So often in a row: the system's clock of CPU time ticks every few milliseconds.
const TURNS: u64 = 16;
const ROUNDS: u64 = 5;

/// Runs a stage's replications and makes their draws: microseconds of both for one replication, the
/// number of draws, and the ratio.
fn compare(stage: &Stage<'_>) -> (f64, f64, usize, f64) {
    let mut world = World::new(stage, Seed(42));
    let mut run = || {
        for replication in 0..RUNS {
            black_box(world.run(replication, &mut Nobody));
        }
    };
    let draws = record::of(&mut run);
    let (mut whole, mut alone) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        whole.push(cpu::ns_of(|| (0..TURNS).for_each(|_| run())));
        alone.push(cpu::ns_of(|| {
            for turn in 0..TURNS {
                black_box(draws.make(round * TURNS + turn));
            }
        }));
    }
    let ratios = whole.iter().zip(&alone).map(|(a, b)| a / b).collect();
    let each = |ns: Vec<f64>| cpu::median(ns) / (f64::from(RUNS) * TURNS as f64) * 1e-3;
    let count = draws.len() / RUNS as usize;
    (each(whole), each(alone), count, cpu::median(ratios))
}

fn main() {
    let policies = manifests::embedded(policies::policies(), &mut Diagnostics::new());
    let mut sums = (0.0, 0.0);
    for name in [
        "steady/errors-2",
        "off-peak/healthy",
        "market-open/overload-only",
    ] {
        let Some(scenario) = catalogue::find(name) else {
            println!("{name}: not in the catalogue");
            continue;
        };
        for policy in policies.iter().filter(|p| p.subject.refusal().is_none()) {
            let stage = Stage::new(&scenario, &*policy.subject).expect("is answerable");
            let (whole, alone, count, ratio) = compare(&stage);
            println!(
                "{name} {}: {whole:.1} us a replication, its {count} draws alone {alone:.1} us: {ratio:.2}",
                policy.label
            );
            sums = (sums.0 + whole, sums.1 + alone);
        }
    }
    println!("all: {:.2} (goal: at most 1.5)", sums.0 / sums.1);
}

//! Request fidelity against a plain event heap on one canary model, in CPU time.
//!
//! 1000 requests a second for 45 minutes, 5 + 5 pods with 8 servers each, log-normal service with a
//! mean of 25 ms, 0.2 % errors, the canary's share from 5 % to 50 %; twelve latency buckets per pod.
//! Rounds alternate, and the ratio is the median of the rounds' ratios, because other work moves
//! both. `--engine-only` prints one line for `benches/peers/compare.sh`.

mod engine;
mod heap;
mod model;

use std::fs::read_to_string;
use std::time::Instant;

const ROUNDS: usize = 5;

/// What a run came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Played {
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    pub(crate) mean_latency_s: f64,
}

/// Nanoseconds that this thread has been on a processor; wall time where the system does not say.
fn cpu_ns(since: Instant) -> f64 {
    let told = read_to_string("/proc/thread-self/schedstat").ok();
    let first = told.and_then(|text| text.split(' ').next()?.parse().ok());
    first.unwrap_or_else(|| since.elapsed().as_nanos() as f64)
}

fn timed(run: impl FnOnce() -> Played) -> (Played, f64) {
    let start = Instant::now();
    let before = cpu_ns(start);
    let played = run();
    (played, (cpu_ns(start) - before) / played.requests as f64)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn tell(name: &str, played: Played, ns: f64) {
    println!(
        "{name}: {ns:.0} ns a request, {:.2} M events a second; mean latency {:.3} ms, {:.3} % failed",
        // An arrival and a completion.
        2e3 / ns,
        played.mean_latency_s * 1e3,
        100.0 * played.failed as f64 / played.requests as f64,
    );
}

fn main() {
    let engine_only = std::env::args().any(|arg| arg == "--engine-only");
    let (mut engines, mut heaps) = (Vec::new(), Vec::new());
    let mut last = None;
    for round in 0..ROUNDS as u64 {
        let (engine, engine_ns) = timed(|| engine::play(round));
        engines.push(engine_ns);
        if !engine_only {
            let (heap, heap_ns) = timed(|| heap::play(round));
            heaps.push(heap_ns);
            last = Some((heap, heap_ns));
        }
        if round + 1 == ROUNDS as u64 {
            tell("coalmine", engine, median(engines.clone()));
        }
    }
    if let Some((heap, _)) = last {
        tell("plain BinaryHeap", heap, median(heaps.clone()));
        let ratios = engines.iter().zip(&heaps).map(|(e, h)| e / h).collect();
        println!(
            "coalmine / plain BinaryHeap: {:.2} (goal: at most 1.5)",
            median(ratios)
        );
    }
}

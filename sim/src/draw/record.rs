//! Which draws a replication makes, so that a bench can make the very same ones and nothing else.
//!
//! Only with the feature `record-draws`, which no build of coalmine itself has.

use std::cell::{Cell, RefCell};

use crate::latency::Latency;
use crate::stream::{Purpose, Seed, Stream, Streams};

/// One draw with its parameters.
#[derive(Clone, Copy, Debug)]
pub enum Draw {
    /// A Poisson count with this mean.
    Poisson(f64),
    /// A binomial count.
    Binomial(u64, f64),
    /// The sum of so many latencies.
    Sum(Latency, u64),
    /// One latency.
    Latency(Latency),
    /// A stream is set up.
    Stream,
}

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
    static DRAWS: RefCell<Vec<Draw>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn note(draw: Draw) {
    if ON.get() {
        DRAWS.with_borrow_mut(|draws| draws.push(draw));
    }
}

/// Makes draws that belong to one that is noted already.
pub(crate) fn within<T>(run: impl FnOnce() -> T) -> T {
    let was = ON.replace(false);
    let made = run();
    ON.set(was);
    made
}

/// The draws that this thread makes in `run`.
pub fn of(run: impl FnOnce()) -> Vec<Draw> {
    DRAWS.with_borrow_mut(Vec::clear);
    ON.set(true);
    run();
    ON.set(false);
    DRAWS.with_borrow_mut(std::mem::take)
}

/// Makes draws, and returns something that depends on all of them.
pub fn make(draws: &[Draw], seed: u64) -> f64 {
    let mut stream: Stream = Streams::new(Seed(seed), "draws", 0).get(Purpose::Harm);
    let mut sum = 0.0;
    for (draw, index) in draws.iter().zip(0..) {
        sum += match *draw {
            Draw::Poisson(mean) => super::poisson(mean, &mut stream) as f64,
            Draw::Binomial(n, p) => super::binomial(n, p, &mut stream) as f64,
            Draw::Sum(latency, n) => latency.draw_sum_s(n, &mut stream),
            Draw::Latency(latency) => latency.draw_s(&mut stream),
            Draw::Stream => {
                stream = Streams::new(Seed(seed), "draws", index).get(Purpose::Harm);
                0.0
            }
        };
    }
    sum
}

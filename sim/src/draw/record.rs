//! Which draws a replication makes, so that a bench can make the very same ones and nothing else.
//!
//! Only with the feature `record-draws`, which no build of coalmine itself has.

use std::cell::{Cell, RefCell};

use crate::latency::Latency;
use crate::router::delay;
use crate::stream::{Purpose, Seed, Stream, Streams};

/// One draw with its parameters.
#[derive(Clone, Copy, Debug)]
pub enum Draw {
    /// A Poisson count with this mean.
    Poisson(f64),
    /// A binomial count.
    Binomial(u64, f64),
    /// The sum of so many latencies, of the distribution with this index.
    Sum(u32, u64),
    /// One latency.
    Latency(u32),
    /// A delay by median and sigma of the logarithm.
    LogNormal(f64, f64),
    /// A uniform number.
    Uniform,
    /// An exponential number.
    Exponential,
    /// A stream is set up.
    Stream,
}

/// Draws in order.
#[derive(Debug, Default)]
pub struct Draws {
    list: Vec<Draw>,
    /// The distributions of latencies that were drawn from.
    latencies: Vec<Latency>,
}

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
    static DRAWS: RefCell<Draws> = const {
        RefCell::new(Draws { list: Vec::new(), latencies: Vec::new() })
    };
}

pub(crate) fn note(draw: Draw) {
    if ON.get() {
        DRAWS.with_borrow_mut(|draws| draws.list.push(draw));
    }
}

/// Notes a draw of latencies.
pub(crate) fn note_latency(latency: &Latency, draw: impl FnOnce(u32) -> Draw) {
    if !ON.get() {
        return;
    }
    DRAWS.with_borrow_mut(|Draws { list, latencies }| {
        let known = latencies.iter().rposition(|known| known == latency);
        let index = known.unwrap_or_else(|| {
            latencies.push(*latency);
            latencies.len() - 1
        });
        list.push(draw(index as u32));
    });
}

/// Makes draws that belong to one that is noted already.
pub(crate) fn within<T>(run: impl FnOnce() -> T) -> T {
    let was = ON.replace(false);
    let made = run();
    ON.set(was);
    made
}

/// The draws that this thread makes in `run`.
pub fn of(run: impl FnOnce()) -> Draws {
    DRAWS.take();
    ON.set(true);
    run();
    ON.set(false);
    DRAWS.take()
}

impl Draws {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Draw> {
        self.list.iter()
    }

    /// Makes them, and returns something that depends on all of them.
    #[must_use]
    pub fn make(&self, seed: u64) -> f64 {
        let streams = Streams::new(Seed(seed), "draws", 0);
        let mut stream: Stream = streams.get(Purpose::Harm);
        let mut sum = 0.0;
        for (draw, index) in self.list.iter().zip(0..) {
            sum += match *draw {
                Draw::Poisson(mean) => super::poisson(mean, &mut stream) as f64,
                Draw::Binomial(n, p) => super::binomial(n, p, &mut stream) as f64,
                Draw::Sum(of, n) => self.latencies[of as usize].draw_sum_s(n, &mut stream),
                Draw::Latency(of) => self.latencies[of as usize].draw_s(&mut stream),
                Draw::LogNormal(median, sigma) => delay::draw((median, sigma), &mut stream),
                Draw::Uniform => super::uniform(&mut stream),
                Draw::Exponential => super::exponential(&mut stream),
                Draw::Stream => {
                    stream = streams.get(Purpose::Tally(index));
                    0.0
                }
            };
        }
        sum
    }
}

//! When users' requests arrive: the same number in every cell as in the aggregate mode, each at an
//! instant of its own.

use rand_distr::{Distribution, Exp1};

use crate::stream::Stream;
use crate::traffic::Traffic;

/// Within this part of a cell the rate counts as constant (0.23 s of 15 s).
const STEPS: usize = 64;

/// The instants of one cell, in order.
#[derive(Debug, Default)]
pub struct Instants {
    list: Vec<f64>,
    next: usize,
}

impl Instants {
    /// Forgets the cell.
    pub fn clear(&mut self) {
        self.list.clear();
        self.next = 0;
    }

    /// The next instant, not yet taken; infinite when the cell is used up.
    #[must_use]
    pub fn peek(&self) -> f64 {
        self.list.get(self.next).copied().unwrap_or(f64::INFINITY)
    }

    /// The same in nanoseconds since an origin.
    #[must_use]
    pub fn peek_ns(&self, origin_s: f64) -> u64 {
        // Infinity saturates.
        ((self.peek() - origin_s) * 1e9) as u64
    }

    /// Takes the next instant.
    pub fn advance(&mut self) {
        self.next += 1;
    }

    /// Draws so many instants in `from_s..to_s`, distributed like the rate (order statistics of
    /// the Poisson process, by normalised exponential gaps).
    pub fn fill(
        &mut self,
        (from_s, to_s): (f64, f64),
        count: u64,
        traffic: &Traffic,
        stream: &mut Stream,
    ) {
        self.clear();
        let mut sum = 0.0;
        self.list.extend((0..count).map(|_| {
            let gap: f64 = Exp1.sample(stream);
            sum += gap;
            sum
        }));
        let gap: f64 = Exp1.sample(stream);
        let scale = 1.0 / (sum + gap);
        let length = to_s - from_s;
        let steps = Self::steps_of((from_s, to_s), traffic);
        if steps == 1 {
            let scale = scale * length;
            self.list.iter_mut().for_each(|t| *t = from_s + *t * scale);
            return;
        }
        let whole = traffic.integral(from_s, to_s).max(f64::MIN_POSITIVE);
        let width = length / steps as f64;
        let (mut step, mut below) = (0, 0.0);
        let mass_of = |step: usize| {
            let at = from_s + step as f64 * width;
            traffic.integral(at, at + width) / whole
        };
        let mut mass = mass_of(0);
        for t in &mut self.list {
            let u = *t * scale;
            while u > below + mass && step + 1 < steps {
                below += mass;
                step += 1;
                mass = mass_of(step);
            }
            let within = ((u - below) / mass.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
            *t = from_s + (step as f64 + within) * width;
        }
    }

    /// One where the rate does not change to speak of.
    fn steps_of((from_s, to_s): (f64, f64), traffic: &Traffic) -> usize {
        let rate = traffic.rate(from_s);
        let same = |at: f64| (traffic.rate(at) - rate).abs() <= 1e-9 * rate;
        let length = to_s - from_s;
        if [0.25, 0.5, 0.75, 1.0]
            .iter()
            .all(|part| same(from_s + part * length))
        {
            1
        } else {
            STEPS
        }
    }
}

//! Waiting before service begins.

use std::sync::OnceLock;

use rand_distr::{Distribution, Gamma};

use crate::draw::binomial;
use crate::stream::Stream;

/// How irregular waits are comes in so many steps: the standard deviation is the mean at the last of
/// them, and the fourth root of two smaller with each one before, down to 1/64.
pub(super) const SHAPES: u8 = 25;

/// A table of the gamma distribution has so many steps.
const TABLE: usize = 1_024;

/// The wait of admitted requests: none for some, gamma-distributed for the others. Exponential in
/// equilibrium, nearly constant behind a long backlog.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wait {
    /// Share of those who wait.
    pub(super) share: f64,
    /// Their mean wait in seconds.
    pub(super) mean_s: f64,
    /// How irregular it is: 1 to [`SHAPES`].
    pub(super) shape: u8,
}

impl Wait {
    pub(super) const NONE: Self = Self {
        share: 0.0,
        mean_s: 0.0,
        shape: SHAPES,
    };

    /// The shape nearest to a squared coefficient of variation.
    pub(super) fn shape_of(squared_cv: f64) -> u8 {
        let below = (-2.0 * squared_cv.max(1e-9).log2()).round();
        (f64::from(SHAPES) - below).clamp(1.0, f64::from(SHAPES)) as u8
    }

    fn squared_cv(self) -> f64 {
        squared_cv(self.shape)
    }

    /// Of those who wait, the share that waits longer than `x_s`.
    pub(super) fn longer_than(self, x_s: f64) -> f64 {
        if x_s <= 0.0 {
            return 1.0;
        }
        let unit = x_s / self.mean_s;
        if self.shape >= SHAPES {
            return (-unit).exp();
        }
        table(self.shape).get(unit)
    }

    /// The share that waits at most `x_s`.
    pub(super) fn at_most(self, x_s: f64) -> f64 {
        if x_s < 0.0 {
            return 0.0;
        }
        if self.share <= 0.0 {
            return 1.0;
        }
        1.0 - self.share * self.longer_than(x_s)
    }

    /// The sum of `n` waits in seconds; exact, because sums of gamma-distributed numbers are.
    pub(super) fn draw_sum_s(self, n: u64, stream: &mut Stream) -> f64 {
        let waiting = binomial(n, self.share, stream);
        if waiting == 0 || self.mean_s <= 0.0 {
            return 0.0;
        }
        let squared_cv = self.squared_cv();
        Gamma::new(waiting as f64 / squared_cv, self.mean_s * squared_cv)
            .map_or(0.0, |sum| sum.sample(stream))
    }
}

/// The squared coefficient of variation of a shape.
fn squared_cv(shape: u8) -> f64 {
    ((f64::from(shape) - f64::from(SHAPES)) / 2.0).exp2()
}

/// The upper tail of a gamma distribution of mean 1.
struct Tail {
    step: f64,
    values: Vec<f64>,
}

fn table(shape: u8) -> &'static Tail {
    static TABLES: [OnceLock<Tail>; SHAPES as usize] = [const { OnceLock::new() }; SHAPES as usize];
    let shape = shape.clamp(1, SHAPES);
    TABLES[shape as usize - 1].get_or_init(|| {
        let cv = squared_cv(shape).sqrt();
        let inverse = 1.0 / (cv * cv);
        // Beyond this less than one in a billion is left.
        let step = (1.0 + 7.0 * cv + 21.0 * cv * cv) / TABLE as f64;
        let value = |index: usize| match index {
            0 => 1.0,
            _ => statrs::function::gamma::gamma_ur(inverse, index as f64 * step * inverse),
        };
        Tail {
            step,
            values: (0..=TABLE).map(value).collect(),
        }
    })
}

impl Tail {
    fn get(&self, x: f64) -> f64 {
        let at = x / self.step;
        let index = at as usize;
        match (self.values.get(index), self.values.get(index + 1)) {
            (Some(a), Some(b)) => a + (b - a) * (at - index as f64),
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Purpose, Seed, Streams};

    #[test]
    fn waits_have_their_mean_and_their_spread() {
        for shape in [1, 10, 21, SHAPES] {
            let wait = Wait {
                share: 1.0,
                mean_s: 2.0,
                shape,
            };
            // Both moments from the tail: E W = ∫ P(W > x), E W² = 2 ∫ x P(W > x).
            let (mut mean, mut square) = (0.0, 0.0);
            for k in 0..200_000 {
                let x = (f64::from(k) + 0.5) * 3e-4;
                mean += wait.longer_than(x) * 3e-4;
                square += 2.0 * x * wait.longer_than(x) * 3e-4;
            }
            let squared_cv = square / (mean * mean) - 1.0;
            assert!((mean - 2.0).abs() < 1e-3, "{shape}: {mean}");
            let exact = super::squared_cv(shape);
            assert_eq!(Wait::shape_of(exact), shape);
            assert!((squared_cv - exact).abs() < 1e-3, "{shape}: {squared_cv}");
        }
    }

    #[test]
    fn sums_of_waits_have_their_mean() {
        let wait = Wait {
            share: 0.3,
            mean_s: 2.0,
            shape: Wait::shape_of(0.25),
        };
        let mut stream = Streams::new(Seed(7), "waits", 0).get(Purpose::Harm);
        let sum: f64 = (0..2_000).map(|_| wait.draw_sum_s(100, &mut stream)).sum();
        // E W² = 0.3 · 4 · 1.25, so one wait's standard deviation is 1.07: 0.0024 for the mean.
        assert!((sum / 2e5 - 0.6).abs() < 0.01, "{sum}");
    }
}

//! Shapes of latency other than the log-normal one, as a curve through quantiles.
//!
//! A curve is a broken line of the logarithm of the latency over the normal score (0 is the median,
//! 2.33 the 99th percentile): between two knots the latency is log-normal. So two quantiles give the
//! very log-normal distribution that has them, any number of them a monotone curve through all, and
//! moments have closed forms. Knots are measured from the median in units that put the 99th
//! percentile at its normal score, so that a [`super::Latency`] moves and stretches every shape by
//! the same two numbers.

use std::sync::{Mutex, OnceLock};

use statrs::function::gamma::{gamma_lr, gamma_ur};

use super::{Z_99, lower_tail, upper_tail, z_above};

/// Knots of a gamma distribution are this far apart: the broken line is within 0.1 % of it.
const GAMMA_STEP: f64 = 0.125;

/// The outermost knots of a gamma distribution: one request in a billion lies beyond.
const GAMMA_EDGE: f64 = 6.0;

/// Slopes beyond this are summed without the closed form, which would overflow.
const STEEP: f64 = 8.0;

/// A shape.
#[derive(Debug, PartialEq)]
pub(super) struct Curve {
    /// Normal scores, rising.
    scores: Vec<f64>,
    /// Standardised logarithms, rising.
    values: Vec<f64>,
    /// By piece, the first before the first knot and the last after the last: slope and value at score 0.
    lines: Vec<(f64, f64)>,
}

/// A curve with the median's logarithm and the spread that standardised it.
pub(super) type Standardised = (f64, f64, Option<&'static Curve>);

/// The curve through quantiles in seconds, by the share of requests below; both must rise. One
/// quantile, or equal ones, have no shape.
pub(super) fn through(quantiles: &[(f64, f64)]) -> Standardised {
    let knots: Vec<(f64, f64)> = quantiles
        .iter()
        .map(|(below, seconds)| (z_above(1.0 - below), seconds.ln()))
        .collect();
    standardise(&knots)
}

/// The gamma distribution with this mean and coefficient of variation.
pub(super) fn gamma(mean_s: f64, cv: f64) -> Standardised {
    let shape = 1.0 / (cv * cv);
    let count = (2.0 * GAMMA_EDGE / GAMMA_STEP) as usize;
    let knots: Vec<(f64, f64)> = (0..=count)
        .map(|index| {
            let score = index as f64 * GAMMA_STEP - GAMMA_EDGE;
            (score, ln_gamma_quantile(shape, score))
        })
        .collect();
    let (mu, sigma, curve) = standardise(&knots);
    // The broken line's mean is a little off: scaled, it is exact.
    let mean = super::Latency {
        mu,
        sigma,
        shape: super::Shape(curve),
    }
    .mean_s();
    (mu + (mean_s / mean).ln(), sigma, curve)
}

/// The logarithm of the quantile at a normal score of the gamma distribution of scale 1, by bisection.
fn ln_gamma_quantile(shape: f64, score: f64) -> f64 {
    let (below, above) = (lower_tail(score), upper_tail(score));
    let is_below = |ln_x: f64| {
        let x = ln_x.exp();
        if score < 0.0 {
            gamma_lr(shape, x) < below
        } else {
            gamma_ur(shape, x) > above
        }
    };
    // x^shape / (shape Γ(shape)) bounds the lower tail; for tiny shapes it reaches far down.
    let mut low = -40.0 / shape.min(1.0) - 1.0;
    let mut high = (shape + 60.0 * shape.sqrt() + 60.0).ln();
    low = low.max(-690.0);
    while high - low > 1e-12 * low.abs().max(1.0) {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if is_below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

fn standardise(knots: &[(f64, f64)]) -> Standardised {
    let (Some(first), Some(last)) = (knots.first(), knots.last()) else {
        return (0.0, 0.0, None);
    };
    if last.1 <= first.1 {
        return (first.1, 0.0, None);
    }
    let raw = Curve::new(knots.to_vec());
    let (mu, at_99) = (raw.value(0.0), raw.value(Z_99));
    let sigma = (at_99 - mu) / Z_99;
    if sigma <= 0.0 {
        // Flat from the median to the 99th percentile: nothing to measure by but the whole.
        return (mu, 0.0, None);
    }
    let unit = knots.iter().map(|(score, ln)| (*score, (ln - mu) / sigma));
    (mu, sigma, Some(kept(Curve::new(unit.collect()))))
}

/// Shapes are few (scenarios name them) and live as long as the program, so that a latency stays a
/// small value that is copied into every treatment.
fn kept(curve: Curve) -> &'static Curve {
    static KEPT: OnceLock<Mutex<Vec<&'static Curve>>> = OnceLock::new();
    let kept = KEPT.get_or_init(Mutex::default);
    let mut kept = kept
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(known) = kept.iter().find(|known| ***known == curve) {
        return known;
    }
    let curve: &'static Curve = Box::leak(Box::new(curve));
    kept.push(curve);
    curve
}

impl Curve {
    fn new(knots: Vec<(f64, f64)>) -> Self {
        let (scores, values): (Vec<f64>, Vec<f64>) = knots.into_iter().unzip();
        let line = |from: usize, to: usize| {
            let slope = (values[to] - values[from]) / (scores[to] - scores[from]);
            (slope, values[from] - slope * scores[from])
        };
        let last = scores.len() - 1;
        let mut lines = vec![(0.0, values[0])];
        lines.extend((0..last).map(|index| line(index, index + 1)));
        lines.push((0.0, values[last]));
        let mut curve = Self {
            scores,
            values,
            lines,
        };
        curve.extend_ends();
        curve
    }

    /// Beyond the outermost quantiles nothing is known: there the curve rises as it does on average
    /// from the median to them, not as steeply as its last piece may happen to.
    fn extend_ends(&mut self) {
        let last = self.scores.len() - 1;
        let median = self.inner_value(0.0);
        for (index, knot) in [(0, 0), (last + 1, last)] {
            let (score, value) = (self.scores[knot], self.values[knot]);
            let slope = if (index == 0) == (score < 0.0) && score != 0.0 {
                (value - median) / score
            } else {
                (self.values[last] - self.values[0]) / (self.scores[last] - self.scores[0])
            };
            self.lines[index] = (slope, value - slope * score);
        }
    }

    /// The value within the knots; at the nearest knot beyond.
    fn inner_value(&self, score: f64) -> f64 {
        let last = self.scores.len() - 1;
        self.on_line(score.clamp(self.scores[0], self.scores[last]))
    }

    fn on_line(&self, score: f64) -> f64 {
        let (slope, origin) = self.lines[self.scores.partition_point(|knot| *knot < score)];
        origin + slope * score
    }

    /// The standardised logarithm at a normal score.
    pub(super) fn value(&self, score: f64) -> f64 {
        self.on_line(score)
    }

    /// The normal score at a standardised logarithm.
    pub(super) fn score(&self, value: f64) -> f64 {
        let index = self.values.partition_point(|knot| *knot <= value);
        let (slope, origin) = self.lines[index];
        if slope > 0.0 {
            return (value - origin) / slope;
        }
        // Flat: the last score with this value.
        self.scores.get(index).copied().unwrap_or(f64::INFINITY)
    }

    /// E[exp(k (mu + sigma value)); score < cut].
    pub(super) fn moment_below(&self, k: f64, (mu, sigma): (f64, f64), cut: f64) -> f64 {
        let mut sum = 0.0;
        for (index, (slope, origin)) in self.lines.iter().enumerate() {
            let from = index
                .checked_sub(1)
                .map_or(f64::NEG_INFINITY, |knot| self.scores[knot]);
            let to = self.scores.get(index).copied().unwrap_or(f64::INFINITY);
            let to = to.min(cut);
            if from >= to {
                break;
            }
            let (a, b) = (k * (mu + sigma * origin), k * sigma * slope);
            sum += if b > STEEP && from.is_finite() && to.is_finite() {
                let ends = (a + b * from).exp() + (a + b * to).exp();
                ends / 2.0 * (lower_tail(to) - lower_tail(from))
            } else {
                (a + b * b / 2.0).exp() * (lower_tail(to - b) - lower_tail(from - b))
            };
        }
        sum
    }
}

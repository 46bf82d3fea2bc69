//! Service times: log-normal, given as people know them, by median and 99th percentile; gamma; or as
//! measured, through any number of quantiles.

mod curve;

use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use statrs::function::erf::erfc;

use crate::stream::Stream;
use curve::Curve;

/// The 99th percentile of the standard normal distribution.
const Z_99: f64 = 2.326_347_874_040_841;

/// Requests beyond this many are summed by moments below a tail quantile, one by one above it.
const EXACT_SUM_MAX: u64 = 48;

/// Expected number of draws in the tail that are made one by one.
const TAIL_DRAWS: f64 = 16.0;

/// A latency in seconds: the exponential of `mu + sigma shape(z)` at a standard normal score `z`.
///
/// Whatever the shape, `mu` belongs to the median, and faults mean the same: `latencyTimes` moves
/// every quantile by the same factor, and `p99Times` stretches the curve around its median (on the
/// logarithmic scale) until the 99th percentile has grown by its factor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Logarithm of the median.
    mu: f64,
    /// Logarithm of the 99th percentile over the median, in units of its normal score: the standard
    /// deviation of the logarithm where the shape is log-normal.
    sigma: f64,
    #[serde(skip)]
    shape: Shape,
}

/// What a distribution looks like but for its median and its spread; log-normal when `None`.
#[derive(Clone, Copy, Debug, Default)]
struct Shape(Option<&'static Curve>);

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (None, None) => true,
            (Some(a), Some(b)) => std::ptr::eq(a, b) || a == b,
            _ => false,
        }
    }
}

impl Latency {
    /// The distribution with this median and 99th percentile, in seconds; `p99_s` below the median
    /// counts as equal to it.
    #[must_use]
    pub fn from_quantiles(median_s: f64, p99_s: f64) -> Self {
        Self {
            mu: median_s.ln(),
            sigma: (p99_s / median_s).max(1.0).ln() / Z_99,
            shape: Shape(None),
        }
    }

    /// The gamma distribution with this mean in seconds and coefficient of variation (1 is the
    /// exponential distribution); a coefficient below 0.01 counts as none.
    #[must_use]
    pub fn from_gamma(mean_s: f64, cv: f64) -> Self {
        if cv < 0.01 {
            return Self::from_quantiles(mean_s, mean_s);
        }
        Self::of(curve::gamma(mean_s, cv))
    }

    /// The distribution with these quantiles: (share of requests below, seconds), rising in both.
    /// Between two of them it is log-normal; beyond the outermost it goes on as it does on average
    /// from the median to them.
    #[must_use]
    pub fn from_measured(quantiles: &[(f64, f64)]) -> Self {
        Self::of(curve::through(quantiles))
    }

    fn of((mu, sigma, curve): curve::Standardised) -> Self {
        Self {
            mu,
            sigma,
            shape: Shape(curve),
        }
    }

    /// The same median with the 99th percentile multiplied; a factor of 1 or less changes nothing.
    #[must_use]
    pub fn with_p99_times(self, factor: f64) -> Self {
        if factor <= 1.0 {
            return self;
        }
        let p99_s = (self.mu + Z_99 * self.sigma).exp();
        Self {
            shape: self.shape,
            ..Self::from_quantiles(self.mu.exp(), p99_s * factor)
        }
    }

    /// Every latency multiplied.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        if factor == 1.0 {
            return self;
        }
        Self {
            mu: self.mu + factor.ln(),
            ..self
        }
    }

    /// The share of requests that take longer than `x_s`.
    #[must_use]
    pub fn slower_than(&self, x_s: f64) -> f64 {
        if x_s <= 0.0 {
            return 1.0;
        }
        if self.sigma == 0.0 {
            return if x_s.ln() < self.mu { 1.0 } else { 0.0 };
        }
        upper_tail(self.score_of(x_s))
    }

    /// The normal score of a latency: infinite where no request has it.
    #[must_use]
    pub fn score_of(&self, x_s: f64) -> f64 {
        if self.sigma == 0.0 {
            return if x_s.ln() < self.mu {
                f64::NEG_INFINITY
            } else {
                f64::INFINITY
            };
        }
        let standard = (x_s.ln() - self.mu) / self.sigma;
        self.shape.0.map_or(standard, |curve| curve.score(standard))
    }

    /// Expected latency in seconds.
    #[must_use]
    pub fn mean_s(&self) -> f64 {
        self.moment(1.0)
    }

    /// The variance over the square of the mean.
    #[must_use]
    pub fn squared_cv(&self) -> f64 {
        let mean = self.moment(1.0);
        (self.moment(2.0) / (mean * mean) - 1.0).max(0.0)
    }

    fn moment(&self, k: f64) -> f64 {
        match self.shape.0 {
            None => (k * self.mu + k * k * self.sigma * self.sigma / 2.0).exp(),
            Some(curve) => curve.moment_below(k, (self.mu, self.sigma), f64::INFINITY),
        }
    }

    /// One latency in seconds.
    pub fn draw_s(&self, stream: &mut Stream) -> f64 {
        #[cfg(feature = "record-draws")]
        crate::draw::record::note_latency(self, crate::draw::record::Draw::Latency);
        let z: f64 = StandardNormal.sample(stream);
        self.at_score(z)
    }

    /// The latency at a standard normal score: the same score on two versions is the same request.
    #[must_use]
    pub fn at_score(&self, z: f64) -> f64 {
        let standard = self.shape.0.map_or(z, |curve| curve.value(z));
        (self.mu + self.sigma * standard).exp()
    }

    /// The sum of `n` latencies in seconds.
    ///
    /// Up to [`EXACT_SUM_MAX`] they are drawn one by one. Beyond that about [`TAIL_DRAWS`] of them,
    /// those above a high quantile, still are; the rest, whose distribution is then bounded, is
    /// normal with the exact mean and variance of the truncated distribution (central limit
    /// theorem).
    pub fn draw_sum_s(&self, n: u64, stream: &mut Stream) -> f64 {
        #[cfg(feature = "record-draws")]
        {
            use crate::draw::record;
            record::note_latency(self, |latency| record::Draw::Sum(latency, n));
            record::within(|| self.sum_s(n, stream))
        }
        #[cfg(not(feature = "record-draws"))]
        self.sum_s(n, stream)
    }

    fn sum_s(&self, n: u64, stream: &mut Stream) -> f64 {
        if n <= EXACT_SUM_MAX {
            return (0..n).map(|_| self.draw_s(stream)).sum();
        }
        let tail_share = TAIL_DRAWS / n as f64;
        let cut = z_above(tail_share);
        let in_tail = crate::draw::binomial(n, tail_share, stream);
        let tail: f64 = (0..in_tail)
            .map(|_| self.at_score(normal_above(cut, stream)))
            .sum();
        let body_n = (n - in_tail) as f64;
        let (mean, variance) = self.moments_below(cut, 1.0 - tail_share);
        let z: f64 = StandardNormal.sample(stream);
        let body = body_n * mean + (body_n * variance).sqrt() * z;
        tail + body.max(0.0)
    }

    /// Mean and variance given that the normal score is below `cut`, whose probability is `below`.
    fn moments_below(&self, cut: f64, below: f64) -> (f64, f64) {
        let moment = |k: f64| match self.shape.0 {
            None => {
                let shifted = 1.0 - upper_tail(cut - k * self.sigma);
                (k * self.mu + k * k * self.sigma * self.sigma / 2.0).exp() * shifted / below
            }
            Some(curve) => curve.moment_below(k, (self.mu, self.sigma), cut) / below,
        };
        let mean = moment(1.0);
        (mean, (moment(2.0) - mean * mean).max(0.0))
    }
}

/// P(Z > z) of the standard normal distribution.
fn upper_tail(z: f64) -> f64 {
    0.5 * erfc(z / std::f64::consts::SQRT_2)
}

/// P(Z < z) of the standard normal distribution.
fn lower_tail(z: f64) -> f64 {
    upper_tail(-z)
}

/// The z with P(Z > z) = `share`.
fn z_above(share: f64) -> f64 {
    std::f64::consts::SQRT_2 * statrs::function::erf::erfc_inv(2.0 * share)
}

/// A standard normal given that it exceeds `cut` > 0 (Robert 1995, exponential proposal).
fn normal_above(cut: f64, stream: &mut Stream) -> f64 {
    use rand_distr::Exp1;
    let rate = (cut + (cut * cut + 4.0).sqrt()) / 2.0;
    loop {
        let step: f64 = Exp1.sample(stream);
        let z = cut + step / rate;
        let accept: f64 = Exp1.sample(stream);
        if accept >= (z - rate) * (z - rate) / 2.0 {
            return z;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Purpose, Seed, Streams};

    fn stream() -> Stream {
        Streams::new(Seed(7), "latency", 0).get(Purpose::Harm)
    }

    #[test]
    fn quantiles_come_back() {
        let latency = Latency::from_quantiles(0.08, 0.3);
        assert!((latency.slower_than(0.08) - 0.5).abs() < 1e-12);
        assert!((latency.slower_than(0.3) - 0.01).abs() < 1e-9);
        let slow = latency.with_p99_times(3.0);
        assert!((slow.slower_than(0.9) - 0.01).abs() < 1e-9);
        assert!((slow.slower_than(0.08) - 0.5).abs() < 1e-12);
    }

    /// `mean_s` as it was before there were other shapes, to the last bit.
    #[test]
    fn the_log_normal_mean_is_the_textbooks() {
        let latency = Latency::from_quantiles(0.08, 0.3);
        let sigma = (0.3_f64 / 0.08).ln() / Z_99;
        assert_eq!(
            latency.mean_s(),
            (0.08_f64.ln() + sigma * sigma / 2.0).exp()
        );
        let cv2 = (sigma * sigma).exp() - 1.0;
        assert!((latency.squared_cv() / cv2 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_gamma_has_its_mean_its_variance_and_its_tail() {
        for cv in [0.2, 0.5, 1.0, 2.0] {
            let latency = Latency::from_gamma(0.1, cv);
            assert!((latency.mean_s() / 0.1 - 1.0).abs() < 1e-9, "{cv}");
            assert!(
                (latency.squared_cv() / (cv * cv) - 1.0).abs() < 0.01,
                "{cv}"
            );
            let shape = 1.0 / (cv * cv);
            for x in [0.01, 0.05, 0.1, 0.2, 0.5, 1.0] {
                let exact = statrs::function::gamma::gamma_ur(shape, x / 0.1 * shape);
                let share = latency.slower_than(x);
                assert!(
                    (share - exact).abs() < 0.0015 * exact.max(0.1),
                    "{cv} {x}: {share} for {exact}"
                );
            }
        }
        // The exponential distribution.
        let exponential = Latency::from_gamma(0.1, 1.0);
        assert!((exponential.slower_than(0.3) - (-3.0_f64).exp()).abs() < 2e-4);
    }

    #[test]
    fn measured_quantiles_come_back_and_two_of_them_are_log_normal() {
        let quantiles = [(0.5, 0.02), (0.9, 0.04), (0.99, 2.0), (0.999, 2.1)];
        let latency = Latency::from_measured(&quantiles);
        for (below, seconds) in quantiles {
            assert!((latency.slower_than(seconds) - (1.0 - below)).abs() < 1e-9);
            assert!((latency.at_score(z_above(1.0 - below)) / seconds - 1.0).abs() < 1e-9);
        }
        let two = Latency::from_measured(&[(0.5, 0.08), (0.99, 0.3)]);
        let normal = Latency::from_quantiles(0.08, 0.3);
        for x in [0.001, 0.02, 0.08, 0.2, 0.6, 3.0] {
            assert!((two.slower_than(x) - normal.slower_than(x)).abs() < 1e-12);
        }
        assert!((two.mean_s() / normal.mean_s() - 1.0).abs() < 1e-9);
        // Faults on any shape: the median stays, the 99th percentile grows by the factor.
        let slow = latency.with_p99_times(3.0);
        assert!((slow.slower_than(0.02) - 0.5).abs() < 1e-9);
        assert!((slow.slower_than(6.0) - 0.01).abs() < 1e-9);
        assert!((latency.times(2.0).slower_than(0.08) - 0.1).abs() < 1e-9);
    }

    #[test]
    fn flat_stretches_and_single_values_are_no_trouble() {
        let flat = Latency::from_measured(&[(0.1, 0.02), (0.5, 0.02), (0.9, 0.05), (0.99, 0.05)]);
        assert!((flat.slower_than(0.05) - 0.01).abs() < 1e-9);
        assert!((flat.slower_than(0.02) - 0.5).abs() < 1e-9);
        assert!(flat.slower_than(0.019) > 0.89);
        assert!(flat.mean_s() > 0.02 && flat.mean_s() < 0.05);
        let constant = Latency::from_gamma(0.1, 0.0);
        assert!((constant.mean_s() - 0.1).abs() < 1e-12);
        assert_eq!(constant.squared_cv(), 0.0);
    }

    /// Means of draws, and of sums with their tail drawn apart, against the closed form.
    #[test]
    fn draws_of_every_shape_have_its_mean() {
        for latency in [
            Latency::from_gamma(0.1, 1.5),
            Latency::from_measured(&[(0.5, 0.02), (0.9, 0.04), (0.99, 0.5)]),
        ] {
            let mut stream = stream();
            let sum: f64 = (0..400)
                .map(|_| latency.draw_sum_s(1_000, &mut stream))
                .sum();
            let singles: f64 = (0..200_000).map(|_| latency.draw_s(&mut stream)).sum();
            let spread = latency.squared_cv().sqrt();
            // Four standard errors of the mean.
            assert!((sum / 4e5 / latency.mean_s() - 1.0).abs() < 4.0 * spread / 4e5_f64.sqrt());
            assert!((singles / 2e5 / latency.mean_s() - 1.0).abs() < 4.0 * spread / 2e5_f64.sqrt());
        }
    }

    #[test]
    fn large_sums_have_the_mean_variance_and_tail_of_sums_drawn_one_by_one() {
        let latency = Latency::from_quantiles(0.08, 0.9);
        let mut stream = stream();
        let (n, trials) = (200_u64, 40_000);
        let exact: Vec<f64> = (0..trials)
            .map(|_| (0..n).map(|_| latency.draw_s(&mut stream)).sum())
            .collect();
        let fast: Vec<f64> = (0..trials)
            .map(|_| latency.draw_sum_s(n, &mut stream))
            .collect();
        let distance = kolmogorov_smirnov(exact, fast);
        // Critical value of the two-sample test at 0.1 %: 1.95 sqrt(2 / trials).
        let critical = 1.95 * (2.0 / f64::from(trials)).sqrt();
        assert!(distance < critical, "{distance} against {critical}");
    }

    fn kolmogorov_smirnov(mut a: Vec<f64>, mut b: Vec<f64>) -> f64 {
        a.sort_by(f64::total_cmp);
        b.sort_by(f64::total_cmp);
        let below = |list: &[f64], x: f64| list.partition_point(|v| *v <= x) as f64;
        a.iter()
            .chain(&b)
            .map(|x| (below(&a, *x) / a.len() as f64 - below(&b, *x) / b.len() as f64).abs())
            .fold(0.0, f64::max)
    }
}

//! Service times: log-normal, given as people know them, by median and 99th percentile.

use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use statrs::function::erf::erfc;

use crate::stream::Stream;

/// The 99th percentile of the standard normal distribution.
const Z_99: f64 = 2.326_347_874_040_841;

/// Requests beyond this many are summed by moments below a tail quantile, one by one above it.
const EXACT_SUM_MAX: u64 = 48;

/// Expected number of draws in the tail that are made one by one.
const TAIL_DRAWS: f64 = 16.0;

/// A log-normal latency in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Mean of the logarithm.
    mu: f64,
    /// Standard deviation of the logarithm.
    sigma: f64,
}

impl Latency {
    /// The distribution with this median and 99th percentile, in seconds; `p99_s` below the median
    /// counts as equal to it.
    #[must_use]
    pub fn from_quantiles(median_s: f64, p99_s: f64) -> Self {
        Self {
            mu: median_s.ln(),
            sigma: (p99_s / median_s).max(1.0).ln() / Z_99,
        }
    }

    /// The same median with the 99th percentile multiplied; a factor of 1 or less changes nothing.
    #[must_use]
    pub fn with_p99_times(self, factor: f64) -> Self {
        if factor <= 1.0 {
            return self;
        }
        let p99_s = (self.mu + Z_99 * self.sigma).exp();
        Self::from_quantiles(self.mu.exp(), p99_s * factor)
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
        upper_tail((x_s.ln() - self.mu) / self.sigma)
    }

    /// Expected latency in seconds.
    #[must_use]
    pub fn mean_s(&self) -> f64 {
        (self.mu + self.sigma * self.sigma / 2.0).exp()
    }

    /// One latency in seconds.
    pub fn draw_s(&self, stream: &mut Stream) -> f64 {
        let z: f64 = StandardNormal.sample(stream);
        (self.mu + self.sigma * z).exp()
    }

    /// The latency at a standard normal score: the same score on two versions is the same request.
    #[must_use]
    pub fn at_score(&self, z: f64) -> f64 {
        (self.mu + self.sigma * z).exp()
    }

    /// The sum of `n` latencies in seconds.
    ///
    /// Up to [`EXACT_SUM_MAX`] they are drawn one by one. Beyond that about [`TAIL_DRAWS`] of them,
    /// those above a high quantile, still are; the rest, whose distribution is then bounded, is
    /// normal with the exact mean and variance of the truncated log-normal (central limit theorem).
    pub fn draw_sum_s(&self, n: u64, stream: &mut Stream) -> f64 {
        if n <= EXACT_SUM_MAX {
            return (0..n).map(|_| self.draw_s(stream)).sum();
        }
        let tail_share = TAIL_DRAWS / n as f64;
        let cut = z_above(tail_share);
        let in_tail = crate::draw::binomial(n, tail_share, stream);
        let tail: f64 = (0..in_tail)
            .map(|_| (self.mu + self.sigma * normal_above(cut, stream)).exp())
            .sum();
        let body_n = (n - in_tail) as f64;
        let (mean, variance) = self.moments_below(cut, 1.0 - tail_share);
        let z: f64 = StandardNormal.sample(stream);
        let body = body_n * mean + (body_n * variance).sqrt() * z;
        tail + body.max(0.0)
    }

    /// Mean and variance given that the normal score is below `cut`, whose probability is `below`.
    fn moments_below(&self, cut: f64, below: f64) -> (f64, f64) {
        let moment = |k: f64| {
            let shifted = 1.0 - upper_tail(cut - k * self.sigma);
            (k * self.mu + k * k * self.sigma * self.sigma / 2.0).exp() * shifted / below
        };
        let mean = moment(1.0);
        (mean, (moment(2.0) - mean * mean).max(0.0))
    }
}

/// P(Z > z) of the standard normal distribution.
fn upper_tail(z: f64) -> f64 {
    0.5 * erfc(z / std::f64::consts::SQRT_2)
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

//! Exact random counts: Poisson, binomial, multinomial.

#[cfg(feature = "record-draws")]
pub mod record;

use rand::RngExt;
use rand_distr::{Binomial, Distribution, Exp1, Poisson};

use crate::stream::Stream;

/// A number that is uniform from 0 to 1.
pub fn uniform(stream: &mut Stream) -> f64 {
    #[cfg(feature = "record-draws")]
    record::note(record::Draw::Uniform);
    stream.random()
}

/// An exponential number with mean 1.
pub fn exponential(stream: &mut Stream) -> f64 {
    #[cfg(feature = "record-draws")]
    record::note(record::Draw::Exponential);
    Exp1.sample(stream)
}

/// A Poisson count; means that are not positive give zero.
pub fn poisson(mean: f64, stream: &mut Stream) -> u64 {
    if mean <= 0.0 {
        return 0;
    }
    #[cfg(feature = "record-draws")]
    record::note(record::Draw::Poisson(mean));
    // 1 - mean <= exp(-mean), so this decides the empty cases without a logarithm.
    if mean < 0.05 {
        return small_poisson(mean, stream);
    }
    Poisson::new(mean).map_or(0, |poisson| poisson.sample(stream) as u64)
}

fn small_poisson(mean: f64, stream: &mut Stream) -> u64 {
    let u: f64 = stream.random();
    if u <= 1.0 - mean {
        return 0;
    }
    let mut term = (-mean).exp();
    let (mut below, mut count) = (term, 0);
    while u > below && count < 64 {
        count += 1;
        term *= mean / count as f64;
        below += term;
    }
    count
}

/// A binomial count; probabilities outside 0..=1 are clamped.
pub fn binomial(n: u64, p: f64, stream: &mut Stream) -> u64 {
    if n == 0 || p <= 0.0 {
        return 0;
    }
    if p >= 1.0 {
        return n;
    }
    #[cfg(feature = "record-draws")]
    record::note(record::Draw::Binomial(n, p));
    if n == 1 {
        return u64::from(stream.random::<f64>() < p);
    }
    if n as f64 * p < 0.05 {
        // 1 - np <= (1-p)^n decides the empty cases without a power.
        return small_binomial(n, p, stream);
    }
    Binomial::new(n, p).map_or(0, |binomial| binomial.sample(stream))
}

fn small_binomial(n: u64, p: f64, stream: &mut Stream) -> u64 {
    let u: f64 = stream.random();
    if u <= 1.0 - n as f64 * p {
        return 0;
    }
    let ratio = p / (1.0 - p);
    let mut term = (n as f64 * (-p).ln_1p()).exp();
    let (mut below, mut count) = (term, 0);
    while u > below && count < n {
        term *= ratio * (n - count) as f64 / (count + 1) as f64;
        count += 1;
        below += term;
        if term < 1e-300 {
            break;
        }
    }
    count
}

/// Splits `n` over categories with the given probabilities (their sum may fall short of one: the
/// rest is nobody's) by conditional binomials.
pub fn multinomial(n: u64, shares: &[f64], counts: &mut [u64], stream: &mut Stream) {
    counts.fill(0);
    Categories::new(shares.to_vec()).split(n, counts, stream);
}

/// Categories with known probabilities, over which counts are split.
#[derive(Clone, Debug, Default)]
pub struct Categories {
    shares: Vec<f64>,
    /// The probability of each, given that it is none of those before.
    given: Vec<f64>,
}

impl Categories {
    /// Those with these probabilities (their sum may fall short of one: the rest is nobody's).
    #[must_use]
    pub fn new(shares: Vec<f64>) -> Self {
        let mut mass = 1.0;
        let given = shares.iter().map(|share| {
            let given = if mass > 0.0 { share / mass } else { 0.0 };
            mass -= share;
            given
        });
        Self {
            given: given.collect(),
            shares,
        }
    }

    /// The probabilities.
    #[must_use]
    pub fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// Adds a multinomial count: `n` split by conditional binomials.
    pub fn split(&self, n: u64, counts: &mut [u64], stream: &mut Stream) {
        let mut left = n;
        for (given, count) in self.given.iter().zip(counts) {
            if left == 0 {
                return;
            }
            let here = binomial(left, *given, stream);
            *count += here;
            left -= here;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Purpose, Seed, Streams};

    fn stream() -> Stream {
        Streams::new(Seed(11), "draw", 0).get(Purpose::Harm)
    }

    /// Pearson's statistic against exact probabilities; cells below five expected are pooled.
    fn chi_square(counts: &[u64], pmf: impl Fn(u64) -> f64, total: f64) -> (f64, f64) {
        let (mut statistic, mut cells) = (0.0, 0.0);
        let (mut pooled_seen, mut pooled_expected) = (0.0, 0.0);
        for (k, seen) in counts.iter().enumerate() {
            pooled_seen += *seen as f64;
            pooled_expected += pmf(k as u64) * total;
            if pooled_expected >= 5.0 {
                statistic += (pooled_seen - pooled_expected).powi(2) / pooled_expected;
                cells += 1.0;
                (pooled_seen, pooled_expected) = (0.0, 0.0);
            }
        }
        (statistic, cells - 1.0)
    }

    #[test]
    fn counts_follow_their_exact_distributions() {
        use statrs::distribution::{Binomial, Discrete, Poisson};
        let draws = 400_000;
        let mut stream = stream();
        for (n, p) in [(1000_u64, 0.00003), (7, 0.004), (40, 0.3), (1000, 0.02)] {
            let exact = Binomial::new(p, n).expect("valid");
            let mut counts = vec![0; n as usize + 1];
            (0..draws).for_each(|_| counts[binomial(n, p, &mut stream) as usize] += 1);
            let (statistic, freedom) = chi_square(&counts, |k| exact.pmf(k), f64::from(draws));
            let limit = freedom + 4.0 * (2.0 * freedom).sqrt() + 4.0;
            assert!(
                statistic < limit,
                "binomial {n} {p}: {statistic} on {freedom}"
            );
        }
        for mean in [0.01, 0.04, 0.4, 12.0] {
            let exact = Poisson::new(mean).expect("valid");
            let mut counts = vec![0; 80];
            (0..draws).for_each(|_| counts[poisson(mean, &mut stream) as usize] += 1);
            let (statistic, freedom) = chi_square(&counts, |k| exact.pmf(k), f64::from(draws));
            let limit = freedom + 4.0 * (2.0 * freedom).sqrt() + 4.0;
            assert!(
                statistic < limit,
                "poisson {mean}: {statistic} on {freedom}"
            );
        }
    }

    #[test]
    fn multinomial_counts_add_up_and_have_the_right_means() {
        let mut stream = stream();
        let categories = Categories::new(vec![0.5, 0.3, 0.2]);
        let mut sums = [0_u64; 3];
        for _ in 0..2_000 {
            let mut counts = [0; 3];
            categories.split(100, &mut counts, &mut stream);
            assert_eq!(counts.iter().sum::<u64>(), 100);
            sums.iter_mut().zip(counts).for_each(|(s, c)| *s += c);
        }
        for (sum, share) in sums.iter().zip(categories.shares()) {
            // Standard deviation of the mean of 200,000 Bernoulli draws is at most 0.0012.
            assert!((*sum as f64 / 200_000.0 - share).abs() < 0.005);
        }
    }
}

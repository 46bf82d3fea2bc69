//! Estimates with their uncertainty: shares and quantiles, each with a 95 % confidence interval.

use schemars::JsonSchema;
use serde::Serialize;
use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal};

/// The confidence of every interval.
pub const CONFIDENCE: f64 = 0.95;

/// Probability left out at each end.
const TAIL: f64 = (1.0 - CONFIDENCE) / 2.0;

/// How often something happened, with an interval for its probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Rate {
    /// How often.
    pub count: u64,
    /// Out of how many.
    pub n: u64,
    /// `count / n`, 0 to 1.
    pub share: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Rate {
    /// The share `count / n` with Wilson's score interval; `None` when `n` is zero.
    ///
    /// With z the 97.5 % quantile of the standard normal distribution and p = count/n:
    /// (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n).
    /// Wilson, JASA 22 (1927) 209–212; recommended for small n and for shares near 0 and 1 by
    /// Brown, Cai and DasGupta, Statistical Science 16 (2001) 101–133.
    #[must_use]
    pub fn wilson(count: u64, n: u64) -> Option<Self> {
        if n == 0 {
            return None;
        }
        let count = count.min(n);
        let z = Normal::standard().inverse_cdf(1.0 - TAIL);
        let (size, share) = (n as f64, count as f64 / n as f64);
        let centre = share + z * z / (2.0 * size);
        let half = z * (share * (1.0 - share) / size + z * z / (4.0 * size * size)).sqrt();
        let scale = 1.0 + z * z / size;
        Some(Self {
            count,
            n,
            share,
            // At the ends the formula gives 0 and 1 but for rounding.
            low: if count == 0 {
                0.0
            } else {
                (centre - half) / scale
            },
            high: if count == n {
                1.0
            } else {
                (centre + half) / scale
            },
        })
    }
}

/// A quantile with its interval, in the unit of the observations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Estimate {
    /// The quantile of the sample.
    pub value: u64,
    /// Lower end of the interval; `None` when there are too few observations to have one.
    pub low: Option<u64>,
    /// Upper end, likewise.
    pub high: Option<u64>,
    /// Observations.
    pub n: u64,
}

/// The `p` quantile of sorted observations, 0 < `p` < 1; `None` when there are none.
///
/// The value is the smallest observation that at least a share `p` does not exceed (no
/// interpolation). The interval runs between order statistics: the number of observations below the
/// true quantile is binomial (n, p), whatever the distribution, so the l-th and u-th smallest
/// enclose it with at least the wanted confidence when P(B < l) and P(B ≥ u) are at most 2.5 % each
/// (David and Nagaraja, Order Statistics, 3rd ed. 2003, §7.1). Where no such l or u exists the end
/// is open.
#[must_use]
pub fn quantile(sorted: &[u64], p: f64) -> Option<Estimate> {
    let n = sorted.len() as u64;
    let rank = ((p * n as f64).ceil() as usize).clamp(1, sorted.len().max(1));
    let value = *sorted.get(rank - 1)?;
    let (lower, upper) = ranks(n, p);
    let at = |rank: u64| {
        let index = usize::try_from(rank).ok()?.checked_sub(1)?;
        sorted.get(index).copied()
    };
    Some(Estimate {
        value,
        low: at(lower),
        high: at(upper),
        n,
    })
}

/// The ranks l and u, 1-based; l = 0 and u = n + 1 stand for open ends.
fn ranks(n: u64, p: f64) -> (u64, u64) {
    let Ok(below) = Binomial::new(p, n) else {
        return (0, n + 1);
    };
    // The smallest k with P(B ≤ k) ≥ 2.5 %: fewer than k are below with less than that.
    let lower = below.inverse_cdf(TAIL);
    let upper = below.inverse_cdf(1.0 - TAIL) + 1;
    (lower, upper)
}

#[cfg(test)]
mod tests {
    use coalmine_sim::draw::binomial;
    use coalmine_sim::stream::{Purpose, Seed, Streams};
    use rand::RngExt;

    use super::*;

    fn wilson(count: u64, n: u64) -> (f64, f64) {
        let rate = Rate::wilson(count, n).expect("n is positive");
        (rate.low, rate.high)
    }

    #[test]
    fn wilson_intervals_have_their_known_values() {
        // Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3.
        let known = [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ];
        for (count, n, low, high) in known {
            let (l, h) = wilson(count, n);
            assert!(
                (l - low).abs() < 5e-5 && (h - high).abs() < 5e-5,
                "{count}/{n}: {l} {h}"
            );
        }
        let (low, high) = wilson(5, 100);
        assert!((low - 0.0215).abs() < 5e-5 && (high - 0.1118).abs() < 5e-5);
    }

    #[test]
    fn wilson_intervals_end_exactly_at_certainty() {
        let z2 = 3.841_458_820_694_124;
        let (low, high) = wilson(0, 1000);
        assert_eq!(low, 0.0);
        assert!((high - z2 / (1000.0 + z2)).abs() < 1e-12);
        let (low, high) = wilson(1000, 1000);
        assert_eq!(high, 1.0);
        assert!((low - 1000.0 / (1000.0 + z2)).abs() < 1e-12);
        assert!(wilson(1, 1).0 > 0.2 && wilson(1, 1).1 == 1.0);
        assert_eq!(Rate::wilson(0, 0), None);
    }

    #[test]
    fn medians_lie_between_the_tabulated_order_statistics() {
        // Conover, Practical Nonparametric Statistics, table A3: for n = 10 ranks 2 and 9 (97.9 %).
        let ten: Vec<u64> = (1..=10).collect();
        let expected = |value, low, high, n| Estimate {
            value,
            low,
            high,
            n,
        };
        assert_eq!(quantile(&ten, 0.5), Some(expected(5, Some(2), Some(9), 10)));
        let thousand: Vec<u64> = (1..=1000).collect();
        let median = quantile(&thousand, 0.5);
        assert_eq!(median, Some(expected(500, Some(469), Some(532), 1000)));
        let p95 = quantile(&thousand, 0.95).expect("has observations");
        assert_eq!(p95.value, 950);
        assert!(
            p95.low.is_some_and(|low| (930..=940).contains(&low)),
            "{p95:?}"
        );
        assert!(
            p95.high.is_some_and(|high| (960..=970).contains(&high)),
            "{p95:?}"
        );
    }

    #[test]
    fn ranks_cover_with_the_wanted_confidence_and_no_closer_pair_does() {
        for (n, p) in [(10, 0.5), (57, 0.5), (200, 0.95), (1000, 0.95)] {
            let (lower, upper) = ranks(n, p);
            let below = Binomial::new(p, n).expect("valid");
            assert!(below.cdf(lower - 1) <= TAIL && below.cdf(lower) > TAIL);
            assert!(below.sf(upper - 1) <= TAIL && below.sf(upper - 2) > TAIL);
        }
    }

    /// Of 4,000 samples 95 % must have an interval that holds the truth, give or take four standard
    /// deviations (56) and what Wilson's coverage itself swings around 95 %: less than two points, and
    /// three down where one event is expected (Brown, Cai and DasGupta, figure 5).
    #[test]
    fn wilson_intervals_cover_the_probability() {
        let mut luck = Streams::new(Seed(1), "wilson", 0).get(Purpose::Harm);
        for (n, p, least) in [
            (50, 0.02, 3_630),
            (200, 0.1, 3_670),
            (1000, 0.005, 3_670),
            (1000, 0.5, 3_670),
        ] {
            let covered = (0..4_000).filter(|_| {
                let rate = Rate::wilson(binomial(n, p, &mut luck), n).expect("n is positive");
                rate.low <= p && p <= rate.high
            });
            let covered = covered.count();
            assert!((least..=3_930).contains(&covered), "{n} {p}: {covered}");
        }
    }

    /// The same for quantiles of a skewed distribution: never less than 95 %, less four standard
    /// deviations (0.014), and not much more.
    #[test]
    fn order_statistics_cover_the_quantile() {
        let mut luck = Streams::new(Seed(2), "quantile", 0).get(Purpose::Harm);
        for (n, p) in [(30, 0.5), (200, 0.5), (200, 0.95)] {
            let truth = -f64::ln(1.0 - p) * 1e6;
            let covered = (0..4_000).filter(|_| {
                let one = |_| (-f64::ln(1.0 - luck.random::<f64>()) * 1e6) as u64;
                let mut sample: Vec<u64> = (0..n).map(one).collect();
                sample.sort_unstable();
                let found = quantile(&sample, p).expect("has observations");
                found.low.is_none_or(|low| low as f64 <= truth)
                    && found.high.is_none_or(|high| truth <= high as f64)
            });
            let covered = covered.count();
            assert!((3_744..=3_960).contains(&covered), "{n} {p}: {covered}");
        }
    }

    #[test]
    fn few_observations_leave_the_interval_open() {
        assert_eq!(quantile(&[], 0.5), None);
        let one = quantile(&[7], 0.5).expect("has one");
        assert_eq!((one.value, one.low, one.high), (7, None, None));
        // 0.5⁵ = 3.1 % > 2.5 %: five are not enough for a median, six are.
        assert_eq!(quantile(&[1, 2, 3, 4, 5], 0.5).and_then(|e| e.low), None);
        assert_eq!(
            quantile(&[1, 2, 3, 4, 5, 6], 0.5).and_then(|e| e.low),
            Some(1)
        );
        // The upper end of a 95th percentile needs more.
        let fifty: Vec<u64> = (1..=50).collect();
        assert_eq!(quantile(&fifty, 0.95).and_then(|e| e.high), None);
    }
}

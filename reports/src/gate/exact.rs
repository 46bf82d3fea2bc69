//! Intervals of shares that are never wrong more often than they say.

use statrs::distribution::{ContinuousCDF, Normal};
use statrs::function::beta::beta_reg;

use crate::interval::CONFIDENCE;

/// Probability left out at each end.
const TAIL: f64 = (1.0 - CONFIDENCE) / 2.0;

/// Up to here the incomplete beta function is accurate for any share …
const SMALL: f64 = 10_000.0;
/// … and beyond it where so few happened, or did not.
const FEW: f64 = 100.0;

/// Clopper and Pearson's interval (Biometrika 26 (1934) 404) of `count` out of `n`: each end is the
/// share at which a count as extreme would have a probability of 2.5 %, so each is wrong in at most
/// 2.5 % of samples, whatever the share and however few there are.
///
/// It holds too for the sum of counts with different shares, for their mean (Hoeffding, Annals of
/// Mathematical Statistics 27 (1956) 713, theorem 4: the sum is less spread than the binomial).
/// Neither number need be whole: an effective sample size is not (Korn and Graubard, Survey
/// Methodology 24 (1998) 193).
///
/// For large counts the incomplete beta function costs too much, and Wilson's interval with a
/// correction for continuity is the same to three digits (Newcombe, Statistics in Medicine 17 (1998)
/// 857, method 4).
pub(super) fn interval(count: f64, n: f64) -> (f64, f64) {
    let count = count.clamp(0.0, n);
    (1.0 - upper(n - count, n), upper(count, n))
}

/// The upper end.
pub(super) fn upper(count: f64, n: f64) -> f64 {
    if count >= n {
        return 1.0;
    }
    if n > SMALL && count.min(n - count) > FEW {
        return corrected(count, n);
    }
    // P(X ≤ count) = 1 − I_p(count + 1, n − count) falls with p; where it reaches 2.5 %:
    let (mut low, mut high) = (count / n, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if beta_reg(count + 1.0, n - count, middle) < 1.0 - TAIL {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

fn corrected(count: f64, n: f64) -> f64 {
    let z = Normal::standard().inverse_cdf(1.0 - TAIL);
    let p = count / n;
    let root = (z * z + 2.0 - 1.0 / n + 4.0 * p * (n * (1.0 - p) - 1.0)).sqrt();
    ((2.0 * n * p + z * z + 1.0 + z * root) / (2.0 * (n + z * z))).min(1.0)
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{Binomial, DiscreteCDF};

    use super::*;

    #[test]
    fn intervals_have_their_known_values() {
        // Newcombe 1998, table I, method 5 (Clopper and Pearson).
        for (count, n, low, high) in [
            (81.0, 263.0, 0.2527, 0.3676),
            (15.0, 148.0, 0.0578, 0.1617),
            (0.0, 20.0, 0.0, 0.1684),
            (1.0, 29.0, 0.0009, 0.1776),
        ] {
            let (l, h) = interval(count, n);
            let close = |a: f64, b: f64| (a - b).abs() < 5e-5;
            assert!(close(l, low) && close(h, high), "{count}/{n}: {l} {h}");
        }
        let (low, high) = interval(0.0, 1e6);
        assert_eq!(low, 0.0);
        assert!((high / (1.0 - 0.025_f64.powf(1e-6)) - 1.0).abs() < 1e-9);
        assert_eq!(interval(7.0, 7.0).1, 1.0);
    }

    /// At the ends the tails have exactly 2.5 %, where the exact formula is used.
    #[test]
    fn tails_are_as_wanted() {
        for (count, n) in [(3, 1000), (100, 10_000), (40, 200_000), (5_000, 10_000)] {
            let (low, high) = interval(count as f64, n as f64);
            let tail = |p: f64, k: u64| Binomial::new(p, n).expect("a share").cdf(k);
            assert!((tail(high, count) - TAIL).abs() < 1e-6, "{count} of {n}");
            assert!(
                (1.0 - tail(low, count - 1) - TAIL).abs() < 1e-6,
                "{count} of {n}"
            );
        }
    }

    #[test]
    fn both_formulas_agree_where_they_meet() {
        for (count, n) in [(5_000.0, 10_000.0), (200.0, 10_000.0), (100.0, 100_000.0)] {
            let (exact, fast) = (upper(count, n), corrected(count, n));
            let reach = exact - count / n;
            assert!(
                (exact - fast).abs() < 0.03 * reach,
                "{count} of {n}: {exact} {fast}"
            );
        }
    }
}

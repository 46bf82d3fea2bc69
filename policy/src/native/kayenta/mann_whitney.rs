//! The Mann–Whitney test with a confidence interval for the shift, normal approximation with ties and
//! continuity correction.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use super::zeroin::zero_in;

/// Kayenta's, and absolute: metrics of that scale or below are numerical noise to it.
const TOLERANCE: f64 = 1e-4;

/// By how much the experiment lies above the control.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// The estimate of Hodges and Lehmann's kind.
    pub estimate: f64,
}

/// The shift of x against y; `None` where all values are tied.
#[must_use]
pub fn mann_whitney(x: &[f64], y: &[f64], confidence: f64) -> Option<Interval> {
    let ends = |of: &[f64]| {
        let low = of.iter().copied().fold(f64::INFINITY, f64::min);
        (low, of.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    };
    let ((x_low, x_high), (y_low, y_high)) = (ends(x), ends(y));
    let (least, most) = (x_low - y_high, x_high - y_low);
    if least == most {
        return None;
    }
    let z = Normal::standard().inverse_cdf((1.0 - confidence) / 2.0);
    let statistic = |shift: f64, quantile: f64| standardised(x, y, shift) - quantile;
    let zero =
        |quantile: f64| zero_in((least, most), TOLERANCE, |shift| statistic(shift, quantile));
    let low = match statistic(least, -z) <= 0.0 {
        true => least,
        false => zero(-z),
    };
    let high = match statistic(most, z) >= 0.0 {
        true => most,
        false => zero(z),
    };
    Some(Interval {
        low,
        high,
        estimate: zero(0.0),
    })
}

/// The standardised rank sum of x moved by `-shift`, less a half.
pub(super) fn standardised(x: &[f64], y: &[f64], shift: f64) -> f64 {
    let moved: Vec<f64> = x.iter().map(|x| x - shift).collect();
    let (n, m) = (x.len() as f64, y.len() as f64);
    let (ranks, ties) = rank_sum(&moved, y);
    let w = ranks - n * (n + 1.0) / 2.0 - n * m / 2.0;
    let correction = if w == 0.0 { 0.0 } else { 0.5_f64.copysign(w) };
    let all = n + m;
    let variance = n * m / 12.0 * ((all + 1.0) - ties / (all * (all - 1.0)));
    (w - correction) / variance.sqrt()
}

/// The sum of the ranks of x among both, ties with their mean, and Σ (t³ − t) over ties.
fn rank_sum(x: &[f64], y: &[f64]) -> (f64, f64) {
    let mut all: Vec<(f64, bool)> = x.iter().map(|x| (*x, true)).collect();
    all.extend(y.iter().map(|y| (*y, false)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut sum, mut ties, mut before) = (0.0, 0.0, 0.0);
    for tied in all.chunk_by(|a, b| a.0 == b.0) {
        let t = tied.len() as f64;
        let own = tied.iter().filter(|(_, is_x)| *is_x).count() as f64;
        sum += own * (before + (t + 1.0) / 2.0);
        ties += t * t * t - t;
        before += t;
    }
    (sum, ties)
}

/// P(x > y) + ½ P(x = y).
#[must_use]
pub fn common_language(x: &[f64], y: &[f64]) -> f64 {
    let (n, m) = (x.len() as f64, y.len() as f64);
    (2.0 * rank_sum(x, y).0 - n * (n + 1.0)) / (2.0 * n * m)
}

/// Mann and Whitney's U of x.
#[must_use]
pub fn u_statistic(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len() as f64;
    rank_sum(x, y).0 - n * (n + 1.0) / 2.0
}

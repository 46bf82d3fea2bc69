//! Functions of one series' samples in a window.

use crate::window::Window;

/// What `rate`, `increase` and `delta` differ in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extrapolation {
    pub(crate) counter: bool,
    pub(crate) per_second: bool,
}

/// rate, increase, delta (functions.go:452-633): the change between the first and the last sample,
/// counter resets added back, extrapolated to the window's ends where the samples come near them.
pub(crate) fn extrapolated(window: &Window<'_>, kind: Extrapolation) -> Option<f64> {
    let (times, values) = (window.times_ms, window.values);
    let [first_t, .., last_t] = times else {
        return None;
    };
    let (first, last) = (values[0], values[values.len() - 1]);
    let mut change = last - first;
    if kind.counter {
        for pair in values.windows(2) {
            if pair[1] < pair[0] {
                change += pair[0];
            }
        }
    }
    let seconds = |ms: i64| ms as f64 / 1_000.0;
    let mut to_start = seconds(first_t - window.from_ms);
    let mut to_end = seconds(window.to_ms - last_t);
    let sampled = seconds(last_t - first_t);
    let average = sampled / (times.len() - 1) as f64;
    let threshold = average * 1.1;
    if to_start >= threshold {
        to_start = average / 2.0;
    }
    if kind.counter && change > 0.0 && first >= 0.0 {
        // Counters cannot be negative: not further back than where the line meets zero.
        to_start = to_start.min(sampled * (first / change));
    }
    if to_end >= threshold {
        to_end = average / 2.0;
    }
    let mut factor = (sampled + to_start + to_end) / sampled;
    if kind.per_second {
        factor /= seconds(window.to_ms - window.from_ms);
    }
    Some(change * factor)
}

/// irate, idelta: the last two samples (functions.go:830-951).
pub(crate) fn instant_change(window: &Window<'_>, per_second: bool) -> Option<f64> {
    let n = window.values.len();
    if n < 2 {
        return None;
    }
    let (before, last) = (window.values[n - 2], window.values[n - 1]);
    let spacing_ms = window.times_ms[n - 1] - window.times_ms[n - 2];
    if spacing_ms == 0 {
        return None;
    }
    if !per_second {
        return Some(last - before);
    }
    let change = if last < before { last } else { last - before };
    Some(change / (spacing_ms as f64 / 1_000.0))
}

/// Kahan-Neumaier summation, as Prometheus sums since 2.54.
pub(crate) fn kahan_sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut compensation) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = sum + value;
        if next.is_infinite() {
            compensation = 0.0;
        } else if sum.abs() >= value.abs() {
            compensation += (sum - next) + value;
        } else {
            compensation += (value - next) + sum;
        }
        sum = next;
    }
    if sum.is_infinite() {
        sum
    } else {
        sum + compensation
    }
}

/// The smallest or largest value; NaN only when all are.
pub(crate) fn extreme(values: &[f64], largest: bool) -> f64 {
    values.iter().copied().fold(f64::NAN, |best, value| {
        let better = if largest { value > best } else { value < best };
        if better || best.is_nan() { value } else { best }
    })
}

/// Population variance (Welford).
pub(crate) fn variance(values: &[f64]) -> f64 {
    let (mut mean, mut squares) = (0.0, 0.0);
    for (index, value) in values.iter().enumerate() {
        let delta = value - mean;
        mean += delta / (index + 1) as f64;
        squares += delta * (value - mean);
    }
    squares / values.len() as f64
}

/// The φ-quantile with linear interpolation (quantile.go).
pub(crate) fn quantile(q: f64, values: &[f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    let mut sorted = values.to_vec();
    // NaN sorts first, as in Prometheus.
    sorted.sort_by(|a, b| match (a.is_nan(), b.is_nan()) {
        (true, true) => std::cmp::Ordering::Equal,
        (true, false) => std::cmp::Ordering::Less,
        (false, true) => std::cmp::Ordering::Greater,
        (false, false) => a.total_cmp(b),
    });
    let rank = q * (sorted.len() - 1) as f64;
    let lower = rank.floor() as usize;
    let upper = (lower + 1).min(sorted.len() - 1);
    let weight = rank - rank.floor();
    sorted[lower] * (1.0 - weight) + sorted[upper] * weight
}

/// Slope and intercept of the least-squares line; the intercept is at `at_ms` (functions.go
/// linearRegression).
pub(crate) fn regression(window: &Window<'_>, at_ms: i64) -> (f64, f64) {
    let values = window.values;
    if values.iter().all(|value| *value == values[0]) {
        return if values[0].is_infinite() {
            (f64::NAN, f64::NAN)
        } else {
            (0.0, values[0])
        };
    }
    let xs = window
        .times_ms
        .iter()
        .map(|time| (time - at_ms) as f64 / 1_000.0);
    let pairs: Vec<(f64, f64)> = xs.zip(values.iter().copied()).collect();
    let n = pairs.len() as f64;
    let sum = |f: &dyn Fn(&(f64, f64)) -> f64| kahan_sum(pairs.iter().map(f));
    let (sum_x, sum_y) = (sum(&|p| p.0), sum(&|p| p.1));
    let covariance = sum(&|p| p.0 * p.1) - sum_x * sum_y / n;
    let variance = sum(&|p| p.0 * p.0) - sum_x * sum_x / n;
    let slope = covariance / variance;
    (slope, sum_y / n - slope * sum_x / n)
}

//! Quantiles of classic histograms.

use crate::Labels;
use crate::eval::Sample;

/// The label with a bucket's upper bound.
const BUCKET_LABEL: &str = "le";

/// Counts this close (relative) are rounding, not a decrease (quantile.go: smallDeltaTolerance).
const SMALL_DELTA: f64 = 1e-12;

#[derive(Clone, Copy)]
struct Bucket {
    bound: f64,
    count: f64,
}

/// histogram_quantile(q, buckets): elements are grouped by everything but `le`; those without a
/// readable `le` are ignored (functions.go:2177).
pub(crate) fn histogram_quantile(q: f64, samples: &[Sample]) -> Vec<Sample> {
    let mut groups: Vec<(Labels, Vec<Bucket>)> = Vec::new();
    for sample in samples {
        let Some(bound) = parse_bound(sample.labels.get(BUCKET_LABEL)) else {
            continue;
        };
        // The metric's name keeps histograms apart until the end, when equal label sets are an
        // error (engine.go: `EvalNodeHelper.resetHistograms`).
        let named = |n: &str| n != crate::METRIC_NAME || !sample.drop_name;
        let key = sample.labels.filtered(|n| n != BUCKET_LABEL && named(n));
        let bucket = Bucket {
            bound,
            count: sample.value,
        };
        match groups.iter_mut().find(|(labels, _)| *labels == key) {
            Some((_, buckets)) => buckets.push(bucket),
            None => groups.push((key, vec![bucket])),
        }
    }
    let answer = |(labels, buckets)| Sample::new(labels, bucket_quantile(q, buckets));
    groups.into_iter().map(answer).collect()
}

fn parse_bound(text: &str) -> Option<f64> {
    if text.is_empty() {
        return None;
    }
    text.parse().ok()
}

/// quantile.go:105-170.
fn bucket_quantile(q: f64, mut buckets: Vec<Bucket>) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    buckets.sort_by(|a, b| a.bound.total_cmp(&b.bound));
    if buckets
        .last()
        .is_none_or(|last| last.bound != f64::INFINITY)
    {
        return f64::NAN;
    }
    coalesce(&mut buckets);
    ensure_monotonic(&mut buckets);
    let total = buckets[buckets.len() - 1].count;
    if buckets.len() < 2 || total == 0.0 || total.is_nan() {
        return f64::NAN;
    }
    let mut rank = q * total;
    let last = buckets.len() - 1;
    let index = buckets[..last].partition_point(|bucket| bucket.count < rank);
    if index == last {
        return buckets[last - 1].bound;
    }
    if index == 0 && buckets[0].bound <= 0.0 {
        return buckets[0].bound;
    }
    let end = buckets[index].bound;
    let mut start = 0.0;
    let mut count = buckets[index].count;
    if index > 0 {
        start = buckets[index - 1].bound;
        count -= buckets[index - 1].count;
        rank -= buckets[index - 1].count;
    }
    start + (end - start) * (rank / count)
}

/// Adds buckets with equal bounds.
fn coalesce(buckets: &mut Vec<Bucket>) {
    buckets.dedup_by(|later, earlier| {
        let equal = later.bound == earlier.bound;
        if equal {
            earlier.count += later.count;
        }
        equal
    });
}

/// Cumulative counts must not fall: tiny differences are equalised, larger falls flattened to the
/// maximum so far.
fn ensure_monotonic(buckets: &mut [Bucket]) {
    let mut previous = buckets[0].count;
    for bucket in &mut buckets[1..] {
        let current = bucket.count;
        if current == previous {
            continue;
        }
        if almost_equal(previous, current) || current < previous {
            bucket.count = previous;
            continue;
        }
        previous = current;
    }
}

/// model/value almost.Equal with relative tolerance.
fn almost_equal(a: f64, b: f64) -> bool {
    if a.is_nan() && b.is_nan() {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < SMALL_DELTA * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < SMALL_DELTA
}

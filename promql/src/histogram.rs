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

/// One classic histogram.
pub(crate) struct Histogram {
    /// Its labels without `le`.
    pub(crate) labels: Labels,
    buckets: Vec<Bucket>,
}

/// Groups buckets by everything but `le`; `ignored` hears of those without a readable `le`
/// (engine.go: `EvalNodeHelper.resetHistograms`).
pub(crate) fn histograms(samples: &[Sample], mut ignored: impl FnMut(&Labels)) -> Vec<Histogram> {
    let mut groups: Vec<Histogram> = Vec::new();
    // Of each group.
    let mut firsts: Vec<&Sample> = Vec::new();
    for sample in samples {
        // The metric's name keeps histograms apart until the end, when equal label sets are an
        // error.
        let named = |n: &str| n != crate::METRIC_NAME || !sample.drop_name;
        let Some(bound) = parse_bound(sample.labels.get(BUCKET_LABEL)) else {
            ignored(&sample.labels.filtered(named));
            continue;
        };
        let counts = |n: &str| n != BUCKET_LABEL && named(n);
        let bucket = Bucket {
            bound,
            count: sample.value,
        };
        // The latest first: buckets of one histogram mostly follow each other.
        let known = firsts.iter().rposition(|first| {
            first.drop_name == sample.drop_name && first.labels.same_where(&sample.labels, counts)
        });
        if let Some(index) = known {
            groups[index].buckets.push(bucket);
            continue;
        }
        let labels = sample.labels.filtered(counts);
        // Only names that are dropped from some elements and not from others bring this about.
        if let Some(group) = groups.iter_mut().find(|group| group.labels == labels) {
            group.buckets.push(bucket);
            continue;
        }
        firsts.push(sample);
        groups.push(Histogram {
            labels,
            buckets: vec![bucket],
        });
    }
    groups
}

fn parse_bound(text: &str) -> Option<f64> {
    if text.is_empty() {
        return None;
    }
    text.parse().ok()
}

impl Histogram {
    /// The quantile, and whether falling counts had to be flattened for it (quantile.go:
    /// `BucketQuantile`).
    pub(crate) fn quantile(&mut self, q: f64) -> (f64, bool) {
        if q.is_nan() {
            return (f64::NAN, false);
        }
        if q < 0.0 {
            return (f64::NEG_INFINITY, false);
        }
        if q > 1.0 {
            return (f64::INFINITY, false);
        }
        if !self.sort() {
            return (f64::NAN, false);
        }
        let buckets = &mut self.buckets;
        let forced = ensure_monotonic(buckets);
        let last = buckets.len() - 1;
        let total = buckets[last].count;
        if last == 0 || total == 0.0 {
            return (f64::NAN, false);
        }
        (interpolate(buckets, q * total), forced)
    }

    /// Sorts and joins the buckets; whether the last one is unbounded.
    fn sort(&mut self) -> bool {
        self.buckets.sort_by(|a, b| a.bound.total_cmp(&b.bound));
        coalesce(&mut self.buckets);
        let last = self.buckets.last();
        last.is_some_and(|last| last.bound == f64::INFINITY)
    }

    /// The share of observations between two values (quantile.go: `BucketFraction`).
    pub(crate) fn fraction(&mut self, lower: f64, upper: f64) -> f64 {
        if !self.sort() {
            return f64::NAN;
        }
        let count = self.buckets[self.buckets.len() - 1].count;
        if count == 0.0 || lower.is_nan() || upper.is_nan() {
            return f64::NAN;
        }
        if lower >= upper {
            return 0.0;
        }
        // Like Prometheus, not `min`: a NaN stays.
        let within = |rank: Option<f64>| match rank {
            Some(rank) if rank > count => count,
            Some(rank) => rank,
            None => count,
        };
        (within(self.rank_of(upper)) - within(self.rank_of(lower))) / count
    }

    /// How many observations are below a value; `None` above the last bound.
    fn rank_of(&self, value: f64) -> Option<f64> {
        let (mut rank, mut from) = (0.0, f64::NEG_INFINITY);
        for bucket in &self.buckets {
            if from >= value {
                return Some(rank);
            }
            if bucket.bound > value {
                let inside = rank + (bucket.count - rank) * (value - from) / (bucket.bound - from);
                return Some(inside);
            }
            (rank, from) = (bucket.count, bucket.bound);
        }
        None
    }
}

/// The bucket that holds a rank, linear inside it.
fn interpolate(buckets: &[Bucket], mut rank: f64) -> f64 {
    let last = buckets.len() - 1;
    let index = first_reaching(&buckets[..last], rank);
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

/// The first bucket with at least `rank` observations; a NaN is never enough (Go: `sort.Search`).
fn first_reaching(buckets: &[Bucket], rank: f64) -> usize {
    let reaches = |bucket: &Bucket| bucket.count >= rank;
    buckets.partition_point(|bucket| !reaches(bucket))
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
/// maximum so far, which is told.
fn ensure_monotonic(buckets: &mut [Bucket]) -> bool {
    let mut forced = false;
    let mut previous = buckets[0].count;
    for bucket in &mut buckets[1..] {
        let current = bucket.count;
        if current == previous {
            continue;
        }
        if almost_equal(previous, current) {
            bucket.count = previous;
        } else if current < previous {
            bucket.count = previous;
            forced = true;
        } else {
            previous = current;
        }
    }
    forced
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

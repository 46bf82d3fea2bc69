//! What a scrape target has counted of one class of requests.

use crate::draw::multinomial;
use crate::stream::Stream;

/// More latency buckets than this, +Inf included, are refused by the reader of scenarios.
pub const BUCKETS_MAX: usize = 64;

/// Requests, their latencies' sum, and their latencies' histogram (not cumulative).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) seconds: f64,
    pub(crate) buckets: Vec<u64>,
}

impl Counts {
    pub(crate) fn clear(&mut self) {
        self.requests = 0;
        self.seconds = 0.0;
        self.buckets.clear();
    }

    /// Adds so many requests at once, their buckets drawn.
    pub(crate) fn add_buckets(&mut self, requests: u64, shares: &[f64], stream: &mut Stream) {
        let mut drawn = [0; BUCKETS_MAX];
        let drawn = &mut drawn[..shares.len().min(BUCKETS_MAX)];
        multinomial(requests, shares, drawn, stream);
        self.buckets.resize(shares.len(), 0);
        for (bucket, count) in self.buckets.iter_mut().zip(drawn) {
            *bucket += *count;
        }
    }

    /// Adds one request.
    pub(crate) fn add_one(&mut self, seconds: f64, (bucket, buckets): (usize, usize)) {
        self.requests += 1;
        self.seconds += seconds;
        if self.buckets.len() < buckets {
            self.buckets.resize(buckets, 0);
        }
        self.buckets[bucket] += 1;
    }

    /// Adds what another has counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.seconds += other.seconds;
        let len = self.buckets.len().max(other.buckets.len());
        self.buckets.resize(len, 0);
        for (bucket, count) in self.buckets.iter_mut().zip(&other.buckets) {
            *bucket += *count;
        }
    }
}

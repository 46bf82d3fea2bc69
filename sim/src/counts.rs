//! What a scrape target has counted of one class of requests.

use crate::draw::Categories;
use crate::exposition::Answers;
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

/// Answered and failed requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Pair {
    pub(crate) good: Counts,
    pub(crate) failed: Counts,
}

impl Pair {
    /// What is counted of some answers.
    #[inline]
    fn sum(&self, answers: Answers, of: impl Fn(&Counts) -> u64) -> u64 {
        match answers {
            Answers::Good => of(&self.good),
            Answers::Failed => of(&self.failed),
            Answers::All => of(&self.good) + of(&self.failed),
        }
    }

    pub(crate) fn of(&mut self, failed: bool) -> &mut Counts {
        if failed {
            &mut self.failed
        } else {
            &mut self.good
        }
    }
}

/// All that a target has counted of one class of requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sheet {
    /// Of the first route, or of all requests where there are no routes.
    first: Pair,
    /// Of the other routes.
    others: Vec<Pair>,
    /// Completions by step of the business.
    pub(crate) completed: Vec<u64>,
}

impl Sheet {
    /// Nothing counted yet.
    pub(crate) fn new(routes: usize, steps: usize) -> Self {
        Self {
            first: Pair::default(),
            others: vec![Pair::default(); routes.saturating_sub(1)],
            completed: vec![0; steps],
        }
    }

    pub(crate) fn clear(&mut self) {
        for pair in self.routes_mut() {
            pair.good.clear();
            pair.failed.clear();
        }
        self.completed.fill(0);
    }

    /// What was counted of a route.
    pub(crate) fn route_mut(&mut self, route: u16) -> &mut Pair {
        match route {
            0 => &mut self.first,
            other => &mut self.others[usize::from(other) - 1],
        }
    }

    /// A count of one route or of all of them, and of some answers.
    #[inline]
    pub(crate) fn count(
        &self,
        (route, answers): (Option<u16>, Answers),
        of: impl Fn(&Counts) -> u64,
    ) -> u64 {
        match route {
            None if self.others.is_empty() => self.first.sum(answers, of),
            None => self.routes().map(|pair| pair.sum(answers, &of)).sum(),
            Some(0) => self.first.sum(answers, of),
            Some(other) => self.others[usize::from(other) - 1].sum(answers, of),
        }
    }

    pub(crate) fn routes(&self) -> impl Iterator<Item = &Pair> {
        std::iter::once(&self.first).chain(&self.others)
    }

    fn routes_mut(&mut self) -> impl Iterator<Item = &mut Pair> {
        std::iter::once(&mut self.first).chain(&mut self.others)
    }

    /// What a series is about: one route, or the sum of all. `of` is how the series reads a route;
    /// `None` before it has counted anything there.
    #[inline]
    pub(crate) fn sum(&self, route: Option<u16>, of: impl Fn(&Pair) -> Option<f64>) -> Option<f64> {
        match route {
            None if self.others.is_empty() => of(&self.first),
            None => self.routes().filter_map(of).reduce(|a, b| a + b),
            Some(0) => of(&self.first),
            Some(other) => of(&self.others[usize::from(other) - 1]),
        }
    }

    /// Adds what another has counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (pair, other) in self.routes_mut().zip(other.routes()) {
            pair.good.merge(&other.good);
            pair.failed.merge(&other.failed);
        }
        for (count, other) in self.completed.iter_mut().zip(&other.completed) {
            *count += other;
        }
    }
}

impl Counts {
    pub(crate) fn clear(&mut self) {
        self.requests = 0;
        self.seconds = 0.0;
        self.buckets.clear();
    }

    /// Adds so many requests at once, their buckets drawn.
    pub(crate) fn add_buckets(&mut self, requests: u64, by: &Categories, stream: &mut Stream) {
        self.buckets.resize(by.shares().len(), 0);
        by.split(requests, &mut self.buckets, stream);
    }

    /// Adds requests that took no time to speak of.
    pub(crate) fn add_quick(&mut self, requests: u64, buckets: usize) {
        self.requests += requests;
        self.buckets.resize(buckets, 0);
        if let Some(first) = self.buckets.first_mut() {
            *first += requests;
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

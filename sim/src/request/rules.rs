//! How pods queue and how clients repeat: what a request meets besides its service time.

use coalmine_policy::Span;

/// What pods do with requests beyond what they can work on at once, and what clients do with
/// failures. The default is a pod without limits, as in the aggregate mode.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rules {
    /// Requests that a pod works on at once; absent: all of them, so nobody waits.
    pub concurrency: Option<u32>,
    /// Waiting places per pod; beyond them the answer is 503 at once. Absent: unbounded.
    pub queue: Option<u32>,
    /// When waiting and service together take longer, the answer is 504 at this age. The pod does
    /// not learn of it and finishes the work.
    pub timeout: Option<Span>,
    /// How long a removed pod goes on serving what it has; then the rest fails. Absent: to the end.
    pub drain: Option<Span>,
    /// Slow first minutes of a pod.
    pub warm_up: Option<WarmUp>,
    /// Clients that repeat failed requests.
    pub retries: Option<Retries>,
}

/// A pod that has just become ready is slow; it recovers linearly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmUp {
    /// From readiness to full speed.
    pub length: Span,
    /// Factor on service times at readiness.
    pub latency_times: f64,
}

/// Clients that repeat what failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retries {
    /// Share of failures that is repeated.
    pub share: f64,
    /// How often one request is repeated at most.
    pub max: u8,
    /// From the failure to the next attempt.
    pub backoff: Span,
}

impl WarmUp {
    /// The factor on the service time at this age since readiness.
    #[must_use]
    pub fn factor(&self, age: Span) -> f64 {
        let left = 1.0 - age.as_secs_f64() / self.length.as_secs_f64().max(1e-9);
        1.0 + (self.latency_times - 1.0) * left.max(0.0)
    }
}

//! What is true at an instant, whatever anybody measured: for whoever explains a rollout.
//!
//! Shares and rates are those that requests are drawn with, not counts of drawn ones, so looking
//! costs no random number and changes nothing.

use coalmine_policy::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The world at an instant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Truth {
    /// Requests a second that arrive.
    pub rps: f64,
    /// The canary's share, 0 to 1, as the router's object says it; `None` where no router splits.
    pub written: Option<f64>,
    /// The share of the requests that reaches the new version's pods.
    pub new_share: f64,
    /// The share that the router answers 5xx itself.
    pub refused: f64,
    /// The old version, while it has pods or requests.
    pub old: Option<Serving>,
    /// The new version.
    pub new: Option<Serving>,
    /// Requests that the new version has served so far, as expected: the integral of its share.
    pub new_requests: f64,
    /// Whether requests to the new version meet a fault of the release.
    pub fault_shows: bool,
}

/// How the pods of a version serve.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Serving {
    /// Pods that take requests.
    pub pods: u32,
    /// Requests a second on the busiest of them.
    pub rps_per_pod: f64,
    /// Seconds since they became ready, on average, where a fault depends on it.
    pub age_s: Option<f64>,
    /// Requests that each has served, where a fault depends on it.
    pub served: Option<f64>,
    /// The share of their answers that fails.
    pub error_share: f64,
    /// The 99th percentile of the latency of good answers, in seconds.
    pub p99_s: f64,
    /// The share of their good answers that is slower than people's patience.
    pub slow_share: f64,
    /// The share of their requests that fares worse than on the old version.
    pub hurt_share: f64,
    /// The share of business completions that is lost to the release.
    pub lost_share: f64,
}

/// So many points of the world's course are kept, and as many changes of the split.
pub(crate) const COURSE_POINTS: usize = 240;

/// What a watched replication remembers, to tell the truth of it when all is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Remembered {
    /// When something was measured or decided.
    pub(crate) moments: Vec<Time>,
    /// What was written to the router's object, and when; nothing where no router splits.
    pub(crate) writes: Vec<(Time, f64)>,
}

impl Remembered {
    /// What the router's object said before an instant.
    pub(crate) fn written_before(&self, at: Time) -> Option<f64> {
        let before = self.writes.partition_point(|(written, _)| *written < at);
        self.writes[..before.max(1).min(self.writes.len())]
            .last()
            .map(|(_, share)| *share)
    }

    /// What it said from an instant on.
    pub(crate) fn written_at(&self, at: Time) -> Option<f64> {
        let until = self.writes.partition_point(|(written, _)| *written <= at);
        self.writes[..until].last().map(|(_, share)| *share)
    }
}

/// The instants of the course: evenly over the time, and where the split changes.
pub(crate) fn course_s(horizon_s: f64, changes: impl Iterator<Item = f64>) -> Vec<f64> {
    let even = (0..=COURSE_POINTS).map(|n| horizon_s * n as f64 / COURSE_POINTS as f64);
    let inside = changes.filter(|at| (0.0..horizon_s).contains(at));
    let inside: Vec<f64> = inside.collect();
    // Sticky sessions change the split all the time; a part of it draws the same curve.
    let every = inside.len().div_ceil(COURSE_POINTS).max(1);
    let mut all: Vec<f64> = even.chain(inside.into_iter().step_by(every)).collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_course_has_the_changes_and_is_never_long() {
        let few = course_s(240.0, [-5.0, 3.5, 300.0].into_iter());
        assert_eq!(few.len(), COURSE_POINTS + 2);
        assert_eq!(few[3..6], [3.0, 3.5, 4.0]);
        let many = course_s(3600.0, (0..100_000).map(|n| f64::from(n) * 0.03));
        assert!(many.len() <= 2 * COURSE_POINTS + 1, "{}", many.len());
        assert!(many.is_sorted());
    }
}

//! What a fault does, when, and to whom.

use coalmine_policy::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Version;

/// One effect of a fault. Effects are independent of each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// Share of requests that fail because of it, on top of the ordinary errors.
    pub error_share: f64,
    /// Factor on the 99th percentile of the latency; the median stays. 1 or less changes nothing.
    pub p99_times: f64,
    /// Factor on all latencies.
    pub latency_times: f64,
    /// Share of the business completions that are lost while the answers stay 200: 0.02 makes 85 % of the requests
    /// that complete an order 83.3 %.
    pub completion_loss: f64,
    /// The pod's process dies so long after it became ready, on average (exponential), and is started again with the
    /// kubelet's back-off.
    pub crash_every_s: Option<f64>,
    /// When it shows.
    pub onset: Onset,
    /// How its size grows; at once when `None`.
    pub growth: Option<Growth>,
    /// Comes and goes; always when `None`.
    pub episodes: Option<Episodes>,
    /// Whom it meets.
    pub scope: Scope,
}

/// When a fault shows. All that is given must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Onset {
    /// Only on pods that serve more than this many requests per second.
    pub above_rps_per_pod: Option<f64>,
    /// Only on pods that have served so many requests.
    pub after_requests: Option<u64>,
    /// Only on pods that have been ready for so long.
    pub after_age: Option<Span>,
    /// Only from this instant on, in seconds since the scenario's start.
    pub from_s: Option<f64>,
    /// Only before this instant, in seconds since the scenario's start.
    pub until_s: Option<f64>,
}

/// A growing fault takes so many sizes, one after the other.
pub const GROWTH_LEVELS: usize = 16;

/// A fault whose size goes with the new version's share of the traffic takes so many sizes: whole
/// percents.
pub const SHARE_LEVELS: usize = 100;

/// The condition of the pods of a cohort.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// Requests per second on each.
    pub rps: f64,
    /// Their mean age since readiness, in seconds.
    pub age_s: f64,
    /// Requests that each is expected to have served.
    pub served: f64,
    /// Share of the traffic that the new version serves.
    pub new_share: f64,
}

impl Condition {
    /// Pods that have been in service for ever.
    #[must_use]
    pub const fn settled(rps: f64) -> Self {
        Self {
            rps,
            age_s: f64::INFINITY,
            served: f64::INFINITY,
            new_share: 1.0,
        }
    }
}

/// How a fault grows from nothing to its full size, in a straight line: a leak.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Growth {
    /// Over a pod's age since the onset.
    Age(Span),
    /// Over the requests that a pod has served since the onset.
    Requests(u64),
}

/// Correlated bursts: the fault shows everywhere at once, for a while, again and again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Episodes {
    /// Mean time from the end of one to the beginning of the next (exponential), in seconds.
    pub gap_s: f64,
    /// Mean length (exponential), in seconds.
    pub length_s: f64,
}

/// Whom a fault meets. All that is given must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// The versions that have it.
    pub versions: Versions,
    /// Only requests of this route (its index in the scenario).
    pub route: Option<usize>,
    /// Only on so many bad pods: the first of each workload and version.
    pub pods: Option<u32>,
    /// Only users who satisfy the policy's match rules.
    pub matching_users: bool,
    /// Its size is multiplied by the share of the traffic that the new version serves: a shared dependency that the
    /// new version wears out.
    pub with_new_share: bool,
}

/// Versions that have a fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Versions {
    /// The new one: a fault of the release.
    #[default]
    New,
    /// The old one: a fault that the release repairs.
    Old,
    /// Both: an incident outside the release.
    Both,
}

impl Versions {
    /// Whether a version is among them.
    #[must_use]
    pub fn include(self, version: Version) -> bool {
        match self {
            Self::New => version == Version::New,
            Self::Old => version == Version::Old,
            Self::Both => true,
        }
    }
}

impl Default for Fault {
    fn default() -> Self {
        Self {
            error_share: 0.0,
            p99_times: 1.0,
            latency_times: 1.0,
            completion_loss: 0.0,
            crash_every_s: None,
            onset: Onset::default(),
            growth: None,
            episodes: None,
            scope: Scope::default(),
        }
    }
}

impl Fault {
    /// How far it has come on pods in this condition: 0 when it does not show, and
    /// [`Fault::levels`] at its full size.
    #[must_use]
    pub fn level(&self, pod: &Condition) -> usize {
        let Onset {
            above_rps_per_pod,
            after_requests,
            after_age,
            ..
        } = self.onset;
        let begins_at = (
            after_age.map_or(0.0, Span::as_secs_f64),
            after_requests.map_or(0.0, |count| count as f64),
        );
        let shows = above_rps_per_pod.is_none_or(|limit| pod.rps > limit)
            && pod.age_s >= begins_at.0
            && pod.served >= begins_at.1;
        if !shows {
            return 0;
        }
        let grown = match self.growth {
            None => 1.0,
            Some(Growth::Age(full)) => (pod.age_s - begins_at.0) / full.as_secs_f64(),
            Some(Growth::Requests(full)) => (pod.served - begins_at.1) / full as f64,
        };
        let share = if self.scope.with_new_share {
            pod.new_share
        } else {
            1.0
        };
        (grown.min(1.0) * share * self.levels() as f64).round() as usize
    }

    /// The number of its sizes.
    #[must_use]
    pub const fn levels(&self) -> usize {
        if self.scope.with_new_share {
            SHARE_LEVELS
        } else if self.growth.is_some() {
            GROWTH_LEVELS
        } else {
            1
        }
    }

    /// Whether it matters how long a pod has been ready.
    #[must_use]
    pub const fn counts_age(&self) -> bool {
        self.onset.after_age.is_some() || matches!(self.growth, Some(Growth::Age(_)))
    }

    /// Whether it matters how many requests a pod has served.
    #[must_use]
    pub const fn counts_requests(&self) -> bool {
        self.onset.after_requests.is_some() || matches!(self.growth, Some(Growth::Requests(_)))
    }

    /// The same fault at another size, 0 for none and 1 for all of it.
    #[must_use]
    pub fn scaled(&self, size: f64) -> Self {
        Self {
            error_share: self.error_share * size,
            p99_times: 1.0 + (self.p99_times - 1.0) * size,
            latency_times: 1.0 + (self.latency_times - 1.0) * size,
            completion_loss: self.completion_loss * size,
            ..*self
        }
    }

    /// Whether it comes with the release: a request that meets it fares worse than it would have without.
    #[must_use]
    pub const fn is_of_release(&self) -> bool {
        matches!(self.scope.versions, Versions::New) || self.scope.with_new_share
    }

    /// Whether the clock alone can switch it.
    #[must_use]
    pub const fn is_timed(&self) -> bool {
        self.onset.from_s.is_some() || self.onset.until_s.is_some() || self.episodes.is_some()
    }
}

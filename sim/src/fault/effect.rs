//! What a fault does, when, and to whom.

use coalmine_policy::Span;
use serde::{Deserialize, Serialize};

use super::Version;

/// One effect of a fault. Effects are independent of each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Share of requests that fail because of it, on top of the ordinary errors.
    pub error_share: f64,
    /// Factor on the 99th percentile of the latency; the median stays. 1 or less changes nothing.
    pub p99_times: f64,
    /// Factor on all latencies.
    pub latency_times: f64,
    /// Share of the business completions that are lost while the answers stay 200.
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
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

/// How a fault grows from nothing to its full size, in a straight line: a leak.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Growth {
    /// Over a pod's age since the onset.
    Age(Span),
    /// Over the requests that a pod has served since the onset.
    Requests(u64),
}

/// Correlated bursts: the fault shows everywhere at once, for a while, again and again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Episodes {
    /// Mean time from the end of one to the beginning of the next (exponential), in seconds.
    pub gap_s: f64,
    /// Mean length (exponential), in seconds.
    pub length_s: f64,
}

/// Whom a fault meets. All that is given must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scope {
    /// The versions that have it.
    pub versions: Versions,
    /// Only requests of this route (its index in the scenario).
    pub route: Option<usize>,
    /// Only on so many bad pods.
    pub pods: Option<u32>,
    /// Only users who satisfy the policy's match rules.
    pub matching_users: bool,
    /// Its size is multiplied by the share of the traffic that the new version serves: a shared dependency that the
    /// new version wears out.
    pub with_new_share: bool,
}

/// Versions that have a fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Whether it shows at this load.
    #[must_use]
    pub fn is_active(&self, rps_per_pod: f64) -> bool {
        self.onset
            .above_rps_per_pod
            .is_none_or(|limit| rps_per_pod > limit)
    }

    /// Whether the clock alone can switch it.
    #[must_use]
    pub const fn is_timed(&self) -> bool {
        self.onset.from_s.is_some() || self.onset.until_s.is_some() || self.episodes.is_some()
    }
}

//! What a replication came to.

use coalmine_policy::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a rollout ended within the scenario's horizon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The new revision took over.
    Promoted,
    /// It was taken out.
    RolledBack,
    /// Neither, when the horizon was reached: waiting, paused for good, or simply too slow.
    Stuck,
    /// The controller refuses the manifest; nothing ran.
    Invalid,
}

/// One replication of one scenario under one policy. Times count from the rollout's start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// Index of the replication; names its random streams.
    pub replication: u32,
    /// How it ended.
    pub verdict: Verdict,
    /// When the controller promoted or rolled back for good.
    pub decided_ns: Option<Span>,
    /// The first request that met the fault: served by the new revision while the fault was active.
    pub fault_met_ns: Option<Span>,
    /// From `fault_met` to the decision to roll back; `None` when either did not happen, or in that
    /// order.
    pub detect_ns: Option<Span>,
    /// From `fault_met` until at most 0.1 % of the traffic reaches the new revision.
    pub mitigate_ns: Option<Span>,
    /// Requests that all revisions together served within the horizon.
    pub requests: u64,
    /// Requests that the new revision served within the horizon.
    pub exposed: u64,
    /// Requests that fared worse than the same request would have on the old revision: failed where
    /// it would have been answered, or slower than people's patience where it would have been in
    /// time, or without the completion that it would have had. A request that is sent again because it
    /// failed is judged by its last attempt.
    pub hurt: u64,
    /// Those of the hurt that met no pod at all: the router answered them 5xx, because it did not yet
    /// know that pods had left, or knew of none. No fault of the release; 0 where a fault kills pods.
    pub hurt_by_router: u64,
    /// Users some of whose requests the new revision served; each request is somebody else's unless the
    /// scenario's users have sessions.
    pub exposed_users: u64,
    /// Users some of whose requests were hurt.
    pub hurt_users: u64,
    /// Completions lost to the release, by step of the scenario's business (orders): those that the
    /// same requests would have had on the old revision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<u64>,
}

impl Outcome {
    /// How long the promotion took, if there was one.
    #[must_use]
    pub fn promote_ns(&self) -> Option<Span> {
        self.decided_ns
            .filter(|_| self.verdict == Verdict::Promoted)
    }
}

//! What a world tells an engine.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Call, MetricAnswer, Routes, Service, Template, Workload, WorkloadState};

/// Something happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Input {
    /// Time has passed. Early or repeated ticks are no-ops; see [`crate::Engine::next_wake`].
    Tick,
    /// The cluster changed; engines keep the newest observation of each thing.
    Observed(Observation),
    /// The answer to an effect.
    Answered {
        /// The effect's call.
        call: Call,
        /// What came back.
        answer: Answer,
    },
    /// An operator intervened.
    Commanded(Command),
}

/// The state of one thing in the cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Observation {
    /// The pod template that the user's object asks for.
    Template(Template),
    /// The checksums of the ConfigMaps and Secrets that the target refers to (`configmap/name` to
    /// checksum); an error when a mandatory one is missing.
    Configs(Result<BTreeMap<String, String>, String>),
    /// A workload's state; `None` when the object does not exist.
    Workload(Workload, Option<WorkloadState>),
    /// The router's API object as it reads now, or why it cannot be read.
    Routes(Result<Routes, String>),
    /// Whether the data path carries the weight that was written last (Argo's VerifyWeight); `None`
    /// where nobody can ask.
    WeightVerified(Option<bool>),
    /// Where a Service points.
    Service(Service, Template),
    /// An autoscaler set `spec.replicas` of the user's object.
    Replicas(u32),
    /// The user's object was edited: its new YAML text.
    Manifest(Arc<str>),
}

/// The outcome of an effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Answer {
    /// Carried out.
    Done,
    /// The API refused or could not be reached.
    Failed(String),
    /// A metric provider's answer.
    Metric(MetricAnswer),
    /// A webhook's answer.
    Hook(HookAnswer),
}

/// The answer of a webhook, after retries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum HookAnswer {
    /// An HTTP status.
    Status(u16),
    /// No HTTP answer at all.
    Unreachable(String),
}

/// What an operator can do to a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Command {
    /// `kubectl argo rollouts promote`.
    Promote,
    /// `kubectl argo rollouts promote --full`.
    PromoteFull,
    /// Pauses cleared without advancing (Argo CD's resume).
    Resume,
    /// `kubectl argo rollouts abort`; for other controllers: roll back now.
    Abort,
    /// `kubectl argo rollouts retry rollout`.
    Retry,
    /// `spec.paused: true`.
    Pause,
    /// `spec.paused: false`.
    Unpause,
}

//! Workloads as a controller observes them through the Kubernetes API.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Time;

/// The identity of a pod template (its hash): all an engine may know of a revision's content.
#[derive(Clone, Debug, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Template(Arc<str>);

/// Engines compare templates all the time: the same one is told at once, and others mostly by their
/// first letter.
impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.bytes().eq(other.0.bytes())
    }
}

impl Hash for Template {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Template {
    /// The template with this hash.
    #[must_use]
    pub fn new(hash: &str) -> Self {
        Self(Arc::from(hash))
    }

    /// The hash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A set of pods that a controller scales or watches.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Workload {
    /// Flagger's `<name>-primary`: runs the promoted revision.
    Primary,
    /// Flagger's target (`spec.targetRef`): runs the new revision during a run, scaled to zero
    /// between runs.
    Target,
    /// An Argo ReplicaSet, named by the hash of its pod template.
    ReplicaSet(Template),
    /// A ReplicaSet of an Argo Experiment.
    Experiment(ExperimentSet),
}

/// A ReplicaSet of an Argo Experiment: pods of a revision, under a hash of their own.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct ExperimentSet {
    /// Numbers the Experiments of a rollout; the name of a deleted one may be used again.
    pub experiment: u64,
    /// Its name.
    pub name: Arc<str>,
    /// The index of the step that it is for.
    pub step: usize,
    /// The index of the template in the step.
    pub template: usize,
    /// The revision whose pods it copies.
    pub of: Template,
    /// The pod template hash that its pods are labelled with.
    pub hash: Template,
}

/// What the API says of a workload: the fields of a Deployment's or ReplicaSet's status that
/// controllers read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkloadState {
    /// The template its newest pods are made from.
    pub template: Template,
    /// `metadata.generation`.
    pub generation: u64,
    /// `status.observedGeneration`; behind `generation` while the workload's controller has not
    /// caught up.
    pub observed_generation: u64,
    /// `spec.replicas`; `None` when the field is absent.
    pub desired: Option<u32>,
    /// `status.replicas`: pods that exist, of any template.
    pub created: u32,
    /// `status.updatedReplicas`: pods of the newest template (equal to `created` for a ReplicaSet).
    pub updated: u32,
    /// `status.readyReplicas`.
    pub ready: u32,
    /// `status.availableReplicas`: ready for `minReadySeconds`.
    pub available: u32,
    /// The `Progressing` condition.
    pub progressing: Option<Condition>,
    /// The `Available` condition.
    pub availability: Option<Condition>,
}

impl WorkloadState {
    /// A workload of `replicas` pods of `template`, all up to date and available, without
    /// conditions.
    #[must_use]
    pub fn settled(template: Template, replicas: u32) -> Self {
        Self {
            template,
            generation: 1,
            observed_generation: 1,
            desired: Some(replicas),
            created: replicas,
            updated: replicas,
            ready: replicas,
            available: replicas,
            progressing: None,
            availability: None,
        }
    }
}

/// A condition of a workload's status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Condition {
    /// `status: "True"`.
    pub status: bool,
    /// The reason, as Kubernetes spells it (`MinimumReplicasUnavailable`,
    /// `ProgressDeadlineExceeded`).
    pub reason: String,
    /// `lastUpdateTime`.
    pub last_update: Time,
}

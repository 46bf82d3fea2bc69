//! The stream of events between an ensemble and its reporters: no reporter reaches into the
//! simulator.

use std::sync::Arc;

use coalmine_policy::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fidelity::Fidelity;
use crate::outcome::Outcome;

/// A policy under study, as reports show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyInfo {
    /// Unique within a study.
    pub label: String,
    /// The controller and object (`Flagger Canary`, `Argo Rollout`, `baseline`).
    pub kind: String,
    /// The file it came from.
    pub file: String,
    /// Why the controller refuses it, if it does.
    pub invalid: Option<Refusal>,
}

/// Why a controller refuses a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// The controller's own words.
    pub reason: String,
    /// The file with the cause.
    pub file: String,
    /// The cause's line, 1-based.
    pub line: usize,
    /// What to do.
    pub help: String,
}

/// A scenario under study, as reports show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioInfo {
    /// Unique within a study (`market-open/overload-only`).
    pub name: String,
    /// One line for people.
    pub title: String,
    /// The traffic's name (`market-open`).
    pub traffic: String,
    /// The fault's name (`overload-only`); `None` when the new revision is healthy.
    pub fault: Option<String>,
    /// How often releases of this kind come, relative to the others that are bad, or good, alike.
    pub weight: f64,
    /// How long after the start a replication is watched.
    pub horizon_ns: Span,
    /// What answered requests complete (`orders`), in the order of [`crate::outcome::Outcome::lost`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub business: Vec<String>,
}

impl ScenarioInfo {
    /// Whether the new revision is bad, so that promoting it is a miss and rolling it back is
    /// right.
    #[must_use]
    pub fn is_faulty(&self) -> bool {
        self.fault.is_some()
    }
}

/// What is run: the frame of every event that follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Study {
    /// The root of all random streams.
    pub seed: u64,
    /// Replications per cell; at least so many when a precision is wanted.
    pub runs: u32,
    /// Cells are run on until they are as precise as this.
    pub precision: Option<Precision>,
    /// How closely requests are looked at.
    pub fidelity: Fidelity,
    /// The policies.
    pub policies: Vec<PolicyInfo>,
    /// The scenarios.
    pub scenarios: Vec<ScenarioInfo>,
}

/// When a cell has been run often enough.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Precision {
    /// The wanted half width of the interval of the rate of wrong verdicts.
    pub half_width: f64,
    /// The budget: no cell is run more often, precise or not.
    pub max_runs: u32,
}

/// Something that happened in an ensemble. Cells arrive in a fixed order (scenario by scenario,
/// policies within), whatever the number of threads.
#[derive(Clone, Debug)]
pub enum Event {
    /// The first event.
    Started(Arc<Study>),
    /// So many replications of the whole study are done; may arrive often.
    Progress {
        /// Replications done.
        done: u64,
        /// Replications in all.
        total: u64,
    },
    /// All replications of one scenario under one policy, in order of replication.
    Cell {
        /// Index into [`Study::policies`].
        policy: usize,
        /// Index into [`Study::scenarios`].
        scenario: usize,
        /// One outcome per replication; empty when the policy is invalid.
        outcomes: Vec<Outcome>,
    },
    /// The last event; `complete` is false when the user interrupted.
    Finished {
        /// Whether every cell was run to its end.
        complete: bool,
    },
}

//! The story of one replication, for people: what happened, in order of time.

use coalmine_policy::{Record, Time, Weight};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::outcome::Verdict;
use crate::truth::Truth;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// When, since the scenario's start.
    pub at: Time,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", content = "value", rename_all = "kebab-case")]
pub enum What {
    /// The new revision became visible to the controller.
    Started,
    /// The controller wrote this weight to the router's API object.
    WeightWritten(Weight),
    /// From now on this share of the requests, 0 to 1, reaches the new revision.
    WeightEffective(f64),
    /// Pods that are ready, after a change.
    PodsReady {
        /// Pods of the old revision.
        old: u32,
        /// Pods of the new one.
        new: u32,
    },
    /// What the engine had to say.
    Record(Record),
    /// What was true just before a measurement or a decision.
    Truth(Truth),
    /// The first request met the fault.
    FaultMet,
    /// Requests per second that arrive, all revisions together.
    TrafficRate(f64),
    /// The end: the verdict, or the horizon.
    Ended(Verdict),
}

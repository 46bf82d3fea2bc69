//! One rollout as a story.

use coalmine_policy::{Record, Time, Weight};

use crate::outcome::Verdict;

/// One line of the story.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When, since the start.
    pub at: Time,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The new revision became visible to the controller.
    Started,
    /// The controller wrote a weight to the router's object.
    WeightWritten(Weight),
    /// The share of the traffic that reaches the new version changed.
    WeightEffective(f64),
    /// Pods changed: ready pods of each version.
    PodsReady {
        /// Old pods that take traffic.
        old: u32,
        /// New pods that take traffic.
        new: u32,
    },
    /// The engine's own words.
    Record(Record),
    /// The first request met the fault.
    FaultMet,
    /// The end.
    Ended(Verdict),
}

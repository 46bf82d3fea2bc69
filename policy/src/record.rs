//! What an engine tells people: each decision with the rule that took it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{Span, Weight};

/// One line of a rollout's story.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// The controller's own phase changed (`Progressing`, `Degraded`).
    Phase {
        /// The phase left, as the controller spells it.
        from: Cow<'static, str>,
        /// The phase entered.
        to: Cow<'static, str>,
    },
    /// A metric was measured and judged.
    Measured {
        /// The metric's name in the manifest.
        metric: String,
        /// The value as the controller saw it (`0.9812`, `[0.98,1]`, `no values`).
        value: String,
        /// The controller's word for the outcome (`passed`, `failed`, `Successful`, `Inconclusive`,
        /// `Error`).
        outcome: Cow<'static, str>,
        /// What it was held against (`>= 99`, `result[0] >= 0.95`), and counters after it.
        detail: String,
    },
    /// A decision was taken.
    Decided {
        /// Which.
        decision: Decision,
        /// The rule, with its place in the controller's source (`Flagger scheduler.go:430`).
        rule: Cow<'static, str>,
        /// The numbers behind it, for people.
        detail: String,
    },
    /// Anything else worth a line.
    Note(String),
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// A run starts for a new revision.
    Start,
    /// The run starts over for a newer revision or an edit.
    Restart,
    /// The canary gets this share of the traffic.
    Advance(Weight),
    /// Nothing changes; something is awaited.
    Hold,
    /// Waits so long, or for a person when `None`.
    Pause(Option<Span>),
    /// The new revision takes over.
    Promote,
    /// The run ended well.
    Succeed,
    /// The canary is taken out.
    RollBack,
    /// The controller refuses the manifest.
    Invalid,
}

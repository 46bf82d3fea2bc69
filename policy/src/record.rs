//! What an engine tells people: each decision with the rule that took it.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Span, Weight};

/// One line of a rollout's story.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
        /// The value as the one number that was judged, in the unit of the limits; `None` where it
        /// is none.
        #[serde(default)]
        reading: Option<f64>,
        /// What the reading had to lie between, where it is that simple.
        #[serde(default)]
        limits: Limits,
        /// What it was held against, as written (`>= 99`, `successCondition result[0] >= 0.95`), and
        /// the message of an error.
        detail: String,
        /// The controller's counters after it.
        #[serde(default)]
        counts: Vec<Count>,
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

/// The ends of a range; one that is open has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// The lowest good value.
    pub min: Option<f64>,
    /// The highest good value.
    pub max: Option<f64>,
}

/// A counter of the controller with what it is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Count {
    /// The counter, as the controller's field is called in words (`failed checks`, `errors in a
    /// row`).
    pub name: Cow<'static, str>,
    /// How far it has come.
    pub value: i64,
    /// What it is compared with; `None` where nothing ends it.
    pub limit: Option<i64>,
}

impl Count {
    /// A counter.
    #[must_use]
    pub const fn new(name: &'static str, value: i64, limit: Option<i64>) -> Self {
        Self {
            name: Cow::Borrowed(name),
            value,
            limit,
        }
    }
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

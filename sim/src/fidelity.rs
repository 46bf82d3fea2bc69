//! How closely the world looks at requests.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The two ways to play a replication.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fidelity {
    /// What observers count is drawn from its distribution.
    #[default]
    Aggregate,
    /// Every request is an event.
    Request,
}

impl Fidelity {
    /// As the command line spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aggregate => "aggregate",
            Self::Request => "request",
        }
    }

    /// What people are told when it is not the usual one.
    #[must_use]
    pub const fn remark(self) -> &'static str {
        match self {
            Self::Aggregate => "",
            Self::Request => ", request fidelity",
        }
    }
}

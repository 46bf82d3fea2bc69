//! Traffic weights as the API objects hold them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A share of the traffic: `value` parts of `total`, both as written in the API object.
///
/// Flagger and Argo count in hundredths; Argo's `maxTrafficWeight` (nginx' `canary-weight-total`)
/// changes the total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Weight {
    /// Parts that go to the canary.
    pub value: u32,
    /// Parts in all; 100 unless the manifest says otherwise.
    pub total: u32,
}

impl Weight {
    /// No traffic.
    pub const ZERO: Self = Self::percent(0);
    /// All of it.
    pub const FULL: Self = Self::percent(100);

    /// `value` hundredths.
    #[must_use]
    pub const fn percent(value: u32) -> Self {
        Self { value, total: 100 }
    }

    /// The share in 0..=1; a total of zero counts as no traffic.
    #[must_use]
    pub fn share(self) -> f64 {
        if self.total == 0 {
            return 0.0;
        }
        (f64::from(self.value) / f64::from(self.total)).min(1.0)
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self::ZERO
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.total == 100 {
            write!(f, "{} %", self.value)
        } else {
            write!(f, "{}/{}", self.value, self.total)
        }
    }
}

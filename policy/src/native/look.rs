//! What a test sees at one look.

use serde::{Deserialize, Serialize};

/// Requests of one arm since the look before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    /// Requests.
    pub n: u64,
    /// Those that failed, or were too slow.
    pub e: u64,
}

impl Arm {
    /// So many requests, so many of which failed.
    #[must_use]
    pub const fn new(n: u64, e: u64) -> Self {
        Self { n, e }
    }

    /// Without one request there is no share.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        (self.n > 0).then(|| self.e as f64 / self.n as f64)
    }
}

/// The counts of one interval between two looks. Intervals must not overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// The canary.
    pub canary: Arm,
    /// The stable version, or a baseline as fresh as the canary.
    pub control: Arm,
    /// The canary's share of the traffic in basis points, where it is known.
    pub weight_bp: Option<u32>,
    /// Requests slower than each bound, canary and control, bounds as in [`Bounds`].
    pub slower: Vec<(u64, u64)>,
}

/// Upper ends of latency buckets that are tested, in seconds.
pub type Bounds = Vec<f64>;

impl Look {
    /// Counts without a weight and without buckets.
    #[must_use]
    pub const fn new(canary: Arm, control: Arm) -> Self {
        Self {
            canary,
            control,
            weight_bp: None,
            slower: Vec::new(),
        }
    }

    /// An arm without requests says nothing, in particular no success.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.canary.n == 0 || self.control.n == 0
    }

    /// The same requests, of which those count that were slower than a bound.
    #[must_use]
    pub fn slower_than(&self, bound: usize) -> Self {
        let (canary, control) = self.slower.get(bound).copied().unwrap_or_default();
        Self::new(
            Arm::new(self.canary.n, canary),
            Arm::new(self.control.n, control),
        )
    }

    /// The control in the canary's place, and the canary in the control's.
    #[must_use]
    pub const fn mirrored(&self) -> Self {
        Self::new(self.control, self.canary)
    }
}

//! What makes data unfit for any conclusion.

use serde::{Deserialize, Serialize};

use super::super::look::Look;
use super::super::share::Mismatch;
use super::Settings;

/// Missing data, and requests that are not split as they should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Guard {
    missing_looks: u32,
    mismatch_alpha: f64,
    missing: u32,
    mismatch: Mismatch,
    mismatched: bool,
}

impl Guard {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            missing_looks: settings.missing_looks,
            mismatch_alpha: settings.mismatch_alpha,
            missing: 0,
            mismatch: Mismatch::default(),
            mismatched: false,
        }
    }

    /// Why nothing can be concluded, if so. A split that was wrong once stays wrong: who was served by
    /// which version is unknown.
    pub(super) fn look(&mut self, look: &Look) -> Option<String> {
        self.missing = if look.is_empty() { self.missing + 1 } else { 0 };
        if let Some(weight) = look.weight_bp {
            self.mismatch.add(weight, (look.canary.n, look.control.n));
        }
        self.mismatched |= self.mismatch.ln_e() >= -self.mismatch_alpha.ln();
        if self.mismatched {
            return Some(format!(
                "the requests are not split by the weight (p < {}): the routing is broken, or a version \
                 answers what the other does not",
                self.mismatch_alpha
            ));
        }
        (self.missing > self.missing_looks).then(|| {
            let arm = match look.control.n {
                0 => "control",
                _ => "canary",
            };
            format!("no requests of the {arm} in {} looks", self.missing)
        })
    }
}

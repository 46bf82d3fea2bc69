//! `spend-guard`: rolls back when the canary's errors cross the boundary of the exact test.

use serde::{Deserialize, Serialize};

use super::super::look::Look;
use super::super::spend::{Plan, Spent};
use super::{Finding, Ruling, Settings};

/// The exact test over the planned looks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpendGuard {
    test: Spent,
}

impl SpendGuard {
    /// Before the first look.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            test: Spent::new(Plan {
                rho_0: settings.margin_ratio,
                alpha: settings.alpha,
                looks: settings.planned_looks,
                least_errors: settings.least_errors,
                spending: settings.spending,
            }),
        }
    }

    /// What one more look adds.
    pub fn look(&mut self, look: &Look, phi: f64) -> Finding {
        let boundary = self.test.add(look, phi);
        let errors = format!("{} errors", boundary.errors);
        let (ruling, reason) = match boundary.is_crossed() {
            true => (
                Ruling::RollBack,
                format!("{errors} ≥ {}", boundary.critical),
            ),
            false => (
                Ruling::Continue,
                format!("{errors} < {}", boundary.critical),
            ),
        };
        Finding {
            boundary: Some(boundary),
            ..Finding::new(ruling, reason)
        }
    }
}

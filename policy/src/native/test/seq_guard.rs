//! `seq-guard`: rolls back at the first look at which the evidence reaches 1/α.

use serde::{Deserialize, Serialize};

use super::super::look::Look;
use super::super::margin::{Beyond, Margin};
use super::super::restart::Restarting;
use super::{Finding, Ruling, Settings, anytime_p, compared};

/// Evidence against the canary, and whether there is enough of it to act on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeqGuard {
    evidence: Evidence,
    needed: f64,
    largest: f64,
    least_errors: u64,
    least_difference: f64,
    errors: u64,
    requests: u64,
    /// Errors of the canary beyond what the control's share would have made of its requests, by look.
    excess: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Evidence {
    /// "No more than ρ₀ times".
    Ratio(Restarting),
    /// "No more than ρ₀ times and δ".
    Margin(Beyond),
}

impl SeqGuard {
    /// Before the first look.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let evidence = if settings.margin_difference > 0.0 {
            Evidence::Margin(Beyond::new(Margin {
                ratio: settings.margin_ratio,
                difference: settings.margin_difference,
            }))
        } else {
            Evidence::Ratio(Restarting::new(
                settings.margin_ratio,
                settings.planned_looks,
            ))
        };
        Self {
            evidence,
            needed: -settings.alpha.ln(),
            largest: 0.0,
            least_errors: settings.least_errors,
            least_difference: settings.least_difference,
            errors: 0,
            requests: 0,
            excess: 0.0,
        }
    }

    /// What one more look adds.
    pub fn look(&mut self, look: &Look, phi: f64) -> Finding {
        let ln_e = match &mut self.evidence {
            Evidence::Ratio(test) => {
                test.add(look, phi);
                test.ln_e()
            }
            Evidence::Margin(test) => {
                test.add(look, phi);
                test.ln_e()
            }
        };
        // Ville's inequality is about the largest of them.
        self.largest = self.largest.max(ln_e);
        if let Some(share) = look.control.share() {
            self.errors += look.canary.e;
            self.requests += look.canary.n;
            self.excess += look.canary.e as f64 - share * look.canary.n as f64;
        }
        let (ruling, reason) = self.ruled(ln_e);
        Finding {
            ln_e: Some(ln_e),
            p: Some(anytime_p(self.largest)),
            ..Finding::new(ruling, reason)
        }
    }

    fn ruled(&self, ln_e: f64) -> (Ruling, String) {
        if self.largest < self.needed {
            return (Ruling::Continue, compared(ln_e, self.needed));
        }
        let evidence = compared(self.largest, self.needed);
        if self.errors < self.least_errors {
            let few = format!("{evidence}, but only {} errors", self.errors);
            return (Ruling::Continue, few);
        }
        let difference = self.excess / self.requests.max(1) as f64;
        if difference < self.least_difference {
            let little = format!(
                "{evidence}, but only {:.3} points more errors",
                100.0 * difference
            );
            return (Ruling::Continue, little);
        }
        (Ruling::RollBack, evidence)
    }
}

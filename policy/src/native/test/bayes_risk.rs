//! `bayes-risk`: rolls back when the canary is probably beyond the margin, promotes when little is risked.
//! Counts are added up within one weight only. What it is not is a guarantee over many looks.

use serde::{Deserialize, Serialize};

use super::super::bayes::{expected_loss, rate_is_above};
use super::super::look::{Arm, Look};
use super::{Finding, Ruling, Settings};

/// The counts of the present stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BayesRisk {
    margin_ratio: f64,
    probability: f64,
    least_errors: u64,
    next_requests: f64,
    risk_budget: f64,
    weight_bp: Option<u32>,
    canary: Arm,
    control: Arm,
}

impl BayesRisk {
    /// Before the first look.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            margin_ratio: settings.margin_ratio,
            probability: settings.probability,
            least_errors: settings.least_errors,
            next_requests: settings.next_requests,
            risk_budget: settings.risk_budget,
            weight_bp: None,
            canary: Arm::default(),
            control: Arm::default(),
        }
    }

    /// What one more look adds.
    pub fn look(&mut self, look: &Look) -> Finding {
        if self.weight_bp != look.weight_bp {
            self.weight_bp = look.weight_bp;
            (self.canary, self.control) = (Arm::default(), Arm::default());
        }
        for (sum, arm) in [
            (&mut self.canary, look.canary),
            (&mut self.control, look.control),
        ] {
            *sum = Arm::new(sum.n + arm.n, sum.e + arm.e);
        }
        let worse = rate_is_above(self.canary, self.control, self.margin_ratio);
        let (ruling, reason) = self.ruled(worse);
        Finding {
            p: Some(1.0 - worse),
            ..Finding::new(ruling, reason)
        }
    }

    fn ruled(&self, worse: f64) -> (Ruling, String) {
        let said = format!("P(worse than the margin) = {worse:.4}");
        if worse > self.probability {
            let errors = self.canary.e;
            return if errors < self.least_errors {
                let few = format!("{said}, but only {errors} errors");
                (Ruling::Continue, few)
            } else {
                (Ruling::RollBack, said)
            };
        }
        if self.canary.n == 0 || self.control.n == 0 {
            return (Ruling::Continue, said);
        }
        let risked = expected_loss(self.canary, self.control) * self.next_requests;
        if risked < self.risk_budget {
            let text = format!("{said}; {risked:.1} more failures risked by going on");
            (Ruling::Promote, text)
        } else {
            let text = format!("{said}; {risked:.1} more failures would be risked by going on");
            (Ruling::Continue, text)
        }
    }
}

//! `evidence-ramp`: rolls back as `seq-guard` does, and goes on only on evidence that the canary is good.
//!
//! The evidence for the canary is the mirror image: against "at least m times as often as the control", with
//! the arms in each other's place. So the chance of promoting what is m times as bad is at most β however
//! little traffic there is; where there is too little, the ramp waits and asks a person.

use serde::{Deserialize, Serialize};

use super::super::look::Look;
use super::super::ratio::Mixture;
use super::seq_guard::SeqGuard;
use super::{Finding, Ruling, Settings, compared};

/// The control's share of errors against 1/m times the canary's: m/2 for the second of these is "as good".
const FACTORS: [f64; 4] = [1.25, 1.5, 2.0, 3.0];

/// Two-sided evidence and the step that it has reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceRamp {
    bad: SeqGuard,
    good: Mixture,
    /// ln(1/β).
    needed: f64,
    steps: u32,
    dwell_looks: u32,
    planned_looks: u32,
    step: u32,
    looks_here: u32,
    looks: u32,
}

impl EvidenceRamp {
    /// Before the first look.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            bad: SeqGuard::new(settings),
            good: Mixture::with(1.0 / settings.bad_ratio, &FACTORS),
            needed: -settings.beta.ln(),
            steps: settings.steps.max(1),
            dwell_looks: settings.dwell_looks,
            planned_looks: settings.planned_looks,
            step: 1,
            looks_here: 0,
            looks: 0,
        }
    }

    /// What one more look adds.
    pub fn look(&mut self, look: &Look, phi: f64) -> Finding {
        self.looks += 1;
        self.looks_here += 1;
        self.good.add(&look.mirrored(), phi);
        let mut finding = self.bad.look(look, phi);
        let good = self.good.ln_e();
        finding.ln_e_good = Some(good);
        if finding.ruling == Ruling::RollBack {
            return finding;
        }
        let enough = self.needed * f64::from(self.step) / f64::from(self.steps);
        let evidence = format!("for the canary {}", compared(good, enough));
        (finding.ruling, finding.reason) = if good >= enough && self.looks_here >= self.dwell_looks
        {
            self.climb(evidence)
        } else if self.looks >= self.planned_looks {
            let late = format!("{evidence} in {} looks: hold, and ask a person", self.looks);
            (Ruling::Inconclusive, late)
        } else {
            (Ruling::Continue, evidence)
        };
        finding
    }

    fn climb(&mut self, evidence: String) -> (Ruling, String) {
        if self.step == self.steps {
            return (Ruling::Promote, evidence);
        }
        self.step += 1;
        self.looks_here = 0;
        let text = format!("{evidence}: step {} of {}", self.step, self.steps);
        (Ruling::Advance, text)
    }
}

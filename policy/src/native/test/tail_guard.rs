//! `tail-guard`: requests slower than a bound are to it what errors are to `seq-guard`, and the evidence is
//! averaged over several bounds, which is evidence whatever their dependence.

use serde::{Deserialize, Serialize};

use super::super::look::Look;
use super::super::numeric::ln_sum_exp;
use super::super::restart::Restarting;
use super::{Finding, Ruling, Settings, anytime_p, compared};

/// One test for each bound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TailGuard {
    margin_ratio: f64,
    planned_looks: u32,
    needed: f64,
    least_slow: u64,
    /// As many as the looks have; slow requests of the canary beside each.
    bounds: Vec<(Restarting, u64)>,
    largest: f64,
}

impl TailGuard {
    /// Before the first look.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            margin_ratio: settings.margin_ratio,
            planned_looks: settings.planned_looks,
            needed: -settings.alpha.ln(),
            least_slow: settings.least_slow,
            bounds: Vec::new(),
            largest: 0.0,
        }
    }

    /// What one more look adds. The first one says how many bounds there are.
    pub fn look(&mut self, look: &Look, phi: f64) -> Finding {
        if self.bounds.is_empty() {
            let test = || (Restarting::new(self.margin_ratio, self.planned_looks), 0);
            self.bounds = look.slower.iter().map(|_| test()).collect();
        }
        if self.bounds.is_empty() {
            return Finding::new(Ruling::Inconclusive, "the looks have no latency buckets");
        }
        for (index, (test, slow)) in self.bounds.iter_mut().enumerate() {
            let look = look.slower_than(index);
            test.add(&look, phi);
            *slow += look.canary.e;
        }
        let each = self.bounds.iter().map(|(test, _)| test.ln_e());
        let ln_e = ln_sum_exp(each) - (self.bounds.len() as f64).ln();
        self.largest = self.largest.max(ln_e);
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
        // Of the bound that says most.
        let slow = self
            .bounds
            .iter()
            .max_by(|a, b| a.0.ln_e().total_cmp(&b.0.ln_e()))
            .map_or(0, |(_, slow)| *slow);
        if slow < self.least_slow {
            let few = format!("{evidence}, but only {slow} slow requests");
            return (Ruling::Continue, few);
        }
        (Ruling::RollBack, evidence)
    }
}

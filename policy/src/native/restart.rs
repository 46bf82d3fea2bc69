//! A fault that may start at any look: Shiryaev and Roberts' sum of e-processes, one for each start, as a
//! mixture whose weights add up to 1.
//!
//! Half of the weight is on the first look, the rest evenly on the others that are planned. Each component
//! is an e-process that is 1 until its start, so the mixture is one, and the chance that it ever reaches
//! 1/α is at most α: a false-alarm rate, not only a mean time between false alarms. It costs ln 2 where
//! the fault is there from the start, and saves the looks before it where it is not.

use serde::{Deserialize, Serialize};

use super::look::Look;
use super::numeric::ln_sum_exp;
use super::ratio::{FACTORS, ln_likelihood_ratio};

/// Weight of the first look.
const FIRST: f64 = 0.5;

/// The evidence that the canary fails more than `rho_0` times as often as the control, from some look on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Restarting {
    rho_0: f64,
    /// Looks that are planned.
    looks: u32,
    seen: u32,
    /// The supposed ratio, and ln of the weighted sum over starts so far.
    parts: Vec<(f64, f64)>,
}

impl Restarting {
    /// Against a ratio of at most `rho_0`, over so many planned looks.
    #[must_use]
    pub fn new(rho_0: f64, looks: u32) -> Self {
        let parts = FACTORS.iter().map(|f| (rho_0 * f, f64::NEG_INFINITY));
        Self {
            rho_0,
            looks: looks.max(1),
            seen: 0,
            parts: parts.collect(),
        }
    }

    /// The weight of a start at a look, from 1 on.
    fn weight(&self, look: u32) -> f64 {
        match look {
            1 if self.looks == 1 => 1.0,
            1 => FIRST,
            k if k <= self.looks => (1.0 - FIRST) / f64::from(self.looks - 1),
            _ => 0.0,
        }
    }

    /// The weight of the starts that are still to come.
    fn to_come(&self) -> f64 {
        match self.seen {
            0 => 1.0,
            k => f64::from(self.looks.saturating_sub(k)) * self.weight(2),
        }
    }

    /// Adds a look whose errors clump by the factor `phi`.
    pub fn add(&mut self, look: &Look, phi: f64) {
        self.seen += 1;
        let start = (self.weight(self.seen) / self.parts.len() as f64).ln();
        for (rho, sum) in &mut self.parts {
            let before = ln_sum_exp([*sum, start].into_iter());
            *sum = before + ln_likelihood_ratio(look, self.rho_0, *rho) / phi;
        }
    }

    /// ln E.
    #[must_use]
    pub fn ln_e(&self) -> f64 {
        let begun = self.parts.iter().map(|(_, sum)| *sum);
        ln_sum_exp(begun.chain([self.to_come().ln()]))
    }
}

#[cfg(test)]
mod tests {
    use super::super::ratio::golden::{close, looks};
    use super::*;

    #[test]
    fn it_has_its_golden_values() {
        let mut test = Restarting::new(1.0, 60);
        close(test.ln_e(), 0.0);
        let wanted = [-0.016_280_667, 1.055_257_540, 4.128_352_464, 4.969_613_640];
        for (look, wanted) in looks().iter().zip(wanted) {
            test.add(look, 1.0);
            close(test.ln_e(), wanted);
        }
    }

    #[test]
    fn looks_beyond_the_plan_go_on_with_what_has_begun() {
        let mut test = Restarting::new(1.0, 2);
        for look in looks() {
            test.add(&look, 1.0);
        }
        assert!(test.ln_e() > 4.0, "{}", test.ln_e());
        let mut single = Restarting::new(1.0, 1);
        single.add(&looks()[0], 1.0);
        close(single.ln_e(), -0.032_830_787);
    }
}

//! Whether an arm has the share of the requests, or of the errors, that it should have.
//!
//! A multinomial test against a Dirichlet mixture around the expected shares (Lindon and Malek, NeurIPS
//! 2022); the Bayes factor is an e-process while the shares stay as they are.

use serde::{Deserialize, Serialize};

use super::numeric::{incomplete_beta, ln_beta, x_ln_y};

/// How closely the alternative lies around the expected shares.
pub const CONCENTRATION: f64 = 100.0;

/// ln of the Bayes factor against the first of two arms having the share `theta` of what was counted.
#[must_use]
pub fn ln_bayes_factor(counts: (u64, u64), theta: f64, concentration: f64) -> f64 {
    let (x, y) = (counts.0 as f64, counts.1 as f64);
    let (a, b) = (concentration * theta, concentration * (1.0 - theta));
    ln_beta(a + x, b + y) - ln_beta(a, b) - x_ln_y(x, theta) - x_ln_y(y, 1.0 - theta)
}

/// Likewise, against a share of at most `theta`: the alternative is cut off below it.
#[must_use]
pub fn ln_bayes_factor_above(counts: (u64, u64), theta: f64, concentration: f64) -> f64 {
    let (x, y) = (counts.0 as f64, counts.1 as f64);
    let (a, b) = (concentration * theta, concentration * (1.0 - theta));
    let above = |a: f64, b: f64| (1.0 - incomplete_beta(theta, a, b)).ln();
    ln_bayes_factor(counts, theta, concentration) + above(a + x, b + y) - above(a, b)
}

/// Evidence that requests are not split as they should be. Stretches with one weight are tested each by
/// itself; the product of their factors is an e-process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mismatch {
    before: f64,
    weight_bp: Option<u32>,
    counts: (u64, u64),
}

impl Mismatch {
    /// Adds the requests of the canary and of the control in an interval with one weight.
    pub fn add(&mut self, weight_bp: u32, counts: (u64, u64)) {
        if self.weight_bp != Some(weight_bp) {
            self.before = self.ln_e();
            self.weight_bp = Some(weight_bp);
            self.counts = (0, 0);
        }
        self.counts.0 += counts.0;
        self.counts.1 += counts.1;
    }

    /// ln E. Where an arm should have nothing, nothing is tested.
    #[must_use]
    pub fn ln_e(&self) -> f64 {
        let here = match self.weight_bp {
            Some(weight @ 1..10_000) => {
                ln_bayes_factor(self.counts, f64::from(weight) / 1e4, CONCENTRATION)
            }
            _ => 0.0,
        };
        self.before + here
    }
}

#[cfg(test)]
mod tests {
    use super::super::ratio::golden::close;
    use super::*;

    #[test]
    fn bayes_factors_are_the_golden_ones() {
        let factor = |counts, theta| ln_bayes_factor(counts, theta, 100.0);
        close(factor((100, 201), 0.5), 12.194_023_188);
        close(factor((60, 40), 0.5), 0.658_891_818);
        close(factor((18, 113), 0.05), 3.947_383_255);
        close(factor((10, 100), 0.05), 0.352_259_897);
        close(ln_bayes_factor_above((18, 113), 0.05, 100.0), 4.755_755_297);
        close((-factor((60, 40), 0.5)).exp(), 0.517_424_417);
        close((-factor((18, 113), 0.05)).exp(), 0.019_305_152);
    }

    /// The example of savvi, an implementation of the paper's author's colleagues: p = 0.0456 there.
    #[test]
    fn another_implementation_agrees() {
        let p = (-ln_bayes_factor((148, 62), 0.8, 100.0)).exp();
        close(p, 0.045_579_631_759);
    }

    #[test]
    fn a_router_that_sends_twice_as_much_is_found_and_a_change_of_weight_is_none() {
        let mut twice = Mismatch::default();
        let mut right = Mismatch::default();
        for weight in [500, 1000, 2500] {
            for _ in 0..5 {
                let canary = u64::from(weight) * 300 / 10_000;
                right.add(weight, (canary, 300 - canary));
                twice.add(weight, (2 * canary, 300 - 2 * canary));
            }
        }
        assert!(right.ln_e() < 0.0, "{}", right.ln_e());
        assert!(twice.ln_e() > 7.0, "{}", twice.ln_e());
    }
}

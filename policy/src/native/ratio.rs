//! Errors given their total: the stratified conditional e-process.
//!
//! Given that a request failed, it was the canary's with probability θ = n_c ρ/(n_c ρ + n_s), where ρ
//! is by which factor the canary fails more often, *whatever the base rate was* (Lindon and Malek,
//! NeurIPS 2022, who condition so for a constant split). In each interval the likelihood ratio of
//! "ρ times as often" against "ρ₀ times as often" has an expectation of at most 1 while the canary fails
//! at most ρ₀ times as often as the control:
//! with a = θ₁/θ₀ > 1 and b = (1−θ₁)/(1−θ₀) < 1, E[a^{e_c} b^{e_s}] ≤ exp(n_c p_c (a−1) + n_s p_s (b−1)) ≤
//! exp(p_s (n_c ρ₀ + n_s) [θ₀ (a−1) + (1−θ₀)(b−1)]) = 1. So products over intervals are e-processes for
//! every base rate, however it moves, and however the split depends on the past; by Ville's inequality
//! the chance that one ever reaches 1/α is at most α.

use serde::{Deserialize, Serialize};

use super::look::Look;
use super::numeric::ln_sum_exp;

/// The factors by which a worse canary is supposed to be worse than the margin.
pub const FACTORS: [f64; 9] = [1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 20.0, 50.0];

/// ln of the likelihood ratio of one interval: the canary fails `rho` times as often as the control
/// against `rho_0` times. Zero where an arm has no requests.
#[must_use]
pub fn ln_likelihood_ratio(look: &Look, rho_0: f64, rho: f64) -> f64 {
    if look.is_empty() {
        return 0.0;
    }
    let (n_c, n_s) = (look.canary.n as f64, look.control.n as f64);
    let (e_c, total) = (
        look.canary.e as f64,
        (look.canary.e + look.control.e) as f64,
    );
    // θ₁/θ₀ and (1−θ₁)/(1−θ₀) share the factor (n_c ρ₀ + n_s)/(n_c ρ + n_s).
    e_c * (rho / rho_0).ln() + total * ((n_c * rho_0 + n_s) / (n_c * rho + n_s)).ln()
}

/// The evidence against "at most `rho_0` times", averaged over how much worse the canary may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mixture {
    rho_0: f64,
    /// The supposed ratio, and the sum of its ln likelihood ratios.
    parts: Vec<(f64, f64)>,
}

impl Mixture {
    /// Against a ratio of at most `rho_0`, with the usual factors beyond it.
    #[must_use]
    pub fn new(rho_0: f64) -> Self {
        Self::with(rho_0, &FACTORS)
    }

    /// With other factors.
    #[must_use]
    pub fn with(rho_0: f64, factors: &[f64]) -> Self {
        let parts = factors.iter().map(|factor| (rho_0 * factor, 0.0));
        Self {
            rho_0,
            parts: parts.collect(),
        }
    }

    /// Adds a look whose errors clump by the factor `phi` (1 where they do not).
    pub fn add(&mut self, look: &Look, phi: f64) {
        for (rho, sum) in &mut self.parts {
            *sum += ln_likelihood_ratio(look, self.rho_0, *rho) / phi;
        }
    }

    /// ln E.
    #[must_use]
    pub fn ln_e(&self) -> f64 {
        let sums = self.parts.iter().map(|(_, sum)| *sum);
        ln_sum_exp(sums) - (self.parts.len() as f64).ln()
    }
}

#[cfg(test)]
pub(super) mod golden {
    use super::super::look::{Arm, Look};

    /// The four looks of stats.md §2.4.
    pub(crate) fn looks() -> [Look; 4] {
        [
            Look::new(Arm::new(300, 3), Arm::new(5700, 25)),
            Look::new(Arm::new(310, 5), Arm::new(5650, 30)),
            Look::new(Arm::new(295, 6), Arm::new(5800, 27)),
            Look::new(Arm::new(305, 4), Arm::new(5710, 31)),
        ]
    }

    pub(crate) fn close(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 1e-9, "{found} is not {wanted}");
    }
}

#[cfg(test)]
mod tests {
    use super::super::look::Arm;
    use super::golden::{close, looks};
    use super::*;

    #[test]
    fn likelihood_ratios_have_their_golden_values() {
        let wanted = [
            (0.713_316_945, 0.627_151_831, 0.402_293_577),
            (1.691_030_328, 2.029_312_194, 1.288_504_490),
            (2.599_121_403, 3.542_557_961, 2.242_949_112),
            (1.041_388_667, 1.013_658_369, 0.647_769_611),
        ];
        for (look, (two, three, margin)) in looks().iter().zip(wanted) {
            close(ln_likelihood_ratio(look, 1.0, 2.0), two);
            close(ln_likelihood_ratio(look, 1.0, 3.0), three);
            close(ln_likelihood_ratio(look, 1.25, 2.5), margin);
        }
    }

    #[test]
    fn mixtures_have_their_golden_values() {
        let plain = [-0.032_830_787, 1.550_014_523, 4.799_997_417, 5.647_480_759];
        let margin = [-0.419_742_427, 0.586_946_416, 2.864_737_588, 3.237_547_168];
        let (mut one, mut other) = (Mixture::new(1.0), Mixture::new(1.25));
        for (look, (plain, margin)) in looks().iter().zip(plain.into_iter().zip(margin)) {
            one.add(look, 1.0);
            other.add(look, 1.0);
            close(one.ln_e(), plain);
            close(other.ln_e(), margin);
        }
    }

    #[test]
    fn nothing_is_learnt_from_an_arm_without_requests() {
        for look in [
            Look::new(Arm::new(0, 0), Arm::new(10, 5)),
            Look::new(Arm::new(10, 5), Arm::new(0, 0)),
        ] {
            let mut mixture = Mixture::new(1.0);
            mixture.add(&look, 1.0);
            close(mixture.ln_e(), 0.0);
        }
    }

    /// The expectation over all outcomes of a small interval, for base rates from rare to common.
    #[test]
    fn its_expectation_is_at_most_one_under_the_null() {
        use super::super::numeric::binomial;
        let (n_c, n_s) = (12, 30);
        for p_s in [0.001, 0.01, 0.1, 0.4] {
            let mut expected = 0.0;
            for e_c in 0..=n_c {
                for e_s in 0..=n_s {
                    let look = Look::new(Arm::new(n_c, e_c), Arm::new(n_s, e_s));
                    let mut mixture = Mixture::new(1.25);
                    mixture.add(&look, 1.0);
                    let chance = binomial(e_c, n_c, 1.25 * p_s) * binomial(e_s, n_s, p_s);
                    expected += chance * mixture.ln_e().exp();
                }
            }
            assert!(
                expected <= 1.0 + 1e-12 && expected > 0.2,
                "{p_s}: {expected}"
            );
        }
    }
}

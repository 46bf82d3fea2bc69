//! "No worse than ρ times the control, plus δ": block e-values against a half-plane of error shares.
//!
//! Before an interval an alternative (p_c*, p_s*) outside of the half-plane p_c ≤ ρ p_s + δ is chosen. Its
//! likelihood ratio against its projection onto the border, the point that minimises the Kullback–Leibler
//! divergence, has an expectation of at most 1 on the whole half-plane (reverse information projection;
//! Turner, Ly and Grünwald, JSPI 2024, for two samples). A wrong guess costs power, not validity.

use serde::{Deserialize, Serialize};

use super::look::Look;
use super::numeric::{ln_sum_exp, x_ln_y};
use super::ratio::FACTORS;

/// A half-plane that the canary should stay in: `canary ≤ ratio × control + difference`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Margin {
    /// ρ.
    pub ratio: f64,
    /// δ, a share.
    pub difference: f64,
}

/// An alternative outside of the margin: error shares of the canary and the control.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alternative {
    /// p_c*.
    pub canary: f64,
    /// p_s*.
    pub control: f64,
}

impl Margin {
    fn border(self, control: f64) -> f64 {
        self.ratio * control + self.difference
    }

    /// The control's share at the point of the border that is nearest to an alternative, for so many
    /// requests of each arm.
    #[must_use]
    pub fn projection(self, alternative: Alternative, (n_c, n_s): (f64, f64)) -> f64 {
        let slope = |p: f64| {
            let q = self.border(p);
            n_c * self.ratio * (q - alternative.canary) / (q * (1.0 - q))
                + n_s * (p - alternative.control) / (p * (1.0 - p))
        };
        // There the divergence of one arm is zero, and here that of the other.
        let mut low = alternative.control;
        let mut high = ((alternative.canary - self.difference) / self.ratio).min(1.0 - 1e-12);
        for _ in 0..200 {
            let middle = f64::midpoint(low, high);
            if slope(middle) < 0.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        f64::midpoint(low, high)
    }

    /// ln of the e-value of an interval. Zero where an arm has no requests.
    #[must_use]
    pub fn ln_e(self, look: &Look, alternative: Alternative) -> f64 {
        if look.is_empty() {
            return 0.0;
        }
        let (canary, control) = (look.canary, look.control);
        let control_null = self.projection(alternative, (canary.n as f64, control.n as f64));
        let canary_null = self.border(control_null);
        let arm = |n: u64, e: u64, there: f64, null: f64| {
            x_ln_y(e as f64, there / null) + x_ln_y((n - e) as f64, (1.0 - there) / (1.0 - null))
        };
        arm(canary.n, canary.e, alternative.canary, canary_null)
            + arm(control.n, control.e, alternative.control, control_null)
    }
}

/// What is forgotten of the control's rate from look to look: e^{-1/5}.
const FORGETTING_LOOKS: f64 = 5.0;
/// The rate that is guessed before the first look, and how many requests that guess is worth.
const GUESS: (f64, f64) = (0.005, 2000.0);

/// The evidence that the canary is beyond a margin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beyond {
    margin: Margin,
    /// Errors and requests of the control, the old ones half forgotten.
    errors: f64,
    requests: f64,
    /// ln of the product for each supposed factor.
    parts: Vec<f64>,
}

impl Beyond {
    /// Against the canary's being within a margin.
    #[must_use]
    pub fn new(margin: Margin) -> Self {
        Self {
            margin,
            errors: GUESS.0 * GUESS.1,
            requests: GUESS.1,
            parts: vec![0.0; FACTORS.len()],
        }
    }

    /// Adds a look whose errors clump by the factor `phi`.
    pub fn add(&mut self, look: &Look, phi: f64) {
        let control = (self.errors / self.requests).clamp(1e-9, 0.5);
        for (factor, sum) in FACTORS.iter().zip(&mut self.parts) {
            let canary = (self.margin.border(control) * factor).min(0.999);
            // Where errors are that common, there is nothing so much worse.
            if canary > self.margin.border(control) {
                *sum += self.margin.ln_e(look, Alternative { canary, control }) / phi;
            }
        }
        let kept = (-1.0 / FORGETTING_LOOKS).exp();
        self.errors = self.errors * kept + look.control.e as f64;
        self.requests = self.requests * kept + look.control.n as f64;
    }

    /// ln E.
    #[must_use]
    pub fn ln_e(&self) -> f64 {
        ln_sum_exp(self.parts.iter().copied()) - (self.parts.len() as f64).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::super::look::Arm;
    use super::super::numeric::binomial;
    use super::super::ratio::golden::close;
    use super::*;

    fn case(ratio: f64, difference: f64, canary: f64, control: f64) -> (f64, f64) {
        let margin = Margin { ratio, difference };
        let alternative = Alternative { canary, control };
        let look = Look::new(Arm::new(300, 6), Arm::new(5700, 27));
        (
            margin.projection(alternative, (300.0, 5700.0)),
            margin.ln_e(&look, alternative),
        )
    }

    #[test]
    fn projections_and_values_are_the_golden_ones() {
        let wanted = [
            ((1.0, 0.0, 0.02, 0.005), (0.005_75, 3.739_148_087)),
            ((1.0, 0.005, 0.03, 0.005), (0.005_541_083, 0.747_545_638)),
            ((1.2, 0.001, 0.02, 0.005), (0.005_565_251, 2.402_425_484)),
            ((1.0, 0.001, 0.011, 0.001), (0.001_256_504, 2.208_505_127)),
        ];
        for ((ratio, difference, canary, control), (p, value)) in wanted {
            let (found, ln_e) = case(ratio, difference, canary, control);
            close(found, p);
            close(ln_e, value);
        }
    }

    /// stats.md §2.5: E[e] at points of the border, to its digits.
    #[test]
    fn expectations_on_the_border_are_the_golden_ones() {
        let margin = Margin {
            ratio: 1.0,
            difference: 0.005,
        };
        let alternative = Alternative {
            canary: 0.03,
            control: 0.005,
        };
        let wanted = [
            (0.0001, 0.997_86),
            (0.001, 0.998_31),
            (0.005, 0.999_67),
            (0.009, 0.999_98),
            (0.02, 0.995_42),
            (0.1, 0.768_41),
            (0.3, 0.088_10),
        ];
        for (p, expected) in wanted {
            let mut sum = 0.0;
            for e_c in 0..=30 {
                for e_s in 0..=100 {
                    let look = Look::new(Arm::new(30, e_c), Arm::new(100, e_s));
                    let chance = binomial(e_c, 30, p + 0.005) * binomial(e_s, 100, p);
                    sum += chance * margin.ln_e(&look, alternative).exp();
                }
            }
            assert!((sum - expected).abs() < 6e-6, "{p}: {sum}");
        }
    }

    #[test]
    fn evidence_grows_beyond_the_margin_only() {
        let margin = Margin {
            ratio: 1.0,
            difference: 0.005,
        };
        let (mut inside, mut beyond) = (Beyond::new(margin), Beyond::new(margin));
        for _ in 0..20 {
            inside.add(&Look::new(Arm::new(300, 3), Arm::new(5700, 40)), 1.0);
            beyond.add(&Look::new(Arm::new(300, 9), Arm::new(5700, 40)), 1.0);
        }
        assert!(inside.ln_e() < 0.0, "{}", inside.ln_e());
        assert!(beyond.ln_e() > 3.0, "{}", beyond.ln_e());
    }
}

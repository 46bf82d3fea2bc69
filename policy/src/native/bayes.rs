//! A Bayesian's probabilities, in closed form where there is one. None of them is a guarantee over many
//! looks: who stops at the first look at which P > 0.95 rolls 28 % of good releases back in 60 looks.

use super::look::Arm;
use super::numeric::{incomplete_beta, ln_beta};

/// P(the canary's error rate > `ratio` times the control's), Gamma–Poisson with Jeffreys' prior.
#[must_use]
pub fn rate_is_above(canary: Arm, control: Arm, ratio: f64) -> f64 {
    let (n_c, n_s) = (canary.n as f64, control.n as f64);
    if n_c == 0.0 && n_s == 0.0 {
        return 0.5;
    }
    incomplete_beta(
        n_s / (n_s + ratio * n_c),
        0.5 + control.e as f64,
        0.5 + canary.e as f64,
    )
}

/// The parameters of a share's posterior with a flat prior.
fn posterior(arm: Arm) -> (f64, f64) {
    (1.0 + arm.e as f64, 1.0 + (arm.n - arm.e) as f64)
}

/// P(X > Y) of two Beta variables, the first parameter of X a whole number.
fn exceeds((a1, b1): (f64, f64), (a2, b2): (f64, f64)) -> f64 {
    let terms = (0..a1 as u64).map(|i| {
        let i = i as f64;
        (ln_beta(a2 + i, b1 + b2) - (b1 + i).ln() - ln_beta(1.0 + i, b1) - ln_beta(a2, b2)).exp()
    });
    terms.sum()
}

/// P(the canary's error share > the control's), Beta–Binomial with flat priors.
#[must_use]
pub fn share_is_above(canary: Arm, control: Arm) -> f64 {
    exceeds(posterior(canary), posterior(control))
}

/// P(the canary's error share > `ratio` × the control's + `difference`), likewise, by Simpson's rule.
#[must_use]
pub fn share_is_beyond(canary: Arm, control: Arm, ratio: f64, difference: f64) -> f64 {
    const STEPS: usize = 4000;
    let ((a1, b1), (a2, b2)) = (posterior(canary), posterior(control));
    let (low, high) = (quantile(1e-13, a2, b2), quantile(1.0 - 1e-13, a2, b2));
    let width = (high - low) / STEPS as f64;
    let density = |y: f64| {
        let ln = (a2 - 1.0) * y.max(1e-300).ln() + (b2 - 1.0) * (1.0 - y).max(1e-300).ln();
        (ln - ln_beta(a2, b2)).exp()
    };
    let value = |step: usize| {
        let y = low + width * step as f64;
        let beyond = 1.0 - incomplete_beta(ratio * y + difference, a1, b1);
        let weight = match step {
            0 | STEPS => 1.0,
            odd if odd % 2 == 1 => 4.0,
            _ => 2.0,
        };
        weight * density(y) * beyond
    };
    (0..=STEPS).map(value).sum::<f64>() * width / 3.0
}

/// By bisection, which is good enough for the ends of an integral.
fn quantile(p: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if incomplete_beta(middle, a, b) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// E[(canary's share − control's)⁺]: the share of further requests that promoting would cost.
#[must_use]
pub fn expected_loss(canary: Arm, control: Arm) -> f64 {
    let ((a1, b1), (a2, b2)) = (posterior(canary), posterior(control));
    a1 / (a1 + b1) * exceeds((a1 + 1.0, b1), (a2, b2))
        - a2 / (a2 + b2) * exceeds((a1, b1), (a2 + 1.0, b2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// stats.md §3.1; its third loss ends in 131, which forty digits correct to 114.
    #[test]
    fn the_closed_forms_are_the_golden_ones() {
        let wanted = [
            (
                (8, 1000, 5, 1000),
                [0.788_852, 0.289_068, 0.514_145, 0.796_679, 0.537_089],
                0.003_452_780_7,
            ),
            (
                (12, 1000, 5, 1000),
                [0.952_617, 0.674_127, 0.792_199, 0.956_720, 0.812_263],
                0.007_071_861_9,
            ),
            (
                (3, 200, 20, 3800),
                [0.970_231, 0.834_382, 0.905_442, 0.946_119, 0.855_842],
                0.014_323_511_4,
            ),
            (
                (30, 1000, 100, 9000),
                [0.999_996, 0.998_962, 0.997_362, 0.999_994, 0.996_500],
                0.019_718_397_3,
            ),
        ];
        for ((e_c, n_c, e_s, n_s), shares, loss) in wanted {
            let (canary, control) = (Arm::new(n_c, e_c), Arm::new(n_s, e_s));
            let found = [
                share_is_above(canary, control),
                share_is_beyond(canary, control, 1.0, 0.005),
                share_is_beyond(canary, control, 1.5, 0.0),
                rate_is_above(canary, control, 1.0),
                rate_is_above(canary, control, 1.5),
            ];
            for (found, wanted) in found.iter().zip(shares) {
                assert!((found - wanted).abs() < 6e-7, "{found} is not {wanted}");
            }
            let found = expected_loss(canary, control);
            assert!((found - loss).abs() < 1e-9, "{found} is not {loss}");
        }
    }
}

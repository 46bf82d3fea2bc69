//! Logarithms of sums, gammas and binomial probabilities. The special functions are those of `libm` and
//! `special`, whose errors at the sizes that occur here are known (1e-9 for incomplete betas with
//! parameters of two million).

use special::Beta as _;

/// ln Σ exp(xᵢ); −∞ of nothing.
pub(super) fn ln_sum_exp(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = terms.clone().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + terms.map(|x| (x - most).exp()).sum::<f64>().ln()
}

/// x ln y, zero where x is.
pub(super) fn x_ln_y(x: f64, y: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * y.ln() }
}

/// ln B(a, b).
pub(super) fn ln_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

/// The regularised incomplete beta function I_x(a, b).
pub(super) fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    x.clamp(0.0, 1.0).inc_beta(a, b, ln_beta(a, b))
}

/// P(X = k) of a binomial variable.
pub(super) fn binomial(k: u64, n: u64, p: f64) -> f64 {
    let (k, n) = (k as f64, n as f64);
    let ways = libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
    (ways + x_ln_y(k, p) + x_ln_y(n - k, 1.0 - p)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of scipy (stats.md §7.4).
    #[test]
    fn special_functions_have_their_values() {
        assert!((libm::lgamma(5.5) - 3.957_813_967_618_717).abs() < 1e-14);
        let found = incomplete_beta(0.005, 100.5, 20_000.5);
        assert!((found - 0.513_365_366_886_811_8).abs() < 1e-10, "{found}");
        let found = incomplete_beta(0.0476, 1e5, 2e6);
        assert!((found - 0.448_815_743_647_881_5).abs() < 1e-8, "{found}");
        let found = incomplete_beta(0.5, 1e6, 1e6);
        assert!((found - 0.5).abs() < 1e-8, "{found}");
    }

    #[test]
    fn sums_of_exponentials_neither_overflow_nor_vanish() {
        let far = [1000.0, 1000.0];
        assert!((ln_sum_exp(far.into_iter()) - 1000.0 - 2.0_f64.ln()).abs() < 1e-12);
        let low = [-2000.0, f64::NEG_INFINITY];
        assert_eq!(ln_sum_exp(low.into_iter()), -2000.0);
        assert_eq!(ln_sum_exp(std::iter::empty()), f64::NEG_INFINITY);
    }

    #[test]
    fn binomial_probabilities_add_up() {
        for (n, p) in [(0, 0.3), (7, 0.0), (7, 1.0), (40, 0.05), (400, 0.5)] {
            let all: f64 = (0..=n).map(|k| binomial(k, n, p)).sum();
            assert!((all - 1.0).abs() < 1e-11, "{n} {p}: {all}");
        }
    }
}

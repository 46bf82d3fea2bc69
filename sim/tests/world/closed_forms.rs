//! Scores against closed forms: what a threshold decides about plain Bernoulli errors.

use statrs::distribution::{Binomial, Discrete, DiscreteCDF, Poisson};

use super::*;

/// Between the first and the last of the eight scrapes in two minutes. `rate` extrapolates every
/// series of a target by the same factor, so that a quotient of rates is one of plain counts.
const COUNTED_S: f64 = 105.0;

/// The probability that more than `max` of the requests in one look fail.
fn alarm(rps: f64, error_share: f64, max: f64) -> f64 {
    let arrivals = Poisson::new(rps * COUNTED_S).expect("a mean");
    let one = |n: u64| {
        let failures = Binomial::new(error_share, n).expect("a share");
        let most = (max * n as f64).floor() as u64;
        arrivals.pmf(n) * (1.0 - failures.cdf(most))
    };
    // Beyond eight standard deviations nothing is left.
    let most = rps * COUNTED_S + 8.0 * (rps * COUNTED_S).sqrt() + 20.0;
    (1..most as u64).map(one).sum()
}

#[test]
fn a_thresholds_rollbacks_are_as_many_as_the_binomial_distribution_says() {
    let runs = 1_500;
    for (rps, fault) in [(2.0, 0.03), (0.5, 0.02), (2.0, 0.08)] {
        let mut scenario = scenario(rps, errors(fault));
        scenario.horizon = Span::from_mins(35);
        let outcomes = run(&scenario, &baseline(Some(ERROR_SHARE)), runs);
        let back = outcomes
            .iter()
            .filter(|o| o.verdict == Verdict::RolledBack)
            .count();
        // Three looks with nothing in common.
        let error_share = 1.0 - 0.999 * (1.0 - fault);
        let expected = 1.0 - (1.0 - alarm(rps, error_share, 0.05)).powi(3);
        let seen = back as f64 / f64::from(runs);
        // Four standard deviations of the share, and what rounding of a certain event may cost.
        let tolerance = 4.0 * (expected * (1.0 - expected) / f64::from(runs)).sqrt() + 0.001;
        assert!(
            (seen - expected).abs() < tolerance,
            "{rps} rps, {fault}: {seen} of the runs, not {expected}"
        );
    }
}

//! The probabilities, computed: a window of requests, a check on it, a run of checks.

use statrs::distribution::{Binomial, Discrete, DiscreteCDF, Poisson};

/// How many requests a window holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Window {
    Exactly(u64),
    /// A Poisson count with this mean.
    Poisson(f64),
}

/// Plain Bernoulli errors against a limit on their share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check {
    pub(crate) error_share: f64,
    /// The largest share that passes, in per mille: a number that arithmetic can compare exactly.
    pub(crate) max_per_mille: u64,
}

impl Check {
    /// The probability that a window fails it; an empty one does.
    pub(crate) fn fails(&self, window: Window) -> f64 {
        match window {
            Window::Exactly(0) => 1.0,
            Window::Exactly(n) => {
                let most = n * self.max_per_mille / 1000;
                let errors = Binomial::new(self.error_share, n).expect("a share");
                1.0 - errors.cdf(most)
            }
            Window::Poisson(mean) => {
                let counts = Poisson::new(mean).expect("a mean");
                let most = mean + 10.0 * mean.sqrt() + 20.0;
                let counted =
                    (0..most as u64).map(|n| counts.pmf(n) * self.fails(Window::Exactly(n)));
                counted.sum()
            }
        }
    }
}

/// Flagger: step `k` fails with probability `fails[k]` and is tried again; the run is rolled back at
/// `threshold` failures in all (scheduler.go:430).
pub(crate) fn flagger_rolls_back(fails: &[f64], threshold: usize) -> f64 {
    // The chances to be at the present step with so many failures.
    let mut at = vec![0.0; threshold];
    at[0] = 1.0;
    let mut back = 0.0;
    for p in fails {
        for failures in 0..threshold {
            let here = at[failures];
            match at.get_mut(failures + 1) {
                Some(next) => *next += here * p,
                None => back += here * p,
            }
            at[failures] = here * (1.0 - p);
        }
    }
    back
}

/// Argo: more than `limit` of `count` measurements fail.
pub(crate) fn argo_fails(p: f64, count: u64, limit: u64) -> f64 {
    1.0 - Binomial::new(p, count).expect("a share").cdf(limit)
}

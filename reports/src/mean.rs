//! Means with their uncertainty.

use schemars::JsonSchema;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::interval::CONFIDENCE;

/// A mean with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Mean {
    /// The mean of the observations.
    pub value: f64,
    /// Lower end of the interval; `None` with fewer than two observations.
    pub low: Option<f64>,
    /// Upper end, likewise.
    pub high: Option<f64>,
    /// Observations.
    pub n: u64,
}

impl Mean {
    /// The mean of observations with Student's interval: exact for normal observations, and for the
    /// hundreds of any others that a cell has by the central limit theorem. `None` when there are
    /// none.
    #[must_use]
    pub fn of(observations: impl Iterator<Item = f64>) -> Option<Self> {
        let mut seen = Running::default();
        observations.for_each(|x| seen.add(x));
        let n = seen.n;
        let reach = (n >= 2).then(|| {
            let freedom = (n - 1) as f64;
            let error = (seen.variance() / n as f64).sqrt();
            let t = StudentsT::new(0.0, 1.0, freedom);
            t.map_or(f64::INFINITY, |t| {
                t.inverse_cdf(f64::midpoint(1.0, CONFIDENCE))
            }) * error
        });
        (n > 0).then(|| Self {
            value: seen.mean,
            low: reach.map(|reach| seen.mean - reach),
            high: reach.map(|reach| seen.mean + reach),
            n,
        })
    }
}

/// Mean and variance of what comes by, without cancellation (Welford, Technometrics 4 (1962) 419).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Running {
    n: u64,
    pub(crate) mean: f64,
    squares: f64,
}

impl Running {
    pub(crate) fn add(&mut self, x: f64) {
        self.n += 1;
        let apart = x - self.mean;
        self.mean += apart / self.n as f64;
        self.squares += apart * (x - self.mean);
    }

    /// Of the population, estimated; 0 with fewer than two observations.
    pub(crate) fn variance(&self) -> f64 {
        self.squares / (self.n.max(2) - 1) as f64
    }
}

#[cfg(test)]
mod tests {
    use coalmine_sim::stream::{Purpose, Seed, Streams};
    use rand::RngExt;

    use super::*;

    /// Of 4,000 intervals at 95 % about 3,800 must hold the truth; four standard deviations are 55, and
    /// 100 exponential observations are not yet normal.
    #[test]
    fn students_intervals_cover_the_mean_of_skewed_observations() {
        let mut luck = Streams::new(Seed(4), "mean", 0).get(Purpose::Harm);
        let covered = (0..4_000).filter(|_| {
            let sample = (0..100).map(|_| -f64::ln(1.0 - luck.random::<f64>()));
            let mean = Mean::of(sample).expect("has some");
            mean.low <= Some(1.0) && Some(1.0) <= mean.high
        });
        let covered = covered.count();
        assert!((3_700..=3_855).contains(&covered), "{covered}");
    }

    #[test]
    fn a_mean_has_students_interval() {
        let mean = Mean::of([1.0, 2.0, 3.0, 4.0, 5.0].into_iter()).expect("has some");
        // t with four degrees of freedom: 2.776445; standard error √(2.5 / 5).
        let reach = 2.776_445_105 * 0.5_f64.sqrt();
        assert_eq!((mean.value, mean.n), (3.0, 5));
        assert!((mean.low.expect("two or more") - (3.0 - reach)).abs() < 1e-8);
        assert!((mean.high.expect("two or more") - (3.0 + reach)).abs() < 1e-8);
        assert_eq!(Mean::of(std::iter::empty()), None);
        assert_eq!(Mean::of(std::iter::once(7.0)).and_then(|m| m.low), None);
    }
}

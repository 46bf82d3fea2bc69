//! Means with their uncertainty.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::interval::CONFIDENCE;

/// A mean with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
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
        // Welford, Technometrics 4 (1962) 419: no cancellation.
        let (mut n, mut mean, mut squares) = (0_u64, 0.0, 0.0);
        for x in observations {
            n += 1;
            let apart = x - mean;
            mean += apart / n as f64;
            squares += apart * (x - mean);
        }
        let reach = (n >= 2).then(|| {
            let freedom = (n - 1) as f64;
            let error = (squares / freedom / n as f64).sqrt();
            let t = StudentsT::new(0.0, 1.0, freedom);
            t.map_or(f64::INFINITY, |t| {
                t.inverse_cdf(f64::midpoint(1.0, CONFIDENCE))
            }) * error
        });
        (n > 0).then(|| Self {
            value: mean,
            low: reach.map(|reach| mean - reach),
            high: reach.map(|reach| mean + reach),
            n,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

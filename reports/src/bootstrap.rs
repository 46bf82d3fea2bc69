//! Intervals for what has no formula: the percentile bootstrap (Efron and Tibshirani, An Introduction
//! to the Bootstrap, 1993, §13.3).

use coalmine_sim::stream::{Purpose, Seed, Stream, Streams};

use crate::interval::CONFIDENCE;

/// Resamples. The ends are their 25th and 976th in order of size, whose own noise moves the coverage
/// by about one percentage point.
const RESAMPLES: usize = 1_000;

/// The ends of the 95 % interval of a statistic, from its value in resamples. Always the same for the
/// same statistic: nothing in a report hangs on luck.
pub(crate) fn interval(mut resampled: impl FnMut(&mut Stream) -> f64) -> (f64, f64) {
    let mut stream = Streams::new(Seed(0), "bootstrap", 0).get(Purpose::Bootstrap);
    let mut values: Vec<f64> = (0..RESAMPLES).map(|_| resampled(&mut stream)).collect();
    values.sort_unstable_by(f64::total_cmp);
    let out = ((1.0 - CONFIDENCE) / 2.0 * RESAMPLES as f64) as usize;
    (values[out], values[RESAMPLES - 1 - out])
}

#[cfg(test)]
mod tests {
    use super::*;
    use coalmine_sim::draw::binomial;

    #[test]
    fn a_share_has_nearly_the_interval_that_formulas_give() {
        let (low, high) = interval(|stream| binomial(400, 0.25, stream) as f64 / 400.0);
        // ± 1.96 √(.25 × .75 / 400) = ± 0.0424; the ends' own standard error is about 0.002.
        assert!((low - 0.2076).abs() < 0.008, "{low}");
        assert!((high - 0.2924).abs() < 0.008, "{high}");
    }

    #[test]
    fn the_same_statistic_has_the_same_interval() {
        let once = || interval(|stream| binomial(50, 0.5, stream) as f64);
        assert_eq!(once(), once());
    }
}

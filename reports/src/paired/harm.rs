//! How much more harm one policy does than another, on the same rollouts.

use schemars::JsonSchema;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::interval::CONFIDENCE;
use crate::mean::Running;

/// Requests hurt in the rollouts of one scenario under two policies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrast {
    /// Index into [`coalmine_sim::event::Study::policies`].
    pub first: usize,
    /// Likewise.
    pub second: usize,
    /// Index into [`coalmine_sim::event::Study::scenarios`].
    pub scenario: usize,
    /// Rollouts under both.
    n: u64,
    /// Mean of the first policy's less the second's.
    mean: f64,
    /// Variance of that, rollout by rollout.
    paired: f64,
    /// Variance that independent rollouts would have: the sum of both policies' own.
    unpaired: f64,
}

/// A difference of means, the first policy's minus the second's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MeanDifference {
    /// Requests hurt in a rollout; above zero the first policy hurts more.
    pub value: f64,
    /// Lower end of the 95 % interval; `None` with fewer than two rollouts.
    pub low: Option<f64>,
    /// Upper end, likewise.
    pub high: Option<f64>,
    /// Rollouts under both.
    pub n: u64,
    /// By which factor more rollouts unpaired samples would need for the same precision; `None`
    /// where the difference does not vary.
    pub gain: Option<f64>,
}

impl MeanDifference {
    /// The second policy's minus the first's.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self {
            value: -self.value,
            low: self.high.map(|high| -high),
            high: self.low.map(|low| -low),
            ..self
        }
    }
}

impl Contrast {
    /// Of two policies in a scenario, by replication; the longer list is cut.
    #[must_use]
    pub fn of((first, second): (usize, usize), scenario: usize, a: &[u64], b: &[u64]) -> Self {
        let (mut difference, mut one, mut other) = <(Running, Running, Running)>::default();
        for (&a, &b) in a.iter().zip(b) {
            difference.add(a as f64 - b as f64);
            one.add(a as f64);
            other.add(b as f64);
        }
        Self {
            first,
            second,
            scenario,
            n: a.len().min(b.len()) as u64,
            mean: difference.mean,
            paired: difference.variance(),
            unpaired: one.variance() + other.variance(),
        }
    }
}

/// The difference over several scenarios, each of which counts alike: a stratified mean, with
/// Student's interval. `None` without rollouts.
pub(super) fn pooled(contrasts: &[Contrast]) -> Option<MeanDifference> {
    let some = || contrasts.iter().filter(|contrast| contrast.n > 0);
    let strata = some().count() as f64;
    if strata == 0.0 {
        return None;
    }
    let sum = |of: fn(&Contrast) -> f64| some().map(of).sum::<f64>();
    let value = sum(|c| c.mean) / strata;
    let n = some().map(|c| c.n).sum();
    let (paired, unpaired) = (
        sum(|c| c.paired / c.n as f64),
        sum(|c| c.unpaired / c.n as f64),
    );
    let freedom = sum(|c| c.n as f64 - 1.0);
    let reach = StudentsT::new(0.0, 1.0, freedom).ok().map(|t| {
        let t = t.inverse_cdf(f64::midpoint(1.0, CONFIDENCE));
        t * paired.sqrt() / strata
    });
    Some(MeanDifference {
        value,
        low: reach.map(|reach| value - reach),
        high: reach.map(|reach| value + reach),
        n,
        gain: (paired > 0.0).then(|| unpaired / paired),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use coalmine_sim::stream::{Purpose, Seed, Streams};
    use rand::RngExt;

    #[test]
    fn differences_are_those_of_the_same_rollouts() {
        // Differences 1, 2, 3: mean 2, variance 1. Own variances: of 11, 22, 33 and 10, 20, 30.
        let contrast = Contrast::of((0, 1), 0, &[11, 22, 33], &[10, 20, 30]);
        let pooled = pooled(&[contrast]).expect("has some");
        assert!((pooled.value - 2.0).abs() < 1e-12);
        assert_eq!(pooled.n, 3);
        // t with two degrees of freedom: 4.302653; standard error √(1/3).
        let reach = 4.302_652_73 / 3.0_f64.sqrt();
        assert!((pooled.high.expect("three") - 2.0 - reach).abs() < 1e-6);
        assert!((pooled.gain.expect("varies") - 221.0).abs() < 1e-9);
    }

    #[test]
    fn scenarios_count_alike_whatever_their_rollouts() {
        let few = Contrast::of((0, 1), 0, &[10, 10], &[0, 0]);
        let many = Contrast::of((0, 1), 1, &[20; 100], &[0; 100]);
        let both = pooled(&[few, many]).expect("has some");
        assert_eq!((both.value, both.n, both.gain), (15.0, 102, None));
        assert_eq!(pooled(&[]), None);
        let empty = Contrast::of((0, 1), 0, &[], &[]);
        assert_eq!(pooled(&[empty]), None);
        let one = pooled(&[Contrast::of((0, 1), 0, &[7], &[3])]).expect("has one");
        assert_eq!((one.value, one.low), (4.0, None));
    }

    /// Of 2,000 intervals at 95 % about 1,900 must hold the truth; four standard deviations are 39.
    #[test]
    fn intervals_cover_the_true_difference() {
        let mut rng = Streams::new(Seed(5), "harm", 0).get(Purpose::Harm);
        let mut covered = 0;
        for _ in 0..2_000 {
            let mut contrasts = Vec::new();
            for (scenario, scale) in [(0, 100.0), (1, 1_000.0)] {
                let (mut a, mut b) = (Vec::new(), Vec::new());
                for _ in 0..200 {
                    // The same luck hurts under both; exponential, mean `scale` and half of it.
                    let luck = -f64::ln(1.0 - rng.random::<f64>()) * scale;
                    a.push(luck.round() as u64);
                    b.push((luck / 2.0).round() as u64);
                }
                contrasts.push(Contrast::of((0, 1), scenario, &a, &b));
            }
            let found = pooled(&contrasts).expect("has some");
            let truth = (50.0 + 500.0) / 2.0;
            covered += i32::from(found.low <= Some(truth) && Some(truth) <= found.high);
        }
        assert!((1_861..=1_939).contains(&covered), "{covered}");
    }
}

//! By how much errors clump: retries, one bad pod or one unlucky tenant make several of one cause, and a
//! test that counts each of them sees more than there is.

use serde::{Deserialize, Serialize};

use super::look::Arm;

/// Pearson's dispersion of errors over the control's pods, within intervals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Dispersion {
    squares: f64,
    freedom: f64,
}

impl Dispersion {
    /// Adds the control's pods in one interval. What they say is for the looks to come: a look's own
    /// errors must not decide how much they count.
    pub fn add(&mut self, pods: &[Arm]) {
        let all: (u64, u64) = pods
            .iter()
            .fold((0, 0), |(n, e), pod| (n + pod.n, e + pod.e));
        let served = pods.iter().filter(|pod| pod.n > 0).count();
        if all.1 == 0 || served < 2 {
            return;
        }
        let share = all.1 as f64 / all.0 as f64;
        for pod in pods.iter().filter(|pod| pod.n > 0) {
            let expected = pod.n as f64 * share;
            self.squares += (pod.e as f64 - expected).powi(2) / expected;
        }
        self.freedom += (served - 1) as f64;
    }

    /// The factor φ̂ by which errors count less, at least 1.
    #[must_use]
    pub fn phi(&self) -> f64 {
        if self.freedom > 0.0 {
            (self.squares / self.freedom).max(1.0)
        } else {
            1.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_come_in_threes_count_a_third() {
        let (mut single, mut triple) = (Dispersion::default(), Dispersion::default());
        // Two pods; the errors of one interval are the other way round in the next.
        for (a, b) in [(4_u64, 6_u64), (7, 3), (5, 5), (2, 8)] {
            let pods = |times: u64| [Arm::new(1000, a * times), Arm::new(1000, b * times)];
            single.add(&pods(1));
            triple.add(&pods(3));
        }
        // Squares (1+1)/5 + (4+4)/5 + 0 + (9+9)/5, over four degrees of freedom.
        assert!((single.phi() - 1.4).abs() < 1e-12, "{single:?}");
        assert!((triple.phi() / single.phi() - 3.0).abs() < 1e-12);
    }

    #[test]
    fn one_pod_or_no_error_says_nothing() {
        let mut none = Dispersion::default();
        none.add(&[Arm::new(100, 50)]);
        none.add(&[Arm::new(100, 0), Arm::new(100, 0)]);
        none.add(&[Arm::new(100, 3), Arm::new(0, 0)]);
        assert_eq!(none.phi(), 1.0);
    }
}

//! What is wrong with the new revision.

use serde::{Deserialize, Serialize};

use crate::latency::Latency;

/// Which code a pod runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Version {
    /// The revision in service when the scenario starts.
    Old,
    /// The revision being rolled out.
    New,
}

/// A fault of the new revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Share of requests that fail because of it, on top of the ordinary errors.
    pub error_share: f64,
    /// Factor on the 99th percentile of the latency; the median stays. 1 or less changes nothing.
    pub p99_times: f64,
    /// The fault shows only on pods that serve more than this many requests per second.
    pub above_rps_per_pod: Option<f64>,
}

/// How one version treats requests at a given load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Behaviour {
    /// Share of requests answered with a 5xx.
    pub error_share: f64,
    /// Latency of all answers.
    pub latency: Latency,
}

impl Fault {
    /// Whether it shows at this load.
    #[must_use]
    pub fn is_active(&self, rps_per_pod: f64) -> bool {
        self.above_rps_per_pod
            .is_none_or(|limit| rps_per_pod > limit)
    }
}

/// The behaviour of the old version, and of the new one under each subset of its faults that load
/// can bring about; worked out once per scenario.
#[derive(Clone, Debug)]
pub struct Behaviours {
    faults: Vec<Fault>,
    /// Indexed by the set of active faults, one bit each; 0 is the old version.
    table: Vec<Treatment>,
}

/// A behaviour with what it does to people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Treatment {
    /// Errors and latency.
    pub behaviour: Behaviour,
    /// The share of requests that fail where the old version would have answered.
    pub failed_share: f64,
    /// Among answered requests, the share slower than people's patience where the old version was
    /// not.
    pub slowed_share: f64,
}

/// More faults than this in one scenario are refused by the reader: the table doubles with each.
pub const FAULTS_MAX: usize = 8;

impl Behaviours {
    /// Combines the ordinary behaviour with the new version's faults (at most [`FAULTS_MAX`]
    /// count).
    #[must_use]
    pub fn new(old: Behaviour, faults: &[Fault], patience_s: f64) -> Self {
        let faults: Vec<_> = faults.iter().take(FAULTS_MAX).copied().collect();
        let combine = |mask: usize| {
            let active = faults
                .iter()
                .enumerate()
                .filter(|(bit, _)| mask >> bit & 1 == 1);
            let behaviour = active.fold(old, |behaviour, (_, fault)| behaviour.with(fault));
            Treatment::new(behaviour, &old, patience_s)
        };
        Self {
            table: (0..1 << faults.len()).map(combine).collect(),
            faults,
        }
    }

    /// Which treatment requests meet on pods of a version that each serve `rps_per_pod`.
    #[must_use]
    pub fn mask(&self, version: Version, rps_per_pod: f64) -> usize {
        if version == Version::Old {
            return 0;
        }
        let active =
            |(bit, fault): (usize, &Fault)| usize::from(fault.is_active(rps_per_pod)) << bit;
        self.faults.iter().enumerate().map(active).sum()
    }

    /// The treatment with this mask.
    #[must_use]
    pub fn get(&self, mask: usize) -> &Treatment {
        &self.table[mask]
    }

    /// All treatments, by mask.
    #[must_use]
    pub fn all(&self) -> &[Treatment] {
        &self.table
    }
}

impl Behaviour {
    /// Independent faults: their survivals multiply, their latency factors too.
    fn with(self, fault: &Fault) -> Self {
        Self {
            error_share: 1.0 - (1.0 - self.error_share) * (1.0 - fault.error_share),
            latency: if fault.p99_times > 1.0 {
                self.latency.with_p99_times(fault.p99_times)
            } else {
                self.latency
            },
        }
    }
}

impl Treatment {
    /// The same request is served from the same random numbers on both versions (coupled
    /// counterfactual), so the excess of one over the other is the difference of two shares.
    fn new(behaviour: Behaviour, old: &Behaviour, patience_s: f64) -> Self {
        let slow = |latency: &Latency| latency.slower_than(patience_s);
        Self {
            behaviour,
            failed_share: (behaviour.error_share - old.error_share).max(0.0),
            slowed_share: (slow(&behaviour.latency) - slow(&old.latency)).max(0.0),
        }
    }

    /// The share of requests that fare worse than on the old version.
    #[must_use]
    pub fn hurt_share(&self) -> f64 {
        self.failed_share + (1.0 - self.behaviour.error_share) * self.slowed_share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behaviours(fault: Fault) -> Behaviours {
        let old = Behaviour {
            error_share: 0.001,
            latency: Latency::from_quantiles(0.08, 0.3),
        };
        Behaviours::new(old, &[fault], 1.0)
    }

    #[test]
    fn a_load_dependent_fault_shows_only_above_its_rate() {
        let faulty = behaviours(Fault {
            error_share: 0.2,
            above_rps_per_pod: Some(25.0),
            ..Fault::default()
        });
        let of = |version, rps| *faulty.get(faulty.mask(version, rps));
        assert_eq!(of(Version::New, 25.0).hurt_share(), 0.0);
        let loaded = of(Version::New, 26.0);
        assert!((loaded.behaviour.error_share - 0.2008).abs() < 1e-12);
        assert!((loaded.hurt_share() - 0.1998).abs() < 1e-12);
        assert_eq!(of(Version::Old, 99.0).behaviour.error_share, 0.001);
    }

    #[test]
    fn slow_answers_hurt_only_beyond_patience_and_only_the_excess() {
        let slow = behaviours(Fault {
            p99_times: 3.0,
            ..Fault::default()
        });
        let treatment = slow.get(slow.mask(Version::New, 1.0));
        let excess = treatment.behaviour.latency.slower_than(1.0)
            - Latency::from_quantiles(0.08, 0.3).slower_than(1.0);
        assert!(excess > 0.005);
        assert!((treatment.hurt_share() - 0.999 * excess).abs() < 1e-12);
    }
}

//! What goes wrong: faults of the new revision, and incidents that have nothing to do with it.

mod calendar;
mod effect;

use serde::{Deserialize, Serialize};

use crate::latency::Latency;

pub use calendar::Calendar;
pub use effect::{Episodes, Fault, Growth, Onset, Scope, Versions};

/// Which code a pod runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Version {
    /// The revision in service when the scenario starts.
    Old,
    /// The revision being rolled out.
    New,
}

/// How one version treats requests at a given load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Behaviour {
    /// Share of requests answered with a 5xx.
    pub error_share: f64,
    /// Latency of all answers.
    pub latency: Latency,
}

/// The behaviour of both versions under each subset of the faults that load and clock can bring
/// about; worked out once per scenario.
#[derive(Clone, Debug)]
pub struct Behaviours {
    faults: Vec<Fault>,
    /// Indexed by the set of active faults, one bit each, and the version in the bit above them; 0
    /// is the old version as it always is.
    table: Vec<Treatment>,
}

/// A behaviour with what it does to people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Treatment {
    /// Errors and latency.
    pub behaviour: Behaviour,
    /// Whether it is worse for a fault that only the new version has.
    pub is_release_fault: bool,
    /// The share of requests that fail where the old version would have answered.
    pub failed_share: f64,
    /// Among answered requests, the share slower than people's patience where the old version was
    /// not.
    pub slowed_share: f64,
}

/// More faults than this in one scenario are refused by the reader: the table doubles with each.
pub const FAULTS_MAX: usize = 8;

impl Behaviours {
    /// Combines the ordinary behaviour with the faults (at most [`FAULTS_MAX`] count).
    #[must_use]
    pub fn new(ordinary: Behaviour, faults: &[Fault], patience_s: f64) -> Self {
        let faults: Vec<_> = faults.iter().take(FAULTS_MAX).copied().collect();
        let of = |version: Version, mask: usize| {
            let active = faults.iter().enumerate().filter(|(bit, fault)| {
                mask >> bit & 1 == 1 && fault.scope.versions.include(version)
            });
            active.fold(ordinary, |behaviour, (_, fault)| behaviour.with(fault))
        };
        let sets = 0..1 << faults.len();
        // What the same request would have met on the old version at that moment.
        let old = sets.clone().map(|mask| {
            let old = of(Version::Old, mask);
            Treatment::new(old, &old, patience_s)
        });
        let new = sets.clone().map(|mask| Treatment {
            is_release_fault: faults
                .iter()
                .enumerate()
                .any(|(bit, fault)| mask >> bit & 1 == 1 && fault.scope.versions == Versions::New),
            ..Treatment::new(of(Version::New, mask), &of(Version::Old, mask), patience_s)
        });
        Self {
            table: old.chain(new).collect(),
            faults,
        }
    }

    /// Which treatment requests meet on pods of a version that each serve `rps_per_pod`, while the
    /// clock allows the faults in `allowed`.
    #[must_use]
    pub fn mask(&self, version: Version, rps_per_pod: f64, allowed: usize) -> usize {
        let active = |(bit, fault): (usize, &Fault)| {
            let shows =
                fault.scope.versions.include(version) || fault.scope.versions.include(Version::Old);
            usize::from(shows && fault.is_active(rps_per_pod)) << bit
        };
        let active: usize = self.faults.iter().enumerate().map(active).sum();
        let version = usize::from(version == Version::New) << self.faults.len();
        (active & allowed) | version
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

    /// The faults, each at its bit's place.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl Behaviour {
    /// Independent faults: their survivals multiply, their latency factors too.
    fn with(self, fault: &Fault) -> Self {
        Self {
            error_share: 1.0 - (1.0 - self.error_share) * (1.0 - fault.error_share),
            latency: self
                .latency
                .with_p99_times(fault.p99_times)
                .times(fault.latency_times),
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
            is_release_fault: false,
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

    const ALL: usize = usize::MAX;

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
            onset: Onset {
                above_rps_per_pod: Some(25.0),
                ..Onset::default()
            },
            ..Fault::default()
        });
        let of = |version, rps| *faulty.get(faulty.mask(version, rps, ALL));
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
        let treatment = slow.get(slow.mask(Version::New, 1.0, ALL));
        let excess = treatment.behaviour.latency.slower_than(1.0)
            - Latency::from_quantiles(0.08, 0.3).slower_than(1.0);
        assert!(excess > 0.005);
        assert!((treatment.hurt_share() - 0.999 * excess).abs() < 1e-12);
    }

    #[test]
    fn an_incident_outside_hurts_nobody_more_than_the_old_version_would() {
        let outside = behaviours(Fault {
            error_share: 0.3,
            scope: Scope {
                versions: Versions::Both,
                ..Scope::default()
            },
            ..Fault::default()
        });
        for version in [Version::Old, Version::New] {
            let treatment = outside.get(outside.mask(version, 1.0, ALL));
            assert!((treatment.behaviour.error_share - 0.3007).abs() < 1e-12);
            assert_eq!(treatment.hurt_share(), 0.0);
            assert!(!treatment.is_release_fault);
            let before = outside.get(outside.mask(version, 1.0, 0));
            assert_eq!(before.behaviour.error_share, 0.001);
        }
    }
}

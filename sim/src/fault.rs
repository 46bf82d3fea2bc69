//! What goes wrong: faults of the new revision, and incidents that have nothing to do with it.

mod calendar;
mod effect;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::latency::Latency;

pub use calendar::Calendar;
pub use effect::{
    Condition, Episodes, Fault, GROWTH_LEVELS, Growth, Onset, SHARE_LEVELS, Scope, Versions,
};

/// Which code a pod runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// The behaviour of both versions under each combination of the faults that load, age and clock can
/// bring about, for each kind of request; worked out once per scenario.
#[derive(Clone, Debug)]
pub struct Behaviours {
    faults: Vec<Fault>,
    /// What one level of each fault adds to the index.
    strides: Vec<usize>,
    /// Combinations of levels.
    combinations: usize,
    /// Treatments of one version.
    per_version: usize,
    /// First the old version's, then the new's. In each by kind of request, and within that by the
    /// levels of the faults in a mixed radix; last, where processes crash, what requests meet that
    /// are lost with one. 0 is the old version as it always is.
    table: Vec<Treatment>,
}

/// A behaviour with what it does to people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Treatment {
    /// Errors and latency.
    pub behaviour: Behaviour,
    /// Whether it is worse for a fault that only the new version has.
    pub is_release_fault: bool,
    /// Whether it is worse because its pods are fuller or colder than those of the old version.
    pub is_load_harm: bool,
    /// The share of requests that fail where the old version would have answered.
    pub failed_share: f64,
    /// Among answered requests, the share slower than people's patience where the old version was
    /// not.
    pub slowed_share: f64,
    /// The share of business completions that is not lost to a fault: here, and on the old version.
    pub kept: [f64; 2],
}

/// More faults than this in one scenario are refused by the reader.
pub const FAULTS_MAX: usize = 8;

/// More bad pods than this are refused by the reader.
pub const PODS_MAX: u32 = 32;

/// More routes than this are refused by the reader.
pub const ROUTES_MAX: usize = 32;

/// More combinations of the levels of a scenario's faults than this are refused by the reader.
pub const COMBINATIONS_MAX: usize = 4096;

/// Combinations of the levels of these faults.
#[must_use]
pub fn combinations(faults: &[Fault]) -> usize {
    let each = faults.iter().map(|fault| fault.levels() + 1);
    each.fold(1, usize::saturating_mul)
}

impl Behaviours {
    /// Combines the ordinary behaviour with the faults (as many as fit into [`FAULTS_MAX`] and
    /// [`COMBINATIONS_MAX`] count).
    #[must_use]
    pub fn new(ordinary: Behaviour, faults: &[Fault], patience_s: f64) -> Self {
        Self::of_kinds(&[ordinary], faults, patience_s)
    }

    /// The same for several kinds of requests, each with an ordinary behaviour of its own.
    #[must_use]
    pub fn of_kinds(ordinary: &[Behaviour], faults: &[Fault], patience_s: f64) -> Self {
        let fit = |n: &usize| combinations(&faults[..*n]) <= COMBINATIONS_MAX;
        let most = faults.len().min(FAULTS_MAX);
        let faults = &faults[..(0..=most).rev().find(fit).unwrap_or(0)];
        let levels = Levels::new(faults);
        let combinations = combinations(faults);
        let mut table = Vec::new();
        for version in [Version::Old, Version::New] {
            for kind in ordinary {
                let each = (0..combinations).map(|index| {
                    // What the same request would have met on the old version at that moment, had
                    // there been no release.
                    let before = levels.without_release(index);
                    let is_met = |(bit, fault): (usize, &Fault)| {
                        levels.at(bit, index) > 0
                            && fault.is_of_release()
                            && fault.scope.versions.include(version)
                    };
                    Treatment {
                        is_release_fault: faults.iter().enumerate().any(is_met),
                        kept: [
                            levels.kept(version, index),
                            levels.kept(Version::Old, before),
                        ],
                        ..Treatment::new(
                            levels.behaviour(*kind, version, index),
                            &levels.behaviour(*kind, Version::Old, before),
                            patience_s,
                        )
                    }
                });
                table.extend(each);
            }
            if let Some(lost) = levels.lost(ordinary[0], version) {
                table.push(lost);
            }
        }
        Self {
            per_version: table.len() / 2,
            table,
            faults: faults.to_vec(),
            combinations,
            strides: levels.strides,
        }
    }

    /// Which treatment requests meet on pods of a version in a condition, while the clock allows the
    /// faults in `allowed`. The faults of the old version count on the new one's pods too: they are
    /// what its requests would have met there.
    #[must_use]
    pub fn mask(&self, version: Version, pod: &Condition, allowed: usize) -> usize {
        let one = |(bit, (fault, stride)): (usize, (&Fault, &usize))| {
            let shows = allowed >> bit & 1 == 1
                && (fault.scope.versions.include(version)
                    || fault.scope.versions.include(Version::Old));
            if shows { fault.level(pod) * stride } else { 0 }
        };
        let faults = self.faults.iter().zip(&self.strides).enumerate();
        let index: usize = faults.map(one).sum();
        self.ordinary(version) + index
    }

    /// What is added to a mask for a kind of request.
    #[must_use]
    pub const fn of_kind(&self, kind: usize) -> usize {
        kind * self.combinations
    }

    /// Whether it matters how long pods have been ready.
    #[must_use]
    pub fn count_age(&self) -> bool {
        let counts = |fault: &Fault| fault.counts_age() || fault.counts_requests();
        self.faults.iter().any(counts)
    }

    /// Whether it matters who the users are.
    #[must_use]
    pub fn count_users(&self) -> bool {
        self.faults.iter().any(|fault| fault.scope.matching_users)
    }

    /// Whether it matters which pods serve.
    #[must_use]
    pub fn count_pods(&self) -> bool {
        self.faults.iter().any(|fault| fault.scope.pods.is_some())
    }

    /// The treatment that a version gives without any fault.
    #[must_use]
    pub const fn ordinary(&self, version: Version) -> usize {
        match version {
            Version::Old => 0,
            Version::New => self.per_version,
        }
    }

    /// The version whose pods give a treatment.
    #[must_use]
    pub const fn version(&self, mask: usize) -> Version {
        if mask < self.per_version {
            Version::Old
        } else {
            Version::New
        }
    }

    /// What requests meet that are lost when a pod's process dies; only where some fault kills it.
    #[must_use]
    pub const fn lost(&self, version: Version) -> usize {
        self.ordinary(version) + self.per_version - 1
    }

    /// Whether a treatment is that of requests that are lost with a process.
    #[must_use]
    pub fn is_lost(&self, mask: usize) -> bool {
        self.crash() && mask % self.per_version == self.per_version - 1
    }

    /// Whether requests that the old version serves can be worse off for the release.
    #[must_use]
    pub fn reach_old(&self) -> bool {
        self.faults.iter().any(|fault| fault.scope.with_new_share)
    }

    /// Whether some fault kills processes.
    #[must_use]
    pub fn crash(&self) -> bool {
        self.faults
            .iter()
            .any(|fault| fault.crash_every_s.is_some())
    }

    /// The treatment with this mask.
    #[must_use]
    pub fn get(&self, mask: usize) -> &Treatment {
        &self.table[mask]
    }

    /// What the same request would have met on the old version at that moment, had there been no
    /// release.
    #[must_use]
    pub fn on_old(&self, mask: usize) -> &Treatment {
        &self.table[self.old_mask(mask)]
    }

    /// The mask of that treatment.
    #[must_use]
    pub fn old_mask(&self, mask: usize) -> usize {
        let place = mask % self.per_version;
        let (kind, index) = (place / self.combinations, place % self.combinations);
        if self.crash() && place == self.per_version - 1 {
            return 0;
        }
        let shared = self.faults.iter().zip(&self.strides);
        let shared = shared.filter(|(fault, _)| fault.scope.with_new_share);
        let of_release =
            |(fault, stride): (&Fault, &usize)| index / stride % (fault.levels() + 1) * stride;
        let of_release: usize = shared.map(of_release).sum();
        kind * self.combinations + index - of_release
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

/// How far each fault has come, as the digits of an index.
struct Levels<'a> {
    faults: &'a [Fault],
    strides: Vec<usize>,
}

impl<'a> Levels<'a> {
    fn new(faults: &'a [Fault]) -> Self {
        let strides = (0..faults.len()).map(|bit| combinations(&faults[..bit]));
        Self {
            faults,
            strides: strides.collect(),
        }
    }

    fn at(&self, bit: usize, index: usize) -> usize {
        index / self.strides[bit] % (self.faults[bit].levels() + 1)
    }

    /// The index while nothing that the release wears out shows.
    fn without_release(&self, index: usize) -> usize {
        let shared = self.faults.iter().enumerate();
        let shared = shared.filter(|(_, fault)| fault.scope.with_new_share);
        let of_release: usize = shared
            .map(|(bit, _)| self.at(bit, index) * self.strides[bit])
            .sum();
        index - of_release
    }

    /// The faults that show on a version, each at its size.
    fn showing(&self, version: Version, index: usize) -> impl Iterator<Item = Fault> {
        let faults = self.faults.iter().enumerate();
        let of_version = faults.filter(move |(_, fault)| fault.scope.versions.include(version));
        of_version.filter_map(
            move |(bit, fault)| match (self.at(bit, index), fault.levels()) {
                // Not by arithmetic where none is needed: nothing stays nothing to the last bit.
                (0, _) => None,
                (level, levels) if level == levels => Some(*fault),
                (level, levels) => Some(fault.scaled(level as f64 / levels as f64)),
            },
        )
    }

    fn behaviour(&self, ordinary: Behaviour, version: Version, index: usize) -> Behaviour {
        let showing = self.showing(version, index);
        showing.fold(ordinary, |behaviour, fault| behaviour.with(&fault))
    }

    /// The share of business completions that is not lost.
    fn kept(&self, version: Version, index: usize) -> f64 {
        let showing = self.showing(version, index);
        showing.map(|fault| 1.0 - fault.completion_loss).product()
    }

    /// What requests meet that are in a process when it dies.
    fn lost(&self, ordinary: Behaviour, version: Version) -> Option<Treatment> {
        let crashes = |fault: &&Fault| fault.crash_every_s.is_some();
        let crash = self.faults.iter().filter(crashes);
        let of_version = |fault: &&Fault| fault.scope.versions.include(version);
        let crash: Vec<_> = crash.collect();
        crash.first()?;
        let behaviour = Behaviour {
            error_share: 1.0,
            ..ordinary
        };
        Some(Treatment {
            is_release_fault: crash
                .iter()
                .filter(|f| of_version(f))
                .any(|f| f.is_of_release()),
            ..Treatment::new(behaviour, &ordinary, f64::INFINITY)
        })
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
            is_load_harm: false,
            failed_share: (behaviour.error_share - old.error_share).max(0.0),
            slowed_share: (slow(&behaviour.latency) - slow(&old.latency)).max(0.0),
            kept: [1.0; 2],
        }
    }

    /// Whether anybody may fare worse than on the old version: for a fault, or for pods that are
    /// fuller or colder.
    #[must_use]
    pub fn may_hurt(&self) -> bool {
        self.is_release_fault || self.is_load_harm
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
        let of = |version, rps| *faulty.get(faulty.mask(version, &Condition::settled(rps), ALL));
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
        let treatment = slow.get(slow.mask(Version::New, &Condition::settled(1.0), ALL));
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
            let treatment = outside.get(outside.mask(version, &Condition::settled(1.0), ALL));
            assert!((treatment.behaviour.error_share - 0.3007).abs() < 1e-12);
            assert_eq!(treatment.hurt_share(), 0.0);
            assert!(!treatment.is_release_fault);
            let before = outside.get(outside.mask(version, &Condition::settled(1.0), 0));
            assert_eq!(before.behaviour.error_share, 0.001);
        }
    }

    #[test]
    fn a_leak_grows_in_a_straight_line_after_its_onset() {
        use coalmine_policy::Span;
        let leak = behaviours(Fault {
            error_share: 0.32,
            onset: Onset {
                after_age: Some(Span::from_mins(5)),
                ..Onset::default()
            },
            growth: Some(Growth::Age(Span::from_mins(10))),
            ..Fault::default()
        });
        let failed = |age_s| {
            let pod = Condition {
                age_s,
                ..Condition::settled(1.0)
            };
            leak.get(leak.mask(Version::New, &pod, ALL)).failed_share / 0.999
        };
        for (age_s, share) in [
            (0.0, 0.0),
            (299.0, 0.0),
            (600.0, 0.16),
            (900.0, 0.32),
            (9e9, 0.32),
        ] {
            assert!((failed(age_s) - share).abs() < 1e-9, "{age_s}");
        }
        // Never further from the line than half a level.
        for age_s in 300..900 {
            let line = 0.32 * f64::from(age_s - 300) / 600.0;
            assert!(
                (failed(f64::from(age_s)) - line).abs() <= 0.010_001,
                "{age_s}"
            );
        }
    }

    #[test]
    fn faults_of_different_kinds_combine_and_too_many_combinations_are_left_out() {
        let leak = Fault {
            error_share: 0.1,
            growth: Some(Growth::Requests(1000)),
            ..Fault::default()
        };
        let plain = Fault {
            error_share: 0.2,
            ..Fault::default()
        };
        let old = Behaviour {
            error_share: 0.0,
            latency: Latency::from_quantiles(0.08, 0.3),
        };
        let both = Behaviours::new(old, &[leak, plain], 1.0);
        let pod = Condition {
            served: 500.0,
            ..Condition::settled(1.0)
        };
        let error = |allowed| {
            let mask = both.mask(Version::New, &pod, allowed);
            both.get(mask).behaviour.error_share
        };
        assert!((error(0b11) - (1.0 - 0.95 * 0.8)).abs() < 1e-12);
        assert!((error(0b01) - 0.05).abs() < 1e-12);
        assert!((error(0b10) - 0.2).abs() < 1e-12);
        assert_eq!(Behaviours::new(old, &[leak; 4], 1.0).faults().len(), 2);
    }
}

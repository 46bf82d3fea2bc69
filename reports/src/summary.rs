//! What a study came to: one [`Cell`] per policy and scenario. `docs/measures.md` explains the measures.

use std::sync::Arc;

use coalmine_policy::Span;
use coalmine_sim::event::{PolicyInfo, ScenarioInfo, Study};
use coalmine_sim::outcome::{Outcome, Verdict};

use crate::course::Course;
use crate::interval::{Estimate, Rate, quantile};
use crate::marks::Marks;
use crate::mean::Mean;
use crate::mix::Mix;
use crate::paired::Contrast;
use crate::surprise::{Candidate, rarest};

/// A whole study, folded.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What was run.
    pub study: Arc<Study>,
    /// How often which releases come, and what things cost.
    pub mix: Mix,
    /// The cells that were run to their end, in order of arrival: scenario by scenario, policies
    /// within.
    pub cells: Vec<Cell>,
    /// The harm of every two policies on the same rollouts, by scenario.
    pub contrasts: Vec<Contrast>,
    /// Whether all of them were.
    pub complete: bool,
}

/// One scenario under one policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Index into [`Study::policies`].
    pub policy: usize,
    /// Index into [`Study::scenarios`].
    pub scenario: usize,
    /// Replications that ran; 0 when the controller refuses the policy.
    pub n: u64,
    /// Replications in which the new revision took over.
    pub promoted: u64,
    /// Replications in which it was taken out.
    pub rolled_back: u64,
    /// The share that was promoted although the new revision is faulty; `None` where it is healthy.
    /// A rollout that got stuck is no miss, it is counted apart.
    pub missed: Option<Rate>,
    /// The share of misses that hurt somebody within the horizon. It is smaller than `missed` where
    /// a fault is latent.
    pub missed_harmful: Option<Rate>,
    /// The share that was rolled back although the new revision is healthy; `None` where it is
    /// faulty.
    pub false_rollback: Option<Rate>,
    /// The share that was neither promoted nor rolled back when the horizon was reached.
    pub stuck: Option<Rate>,
    /// Nanoseconds from the first request that met the fault to the decision to roll back, over the
    /// replications where both happened in this order.
    pub detect_ns: Quantiles,
    /// Nanoseconds from the first request that met the fault until at most 0.1 % of the traffic
    /// reaches the new revision, over the replications where that happened.
    pub mitigate_ns: Quantiles,
    /// Nanoseconds from the start to the promotion, over the promoted replications.
    pub promote_ns: Quantiles,
    /// Requests within the horizon that fared worse than on the old revision: failed where that
    /// would have answered, or slower than people's patience where that would not have been.
    pub hurt: Quantiles,
    /// Users within the horizon some of whose requests were hurt. Where the scenario's users have no
    /// sessions, each request is somebody else's.
    pub hurt_users: Quantiles,
    /// Completions lost to the release within the horizon, by step of the scenario's business: those
    /// that the same requests would have had on the old revision.
    pub lost: Vec<Quantiles>,
    /// Requests that the new revision served within the horizon.
    pub exposed: Quantiles,
    /// Users some of whose requests it served.
    pub exposed_users: Quantiles,
    /// Requests that all revisions served within the horizon.
    pub requests: Quantiles,
    /// Replications in which a request met the fault within the horizon.
    pub fault_met: u64,
    /// Which replications had the wrong verdict: promoted though bad, rolled back though good.
    pub wrong_marks: Marks,
    /// What a mix of releases is worked out from.
    pub means: Means,
    /// When rollouts were decided.
    pub course: Course,
    pub(crate) candidate: Option<Candidate>,
}

/// Means over the replications of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Means {
    /// The share of bad releases that hurt somebody within the horizon; a good one whose leaving pods
    /// refuse a request needs no remedy.
    pub failed: Option<Rate>,
    /// Of those, seconds from the first request that met the fault until nobody meets it, or to the
    /// end of the horizon.
    pub recovery_s: Option<Mean>,
    /// Minutes until the decision, or the whole horizon.
    pub minutes: Option<Mean>,
    /// Requests hurt.
    pub hurt: Option<Mean>,
    /// Users hurt.
    pub hurt_users: Option<Mean>,
}

impl Means {
    /// Those of the replications that ran, of a good or a bad release, watched for so long.
    #[must_use]
    pub fn of(faulty: bool, outcomes: &[Outcome], horizon: Span) -> Self {
        let ran = || ran(outcomes);
        let failed = || ran().filter(|o| faulty && o.hurt > o.hurt_by_router);
        let recovery = |o: &Outcome| {
            let met = o.fault_met_ns.unwrap_or(Span::ZERO);
            let left = horizon.as_secs_f64() - met.as_secs_f64();
            o.mitigate_ns.map_or(left, Span::as_secs_f64)
        };
        let minutes = |o: &Outcome| o.decided_ns.unwrap_or(horizon).as_secs_f64() / 60.0;
        Self {
            failed: Rate::wilson(failed().count() as u64, ran().count() as u64),
            recovery_s: Mean::of(failed().map(recovery)),
            minutes: Mean::of(ran().map(minutes)),
            hurt: Mean::of(ran().map(|o| o.hurt as f64)),
            hurt_users: Mean::of(ran().map(|o| o.hurt_users as f64)),
        }
    }
}

/// Median and 95th percentile of a measure; `None` when it was never observed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantiles {
    /// The middle observation.
    pub median: Option<Estimate>,
    /// The one that 5 % exceed.
    pub p95: Option<Estimate>,
}

impl Quantiles {
    fn of(observations: impl Iterator<Item = u64>) -> Self {
        let mut sorted: Vec<u64> = observations.collect();
        sorted.sort_unstable();
        Self {
            median: quantile(&sorted, 0.5),
            p95: quantile(&sorted, 0.95),
        }
    }
}

impl Cell {
    /// Folds the replications of one cell.
    #[must_use]
    pub fn new(policy: usize, scenario: usize, faulty: bool, outcomes: &[Outcome]) -> Self {
        let ran = || ran(outcomes);
        let count = |verdict| ran().filter(|o| o.verdict == verdict).count() as u64;
        let (promoted, rolled_back) = (count(Verdict::Promoted), count(Verdict::RolledBack));
        // What the router refused while pods were exchanged, a healthy release would have met too.
        let harmed = |o: &&Outcome| o.hurt > o.hurt_by_router;
        let harmful = ran().filter(|o| o.verdict == Verdict::Promoted && harmed(o));
        let (n, harmful) = (ran().count() as u64, harmful.count() as u64);
        let if_faulty = |count| Rate::wilson(count, n).filter(|_| faulty);
        let steps = outcomes.iter().map(|o| o.lost.len()).max().unwrap_or(0);
        let lost = |step: usize| Quantiles::of(ran().filter_map(|o| o.lost.get(step).copied()));
        let spans = |get: fn(&Outcome) -> Option<Span>| {
            Quantiles::of(ran().filter_map(get).map(Span::nanos))
        };
        Self {
            policy,
            scenario,
            n,
            promoted,
            rolled_back,
            missed: if_faulty(promoted),
            missed_harmful: if_faulty(harmful),
            false_rollback: Rate::wilson(rolled_back, n).filter(|_| !faulty),
            stuck: Rate::wilson(count(Verdict::Stuck), n),
            detect_ns: spans(|o| o.detect_ns),
            mitigate_ns: spans(|o| o.mitigate_ns),
            promote_ns: spans(Outcome::promote_ns),
            hurt: Quantiles::of(ran().map(|o| o.hurt)),
            hurt_users: Quantiles::of(ran().map(|o| o.hurt_users)),
            lost: (0..steps).map(lost).collect(),
            exposed: Quantiles::of(ran().map(|o| o.exposed)),
            exposed_users: Quantiles::of(ran().map(|o| o.exposed_users)),
            requests: Quantiles::of(ran().map(|o| o.requests)),
            fault_met: ran().filter(|o| o.fault_met_ns.is_some()).count() as u64,
            wrong_marks: outcomes.iter().map(|o| is_wrong(faulty, o)).collect(),
            means: Means::default(),
            course: Course::default(),
            candidate: rarest(faulty, outcomes),
        }
    }

    /// Whether the release is faulty and no replication met the fault within the horizon: no
    /// policy could have seen it.
    #[must_use]
    pub fn is_latent(&self) -> bool {
        self.missed.is_some() && self.fault_met == 0
    }

    /// The rate of the wrong verdict where that is more likely than not, beyond doubt; `None` also
    /// where no policy could have done better.
    #[must_use]
    pub fn mostly_wrong(&self) -> Option<Rate> {
        let wrong = self.wrong().filter(|rate| rate.low > 0.5);
        wrong.filter(|_| !self.is_latent())
    }

    /// The rate of the wrong verdict: missed where the release is faulty, false rollback where not.
    #[must_use]
    pub fn wrong(&self) -> Option<Rate> {
        self.missed.or(self.false_rollback)
    }
}

/// The replications that ran: those of a refused policy did not.
pub(crate) fn ran(outcomes: &[Outcome]) -> impl Iterator<Item = &Outcome> {
    let is_run = |outcome: &&Outcome| outcome.verdict != Verdict::Invalid;
    outcomes.iter().filter(is_run)
}

/// Whether a verdict is the wrong one: promoted though bad, rolled back though good.
pub(crate) fn is_wrong(faulty: bool, outcome: &Outcome) -> bool {
    let wrong = if faulty {
        Verdict::Promoted
    } else {
        Verdict::RolledBack
    };
    outcome.verdict == wrong
}

impl Summary {
    /// The policy of a cell.
    #[must_use]
    pub fn policy(&self, cell: &Cell) -> Option<&PolicyInfo> {
        self.study.policies.get(cell.policy)
    }

    /// The scenario of a cell.
    #[must_use]
    pub fn scenario(&self, cell: &Cell) -> Option<&ScenarioInfo> {
        self.study.scenarios.get(cell.scenario)
    }

    /// The label of a cell's policy, for text.
    #[must_use]
    pub fn label(&self, cell: &Cell) -> &str {
        self.label_of(cell.policy)
    }

    /// The label of a policy of the study, for text.
    #[must_use]
    pub fn label_of(&self, policy: usize) -> &str {
        let policy = self.study.policies.get(policy);
        policy.map_or("?", |policy| &policy.label)
    }

    /// How often releases of a cell's kind come, relative to the others that are bad, or good, alike.
    #[must_use]
    pub fn weight(&self, cell: &Cell) -> f64 {
        self.scenario(cell).map_or(1.0, |scenario| scenario.weight)
    }

    /// Completions lost in a cell, by step of its scenario's business.
    pub fn lost<'s, 'c>(
        &'s self,
        cell: &'c Cell,
    ) -> impl DoubleEndedIterator<Item = (&'s str, &'c Quantiles)> {
        let steps = self.scenario(cell).map_or(&[][..], |s| &s.business);
        steps.iter().map(String::as_str).zip(&cell.lost)
    }

    /// A scenario's name, for text.
    #[must_use]
    pub fn name(&self, cell: &Cell) -> &str {
        self.scenario(cell).map_or("?", |scenario| &scenario.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{outcome, promoted, rolled_back};

    #[test]
    fn a_stuck_rollout_is_no_miss_and_an_invalid_one_is_no_rollout() {
        let stuck = outcome(2, Verdict::Stuck, 5);
        let invalid = outcome(3, Verdict::Invalid, 0);
        let cell = Cell::new(
            0,
            0,
            true,
            &[promoted(0, 0), rolled_back(1, 120), stuck, invalid],
        );
        let counts = |rate: Option<Rate>| rate.map(|rate| (rate.count, rate.n));
        assert_eq!(cell.n, 3);
        assert_eq!(counts(cell.missed), Some((1, 3)));
        assert_eq!(counts(cell.missed_harmful), Some((0, 3)));
        assert_eq!(counts(cell.stuck), Some((1, 3)));
        assert_eq!(cell.false_rollback, None);
    }

    #[test]
    fn a_fault_that_no_replication_met_is_latent_and_health_is_not() {
        let latent = [promoted(0, 0), promoted(1, 0)];
        assert!(Cell::new(0, 0, true, &latent).is_latent());
        assert!(!Cell::new(0, 0, true, &[promoted(0, 0), promoted(1, 3)]).is_latent());
        assert!(!Cell::new(0, 0, false, &latent).is_latent());
        assert!(!Cell::new(0, 0, true, &[]).is_latent());
    }

    #[test]
    fn times_count_only_where_they_were_observed() {
        let outcomes = [promoted(0, 9), rolled_back(1, 120), rolled_back(2, 180)];
        let cell = Cell::new(0, 0, true, &outcomes);
        let detect = cell.detect_ns.median.expect("two were detected");
        assert_eq!((detect.value, detect.n), (120_000_000_000, 2));
        assert_eq!(cell.promote_ns.median.map(|e| e.n), Some(1));
        assert_eq!(cell.hurt.median.map(|e| e.n), Some(3));
    }

    #[test]
    fn an_empty_cell_has_no_rates_at_all() {
        let cell = Cell::new(0, 0, false, &[]);
        assert_eq!((cell.n, cell.wrong(), cell.stuck), (0, None, None));
        assert_eq!(cell.hurt, Quantiles::default());
    }
}

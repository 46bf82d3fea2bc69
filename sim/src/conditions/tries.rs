//! Requests that a router tries again on another pod of the backend: what becomes of them in the end,
//! and which tries pods see.
//!
//! A request keeps its route and its user; each try meets another pod while there is one, and round
//! again when all were tried (router notes §3.2, §3.3). What a try at a pod comes to is independent of
//! the others; the old version's course is worked out from the same luck.

use super::strata::Strata;
use super::{Conditions, Met, Piece, Whose, matching_share};
use crate::fault::{Behaviours, Treatment};
use crate::router::path::Method;
use crate::router::{Again, Cause, Upstream};
use crate::split::{Cohort, Split};

/// A bit of a mask: the router has tried as far as it would, and the request is answered.
pub const ANSWERED: usize = 1 << 30;
/// It failed, and the old version would have answered it.
pub const FAILED_ANEW: usize = 1 << 29;
/// It failed, and would have failed on the old version too.
pub const FAILED_ANYWAY: usize = 1 << 28;
/// The new version has had it, whoever was the last to try.
pub const EXPOSED: usize = 1 << 27;
/// All of these.
pub const TRIED: usize = ANSWERED | FAILED_ANEW | FAILED_ANYWAY | EXPOSED;

/// Courses less likely than this are left out.
const RARE: f64 = 1e-9;

/// A treatment as it is known to have ended.
#[must_use]
pub fn ended(mask: usize, mut treatment: Treatment) -> Treatment {
    if mask & TRIED == 0 {
        return treatment;
    }
    let failed = mask & ANSWERED == 0;
    treatment.behaviour.error_share = f64::from(u8::from(failed));
    treatment.failed_share = f64::from(u8::from(mask & FAILED_ANEW != 0));
    treatment.is_load_harm |= mask & FAILED_ANEW != 0;
    treatment
}

/// How a scenario's router tries again.
#[derive(Clone, Debug)]
pub(super) struct Tries {
    most: u32,
    again: Again,
    /// By route, whether its requests may be sent twice.
    idempotent: Vec<bool>,
    /// All pods are behind one backend.
    one_backend: bool,
    /// Answers are tried again, not only what a process takes along.
    answers: bool,
}

/// What a try at a pod comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fails {
    /// It fails.
    pub all: f64,
    /// It fails, and the router tries again; part of `all`.
    pub again: f64,
    /// The part of the failures that the old version would have had too.
    pub anyway: f64,
}

/// Who says what pods with a treatment do, and how often they fail for which cause.
pub trait Pods {
    /// The mask as these pods are, and its treatment.
    fn treatment(&mut self, mask: usize, cohort: Cohort) -> (usize, Treatment);
    /// Of the failures, the shares by cause: 500, 503, 504.
    fn causes(&self, _mask: usize) -> [f64; 3] {
        [1.0, 0.0, 0.0]
    }
}

/// Pods without limits.
#[derive(Debug)]
pub struct Unloaded<'b>(pub &'b Behaviours);

impl Pods for Unloaded<'_> {
    fn treatment(&mut self, mask: usize, _cohort: Cohort) -> (usize, Treatment) {
        (mask, *self.0.get(mask))
    }
}

/// Pods of a backend that do the same to requests of one kind.
#[derive(Clone, Copy, Debug)]
struct Kin {
    cohort: Cohort,
    pods: u32,
    /// The faults that they can have; none for those whose process is dead.
    faults: Option<usize>,
    mask: usize,
    fails: Fails,
}

impl Conditions<'_> {
    /// The same behind a router that treats failures so; all pods are behind one backend, or the
    /// canary's behind one of their own.
    pub fn trying_again(&mut self, upstream: Upstream, one_backend: bool) {
        let answers = upstream.again.covers_answers();
        let matters = answers || upstream.again.lost && self.behaviours.crash();
        let is_idempotent = |method: &Method| *method == Method::Idempotent;
        self.tries = (matters && upstream.tries > 1).then(|| Tries {
            most: upstream.tries,
            again: upstream.again,
            idempotent: self.methods.iter().map(is_idempotent).collect(),
            one_backend,
            answers,
        });
    }

    /// Whether the router makes some failed tries again at some time.
    #[must_use]
    pub const fn may_try_again(&self) -> bool {
        self.tries.is_some()
    }

    /// Whether the router makes some failed tries again in a piece.
    #[must_use]
    pub fn try_again(&self, piece: &Piece<'_>) -> bool {
        let tries = self.tries.as_ref();
        tries.is_some_and(|tries| tries.answers || piece.segment.dead != [0; 3])
    }

    /// Whether a request of a route is tried again that failed so, so many tries before.
    #[must_use]
    pub fn tries_again(&self, cause: Cause, route: u16, tries: u32) -> bool {
        self.tries.as_ref().is_some_and(|known| {
            tries < known.most && known.again.covers(cause, known.is_idempotent(route))
        })
    }

    /// How often a request is tried in all, where so many pods can be.
    #[must_use]
    pub fn tries_most(&self, pods: u32) -> u32 {
        match self.tries.as_ref().map_or(1, |tries| tries.most) {
            u32::MAX => pods,
            most => most,
        }
    }

    /// Whether two cohorts' pods are behind one backend.
    #[must_use]
    pub fn share_a_backend(&self, a: Cohort, b: Cohort) -> bool {
        let is_canary = |cohort| cohort == Cohort::Canary;
        let one = self.tries.as_ref().is_some_and(|tries| tries.one_backend);
        one || is_canary(a) == is_canary(b)
    }

    /// Calls `each` with what users' requests come to in the end whose first try is at a pod of a
    /// cohort; the shares add up to one, and masks say how it ended.
    pub fn each_end(
        &self,
        cohort: Cohort,
        rate: f64,
        (piece, split): (&Piece<'_>, &Split),
        pods: &mut impl Pods,
        mut each: impl FnMut(Met),
    ) {
        self.each_walk(cohort, rate, (piece, split), pods, |walk, route, share| {
            walk.ends(cohort, |mask, part| {
                each(Met {
                    mask,
                    route,
                    share: share * part,
                });
            });
        });
    }

    /// Calls `each` with the tries after the first that a pod of a cohort gets, in parts of all first
    /// tries of that backend's requests; `rank` says which pod.
    pub fn each_later_try(
        &self,
        (whose, rate): (Whose, f64),
        (piece, split): (&Piece<'_>, &Split),
        pods: &mut impl Pods,
        mut each: impl FnMut(Met),
    ) {
        let of_rank = |kin: &Kin| {
            let Some(strata) = &self.strata else {
                return true;
            };
            match (kin.faults, whose.rank) {
                (Some(faults), Some(rank)) => strata.faults_of(rank) == faults,
                _ => false,
            }
        };
        for first in Cohort::ALL {
            let share = piece.segment.share[first as usize];
            if share <= 0.0 || !self.share_a_backend(first, whose.cohort) {
                continue;
            }
            self.each_walk(first, rate, (piece, split), pods, |walk, route, part| {
                let later = walk.later_tries(first);
                for (kin, tries) in walk.kin.iter().zip(later) {
                    if kin.cohort == whose.cohort && of_rank(kin) && tries > 0.0 {
                        each(Met {
                            mask: kin.mask,
                            route,
                            share: share * part * tries / f64::from(kin.pods),
                        });
                    }
                }
            });
        }
    }

    /// Calls `each` with the pods that requests can try whose first try is at a cohort's, by kind of
    /// request: its route and its part.
    fn each_walk(
        &self,
        first: Cohort,
        rate: f64,
        (piece, split): (&Piece<'_>, &Split),
        pods: &mut impl Pods,
        mut each: impl FnMut(&Walk, u16, f64),
    ) {
        let Some(tries) = &self.tries else {
            return;
        };
        let segment = piece.segment;
        let mut walk = Walk {
            kin: Vec::new(),
            most: tries.most,
        };
        let mut conditions = [None; 3];
        for cohort in Cohort::ALL {
            let is_there = cohort == first
                || segment.share[cohort as usize] > 0.0 && self.share_a_backend(first, cohort);
            if !is_there {
                continue;
            }
            conditions[cohort as usize] = Some(self.pods(cohort, rate, piece, split));
            let mut add = |faults, pods| {
                walk.kin.push(Kin {
                    cohort,
                    pods,
                    faults,
                    mask: 0,
                    fails: Fails::default(),
                });
            };
            match &self.strata {
                None => add(Some(usize::MAX), segment.pods[cohort as usize].max(1)),
                Some(strata) => strata.each_pods(cohort, segment, add),
            }
        }
        if walk.most == u32::MAX {
            walk.most = walk.kin.iter().map(|kin| kin.pods).sum();
        }
        let users = self.strata.as_ref().and_then(Strata::matching);
        let kinds: &[(usize, f64)] = &match users {
            None => [(usize::MAX, 1.0), (0, 0.0)],
            Some((faults, users)) => {
                let share = matching_share(first, users, segment);
                [(usize::MAX, share), (!faults, 1.0 - share)]
            }
        };
        for (of_user, part) in kinds.iter().filter(|(_, part)| *part > 0.0) {
            for route in 0..self.routes as u16 {
                let (of_route, kind, share) = match &self.strata {
                    None => (usize::MAX, 0, 1.0),
                    Some(strata) => strata.route(route),
                };
                for kin in &mut walk.kin {
                    let version = kin.cohort.version();
                    let mask = match (kin.faults, &conditions[kin.cohort as usize]) {
                        (Some(faults), Some(condition)) => {
                            let allowed = piece.allowed & faults & of_route & of_user;
                            self.behaviours.mask(version, condition, allowed)
                                + self.behaviours.of_kind(kind)
                        }
                        _ => self.behaviours.lost(version),
                    };
                    let (mask, treatment) = pods.treatment(mask, kin.cohort);
                    kin.mask = mask;
                    kin.fails = tries.fails(&treatment, kin.faults.is_none(), route, || {
                        pods.causes(mask)
                    });
                }
                each(&walk, route, share * part);
            }
        }
    }
}

impl Tries {
    fn is_idempotent(&self, route: u16) -> bool {
        let known = self.idempotent.get(usize::from(route));
        known.copied().unwrap_or(true)
    }

    fn fails(
        &self,
        treatment: &Treatment,
        lost: bool,
        route: u16,
        causes: impl FnOnce() -> [f64; 3],
    ) -> Fails {
        let all = treatment.behaviour.error_share;
        let idempotent = self.is_idempotent(route);
        let covers = |cause| f64::from(u8::from(self.again.covers(cause, idempotent)));
        let again = if lost {
            covers(Cause::Lost)
        } else {
            let parts = causes().into_iter();
            let covered = [Cause::Answer, Cause::Full, Cause::Late].map(covers);
            parts
                .zip(covered)
                .map(|(part, covered)| part * covered)
                .sum()
        };
        // Whom an old pod lets down the release has not hurt.
        let anew = if treatment.may_hurt() {
            treatment.failed_share
        } else {
            0.0
        };
        Fails {
            all,
            again: all * again,
            anyway: ((all - anew) / all.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0),
        }
    }
}

/// The pods of a backend, to one kind of requests.
struct Walk {
    kin: Vec<Kin>,
    most: u32,
}

/// How far a request has come.
#[derive(Clone, Copy)]
struct Step {
    /// The chance of it.
    chance: f64,
    /// The same if the old version has failed it each time.
    anyway: f64,
    tries: u32,
    exposed: bool,
}

impl Walk {
    /// Calls `each` with the masks that requests end with whose first try is at a pod of a cohort.
    fn ends(&self, first: Cohort, mut each: impl FnMut(usize, f64)) {
        self.go(first, &mut |kin, step, ended| {
            let exposed = if step.exposed { EXPOSED } else { 0 };
            let failed = ended * kin.fails.all;
            let Step { chance, anyway, .. } = step;
            let both = anyway * kin.fails.anyway * failed;
            each(
                kin.mask | ANSWERED | exposed,
                chance * (1.0 - kin.fails.all),
            );
            each(kin.mask | FAILED_ANEW | exposed, chance * failed - both);
            each(kin.mask | FAILED_ANYWAY | exposed, both);
        });
    }

    /// By kin, the tries after the first.
    fn later_tries(&self, first: Cohort) -> Vec<f64> {
        let mut tries = vec![0.0; self.kin.len()];
        self.go(first, &mut |kin, step, _| {
            if step.tries > 0 {
                let same = |other: &Kin| std::ptr::eq(other, kin);
                let index = self.kin.iter().position(same);
                tries[index.unwrap_or(0)] += step.chance;
            }
        });
        tries
    }

    /// Calls `each` for every try: at which pods, how it came to it, and which part of its failures
    /// is not tried again.
    fn go(&self, first: Cohort, each: &mut dyn FnMut(&Kin, Step, f64)) {
        let left: Vec<u32> = self.kin.iter().map(|kin| kin.pods).collect();
        let of_first = |kin: &&Kin| kin.cohort == first;
        let all: u32 = self.kin.iter().filter(of_first).map(|kin| kin.pods).sum();
        for (index, kin) in self.kin.iter().enumerate() {
            if kin.cohort == first && kin.pods > 0 {
                let chance = f64::from(kin.pods) / f64::from(all);
                let step = Step {
                    chance,
                    anyway: chance,
                    tries: 0,
                    exposed: false,
                };
                self.visit(index, step, left.clone(), each);
            }
        }
    }

    fn visit(
        &self,
        index: usize,
        step: Step,
        mut left: Vec<u32>,
        each: &mut dyn FnMut(&Kin, Step, f64),
    ) {
        let kin = &self.kin[index];
        let Fails { all, again, anyway } = kin.fails;
        let next = Step {
            chance: step.chance * again,
            anyway: step.anyway * again * anyway,
            tries: step.tries + 1,
            exposed: step.exposed || kin.cohort != Cohort::PrimaryOld,
        };
        let goes_on = next.tries < self.most && next.chance > RARE;
        let stays = if goes_on {
            1.0 - again / all.max(f64::MIN_POSITIVE)
        } else {
            1.0
        };
        each(
            kin,
            Step {
                exposed: next.exposed,
                ..step
            },
            stays,
        );
        if !goes_on {
            return;
        }
        left[index] -= 1;
        if left.iter().all(|pods| *pods == 0) {
            left = self.kin.iter().map(|kin| kin.pods).collect();
        }
        let all = f64::from(left.iter().sum::<u32>());
        for (index, pods) in left.iter().enumerate().filter(|(_, pods)| **pods > 0) {
            let part = f64::from(*pods) / all;
            let next = Step {
                chance: next.chance * part,
                anyway: next.anyway * part,
                ..next
            };
            self.visit(index, next, left.clone(), each);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kin(cohort: Cohort, pods: u32, (all, anyway): (f64, f64), mask: usize) -> Kin {
        Kin {
            cohort,
            pods,
            faults: Some(0),
            mask,
            fails: Fails {
                all,
                again: all,
                anyway,
            },
        }
    }

    fn ends(walk: &Walk, first: Cohort) -> [f64; 4] {
        let mut sums = [0.0; 4];
        walk.ends(first, |mask, share| {
            for (sum, flag) in sums
                .iter_mut()
                .zip([ANSWERED, FAILED_ANEW, FAILED_ANYWAY, EXPOSED])
            {
                *sum += if mask & flag != 0 { share } else { 0.0 };
            }
        });
        sums
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-8;
        let all = found.len() == expected.len();
        assert!(
            all && found.iter().zip(expected).all(near),
            "{found:?} {expected:?}"
        );
    }

    /// A ring of one: the same pod each time, and failures of its requests are independent.
    #[test]
    fn a_lone_pod_is_tried_again_itself() {
        let walk = Walk {
            kin: vec![kin(Cohort::Canary, 1, (0.4, 0.25), 7)],
            most: 3,
        };
        let failed = 0.4_f64.powi(3);
        let both = 0.1_f64.powi(3);
        let expected = [1.0 - failed, failed - both, both, 1.0];
        assert_close(&ends(&walk, Cohort::Canary), &expected);
        assert_close(&walk.later_tries(Cohort::Canary), &[0.4 + 0.16]);
    }

    /// Two of five pods answer nothing but 5xx: as pods that refuse do (§3.5 of the notes).
    #[test]
    fn bad_pods_are_left_out_as_they_are_tried() {
        for (bad, good, tries, failed) in [
            (3, 2, 3, 0.1),
            (5, 5, 3, 1.0 / 12.0),
            (1, 1, 3, 0.0),
            (2, 2, 2, 1.0 / 6.0),
        ] {
            let walk = Walk {
                kin: vec![
                    kin(Cohort::Canary, bad, (1.0, 0.0), 1),
                    kin(Cohort::Canary, good, (0.0, 0.0), 0),
                ],
                most: tries,
            };
            let found = ends(&walk, Cohort::Canary);
            assert_close(&found[..2], &[1.0 - failed, failed]);
        }
    }

    /// In a rolling update the old pods answer for the new ones, whose requests are exposed to them.
    #[test]
    fn old_pods_help_out() {
        let walk = Walk {
            kin: vec![
                kin(Cohort::PrimaryNew, 2, (0.5, 0.0), 1),
                kin(Cohort::PrimaryOld, 3, (0.0, 0.0), 0),
            ],
            most: 2,
        };
        let failed = 0.5 * 0.25 * 0.5;
        let found = ends(&walk, Cohort::PrimaryNew);
        assert_close(&found, &[1.0 - failed, failed, 0.0, 1.0]);
        assert_close(&walk.later_tries(Cohort::PrimaryNew), &[0.125, 0.375]);
        assert_close(&ends(&walk, Cohort::PrimaryOld), &[1.0, 0.0, 0.0, 0.0]);
    }
}

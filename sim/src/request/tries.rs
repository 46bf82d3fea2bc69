//! Requests that the router tries again, one by one.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use super::course::{Attempt, Origin};
use super::engine::{Answer, Engine, pick};
use crate::conditions::Conditions;
use crate::split::Cohort;

/// No try was made before.
pub(super) const FIRST: u32 = u32::MAX;

/// What was tried of the requests that are tried again.
#[derive(Debug, Default)]
pub(super) struct Tries {
    all: Vec<Tried>,
    vacant: Vec<u32>,
}

#[derive(Debug, Clone)]
struct Tried {
    /// The cohort that the router chose.
    first: Cohort,
    tries: u32,
    /// The pods of this round.
    pods: Vec<u32>,
}

impl Tries {
    /// Forgets everything, keeping the memory.
    pub(super) fn clear(&mut self) {
        self.all.clear();
        self.vacant.clear();
    }

    /// The cohort that the router chose for a request that was tried before.
    pub(super) fn first(&self, tried: u32) -> Option<Cohort> {
        self.all.get(tried as usize).map(|tried| tried.first)
    }

    /// A request is answered.
    pub(super) fn forget(&mut self, tried: u32) {
        if tried != FIRST {
            self.vacant.push(tried);
        }
    }

    /// Notes a failed try, and returns its number.
    fn note(&mut self, answer: &Answer) -> u32 {
        if let Some(known) = self.all.get_mut(answer.tried as usize) {
            known.tries += 1;
            known.pods.push(answer.pod);
            return answer.tried;
        }
        let tried = Tried {
            first: answer.cohort,
            tries: 1,
            pods: vec![answer.pod],
        };
        if let Some(place) = self.vacant.pop() {
            self.all[place as usize] = tried;
            return place;
        }
        self.all.push(tried);
        self.all.len() as u32 - 1
    }
}

impl Engine<'_> {
    /// Whether the router tries a request again that a pod has failed; if so, another pod has it.
    pub(super) fn try_again(
        &mut self,
        now_ns: u64,
        answer: &Answer,
        conditions: &Conditions<'_>,
    ) -> bool {
        let attempt = answer.course.attempt;
        let before = self.tries.all.get(answer.tried as usize);
        let tries = before.map_or(0, |before| before.tries) + 1;
        if !conditions.tries_again(answer.course.cause, attempt.route, tries) {
            return false;
        }
        let backend = Cohort::ALL.into_iter().filter(|cohort| {
            *cohort == answer.cohort || conditions.share_a_backend(answer.cohort, *cohort)
        });
        let of = |cohort: Cohort| {
            self.piece.pods[cohort as usize]
                .iter()
                .map(move |pod| (*pod, cohort))
        };
        let pods: Vec<(u32, Cohort)> = backend.flat_map(of).collect();
        if pods.is_empty() || tries >= conditions.tries_most(pods.len() as u32) {
            return false;
        }
        let tried = self.tries.note(answer);
        let known = &mut self.tries.all[tried as usize].pods;
        let fresh = |known: &[u32]| -> Vec<(u32, Cohort)> {
            let is_new = |(pod, _): &&(u32, Cohort)| !known.contains(pod);
            pods.iter().filter(is_new).copied().collect()
        };
        let mut left = fresh(known);
        if left.is_empty() {
            // Round again.
            known.clear();
            left.clone_from(&pods);
        }
        let bits = self.stream.next_u64();
        let (luck, score): (f64, f64) = (
            self.stream.random(),
            StandardNormal.sample(&mut self.stream),
        );
        let at = left[pick(bits >> 32, left.len())];
        let attempt = Attempt {
            spared: answer.course.is_spared(),
            ..attempt
        };
        let luck = (luck, score, bits & 0xffff_ffff);
        let request = (Origin::User, answer.ingress, attempt, tried);
        self.work(now_ns, at, luck, request);
        true
    }
}

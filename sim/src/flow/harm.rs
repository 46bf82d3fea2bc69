//! Who was worse off for meeting the release.

use super::{BY_ROUTER, Portion};
use crate::draw::binomial;
use crate::fault::{Treatment, Version};
use crate::service::Business;
use crate::stream::{Purpose, Stream, Streams};

/// The exposed, the hurt, and the completions that were lost, in one replication so far.
#[derive(Debug)]
pub(super) struct Harm<'a> {
    business: &'a [Business],
    pub(super) stream: Stream,
    pub(super) exposed: u64,
    pub(super) hurt: u64,
    /// Those of the hurt that the router answered itself.
    pub(super) refused: u64,
    /// By step of the business.
    pub(super) lost: Vec<u64>,
}

impl<'a> Harm<'a> {
    pub(super) fn new(business: &'a [Business], streams: &Streams) -> Self {
        Self {
            stream: streams.get(Purpose::Harm),
            exposed: 0,
            hurt: 0,
            refused: 0,
            lost: vec![0; business.len()],
            business,
        }
    }

    pub(super) const fn business(&self) -> &'a [Business] {
        self.business
    }

    pub(super) fn reset(&mut self, streams: &Streams) {
        self.stream = streams.get(Purpose::Harm);
        (self.exposed, self.hurt, self.refused) = (0, 0, 0);
        self.lost.fill(0);
    }

    /// Adds a portion. Of the failed those are hurt that the old version would have answered; of the
    /// answered those whose completion it would not have lost, and those it would have answered in
    /// time.
    pub(super) fn suffer(&mut self, met: (&Treatment, Version), portion: Portion) {
        let (treatment, version) = met;
        if portion.mask & BY_ROUTER != 0 {
            self.refuse(treatment, portion);
            return;
        }
        if version == Version::New {
            self.exposed += portion.requests;
        }
        if !treatment.may_hurt() {
            return;
        }
        let excess =
            treatment.failed_share / treatment.behaviour.error_share.max(f64::MIN_POSITIVE);
        let answered = portion.requests - portion.failed;
        let failed = binomial(portion.failed, excess, &mut self.stream);
        let mut hurt = 0;
        let [kept, kept_on_old] = treatment.kept;
        for (step, lost) in self.business.iter().zip(&mut self.lost) {
            if !step.is_of(portion.route) {
                continue;
            }
            *lost += binomial(failed, step.completion * kept_on_old, &mut self.stream);
            // Steps are independent: a request can lose several.
            let share = step.completion * (kept_on_old - kept).max(0.0);
            let first = binomial(answered - hurt, share, &mut self.stream);
            *lost += first + binomial(hurt, share, &mut self.stream);
            hurt += first;
        }
        hurt += binomial(answered - hurt, treatment.slowed_share, &mut self.stream);
        self.hurt += failed + hurt;
    }

    /// Adds requests that the router answered 5xx itself.
    fn refuse(&mut self, old: &Treatment, portion: Portion) {
        let answered = 1.0 - old.behaviour.error_share;
        let hurt = binomial(portion.requests, answered, &mut self.stream);
        self.hurt += hurt;
        self.refused += hurt;
        for (step, lost) in self.business.iter().zip(&mut self.lost) {
            if step.is_of(portion.route) {
                *lost += binomial(hurt, step.completion * old.kept[0], &mut self.stream);
            }
        }
    }
}

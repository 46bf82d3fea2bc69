//! What stands still between two changes: shares, pods, treatments.

use crate::conditions;
use crate::split::Cohort;

/// An interval in which the split stands still, ready for one request after another.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// Cumulative shares by cohort.
    below: [f64; 3],
    /// Pods by cohort, as the engine numbers them.
    pub(super) pods: [Vec<u32>; 3],
    /// The treatment in each cohort.
    pub(super) mask: [usize; 3],
    pub(super) mirror: f64,
    pub(super) load_rps: f64,
}

impl Piece {
    /// Takes over a piece with its treatments.
    pub(super) fn set(&mut self, piece: &conditions::Piece<'_>, mask: impl Fn(Cohort) -> usize) {
        let segment = piece.segment;
        let mut sum = 0.0;
        for cohort in Cohort::ALL {
            let index = cohort as usize;
            sum += segment.share[index];
            self.below[index] = sum;
            self.mask[index] = mask(cohort);
        }
        (self.mirror, self.load_rps) = (segment.mirror, segment.load_rps);
    }

    /// The cohort that serves a request with this luck; none while nobody can.
    pub(super) fn cohort(&self, luck: f64) -> Option<Cohort> {
        Cohort::ALL
            .into_iter()
            .find(|cohort| luck < self.below[*cohort as usize])
    }
}

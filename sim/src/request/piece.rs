//! What stands still between two changes: shares, pods, treatments.

use crate::fault::Behaviours;
use crate::split::{Cohort, Segment};

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
    /// Takes over a segment at a mean rate.
    pub(super) fn set(&mut self, segment: &Segment, rps: f64, behaviours: &Behaviours) {
        let mut sum = 0.0;
        for cohort in Cohort::ALL {
            let index = cohort as usize;
            sum += segment.share[index];
            self.below[index] = sum;
            let on_each = segment.rps_per_pod(cohort, rps);
            self.mask[index] = behaviours.mask(cohort.version(), on_each);
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

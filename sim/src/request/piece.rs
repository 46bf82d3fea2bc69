//! What stands still between two changes: shares, pods, treatments.

use crate::conditions;
use crate::split::{Cohort, Sides};

/// An interval in which the split stands still, ready for one request after another.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// Cumulative shares by cohort.
    below: [f64; 3],
    /// The same of what the router answers 5xx itself, after those.
    refused_below: [f64; 3],
    /// Pods by cohort, as the engine numbers them.
    pub(super) pods: [Vec<u32>; 3],
    /// The treatment in each cohort.
    pub(super) mask: [usize; 3],
    pub(super) mirror: f64,
    pub(super) load_rps: f64,
    /// Users' requests a second.
    pub(super) rate: f64,
    /// Where sessions stick to the sides of the router.
    pub(super) sides: Option<Sides>,
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
        for (below, refused) in self.refused_below.iter_mut().zip(segment.refused) {
            sum += refused;
            *below = sum;
        }
        (self.mirror, self.load_rps) = (segment.mirror, segment.load_rps);
        self.sides = segment.sides;
    }

    /// The cohort that serves a request with this luck; none when the router answers it itself.
    pub(super) fn cohort(&self, luck: f64) -> Option<Cohort> {
        Cohort::ALL
            .into_iter()
            .find(|cohort| luck < self.below[*cohort as usize])
    }

    /// The cohort that the router chose for a request with this luck and answers 5xx itself.
    pub(super) fn refused(&self, luck: f64) -> Option<Cohort> {
        Cohort::ALL
            .into_iter()
            .find(|cohort| luck < self.refused_below[*cohort as usize])
    }

    /// The cohort that serves a request of one side of the router.
    pub(super) fn cohort_of_side(sides: &Sides, on_canary: bool, luck: f64) -> Option<Cohort> {
        let mut below = 0.0;
        let share = &sides.share[usize::from(on_canary)];
        Cohort::ALL.into_iter().find(|cohort| {
            below += share[*cohort as usize];
            luck < below
        })
    }
}

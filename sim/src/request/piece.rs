//! What stands still between two changes: shares, pods, treatments.

use crate::conditions::{self, Conditions, Request};
use crate::scenario::Scenario;
use crate::split::{Cohort, Sides, Split};

/// An interval in which the split stands still, ready for one request after another.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// Cumulative shares by cohort.
    below: [f64; 3],
    /// The same of what the router answers 5xx itself, after those.
    refused_below: [f64; 3],
    /// Pods by cohort, as the engine numbers them.
    pub(super) pods: [Vec<u32>; 3],
    /// The treatment in each cohort, where its requests do not differ.
    pub(super) mask: [usize; 3],
    /// Where they do: by cohort the treatments by route, by whether the user matches, and by rank up
    /// to the last that matters. Empty where they do not.
    masks: [Vec<usize>; 3],
    routes: usize,
    /// Shares of the users that the rules match, by cohort.
    matching: [f64; 3],
    pub(super) mirror: f64,
    pub(super) load_rps: f64,
    /// Users' requests a second.
    pub(super) rate: f64,
    /// Where sessions stick to the sides of the router.
    pub(super) sides: Option<Sides>,
}

impl Piece {
    /// Takes over a piece with its treatments while the service gets `rate`.
    pub(super) fn set(
        &mut self,
        piece: &conditions::Piece<'_>,
        rate: f64,
        (scenario, split): (&Scenario, &Split),
        conditions: &Conditions<'_>,
    ) {
        let segment = piece.segment;
        let mut sum = 0.0;
        self.routes = scenario.routes.len().max(1);
        for cohort in Cohort::ALL {
            let index = cohort as usize;
            sum += segment.share[index];
            self.below[index] = sum;
            if conditions.differ() {
                let users = scenario.users.matching;
                self.matching[index] = conditions::matching_share(cohort, users, segment);
                self.masks[index].clear();
                let requests = requests(self.routes);
                let masks =
                    requests.map(|request| conditions.of(&request, cohort, rate, piece, split));
                self.masks[index].extend(masks);
            } else {
                self.mask[index] = conditions.mask(cohort, rate, piece, split);
            }
        }
        for (below, refused) in self.refused_below.iter_mut().zip(segment.refused) {
            sum += refused;
            *below = sum;
        }
        (self.mirror, self.load_rps) = (segment.mirror, segment.load_rps);
        self.sides = segment.sides;
    }

    /// Whether requests of one cohort differ in what they meet.
    pub(super) fn differs(&self) -> bool {
        !self.masks[0].is_empty()
    }

    /// The treatment of one request.
    pub(super) fn mask_of(&self, cohort: Cohort, request: &Request) -> usize {
        let user = usize::from(request.is_matching);
        let rank = request.rank.min(RANKS - 1) as usize;
        let at = (rank * 2 + user) * self.routes + usize::from(request.route);
        self.masks[cohort as usize][at]
    }

    /// The share of a cohort's users that the policy's rules match.
    pub(super) fn matching(&self, cohort: Cohort) -> f64 {
        self.matching[cohort as usize]
    }

    /// The cohort that serves a request with this luck; none when the router answers it itself.
    pub(super) fn cohort(&self, luck: f64) -> Option<Cohort> {
        Cohort::ALL
            .into_iter()
            .find(|cohort| luck < self.below[*cohort as usize])
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

    /// The cohort that serves requests for one; none while no pod is there. A process that has just
    /// died counts as gone, though its pod has not: what it had in work stands for what the router
    /// still sends there. When it was the last of its cohort, the others serve.
    pub(super) fn served_for(&self, cohort: Cohort) -> Option<Cohort> {
        let has_pods = |cohort: &Cohort| !self.pods[*cohort as usize].is_empty();
        let others = [Cohort::PrimaryOld, Cohort::PrimaryNew, Cohort::Canary];
        std::iter::once(cohort).chain(others).find(has_pods)
    }

    /// The cohort that the router chose for a request with this luck and answers 5xx itself.
    pub(super) fn refused(&self, luck: f64) -> Option<Cohort> {
        Cohort::ALL
            .into_iter()
            .find(|cohort| luck < self.refused_below[*cohort as usize])
    }
}

/// Ranks that a fault can tell apart: [`crate::fault::PODS_MAX`] and those beyond.
const RANKS: u32 = crate::fault::PODS_MAX + 1;

/// All kinds of requests, in the order of a piece's treatments.
fn requests(routes: usize) -> impl Iterator<Item = Request> {
    let users = (0..RANKS).flat_map(|rank| [false, true].map(|is_matching| (rank, is_matching)));
    users.flat_map(move |(rank, is_matching)| {
        (0..routes as u16).map(move |route| Request {
            route,
            rank,
            is_matching,
        })
    })
}

//! Requests that the router tries again, in counts: what they come to, and the tries that pods see.

use super::{Flow, Part, Portion, Watched};
use crate::affinity::Sticks;
use crate::cluster::Cluster;
use crate::conditions::{
    Conditions, Each, Met, Piece, Pods, Sender, TRIED, Unloaded, Whose, ended,
};
use crate::fault::{Behaviours, Treatment};
use crate::load::{Load, Loaded};
use crate::router::Upstream;
use crate::split::{Cohort, Split};
use crate::stream::Stream;

use super::parts::Parts;

/// Pods with queues, as they are in a piece.
struct Queues<'l, 'a, 'p> {
    load: &'l mut Load<'a>,
    piece: &'l Piece<'p>,
}

impl Pods for Queues<'_, '_, '_> {
    fn treatment(&mut self, mask: usize, cohort: Cohort) -> (usize, Treatment) {
        self.load.as_loaded(mask, cohort, self.piece)
    }

    fn causes(&self, mask: usize) -> [f64; 3] {
        let ways = self.load.loaded(mask).map(Loaded::ways_to_fail);
        ways.map_or([1.0, 0.0, 0.0], |[refused, late, wrong]| {
            [wrong, refused, late]
        })
    }
}

/// Pods as they are in a piece.
enum Backend<'l, 'a, 'p> {
    Unloaded(Unloaded<'a>),
    Loaded(Queues<'l, 'a, 'p>),
}

impl<'l, 'a, 'p> Backend<'l, 'a, 'p> {
    fn of(
        load: &'l mut Option<Box<Load<'a>>>,
        behaviours: &'a Behaviours,
        piece: &'l Piece<'p>,
    ) -> Self {
        match load {
            None => Self::Unloaded(Unloaded(behaviours)),
            Some(load) => Self::Loaded(Queues { load, piece }),
        }
    }
}

impl Pods for Backend<'_, '_, '_> {
    fn treatment(&mut self, mask: usize, cohort: Cohort) -> (usize, Treatment) {
        match self {
            Self::Unloaded(pods) => pods.treatment(mask, cohort),
            Self::Loaded(pods) => pods.treatment(mask, cohort),
        }
    }

    fn causes(&self, mask: usize) -> [f64; 3] {
        match self {
            Self::Unloaded(pods) => pods.causes(mask),
            Self::Loaded(pods) => pods.causes(mask),
        }
    }
}

/// What users' requests meet on pods with queues, once the router has tried as far as it would.
pub(super) fn meet_loaded(
    load: &mut Load<'_>,
    whose: Whose,
    piece: &Piece<'_>,
    world: (&Conditions<'_>, &Split),
    each: Each<'_>,
) {
    let (conditions, split) = world;
    if !conditions.try_again(piece) {
        load.each(whose, piece, world, each);
        return;
    }
    let mut ends = Vec::new();
    let rate = load.rate_in(piece);
    let mut pods = Queues { load, piece };
    conditions.each_end(whose.cohort, rate, (piece, split), &mut pods, |met| {
        ends.push(met);
    });
    for met in ends {
        let treatment = load.loaded(met.mask & !TRIED).map(|l| l.treatment);
        let treatment = treatment.unwrap_or_else(|| load.plain(met.mask & !TRIED));
        each(met, &ended(met.mask, treatment));
    }
}

impl<'a> Flow<'a> {
    /// The same behind a router that treats its backends and its sessions so, with the pods of a
    /// cluster.
    pub(crate) fn behind(&mut self, upstream: Upstream, sticks: Option<Sticks>, cluster: &Cluster) {
        self.sticks = sticks;
        if let Some(each) = &mut self.each {
            each.stick(sticks);
        }
        self.conditions.trying_again(upstream, !cluster.is_routed());
    }

    /// Whether what the old version serves can be worse off, or be the new one's at another try.
    pub(super) const fn reaches_old(&self) -> bool {
        self.reach_old || self.conditions.may_try_again()
    }

    /// As [`Flow::each_met`], once the router has tried as far as it would; pods see single tries.
    pub(super) fn each_end(
        &self,
        load: &mut Option<Box<Load<'a>>>,
        whose: Whose,
        expected: f64,
        piece: &Piece<'_>,
        each: impl FnMut(Met),
    ) {
        let is_at_router = whose.rank.is_none() && whose.sender == Sender::User;
        if !is_at_router || !self.conditions.try_again(piece) {
            self.each_met(load, whose, expected, piece, each);
            return;
        }
        let rate = match load {
            Some(load) => load.rate_in(piece),
            None => {
                let rate = expected / (piece.span.1 - piece.span.0).max(1e-9);
                rate * self.conditions.attempts(rate, piece, &self.split)
            }
        };
        let mut pods = Backend::of(load, self.behaviours, piece);
        let world = (piece, &self.split);
        self.conditions
            .each_end(whose.cohort, rate, world, &mut pods, each);
    }

    /// Draws the tries after the first that a pod gets: Poisson given the requests of the cell.
    pub(super) fn draw_later_tries(
        &mut self,
        (family, cell): (usize, usize),
        watched: Watched,
        (a, b): (f64, f64),
        stream: &mut Stream,
        each: &mut impl FnMut(Portion, Option<&Loaded>, &mut Stream),
    ) {
        let Part::OnePod(_) = watched.part else {
            return;
        };
        let mut parts = Parts::EMPTY;
        let mut load = self.load.take();
        self.conditions.pieces(&self.split, (a, b), |piece| {
            if !self.conditions.try_again(&piece) {
                return;
            }
            let expected = self.expected(&piece);
            let length_s = (piece.span.1 - piece.span.0).max(1e-9);
            let repeats = self.repeats(&mut load, expected / length_s, &piece);
            let attempts = expected * (1.0 + repeats.map_or(0.0, |repeats| repeats.all()));
            let rate = match &load {
                Some(load) => load.rate_in(&piece),
                None => attempts / length_s,
            };
            let whose = watched.whose(Sender::User);
            let mut pods = Backend::of(&mut load, self.behaviours, &piece);
            let world = (&piece, &self.split);
            self.conditions
                .each_later_try((whose, rate), world, &mut pods, |met| {
                    parts.add(met, attempts, piece.span);
                });
        });
        self.load = load;
        let times = self.arrived((family, cell));
        self.hand_out_more(&parts, times, stream, each);
    }
}

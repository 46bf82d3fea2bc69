//! Who was exposed and who was hurt, where a person sends more than one request: repeats of what
//! failed, and sessions.

use std::ops::Range;

use super::{Flow, Part, Portion, Tally, Watched};
use crate::arrivals::CELL_S;
use crate::conditions::{Met, Sender};
use crate::crowd::{BySide, Crowd, Step};
use crate::draw::binomial;
use crate::load::Loaded;
use crate::repeats::Fate;
use crate::service::{Retries, Sessions};
use crate::stream::Stream;

use super::parts::Parts;

/// What makes people more than their requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct People {
    /// Clients that repeat what failed.
    pub(super) retries: Option<Retries>,
    /// Users who send one request after another.
    pub(super) sessions: Option<Sessions>,
}

/// A request that is sent once.
const ONCE: Retries = Retries {
    share: 0.0,
    max: 0,
    backoff: coalmine_policy::Span::ZERO,
};

/// What is expected of the requests of some cells.
#[derive(Clone, Debug, Default)]
struct Expected {
    fate: Fate,
    /// Completions lost, by step of the business.
    lost: Vec<f64>,
}

/// A part of a whole as a probability.
fn share(part: f64, of: f64) -> f64 {
    (part / of.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
}

impl Flow<'_> {
    /// Draws the attempts after the first: Poisson given the requests of the cell.
    pub(super) fn draw_repeats(
        &mut self,
        (family, cell): (usize, usize),
        watched: Watched,
        (a, b): (f64, f64),
        stream: &mut Stream,
        each: &mut impl FnMut(Portion, Option<&Loaded>, &mut Stream),
    ) {
        let mut parts = Parts::EMPTY;
        let index = watched.cohort as usize;
        let mut load = self.load.take();
        self.conditions.pieces(&self.split, (a, b), |piece| {
            let expected = self.expected(&piece);
            let rate = expected / (piece.span.1 - piece.span.0).max(1e-9);
            let Some(repeats) = self.repeats(&mut load, rate, &piece) else {
                return;
            };
            let watched_part = expected * self.part_share(watched, piece.segment);
            for (side, (part, shares)) in piece.segment.by_side().into_iter().enumerate() {
                let mut add = |met: Met, mass: f64| {
                    let mass = watched_part * part * mass * repeats.of(side, met.route);
                    parts.add(met, mass, piece.span);
                };
                if part > 0.0 {
                    let whose = watched.whose(Sender::User);
                    self.each_end(&mut load, whose, expected, &piece, |met| {
                        add(met, shares[index]);
                    });
                    let refused = piece.segment.refused[index];
                    if refused > 0.0 && matches!(watched.part, Part::OneIngress) {
                        self.each_refused(&mut load, expected, &piece, |met| add(met, refused));
                    }
                }
            }
        });
        self.load = load;
        let times = self.arrived((family, cell));
        self.hand_out_more(&parts, times, stream, each);
    }

    /// What requests, counted by their first attempts, and the users of some cells came to.
    ///
    /// Where clients repeat, what first attempts met does not tell: requests share the fates of their
    /// cell, whatever was counted of it. How many users they come from is drawn with the exact mean.
    pub(super) fn with_people(&mut self, mut tally: Tally, cells: Range<usize>) -> Tally {
        let People { retries, sessions } = self.people;
        if retries.is_none() && sessions.is_none() {
            return tally;
        }
        if retries.is_some() {
            (tally.exposed, tally.hurt) = (0, 0);
            tally.lost.fill(0);
        }
        let from_s = self.ledgers[0].bounds(cells.start).0;
        let mut crowd = sessions.map(|sessions| Crowd::at(from_s, &sessions, self.traffic));
        let mut sums = [0.0; 2];
        for cell in cells {
            let expected = self.fates(cell, crowd.as_mut());
            sums[0] += expected.fate.exposed;
            sums[1] += expected.fate.hurt;
            if retries.is_some() {
                self.draw_fates(cell, &expected, &mut tally);
            }
        }
        (tally.exposed_users, tally.hurt_users) = (tally.exposed, tally.hurt);
        if let Some(crowd) = crowd {
            let [exposed, hurt] = crowd.hit();
            let stream = &mut self.harm.stream;
            tally.exposed_users = binomial(tally.exposed, share(exposed, sums[0]), stream);
            tally.hurt_users = binomial(tally.hurt, share(hurt, sums[1]), stream);
        }
        tally
    }

    fn draw_fates(&mut self, cell: usize, expected: &Expected, tally: &mut Tally) {
        let (count, mass) = self.ledgers[0].drawn(cell, self.traffic);
        let Fate { exposed, hurt, .. } = expected.fate;
        let stream = &mut self.harm.stream;
        let here = binomial(count, share(exposed, mass), stream);
        tally.exposed += here;
        let of_exposed = binomial(here, share(hurt, exposed), stream);
        // What the router answers itself, or the release wears out, hurts others too.
        let others = binomial(count - here, share(hurt - exposed, mass - exposed), stream);
        let hurt_here = of_exposed + others;
        tally.hurt += hurt_here;
        for (lost, expected) in tally.lost.iter_mut().zip(&expected.lost) {
            *lost += binomial(hurt_here, share(*expected, hurt), stream);
        }
    }

    /// What is expected of a cell's requests; the crowd that sends them goes on to its end.
    fn fates(&mut self, cell: usize, mut crowd: Option<&mut Crowd>) -> Expected {
        let retries = self.people.retries.unwrap_or(ONCE);
        let business = self.harm.business();
        let mut all = Expected {
            lost: vec![0.0; business.len()],
            ..Expected::default()
        };
        let bounds = self.ledgers[0].bounds(cell);
        let mut load = self.load.take();
        self.conditions.pieces(&self.split, bounds, |piece| {
            let requests = self.expected(&piece);
            let mut chances: [BySide; 2] = [[0.0; 2]; 2];
            let parts = piece.segment.by_side().map(|(part, _)| part);
            self.each_group(&mut load, requests, &piece, |group| {
                let fate = retries.fate(&group.attempt);
                let expected = requests * parts[group.side] * group.part;
                all.fate.exposed += expected * fate.exposed;
                all.fate.hurt += expected * fate.hurt;
                chances[0][group.side] += group.part * fate.exposed;
                chances[1][group.side] += group.part * fate.hurt;
                for (step, lost) in business.iter().zip(&mut all.lost) {
                    if step.is_of(group.route) {
                        *lost += expected * step.completion * (fate.let_down + fate.lost);
                    }
                }
            });
            if let Some(crowd) = &mut crowd {
                if piece.segment.sides.is_none() {
                    crowd.leave_canary();
                }
                let length_s = piece.span.1 - piece.span.0;
                crowd.step(&Step {
                    length_s,
                    rate: requests / length_s.clamp(1e-9, CELL_S),
                    fresh: piece.segment.sides.map_or(0.0, |sides| sides.fresh),
                    anew: self.sticks.map_or([0.0; 2], |sticks| sticks.anew),
                    chances,
                });
            }
        });
        self.load = load;
        all
    }
}

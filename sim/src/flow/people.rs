//! Who was exposed and who was hurt, where a person sends more than one request: repeats of what
//! failed, and sessions.

use std::ops::Range;

use super::Flow;
use crate::conditions::sides;
use crate::crowd::{BySide, Crowd, Step};
use crate::draw::binomial;
use crate::repeats::Fate;
use crate::service::{Retries, Sessions};

/// What makes people more than their requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct People {
    /// Clients that repeat what failed.
    pub(super) retries: Option<Retries>,
    /// Users who send one request after another.
    pub(super) sessions: Option<Sessions>,
}

/// What the first attempts of requests came to, or all of them, or users.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Toll {
    pub(super) exposed: u64,
    pub(super) hurt: u64,
}

/// A request that is sent once.
const ONCE: Retries = Retries {
    share: 0.0,
    max: 0,
    backoff: coalmine_policy::Span::ZERO,
};

impl Flow<'_> {
    /// The requests and the users of some cells that were exposed and hurt, when so many requests were
    /// by what has been counted.
    ///
    /// Where clients repeat, what first attempts met does not tell: requests share the fates of their
    /// cell, whatever was counted of it. How many users they come from is drawn with the exact mean.
    pub(super) fn people(&mut self, counted: Toll, cells: Range<usize>) -> (Toll, Toll) {
        let People { retries, sessions } = self.people;
        let mut requests = Toll {
            exposed: 0,
            hurt: 0,
        };
        let mut expected = [0.0; 2];
        let from_s = self.ledgers[0].bounds(cells.start).0;
        let mut crowd = sessions.map(|sessions| Crowd::at(from_s, &sessions, self.traffic));
        for cell in cells {
            let (count, mass) = self.ledgers[0].drawn(cell, self.traffic);
            let fates = self.fates(cell, crowd.as_mut());
            let (exposed, hurt) = (fates.exposed, fates.hurt);
            expected = [expected[0] + exposed, expected[1] + hurt];
            if retries.is_some() {
                let share = |part: f64, of: f64| (part / of.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
                let here = binomial(count, share(exposed, mass), &mut self.harm);
                requests.exposed += here;
                requests.hurt += binomial(here, share(hurt, exposed), &mut self.harm);
                // What the router answers itself hurts others too.
                let others = share(hurt - exposed, mass - exposed);
                requests.hurt += binomial(count - here, others, &mut self.harm);
            }
        }
        if retries.is_none() {
            requests = counted;
        }
        let Some(crowd) = crowd else {
            return (requests, requests);
        };
        let mut of_users = |requests: u64, what: usize| {
            let share = crowd.hit()[what] / expected[what].max(f64::MIN_POSITIVE);
            binomial(requests, share.min(1.0), &mut self.harm)
        };
        let users = Toll {
            exposed: of_users(requests.exposed, 0),
            hurt: of_users(requests.hurt, 1),
        };
        (requests, users)
    }

    /// The expected fates of a cell's requests, and the crowd that sends them a cell later.
    fn fates(&self, cell: usize, mut crowd: Option<&mut Crowd>) -> Fate {
        let retries = self.people.retries.unwrap_or(ONCE);
        let mut all = Fate::default();
        let bounds = self.ledgers[0].bounds(cell);
        self.conditions.pieces(&self.split, bounds, |piece| {
            let expected = self.expected(&piece);
            let rate = self.rate(expected, &piece);
            let mut chances: [BySide; 2] = [[0.0; 2]; 2];
            let mut fresh = 0.0;
            for (index, side) in sides(piece.segment).into_iter().enumerate() {
                let Some(side) = side else { continue };
                let attempt = self.conditions.attempt(&side, rate, &piece, &self.split);
                let fate = retries.fate(&attempt);
                all.exposed += expected * side.part * fate.exposed;
                all.hurt += expected * side.part * fate.hurt;
                (chances[0][index], chances[1][index]) = (fate.exposed, fate.hurt);
                fresh = if index == 0 { 0.0 } else { side.fresh };
            }
            if let Some(crowd) = &mut crowd {
                if piece.segment.sides.is_none() {
                    crowd.leave_canary();
                }
                let length_s = piece.span.1 - piece.span.0;
                crowd.step(&Step {
                    length_s,
                    rate: expected / length_s.max(1e-9),
                    fresh,
                    chances,
                });
            }
        });
        all
    }
}

//! Which treatment the pods of a cohort give at a moment: both fidelities ask here.

use crate::fault::{Behaviours, Calendar, Condition, Fault};
use crate::repeats::Attempt;
use crate::scenario::Scenario;
use crate::service::Retries;
use crate::split::{Cohort, Segment, Split};
use crate::stream::Streams;
use crate::traffic::Traffic;

/// Rounds after which the load that repeats add counts as settled.
const ROUNDS_MAX: usize = 8;

/// What decides on treatments besides the split: load, age, requests served, and the clock.
#[derive(Debug)]
pub struct Conditions<'a> {
    traffic: &'a Traffic,
    behaviours: &'a Behaviours,
    /// Which faults the clock allows.
    calendar: Calendar,
    end_s: f64,
    /// Clients that repeat what failed.
    retries: Option<Retries>,
    /// What some fault depends on; the rest need not be worked out.
    needs: Needs,
}

#[derive(Clone, Copy, Debug)]
struct Needs {
    /// Anything at all.
    any: bool,
    /// How long pods have been ready.
    age: bool,
    /// How much pods have served.
    requests: bool,
}

/// An interval in which neither the split nor the clock changes anything.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'s> {
    /// Its beginning and its end, in seconds since the start.
    pub span: (f64, f64),
    /// Who serves.
    pub segment: &'s Segment,
    /// The faults that the clock allows, one bit each.
    pub allowed: usize,
}

/// Requests that are split alike: all, or those whose sessions stick to one side of the router.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// Their part of all requests.
    pub part: f64,
    /// The part of new sessions.
    pub fresh: f64,
    /// How they spread over cohorts.
    pub share: [f64; 3],
}

/// The sides of a segment.
#[must_use]
pub fn sides(segment: &Segment) -> [Option<Side>; 2] {
    let side = |part, fresh, share| Some(Side { part, fresh, share });
    match segment.sides {
        None => [side(1.0, 1.0, segment.share), None],
        Some(sides) => [
            side(1.0 - sides.canary, 1.0 - sides.fresh, sides.share[0]),
            side(sides.canary, sides.fresh, sides.share[1]),
        ],
    }
}

/// Attempts after the first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Repeats {
    /// By the cohort that serves them.
    pub served: [f64; 3],
    /// By the cohort whose requests the router answers itself.
    pub refused: [f64; 3],
}

impl Repeats {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> f64 {
        self.served.iter().chain(&self.refused).sum()
    }
}

impl<'a> Conditions<'a> {
    /// Those of a scenario; the clock decides nothing before the first [`Conditions::reset`].
    #[must_use]
    pub fn new(scenario: &'a Scenario, behaviours: &'a Behaviours) -> Self {
        let faults = behaviours.faults();
        Self {
            traffic: &scenario.traffic,
            behaviours,
            calendar: Calendar::default(),
            end_s: scenario.horizon.as_secs_f64(),
            retries: scenario.retries,
            needs: Needs {
                any: !faults.is_empty(),
                age: faults.iter().any(Fault::counts_age),
                requests: faults.iter().any(Fault::counts_requests),
            },
        }
    }

    /// Begins another replication.
    pub fn reset(&mut self, streams: &Streams) {
        self.calendar
            .reset(self.behaviours.faults(), self.end_s, streams);
    }

    /// Calls `each` with the pieces of an interval, in order.
    pub fn pieces<'s>(
        &self,
        split: &'s Split,
        (a, b): (f64, f64),
        mut each: impl FnMut(Piece<'s>),
    ) {
        for (from, to, segment) in split.between(a, b) {
            self.calendar.each_between((from, to), |span, allowed| {
                each(Piece {
                    span,
                    segment,
                    allowed,
                });
            });
        }
    }

    /// The first piece of an interval; none while nothing is known of it.
    #[must_use]
    pub fn first<'s>(&self, split: &'s Split, (a, b): (f64, f64)) -> Option<Piece<'s>> {
        let (from, to, segment) = split.between(a, b).next()?;
        let mut first = None;
        self.calendar.each_between((from, to), |span, allowed| {
            first.get_or_insert(Piece {
                span,
                segment,
                allowed,
            });
        });
        first
    }

    /// Attempts after the first for one request, by the cohort that serves or refuses them, in a piece in
    /// which users send `rate` requests a second; nothing unless clients repeat what fails.
    ///
    /// More attempts are more load, which may let more of them fail: the fixed point from below.
    #[must_use]
    pub fn repeats(&self, rate: f64, piece: &Piece<'_>, split: &Split) -> Repeats {
        let mut repeats = Repeats::default();
        let Some(retries) = self.retries else {
            return repeats;
        };
        for _ in 0..ROUNDS_MAX {
            let mut next = Repeats::default();
            for side in sides(piece.segment).into_iter().flatten() {
                let attempt = self.attempt(&side, rate * (1.0 + repeats.all()), piece, split);
                let again = side.part * (retries.attempts(attempt.failed) - 1.0);
                for cohort in 0..3 {
                    next.served[cohort] += again * side.share[cohort];
                    next.refused[cohort] += again * piece.segment.refused[cohort];
                }
            }
            if next.all() <= repeats.all() {
                break;
            }
            repeats = next;
        }
        repeats
    }

    /// Attempts for one request, where users send `rate` requests a second.
    #[must_use]
    pub fn attempts(&self, rate: f64, piece: &Piece<'_>, split: &Split) -> f64 {
        1.0 + self.repeats(rate, piece, split).all()
    }

    /// What an attempt of a side's meets, on average, in a piece in which the service gets `rate` of them
    /// a second.
    #[must_use]
    pub fn attempt(&self, side: &Side, rate: f64, piece: &Piece<'_>, split: &Split) -> Attempt {
        let mut attempt = Attempt::default();
        for cohort in Cohort::ALL {
            let share = side.share[cohort as usize];
            if share > 0.0 {
                let mask = self.mask(cohort, rate, piece, split);
                attempt.add(share, cohort.version(), self.behaviours.get(mask));
            }
        }
        if piece.segment.refuses() {
            let share = piece.segment.refused.iter().sum();
            let old = self.mask(Cohort::PrimaryOld, rate, piece, split);
            attempt.add_refused(share, self.behaviours.get(old));
        }
        attempt
    }

    /// The treatment that a cohort's pods give in a piece in which the service gets `rate` attempts a second.
    #[must_use]
    pub fn mask(&self, cohort: Cohort, rate: f64, piece: &Piece<'_>, split: &Split) -> usize {
        let version = cohort.version();
        if !self.needs.any {
            return self.behaviours.ordinary(version);
        }
        let ready_s = piece.segment.ready_s[cohort as usize];
        let middle_s = f64::midpoint(piece.span.0, piece.span.1);
        let pods = Condition {
            rps: piece.segment.rps_per_pod(cohort, rate),
            age_s: if self.needs.age {
                middle_s - ready_s
            } else {
                f64::INFINITY
            },
            served: if self.needs.requests && ready_s.is_finite() {
                self.served(cohort, (ready_s, middle_s), split)
            } else {
                f64::INFINITY
            },
        };
        self.behaviours.mask(version, &pods, piece.allowed)
    }

    /// Requests that a pod of a cohort is expected to have served.
    fn served(&self, cohort: Cohort, (from_s, to_s): (f64, f64), split: &Split) -> f64 {
        let each = split.between(from_s, to_s).map(|(from, to, segment)| {
            let rate = self.traffic.integral(from, to) / (to - from).max(1e-9);
            segment.rps_per_pod(cohort, rate) * (to - from)
        });
        each.sum()
    }
}

//! Requests that may be sent again, by side of the router and route: what their attempts meet.
//!
//! A repeat is for the same route, and where sessions stick for the same side; the cohort, the pod and
//! whether the policy's rules match count as drawn anew.

use super::{Conditions, EXPOSED, Met, Piece, Sender, TRIED, Unloaded, Whose, ended};
use crate::fault::{Treatment, Version};
use crate::repeats::Attempt;
use crate::split::{Cohort, Split};

/// Rounds after which the load that repeats add counts as settled.
const ROUNDS_MAX: usize = 8;

/// Somebody who is told what requests meet.
pub type Each<'e> = &'e mut dyn FnMut(Met, &Treatment);

/// Requests whose attempts all meet the same on average.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// The side of the router to which they stick, by its index; 0 where nothing sticks.
    pub side: usize,
    /// Their route's index; 0 where there are none.
    pub route: u16,
    /// Their part of the requests of that side.
    pub part: f64,
    /// What an attempt meets.
    pub attempt: Attempt,
}

/// Attempts after the first for one request.
#[derive(Clone, Debug, Default)]
pub struct Repeats {
    /// By side and route.
    again: [Vec<f64>; 2],
    /// The mean.
    all: f64,
}

impl Repeats {
    /// By the side of the router and the route.
    #[must_use]
    pub fn of(&self, side: usize, route: u16) -> f64 {
        self.again[side][usize::from(route)]
    }

    /// The mean over all requests.
    #[must_use]
    pub const fn all(&self) -> f64 {
        self.all
    }
}

impl Conditions<'_> {
    /// Whether clients repeat what fails.
    #[must_use]
    pub const fn repeat(&self) -> bool {
        self.retries.is_some()
    }

    /// Attempts after the first in a piece in which users send `rate` requests a second; `None` unless
    /// clients repeat what fails.
    ///
    /// More attempts are more load, which may let more of them fail: the fixed point from below.
    #[must_use]
    pub fn repeats(&self, rate: f64, piece: &Piece<'_>, split: &Split) -> Option<Repeats> {
        self.retries?;
        self.repeats_by(rate, piece, self.unloaded(piece, split))
    }

    /// What requests meet on pods without limits.
    fn unloaded<'c>(
        &'c self,
        piece: &'c Piece<'_>,
        split: &'c Split,
    ) -> impl FnMut(Whose, f64, Each<'_>) + use<'c> {
        move |whose, rate, each| {
            if self.try_again(piece) {
                let mut pods = Unloaded(self.behaviours);
                self.each_end(whose.cohort, rate, (piece, split), &mut pods, |met| {
                    each(
                        met,
                        &ended(met.mask, *self.behaviours.get(met.mask & !TRIED)),
                    );
                });
                return;
            }
            self.each(whose, rate, piece, split, |met| {
                each(met, self.behaviours.get(met.mask));
            });
        }
    }

    /// The same where `meet` says what requests meet at a rate of attempts.
    pub fn repeats_by(
        &self,
        rate: f64,
        piece: &Piece<'_>,
        mut meet: impl FnMut(Whose, f64, Each<'_>),
    ) -> Option<Repeats> {
        let retries = self.retries?;
        let parts = piece.segment.by_side().map(|(part, _)| part);
        let mut repeats = Repeats::default();
        for _ in 0..ROUNDS_MAX {
            let mut next = Repeats {
                again: [vec![0.0; self.routes], vec![0.0; self.routes]],
                all: 0.0,
            };
            self.each_group_by(rate * (1.0 + repeats.all), piece, &mut meet, |group| {
                let again = retries.attempts(group.attempt.failed) - 1.0;
                next.again[group.side][usize::from(group.route)] = again;
                next.all += parts[group.side] * group.part * again;
            });
            let settled = next.all <= repeats.all && !repeats.again[0].is_empty();
            if settled {
                break;
            }
            repeats = next;
        }
        Some(repeats)
    }

    /// Attempts for one request, where users send `rate` requests a second.
    #[must_use]
    pub fn attempts(&self, rate: f64, piece: &Piece<'_>, split: &Split) -> f64 {
        match self.repeats(rate, piece, split) {
            Some(repeats) => 1.0 + repeats.all,
            None => 1.0,
        }
    }

    /// Calls `each` with the requests that meet the same, in a piece in which the service gets `rate`
    /// attempts a second.
    pub fn each_group(&self, rate: f64, piece: &Piece<'_>, split: &Split, each: impl FnMut(Group)) {
        self.each_group_by(rate, piece, self.unloaded(piece, split), each);
    }

    /// The same where `meet` says what requests meet at a rate of attempts.
    pub fn each_group_by(
        &self,
        rate: f64,
        piece: &Piece<'_>,
        mut meet: impl FnMut(Whose, f64, Each<'_>),
        mut each: impl FnMut(Group),
    ) {
        let mut by_route = vec![Attempt::default(); self.routes];
        for (side, (part, share)) in piece.segment.by_side().into_iter().enumerate() {
            if part <= 0.0 && piece.segment.sides.is_none() {
                continue;
            }
            by_route.fill(Attempt::default());
            self.attempts_by_route(&share, (rate, piece), &mut meet, &mut by_route);
            for (route, sum) in by_route
                .iter()
                .enumerate()
                .filter(|(_, sum)| sum.part > 0.0)
            {
                each(Group {
                    side,
                    route: route as u16,
                    part: sum.part,
                    attempt: sum.per_request(),
                });
            }
        }
    }

    fn attempts_by_route(
        &self,
        share: &[f64; 3],
        (rate, piece): (f64, &Piece<'_>),
        meet: &mut impl FnMut(Whose, f64, Each<'_>),
        by_route: &mut [Attempt],
    ) {
        let refused: f64 = piece.segment.refused.iter().sum();
        for cohort in Cohort::ALL {
            let share = share[cohort as usize];
            let refused = if cohort == Cohort::PrimaryOld {
                refused
            } else {
                0.0
            };
            if share <= 0.0 && refused <= 0.0 {
                continue;
            }
            let whose = Whose {
                cohort,
                rank: None,
                sender: Sender::User,
            };
            meet(whose, rate, &mut |met, treatment| {
                let sum = &mut by_route[usize::from(met.route)];
                let lost = self.losing_share(met.route, treatment);
                let version = match met.mask & EXPOSED {
                    0 => cohort.version(),
                    _ => Version::New,
                };
                sum.add(share * met.share, version, treatment, lost);
                sum.add_refused(refused * met.share, treatment);
            });
        }
    }

    /// The share of answered requests that lose a completion to the release.
    fn losing_share(&self, route: u16, treatment: &Treatment) -> f64 {
        let [kept, kept_on_old] = treatment.kept;
        let steps = self.business.iter().filter(|step| step.is_of(route));
        let keeps = |completion: f64| 1.0 - completion * (kept_on_old - kept).max(0.0);
        1.0 - steps.map(|step| keeps(step.completion)).product::<f64>()
    }
}

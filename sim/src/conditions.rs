//! Which treatment the pods of a cohort give at a moment: both fidelities ask here.

mod attempts;
mod strata;
mod tries;

pub use attempts::{Each, Group, Repeats};
pub use strata::{Met, Request, Sender, Whose, matching_share};

pub use tries::{
    ANSWERED, EXPOSED, FAILED_ANEW, FAILED_ANYWAY, Fails, Pods, TRIED, Unloaded, ended,
};

use strata::Strata;
use tries::Tries;

use crate::fault::{Behaviours, Calendar, Condition, Fault, Version};
use crate::router::path::Method;
use crate::scenario::Scenario;
use crate::service::{Business, Retries};
use crate::split::{Cohort, Segment, Split};
use crate::stream::Streams;
use crate::traffic::Traffic;

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
    business: &'a [Business],
    /// Number of routes; one where there are none.
    routes: usize,
    /// What some fault depends on; the rest need not be worked out.
    needs: Needs,
    /// The masks of the old and of the new version, where nothing ever changes them.
    constant: Option<[usize; 2]>,
    /// How requests of one cohort differ; they are all alike when `None`.
    strata: Option<Strata>,
    /// By route, how its requests are sent.
    methods: Vec<Method>,
    /// How the router tries again; `None` where it never does.
    tries: Option<Tries>,
}

#[derive(Clone, Copy, Debug)]
struct Needs {
    /// Anything at all.
    any: bool,
    /// How long pods have been ready.
    age: bool,
    /// How much pods have served.
    requests: bool,
    /// What share of the traffic the new version serves.
    new_share: bool,
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

impl<'a> Conditions<'a> {
    /// Those of a scenario; the clock decides nothing before the first [`Conditions::reset`].
    #[must_use]
    pub fn new(scenario: &'a Scenario, behaviours: &'a Behaviours) -> Self {
        let faults = behaviours.faults();
        Self {
            traffic: &scenario.traffic,
            behaviours,
            calendar: Calendar::default(),
            strata: Strata::new(scenario, behaviours),
            end_s: scenario.horizon.as_secs_f64(),
            retries: scenario.retries,
            business: &scenario.business,
            routes: scenario.routes.len().max(1),
            methods: scenario.routes.iter().map(|route| route.method).collect(),
            tries: None,
            constant: constant(behaviours),
            needs: Needs {
                any: !faults.is_empty(),
                age: faults.iter().any(Fault::counts_age),
                requests: faults.iter().any(Fault::counts_requests),
                new_share: faults.iter().any(|fault| fault.scope.with_new_share),
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

    /// Until when the clock changes nothing, at most to the end of an interval, and what it allows.
    #[must_use]
    pub(crate) fn allowed(&self, from_s: f64, to_s: f64) -> (f64, usize) {
        let mut first = None;
        self.calendar.each_between((from_s, to_s), |span, allowed| {
            first.get_or_insert((span.1, allowed));
        });
        first.unwrap_or((to_s, 0))
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

    /// Calls `each` with the treatments that requests meet in a piece in which the service gets
    /// `rate`; the shares of what it is told add up to one.
    pub fn each(
        &self,
        whose: Whose,
        rate: f64,
        piece: &Piece<'_>,
        split: &Split,
        mut each: impl FnMut(Met),
    ) {
        let Some(strata) = &self.strata else {
            each(Met::all(self.mask(whose.cohort, rate, piece, split)));
            return;
        };
        let version = whose.cohort.version();
        let pods = self.pods(whose.cohort, rate, piece, split);
        strata.each(whose, piece.segment, |stratum| {
            let mask = match stratum.faults {
                None => self.behaviours.lost(version),
                Some(meetable) => {
                    let allowed = piece.allowed & meetable;
                    self.behaviours.mask(version, &pods, allowed)
                        + self.behaviours.of_kind(stratum.kind)
                }
            };
            each(Met {
                mask,
                route: stratum.route,
                share: stratum.share,
            });
        });
    }

    /// Whether all requests of a cohort meet the same from one change of the split to the next, each once.
    #[must_use]
    pub(crate) const fn are_simple(&self) -> bool {
        self.strata.is_none()
            && self.retries.is_none()
            && self.tries.is_none()
            && self.calendar.is_blank()
    }

    /// Whether nothing can ever be wrong: all requests meet the ordinary treatment of their version.
    #[must_use]
    pub const fn are_ordinary(&self) -> bool {
        !self.needs.any && self.strata.is_none()
    }

    /// Whether requests of one cohort differ in what they meet.
    #[must_use]
    pub const fn differ(&self) -> bool {
        self.strata.is_some()
    }

    /// The treatment of one request.
    #[must_use]
    pub fn of(
        &self,
        request: &Request,
        cohort: Cohort,
        rate: f64,
        piece: &Piece<'_>,
        split: &Split,
    ) -> usize {
        let Some(strata) = &self.strata else {
            return self.mask(cohort, rate, piece, split);
        };
        let (meetable, kind) = strata.of(request);
        let pods = self.pods(cohort, rate, piece, split);
        let allowed = piece.allowed & meetable;
        self.behaviours.mask(cohort.version(), &pods, allowed) + self.behaviours.of_kind(kind)
    }

    /// The treatment that all requests of a cohort meet in a piece in which the service gets `rate`,
    /// where they do not differ.
    #[must_use]
    pub fn mask(&self, cohort: Cohort, rate: f64, piece: &Piece<'_>, split: &Split) -> usize {
        let version = cohort.version();
        if let Some(masks) = self.constant {
            return masks[version as usize];
        }
        let pods = self.pods(cohort, rate, piece, split);
        self.behaviours.mask(version, &pods, piece.allowed)
    }

    /// How the pods of a cohort are in a piece.
    #[inline]
    fn pods(&self, cohort: Cohort, rate: f64, piece: &Piece<'_>, split: &Split) -> Condition {
        let ready_s = piece.segment.ready_s[cohort as usize];
        let middle_s = f64::midpoint(piece.span.0, piece.span.1);
        Condition {
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
            new_share: if self.needs.new_share {
                piece.segment.new_share()
            } else {
                0.0
            },
        }
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

/// The masks of both versions, where no fault looks at the clock or at the pods.
fn constant(behaviours: &Behaviours) -> Option<[usize; 2]> {
    let changes = |fault: &Fault| {
        fault.is_timed()
            || fault.counts_age()
            || fault.counts_requests()
            || fault.scope.with_new_share
            || fault.onset.above_rps_per_pod.is_some()
    };
    if behaviours.faults().iter().any(changes) {
        return None;
    }
    let pods = Condition {
        rps: 0.0,
        age_s: f64::INFINITY,
        served: f64::INFINITY,
        new_share: 0.0,
    };
    let mask = |version| behaviours.mask(version, &pods, usize::MAX);
    Some([mask(Version::Old), mask(Version::New)])
}

//! Who serves the requests: the split of the traffic as a step function of time.

use std::cell::Cell;

use crate::fault::Version;

/// A group of pods that requests can meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cohort {
    /// The canary's pods (Flagger's target, Argo's new ReplicaSet); they run the new version.
    Canary,
    /// New pods among the primary's, while and after it rolls.
    PrimaryNew,
    /// Old pods.
    PrimaryOld,
}

impl Cohort {
    /// All, in the order of a segment's arrays.
    pub const ALL: [Self; 3] = [Self::Canary, Self::PrimaryNew, Self::PrimaryOld];

    /// The version its pods run.
    #[must_use]
    pub const fn version(self) -> Version {
        match self {
            Self::Canary | Self::PrimaryNew => Version::New,
            Self::PrimaryOld => Version::Old,
        }
    }
}

/// Pods that still warm up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cold {
    /// Share of the cohort's pods.
    pub share: f64,
    /// When they became ready, on average, in seconds since the start.
    pub ready_s: f64,
}

/// The split from one change to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Segment {
    /// Seconds since the start.
    pub from_s: f64,
    /// Share of all requests that pods serve, by cohort; with `refused` the sum is 1.
    pub share: [f64; 3],
    /// Share of all requests that the router answers 5xx itself, by the cohort it chose: no pod sees
    /// them, the ingress counts them, and their users are hurt when the old version would have
    /// answered.
    pub refused: [f64; 3],
    /// Pods that serve it, by cohort.
    pub pods: [u32; 3],
    /// When those pods became ready, on average, by cohort; what was there at the start counts as
    /// there for ever.
    pub ready_s: [f64; 3],
    /// By cohort, those of its pods that still warm up; where nothing depends on them, none.
    pub cold: [Cold; 3],
    /// Where sessions are sticky and the router's sides are served by different pods.
    pub sides: Option<Sides>,
    /// Share of all requests that the canary gets a copy of; nobody waits for its answer.
    pub mirror: f64,
    /// Requests a second that a load test sends to the canary's pods.
    pub load_rps: f64,
    /// Share of all requests that the canary gets from users who satisfy the policy's match rules; 0
    /// where no fault tells users apart.
    pub matching: f64,
    /// By cohort, the pods that serve it: a bit for each of the first 32 of its workload and version.
    /// 0 where no fault tells pods apart.
    pub ranks: [u32; 3],
    /// By cohort, how many of its pods have died and still get requests.
    pub dead: [u32; 3],
}

/// The two sides of a router, to which sessions stick.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sides {
    /// The share of new sessions that the canary's side gets.
    pub fresh: f64,
    /// Its share of the requests.
    pub canary: f64,
    /// How the requests of a side spread over cohorts: the main Service's, the canary's.
    pub share: [[f64; 3]; 2],
}

impl Segment {
    /// The share of requests that the new version serves.
    #[must_use]
    pub fn new_share(&self) -> f64 {
        self.share[Cohort::Canary as usize] + self.share[Cohort::PrimaryNew as usize]
    }

    /// Whether the router answers any request 5xx itself.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.refused.iter().any(|share| *share > 0.0)
    }

    /// By side of the router to which sessions stick: its part of all requests, and how they spread
    /// over cohorts. Where nothing sticks the first side is all.
    #[must_use]
    pub fn by_side(&self) -> [(f64, [f64; 3]); 2] {
        match self.sides {
            None => [(1.0, self.share), (0.0, [0.0; 3])],
            Some(sides) => [
                (1.0 - sides.canary, sides.share[0]),
                (sides.canary, sides.share[1]),
            ],
        }
    }

    /// By cohort, how many pods serve; at least one where requests go.
    #[must_use]
    pub fn served_by(&self) -> [u32; 3] {
        let mut pods = self.pods;
        for (pods, share) in pods.iter_mut().zip(self.share) {
            *pods = (*pods).max(u32::from(share > 0.0));
        }
        pods
    }

    /// Requests per second on each pod of a cohort when the service gets `rps`.
    #[must_use]
    pub fn rps_per_pod(&self, cohort: Cohort, rps: f64) -> f64 {
        let users = rps * self.share[cohort as usize];
        let copies = match cohort {
            Cohort::Canary => rps * self.mirror + self.load_rps,
            Cohort::PrimaryNew | Cohort::PrimaryOld => 0.0,
        };
        (users + copies) / f64::from(self.pods[cohort as usize].max(1))
    }
}

/// The split over a whole replication.
#[derive(Clone, Debug, Default)]
pub struct Split {
    segments: Vec<Segment>,
    /// The segment that was last looked for: the next look is mostly at it, or soon after.
    looked: Cell<usize>,
    /// Whether anybody besides users ever sends the canary requests.
    has_copies: bool,
}

/// So many segments after the one last looked for are tried one by one.
const STEPS_MAX: usize = 4;

impl Split {
    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.segments.clear();
        self.looked.set(0);
        self.has_copies = false;
    }

    /// Whether the canary ever gets copies of requests, or those of a load test.
    #[must_use]
    pub const fn has_copies(&self) -> bool {
        self.has_copies
    }

    /// Adds a change; it must not lie before the last one. A change at the same instant replaces
    /// it.
    pub fn push(&mut self, mut segment: Segment) {
        self.has_copies |= segment.mirror > 0.0 || segment.load_rps > 0.0;
        if let Some(last) = self.segments.last_mut() {
            let from_s = std::mem::replace(&mut segment.from_s, last.from_s);
            if from_s <= last.from_s {
                *last = segment;
                return;
            }
            if *last == segment {
                return;
            }
            segment.from_s = from_s;
        }
        self.segments.push(segment);
    }

    /// The segments of `from_s..to_s`, cut to it.
    pub fn between(&self, from_s: f64, to_s: f64) -> impl Iterator<Item = (f64, f64, &Segment)> {
        let tail = &self.segments[self.at(from_s)..];
        tail.iter().enumerate().map_while(move |(index, segment)| {
            let end_s = tail
                .get(index + 1)
                .map_or(f64::INFINITY, |next| next.from_s);
            let (a, b) = (segment.from_s.max(from_s), end_s.min(to_s));
            (a < to_s).then_some((a, b, segment))
        })
    }

    /// The index of the segment that holds an instant; the first one before all of them.
    fn at(&self, at_s: f64) -> usize {
        let begun = |index: usize| self.segments.get(index).is_some_and(|s| s.from_s <= at_s);
        let mut index = self.looked.get();
        let near = index + STEPS_MAX;
        if begun(index) {
            while index < near && begun(index + 1) {
                index += 1;
            }
        }
        if !begun(index) || index == near {
            let later = self.segments.partition_point(|s| s.from_s <= at_s);
            index = later.saturating_sub(1);
        }
        self.looked.set(index);
        index
    }

    /// The segment that holds an instant, and when it ends.
    pub(crate) fn held(&self, at_s: f64) -> Option<(&Segment, f64)> {
        let index = self.at(at_s);
        let end_s = |next: &Segment| next.from_s;
        let to_s = self.segments.get(index + 1).map_or(f64::INFINITY, end_s);
        Some((self.segments.get(index)?, to_s))
    }

    /// The place among all changes of the one that was last looked for.
    pub(crate) const fn last_looked(&self) -> usize {
        self.looked.get()
    }

    /// All changes.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(from_s: f64, canary: f64) -> Segment {
        Segment {
            from_s,
            share: [canary, 0.0, 1.0 - canary],
            pods: [1, 0, 9],
            ..Segment::default()
        }
    }

    #[test]
    fn intervals_are_cut_at_changes() {
        let mut split = Split::default();
        for (from_s, canary) in [
            (-600.0, 0.0),
            (10.0, 0.1),
            (10.0, 0.2),
            (20.0, 0.2),
            (30.0, 0.5),
        ] {
            split.push(segment(from_s, canary));
        }
        let pieces: Vec<_> = split
            .between(0.0, 40.0)
            .map(|(a, b, s)| (a, b, s.share[0]))
            .collect();
        assert_eq!(
            pieces,
            [(0.0, 10.0, 0.0), (10.0, 30.0, 0.2), (30.0, 40.0, 0.5)]
        );
        let inside: Vec<_> = split.between(12.0, 13.0).map(|(a, b, _)| (a, b)).collect();
        assert_eq!(inside, [(12.0, 13.0)]);
    }

    /// Wherever the last look was.
    #[test]
    fn the_segment_of_an_instant_does_not_depend_on_earlier_looks() {
        let mut split = Split::default();
        for n in 0..40 {
            split.push(segment(f64::from(n * n), f64::from(n) / 40.0));
        }
        let first = |from_s: f64| {
            let (a, b, segment) = split
                .between(from_s, from_s + 1.0)
                .next()
                .expect("is known");
            (a, b, segment.share[0])
        };
        // Forwards, backwards and to and fro.
        let ways: [(i32, i32); 4] = [(0, 1), (1600, -1), (3, 613), (1599, 37)];
        for (begin, step) in ways {
            for n in 0..1_600 {
                let at_s = f64::from((begin + n * step).rem_euclid(1_600)) + 0.5;
                let fresh = split.clone();
                fresh.looked.set(0);
                let expected = fresh.between(at_s, at_s + 1.0).next();
                let expected = expected.map(|(a, b, segment)| (a, b, segment.share[0]));
                assert_eq!(Some(first(at_s)), expected, "{at_s}");
                assert_eq!(first(at_s).2, at_s.sqrt().floor() / 40.0, "{at_s}");
            }
        }
    }
}

//! Who serves the requests: the split of the traffic as a step function of time.

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

/// The split from one change to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Segment {
    /// Seconds since the start.
    pub from_s: f64,
    /// Share of all requests, by cohort; the sum is 1, or less while nobody can serve.
    pub share: [f64; 3],
    /// Pods that serve it, by cohort.
    pub pods: [u32; 3],
    /// When those pods became ready, on average, by cohort; what was there at the start counts as
    /// there for ever.
    pub ready_s: [f64; 3],
    /// Share of all requests that the canary gets a copy of; nobody waits for its answer.
    pub mirror: f64,
    /// Requests a second that a load test sends to the canary's pods.
    pub load_rps: f64,
}

impl Segment {
    /// The share of requests that the new version serves.
    #[must_use]
    pub fn new_share(&self) -> f64 {
        self.share[Cohort::Canary as usize] + self.share[Cohort::PrimaryNew as usize]
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
}

impl Split {
    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.segments.clear();
    }

    /// Adds a change; it must not lie before the last one. A change at the same instant replaces
    /// it.
    pub fn push(&mut self, segment: Segment) {
        if let Some(last) = self.segments.last_mut() {
            if last.from_s >= segment.from_s {
                *last = Segment {
                    from_s: last.from_s,
                    ..segment
                };
                return;
            }
            let same = Segment {
                from_s: last.from_s,
                ..segment
            };
            if *last == same {
                return;
            }
        }
        self.segments.push(segment);
    }

    /// The segments of `from_s..to_s`, cut to it.
    pub fn between(&self, from_s: f64, to_s: f64) -> impl Iterator<Item = (f64, f64, &Segment)> {
        let first = self
            .segments
            .partition_point(|segment| segment.from_s <= from_s);
        let first = first.saturating_sub(1);
        let tail = &self.segments[first.min(self.segments.len())..];
        tail.iter().enumerate().map_while(move |(index, segment)| {
            let end_s = tail
                .get(index + 1)
                .map_or(f64::INFINITY, |next| next.from_s);
            let (a, b) = (segment.from_s.max(from_s), end_s.min(to_s));
            (a < to_s).then_some((a, b, segment))
        })
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
}

//! Requests from their arrival to their treatment: what each observer counts, and who is hurt.

use crate::arrivals::Arrivals;
use crate::draw::binomial;
use crate::fault::Behaviours;
use crate::scenario::Scenario;
use crate::split::{Cohort, Split};
use crate::stream::{Purpose, Stream, Streams};
use crate::traffic::Traffic;

/// The length of the cells in which arrivals are drawn: the finest step of load-dependent faults.
const CELL_S: f64 = 15.0;

/// Requests with one treatment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion {
    /// How many.
    pub requests: u64,
    /// How many of them failed.
    pub failed: u64,
    /// The treatment's mask in [`Behaviours`].
    pub mask: usize,
}

/// Which requests an observer counts.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    /// The cohort that serves them.
    pub cohort: Cohort,
    /// Which part of the cohort's requests.
    pub part: Part,
}

/// A part of a cohort's requests.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// Those that one replica of the ingress controller passes on.
    OneIngress,
    /// Those that one of its pods serves.
    OnePod,
}

/// What the requests of a replication came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// All that arrived.
    pub requests: u64,
    /// Those that the new version served.
    pub exposed: u64,
    /// Those that fared worse than on the old version.
    pub hurt: u64,
}

/// The requests of one replication.
#[derive(Debug)]
pub struct Flow<'a> {
    /// The rate curve.
    pub traffic: &'a Traffic,
    /// How each version treats requests.
    pub behaviours: &'a Behaviours,
    /// Who serves them.
    pub split: Split,
    /// One ledger per family of observers: their counts overlap, so each splits the same arrivals on its own.
    ledgers: Vec<Arrivals>,
    /// Expected requests on the new version that the first ledger has already given out, by cell.
    counted_new: Vec<f64>,
    /// The part of the traffic that each replica of the ingress controller passes on.
    ingress_share: f64,
    exposed: u64,
    hurt: u64,
    harm: Stream,
}

impl<'a> Flow<'a> {
    /// The requests of a replication, nothing drawn yet, for so many families of observers that look
    /// at most `lead_s` before the start.
    #[must_use]
    pub fn new(
        scenario: &'a Scenario,
        behaviours: &'a Behaviours,
        (families, lead_s): (usize, f64),
        streams: &Streams,
    ) -> Self {
        let arrivals = Arrivals::new(streams, lead_s, CELL_S);
        Self {
            traffic: &scenario.traffic,
            behaviours,
            ingress_share: 1.0 / f64::from(scenario.scrape.ingress_replicas.max(1)),
            split: Split::default(),
            ledgers: vec![arrivals; families.max(1)],
            counted_new: Vec::new(),
            exposed: 0,
            hurt: 0,
            harm: streams.get(Purpose::Harm),
        }
    }

    /// Begins another replication, keeping the memory.
    pub fn reset(&mut self, streams: &Streams) {
        self.split.clear();
        for ledger in &mut self.ledgers {
            ledger.reset(streams);
        }
        self.counted_new.clear();
        (self.exposed, self.hurt) = (0, 0);
        self.harm = streams.get(Purpose::Harm);
    }

    /// Draws what an observer counts in `from_s..to_s`.
    pub fn draw(
        &mut self,
        family: usize,
        watched: Watched,
        (from_s, to_s): (f64, f64),
        stream: &mut Stream,
        mut each: impl FnMut(Portion, &mut Stream),
    ) {
        let version = watched.cohort.version();
        let index = watched.cohort as usize;
        let mut cell = self.ledgers[family].index(from_s);
        loop {
            let (cell_from, cell_to) = self.ledgers[family].bounds(cell);
            if cell_from >= to_s - 1e-9 {
                return;
            }
            let (a, b) = (cell_from.max(from_s), cell_to.min(to_s));
            // Parts of a cell with one treatment are one draw; there are rarely two.
            let mut parts: [(usize, f64); 4] = [(usize::MAX, 0.0); 4];
            for (from, to, segment) in self.split.between(a, b) {
                let expected = self.traffic.integral(from, to);
                let share = segment.share[index]
                    * match watched.part {
                        Part::OneIngress => self.ingress_share,
                        Part::OnePod => 1.0 / f64::from(segment.pods[index].max(1)),
                    };
                let rate = expected / (to - from).max(1e-9);
                let mask = self
                    .behaviours
                    .mask(version, segment.rps_per_pod(watched.cohort, rate));
                let free = parts
                    .iter()
                    .position(|(m, _)| *m == mask || *m == usize::MAX);
                let slot = &mut parts[free.unwrap_or(3)];
                *slot = (mask, slot.1 + expected * share);
            }
            for (mask, mass) in parts {
                if mass <= 0.0 {
                    continue;
                }
                let requests = self.ledgers[family].take(cell, mass, self.traffic, stream);
                let treatment = self.behaviours.get(mask);
                let failed = binomial(requests, treatment.behaviour.error_share, stream);
                let portion = Portion {
                    requests,
                    failed,
                    mask,
                };
                if family == 0 && watched.cohort != Cohort::PrimaryOld {
                    self.counted_new
                        .resize(self.counted_new.len().max(cell + 1), 0.0);
                    self.counted_new[cell] += mass;
                    self.suffer(portion);
                }
                each(portion, stream);
            }
            cell += 1;
        }
    }

    /// Adds a portion of the new version's requests to the tally of the exposed and the hurt. Of the failed those
    /// count that the old version would have answered; of the answered those it would have answered in time.
    fn suffer(&mut self, portion: Portion) {
        self.exposed += portion.requests;
        if portion.mask == 0 {
            return;
        }
        let treatment = self.behaviours.get(portion.mask);
        let excess =
            treatment.failed_share / treatment.behaviour.error_share.max(f64::MIN_POSITIVE);
        let answered = portion.requests - portion.failed;
        self.hurt += binomial(portion.failed, excess, &mut self.harm);
        self.hurt += binomial(answered, treatment.slowed_share, &mut self.harm);
    }

    /// Draws the new version's requests up to `to_s` that no observer counted, and returns all that
    /// arrived, all that met the new version, and all that were hurt.
    pub fn settle(&mut self, to_s: f64) -> Tally {
        let first = self.ledgers[0].index(0.0);
        let end = self.ledgers[0].index(to_s);
        let mut merged: Option<(usize, f64, u64)> = None;
        for cell in first..end {
            let (from, to) = self.ledgers[0].bounds(cell);
            let masses = self.new_masses(from, to);
            let total: f64 = masses.iter().map(|(_, mass)| mass).sum();
            if total <= 0.0 {
                continue;
            }
            let counted = self.counted_new.get(cell).copied().unwrap_or(0.0);
            let rest = (total - counted).max(0.0) / total;
            let (mut left, mut left_mass) = self.ledgers[0].left(cell, self.traffic);
            let mut treatments = masses.iter().filter(|(_, mass)| *mass > 0.0).peekable();
            while let Some((mask, mass)) = treatments.next() {
                let share = (mass * rest / left_mass.max(f64::MIN_POSITIVE)).min(1.0);
                if share <= 1e-12 {
                    continue;
                }
                if treatments.peek().is_some() {
                    // Another treatment shares the cell: what is left for it depends on this draw.
                    let requests = binomial(left, share, &mut self.harm);
                    self.meet(*mask, requests);
                    left -= requests;
                    left_mass -= mass * rest;
                    continue;
                }
                // Cells with the same share and treatment are one draw.
                let same = merged.is_some_and(|(m, s, _)| m == *mask && (s - share).abs() < 1e-9);
                if !same {
                    self.flush(merged.take());
                }
                merged = Some((*mask, share, merged.map_or(0, |(_, _, n)| n) + left));
            }
        }
        self.flush(merged);
        Tally {
            requests: self.ledgers[0].total(0.0, to_s, self.traffic),
            exposed: self.exposed,
            hurt: self.hurt,
        }
    }

    fn flush(&mut self, merged: Option<(usize, f64, u64)>) {
        if let Some((mask, share, left)) = merged {
            let requests = binomial(left, share, &mut self.harm);
            self.meet(mask, requests);
        }
    }

    /// Requests that no observer counted meet the new version.
    fn meet(&mut self, mask: usize, requests: u64) {
        let error_share = self.behaviours.get(mask).behaviour.error_share;
        // The healthy part needs no failures: nobody is hurt.
        let failed = if mask == 0 {
            0
        } else {
            binomial(requests, error_share, &mut self.harm)
        };
        self.suffer(Portion {
            requests,
            failed,
            mask,
        });
    }

    /// Expected requests on the new version in an interval, by treatment.
    fn new_masses(&self, from_s: f64, to_s: f64) -> [(usize, f64); 4] {
        let mut parts: [(usize, f64); 4] = [(0, 0.0); 4];
        for (from, to, segment) in self.split.between(from_s, to_s) {
            if segment.new_share() <= 0.0 {
                continue;
            }
            let expected = self.traffic.integral(from, to);
            let rate = expected / (to - from).max(1e-9);
            for cohort in [Cohort::Canary, Cohort::PrimaryNew] {
                let mass = expected * segment.share[cohort as usize];
                if mass > 0.0 {
                    let rps = segment.rps_per_pod(cohort, rate);
                    let mask = self.behaviours.mask(cohort.version(), rps);
                    let free = parts
                        .iter()
                        .position(|(m, mass)| *m == mask || *mass == 0.0);
                    let slot = &mut parts[free.unwrap_or(3)];
                    *slot = (mask, slot.1 + mass);
                }
            }
        }
        parts
    }

    /// When the first request is hurt: the instant at which the expected number reaches a unit exponential
    /// (inverse transform of an inhomogeneous Poisson process); `None` if not before `to_s`.
    pub fn first_hurt(&self, to_s: f64, threshold: f64) -> Option<f64> {
        let mut sum = 0.0;
        let mut from = 0.0;
        while from < to_s {
            let to = (from + CELL_S).min(to_s);
            let hurt: f64 = self
                .new_masses(from, to)
                .iter()
                .map(|(mask, mass)| mass * self.behaviours.get(*mask).hurt_share())
                .sum();
            if hurt > 0.0 && sum + hurt >= threshold {
                return Some(self.refine(from, to, threshold - sum));
            }
            sum += hurt;
            from = to;
        }
        None
    }

    /// Within the cell: from the first instant at which the new version serves, in proportion.
    fn refine(&self, from_s: f64, to_s: f64, missing: f64) -> f64 {
        let (mut low, mut high) = (from_s, to_s);
        for _ in 0..20 {
            let middle = (low + high) / 2.0;
            let hurt: f64 = self
                .new_masses(from_s, middle)
                .iter()
                .map(|(mask, mass)| mass * self.behaviours.get(*mask).hurt_share())
                .sum();
            if hurt >= missing {
                high = middle;
            } else {
                low = middle;
            }
        }
        high
    }
}

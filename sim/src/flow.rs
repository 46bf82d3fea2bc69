//! Requests from their arrival to their treatment: what each observer counts, and who is hurt.

use rand::RngExt;

use crate::arrivals::{Arrivals, CELL_S};
use crate::cluster::Cluster;
use crate::conditions::{Conditions, Piece};
use crate::draw::{binomial, poisson};
use crate::fault::Behaviours;
use crate::request::engine::Engine;
use crate::scenario::Scenario;
use crate::split::{Cohort, Split};
use crate::stream::{Purpose, Stream, Streams};
use crate::traffic::Traffic;

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
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// All that arrived.
    pub requests: u64,
    /// Those that the new version served.
    pub exposed: u64,
    /// Those that fared worse than on the old version.
    pub hurt: u64,
    /// When the first request met the fault, in seconds since the start.
    pub met_s: Option<f64>,
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
    conditions: Conditions<'a>,
    /// In request fidelity, the requests one by one; then nothing below is drawn.
    pub each: Option<Box<Engine<'a>>>,
    /// One ledger per family of observers: their counts overlap, so each splits the same arrivals on its own.
    ledgers: Vec<Arrivals>,
    /// The same arrivals again for what is mirrored: copies of requests that others answer.
    mirrors: Vec<Arrivals>,
    /// Expected requests on the new version that the first ledger has already given out, by cell and
    /// treatment.
    counted_new: Vec<Parts>,
    /// The part of the traffic that each replica of the ingress controller passes on.
    ingress_share: f64,
    exposed: u64,
    hurt: u64,
    harm: Stream,
    /// When the first request met the fault, as far as requests have been drawn.
    met_s: f64,
    meeting: Stream,
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
        let bounds_s = (-lead_s, scenario.horizon.as_secs_f64());
        let arrivals = Arrivals::new(streams, bounds_s, CELL_S).with_pattern(scenario.arrivals);
        Self {
            traffic: &scenario.traffic,
            behaviours,
            ingress_share: 1.0 / f64::from(scenario.scrape.ingress_replicas.max(1)),
            split: Split::default(),
            conditions: Conditions::new(scenario, behaviours),
            each: None,
            mirrors: vec![arrivals.clone(); families.max(1)],
            ledgers: vec![arrivals; families.max(1)],
            counted_new: Vec::new(),
            exposed: 0,
            hurt: 0,
            harm: streams.get(Purpose::Harm),
            met_s: f64::INFINITY,
            meeting: streams.get(Purpose::FirstFault),
        }
    }

    /// Begins another replication, keeping the memory.
    pub fn reset(&mut self, streams: &Streams) {
        self.split.clear();
        self.conditions.reset(streams);
        if let Some(each) = &mut self.each {
            each.reset(streams);
        }
        for ledger in self.ledgers.iter_mut().chain(&mut self.mirrors) {
            ledger.reset(streams);
        }
        self.counted_new.clear();
        (self.exposed, self.hurt) = (0, 0);
        self.harm = streams.get(Purpose::Harm);
        self.met_s = f64::INFINITY;
        self.meeting = streams.get(Purpose::FirstFault);
    }

    /// Requests that arrive in a piece, on average.
    fn expected(&self, piece: &Piece<'_>) -> f64 {
        self.traffic.integral(piece.span.0, piece.span.1)
    }

    fn mask(&self, cohort: Cohort, expected: f64, piece: &Piece<'_>) -> usize {
        let rate = expected / (piece.span.1 - piece.span.0).max(1e-9);
        self.conditions.mask(cohort, rate, piece, &self.split)
    }

    /// In request fidelity, plays on to an instant up to which the split is known.
    pub fn play_each(&mut self, to_s: f64, cluster: &Cluster) {
        if let Some(each) = &mut self.each {
            each.advance(to_s, (&self.split, &self.conditions), cluster);
        }
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
        let index = watched.cohort as usize;
        let mut cell = self.ledgers[family].index(from_s);
        loop {
            let (cell_from, cell_to) = self.ledgers[family].bounds(cell);
            if cell_from >= to_s - 1e-9 {
                return;
            }
            let (a, b) = (cell_from.max(from_s), cell_to.min(to_s));
            // Parts of a cell with one treatment are one draw; there are rarely two.
            let mut parts = Parts::default();
            self.conditions.pieces(&self.split, (a, b), |piece| {
                let (segment, expected) = (piece.segment, self.expected(&piece));
                let share = segment.share[index]
                    * match watched.part {
                        Part::OneIngress => self.ingress_share,
                        Part::OnePod => 1.0 / f64::from(segment.pods[index].max(1)),
                    };
                let mask = self.mask(watched.cohort, expected, &piece);
                parts.add(mask, expected * share, piece.span);
            });
            for Treated { mask, mass, span } in parts.iter() {
                let requests = self.ledgers[family].take(cell, mass, self.traffic, stream);
                let portion = self.treat(requests, mask, stream);
                if family == 0 && watched.cohort != Cohort::PrimaryOld {
                    let cells = self.counted_new.len().max(cell + 1);
                    self.counted_new.resize(cells, Parts::default());
                    self.counted_new[cell].add(mask, mass, span);
                    self.suffer(portion);
                    self.note_meeting(portion, span);
                }
                each(portion, stream);
            }
            if watched.cohort == Cohort::Canary {
                self.draw_copies((family, cell), watched.part, (a, b), stream, &mut each);
            }
            cell += 1;
        }
    }

    /// Draws what the canary gets besides users' requests: mirrored ones and those of load tests.
    /// Nobody waits for the answers, so nobody is hurt by them.
    fn draw_copies(
        &mut self,
        (family, cell): (usize, usize),
        part: Part,
        (a, b): (f64, f64),
        stream: &mut Stream,
        each: &mut impl FnMut(Portion, &mut Stream),
    ) {
        let (mut mirrored, mut load) = (Parts::default(), Parts::default());
        self.conditions.pieces(&self.split, (a, b), |piece| {
            let segment = piece.segment;
            if segment.mirror <= 0.0 && segment.load_rps <= 0.0 {
                return;
            }
            let expected = self.expected(&piece);
            let (mirror_part, load_part) = match part {
                // A load test goes to the canary's Service, past the router.
                Part::OneIngress => (self.ingress_share, 0.0),
                Part::OnePod => {
                    let one = 1.0 / f64::from(segment.pods[Cohort::Canary as usize].max(1));
                    (one, one)
                }
            };
            let mask = self.mask(Cohort::Canary, expected, &piece);
            let (from, to) = piece.span;
            mirrored.add(mask, expected * segment.mirror * mirror_part, piece.span);
            load.add(mask, segment.load_rps * (to - from) * load_part, piece.span);
        });
        for Treated { mask, mass, .. } in mirrored.iter() {
            let requests = self.mirrors[family].take(cell, mass, self.traffic, stream);
            each(self.treat(requests, mask, stream), stream);
        }
        for Treated { mask, mass, .. } in load.iter() {
            let requests = poisson(mass, stream);
            each(self.treat(requests, mask, stream), stream);
        }
    }

    fn treat(&self, requests: u64, mask: usize, stream: &mut Stream) -> Portion {
        let error_share = self.behaviours.get(mask).behaviour.error_share;
        Portion {
            requests,
            failed: binomial(requests, error_share, stream),
            mask,
        }
    }

    /// Adds a portion of the new version's requests to the tally of the exposed and the hurt. Of the failed those
    /// count that the old version would have answered; of the answered those it would have answered in time.
    fn suffer(&mut self, portion: Portion) {
        self.exposed += portion.requests;
        let treatment = self.behaviours.get(portion.mask);
        if !treatment.is_release_fault {
            return;
        }
        let excess =
            treatment.failed_share / treatment.behaviour.error_share.max(f64::MIN_POSITIVE);
        let answered = portion.requests - portion.failed;
        self.hurt += binomial(portion.failed, excess, &mut self.harm);
        self.hurt += binomial(answered, treatment.slowed_share, &mut self.harm);
    }

    /// Draws the new version's requests up to `to_s` that no observer counted, and returns all that
    /// arrived, all that met the new version, and all that were hurt.
    pub fn settle(&mut self, to_s: f64) -> Tally {
        if let Some(each) = &self.each {
            return each.tally();
        }
        let first = self.ledgers[0].index(0.0);
        let end = self.ledgers[0].end(to_s);
        let mut merged: Option<(usize, f64, u64)> = None;
        for cell in first..end {
            let (from, to) = self.ledgers[0].bounds(cell);
            let parts = self.new_parts(from, to);
            let counted = self.counted_new.get(cell).copied().unwrap_or_default();
            let (mut left, mut left_mass) = self.ledgers[0].left(cell, self.traffic);
            // Where the first meeting may lie, and where treatments share a cell (what is left for
            // one depends on the other), portions are drawn one by one.
            let alone = parts.len == 1 && self.met_s <= from;
            for part in parts.iter() {
                let mass = (part.mass - counted.mass(part.mask)).max(0.0);
                let share = (mass / left_mass.max(f64::MIN_POSITIVE)).min(1.0);
                if share <= 1e-12 {
                    continue;
                }
                if !alone {
                    let requests = binomial(left, share, &mut self.harm);
                    self.meet(part.mask, requests, part.span);
                    left -= requests;
                    left_mass -= mass;
                    continue;
                }
                // Cells with the same share and treatment are one draw.
                let same =
                    merged.is_some_and(|(m, s, _)| m == part.mask && (s - share).abs() < 1e-9);
                if !same {
                    self.flush(merged.take());
                }
                merged = Some((part.mask, share, merged.map_or(0, |(_, _, n)| n) + left));
            }
        }
        self.flush(merged);
        Tally {
            requests: self.ledgers[0].total(0.0, to_s, self.traffic),
            exposed: self.exposed,
            hurt: self.hurt,
            met_s: self.met_s.is_finite().then_some(self.met_s),
        }
    }

    fn flush(&mut self, merged: Option<(usize, f64, u64)>) {
        if let Some((mask, share, left)) = merged {
            let requests = binomial(left, share, &mut self.harm);
            self.meet(mask, requests, (f64::INFINITY, f64::INFINITY));
        }
    }

    /// Requests of an interval that no observer counted meet the new version.
    fn meet(&mut self, mask: usize, requests: u64, span: (f64, f64)) {
        let treatment = self.behaviours.get(mask);
        // The healthy part needs no failures: nobody is hurt.
        let failed = if treatment.is_release_fault {
            binomial(requests, treatment.behaviour.error_share, &mut self.harm)
        } else {
            0
        };
        let portion = Portion {
            requests,
            failed,
            mask,
        };
        self.suffer(portion);
        self.note_meeting(portion, span);
    }

    /// The first of so many requests in an interval: the smallest of as many uniform instants.
    fn note_meeting(&mut self, portion: Portion, (from_s, to_s): (f64, f64)) {
        let is_fault = self.behaviours.get(portion.mask).is_release_fault;
        if !is_fault || portion.requests == 0 || from_s >= self.met_s {
            return;
        }
        let u: f64 = self.meeting.random();
        let first = 1.0 - u.powf(1.0 / portion.requests as f64);
        self.met_s = self.met_s.min(from_s + (to_s - from_s) * first);
    }

    /// Expected requests on the new version in an interval, by treatment.
    fn new_parts(&self, from_s: f64, to_s: f64) -> Parts {
        let mut parts = Parts::default();
        self.conditions
            .pieces(&self.split, (from_s, to_s), |piece| {
                if piece.segment.new_share() <= 0.0 {
                    return;
                }
                let expected = self.expected(&piece);
                for cohort in [Cohort::Canary, Cohort::PrimaryNew] {
                    let mass = expected * piece.segment.share[cohort as usize];
                    if mass > 0.0 {
                        let mask = self.mask(cohort, expected, &piece);
                        parts.add(mask, mass, piece.span);
                    }
                }
            });
        parts
    }
}

/// Expected requests of an interval with one treatment.
#[derive(Clone, Copy, Debug, Default)]
struct Treated {
    mask: usize,
    mass: f64,
    /// From the first to the last of them, in seconds.
    span: (f64, f64),
}

/// The requests of a cell by treatment; there are rarely two.
#[derive(Clone, Copy, Debug, Default)]
struct Parts {
    list: [Treated; PARTS_MAX],
    len: usize,
}

/// A cell in which more treatments follow each other gives the rest to the last.
const PARTS_MAX: usize = 4;

impl Parts {
    fn add(&mut self, mask: usize, mass: f64, span: (f64, f64)) {
        if mass <= 0.0 {
            return;
        }
        let known = self.iter().position(|part| part.mask == mask);
        let index = known.unwrap_or(self.len).min(PARTS_MAX - 1);
        self.len = self.len.max(index + 1);
        let part = &mut self.list[index];
        if part.mass == 0.0 {
            *part = Treated { mask, mass, span };
        } else {
            part.mass += mass;
            part.span.1 = span.1;
        }
    }

    /// Expected requests with a treatment.
    fn mass(&self, mask: usize) -> f64 {
        let same = self.iter().filter(|part| part.mask == mask);
        same.map(|part| part.mass).sum()
    }

    fn iter(&self) -> impl Iterator<Item = Treated> + use<> {
        self.list.into_iter().take(self.len)
    }
}

//! Requests from their arrival to their treatment: what each observer counts, and who is hurt.

mod harm;
mod parts;
mod people;
mod plain;
mod settle;
mod tries;
mod truth;

use crate::affinity::Sticks;
use crate::arrivals::{Arrivals, CELL_S};
use crate::cluster::Cluster;
use crate::conditions::{
    Conditions, EXPOSED, Each, Group, Met, Piece, Repeats, Sender, TRIED, Whose, ended,
};
use crate::draw::{binomial, poisson};
use crate::fault::{Behaviours, Treatment, Version};
use crate::load::{Load, Loaded};
use crate::request::engine::Engine;
use crate::scenario::Scenario;
use crate::split::{Cohort, Segment, Split};
use crate::stream::{Purpose, Stream, Streams};
use crate::traffic::Traffic;
use harm::Harm;
use parts::{Parts, Treated};
use people::People;

/// Requests with one treatment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion {
    /// How many.
    pub requests: u64,
    /// How many of them failed.
    pub failed: u64,
    /// The treatment's mask in [`Behaviours`]; with [`BY_ROUTER`], of the old version's pods, which
    /// the router did not hand them to.
    pub mask: usize,
    /// Their route's index; 0 where there are none.
    pub route: u16,
}

/// A bit of [`Portion::mask`]: the router answered 5xx itself, at once.
pub const BY_ROUTER: usize = 1 << 31;

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
    /// Those that one of its pods serves, by the pod's rank among those of its workload and version.
    OnePod(u32),
}

/// What the requests of a replication came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// All that arrived.
    pub requests: u64,
    /// Those that the new version served.
    pub exposed: u64,
    /// Those that fared worse than on the old version.
    pub hurt: u64,
    /// Those of the hurt that the router answered itself.
    pub refused: u64,
    /// Users some of whose requests are among the exposed.
    pub exposed_users: u64,
    /// Users some of whose requests are among the hurt.
    pub hurt_users: u64,
    /// Completions lost to the release, by step of the business.
    pub lost: Vec<u64>,
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
    /// How loaded the pods are, where that changes their answers.
    load: Option<Box<Load<'a>>>,
    people: People,
    /// How sessions stick to the router's sides, if they do.
    sticks: Option<Sticks>,
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
    harm: Harm<'a>,
    /// The first ledger's counts are single tries at pods, which do not tell how requests ended.
    counts_tries: bool,
    /// Whether requests that the old version serves can be hurt too.
    reach_old: bool,
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
            load: Load::of(scenario, behaviours, lead_s, streams).map(Box::new),
            people: People {
                retries: scenario.retries,
                sessions: scenario.sessions,
            },
            sticks: None,
            each: None,
            mirrors: vec![arrivals.clone(); families.max(1)],
            ledgers: vec![arrivals; families.max(1)],
            counted_new: Vec::new(),
            harm: Harm::new(&scenario.business, streams),
            counts_tries: false,
            reach_old: behaviours.reach_old(),
            met_s: f64::INFINITY,
            meeting: streams.get(Purpose::FirstFault),
        }
    }

    /// Begins another replication, keeping the memory.
    pub fn reset(&mut self, streams: &Streams) {
        self.split.clear();
        self.conditions.reset(streams);
        if let Some(load) = &mut self.load {
            load.reset(streams);
        }
        if let Some(each) = &mut self.each {
            each.reset(streams);
        }
        for ledger in self.ledgers.iter_mut().chain(&mut self.mirrors) {
            ledger.reset(streams);
        }
        self.counted_new.iter_mut().for_each(Parts::clear);
        self.harm.reset(streams);
        self.counts_tries = false;
        self.met_s = f64::INFINITY;
        self.meeting = streams.get(Purpose::FirstFault);
    }

    /// Requests that arrive in a piece, on average.
    fn expected(&self, piece: &Piece<'_>) -> f64 {
        self.traffic.integral(piece.span.0, piece.span.1)
    }

    /// The same, where the piece may be all of a cell with these bounds that expects so many.
    fn expected_of(&self, piece: &Piece<'_>, (bounds, whole): ((f64, f64), f64)) -> f64 {
        if piece.span == bounds {
            whole
        } else {
            self.expected(piece)
        }
    }

    /// Calls `each` with the treatments that requests meet in a piece that expects so many. The load
    /// must be known up to its end.
    fn each_met(
        &self,
        load: &mut Option<Box<Load<'a>>>,
        whose: Whose,
        expected: f64,
        piece: &Piece<'_>,
        mut each: impl FnMut(Met),
    ) {
        if let Some(load) = load {
            let world = (&self.conditions, &self.split);
            load.each(whose, piece, world, |met, _| each(met));
            return;
        }
        let rate = expected / (piece.span.1 - piece.span.0).max(1e-9);
        let attempts = if self.conditions.repeat() {
            self.conditions.attempts(rate, piece, &self.split)
        } else {
            1.0
        };
        self.conditions
            .each(whose, rate * attempts, piece, &self.split, each);
    }

    /// The same for what the router answers itself: what the old version would have done with it.
    fn each_refused(
        &self,
        load: &mut Option<Box<Load<'a>>>,
        expected: f64,
        piece: &Piece<'_>,
        mut each: impl FnMut(Met),
    ) {
        let whose = Whose {
            cohort: Cohort::PrimaryOld,
            rank: None,
            sender: Sender::User,
        };
        self.each_met(load, whose, expected, piece, |met| {
            each(Met {
                mask: met.mask | BY_ROUTER,
                ..met
            });
        });
    }

    /// Attempts after the first in a piece in which users send `rate` requests a second.
    fn repeats(
        &self,
        load: &mut Option<Box<Load<'a>>>,
        rate: f64,
        piece: &Piece<'_>,
    ) -> Option<Repeats> {
        let world = (&self.conditions, &self.split);
        match load {
            None => self.conditions.repeats(rate, piece, &self.split),
            Some(load) => self.conditions.repeats_by(rate, piece, |whose, _, each| {
                tries::meet_loaded(load, whose, piece, world, each);
            }),
        }
    }

    /// Calls `each` with the requests that meet the same, in a piece that expects so many.
    fn each_group(
        &self,
        load: &mut Option<Box<Load<'a>>>,
        expected: f64,
        piece: &Piece<'_>,
        each: impl FnMut(Group),
    ) {
        let world = (&self.conditions, &self.split);
        if let Some(load) = load {
            let meet = |whose: Whose, _: f64, each: Each<'_>| {
                tries::meet_loaded(load, whose, piece, world, each);
            };
            self.conditions.each_group_by(0.0, piece, meet, each);
            return;
        }
        let rate = expected / (piece.span.1 - piece.span.0).max(1e-9);
        let rate = rate * self.conditions.attempts(rate, piece, &self.split);
        self.conditions.each_group(rate, piece, &self.split, each);
    }

    /// Follows the pods' queues up to an instant up to which the split is known.
    fn follow(&mut self, to_s: f64) {
        if let Some(load) = &mut self.load {
            load.advance(to_s, &self.split, &self.conditions);
        }
    }

    /// The share of the servers of some cohorts' pods that were expected to work at an instant, as
    /// known later.
    pub(crate) fn utilisation(&mut self, cohorts: &[Cohort], at_s: f64, now_s: f64) -> f64 {
        self.follow(now_s);
        let load = self.load.as_ref();
        load.map_or(0.0, |load| load.utilisation(cohorts, at_s))
    }

    fn treatment(&self, mask: usize) -> Treatment {
        let plain = mask & !(BY_ROUTER | TRIED);
        let loaded = self.load.as_ref().and_then(|load| load.loaded(plain));
        let treatment =
            loaded.map_or_else(|| self.behaviours.get(plain), |loaded| &loaded.treatment);
        ended(mask, *treatment)
    }

    /// In request fidelity, plays on to an instant up to which the split is known.
    pub fn play_each(&mut self, to_s: f64, cluster: &Cluster) {
        if let Some(each) = &mut self.each {
            each.advance(to_s, (&self.split, &self.conditions), cluster);
        }
    }

    /// Draws what an observer counts in `from_s..to_s`.
    pub(crate) fn draw(
        &mut self,
        family: usize,
        watched: Watched,
        (from_s, to_s): (f64, f64),
        stream: &mut Stream,
        mut each: impl FnMut(Portion, Option<&Loaded>, &mut Stream),
    ) {
        self.follow(to_s);
        let index = watched.cohort as usize;
        let is_try = matches!(watched.part, Part::OnePod(_)) && self.conditions.may_try_again();
        self.counts_tries |= is_try && family == 0;
        let hurts = !is_try && (watched.cohort != Cohort::PrimaryOld || self.reaches_old());
        // A loaded service wants to hear of every piece in turn.
        let is_light = self.load.is_none();
        // Parts of a cell with one treatment are one draw; there are rarely two.
        let mut parts = Parts::EMPTY;
        let mut cell = self.ledgers[family].index(from_s);
        loop {
            cell = self.draw_plain((family, cell), watched, (from_s, to_s), stream, &mut each);
            let (cell_from, cell_to) = self.ledgers[family].bounds(cell);
            if cell_from >= to_s - 1e-9 {
                return;
            }
            let (a, b) = (cell_from.max(from_s), cell_to.min(to_s));
            parts.clear();
            let mut load = self.load.take();
            self.conditions.pieces(&self.split, (a, b), |piece| {
                let segment = piece.segment;
                if is_light && segment.share[index] <= 0.0 && segment.refused[index] <= 0.0 {
                    return;
                }
                let expected = self.expected(&piece);
                let share = segment.share[index] * self.part_share(watched, segment);
                let whose = watched.whose(Sender::User);
                self.each_end(&mut load, whose, expected, &piece, |met| {
                    parts.add(met, expected * share, piece.span);
                });
                if let Part::OneIngress = watched.part
                    && segment.refused[index] > 0.0
                {
                    let mass = expected * segment.refused[index] * self.ingress_share;
                    self.each_refused(&mut load, expected, &piece, |met| {
                        parts.add(met, mass, piece.span);
                    });
                }
            });
            self.load = load;
            self.hand_out((family, cell, hurts), &parts, stream, &mut each);
            if self.people.retries.is_some() {
                self.draw_repeats((family, cell), watched, (a, b), stream, &mut each);
            }
            if self.conditions.may_try_again() {
                self.draw_later_tries((family, cell), watched, (a, b), stream, &mut each);
            }
            if watched.cohort == Cohort::Canary && self.split.has_copies() {
                self.draw_copies((family, cell), watched, (a, b), stream, &mut each);
            }
            cell += 1;
        }
    }

    /// What all requests of a cohort meet in an interval without any change, which expects so many of the
    /// service.
    #[inline]
    fn mask_of(&self, place: ((f64, f64), &Segment, Cohort), expected: f64) -> usize {
        let (span, segment, cohort) = place;
        let piece = Piece {
            span,
            segment,
            allowed: usize::MAX,
        };
        let rate = expected / (span.1 - span.0).max(1e-9);
        self.conditions.mask(cohort, rate, &piece, &self.split)
    }

    /// Draws how many of a cell's requests are of each of these parts, and what became of them.
    #[inline]
    fn hand_out(
        &mut self,
        (family, cell, hurts): (usize, usize, bool),
        parts: &Parts,
        stream: &mut Stream,
        each: &mut impl FnMut(Portion, Option<&Loaded>, &mut Stream),
    ) {
        for part in parts.iter() {
            let requests = self.ledgers[family].take(cell, part.mass, self.traffic, stream);
            let portion = self.treat(requests, part, stream);
            if family == 0 && (hurts || part.mask() & BY_ROUTER != 0) {
                self.counted_in(cell).add_same(part);
                self.suffer(portion);
                self.note_meeting(portion, part.span);
            }
            each(portion, self.loaded(&portion), stream);
        }
    }

    /// Expected requests on the new version that the first ledger has given out of a cell.
    #[inline]
    fn counted_in(&mut self, cell: usize) -> &mut Parts {
        if cell >= self.counted_new.len() {
            self.counted_new.resize_with(cell + 1, || Parts::EMPTY);
        }
        &mut self.counted_new[cell]
    }

    /// The part of its cohort's requests that an observer counts.
    fn part_share(&self, watched: Watched, segment: &Segment) -> f64 {
        match watched.part {
            Part::OneIngress => self.ingress_share,
            Part::OnePod(_) => 1.0 / f64::from(segment.pods[watched.cohort as usize].max(1)),
        }
    }

    /// Draws what the canary gets besides users' requests: mirrored ones and those of load tests.
    /// Nobody waits for the answers, so nobody is hurt by them.
    fn draw_copies(
        &mut self,
        (family, cell): (usize, usize),
        watched: Watched,
        (a, b): (f64, f64),
        stream: &mut Stream,
        each: &mut impl FnMut(Portion, Option<&Loaded>, &mut Stream),
    ) {
        let has_copies = |segment: &Segment| segment.mirror > 0.0 || segment.load_rps > 0.0;
        let mut segments = self.split.between(a, b);
        if !segments.any(|(_, _, segment)| has_copies(segment)) {
            return;
        }
        let (mut mirrored, mut tests) = (Parts::EMPTY, Parts::EMPTY);
        let mut load = self.load.take();
        self.conditions.pieces(&self.split, (a, b), |piece| {
            let segment = piece.segment;
            if !has_copies(segment) {
                return;
            }
            let expected = self.expected(&piece);
            let (mirror_part, load_part) = match watched.part {
                // A load test goes to the canary's Service, past the router.
                Part::OneIngress => (self.ingress_share, 0.0),
                Part::OnePod(_) => {
                    let one = 1.0 / f64::from(segment.pods[Cohort::Canary as usize].max(1));
                    (one, one)
                }
            };
            let (from, to) = piece.span;
            let mirrored_part = segment.mirror * mirror_part;
            let copies = [
                (&mut mirrored, Sender::Mirror, expected * mirrored_part),
                (
                    &mut tests,
                    Sender::LoadTest,
                    segment.load_rps * (to - from) * load_part,
                ),
            ];
            for (parts, sender, mass) in copies {
                let whose = watched.whose(sender);
                self.each_met(&mut load, whose, expected, &piece, |met| {
                    parts.add(met, mass, piece.span);
                });
            }
            if self.people.retries.is_some() {
                let rate = expected / (to - from).max(1e-9);
                let repeats = self.repeats(&mut load, rate, &piece);
                let repeats = repeats.map_or(0.0, |repeats| repeats.all()) * expected;
                let whose = watched.whose(Sender::Mirror);
                self.each_met(&mut load, whose, expected, &piece, |met| {
                    tests.add(met, repeats * mirrored_part, piece.span);
                });
            }
        });
        self.load = load;
        for part in mirrored.iter() {
            let requests = self.mirrors[family].take(cell, part.mass, self.traffic, stream);
            let portion = self.treat(requests, part, stream);
            each(portion, self.loaded(&portion), stream);
        }
        self.hand_out_more(&tests, 1.0, stream, each);
    }

    /// Draws requests that are no part of those that arrive: Poisson, so many times what is expected.
    fn hand_out_more(
        &self,
        parts: &Parts,
        times: f64,
        stream: &mut Stream,
        each: &mut impl FnMut(Portion, Option<&Loaded>, &mut Stream),
    ) {
        for part in parts.iter() {
            let requests = poisson(part.mass * times, stream);
            let portion = self.treat(requests, part, stream);
            each(portion, self.loaded(&portion), stream);
        }
    }

    /// How many requests of a cell arrived for one that was expected.
    fn arrived(&mut self, (family, cell): (usize, usize)) -> f64 {
        let (count, mass) = self.ledgers[family].drawn(cell, self.traffic);
        count as f64 / mass.max(f64::MIN_POSITIVE)
    }

    /// How long the answers take, where that depends on the load.
    fn loaded(&self, portion: &Portion) -> Option<&Loaded> {
        self.load.as_ref()?.loaded(portion.mask & !TRIED)
    }

    /// Adds a portion to those who were worse off.
    fn suffer(&mut self, portion: Portion) {
        let mask = portion.mask & !(BY_ROUTER | TRIED);
        let base = self.load.as_ref().map_or(mask, |load| load.base(mask));
        let version = match portion.mask & EXPOSED {
            0 => self.behaviours.version(base),
            _ => Version::New,
        };
        if portion.mask & TRIED != 0 {
            let treatment = self.treatment(portion.mask);
            self.harm.suffer((&treatment, version), portion);
            return;
        }
        let loaded = self.load.as_ref().and_then(|load| load.loaded(mask));
        let treatment = loaded.map_or_else(|| self.behaviours.get(mask), |one| &one.treatment);
        self.harm.suffer((treatment, version), portion);
    }

    fn treat(&self, requests: u64, part: &Treated, stream: &mut Stream) -> Portion {
        let failed = if part.mask() & BY_ROUTER != 0 {
            requests
        } else {
            let error_share = self.treatment(part.mask()).behaviour.error_share;
            binomial(requests, error_share, stream)
        };
        Portion {
            requests,
            failed,
            mask: part.mask(),
            route: part.route,
        }
    }
}

impl Watched {
    fn whose(self, sender: Sender) -> Whose {
        Whose {
            cohort: self.cohort,
            rank: match self.part {
                Part::OneIngress => None,
                Part::OnePod(rank) => Some(rank),
            },
            sender,
        }
    }
}

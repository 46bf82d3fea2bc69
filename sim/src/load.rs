//! How loaded pods are over time, and what that does to their answers: the queues of aggregate
//! fidelity.
//!
//! Time is cut into the cells of the arrivals, at changes of the split, and where the clock switches
//! a fault. From one cut to the next a cohort's pods are alike: each is a queue of its own
//! ([`backlog`]) whose mean state gives every request of that time the same treatment. States come in
//! levels, so that treatments stay few: a wait is within 2.5 % of its state's, its standard deviation
//! within 9 % of it, the share that is refused within 2.5 % of itself, and a warming pod's
//! latency within 1/32 of what warming up adds.
//!
//! A cut's level depends on the split before it and at it, never on who asks or what comes later.

mod answer;
mod backlog;
mod stationary;
mod wait;

use std::collections::HashMap;

use crate::arrivals::{Arrivals, CELL_S, Pattern};
use crate::conditions::{Conditions, Piece};
use crate::fault::{Behaviours, Treatment, Version};
use crate::scenario::Scenario;
use crate::split::{Cohort, Split};
use crate::stream::Streams;
use crate::traffic::Traffic;
pub(crate) use answer::Loaded;
use answer::Serving;
use backlog::{Backlog, Course, Passage};
use stationary::Pool;
use wait::Wait;

/// Waits and shares are levels this far apart in their logarithm.
const LEVEL: f64 = 0.05;

/// A shorter mean wait than this is none.
const WAIT_MIN_S: f64 = 1e-6;

/// A smaller share of the requests than this is none.
const SHARE_MIN: f64 = 1e-6;

/// Levels of a pod that warms up.
const WARM_LEVELS: u8 = 16;

/// The loads of one replication after another.
#[derive(Debug)]
pub(crate) struct Load<'a> {
    scenario: &'a Scenario,
    behaviours: &'a Behaviours,
    /// By treatment without load and level of warming up.
    courses: HashMap<(usize, u8), Course>,
    answers: Vec<Loaded>,
    known: HashMap<Key, usize>,
    cuts: Vec<Cut>,
    begin_s: f64,
    /// The arrivals, where they come less regularly than a Poisson process: pods feel that.
    arrivals: Option<Arrivals>,
}

/// From one cut to the next.
#[derive(Clone, Copy, Debug)]
struct Cut {
    from_s: f64,
    /// Where it ends, if the split does not change before.
    to_s: f64,
    pods: [u32; 3],
    /// By cohort.
    queues: [Queue; 3],
}

/// The queues of a cohort's pods during a cut.
#[derive(Clone, Copy, Debug)]
struct Queue {
    treatment: usize,
    /// Requests per second on each pod.
    rate: f64,
    /// Treatment without load, and level of warming up: which course it takes.
    course: (usize, u8),
    start: Backlog,
    end: Backlog,
    busy: f64,
}

/// What a treatment is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    /// Without load.
    base: usize,
    own: Level,
    /// That of the old version's pods at the same time; of no interest to themselves.
    old: Option<Level>,
}

/// The load of a cohort's pods, in levels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Level {
    /// Mean wait of all admitted requests; 0 for none.
    wait: u16,
    /// Share of them that wait at all.
    share: u16,
    /// How irregular their waits are.
    shape: u8,
    /// Share refused; 0 for none.
    refused: u16,
    /// How cold; 0 for warm.
    cold: u8,
}

impl<'a> Load<'a> {
    /// The loads of a scenario; `None` where nothing depends on them.
    pub(crate) fn of(
        scenario: &'a Scenario,
        behaviours: &'a Behaviours,
        lead_s: f64,
        streams: &Streams,
    ) -> Option<Self> {
        let service = &scenario.service;
        let matters = service.concurrency.is_some()
            || service.timeout_s.is_some()
            || service.warm_up.is_some();
        let bounds_s = (-lead_s, scenario.horizon.as_secs_f64());
        let is_regular = scenario.arrivals == Pattern::default();
        matters.then(|| Self {
            scenario,
            behaviours,
            courses: HashMap::new(),
            answers: Vec::new(),
            known: HashMap::new(),
            cuts: Vec::new(),
            begin_s: -lead_s,
            arrivals: (!is_regular)
                .then(|| Arrivals::new(streams, bounds_s, CELL_S).with_pattern(scenario.arrivals)),
        })
    }

    /// Begins another replication, keeping the memory.
    pub(crate) fn reset(&mut self, streams: &Streams) {
        self.cuts.clear();
        if let Some(arrivals) = &mut self.arrivals {
            arrivals.reset(streams);
        }
    }

    /// The answers of a treatment under load.
    pub(crate) fn answers(&self, treatment: usize) -> Option<&Loaded> {
        self.answers
            .get(treatment.checked_sub(self.behaviours.all().len())?)
    }

    /// What the treatment is to people.
    pub(crate) fn treatment(&self, treatment: usize) -> Option<&Treatment> {
        self.answers(treatment).map(|answers| &answers.treatment)
    }

    /// The treatment that a cohort's pods give at an instant up to which [`Load::advance`] has come.
    pub(crate) fn at(&self, cohort: Cohort, t_s: f64) -> usize {
        self.cut(t_s)
            .map_or(0, |cut| cut.queues[cohort as usize].treatment)
    }

    /// The share of a cohort's servers that work at such an instant, and how many pods it has.
    pub(crate) fn busy(&self, cohort: Cohort, t_s: f64) -> (f64, u32) {
        self.cut(t_s).map_or((0.0, 0), |cut| {
            let index = cohort as usize;
            (cut.queues[index].busy, cut.pods[index])
        })
    }

    fn cut(&self, t_s: f64) -> Option<&Cut> {
        let index = self.cuts.partition_point(|cut| cut.from_s <= t_s);
        self.cuts.get(index.saturating_sub(1))
    }

    /// Follows the queues up to an instant up to which the split is known.
    pub(crate) fn advance(&mut self, to_s: f64, split: &Split, conditions: &Conditions<'_>) {
        loop {
            let from_s = match self.cuts.last() {
                None => self.begin_s,
                Some(last) => {
                    let changes = split.between(last.from_s, last.to_s);
                    let change = changes.map(|(from, ..)| from).find(|at| *at > last.from_s);
                    change.unwrap_or(last.to_s)
                }
            };
            if from_s >= to_s {
                return;
            }
            let Some((.., segment)) = split.between(from_s, from_s + CELL_S).next() else {
                return;
            };
            let cell_end_s = ((from_s / CELL_S + 1e-9).floor() + 1.0) * CELL_S;
            let (to_s, allowed) = conditions.allowed(from_s, cell_end_s);
            let piece = Piece {
                span: (from_s, to_s),
                segment,
                allowed,
            };
            let cut = self.next(&piece, split, conditions);
            self.cuts.push(cut);
        }
    }

    fn next(&mut self, piece: &Piece<'_>, split: &Split, conditions: &Conditions<'_>) -> Cut {
        let (from_s, to_s) = piece.span;
        let span_s = to_s - from_s;
        let rate = self.rate(from_s, to_s);
        let before = self.cuts.last().copied();
        let mut levels = [Level::default(); 3];
        let queues = Cohort::ALL.map(|cohort| {
            let index = cohort as usize;
            let base = conditions.mask(cohort, rate, piece, split);
            let cold = self.cold(cohort, piece);
            let on_pod = piece.segment.rps_per_pod(cohort, rate);
            let course = (base, cold);
            let start = self.start(cohort, before.as_ref(), piece, (course, on_pod));
            let mut queue = Queue {
                treatment: base,
                rate: on_pod,
                course,
                start,
                end: start,
                busy: 0.0,
            };
            levels[index].cold = cold;
            if let Some(flow) = self.course(course) {
                let passage = flow.pass(start, on_pod, span_s);
                (queue.end, queue.busy) = (passage.end, passage.busy);
                levels[index] = Level::of(&passage, flow, cold);
            }
            queue
        });
        let mut cut = Cut {
            from_s,
            to_s,
            pods: piece.segment.served_by(),
            queues,
        };
        let old_serves = piece.segment.pods[Cohort::PrimaryOld as usize] > 0;
        let old = if old_serves {
            levels[Cohort::PrimaryOld as usize]
        } else {
            Level::default()
        };
        for cohort in Cohort::ALL {
            let index = cohort as usize;
            cut.queues[index].treatment = self.intern(Key {
                base: cut.queues[index].treatment,
                own: levels[index],
                old: (cohort.version() == Version::New).then_some(old),
            });
        }
        cut
    }

    /// Requests per second on the service; of what arrives irregularly, what does arrive.
    fn rate(&mut self, from_s: f64, to_s: f64) -> f64 {
        let traffic: &Traffic = &self.scenario.traffic;
        let expected = traffic.integral(from_s, to_s) / (to_s - from_s).max(1e-9);
        let Some(arrivals) = &mut self.arrivals else {
            return expected;
        };
        let cell = arrivals.index(from_s);
        let (a, b) = arrivals.bounds(cell);
        let mass = traffic.integral(a, b);
        if mass <= 0.0 {
            return expected;
        }
        expected * arrivals.count(cell, traffic) as f64 / mass
    }

    /// How cold a cohort's pods are on average, in levels.
    fn cold(&self, cohort: Cohort, piece: &Piece<'_>) -> u8 {
        let Some(warm_up) = self.scenario.service.warm_up else {
            return 0;
        };
        let middle_s = f64::midpoint(piece.span.0, piece.span.1);
        let cold = piece.segment.cold[cohort as usize];
        let left = 1.0 - (middle_s - cold.ready_s) / warm_up.lasts_s.max(1e-9);
        let share = cold.share * left.clamp(0.0, 1.0);
        (share * f64::from(WARM_LEVELS)).round() as u8
    }

    /// What waits on each pod when a cut begins.
    fn start(
        &mut self,
        cohort: Cohort,
        before: Option<&Cut>,
        piece: &Piece<'_>,
        (course, rate): ((usize, u8), f64),
    ) -> Backlog {
        let index = cohort as usize;
        let Some(before) = before else {
            return self
                .course(course)
                .map_or_else(Backlog::default, |flow| flow.at_rest(rate));
        };
        let queue = before.queues[index];
        let at_s = piece.span.0;
        let left = if at_s >= before.to_s - 1e-9 {
            queue.end
        } else {
            self.course(queue.course)
                .map_or_else(Backlog::default, |flow| {
                    flow.pass(queue.start, queue.rate, at_s - before.from_s).end
                })
        };
        let (was, is) = (before.pods[index], piece.segment.served_by()[index]);
        left.spread_over(was, is)
    }

    /// The course of queues of some treatment; `None` where pods have no limit.
    fn course(&mut self, (base, cold): (usize, u8)) -> Option<&Course> {
        let servers = self.scenario.service.concurrency?;
        let places = self.scenario.service.queue;
        let latency = self
            .behaviours
            .get(base)
            .behaviour
            .latency
            .times(self.warming(cold));
        let course = self.courses.entry((base, cold)).or_insert_with(|| {
            let pool = Pool {
                servers,
                places,
                squared_cv: latency.squared_cv(),
            };
            Course::new(pool, latency.mean_s())
        });
        Some(course)
    }

    /// The factor on latencies at a level of warming up.
    fn warming(&self, cold: u8) -> f64 {
        let times = self
            .scenario
            .service
            .warm_up
            .map_or(1.0, |warm_up| warm_up.latency_times);
        1.0 + (times - 1.0) * f64::from(cold) / f64::from(WARM_LEVELS)
    }

    /// The treatment with this key, worked out when first met.
    fn intern(&mut self, key: Key) -> usize {
        let timeout_s = self.scenario.service.timeout_s;
        let is_plain = key.own.is_none() && key.old.is_none_or(Level::is_none);
        if is_plain && timeout_s.is_none() {
            return key.base;
        }
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let serving = self.serving(key.base, key.own);
        let old = key.old.map(|level| {
            let base = self.behaviours.old_mask(key.base);
            self.serving(base, level)
        });
        let answers = Loaded::new(
            serving,
            old.as_ref(),
            (
                timeout_s.unwrap_or(f64::INFINITY),
                self.scenario.service.patience_s,
            ),
            self.behaviours.get(key.base).is_release_fault,
        );
        let treatment = self.behaviours.all().len() + self.answers.len();
        self.answers.push(answers);
        self.known.insert(key, treatment);
        treatment
    }

    fn serving(&self, base: usize, level: Level) -> Serving {
        let mut behaviour = self.behaviours.get(base).behaviour;
        behaviour.latency = behaviour.latency.times(self.warming(level.cold));
        Serving {
            behaviour,
            wait: level.wait(),
            refused: level.refused(),
        }
    }
}

/// The level of a value; 0 below the least.
fn level(value: f64, min: f64) -> u16 {
    if value < min {
        return 0;
    }
    1 + ((value / min).ln() / LEVEL).round() as u16
}

/// The value at a level.
fn at_level(level: u16, min: f64) -> f64 {
    match level {
        0 => 0.0,
        level => min * (f64::from(level - 1) * LEVEL).exp(),
    }
}

impl Level {
    fn of(passage: &Passage, course: &Course, cold: u8) -> Self {
        let waiting = passage.mean.waiting;
        let at = course.with_waiting(waiting);
        // Little's law: what waits, over what goes through.
        let wait_s = waiting / (course.capacity * at.busy.max(1e-9));
        let mut found = Self {
            wait: level(wait_s, WAIT_MIN_S),
            refused: level(passage.refused, SHARE_MIN),
            cold,
            ..Self::default()
        };
        if found.wait > 0 {
            found.share = level(at.wait_share, SHARE_MIN).max(1);
            found.shape = Wait::shape_of(passage.mean.squared_cv());
        }
        found
    }

    fn is_none(self) -> bool {
        self == Self::default()
    }

    fn wait(self) -> Wait {
        if self.wait == 0 {
            return Wait::NONE;
        }
        let share = at_level(self.share, SHARE_MIN).min(1.0);
        Wait {
            share,
            mean_s: at_level(self.wait, WAIT_MIN_S) / share,
            shape: self.shape,
        }
    }

    fn refused(self) -> f64 {
        at_level(self.refused, SHARE_MIN).min(1.0)
    }
}

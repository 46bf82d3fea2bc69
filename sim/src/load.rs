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
mod passages;
mod stationary;
mod wait;

use std::cell::Cell;
use std::collections::HashMap;

use crate::arrivals::{Arrivals, CELL_S, Pattern};
use crate::conditions::{Conditions, Each, Met, Piece, Sender, Whose};
use crate::fault::{Behaviours, Treatment};
use crate::scenario::Scenario;
use crate::split::{Cohort, Split};
use crate::stream::Streams;
use crate::traffic::Traffic;
pub(crate) use answer::Loaded;
use answer::Serving;
use backlog::{Backlog, Course, Passage};
use passages::Passages;
use stationary::Pool;
use wait::Wait;

/// Waits and shares are levels this far apart in their logarithm.
const LEVEL: f64 = 0.05;

/// A shorter mean wait than this is none.
const WAIT_MIN_S: f64 = 1e-6;

/// A smaller share of the requests than this is none.
const SHARE_MIN: f64 = 1e-6;

/// How often the load is worked out where it depends on what fails of it.
const ROUNDS: u32 = 4;

/// Attempts that change by less than this part of themselves are settled: that is far less than a level.
const SETTLED: f64 = 1e-4;

/// Levels of a pod that warms up.
const WARM_LEVELS: u8 = 16;

/// The loads of one replication after another.
#[derive(Debug)]
pub(crate) struct Load<'a> {
    scenario: &'a Scenario,
    behaviours: &'a Behaviours,
    /// By mean and squared coefficient of variation of the service time, to the bit.
    courses: HashMap<Flow, Course>,
    loaded: Vec<(Loaded, usize)>,
    known: HashMap<Key, usize>,
    /// What was last looked up there, by cohort.
    last_known: [Option<(Key, usize)>; 3],
    /// Mean and squared coefficient of variation of service times, by treatment without load and level
    /// of warming up; not a number where nobody has asked.
    moments: Vec<(f64, f64)>,
    /// Passages that were worked out: those of quiet times come again in every replication.
    passages: Passages,
    cuts: Vec<Cut>,
    /// The cut that was last looked for.
    looked: Cell<usize>,
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
    /// The faults that the clock allows.
    allowed: usize,
    /// Requests per second on the service.
    rate: f64,
    felt: Felt,
    pods: [u32; 3],
    /// By cohort.
    queues: [Queue; 3],
}

/// How full the pods of each cohort are in a cut.
#[derive(Clone, Copy, Debug)]
struct Felt {
    levels: [Level; 3],
    /// Whether the old version has pods.
    old_serves: bool,
}

/// The queues of a cohort's pods during a cut.
#[derive(Clone, Copy, Debug)]
struct Queue {
    /// Requests per second on each pod.
    rate: f64,
    /// How long they take; `None` where pods have no limit.
    flow: Option<Flow>,
    start: Backlog,
    end: Backlog,
    busy: f64,
}

/// Mean and squared coefficient of variation of a service time, to the bit: which course it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Flow {
    mean_s: u64,
    squared_cv: u64,
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
            loaded: Vec::new(),
            known: HashMap::new(),
            last_known: [None; 3],
            moments: Vec::new(),
            passages: Passages::default(),
            cuts: Vec::new(),
            looked: Cell::new(0),
            begin_s: -lead_s,
            arrivals: (!is_regular)
                .then(|| Arrivals::new(streams, bounds_s, CELL_S).with_pattern(scenario.arrivals)),
        })
    }

    /// Begins another replication, keeping the memory.
    pub(crate) fn reset(&mut self, streams: &Streams) {
        self.cuts.clear();
        self.looked.set(0);
        if let Some(arrivals) = &mut self.arrivals {
            arrivals.reset(streams);
        }
    }

    /// The answers of a treatment under load; `None` for one without.
    pub(crate) fn loaded(&self, treatment: usize) -> Option<&Loaded> {
        let index = treatment.checked_sub(self.behaviours.all().len())?;
        self.loaded.get(index).map(|(loaded, _)| loaded)
    }

    /// The treatment without load.
    pub(crate) fn base(&self, treatment: usize) -> usize {
        let index = treatment.checked_sub(self.behaviours.all().len());
        let known = index.and_then(|index| self.loaded.get(index));
        known.map_or(treatment, |(_, base)| *base)
    }

    /// Calls `each` with the treatments that requests meet in a piece up to whose end
    /// [`Load::advance`] has come.
    pub(crate) fn each(
        &mut self,
        whose: Whose,
        piece: &Piece<'_>,
        (conditions, split): (&Conditions<'_>, &Split),
        each: impl FnMut(Met, &Treatment),
    ) {
        let Some(cut) = self.cut(f64::midpoint(piece.span.0, piece.span.1)) else {
            return;
        };
        // One piece for everybody, whoever looks at which part of it.
        let whole = Piece {
            span: (cut.from_s, cut.to_s),
            allowed: cut.allowed,
            ..*piece
        };
        let (felt, rate) = (cut.felt, cut.rate);
        self.each_in(felt, whose, (rate, &whole), (conditions, split), each);
    }

    /// Attempts a second in a piece.
    pub(crate) fn rate_in(&self, piece: &Piece<'_>) -> f64 {
        let cut = self.cut(f64::midpoint(piece.span.0, piece.span.1));
        cut.map_or(0.0, |cut| cut.rate)
    }

    /// A treatment of pods without limits.
    pub(crate) fn plain(&self, mask: usize) -> Treatment {
        *self.behaviours.get(mask)
    }

    /// The treatment of a cohort's pods in a piece, as they are loaded.
    pub(crate) fn as_loaded(
        &mut self,
        mask: usize,
        cohort: Cohort,
        piece: &Piece<'_>,
    ) -> (usize, Treatment) {
        let cut = self.cut(f64::midpoint(piece.span.0, piece.span.1));
        let mask = match cut.map(|cut| cut.felt) {
            Some(felt) => self.intern(mask, cohort, felt),
            None => mask,
        };
        let loaded = self.loaded(mask).map(|loaded| loaded.treatment);
        (mask, loaded.unwrap_or_else(|| *self.behaviours.get(mask)))
    }

    /// The same where pods are as they are in a cut.
    fn each_in(
        &mut self,
        felt: Felt,
        whose: Whose,
        (rate, piece): (f64, &Piece<'_>),
        (conditions, split): (&Conditions<'_>, &Split),
        mut each: impl FnMut(Met, &Treatment),
    ) {
        conditions.each(whose, rate, piece, split, |met| {
            let mask = self.intern(met.mask, whose.cohort, felt);
            let loaded = self.loaded(mask).map(|loaded| &loaded.treatment);
            let treatment = loaded.unwrap_or_else(|| self.behaviours.get(mask));
            each(Met { mask, ..met }, treatment);
        });
    }

    /// The share of some cohorts' servers that work at such an instant.
    pub(crate) fn utilisation(&self, cohorts: &[Cohort], t_s: f64) -> f64 {
        let Some(cut) = self.cut(t_s) else {
            return 0.0;
        };
        let of = cohorts.iter().map(|cohort| {
            let index = *cohort as usize;
            (cut.queues[index].busy, f64::from(cut.pods[index]))
        });
        let (busy, pods) = of.fold((0.0, 0.0), |(sum, all), (busy, pods)| {
            (sum + busy * pods, all + pods)
        });
        if pods > 0.0 { busy / pods } else { 0.0 }
    }

    fn cut(&self, t_s: f64) -> Option<&Cut> {
        let begun = |index: usize| self.cuts.get(index).is_some_and(|cut| cut.from_s <= t_s);
        let mut index = self.looked.get();
        if begun(index) && begun(index + 1) {
            index += 1;
        }
        if !begun(index) || begun(index + 1) {
            let later = self.cuts.partition_point(|cut| cut.from_s <= t_s);
            index = later.saturating_sub(1);
        }
        self.looked.set(index);
        self.cuts.get(index)
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
        let before = self.cuts.last().copied();
        let users = self.rate(from_s, to_s);
        let world = (conditions, split);
        let mut attempts = self.attempts(before.as_ref(), (users, piece), world);
        let mut cut = self.filled(before.as_ref(), users * attempts, piece, world);
        if !conditions.repeat() {
            return cut;
        }
        // More attempts fill the queues, which lets more of them fail. Half-way each time, since what
        // is refused goes up and down with what comes.
        for _ in 0..ROUNDS {
            let again = self.attempts(Some(&cut), (users, piece), world);
            if (again - attempts).abs() <= SETTLED * attempts {
                break;
            }
            attempts = f64::midpoint(attempts, again);
            cut = self.filled(before.as_ref(), users * attempts, piece, world);
        }
        cut
    }

    /// The queues during a piece in which so many attempts come.
    fn filled(
        &mut self,
        before: Option<&Cut>,
        rate: f64,
        piece: &Piece<'_>,
        (conditions, split): (&Conditions<'_>, &Split),
    ) -> Cut {
        let (from_s, to_s) = piece.span;
        let served_by = piece.segment.served_by();
        let mut levels = [Level::default(); 3];
        let queues = Cohort::ALL.map(|cohort| {
            let cold = self.cold(cohort, piece);
            levels[cohort as usize].cold = cold;
            let idle = piece.segment.rps_per_pod(cohort, rate) == 0.0;
            if idle && before.is_none_or(|cut| cut.queues[cohort as usize].is_empty()) {
                return Queue::EMPTY;
            }
            let flow = self.flow(cohort, (rate, cold), piece, (conditions, split));
            let on_pod = piece.segment.rps_per_pod(cohort, rate);
            let now_served_by = served_by[cohort as usize];
            let start = self.start(cohort, before, (from_s, now_served_by), (flow, on_pod));
            let mut queue = Queue {
                rate: on_pod,
                flow,
                start,
                end: start,
                busy: 0.0,
            };
            if let Some((passage, level)) = self.pass(flow, start, on_pod, to_s - from_s) {
                (queue.end, queue.busy) = (passage.end, passage.busy);
                levels[cohort as usize] = Level { cold, ..level };
            }
            queue
        });
        Cut {
            from_s,
            to_s,
            allowed: piece.allowed,
            rate,
            pods: served_by,
            queues,
            felt: Felt {
                levels,
                old_serves: piece.segment.pods[Cohort::PrimaryOld as usize] > 0,
            },
        }
    }

    /// The queue of a pod over a time, and the level of the load; `None` where pods have no limit.
    fn pass(
        &mut self,
        flow: Option<Flow>,
        start: Backlog,
        rate: f64,
        span_s: f64,
    ) -> Option<(Passage, Level)> {
        let asked = passages::Asked::new(flow?, start, (rate, span_s));
        if let Some(known) = self.passages.get(&asked) {
            return Some(known);
        }
        let course = self.course(flow)?;
        let passage = course.pass(start, rate, span_s);
        let level = Level::of(&passage, course);
        self.passages.put(asked, (passage, level));
        Some((passage, level))
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

    /// Attempts for one request, where clients repeat what failed, on pods as full as in a cut.
    fn attempts(
        &mut self,
        before: Option<&Cut>,
        (rate, piece): (f64, &Piece<'_>),
        (conditions, split): (&Conditions<'_>, &Split),
    ) -> f64 {
        let Some(before) = before else {
            return conditions.attempts(rate, piece, split);
        };
        let felt = before.felt;
        let meet = |whose: Whose, rate: f64, each: Each<'_>| {
            self.each_in(felt, whose, (rate, piece), (conditions, split), each);
        };
        1.0 + conditions
            .repeats_by(rate, piece, meet)
            .map_or(0.0, |repeats| repeats.all())
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
        (at_s, is): (f64, u32),
        (flow, rate): (Option<Flow>, f64),
    ) -> Backlog {
        let index = cohort as usize;
        let Some(before) = before else {
            return self
                .course(flow)
                .map_or_else(Backlog::default, |course| course.at_rest(rate));
        };
        let queue = before.queues[index];
        let left = if at_s >= before.to_s - 1e-9 {
            queue.end
        } else {
            let span_s = at_s - before.from_s;
            self.pass(queue.flow, queue.start, queue.rate, span_s)
                .map_or_else(Backlog::default, |(passage, _)| passage.end)
        };
        left.spread_over(before.pods[index], is)
    }

    /// How long requests take on a cohort's pods, whatever kinds of requests there are.
    fn flow(
        &mut self,
        cohort: Cohort,
        (rate, cold): (f64, u8),
        piece: &Piece<'_>,
        (conditions, split): (&Conditions<'_>, &Split),
    ) -> Option<Flow> {
        self.scenario.service.concurrency?;
        let whose = Whose {
            cohort,
            rank: None,
            sender: Sender::User,
        };
        let (mut all, mut first, mut second) = (0.0, 0.0, 0.0);
        if self.moments.is_empty() {
            let count = self.behaviours.all().len() * (usize::from(WARM_LEVELS) + 1);
            self.moments.resize(count, (f64::NAN, f64::NAN));
        }
        let Self {
            behaviours,
            scenario,
            moments,
            ..
        } = self;
        conditions.each(whose, rate, piece, split, |met| {
            // Those that are lost with a process cost nothing.
            if behaviours.is_lost(met.mask) {
                return;
            }
            let place = met.mask * (usize::from(WARM_LEVELS) + 1) + usize::from(cold);
            if moments[place].0.is_nan() {
                let latency = behaviours.get(met.mask).behaviour.latency;
                let latency = latency.times(warming(scenario, cold));
                moments[place] = (latency.mean_s(), latency.squared_cv());
            }
            let (mean_s, squared_cv) = moments[place];
            all += met.share;
            first += met.share * mean_s;
            second += met.share * mean_s * mean_s * (1.0 + squared_cv);
        });
        if all <= 0.0 {
            return None;
        }
        let (mean_s, square) = (first / all, second / all);
        Some(Flow {
            mean_s: mean_s.to_bits(),
            squared_cv: (square / (mean_s * mean_s) - 1.0).max(0.0).to_bits(),
        })
    }

    /// The course of queues of requests that take so long; `None` where pods have no limit.
    fn course(&mut self, flow: Option<Flow>) -> Option<&Course> {
        let servers = self.scenario.service.concurrency?;
        let flow = flow?;
        let places = self.scenario.service.queue;
        let course = self.courses.entry(flow).or_insert_with(|| {
            let pool = Pool {
                servers,
                places,
                squared_cv: f64::from_bits(flow.squared_cv),
            };
            Course::new(pool, f64::from_bits(flow.mean_s))
        });
        Some(course)
    }

    /// What a treatment becomes on the pods of a cohort during a cut; worked out when first met.
    fn intern(&mut self, base: usize, cohort: Cohort, felt: Felt) -> usize {
        if self.behaviours.is_lost(base) {
            return base;
        }
        // Nobody fares worse than on the old version's pods for being on one, but for what the release
        // does to both.
        let differs = cohort != Cohort::PrimaryOld || self.behaviours.get(base).is_release_fault;
        let old = if felt.old_serves {
            felt.levels[Cohort::PrimaryOld as usize]
        } else {
            Level::default()
        };
        let key = Key {
            base,
            own: felt.levels[cohort as usize],
            old: differs.then_some(old),
        };
        let timeout_s = self.scenario.service.timeout_s;
        let is_plain = key.own.is_none() && key.old.is_none_or(Level::is_none);
        if is_plain && timeout_s.is_none() {
            return base;
        }
        let last = &mut self.last_known[cohort as usize];
        if let Some((_, known)) = last.filter(|(last, _)| *last == key) {
            return known;
        }
        if let Some(known) = self.known.get(&key) {
            *last = Some((key, *known));
            return *known;
        }
        let serving = self.serving(base, key.own);
        let on_old = key.old.map(|level| {
            let base = self.behaviours.old_mask(base);
            self.serving(base, level)
        });
        let loaded = Loaded::new(
            serving,
            on_old.as_ref(),
            (
                timeout_s.unwrap_or(f64::INFINITY),
                self.scenario.service.patience_s,
            ),
            self.behaviours.get(base),
        );
        let treatment = self.behaviours.all().len() + self.loaded.len();
        self.loaded.push((loaded, base));
        self.known.insert(key, treatment);
        treatment
    }

    fn serving(&self, base: usize, level: Level) -> Serving {
        let mut behaviour = self.behaviours.get(base).behaviour;
        behaviour.latency = behaviour.latency.times(warming(self.scenario, level.cold));
        Serving {
            behaviour,
            wait: level.wait(),
            refused: level.refused(),
        }
    }
}

/// The factor on latencies at a level of warming up.
fn warming(scenario: &Scenario, cold: u8) -> f64 {
    let warm_up = scenario.service.warm_up;
    let times = warm_up.map_or(1.0, |warm_up| warm_up.latency_times);
    1.0 + (times - 1.0) * f64::from(cold) / f64::from(WARM_LEVELS)
}

impl Queue {
    /// Where nobody is sent and nobody waits.
    const EMPTY: Self = Self {
        rate: 0.0,
        flow: None,
        start: Backlog::NONE,
        end: Backlog::NONE,
        busy: 0.0,
    };

    fn is_empty(&self) -> bool {
        self.start == Backlog::NONE && self.end == Backlog::NONE && self.rate == 0.0
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
    /// All but the warming up.
    fn of(passage: &Passage, course: &Course) -> Self {
        let waiting = passage.mean.waiting;
        let at = course.with_waiting(waiting);
        // Little's law: what waits, over what goes through.
        let wait_s = waiting / (course.capacity * at.busy.max(1e-9));
        let mut found = Self {
            wait: level(wait_s, WAIT_MIN_S),
            refused: level(passage.refused, SHARE_MIN),
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

#[cfg(test)]
mod tests {
    use coalmine_policy::Span;

    use super::*;
    use crate::split::Segment;
    use crate::stream::Seed;

    /// How many passages are worked out in one replication after another.
    fn worked_out(scenario: &Scenario, replications: u32) -> Vec<usize> {
        let behaviours = scenario.behaviours();
        let streams = |replication| Streams::new(Seed(1), "load", replication);
        let mut load = Load::of(scenario, &behaviours, 0.0, &streams(0)).expect("is loaded");
        let mut conditions = Conditions::new(scenario, &behaviours);
        let each = (0..replications).map(|replication| {
            load.reset(&streams(replication));
            conditions.reset(&streams(replication));
            let mut split = Split::default();
            let changes = [(0.0, 0.0), (600.0 + f64::from(replication), 0.3)];
            for (from_s, canary) in changes {
                split.push(Segment {
                    from_s,
                    share: [canary, 0.0, 1.0 - canary],
                    pods: [3, 0, 3],
                    ..Segment::default()
                });
            }
            let before = load.passages.count;
            load.advance(3600.0, &split, &conditions);
            load.passages.count - before
        });
        each.collect()
    }

    /// Of an hour's 240 cells and two cohorts only those are new in which something happens at an
    /// instant of the replication's own.
    #[test]
    fn quiet_times_are_worked_out_once_for_all_replications() {
        let mut scenario = Scenario::ordinary("load", Span::from_mins(60), Traffic::constant(60.0));
        scenario.service.concurrency = Some(4);
        scenario.service.queue = Some(100);
        let counts = worked_out(&scenario, 3);
        assert!(counts.iter().all(|count| *count < 40), "{counts:?}");
        // A rate that never repeats, but is the same in every replication.
        scenario.traffic = Traffic {
            terms: vec![crate::traffic::Term::Wave {
                peak_s: 0.0,
                period_s: 86_400.0,
                low: 50.0,
                high: 70.0,
            }],
        };
        let counts = worked_out(&scenario, 3);
        assert!(counts[0] > 240, "{counts:?}");
        assert!(counts[1..].iter().all(|count| *count < 60), "{counts:?}");
    }
}

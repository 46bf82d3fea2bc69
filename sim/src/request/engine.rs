//! Every request of a replication, one after another.

use coalmine_policy::{Span, Time};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, Exp1, StandardNormal};

use super::agenda::Agenda;
use super::arrivals::Instants;
use super::piece::Piece;
use super::roster::Roster;
use super::station::{Limits, Station};
use crate::arrivals::{Arrivals, CELL_S};
use crate::cluster::Cluster;
use crate::conditions::Conditions;
use crate::counts::Counts;
use crate::exposition::{Class, Target};
use crate::fault::Behaviours;
use crate::flow::Tally;
use crate::scenario::Scenario;
use crate::split::{Cohort, Split};
use crate::stream::{Purpose, Stream, Streams};

/// The requests of one replication, played one by one.
#[derive(Debug)]
pub struct Engine<'a> {
    scenario: &'a Scenario,
    behaviours: &'a Behaviours,
    limits: Limits,
    /// The instant 0 of the engine's clock, in seconds since the start; not after the history.
    origin_s: f64,
    now_s: f64,
    arrivals: Arrivals,
    /// The cell that `instants` holds.
    cell: Option<usize>,
    instants: Instants,
    instants_stream: Stream,
    stream: Stream,
    agenda: Agenda<Coming>,
    roster: Roster,
    piece: Piece,
    pods: Vec<Pod>,
    /// By workload and ordinal, the index in `pods` plus one.
    slots: [Vec<u32>; 2],
    /// By replica of the ingress controller and cohort.
    ingress: Vec<[Pair; 3]>,
    tally: Tally,
}

/// What is to come.
#[derive(Clone, Copy, Debug)]
enum Coming {
    /// A request is answered.
    Answer(Answer),
    /// A client repeats a failed request.
    Repeat { attempt: u8 },
}

#[derive(Clone, Copy, Debug)]
struct Answer {
    arrived_ns: u64,
    pod: u32,
    ingress: u16,
    cohort: Cohort,
    attempt: u8,
    failed: bool,
    origin: Origin,
    hurt: bool,
}

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    User,
    /// The router, as a copy; nobody waits for the answer.
    Mirror,
    /// A load test, past the router.
    LoadTest,
}

/// Answered and failed requests of one class.
#[derive(Clone, Debug, Default)]
struct Pair {
    good: Counts,
    failed: Counts,
}

#[derive(Debug, Default)]
struct Pod {
    station: Station,
    counts: Pair,
    ready_ns: u64,
    /// From when on it answers nothing more.
    dead_ns: Option<u64>,
}

impl<'a> Engine<'a> {
    /// No request has arrived yet; the first may arrive `lead_s` before the start.
    #[must_use]
    pub fn new(
        scenario: &'a Scenario,
        behaviours: &'a Behaviours,
        lead_s: f64,
        streams: &Streams,
    ) -> Self {
        let bounds_s = (-lead_s, scenario.horizon.as_secs_f64());
        let arrivals = Arrivals::new(streams, bounds_s, CELL_S).with_pattern(scenario.arrivals);
        let origin_s = arrivals.bounds(0).0;
        Self {
            scenario,
            behaviours,
            limits: Limits {
                servers: scenario.service.concurrency.unwrap_or(0),
                places: scenario.service.queue,
            },
            origin_s,
            now_s: origin_s,
            arrivals,
            cell: None,
            instants: Instants::default(),
            instants_stream: streams.get(Purpose::Instants),
            stream: streams.get(Purpose::Requests),
            agenda: Agenda::default(),
            roster: Roster::default(),
            piece: Piece::default(),
            pods: Vec::new(),
            slots: [Vec::new(), Vec::new()],
            ingress: vec![<[Pair; 3]>::default(); scenario.scrape.ingress_replicas.max(1) as usize],
            tally: Tally::default(),
        }
    }

    /// Begins another replication, keeping the memory.
    pub fn reset(&mut self, streams: &Streams) {
        self.now_s = self.origin_s;
        self.arrivals.reset(streams);
        self.cell = None;
        self.instants.clear();
        self.instants_stream = streams.get(Purpose::Instants);
        self.stream = streams.get(Purpose::Requests);
        self.agenda.clear();
        self.pods.clear();
        self.slots.iter_mut().for_each(Vec::clear);
        for pair in self.ingress.iter_mut().flatten() {
            pair.good.clear();
            pair.failed.clear();
        }
        self.tally = Tally::default();
    }

    /// What the requests so far came to.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// Requests that pods have answered so far, how many of them failed, and their latencies' sum.
    #[must_use]
    pub fn answered(&self) -> (u64, u64, f64) {
        let all = self.pods.iter().map(|pod| &pod.counts);
        all.fold((0, 0, 0.0), |(requests, failed, seconds), pair| {
            (
                requests + pair.good.requests + pair.failed.requests,
                failed + pair.failed.requests,
                seconds + pair.good.seconds + pair.failed.seconds,
            )
        })
    }

    /// Adds what a target has counted of a class to (answered, failed) counts.
    pub(crate) fn read(&self, target: Target, class: Class, into: (&mut Counts, &mut Counts)) {
        let mut add = |pair: &Pair| {
            into.0.merge(&pair.good);
            into.1.merge(&pair.failed);
        };
        match (target, class) {
            (Target::Pod { workload, ordinal }, _) => {
                if let Some(slot) = self.slot((workload, ordinal)) {
                    add(&self.pods[slot].counts);
                }
            }
            (Target::Ingress(replica), Class::Routed(cohorts)) => {
                if let Some(pairs) = self.ingress.get(replica as usize) {
                    cohorts
                        .iter()
                        .for_each(|cohort| add(&pairs[*cohort as usize]));
                }
            }
            (Target::Ingress(_), Class::Own) => {}
        }
    }

    /// Plays on to an instant up to which the split and the pods are known.
    pub fn advance(
        &mut self,
        to_s: f64,
        (split, conditions): (&Split, &Conditions<'_>),
        cluster: &Cluster,
    ) {
        let to_s = to_s.min(self.scenario.horizon.as_secs_f64());
        while self.now_s < to_s {
            let from_s = self.now_s;
            let cell = self.arrivals.index(from_s);
            let cell_end_s = self.arrivals.bounds(cell).1;
            let end_s = if cell_end_s > from_s {
                cell_end_s.min(to_s)
            } else {
                to_s
            };
            let Some(piece) = conditions.first(split, (from_s, end_s)) else {
                self.now_s = end_s;
                continue;
            };
            let (a, b) = piece.span;
            self.fill(cell);
            self.end_removed(a, cluster);
            let at = Time::ZERO + Span::from_secs_f64(a.max(0.0));
            self.roster.update(cluster, at, piece.segment.served_by());
            let expected = self.scenario.traffic.integral(a, b);
            let rate = expected / (b - a).max(1e-9);
            self.piece.set(&piece, |cohort| {
                conditions.mask(cohort, rate, &piece, split)
            });
            self.enlist();
            self.play(self.ns(a), self.ns(b));
            self.now_s = b;
        }
    }

    fn ns(&self, t_s: f64) -> u64 {
        ((t_s - self.origin_s) * 1e9) as u64
    }

    fn slot(&self, (workload, ordinal): (usize, u32)) -> Option<usize> {
        let slot = *self.slots.get(workload)?.get(ordinal as usize)?;
        (slot > 0).then(|| slot as usize - 1)
    }

    fn fill(&mut self, cell: usize) {
        if self.cell == Some(cell) {
            return;
        }
        self.cell = Some(cell);
        let traffic = &self.scenario.traffic;
        let count = self.arrivals.count(cell, traffic);
        let bounds = self.arrivals.bounds(cell);
        self.instants
            .fill(bounds, count, traffic, &mut self.instants_stream);
    }

    /// Gives every pod of the roster its place, and the piece its pods.
    fn enlist(&mut self) {
        for (cohort, pods) in self.roster.pods.iter().enumerate() {
            self.piece.pods[cohort].clear();
            for ((workload, ordinal), ready) in pods {
                let slots = &mut self.slots[*workload];
                let index = *ordinal as usize;
                if slots.len() <= index {
                    slots.resize(index + 1, 0);
                }
                if slots[index] == 0 {
                    let ready_s = ready.as_secs_f64();
                    self.pods.push(Pod {
                        // Pods of the start are long warm.
                        ready_ns: if ready_s <= 0.0 {
                            0
                        } else {
                            ((ready_s - self.origin_s) * 1e9) as u64
                        },
                        ..Pod::default()
                    });
                    slots[index] = self.pods.len() as u32;
                }
                self.piece.pods[cohort].push(slots[index] - 1);
            }
        }
    }

    /// Pods that were removed finish what they can while they drain; the rest fails.
    fn end_removed(&mut self, now_s: f64, cluster: &Cluster) {
        let Some(drain_s) = self.scenario.service.drain_s else {
            return;
        };
        let mut ended = Vec::new();
        cluster.each_life(|name, _, gone, _| {
            if let Some(gone) = gone.filter(|gone| gone.as_secs_f64() <= now_s) {
                ended.push((name, self.ns(gone.as_secs_f64() + drain_s)));
            }
        });
        for (name, dead_ns) in ended {
            let Some(slot) = self.slot(name) else {
                continue;
            };
            if self.pods[slot].dead_ns.is_none() {
                self.kill(slot, dead_ns);
            }
        }
    }

    /// From this instant on a pod answers nothing: what it has then fails.
    fn kill(&mut self, slot: usize, dead_ns: u64) {
        self.pods[slot].dead_ns = Some(dead_ns);
        let hurt = &mut self.tally.hurt;
        self.agenda.amend(|at_ns, coming| match coming {
            Coming::Answer(answer) if answer.pod == slot as u32 && at_ns > dead_ns => {
                let new = answer.cohort != Cohort::PrimaryOld;
                if answer.origin == Origin::User && new && !answer.failed && !answer.hurt {
                    *hurt += 1;
                    answer.hurt = true;
                }
                answer.failed = true;
                dead_ns.max(answer.arrived_ns)
            }
            _ => at_ns,
        });
    }

    /// Plays the events of an interval in which the split stands still.
    fn play(&mut self, from_ns: u64, end_ns: u64) {
        let origin_s = self.origin_s;
        while self.instants.peek_ns(origin_s) < from_ns {
            self.instants.advance();
        }
        let mut load_ns = self.next_load(from_ns);
        loop {
            let arrival_ns = self.instants.peek_ns(origin_s);
            let coming_ns = self.agenda.next_ns();
            let next_ns = arrival_ns.min(coming_ns).min(load_ns);
            if next_ns >= end_ns {
                return;
            }
            if coming_ns == next_ns {
                match self.agenda.pop() {
                    Some((now_ns, Coming::Answer(answer))) => self.answer(now_ns, answer),
                    Some((now_ns, Coming::Repeat { attempt })) => self.user(now_ns, attempt),
                    None => return,
                }
            } else if arrival_ns == next_ns {
                self.instants.advance();
                self.user(next_ns, 0);
            } else {
                self.serve(next_ns, Cohort::Canary, (Origin::LoadTest, 0));
                load_ns = self.next_load(next_ns);
            }
        }
    }

    /// The next request of a load test: a Poisson process has no memory, so it may be drawn anew
    /// whenever the rate changes.
    fn next_load(&mut self, now_ns: u64) -> u64 {
        if self.piece.load_rps <= 0.0 {
            return u64::MAX;
        }
        let gap: f64 = Exp1.sample(&mut self.stream);
        now_ns + (gap / self.piece.load_rps * 1e9) as u64
    }

    /// A user's request arrives at the router.
    fn user(&mut self, now_ns: u64, attempt: u8) {
        let cohort = self.piece.cohort(self.stream.random());
        if self.piece.mirror > 0.0 && self.stream.random::<f64>() < self.piece.mirror {
            self.serve(now_ns, Cohort::Canary, (Origin::Mirror, 0));
        }
        let is_counted = now_ns as f64 >= -self.origin_s * 1e9;
        self.tally.requests += u64::from(is_counted);
        if let Some(cohort) = cohort {
            self.serve(now_ns, cohort, (Origin::User, attempt));
        }
    }

    /// A request meets a pod of a cohort.
    fn serve(&mut self, now_ns: u64, cohort: Cohort, (origin, attempt): (Origin, u8)) {
        let bits = self.stream.next_u64();
        let (luck, score): (f64, f64) = (
            self.stream.random(),
            StandardNormal.sample(&mut self.stream),
        );
        let ingress = match origin {
            Origin::LoadTest => u16::MAX,
            Origin::User | Origin::Mirror => pick(bits >> 32, self.ingress.len()) as u16,
        };
        let low = bits & 0xffff_ffff;
        let pods = &self.piece.pods[cohort as usize];
        if pods.is_empty() {
            return;
        }
        let slot = pods[pick(low, pods.len())];
        let mask = self.piece.mask[cohort as usize];
        let behaviour = self.behaviours.get(mask).behaviour;
        let service = &self.scenario.service;
        let pod = &mut self.pods[slot as usize];
        let mut service_s = behaviour.latency.at_score(score);
        if let Some(warm_up) = service.warm_up.filter(|_| pod.ready_ns > 0) {
            service_s *= warm_up.factor(now_ns.saturating_sub(pod.ready_ns) as f64 * 1e-9);
        }
        let mut failed = luck < behaviour.error_share;
        let work_ns = (service_s * 1e9) as u64;
        let mut finish_ns = match pod.station.admit(now_ns, work_ns, self.limits) {
            Some(service) => service.finish_ns,
            None => {
                failed = true;
                now_ns
            }
        };
        if let Some(timeout_s) = service.timeout_s {
            let latest_ns = now_ns + (timeout_s * 1e9) as u64;
            failed |= finish_ns > latest_ns;
            finish_ns = finish_ns.min(latest_ns);
        }
        if let Some(dead_ns) = pod.dead_ns.filter(|dead_ns| finish_ns > *dead_ns) {
            failed = true;
            finish_ns = dead_ns.max(now_ns);
        }
        let mut answer = Answer {
            arrived_ns: now_ns,
            pod: slot,
            ingress,
            cohort,
            attempt,
            failed,
            origin,
            hurt: false,
        };
        if origin == Origin::User && cohort != Cohort::PrimaryOld {
            let latency_s = (finish_ns - now_ns) as f64 * 1e-9;
            answer.hurt = self.suffers(now_ns, (failed, latency_s), (luck, score, low), mask);
        }
        self.agenda.push(finish_ns, Coming::Answer(answer));
    }

    /// Notes that a user's request met the new version, and whether it fared worse than the same
    /// request (the same random numbers) would have on a pod of the old one at that moment.
    fn suffers(
        &mut self,
        now_ns: u64,
        (failed, latency_s): (bool, f64),
        (luck, score, low): (f64, f64, u64),
        mask: usize,
    ) -> bool {
        let now_s = now_ns as f64 * 1e-9 + self.origin_s;
        if now_s < 0.0 {
            return false;
        }
        self.tally.exposed += 1;
        let is_release_fault = self.behaviours.get(mask).is_release_fault;
        if is_release_fault && self.tally.met_s.is_none() {
            self.tally.met_s = Some(now_s);
        }
        let service = &self.scenario.service;
        if !is_release_fault && !service.is_stateful() {
            return false;
        }
        let old = self.behaviours.on_old(mask).behaviour;
        let stable = &self.piece.pods[Cohort::PrimaryOld as usize];
        let wait_ns = if stable.is_empty() {
            0
        } else {
            let slot = stable[pick(low, stable.len())];
            self.pods[slot as usize].station.wait_ns(now_ns)
        };
        let old_s = wait_ns as f64 * 1e-9 + old.latency.at_score(score);
        let too_late = |timeout_s: f64| old_s > timeout_s;
        let old_failed = luck < old.error_share || service.timeout_s.is_some_and(too_late);
        let patience_s = service.patience_s;
        let slowed = latency_s > patience_s && old_s <= patience_s;
        let hurt = !old_failed && (failed || slowed);
        self.tally.hurt += u64::from(hurt);
        hurt
    }

    /// A request is answered: its observers count it.
    fn answer(&mut self, now_ns: u64, answer: Answer) {
        let seconds = (now_ns - answer.arrived_ns) as f64 * 1e-9;
        let bounds_s = &self.scenario.scrape.buckets_s;
        let bucket = bounds_s.partition_point(|bound| *bound < seconds);
        let at = (bucket, bounds_s.len() + 1);
        self.pods[answer.pod as usize]
            .counts
            .of(answer.failed)
            .add_one(seconds, at);
        if let Some(pairs) = self.ingress.get_mut(answer.ingress as usize) {
            let pair = &mut pairs[answer.cohort as usize];
            pair.of(answer.failed).add_one(seconds, at);
        }
        if answer.failed && answer.origin == Origin::User {
            self.repeat(now_ns, answer.attempt);
        }
    }

    fn repeat(&mut self, now_ns: u64, attempt: u8) {
        let Some(retries) = self.scenario.retries else {
            return;
        };
        if attempt < retries.max && self.stream.random::<f64>() < retries.share {
            let attempt = attempt + 1;
            let at_ns = now_ns + retries.backoff.nanos();
            self.agenda.push(at_ns, Coming::Repeat { attempt });
        }
    }
}

impl Pair {
    fn of(&mut self, failed: bool) -> &mut Counts {
        if failed {
            &mut self.failed
        } else {
            &mut self.good
        }
    }
}

/// One of `len` by 32 random bits (Lemire's multiplication; the bias is below len / 2^32).
const fn pick(bits: u64, len: usize) -> usize {
    ((bits * len as u64) >> 32) as usize
}

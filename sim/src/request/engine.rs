//! Every request of a replication, one after another.

use coalmine_policy::{Span, Time};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, Exp1, StandardNormal};

use super::agenda::Agenda;
use super::arrivals::Instants;
use super::course::{Attempt, Course, Origin};
use super::piece::Piece;
use super::roster::Roster;
use super::sessions::Book;
use super::station::{Limits, Station};
use super::tries::{FIRST, Tries};
use crate::affinity::Sticks;
use crate::arrivals::{Arrivals, CELL_S};
use crate::cluster::Cluster;
use crate::conditions::{Conditions, Request};
use crate::counts::Sheet;
use crate::exposition::{Class, Target};
use crate::fault::{Behaviours, Version};
use crate::flow::Tally;
use crate::keep_alive::{Connections, End, KeepAlive};
use crate::router::Cause;
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
    pub(super) stream: Stream,
    agenda: Agenda<Coming>,
    roster: Roster,
    pub(super) piece: Piece,
    pods: Vec<Pod>,
    /// By workload and ordinal, the index in `pods` plus one.
    slots: Vec<Vec<u32>>,
    /// By replica of the ingress controller and cohort.
    ingress: Vec<[Sheet; 3]>,
    /// Nothing counted yet.
    blank: Sheet,
    tally: Tally,
    /// By workload, how many outages of its pods have been played.
    outages: [usize; 2],
    /// Users with sessions.
    book: Option<Book>,
    /// Requests that the router tries again.
    pub(super) tries: Tries,
    /// Connections that clients keep, if they do.
    connections: Option<Connections>,
    keep_alive: Option<KeepAlive>,
}

/// What is to come.
#[derive(Clone, Copy, Debug)]
enum Coming {
    /// A request is answered.
    Answer(Answer),
    /// A client repeats a failed request.
    Repeat(Attempt),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    arrived_ns: u64,
    pub(super) pod: u32,
    pub(super) ingress: u16,
    pub(super) cohort: Cohort,
    origin: Origin,
    pub(super) course: Course,
    /// What the router has tried before, as a number of [`Tries`]; [`FIRST`] at the first try.
    pub(super) tried: u32,
}

#[derive(Debug, Default)]
struct Pod {
    station: Station,
    sheet: Sheet,
    rank: u32,
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
        let blank = Sheet::new(scenario.routes.len(), scenario.business.len());
        let by_cohort = [blank.clone(), blank.clone(), blank.clone()];
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
            slots: Vec::new(),
            ingress: vec![by_cohort; scenario.scrape.ingress_replicas.max(1) as usize],
            blank,
            tally: Tally {
                lost: vec![0; scenario.business.len()],
                ..Tally::default()
            },
            outages: [0; 2],
            book: scenario
                .sessions
                .map(|sessions| Book::new(sessions, streams)),
            tries: Tries::default(),
            connections: None,
            keep_alive: None,
        }
    }

    /// The same with clients that keep their connections so.
    #[must_use]
    pub fn keeping_alive(self, keep_alive: Option<KeepAlive>) -> Self {
        Self { keep_alive, ..self }
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
        self.ingress.iter_mut().flatten().for_each(Sheet::clear);
        self.tally = Tally {
            lost: vec![0; self.scenario.business.len()],
            ..Tally::default()
        };
        self.outages = [0; 2];
        self.tries.clear();
        let stream = streams.get(Purpose::Connections);
        self.connections = self.keep_alive.map(|kept| Connections::new(kept, stream));
        if let Some(book) = &mut self.book {
            book.reset(streams);
        }
    }

    /// Sessions stick to the sides of the router so.
    pub(crate) fn stick(&mut self, sticks: Option<Sticks>) {
        if let Some(book) = &mut self.book {
            book.sticks = sticks;
        }
    }

    /// What the requests so far came to; those that are still being worked on, as they will end.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = self.tally.clone();
        let mut users = Vec::new();
        self.agenda.each(|coming| match coming {
            Coming::Answer(answer) if answer.origin == Origin::User => {
                if self.weigh(&answer.course, &mut tally.lost) {
                    tally.hurt += 1;
                    users.push(answer.course.attempt.session);
                }
            }
            Coming::Answer(_) | Coming::Repeat(_) => {}
        });
        let Some(book) = &self.book else {
            (tally.exposed_users, tally.hurt_users) = (tally.exposed, tally.hurt);
            return tally;
        };
        users.sort_unstable();
        users.dedup();
        let more = users.iter().filter(|session| !book.was_hurt(**session));
        tally.hurt_users += more.count() as u64;
        tally
    }

    /// Requests that pods have answered so far, how many of them failed, and their latencies' sum.
    #[must_use]
    pub fn answered(&self) -> (u64, u64, f64) {
        let all = self.pods.iter().flat_map(|pod| pod.sheet.routes());
        all.fold((0, 0, 0.0), |(requests, failed, seconds), pair| {
            (
                requests + pair.good.requests + pair.failed.requests,
                failed + pair.failed.requests,
                seconds + pair.good.seconds + pair.failed.seconds,
            )
        })
    }

    /// Adds what a target has counted of a class.
    pub(crate) fn read(&self, target: Target, class: Class, into: &mut Sheet) {
        match (target, class) {
            (Target::Pod { workload, ordinal }, _) => {
                if let Some(slot) = self.slot((workload, ordinal)) {
                    into.merge(&self.pods[slot].sheet);
                }
            }
            (Target::Ingress(replica), Class::Routed(cohorts)) => {
                if let Some(sheets) = self.ingress.get(replica as usize) {
                    for cohort in cohorts {
                        into.merge(&sheets[*cohort as usize]);
                    }
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
            self.end_crashed(a, cluster);
            let at = Time::ZERO + Span::from_secs_f64(a.max(0.0));
            self.roster.update(cluster, at, piece.segment.served_by());
            self.redial(a);
            let expected = self.scenario.traffic.integral(a, b);
            let rate = expected / (b - a).max(1e-9);
            self.piece.rate = rate;
            let rate = rate * conditions.attempts(rate, &piece, split);
            self.piece
                .set(&piece, rate, (self.scenario, split), conditions);
            self.enlist();
            self.play(self.ns(a), self.ns(b), conditions);
            self.now_s = b;
        }
    }

    /// Connections that are kept notice what became of the pods.
    fn redial(&mut self, now_s: f64) {
        let Some(connections) = &mut self.connections else {
            return;
        };
        let pods = Cohort::ALL.into_iter().flat_map(|cohort| {
            let pods = self.roster.pods[cohort as usize].iter();
            pods.map(move |(pod, ..)| End { pod: *pod, cohort })
        });
        connections.meet(now_s.max(0.0), pods);
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
            for ((workload, ordinal), ready, rank) in pods {
                if self.slots.len() <= *workload {
                    self.slots.resize(*workload + 1, Vec::new());
                }
                let slots = &mut self.slots[*workload];
                let index = *ordinal as usize;
                if slots.len() <= index {
                    slots.resize(index + 1, 0);
                }
                let origin_s = self.origin_s;
                let ready_ns = |ready_s: f64| ((ready_s - origin_s) * 1e9) as u64;
                // A process that was started again is a new one, and counts from zero.
                let is_new = |slot: u32| {
                    let known = slot.checked_sub(1).map(|slot| &self.pods[slot as usize]);
                    let ready_s = ready.as_secs_f64();
                    known.is_none_or(|pod| {
                        pod.dead_ns
                            .is_some_and(|dead_ns| dead_ns < ready_ns(ready_s))
                    })
                };
                if is_new(slots[index]) {
                    let ready_s = ready.as_secs_f64();
                    self.pods.push(Pod {
                        // Pods of the start are long warm.
                        ready_ns: if ready_s <= 0.0 { 0 } else { ready_ns(ready_s) },
                        sheet: self.blank.clone(),
                        rank: *rank,
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
                self.kill(slot, dead_ns, true);
            }
        }
    }

    /// What a process had in work when it died fails.
    fn end_crashed(&mut self, now_s: f64, cluster: &Cluster) {
        for workload in 0..self.outages.len() {
            let outages = cluster.outages(workload);
            while let Some(outage) = outages
                .get(self.outages[workload])
                .filter(|outage| outage.from.as_secs_f64() <= now_s)
            {
                self.outages[workload] += 1;
                if let Some(slot) = self.slot((workload, outage.ordinal)) {
                    let dead_ns = self.ns(outage.from.as_secs_f64());
                    let lost = self.behaviours.lost(Version::New);
                    let hurts = self.behaviours.get(lost).is_release_fault;
                    self.kill(slot, dead_ns, hurts);
                }
            }
        }
    }

    /// From this instant on a pod answers nothing: what it has then fails.
    fn kill(&mut self, slot: usize, dead_ns: u64, hurts: bool) {
        self.pods[slot].dead_ns = Some(dead_ns);
        self.agenda.amend(|at_ns, coming| match coming {
            Coming::Answer(answer) if answer.pod == slot as u32 && at_ns > dead_ns => {
                answer.course.failed = true;
                answer.course.cause = Cause::Lost;
                // Whom an old pod lets down the release has not hurt.
                answer.course.old_failed |= !hurts || answer.cohort == Cohort::PrimaryOld;
                dead_ns.max(answer.arrived_ns)
            }
            _ => at_ns,
        });
    }

    /// Plays the events of an interval in which the split stands still.
    fn play(&mut self, from_ns: u64, end_ns: u64, conditions: &Conditions<'_>) {
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
                    Some((now_ns, Coming::Answer(answer))) => {
                        self.answer(now_ns, answer, conditions);
                    }
                    Some((now_ns, Coming::Repeat(attempt))) => self.user(now_ns, attempt),
                    None => return,
                }
            } else if arrival_ns == next_ns {
                self.instants.advance();
                let session = match &mut self.book {
                    Some(book) => book.next(next_ns, self.piece.rate),
                    None => 0,
                };
                self.user(next_ns, Attempt::first(session));
            } else {
                let load = (Origin::LoadTest, Attempt::default());
                self.serve(next_ns, Cohort::Canary, load);
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
    fn user(&mut self, now_ns: u64, attempt: Attempt) {
        let luck = self.stream.random();
        let cohort = self.cohort(&attempt, luck);
        if self.piece.mirror > 0.0 && self.stream.random::<f64>() < self.piece.mirror {
            self.serve(now_ns, Cohort::Canary, (Origin::Mirror, Attempt::default()));
        }
        self.tally.requests += u64::from(attempt.number == 0 && self.counts(now_ns));
        if self.connections.is_some() {
            self.send_on(now_ns, attempt);
        } else if let Some(cohort) = cohort {
            self.serve(now_ns, cohort, (Origin::User, attempt));
        } else if let Some(cohort) = self.piece.refused(luck) {
            self.refuse(now_ns, cohort, attempt);
        }
    }

    /// A request is sent on one of the connections that are kept.
    fn send_on(&mut self, now_ns: u64, attempt: Attempt) {
        let bits = self.stream.next_u64();
        let (luck, score): (f64, f64) = (
            self.stream.random(),
            StandardNormal.sample(&mut self.stream),
        );
        let now_s = now_ns as f64 * 1e-9 + self.origin_s;
        let Some(connections) = &mut self.connections else {
            return;
        };
        connections.advance(now_s);
        let end = connections.end(bits & 0xffff_ffff);
        let at = end.and_then(|end| Some((self.slot(end.pod)? as u32, end.cohort)));
        let Some(at) = at else {
            self.refuse(now_ns, Cohort::PrimaryOld, attempt);
            return;
        };
        let luck = (luck, score, bits & 0xffff_ffff);
        let ingress = pick(bits >> 32, self.ingress.len()) as u16;
        self.work(now_ns, at, luck, (Origin::User, ingress, attempt, FIRST));
    }

    /// The cohort that serves a user's request; none when the router answers it itself.
    fn cohort(&mut self, attempt: &Attempt, luck: f64) -> Option<Cohort> {
        let session = attempt.session;
        let Some(book) = self.book.as_mut().filter(|book| book.is_sticky()) else {
            return self.piece.cohort(luck);
        };
        let Some(sides) = &self.piece.sides else {
            // Nobody serves on the canary's side.
            book.get(session).on_canary = Some(false);
            return self.piece.cohort(luck);
        };
        let on_canary = book.is_on_canary(session, sides.fresh, attempt.number > 0);
        Piece::cohort_of_side(sides, on_canary, luck)
    }

    /// The router answers 5xx itself: it counts that, and no pod does.
    fn refuse(&mut self, now_ns: u64, cohort: Cohort, mut attempt: Attempt) {
        let replica = pick(self.stream.next_u64() >> 32, self.ingress.len());
        let old = Cohort::PrimaryOld;
        // No pod: beyond those that faults can tell apart.
        let mask = self.meet(old, Origin::User, u32::MAX, &mut attempt);
        let buckets = self.scenario.scrape.buckets_s.len() + 1;
        let sheet = &mut self.ingress[replica][cohort as usize];
        let counts = &mut sheet.route_mut(attempt.route).failed;
        counts.add_quick(1, buckets);
        let luck = self.stream.random::<f64>();
        let old_failed = luck < self.behaviours.get(mask).behaviour.error_share;
        let course = Course {
            attempt,
            failed: true,
            cause: Cause::Lost,
            old_failed: old_failed || !self.counts(now_ns),
            slowed: false,
            mask: mask as u32,
            luck: self.completion_luck(),
        };
        let before = self.tally.hurt;
        self.conclude(now_ns, course);
        self.tally.refused += self.tally.hurt - before;
    }

    /// What decides on completions.
    fn completion_luck(&mut self) -> u64 {
        if self.scenario.business.is_empty() {
            0
        } else {
            self.stream.next_u64()
        }
    }

    /// What a request meets; its route is drawn when it is sent for the first time.
    fn meet(&mut self, cohort: Cohort, origin: Origin, rank: u32, attempt: &mut Attempt) -> usize {
        if !self.piece.differs() {
            return self.piece.mask[cohort as usize];
        }
        let request = self.ask(cohort, origin, rank, attempt);
        attempt.route = request.route;
        attempt.is_matching = Some(request.is_matching);
        self.piece.mask_of(cohort, &request)
    }

    /// A request meets a pod of a cohort.
    fn serve(&mut self, now_ns: u64, cohort: Cohort, (origin, attempt): (Origin, Attempt)) {
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
        let Some(cohort) = self.piece.served_for(cohort) else {
            if origin == Origin::User {
                self.refuse(now_ns, cohort, attempt);
            }
            return;
        };
        let pods = &self.piece.pods[cohort as usize];
        let slot = pods[pick(low, pods.len())];
        let luck = (luck, score, low);
        self.work(
            now_ns,
            (slot, cohort),
            luck,
            (origin, ingress, attempt, FIRST),
        );
    }

    /// A pod works on a request.
    pub(super) fn work(
        &mut self,
        now_ns: u64,
        (slot, cohort): (u32, Cohort),
        (luck, score, low): (f64, f64, u64),
        (origin, ingress, attempt, tried): (Origin, u16, Attempt, u32),
    ) {
        let rank = self.pods[slot as usize].rank;
        let mut attempt = attempt;
        let mask = self.meet(cohort, origin, rank, &mut attempt);
        let behaviour = self.behaviours.get(mask).behaviour;
        let service = &self.scenario.service;
        let warming = self.warming(self.pods[slot as usize].ready_ns, now_ns);
        let pod = &mut self.pods[slot as usize];
        let service_s = behaviour.latency.at_score(score) * warming;
        let mut failed = luck < behaviour.error_share;
        let mut cause = Cause::Answer;
        let work_ns = (service_s * 1e9) as u64;
        let mut finish_ns = match pod.station.admit(now_ns, work_ns, self.limits) {
            Some(service) => service.finish_ns,
            None => {
                (failed, cause) = (true, Cause::Full);
                now_ns
            }
        };
        if let Some(timeout_s) = service.timeout_s {
            let latest_ns = now_ns + (timeout_s * 1e9) as u64;
            if finish_ns > latest_ns {
                (failed, cause) = (true, Cause::Late);
            }
            finish_ns = finish_ns.min(latest_ns);
        }
        if let Some(dead_ns) = pod.dead_ns.filter(|dead_ns| finish_ns > *dead_ns) {
            (failed, cause) = (true, Cause::Lost);
            finish_ns = dead_ns.max(now_ns);
        }
        let mut course = Course {
            attempt,
            failed,
            cause,
            old_failed: failed,
            slowed: false,
            mask: mask as u32,
            luck: self.completion_luck(),
        };
        if origin == Origin::User && self.counts(now_ns) {
            if cohort != Cohort::PrimaryOld {
                self.expose(&mut course.attempt);
            }
            self.note_meeting(now_ns, mask);
            if self.differs_from_old(cohort, mask) {
                let latency_s = (finish_ns - now_ns) as f64 * 1e-9;
                let on_old = self.on_old(now_ns, (luck, score, low), mask);
                let patience_s = self.scenario.service.patience_s;
                course.old_failed = on_old.failed;
                course.slowed = latency_s > patience_s && on_old.latency_s <= patience_s;
            }
        }
        let answer = Answer {
            arrived_ns: now_ns,
            pod: slot,
            ingress,
            cohort,
            origin,
            course,
            tried,
        };
        self.agenda.push(finish_ns, Coming::Answer(answer));
    }

    /// Whether what arrives at an instant is counted: the scenario has begun.
    fn counts(&self, now_ns: u64) -> bool {
        now_ns as f64 >= -self.origin_s * 1e9
    }

    /// Notes that the new version has a user's request.
    fn expose(&mut self, attempt: &mut Attempt) {
        self.tally.exposed += u64::from(!attempt.exposed);
        attempt.exposed = true;
        if let Some(book) = &mut self.book {
            let session = book.get(attempt.session);
            self.tally.exposed_users += u64::from(!session.exposed);
            session.exposed = true;
        }
    }

    fn note_meeting(&mut self, now_ns: u64, mask: usize) {
        if self.tally.met_s.is_none() && self.behaviours.get(mask).is_release_fault {
            self.tally.met_s = Some(now_ns as f64 * 1e-9 + self.origin_s);
        }
    }

    /// Whether a request may be treated otherwise than without the release.
    fn differs_from_old(&self, cohort: Cohort, mask: usize) -> bool {
        let is_stateful = cohort != Cohort::PrimaryOld && self.scenario.service.is_stateful();
        is_stateful || self.behaviours.get(mask).is_release_fault
    }

    /// How the same attempt (the same random numbers) would have fared on a pod of the old version at
    /// that moment.
    fn on_old(&self, now_ns: u64, (luck, score, low): (f64, f64, u64), mask: usize) -> OnOld {
        let old = self.behaviours.on_old(mask).behaviour;
        let stable = &self.piece.pods[Cohort::PrimaryOld as usize];
        let mut latency_s = old.latency.at_score(score);
        let mut refused = false;
        if !stable.is_empty() {
            let pod = &self.pods[stable[pick(low, stable.len())] as usize];
            latency_s *= self.warming(pod.ready_ns, now_ns);
            latency_s += pod.station.wait_ns(now_ns) as f64 * 1e-9;
            refused = pod.station.refuses(now_ns, self.limits);
        }
        let is_late = |timeout_s: f64| latency_s > timeout_s;
        let is_late = self.scenario.service.timeout_s.is_some_and(is_late);
        OnOld {
            failed: refused || is_late || luck < old.error_share,
            latency_s,
        }
    }

    /// The factor on latencies of a pod since its readiness; 0 for what is long warm.
    fn warming(&self, ready_ns: u64, now_ns: u64) -> f64 {
        let warm_up = self.scenario.service.warm_up.filter(|_| ready_ns > 0);
        warm_up.map_or(1.0, |warm_up| {
            warm_up.factor(now_ns.saturating_sub(ready_ns) as f64 * 1e-9)
        })
    }

    /// Whether a request that ends so fared worse than on the old version; the completions that it lost
    /// are added.
    fn weigh(&self, course: &Course, lost: &mut [u64]) -> bool {
        if !course.is_spared() {
            return false;
        }
        let loses = self.lose(course, lost);
        course.failed || course.slowed || loses
    }

    /// Notes the completions that the old version would have had from a request; whether there are any.
    fn lose(&self, course: &Course, tally: &mut [u64]) -> bool {
        let [kept, kept_on_old] = self.behaviours.get(course.mask as usize).kept;
        let mut any = false;
        for (index, step) in self.scenario.business.iter().enumerate() {
            let luck = step_luck(course.luck, index);
            let completes = |kept: f64| luck < step.completion * kept;
            let is_lost = course.failed || !completes(kept);
            if step.is_of(course.attempt.route) && completes(kept_on_old) && is_lost {
                tally[index] += 1;
                any = true;
            }
        }
        any
    }

    /// What a request asks for, and who asks.
    fn ask(&mut self, cohort: Cohort, origin: Origin, rank: u32, attempt: &Attempt) -> Request {
        if let Some(is_matching) = attempt.is_matching {
            return Request {
                route: attempt.route,
                rank,
                is_matching,
            };
        }
        let routes = &self.scenario.routes;
        let route = if routes.is_empty() || attempt.number > 0 {
            usize::from(attempt.route)
        } else {
            let mut luck: f64 = self.stream.random();
            let is_it = |route: &crate::scenario::Route| {
                luck -= route.share;
                luck < 0.0
            };
            let index = routes.iter().position(is_it);
            index.unwrap_or(routes.len() - 1)
        };
        let share = match origin {
            Origin::User => self.piece.matching(cohort),
            Origin::Mirror => self.scenario.users.matching,
            Origin::LoadTest => 0.0,
        };
        Request {
            route: route as u16,
            rank,
            is_matching: share > 0.0 && self.stream.random::<f64>() < share,
        }
    }

    /// A request is answered: its observers count it.
    fn answer(&mut self, now_ns: u64, answer: Answer, conditions: &Conditions<'_>) {
        let seconds = (now_ns - answer.arrived_ns) as f64 * 1e-9;
        let bounds_s = &self.scenario.scrape.buckets_s;
        let bucket = bounds_s.partition_point(|bound| *bound < seconds);
        let at = (bucket, bounds_s.len() + 1);
        let course = answer.course;
        let sheet = &mut self.pods[answer.pod as usize].sheet;
        let route = course.attempt.route;
        let pair = sheet.route_mut(route);
        pair.of(course.failed).add_one(seconds, at);
        let steps = self.scenario.business.iter().zip(&mut sheet.completed);
        for (index, (step, count)) in steps.enumerate().filter(|_| !course.failed) {
            let kept = self.behaviours.get(course.mask as usize).kept[0];
            let completes = step_luck(course.luck, index) < step.completion * kept;
            *count += u64::from(completes && step.is_of(course.attempt.route));
        }
        if answer.origin == Origin::User
            && course.failed
            && self.try_again(now_ns, &answer, conditions)
        {
            return;
        }
        let cohort = self.tries.first(answer.tried).unwrap_or(answer.cohort);
        if let Some(sheets) = self.ingress.get_mut(answer.ingress as usize) {
            let pair = sheets[cohort as usize].route_mut(route);
            pair.of(course.failed).add_one(seconds, at);
        }
        self.tries.forget(answer.tried);
        if answer.origin == Origin::User {
            self.conclude(now_ns, course);
        }
    }

    /// A user has an answer.
    fn conclude(&mut self, now_ns: u64, course: Course) {
        if course.failed && self.repeat(now_ns, &course) {
            return;
        }
        let mut lost = std::mem::take(&mut self.tally.lost);
        let is_hurt = self.weigh(&course, &mut lost);
        self.tally.lost = lost;
        if !is_hurt {
            return;
        }
        self.tally.hurt += 1;
        if let Some(book) = &mut self.book {
            let session = book.get(course.attempt.session);
            self.tally.hurt_users += u64::from(!session.hurt);
            session.hurt = true;
        }
    }

    /// Whether the client repeats what failed.
    fn repeat(&mut self, now_ns: u64, course: &Course) -> bool {
        let Some(retries) = self.scenario.retries else {
            return false;
        };
        let number = course.attempt.number;
        if number >= retries.max || self.stream.random::<f64>() >= retries.share {
            return false;
        }
        let at_ns = now_ns + retries.backoff.nanos();
        self.agenda.push(at_ns, Coming::Repeat(course.again()));
        true
    }
}

/// How an attempt would have fared on the old version.
struct OnOld {
    failed: bool,
    latency_s: f64,
}

/// Whether a request completes a step of the business does not depend on whether it completes
/// another: each has its own number from 0 to 1.
fn step_luck(luck: u64, step: usize) -> f64 {
    let bits = crate::stream::mix(luck ^ step as u64);
    (bits >> 11) as f64 * (-53.0_f64).exp2()
}

/// One of `len` by 32 random bits (Lemire's multiplication; the bias is below len / 2^32).
pub(super) const fn pick(bits: u64, len: usize) -> usize {
    ((bits * len as u64) >> 32) as usize
}

//! One replication: a world drives a policy engine through the seam of `coalmine-policy`.

mod scaling;

use std::collections::BTreeMap;

use coalmine_policy::{
    Answer, Call, Effect, Effects, Engine, Exchange, HookCall, Input, Observation, Provider,
    Record, Replicas, Routes, Span, Standing, Time, Workload,
};
use coalmine_promql::Store;

use crate::affinity::Affinity;
use crate::capture::{canary_share, captured_share, mirrored_share};
use crate::cluster::Cluster;
use crate::draw::uniform;
use crate::fault::Version;
use crate::fidelity::Fidelity;
use crate::flow::Flow;
use crate::given;
use crate::hook;
use crate::keep_alive::Connections;
use crate::measure;
use crate::monitor::Monitor;
use crate::outcome::{Outcome, Verdict};
use crate::pods::Startup;
use crate::request::engine::Engine as Requests;
use crate::router::{Api, Change, Router, Table};
use crate::scenario::Users;
use crate::split::{Cohort, Segment};
use crate::stage::Stage;
use crate::stream::{Purpose, Seed, Streams};
use crate::timeline::{Entry, What};
use crate::truth::{Remembered, course_s};
pub use crate::witness::{Nobody, Witness};
use scaling::Scaling;

/// More inputs than this in one replication mean an engine that never comes to rest.
const INPUTS_MAX: u32 = 1_000_000;

/// A share of the traffic below this counts as none (design.md §4, mitigate).
pub const TRACE_SHARE: f64 = 0.001;

/// How long after a write its last effect on the data path is waited for.
const ROUTER_REST_S: f64 = 30.0;

/// From a Service's new selector to its EndpointSlice (an assumption: the controller acts on
/// events, so tens of milliseconds).
const SLICE_S: f64 = 0.02;

/// From a controller's decision to scale, by way of Deployment and ReplicaSet, to the pods' deletion
/// (an assumption).
const SCALE_S: f64 = 0.05;

/// A world that runs one replication after another, keeping its memory.
#[derive(Debug)]
pub struct World<'a> {
    stage: &'a Stage<'a>,
    seed: Seed,
    monitor: Monitor<'a>,
    flow: Flow<'a>,
    router: Router,
}

impl<'a> World<'a> {
    /// A world for a stage.
    #[must_use]
    pub fn new(stage: &'a Stage<'a>, seed: Seed) -> Self {
        let streams = Streams::new(seed, &stage.scenario.name, 0);
        let mut flow = Flow::new(
            stage.scenario,
            &stage.behaviours,
            (stage.families, stage.lead_s),
            &streams,
        );
        if stage.fidelity == Fidelity::Request {
            let engine = Requests::new(stage.scenario, &stage.behaviours, stage.lead_s, &streams);
            flow.each = Some(Box::new(engine.keeping_alive(stage.keep_alive())));
        }
        Self {
            stage,
            seed,
            monitor: Monitor::new(stage, &streams),
            flow,
            router: Router::new(&stage.router, streams.get(Purpose::Router)),
        }
    }

    /// Runs one replication.
    pub fn run(&mut self, replication: u32, witness: &mut dyn Witness) -> Outcome {
        self.play(replication, witness, false)
    }

    /// Runs one replication and scrapes on to the scenario's end: its outcome and every series
    /// that the stage shows.
    pub fn record(&mut self, replication: u32, witness: &mut dyn Witness) -> (Outcome, &Store) {
        let outcome = self.play(replication, witness, true);
        (outcome, self.monitor.store())
    }

    fn play(&mut self, replication: u32, witness: &mut dyn Witness, to_the_end: bool) -> Outcome {
        let streams = Streams::new(self.seed, &self.stage.scenario.name, replication);
        self.monitor.reset(&streams);
        self.flow.reset(&streams);
        self.router.reset(streams.get(Purpose::Router));
        let mut phase = streams.get(Purpose::Controller);
        let first_look =
            Time::ZERO + Span::from_secs_f64(uniform(&mut phase) * self.stage.subject.period_s());
        witness.begin(first_look);
        let service = &self.stage.scenario.service;
        let cluster = Cluster::at_rest(&self.stage.topology, self.stage.replicas)
            .with_experiments(&self.stage.experiments)
            .with_autoscaler(service.autoscaler.map(|spec| spec.min))
            .keeping_ages(self.stage.behaviours.count_age())
            .keeping_ranks(self.stage.behaviours.count_pods())
            .behind(self.stage.router.upstream())
            .warming_up(service.warm_up.map_or(0.0, |warm| warm.lasts_s));
        // The very same template, not only an equal one: engines compare them often.
        let promoted = cluster.template(Version::Old).clone();
        let mut rollout = Rollout {
            engine: self.stage.subject.start(first_look, promoted),
            cluster,
            startup: Startup {
                streams: &streams,
                time: service.startup,
                pre_stop_s: service.pre_stop_s,
                crashes: &self.stage.crashes,
            },
            effects: if witness.is_watching() {
                Effects::new()
            } else {
                Effects::without_records()
            },
            now: Time::ZERO,
            decided: None,
            inputs: 0,
            told_share: 0.0,
            remembered: Remembered::default(),
            pending: Vec::new(),
            affinity: affinity(self.stage),
            connections: connections(self.stage, &streams),
            senders: Senders {
                users: self
                    .stage
                    .behaviours
                    .count_users()
                    .then_some(self.stage.scenario.users),
                ..Senders::default()
            },
            scaling: None,
            world: self,
            witness,
        };
        rollout.scaling = rollout.autoscalers();
        let upstream = rollout.world.stage.router.upstream();
        let sticks = rollout.world.stage.sticks;
        rollout
            .world
            .flow
            .behind(upstream, sticks, &rollout.cluster);
        rollout.begin();
        rollout.go_on();
        if to_the_end {
            rollout.scrape_to_the_end();
        }
        rollout.play_to_the_end();
        let (standing, decided) = (rollout.engine.standing(), rollout.decided);
        let remembered = std::mem::take(&mut rollout.remembered);
        let verdict = match (decided, standing) {
            (_, Standing::Invalid) => Verdict::Invalid,
            (Some(_), Standing::Promoted) => Verdict::Promoted,
            (Some(_), Standing::RolledBack) => Verdict::RolledBack,
            _ => Verdict::Stuck,
        };
        let outcome = measure::outcome(
            &mut self.flow,
            self.stage.scenario,
            (replication, verdict, decided),
        );
        if witness.is_watching() {
            self.tell_truth(&remembered, witness);
            measure::tell(&outcome, self.stage.scenario, witness);
        }
        outcome
    }

    /// What was true when something was measured or decided, and all the time.
    fn tell_truth(&mut self, remembered: &Remembered, witness: &mut dyn Witness) {
        let scenario = self.stage.scenario;
        let horizon_s = scenario.horizon.as_secs_f64();
        let patience_s = scenario.service.patience_s;
        self.flow.follow_to_the_end(horizon_s);
        for at in &remembered.moments {
            let written = remembered.written_before(*at);
            let truth = self.flow.truth(at.as_secs_f64(), written, patience_s);
            let what = What::Truth(truth);
            witness.see(Entry { at: *at, what });
        }
        let changes = self.flow.split.segments().iter();
        for at_s in course_s(horizon_s, changes.map(|segment| segment.from_s)) {
            let at = Time::ZERO + Span::from_secs_f64(at_s);
            let written = remembered.written_at(at);
            // Of the instant itself, not of what was before it.
            let truth = self.flow.truth(at_s + 1e-3, written, patience_s);
            witness.survey(at, truth);
        }
    }
}

/// A replication on its way.
struct Rollout<'w, 'a> {
    world: &'w mut World<'a>,
    witness: &'w mut dyn Witness,
    engine: Box<dyn Engine>,
    cluster: Cluster,
    startup: Startup<'w>,
    effects: Effects,
    now: Time,
    decided: Option<Time>,
    inputs: u32,
    /// The share of the new version that the witness knows of.
    told_share: f64,
    /// For somebody who watches.
    remembered: Remembered,
    /// Webhooks, web metrics and jobs that take their time, in the order asked.
    pending: Vec<(Time, Call, Answer)>,
    senders: Senders,
    /// Autoscalers, if there are any.
    scaling: Option<Scaling>,
    /// Where sessions are, when they are sticky.
    affinity: Option<Affinity<'w>>,
    /// Connections that clients keep, where those are what is split.
    connections: Option<Connections>,
}

/// Sessions that stick to a side of the router, if there are any.
fn affinity<'a>(stage: &Stage<'a>) -> Option<Affinity<'a>> {
    if stage.keep_alive().is_some() {
        return None;
    }
    let sessions = stage.scenario.sessions.as_ref()?;
    Some(Affinity::new(
        sessions,
        stage.sticks?,
        &stage.scenario.traffic,
    ))
}

/// Connections that clients keep, if they do.
fn connections(stage: &Stage<'_>, streams: &Streams) -> Option<Connections> {
    let stream = streams.get(Purpose::Connections);
    Some(Connections::new(stage.keep_alive()?, stream))
}

/// Who sends the canary requests besides users at large.
#[derive(Clone, Copy, Debug, Default)]
struct Senders {
    /// Share of the requests that is mirrored to the canary.
    mirror: f64,
    /// Load tests on the canary.
    load_rps: f64,
    /// The users, where it matters who they are.
    users: Option<Users>,
    /// The share that the policy's rules captured for the canary.
    captured: Option<f64>,
}

impl Rollout<'_, '_> {
    /// The world at rest, then the new revision.
    fn begin(&mut self) {
        let lead_s = self.world.stage.lead_s;
        if !self.startup.crashes.list.is_empty() {
            // Pods in service have deaths to come, too.
            self.cluster.reconcile(self.now, &self.startup);
        }
        let mut at_rest = match &mut self.connections {
            None => self.cluster.segment(Time::ZERO, 0.0),
            Some(connections) => self.cluster.kept_segment(Time::ZERO, connections),
        };
        at_rest.from_s = -lead_s;
        self.world.flow.split.push(at_rest);
        self.show_pods();
        self.tell_engine(Input::Observed(Observation::Routes(Ok(Routes::default()))));
        self.tell_engine(Input::Observed(Observation::Configs(Ok(
            BTreeMap::default(),
        ))));
        self.see(What::Started);
        if self.cluster.is_routed() {
            self.note_written(0.0);
        }
        let new = self.cluster.template(Version::New).clone();
        self.tell_engine(Input::Observed(Observation::Template(new)));
    }

    /// From event to event until the horizon, or until nothing more can change.
    fn go_on(&mut self) {
        let horizon = Time::ZERO + self.world.stage.scenario.horizon;
        while self.inputs < INPUTS_MAX && !self.is_over() {
            let wake = self.engine.next_wake().map(|at| at.max(self.now));
            let ready = self.cluster.next_ready(self.now);
            let answer = self.pending.iter().map(|(at, ..)| *at).min();
            let stop = self.cluster.next_stop(self.now);
            let look = self.scaling.as_ref().map(|scaling| scaling.next);
            let events = wake.into_iter().chain(ready).chain(answer);
            let events = events.chain(stop).chain(look);
            let Some(next) = events.min() else {
                break;
            };
            if next >= horizon {
                break;
            }
            self.now = next;
            self.advance_router(next.as_secs_f64());
            if ready == Some(next) {
                self.pods_changed();
            } else if stop == Some(next) && !self.cluster.is_known_to_all(self.now) {
                self.push_segment();
            }
            if look == Some(next) {
                self.autoscale();
            }
            let come: Vec<_> = self
                .pending
                .extract_if(.., |(at, ..)| *at == next)
                .collect();
            for (_, call, answer) in come {
                self.tell_engine(Input::Answered { call, answer });
            }
            if wake == Some(next) {
                self.tell_engine(Input::Tick);
            }
        }
        let horizon_s = horizon.as_secs_f64();
        let rest_s = self.now.as_secs_f64() + ROUTER_REST_S;
        self.advance_router(rest_s.min(horizon_s));
        // Sessions may follow the last weight to the horizon, and connections the pods.
        let follow = self.affinity.as_ref().is_some_and(|a| !a.is_at_rest());
        if follow
            || self
                .connections
                .as_ref()
                .is_some_and(Connections::are_moving)
        {
            self.advance_router(horizon_s);
        }
    }

    fn scrape_to_the_end(&mut self) {
        let World {
            stage,
            monitor,
            flow,
            ..
        } = &mut *self.world;
        monitor.scrape(stage.scenario.horizon.as_secs_f64(), flow, &self.cluster);
    }

    /// In request fidelity: the requests that no scrape asked for.
    fn play_to_the_end(&mut self) {
        let World { stage, flow, .. } = &mut *self.world;
        flow.play_each(stage.scenario.horizon.as_secs_f64(), &self.cluster);
    }

    /// The decision is final and the pods have followed it.
    fn is_over(&self) -> bool {
        if self.scaling.is_some() || !self.engine.standing().is_final() {
            return false;
        }
        // What is written reaches the data path without further events here.
        let written = self.cluster.segment(self.now, self.world.router.written());
        let new_share = written.new_share();
        let clear = new_share <= TRACE_SHARE || new_share >= 1.0 - TRACE_SHARE;
        // While sessions stick to the canary, it matters when its pods go.
        let left = self
            .affinity
            .as_ref()
            .is_none_or(|a| a.share() <= TRACE_SHARE || a.is_at_rest());
        let moves = self
            .cluster
            .next_ready(self.now)
            .or(self.cluster.next_stop(self.now));
        clear && left && moves.is_none()
    }

    fn tell_engine(&mut self, input: Input) {
        self.inputs += 1;
        self.handle(input);
        self.carry_out();
    }

    /// The engine takes an input.
    fn handle(&mut self, input: Input) {
        hand(
            (&mut *self.engine, &mut self.effects),
            self.now,
            input,
            self.witness,
        );
    }

    /// The engine sees how its workloads look.
    fn show_pods(&mut self) {
        let engine = (&mut *self.engine, &mut self.effects);
        let (now, witness) = (self.now, &mut *self.witness);
        self.cluster.show(now, |input| {
            hand((&mut *engine.0, engine.1), now, input, witness);
        });
    }

    /// Carries out effects until none is left.
    fn carry_out(&mut self) {
        while let Some(effect) = self.effects.pop() {
            if let Some((call, answer)) = self.apply(effect) {
                self.inputs += 1;
                self.handle(Input::Answered { call, answer });
            }
        }
        if self.decided.is_none() && self.engine.standing().is_final() {
            self.decided = Some(self.now);
        }
    }

    fn apply(&mut self, effect: Effect) -> Option<(Call, Answer)> {
        match effect {
            Effect::Query { call, query } if query.provider != Provider::Prometheus => {
                let given = &self.world.stage.scenario.metrics;
                let (answer, delay) = given::reply(given, &query, self.now.since(Time::ZERO));
                self.answer_after(delay, call, answer)
            }
            Effect::Query { call, query } => {
                let world = &mut *self.world;
                let answer = world
                    .monitor
                    .answer(&query, self.now, &mut world.flow, &self.cluster);
                Some((call, Answer::Metric(answer)))
            }
            Effect::SetRoutes { call, routes } => {
                self.see(What::WeightWritten(routes.canary));
                let now_s = self.now.as_secs_f64();
                let share = canary_share(&routes, self.world.stage.scenario.users);
                let users = self.world.stage.scenario.users;
                self.senders.mirror = mirrored_share(&routes, users);
                self.senders.captured = captured_share(&routes, users);
                self.world.router.write(now_s, share);
                self.note_written(share);
                self.push_segment();
                self.advance_router(now_s);
                let seen = Input::Observed(Observation::Routes(Ok(routes)));
                self.handle(seen);
                Some((call, Answer::Done))
            }
            Effect::Scale {
                call,
                workload,
                replicas,
            } => Some((call, self.scale(&workload, replicas))),
            Effect::Promote { call } => {
                let to = self.cluster.template(Version::New).clone();
                Some((call, self.roll(&Workload::Primary, &to)))
            }
            Effect::Roll { call, workload, to } => Some((call, self.roll(&workload, &to))),
            Effect::CallHook { call, hook } => self.call_hook(call, &hook),
            Effect::PointService { service, to } => {
                self.point(service, &to);
                None
            }
            Effect::Record(record) => {
                self.note_moment(&record);
                self.see(What::Record(record));
                None
            }
        }
    }

    /// What is true at this moment can only be told when all of the replication is known.
    fn note_moment(&mut self, record: &Record) {
        let (at, moments) = (self.now, &mut self.remembered.moments);
        let matters = matches!(record, Record::Decided { .. } | Record::Measured { .. });
        if matters && moments.last().is_none_or(|last| *last < at) {
            moments.push(at);
        }
    }

    /// What the router's object says from now on.
    fn note_written(&mut self, share: f64) {
        if self.witness.is_watching() {
            self.remembered.writes.push((self.now, share));
        }
    }

    fn call_hook(&mut self, call: Call, hook: &HookCall) -> Option<(Call, Answer)> {
        let hooks = &self.world.stage.scenario.hooks;
        let reply = hook::reply(hooks, hook, self.now.since(Time::ZERO));
        if reply.load_rps > 0.0 && reply.load_rps != self.senders.load_rps {
            self.senders.load_rps = reply.load_rps;
            self.push_segment();
        }
        self.answer_after(reply.after, call, reply.answer)
    }

    fn answer_after(&mut self, delay: Span, call: Call, answer: Answer) -> Option<(Call, Answer)> {
        if delay == Span::ZERO {
            return Some((call, answer));
        }
        self.pending.push((self.now + delay, call, answer));
        None
    }

    fn scale(&mut self, workload: &Workload, replicas: Replicas) -> Answer {
        if !self
            .cluster
            .scale(self.now, workload, replicas, &self.startup)
        {
            return Answer::Failed(format!("no such workload: {workload:?}"));
        }
        self.pods_changed();
        Answer::Done
    }

    fn roll(&mut self, workload: &Workload, to: &coalmine_policy::Template) -> Answer {
        if !self.cluster.roll(self.now, workload, to, &self.startup) {
            return Answer::Failed(format!("no such workload: {workload:?}"));
        }
        self.pods_changed();
        Answer::Done
    }

    /// A Service selects other pods: the router hears of the Service at once, and of its endpoints
    /// when the EndpointSlice follows.
    fn point(&mut self, service: coalmine_policy::Service, to: &coalmine_policy::Template) {
        let now_s = self.now.as_secs_f64();
        let router = &mut self.world.router;
        let sent = (router.written(), router.tables());
        if let Some(generation) = self.cluster.point(service, to, sent) {
            router.event(now_s, Api::Service);
            router.slices(now_s, now_s + SLICE_S, generation);
        }
        self.push_segment();
    }

    /// Pods came, went, or became ready.
    fn pods_changed(&mut self) {
        self.cluster.reconcile(self.now, &self.startup);
        let now_s = self.now.as_secs_f64();
        let router = &mut self.world.router;
        // A controller scales when its write of the weight is done, and pods hear of it last.
        let told_s = router.after_writes_s(now_s) + SCALE_S;
        let sent = (router.written(), router.tables());
        let left = self.cluster.note_left(told_s, &self.startup, sent);
        self.push_segment();
        let router = &mut self.world.router;
        if let Some(generation) = left {
            router.slices(now_s, told_s, generation);
        } else {
            router.endpoints_changed(now_s);
        }
        self.show_pods();
        if self.witness.is_watching() {
            let old = self.cluster.serving(self.now, Version::Old);
            let new = self.cluster.serving(self.now, Version::New);
            self.see(What::PodsReady { old, new });
        }
        self.carry_out();
    }

    /// Notes who serves from now on.
    fn push_segment(&mut self) {
        let router = &self.world.router;
        self.cluster.forget_left(router.tables());
        let known = (router.share(), router.tables());
        let mut segment = match &mut self.connections {
            None => segment(&self.cluster, &mut self.affinity, self.now, known),
            Some(connections) => self.cluster.kept_segment(self.now, connections),
        };
        self.senders.add_to(&mut segment);
        self.world.flow.split.push(segment);
        self.tell_share(self.now, segment.new_share());
    }

    /// Tells of a change in who serves.
    fn tell_share(&mut self, at: Time, share: f64) {
        if self.witness.is_watching() && differs(share, self.told_share) {
            self.told_share = share;
            let what = What::WeightEffective(share);
            self.witness.see(Entry { at, what });
        }
    }

    /// Lets the data path follow what was written.
    fn advance_router(&mut self, until_s: f64) {
        let Self {
            world,
            cluster,
            witness,
            told_share,
            affinity,
            connections,
            ..
        } = self;
        let World { router, flow, .. } = &mut **world;
        let senders = self.senders;
        let mut push = |at_s: f64, mut segment: Segment| {
            let at = Time::ZERO + Span::from_secs_f64(at_s);
            senders.add_to(&mut segment);
            segment.from_s = at_s;
            let share = segment.new_share();
            if witness.is_watching() && differs(share, *told_share) {
                *told_share = share;
                let what = What::WeightEffective(share);
                witness.see(Entry { at, what });
            }
            flow.split.push(segment);
        };
        if let Some(connections) = connections {
            // Whoever keeps a connection does not ask where others would go.
            router.follow(until_s, |_, _| {});
            follow(connections, cluster, until_s, &mut push);
            return;
        }
        let mut weight = router.share();
        let mut look = None;
        let mut known: Vec<Table> = Vec::new();
        if affinity.is_some() {
            known.extend_from_slice(router.tables());
        }
        router.follow(until_s, |Change { at_s, share, .. }, tables| {
            let at = Time::ZERO + Span::from_secs_f64(at_s);
            if share == weight && cluster.is_known_to_all(at) {
                // A unit learnt of pods that nobody missed.
                return;
            }
            if affinity.is_none() {
                weight = share;
                push(at_s, cluster.segment_since(&mut look, at, (share, tables)));
                return;
            }
            relax(affinity, cluster, (weight, &known), at_s, &mut push);
            known.clear();
            known.extend_from_slice(tables);
            weight = share;
            push(at_s, segment(cluster, affinity, at, (share, tables)));
        });
        relax(affinity, cluster, (weight, &known), until_s, &mut push);
    }

    fn see(&mut self, what: What) {
        if self.witness.is_watching() {
            self.witness.see(Entry { at: self.now, what });
        }
    }
}

/// Gives an engine an input, and tells a witness of it.
fn hand(
    (engine, effects): (&mut dyn Engine, &mut Effects),
    now: Time,
    input: Input,
    witness: &mut dyn Witness,
) {
    if !witness.is_watching() {
        engine.handle(now, input, effects);
        return;
    }
    let exchange = Exchange::with(engine, now, input);
    effects.append(exchange.effects.iter().cloned());
    witness.hear(exchange);
}

/// Whether a share of the traffic is another one, rounding apart.
fn differs(a: f64, b: f64) -> bool {
    (a - b).abs() > 1e-9
}

impl Senders {
    /// Adds what reaches the canary besides users, as long as it has pods, and the users who reach it.
    fn add_to(&self, segment: &mut Segment) {
        if segment.pods[Cohort::Canary as usize] == 0 {
            return;
        }
        let share = segment.share[Cohort::Canary as usize];
        let matching = self.users.map_or(0.0, |users| {
            // While the data path follows, no more can have been captured than arrives.
            let captured = self.captured.map(|captured| captured.min(share));
            captured.unwrap_or(users.matching * share)
        });
        segment.mirror = self.mirror;
        segment.load_rps = self.load_rps;
        segment.matching = matching;
    }
}

/// Who serves while the router sends this share of what it splits to the canary, by what its units
/// know.
fn segment(
    cluster: &Cluster,
    affinity: &mut Option<Affinity<'_>>,
    now: Time,
    known: (f64, &[Table]),
) -> Segment {
    match affinity {
        None => cluster.segment_seen(now, known.0, known.1),
        Some(affinity) => cluster.sticky_segment(now, affinity, known),
    }
}

/// Lets connections end and be dialled anew until an instant.
fn follow(
    connections: &mut Connections,
    cluster: &Cluster,
    until_s: f64,
    push: &mut impl FnMut(f64, Segment),
) {
    if !connections.are_moving() {
        return;
    }
    while let Some((from_s, share)) = connections.step(until_s) {
        let at = Time::ZERO + Span::from_secs_f64(from_s);
        push(from_s, cluster.shared_out(at, Some(share)));
    }
}

/// Lets sticky sessions follow the weight until an instant.
fn relax(
    affinity: &mut Option<Affinity<'_>>,
    cluster: &Cluster,
    known: (f64, &[Table]),
    until_s: f64,
    push: &mut impl FnMut(f64, Segment),
) {
    while let Some(affinity) = affinity
        && let Some(at_s) = affinity.step(until_s)
    {
        let at = Time::ZERO + Span::from_secs_f64(at_s);
        push(at_s, cluster.sticky_segment(at, affinity, known));
    }
}

//! Pods and analyses as a recording has them.

use std::collections::BTreeMap;
use std::sync::Arc;

use coalmine_policy::argo::{Controller, Rollout};
use coalmine_policy::{
    Answer, Call, Command, Effect, Effects, Engine, Input, MetricAnswer, Observation, Replicas,
    Service, Template, Time, Workload, WorkloadState,
};

use super::status::Status;

/// A ReplicaSet: its size, its pods, the available ones.
#[derive(Clone, Copy, Default)]
pub(super) struct Pods {
    pub(super) spec: u32,
    pub(super) created: u32,
    pub(super) available: u32,
}

pub(super) struct World {
    controller: Controller,
    effects: Effects,
    now: Time,
    sets: BTreeMap<String, Pods>,
    moves: BTreeMap<String, Vec<String>>,
    weight: u32,
    /// What the router says of its weight.
    verified: Option<bool>,
    last: String,
    pub(super) trace: Vec<String>,
}

impl World {
    pub(super) fn new(rollout: Arc<Rollout>, install: bool) -> Self {
        let replicas = if install { 0 } else { rollout.replicas };
        let template = Template::new("v1");
        let controller = match install {
            true => Controller::install(rollout, template),
            false => Controller::new(rollout, template),
        };
        let at_rest = Pods {
            spec: replicas,
            created: replicas,
            available: replicas,
        };
        let mut world = Self {
            controller,
            effects: Effects::without_records(),
            now: Time::ZERO,
            sets: BTreeMap::from([("v1".to_owned(), at_rest)]),
            moves: BTreeMap::new(),
            weight: 0,
            verified: None,
            last: String::new(),
            trace: Vec::new(),
        };
        world.last = world.status().text(&world.sets);
        world
    }

    fn status(&self) -> Status {
        Status::of(&self.controller)
    }

    fn feed(&mut self, input: Input) {
        self.controller.handle(self.now, input, &mut self.effects);
        while let Some(effect) = self.effects.pop() {
            self.carry_out(effect);
        }
    }

    fn moved(&mut self, what: &str, to: String) {
        self.moves.entry(what.to_owned()).or_default().push(to);
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Scale {
                call,
                workload: Workload::ReplicaSet(template),
                replicas: Replicas::Exactly(count),
            } => {
                let name = template.as_str().to_owned();
                self.sets.entry(name.clone()).or_default().spec = count;
                self.moved(&name, count.to_string());
                self.answer(call, Answer::Done);
            }
            Effect::SetRoutes { call, routes } => {
                if routes.canary.value != self.weight {
                    self.weight = routes.canary.value;
                    self.moved("weight", self.weight.to_string());
                }
                self.answer(call, Answer::Done);
                self.feed(Input::Observed(Observation::WeightVerified(self.verified)));
            }
            Effect::PointService { service, to } => {
                let name = match service {
                    Service::Stable => "stable",
                    Service::Canary => "canary",
                    Service::Active => "active",
                    Service::Preview => "preview",
                };
                // Ping and pong swap roles without a write; without services there are subsets.
                let canary = &self.controller.rollout().canary;
                let subsets = canary.routing.as_ref().is_some_and(|r| r.subsets);
                if !canary.ping_pong && !subsets {
                    self.moved(name, to.as_str().to_owned());
                }
            }
            // An analysis ends when an event says so.
            Effect::Query { .. } => {}
            other => panic!("unexpected {other:?}"),
        }
    }

    fn answer(&mut self, call: Call, answer: Answer) {
        self.feed(Input::Answered { call, answer });
    }

    /// Lets the ReplicaSet controller follow, one ReplicaSet at a time.
    pub(super) fn settle(&mut self) {
        for _ in 0..1000 {
            let late = self
                .sets
                .iter_mut()
                .find(|(_, pods)| pods.created != pods.spec || pods.available > pods.spec);
            let Some((name, pods)) = late else {
                if self.end_terminated() {
                    continue;
                }
                self.tell();
                return;
            };
            pods.created = pods.spec;
            pods.available = pods.available.min(pods.spec);
            let name = name.clone();
            self.observe(&name);
        }
        panic!("no rest at {:?}", self.now);
    }

    fn observe(&mut self, name: &str) {
        let pods = self.sets[name];
        let template = Template::new(name);
        let mut state = WorkloadState::settled(template.clone(), pods.spec);
        state.created = pods.created;
        (state.ready, state.available) = (pods.available, pods.available);
        let workload = Workload::ReplicaSet(template);
        self.feed(Input::Observed(Observation::Workload(
            workload,
            Some(state),
        )));
    }

    pub(super) fn run_to(&mut self, end: Time) {
        for _ in 0..10_000 {
            let wake = self.controller.next_wake();
            let Some(wake) = wake.filter(|at| *at <= end) else {
                self.now = end;
                return;
            };
            self.now = wake.max(self.now);
            self.feed(Input::Tick);
            self.settle();
        }
        panic!("spins at {:?}", self.now);
    }

    pub(super) fn happen(&mut self, what: &str) {
        let words: Vec<&str> = what.split(' ').collect();
        match words[..] {
            ["tick"] => self.feed(Input::Tick),
            ["template", name] => {
                self.sets.entry(name.to_owned()).or_default();
                let template = Template::new(name);
                self.feed(Input::Observed(Observation::Template(template)));
            }
            ["ready", name, count] => {
                let count = count.parse().expect("a count");
                let pods = self.sets.entry(name.to_owned()).or_default();
                pods.available = pods.created.min(count);
                self.observe(name);
            }
            ["verify", answer] => {
                self.verified = answer.parse().ok();
                self.feed(Input::Observed(Observation::WeightVerified(self.verified)));
            }
            ["run", which, phase] => self.end_run(which, phase),
            [command] => self.feed(Input::Commanded(match command {
                "promote" => Command::Promote,
                "full" => Command::PromoteFull,
                "abort" => Command::Abort,
                "retry" => Command::Retry,
                "resume" => Command::Resume,
                "pause" => Command::Pause,
                "unpause" => Command::Unpause,
                other => panic!("unknown {other}"),
            })),
            _ => panic!("unknown {what}"),
        }
    }

    fn end_run(&mut self, which: &str, phase: &str) {
        let background = ["background", "post"].contains(&which);
        let Some(call) = self.status().open_call(background) else {
            return;
        };
        let answer = match phase {
            "Successful" => MetricAnswer::Vector(vec![1.0]),
            "Failed" => MetricAnswer::Vector(vec![0.0]),
            "Inconclusive" => MetricAnswer::Vector(vec![0.5]),
            _ => MetricAnswer::Error("down".to_owned()),
        };
        self.answer(call, Answer::Metric(answer));
    }

    /// What is measured when its run is terminated succeeds.
    fn end_terminated(&mut self) -> bool {
        let Some(call) = self.status().terminated_call() else {
            return false;
        };
        self.answer(call, Answer::Metric(MetricAnswer::Vector(vec![1.0])));
        true
    }

    fn tell(&mut self) {
        let state = self.status().text(&self.sets);
        let moves = std::mem::take(&mut self.moves);
        if state == self.last && moves.is_empty() {
            return;
        }
        let (sets, rest): (Vec<_>, Vec<_>) =
            moves.iter().partition(|(what, _)| what.starts_with('v'));
        let (weight, services): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|(what, _)| *what == "weight");
        let moves = sets.into_iter().chain(weight).chain(services);
        let moves: Vec<_> = moves
            .map(|(what, to)| format!("{what}:{}", to.join(">")))
            .collect();
        self.trace.push(format!(
            "{} {state} | {}",
            self.now.nanos() / 1_000_000,
            moves.join(" ")
        ));
        self.last = state;
    }
}

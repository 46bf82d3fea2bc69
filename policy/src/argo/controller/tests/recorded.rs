//! Whole rollouts that Argo's own controller was driven through.
//!
//! Each line of `recorded.jsonl` is a Rollout's spec, what happened to it and when, and the states
//! that Argo's `syncHandler` came to rest in: run after run of it over fake API stores until nothing
//! changed, pods and analyses as the events say. `CONFORMANCE_ARGO_LOOP=FILE` replays other lines.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::runs::ActiveRun;
use super::super::{Asked, Controller, Reason};
use super::world::rollout;
use crate::argo::Rollout;
use crate::{
    Answer, Call, Command, Effect, Effects, Engine, Input, MetricAnswer, Observation, Replicas,
    Service, Span, Template, Time, Workload, WorkloadState,
};

const RECORDED: &str = include_str!("recorded.jsonl");

#[derive(Deserialize)]
struct Case {
    name: String,
    spec: Value,
    events: Vec<Event>,
    /// `<milliseconds> <state> | <what moved>`, whenever one of them changed.
    trace: Vec<String>,
    /// The Rollout is new; otherwise v1 is at rest.
    #[serde(default)]
    install: bool,
    /// Argo never came to rest.
    #[serde(default)]
    hot: bool,
}

#[derive(Deserialize)]
struct Event {
    at: u64,
    #[serde(rename = "do")]
    what: String,
}

#[test]
fn rollouts_go_as_argos_controller_let_them_go() {
    let given = std::env::var("CONFORMANCE_ARGO_LOOP").ok();
    let text = given.map_or(RECORDED.to_owned(), |file| {
        std::fs::read_to_string(file).expect("CONFORMANCE_ARGO_LOOP names a file")
    });
    let mut counts: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let mut differ = Vec::new();
    for line in text.lines() {
        let case: Case = serde_json::from_str(line).expect("a case");
        if case.hot {
            continue;
        }
        let kind = case.name.rsplit_once('-').map_or("", |(kind, _)| kind);
        let count = counts.entry(kind.to_owned()).or_default();
        count.1 += 1;
        match replay(&case) {
            None => count.0 += 1,
            Some(difference) => differ.push(difference),
        }
    }
    for (kind, (agreed, all)) in &counts {
        println!("{kind}: {agreed} of {all} agree");
    }
    let all: u32 = counts.values().map(|(_, all)| all).sum();
    assert!(all > 0, "no case");
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}

/// The first difference.
fn replay(case: &Case) -> Option<String> {
    let mut world = World::new(manifest(&case.spec), case.install);
    for event in &case.events {
        let at = Time::ZERO + Span::from_millis(event.at);
        world.run_to(at);
        world.happen(&event.what);
        world.settle();
    }
    let (here, there) = (&world.trace, &case.trace);
    let same = here.iter().zip(there).take_while(|(a, b)| a == b).count();
    if same == here.len() && same == there.len() {
        return None;
    }
    let line = |trace: &[String]| trace.get(same).map_or("(nothing)", |line| line).to_owned();
    let before = same.checked_sub(1).map_or("(at rest)", |last| &here[last]);
    Some(format!(
        "{}\n  after {before}\n  Argo  {}\n  here  {}",
        case.name,
        line(there),
        line(here)
    ))
}

fn manifest(spec: &Value) -> Arc<Rollout> {
    let mut spec = spec.clone();
    spec["template"] = json!({
        "metadata": {"labels": {"app": "app"}},
        "spec": {"containers": [{"name": "app"}]},
    });
    let object = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "app", "namespace": "ns"},
        "spec": spec,
    });
    let template = "apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: t, namespace: ns}
spec:
  metrics:
  - name: m
    count: 1
    consecutiveErrorLimit: 0
    successCondition: result[0] == 1
    failureCondition: result[0] == 0
    provider: {prometheus: {address: 'http://p', query: up}}
";
    rollout(&format!("{object}\n---\n{template}"))
}

/// A ReplicaSet: its size, its pods, the available ones.
#[derive(Clone, Copy, Default)]
struct Pods {
    spec: u32,
    created: u32,
    available: u32,
}

struct World {
    controller: Controller,
    effects: Effects,
    now: Time,
    sets: BTreeMap<String, Pods>,
    moves: BTreeMap<String, Vec<String>>,
    weight: u32,
    /// What the router says of its weight.
    verified: Option<bool>,
    last: String,
    trace: Vec<String>,
}

impl World {
    fn new(rollout: Arc<Rollout>, install: bool) -> Self {
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
        world.last = world.state();
        world
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
                // Ping and pong swap roles without a write.
                if !self.controller.rollout().canary.ping_pong {
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
    fn settle(&mut self) {
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

    fn run_to(&mut self, end: Time) {
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

    fn happen(&mut self, what: &str) {
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
        let open = self.controller.asked.iter().find(|(_, asked)| match asked {
            Asked::StepMetric(_) => !background,
            Asked::BackgroundMetric(_) => background,
            _ => false,
        });
        let Some(call) = open.map(|(call, _)| *call) else {
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
        let runs = [&self.controller.step_run, &self.controller.background];
        let ends = runs.map(|run| run.as_ref().is_some_and(ActiveRun::terminated));
        let open = self.controller.asked.iter().find(|(_, asked)| match asked {
            Asked::StepMetric(_) => ends[0],
            Asked::BackgroundMetric(_) => ends[1],
            _ => false,
        });
        let Some(call) = open.map(|(call, _)| *call) else {
            return false;
        };
        self.answer(call, Answer::Metric(MetricAnswer::Vector(vec![1.0])));
        true
    }

    fn tell(&mut self) {
        let state = self.state();
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

    /// The Rollout's status and what hangs on it, as the recording writes it.
    fn state(&self) -> String {
        let controller = &self.controller;
        let rollout = controller.rollout();
        let steps = rollout.canary.steps.len();
        let step = match steps {
            0 => "-".to_owned(),
            _ => controller.current_step().to_string(),
        };
        let mut text = format!(
            "step={step} stable={} current={}",
            controller.stable, controller.current
        );
        let flags = [
            ("abort", controller.aborted()),
            ("full", controller.promote_full),
            ("cpause", controller.controller_pause),
            ("paused", controller.user_paused),
            ("checkpoint", controller.checkpoint),
        ];
        for (name, _) in flags.iter().filter(|(_, set)| *set) {
            write!(text, " {name}").expect("text");
        }
        for pause in &controller.pauses {
            let reason = match pause.reason {
                Reason::CanaryPauseStep => "CanaryPauseStep",
                Reason::InconclusiveAnalysisRun => "InconclusiveAnalysisRun",
                Reason::BlueGreenPause => "BlueGreenPause",
            };
            write!(text, " {reason}@{}", seconds(pause.since)).expect("text");
        }
        for (name, pods) in &self.sets {
            let Pods {
                spec,
                created,
                available,
            } = pods;
            write!(text, " {name}={spec}/{created}/{available}").expect("text");
            let mut sets = controller.sets.iter();
            let set = sets.find(|set| set.template.as_str() == name);
            if let Some(at) = set.and_then(|set| set.deadline).filter(|_| *spec > 0) {
                write!(text, "@{}", seconds(at)).expect("text");
            }
        }
        self.write_rest(&mut text);
        text
    }

    fn write_rest(&self, text: &mut String) {
        let controller = &self.controller;
        let rollout = controller.rollout();
        let named = |name: bool, to: &Template| match to.as_str() {
            hash if name && !hash.is_empty() => hash.to_owned(),
            _ => "-".to_owned(),
        };
        let (stable, canary) = (&controller.stable_service, &controller.canary_service);
        let names = match &rollout.blue_green {
            Some(blue_green) => {
                let preview = named(blue_green.preview_service.is_some(), canary);
                let active = named(true, stable);
                write!(text, " active>{active} preview>{preview}").expect("text");
                ["pre", "post"]
            }
            None => {
                let stable = named(rollout.canary.stable_service.is_some(), stable);
                let canary = named(rollout.canary.canary_service.is_some(), canary);
                write!(text, " stable>{stable} canary>{canary}").expect("text");
                ["step", "background"]
            }
        };
        if rollout.is_routed() {
            let to = named(true, &controller.routed_to);
            write!(text, " weight={}:{to}", controller.weight).expect("text");
            let mut routes: Vec<_> = controller.managed.iter().map(|r| &*r.name).collect();
            routes.sort_unstable();
            if !routes.is_empty() {
                write!(text, " managed={}", routes.join(",")).expect("text");
            }
        }
        let runs = [&controller.step_run, &controller.background];
        let over = controller.aborted() || controller.fully_promoted();
        for (name, run) in names.into_iter().zip(runs).filter(|_| !over) {
            if let Some(run) = run {
                write!(text, " {name}:{}", phase(run)).expect("text");
            }
        }
        write!(text, " {:?}", controller.phase).expect("text");
    }
}

fn phase(run: &ActiveRun) -> &'static str {
    run.phase()
        .map_or("Running", crate::argo::analysis::Phase::as_str)
}

fn seconds(at: Time) -> u64 {
    at.nanos() / 1_000_000_000
}

//! The world of these tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::Controller;
use crate::argo::{Rollout, read};
use crate::source::{Diagnostics, Source, read_documents};
use crate::{
    Answer, Command, Effect, Effects, Engine, ExperimentSet, Input, MetricAnswer, Observation,
    Record, Replicas, RouteRule, Routes, Service, Standing, Template, Time, Workload,
    WorkloadState,
};

/// Reads one Rollout; panics on errors.
pub(super) fn rollout(yaml: &str) -> Arc<Rollout> {
    let source = Source {
        file: "rollout.yaml".into(),
        text: yaml.into(),
    };
    let mut diagnostics = Diagnostics::new();
    let documents = read_documents(&source, &mut diagnostics);
    let rollouts = read(&documents, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{diagnostics:?}");
    rollouts.into_iter().next().expect("one Rollout")
}

/// A Rollout of `replicas` with these steps (YAML list) and further canary fields.
pub(super) fn manifest(replicas: u32, steps: &str, more: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: app, namespace: ns}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: app}}}}
  template:
    metadata: {{labels: {{app: app}}}}
    spec: {{containers: [{{name: app}}]}}
  strategy:
    canary:
      stableService: stable
      canaryService: canary
      steps: {steps}
{more}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: t, namespace: ns}}
spec:
  metrics:
  - name: m
    interval: 1m
    count: 3
    successCondition: result[0] == 1
    failureCondition: result[0] == 0
    provider: {{prometheus: {{address: 'http://p', query: up}}}}
"
    )
}

/// A blue-green Rollout with these further fields.
pub(super) fn blue_green(replicas: u32, fields: &[&str]) -> String {
    let lines: Vec<_> = fields
        .iter()
        .map(|field| format!("      {field}\n"))
        .collect();
    let yaml = manifest(replicas, "[]", "");
    let canary = "    canary:\n      stableService: stable\n      canaryService: canary\n      \
                  steps: []\n";
    let strategy = format!(
        "    blueGreen:\n      activeService: active\n      previewService: preview\n{}",
        lines.concat()
    );
    assert!(yaml.contains(canary));
    yaml.replace(canary, &strategy)
}

/// A controller and what surrounds it.
pub(super) struct World {
    pub(super) controller: Controller,
    pub(super) now: Time,
    /// Seconds from the scaling of a pod to its availability.
    pub(super) startup: u64,
    /// Pods of the new template never become available.
    pub(super) broken: bool,
    /// Of the new template only so many become available.
    pub(super) healthy_at_most: Option<usize>,
    /// What each query answers, by second; the last entry at or before counts.
    pub(super) answers: BTreeMap<u64, MetricAnswer>,
    /// Seconds that a job takes to complete.
    pub(super) job_after: u64,
    jobs: Vec<(Time, crate::Call)>,
    sets: BTreeMap<Template, (u32, Vec<Time>)>,
    /// Those of Experiments, and the sizes that were asked for.
    experiments: BTreeMap<ExperimentSet, (u32, Vec<Time>)>,
    pub(super) sizes: Vec<(u64, String, u32)>,
    /// Pods of Experiments never become available.
    pub(super) no_experiment: bool,
    /// What was asked.
    pub(super) texts: Vec<String>,
    /// Scales as `(second, template, replicas)`.
    pub(super) scales: Vec<(u64, String, u32)>,
    pub(super) points: Vec<(u64, Service, String)>,
    /// The weights that were written, and the rules next to them; each when it changed.
    pub(super) routes: Vec<(u64, u32)>,
    pub(super) rules: Vec<(u64, Vec<RouteRule>)>,
    pub(super) queries: Vec<u64>,
    pub(super) records: Vec<(u64, Record)>,
    pub(super) steps: Vec<(u64, usize)>,
}

impl World {
    pub(super) fn new(rollout: Arc<Rollout>) -> Self {
        let stable = Template::new("v1");
        let replicas = rollout.replicas as usize;
        let mut sets = BTreeMap::new();
        sets.insert(
            stable.clone(),
            (rollout.replicas, vec![Time::ZERO; replicas]),
        );
        Self {
            controller: Controller::new(rollout, stable),
            now: Time::ZERO,
            startup: 5,
            broken: false,
            healthy_at_most: None,
            answers: BTreeMap::new(),
            job_after: 0,
            jobs: Vec::new(),
            sets,
            experiments: BTreeMap::new(),
            sizes: Vec::new(),
            no_experiment: false,
            texts: Vec::new(),
            scales: Vec::new(),
            points: Vec::new(),
            routes: Vec::new(),
            rules: Vec::new(),
            queries: Vec::new(),
            records: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// A world in which the Rollout is new.
    pub(super) fn installing(rollout: Arc<Rollout>) -> Self {
        let first = Template::new("v1");
        let mut world = Self::new(rollout.clone());
        world.controller = Controller::install(rollout, first.clone());
        world.sets.insert(first, (0, Vec::new()));
        world
    }

    /// What the router says of the weight that it was told.
    pub(super) fn verify(&mut self, seen: Option<bool>) {
        self.feed(Input::Observed(Observation::WeightVerified(seen)));
    }

    pub(super) fn update(&mut self, to: &str) {
        self.feed(Input::Observed(Observation::Template(Template::new(to))));
    }

    pub(super) fn command(&mut self, command: Command) {
        self.feed(Input::Commanded(command));
    }

    pub(super) fn second(&self) -> u64 {
        self.now.nanos() / 1_000_000_000
    }

    /// Lets time pass until `end`, feeding wakes and pods.
    pub(super) fn run_to(&mut self, end: u64) {
        let end = Time::from_secs(end);
        for _ in 0..100_000 {
            let sets = self.sets.values().chain(self.experiments.values());
            let pods = sets.flat_map(|(_, pods)| pods);
            let ready = pods.filter(|at| **at > self.now).min().copied();
            let wake = self.controller.next_wake().map(|at| at.max(self.now));
            let job = self.jobs.iter().map(|(at, _)| *at).min();
            let next = ready.into_iter().chain(wake).chain(job).min();
            let Some(next) = next.filter(|at| *at <= end) else {
                self.now = end;
                return;
            };
            self.now = next;
            let ended: Vec<_> = self.jobs.extract_if(.., |(at, _)| *at == next).collect();
            for (_, call) in ended {
                let answer = Answer::Metric(MetricAnswer::Job(true));
                self.feed(Input::Answered { call, answer });
            }
            if ready == Some(next) {
                self.observe();
            } else {
                self.feed(Input::Tick);
            }
        }
        panic!("the world spins at {:?}", self.now);
    }

    pub(super) fn observe(&mut self) {
        let templates: Vec<Template> = self.sets.keys().cloned().collect();
        for template in templates {
            let (spec, pods) = &self.sets[&template];
            let broken = self.broken && template.as_str() != "v1";
            let available = pods.iter().filter(|at| **at <= self.now && !broken).count();
            let most = self.healthy_at_most.filter(|_| template.as_str() != "v1");
            let available = available.min(most.unwrap_or(usize::MAX));
            let mut state = WorkloadState::settled(template.clone(), *spec);
            state.created = pods.len() as u32;
            state.ready = available as u32;
            state.available = available as u32;
            let workload = Workload::ReplicaSet(template);
            self.feed(Input::Observed(Observation::Workload(
                workload,
                Some(state),
            )));
        }
        self.observe_experiments();
    }

    fn observe_experiments(&mut self) {
        for (set, (spec, pods)) in self.experiments.clone() {
            let mut state = WorkloadState::settled(set.of.clone(), spec);
            let ready = pods.iter().filter(|at| **at <= self.now).count() as u32;
            state.created = pods.len() as u32;
            state.available = if self.no_experiment { 0 } else { ready };
            state.ready = state.available;
            let workload = Workload::Experiment(set);
            self.feed(Input::Observed(Observation::Workload(
                workload,
                Some(state),
            )));
        }
    }

    pub(super) fn feed(&mut self, input: Input) {
        let mut effects = Effects::new();
        self.controller.handle(self.now, input, &mut effects);
        let (second, step) = (self.second(), self.controller.current_step());
        if self.steps.last().is_none_or(|(_, last)| *last != step) {
            self.steps.push((second, step));
        }
        let mut scaled = false;
        while let Some(effect) = effects.pop() {
            match effect {
                Effect::Scale {
                    workload: Workload::ReplicaSet(template),
                    replicas: Replicas::Exactly(count),
                    call,
                } => {
                    self.scales
                        .push((second, template.as_str().to_owned(), count));
                    self.scale(template, count);
                    let answer = Answer::Done;
                    self.feed(Input::Answered { call, answer });
                    scaled = true;
                }
                Effect::Scale {
                    workload: Workload::Experiment(set),
                    replicas: Replicas::Exactly(count),
                    call,
                } => {
                    self.sizes.push((second, set.name.to_string(), count));
                    let ready = self.now + crate::Span::from_secs(self.startup);
                    let (spec, pods) = self.experiments.entry(set).or_default();
                    *spec = count;
                    pods.resize(count as usize, ready);
                    let answer = Answer::Done;
                    self.feed(Input::Answered { call, answer });
                    scaled = true;
                }
                Effect::Query { call, query } if query.provider == crate::Provider::Job => {
                    let end = self.now + crate::Span::from_secs(self.job_after);
                    self.jobs.push((end, call));
                }
                Effect::Query { call, query } => {
                    self.queries.push(second);
                    self.texts.push(query.text.to_string());
                    let answer = self.answers.range(..=second).next_back();
                    let answer = answer.map_or(MetricAnswer::Vector(vec![1.0]), |(_, a)| a.clone());
                    let answer = Answer::Metric(answer);
                    self.feed(Input::Answered { call, answer });
                }
                Effect::PointService { service, to } => {
                    self.points.push((second, service, to.as_str().to_owned()));
                }
                Effect::SetRoutes { routes, .. } => {
                    let Routes { canary, rules, .. } = routes;
                    if self.routes.last().is_none_or(|last| last.1 != canary.value) {
                        self.routes.push((second, canary.value));
                    }
                    if self.rules.last().is_none_or(|last| last.1 != rules) {
                        self.rules.push((second, rules));
                    }
                }
                Effect::Record(record) => self.records.push((second, record)),
                other => panic!("unexpected {other:?}"),
            }
        }
        if scaled {
            self.observe();
        }
    }

    fn scale(&mut self, template: Template, count: u32) {
        let ready = self.now + crate::Span::from_secs(self.startup);
        let (spec, pods) = self.sets.entry(template).or_default();
        *spec = count;
        // Kubernetes takes away the youngest pods first.
        pods.truncate(count as usize);
        pods.resize(count as usize, ready);
    }

    pub(super) fn standing(&self) -> Standing {
        self.controller.standing()
    }

    /// The step reached at each second, as `0@5`.
    pub(super) fn path(&self) -> String {
        let steps = self
            .steps
            .iter()
            .map(|(second, step)| format!("{step}@{second}"));
        steps.collect::<Vec<_>>().join(" ")
    }

    /// The scales of one template, as `second:replicas`.
    pub(super) fn scaled(&self, template: &str) -> String {
        let scales = self.scales.iter().filter(|(_, who, _)| who == template);
        let scales = scales.map(|(second, _, count)| format!("{second}:{count}"));
        scales.collect::<Vec<_>>().join(" ")
    }

    pub(super) fn told(&self, text: &str) -> bool {
        self.records.iter().any(|(_, record)| match record {
            Record::Decided { detail, .. } => detail.contains(text),
            Record::Note(note) => note.contains(text),
            _ => false,
        })
    }
}

//! The fake cluster a case plays in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use coalmine_policy::flagger::{Controller, Options, Provider, Status, read};
use coalmine_policy::source::{Diagnostics, Severity, Source, read_documents};
use coalmine_policy::{
    Answer, Effect, Effects, Engine, HookAnswer, HookCall, Input, MetricAnswer, MetricQuery,
    Observation, Replicas, Routes, Template, Time, Weight, Workload,
};
use serde_json::{Value, json};

use super::case::{Case, Tick};
use super::given::{self, Change};
use super::objects::{answer, deployment, manifest, rollback_hooks, templates};

pub(super) struct World {
    controller: Controller,
    manifest: Value,
    now: Time,
    target: String,
    routes: Routes,
    accepted: bool,
    failing: BTreeSet<String>,
    metrics: BTreeMap<String, Value>,
    hooks: BTreeMap<String, Value>,
    rollback_hooks: BTreeSet<String>,
    /// The side effects of the last tick.
    pub(super) calls: Vec<String>,
    pub(super) not_understood: Vec<String>,
}

impl World {
    pub(super) fn new(case: &Case) -> Result<Self, String> {
        let manifest = manifest(case);
        let text = format!("{manifest}\n{}", templates(&case.analysis));
        let source = Source {
            file: case.id.as_str().into(),
            text: text.into(),
        };
        let mut found = Diagnostics::new();
        let documents = read_documents(&source, &mut found);
        // Some cases hold what the API server would refuse.
        let options = Options {
            mesh_provider: Provider::Istio,
            admission: false,
        };
        let canary = read(&documents, &options, &mut found).pop();
        let error = found.iter().find(|d| d.severity == Severity::Error);
        let canary = canary.ok_or_else(|| error.map_or_else(String::new, ToString::to_string))?;
        let mut world = Self {
            controller: Controller::new(canary, Template::new("v1"), Time::from_secs(60)),
            manifest,
            now: Time::ZERO,
            target: "v1".to_owned(),
            routes: Routes::default(),
            accepted: true,
            failing: BTreeSet::new(),
            metrics: BTreeMap::new(),
            hooks: BTreeMap::new(),
            rollback_hooks: rollback_hooks(&case.analysis),
            calls: Vec::new(),
            not_understood: Vec::new(),
        };
        world.observe(Observation::Configs(Ok(BTreeMap::new())));
        Ok(world)
    }

    /// Brings the tick's inputs into force and lets it happen.
    pub(super) fn tick(&mut self, tick: &Tick) {
        self.calls.clear();
        self.now = self
            .controller
            .next_wake()
            .expect("Flagger always ticks again");
        self.change(tick);
        self.target.clone_from(&tick.target_template);
        self.observe(Observation::Template(Template::new(&self.target)));
        let primary = deployment(&tick.primary_deployment, "v1", self.now);
        self.observe(Observation::Workload(Workload::Primary, Some(primary)));
        let canary = deployment(&tick.canary_deployment, &self.target, self.now);
        self.observe(Observation::Workload(Workload::Target, Some(canary)));
        let routes = if self.is_readable() {
            Ok(self.routes.clone())
        } else {
            Err("HTTPRoute parent is not ready".to_owned())
        };
        self.observe(Observation::Routes(routes));
        self.metrics.clone_from(&tick.metrics);
        self.hooks = tick.hooks.clone().unwrap_or_default();
        self.feed(Input::Tick);
    }

    fn change(&mut self, tick: &Tick) {
        let before = self.manifest.clone();
        let mut changes = tick.given.as_deref().map(given::read).unwrap_or_default();
        let others = tick.others.iter();
        changes.extend(others.map(|(name, value)| given::read_other(name, value)));
        for change in changes {
            match change {
                Change::Spec(path, value) => self.set(&path, value),
                Change::Configs(configs) => self.observe(Observation::Configs(configs)),
                Change::Router(weight) => {
                    self.routes = Routes::weighted(Weight::percent(weight));
                }
                Change::Status(field, value) => self.set_status(&field, value),
                Change::Fails(call, fails) if call.starts_with("config") => {
                    let configs = BTreeMap::new();
                    let configs = if fails { Err(call) } else { Ok(configs) };
                    self.observe(Observation::Configs(configs));
                }
                Change::Fails(call, true) => drop(self.failing.insert(call)),
                Change::Fails(call, false) => drop(self.failing.remove(&call)),
                Change::Accepted(accepted) => self.accepted = accepted,
                Change::Nothing => {}
                Change::Unknown(word) => self.not_understood.push(word),
            }
        }
        self.failing.remove("setroutes");
        if tick.set_routes_fails {
            self.failing.insert("setroutes".to_owned());
        }
        self.manifest["spec"]["suspend"] = json!(tick.suspend);
        self.manifest["spec"]["skipAnalysis"] = json!(tick.skip_analysis);
        if self.manifest != before {
            let text: Arc<str> = self.manifest.to_string().into();
            self.observe(Observation::Manifest(text));
        }
    }

    fn set(&mut self, path: &[String], value: Value) {
        let mut place = &mut self.manifest["spec"];
        for name in path {
            place = &mut place[name.as_str()];
        }
        *place = value;
    }

    /// Writes the status behind the controller's back, in its stored form.
    fn set_status(&mut self, field: &str, value: i64) {
        let stored = match field {
            "canaryWeight" => "canary_weight",
            "failedChecks" => "failed_checks",
            "iterations" => "iterations",
            other => return self.not_understood.push(format!("status.{other}")),
        };
        let mut state = serde_json::to_value(&self.controller).expect("serialises");
        state["status"][stored] = json!(value);
        self.controller = serde_json::from_value(state).expect("parses");
    }

    fn observe(&mut self, observation: Observation) {
        self.feed(Input::Observed(observation));
    }

    /// Gives one input and answers all that follows from it.
    fn feed(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            // A restart between any two inputs must change nothing.
            let stored = serde_json::to_string(&self.controller).expect("serialises");
            let restored: Controller = serde_json::from_str(&stored).expect("parses");
            assert_eq!(restored, self.controller);
            self.controller = restored;
            let mut effects = Effects::new();
            self.controller.handle(self.now, input, &mut effects);
            let mut in_flight = 0;
            while let Some(effect) = effects.pop() {
                if let Some(answer) = self.carry_out(effect) {
                    in_flight += 1;
                    inputs.push(answer);
                }
            }
            assert!(in_flight <= 1, "Flagger blocks in every call");
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Option<Input> {
        let (call, answer) = match effect {
            Effect::Query { call, query } => (call, Answer::Metric(self.measure(&query))),
            Effect::CallHook { call, hook } => (call, Answer::Hook(self.call_hook(&hook))),
            Effect::SetRoutes { call, routes } => (call, self.set_routes(routes)),
            Effect::Promote { call } => {
                let text = format!("Promote({})", self.target);
                (call, self.done("promote", text))
            }
            Effect::Scale {
                call,
                workload: Workload::Target,
                replicas,
            } => {
                let text = match replicas {
                    Replicas::Zero => "ScaleToZero",
                    Replicas::FromZero => "ScaleFromZero",
                    Replicas::Exactly(_) => "Scale",
                };
                (call, self.done(&text.to_lowercase(), text.to_owned()))
            }
            Effect::Record(_) => return None,
            other => panic!("Flagger asks for no such thing: {other:?}"),
        };
        Some(Input::Answered { call, answer })
    }

    fn done(&mut self, name: &str, call: String) -> Answer {
        self.calls.push(call);
        if self.failing.contains(name) {
            return Answer::Failed("injected".to_owned());
        }
        Answer::Done
    }

    fn set_routes(&mut self, routes: Routes) -> Answer {
        let answer = match self.controller.set_routes_in_flight() {
            Some(asked) => {
                let (primary, canary, mirrored) = (asked.primary, asked.canary, asked.mirrored);
                let text = format!("SetRoutes({primary},{canary},{mirrored})");
                self.done("setroutes", text)
            }
            // Reconcile is not SetRoutes.
            None => Answer::Done,
        };
        if answer == Answer::Done {
            self.routes = routes;
        }
        answer
    }

    fn measure(&mut self, query: &MetricQuery) -> MetricAnswer {
        let mut queries = self.controller.canary().queries();
        let builtin = queries.any(|q| q.text == query.text && q.line_column == (0, 0));
        let which = match &*query.metric {
            "request-success-rate" if builtin => "sr",
            "request-duration" if builtin => "dur",
            _ => "custom",
        };
        let value = self
            .metrics
            .get(which)
            .cloned()
            .unwrap_or_else(|| json!("none"));
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        self.calls.push(format!("query:{which}={text}"));
        answer(&text)
    }

    fn call_hook(&mut self, hook: &HookCall) -> HookAnswer {
        let default = if self.rollback_hooks.contains(&*hook.name) {
            403
        } else {
            200
        };
        let value = self
            .hooks
            .get(&*hook.name)
            .cloned()
            .unwrap_or_else(|| json!(default));
        self.calls
            .push(format!("hook:{}[{}]={value}", hook.name, hook.phase));
        let status = value.as_u64().and_then(|status| u16::try_from(status).ok());
        let status = status.filter(|status| *status >= 100);
        status.map_or_else(
            || HookAnswer::Unreachable(value.to_string()),
            HookAnswer::Status,
        )
    }

    pub(super) fn status(&self) -> &Status {
        self.controller.status()
    }

    /// Whether GetRoutes can read the router's object.
    pub(super) fn is_readable(&self) -> bool {
        self.accepted && !self.failing.contains("getroutes")
    }

    /// Primary, canary and mirrored as Flagger's router reports them.
    pub(super) fn router(&mut self) -> (i64, i64, bool) {
        self.observe(Observation::Routes(Ok(self.routes.clone())));
        let reading = self.controller.routes().expect("the object can be read");
        (reading.primary, reading.canary, reading.mirrored)
    }
}

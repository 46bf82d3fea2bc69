//! The controller as an engine: inputs in, one blocking call after the other out.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Canary;
use super::calls::Step;
use super::provider::RouterKind;
use super::read::reread;
use super::reconcile::Written;
use super::routes::{self, Reading, SetRoutes};
use super::status::{Phase, Status};
use crate::{
    Call, Command, Effects, Engine, Input, Observation, Record, Routes, Span, Standing, Template,
    Time, Workload, WorkloadState,
};

/// Flagger's job for one Canary: ticks, and the status between them.
///
/// A tick is a program of blocking calls, as in Flagger: each effect with a call is emitted only
/// after the answer to the one before. What a tick still has to do is part of the state, so the
/// controller can be stored and go on at any point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Controller {
    /// The object as this tick read it.
    pub(super) canary: Arc<Canary>,
    /// An edit that the next tick will read.
    edited: Option<Arc<Canary>>,
    pub(super) status: Status,
    pub(super) seen: Seen,
    pub(super) overrides: Overrides,
    /// What GetRoutes answered in this tick.
    pub(super) routes: Reading,
    /// The router's object as last written.
    pub(super) written: Written,
    /// Whether the router's object has been made.
    pub(super) routed: bool,
    pub(super) now: Time,
    next_tick: Time,
    pub(super) step: Step,
    pub(super) awaited: Option<Call>,
    pub(super) next_call: u64,
}

/// The newest observation of each thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) target_template: Template,
    pub(super) configs: Option<Result<BTreeMap<String, String>, String>>,
    pub(super) primary: Option<WorkloadState>,
    pub(super) target: Option<WorkloadState>,
    pub(super) routes: Result<Routes, String>,
}

/// What an operator has asked for outside the manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Overrides {
    /// `spec.suspend`, edited in place.
    pub(super) suspend: Option<bool>,
    /// `spec.skipAnalysis: true`, until the run ends.
    pub(super) skip_analysis: bool,
    /// A rollback gate is open until the next tick asks it.
    pub(super) roll_back: bool,
}

impl Controller {
    /// A controller at rest: initialised, `promoted` in service, all traffic on the primary, the
    /// target scaled to zero. It ticks at `first_tick` and every interval after it.
    ///
    /// Workloads count as absent until they are observed. The first observation of configs before
    /// a run is taken as the tracked state, not as a change.
    #[must_use]
    pub fn new(canary: Arc<Canary>, promoted: Template, first_tick: Time) -> Self {
        Self {
            written: Written::by_reconcile(canary.routing),
            canary,
            edited: None,
            seen: Seen {
                target_template: promoted.clone(),
                configs: None,
                primary: None,
                target: None,
                routes: Ok(Routes::default()),
            },
            status: Status::initialized(promoted),
            overrides: Overrides::default(),
            routes: Reading::PRIMARY,
            routed: true,
            now: Time::ZERO,
            next_tick: first_tick,
            step: Step::Resting,
            awaited: None,
            next_call: 0,
        }
    }

    /// A controller that meets a new Canary: `target` runs and serves, there is no primary and no
    /// object of the router. It creates the primary ([`crate::Effect::Roll`]) at the first tick.
    #[must_use]
    pub fn uninitialized(canary: Arc<Canary>, target: Template, first_tick: Time) -> Self {
        Self {
            status: Status::unseen(),
            routed: false,
            ..Self::new(canary, target, first_tick)
        }
    }

    /// The Canary as the last tick read it.
    #[must_use]
    pub fn canary(&self) -> &Arc<Canary> {
        &self.canary
    }

    /// `status`: phase, status weight, failed checks, iterations.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// What Flagger's router would report now.
    ///
    /// # Errors
    ///
    /// Why the router's object cannot be read, as last observed.
    pub fn routes(&self) -> Result<Reading, &str> {
        let object = self.seen.routes.as_ref().map_err(String::as_str)?;
        Ok(routes::get_routes(
            &self.canary,
            self.status.iterations,
            object,
        ))
    }

    /// The arguments of the `SetRoutes` in flight, as Flagger gives them to its router; `None` when
    /// no such call is awaited, or when it is Reconcile that rewrites the object.
    #[must_use]
    pub fn set_routes_in_flight(&self) -> Option<SetRoutes> {
        match &self.step {
            Step::Routing {
                then, arguments, ..
            } if !then.is_reconcile() => Some(*arguments),
            _ => None,
        }
    }

    fn tick(&mut self, effects: &mut Effects) {
        let resting = self.step == Step::Resting;
        if let Some(edited) = self.edited.take_if(|_| resting) {
            self.canary = edited;
        }
        // Flagger job.go:32: a tick that outlasts the interval drops the ticker's events.
        let interval = self.canary.interval();
        let passed = self.now.since(self.next_tick).nanos() / interval.nanos().max(1) + 1;
        self.next_tick += Span::from_nanos(interval.nanos().saturating_mul(passed));
        if resting {
            self.advance_canary(effects);
        }
    }

    fn observe(&mut self, observation: Observation, effects: &mut Effects) {
        match observation {
            Observation::Template(template) => self.seen.target_template = template,
            Observation::Configs(configs) => {
                if let (Ok(configs), None) = (&configs, &self.status.tracked_configs)
                    && self.seen.configs.is_none()
                {
                    self.status.tracked_configs = Some(configs.clone());
                }
                self.seen.configs = Some(configs);
            }
            Observation::Workload(Workload::Primary, state) => self.seen.primary = state,
            Observation::Workload(Workload::Target, state) => self.seen.target = state,
            Observation::Routes(routes) => self.seen.routes = routes,
            Observation::Manifest(text) => self.edit(&text, effects),
            Observation::Workload(Workload::ReplicaSet(_), _)
            | Observation::Service(..)
            | Observation::Replicas(_) => {}
        }
    }

    /// Every tick reads the live object, so an edit takes effect at the next one; a changed
    /// interval makes a new job, which ticks at once (Flagger scheduler.go:106).
    fn edit(&mut self, text: &Arc<str>, effects: &mut Effects) {
        match reread(&self.canary, text) {
            Ok(edited) => {
                let current = self.edited.as_ref().unwrap_or(&self.canary);
                if edited.interval() != current.interval() {
                    self.next_tick = self.now;
                }
                self.edited = Some(edited);
                self.overrides.suspend = None;
            }
            Err(why) => effects.record(|| Record::Note(format!("edit refused: {why}"))),
        }
    }

    /// Flagger has no such commands: they stand for what an operator does to the object and to the
    /// load tester's gates.
    fn command(&mut self, command: Command) {
        match command {
            Command::Abort => self.overrides.roll_back = true,
            Command::PromoteFull => self.overrides.skip_analysis = true,
            Command::Pause => self.overrides.suspend = Some(true),
            Command::Unpause => self.overrides.suspend = Some(false),
            Command::Promote | Command::Resume | Command::Retry => {}
        }
    }

    pub(super) fn has_router_object(&self) -> bool {
        self.canary.provider.router() != RouterKind::Nothing
    }

    pub(super) fn is_suspended(&self) -> bool {
        self.overrides.suspend.unwrap_or(self.canary.suspend)
    }

    pub(super) fn skips_analysis(&self) -> bool {
        self.canary.skip_analysis || self.overrides.skip_analysis
    }
}

impl Engine for Controller {
    fn handle(&mut self, now: Time, input: Input, effects: &mut Effects) {
        self.now = self.now.max(now);
        match input {
            Input::Tick if self.now >= self.next_tick => self.tick(effects),
            Input::Observed(observation) => self.observe(observation, effects),
            Input::Answered { call, answer } if self.awaited == Some(call) => {
                self.resume(answer, effects);
            }
            Input::Commanded(command) => self.command(command),
            Input::Tick | Input::Answered { .. } => {}
        }
    }

    fn next_wake(&self) -> Option<Time> {
        Some(self.next_tick)
    }

    fn standing(&self) -> Standing {
        match self.status.phase {
            Phase::Initializing | Phase::Initialized => Standing::Idle,
            Phase::Succeeded => Standing::Promoted,
            // A failed promotion leaves all traffic on the canary until somebody acts.
            Phase::Failed if self.status.canary_weight > 0 => Standing::Paused,
            Phase::Failed => Standing::RolledBack,
            Phase::Waiting | Phase::WaitingPromotion => Standing::Paused,
            _ if self.is_suspended() => Standing::Paused,
            Phase::Progressing | Phase::Promoting | Phase::Finalising => Standing::Progressing,
        }
    }
}

#[cfg(test)]
mod tests;

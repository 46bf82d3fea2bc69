//! The blocking calls of a tick, and where it goes on after each.

use serde::{Deserialize, Serialize};

use super::Controller;
use super::gates::Gate;
use super::routes::{self, SetRoutes};
use crate::{
    Answer, Call, Effect, Effects, HookCall, MetricAnswer, MetricQuery, Record, Replicas, Routes,
    Workload,
};

/// The call a tick is blocked in, and with it where the tick goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Step {
    /// Between ticks.
    Resting,
    /// In the router.
    Routing {
        then: AfterRoutes,
        arguments: SetRoutes,
        object: Routes,
    },
    /// In the creation of the primary.
    Creating,
    /// In ScaleToZero or ScaleFromZero.
    Scaling(AfterScale),
    /// In Promote.
    Promoting(AfterPromote),
    /// In the webhook of this index.
    Calling(Gate, usize),
    /// In the check of this index.
    Measuring(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum AfterRoutes {
    /// Reconcile of App Mesh before the primary is created.
    Register,
    /// The first Reconcile of any other router.
    Initialize,
    Reconcile,
    Restart,
    Skip,
    Shift,
    Advance,
    Iterate,
    Mirror,
    Switch,
    RollBack,
    FailedPromotion,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum AfterScale {
    Initialize,
    Start,
    Skip,
    Finalise,
    RollBack,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum AfterPromote {
    Analysis,
    Skip,
}

impl AfterRoutes {
    /// Whether it is Reconcile that writes, and not SetRoutes.
    pub(super) const fn is_reconcile(self) -> bool {
        matches!(self, Self::Register | Self::Initialize | Self::Reconcile)
    }
}

impl Controller {
    /// Goes on where the tick was blocked.
    pub(super) fn resume(&mut self, answer: Answer, effects: &mut Effects) {
        self.awaited = None;
        match std::mem::replace(&mut self.step, Step::Resting) {
            Step::Resting => {}
            Step::Calling(gate, index) => self.hook_answered(gate, index, &answer, effects),
            Step::Measuring(index) => {
                let answer = match answer {
                    Answer::Metric(answer) => answer,
                    other => MetricAnswer::Error(format!("no metric: {other:?}")),
                };
                self.measured(index, &answer, effects);
            }
            step => match answer {
                Answer::Done => self.done(step, effects),
                Answer::Failed(why) => self.failed(&step, &why, effects),
                other => self.failed(&step, &format!("{other:?}"), effects),
            },
        }
    }

    fn done(&mut self, step: Step, effects: &mut Effects) {
        match step {
            Step::Routing {
                then,
                arguments,
                object,
            } => {
                // What keeps the object from being read does not end with a write to it.
                if self.seen.routes.is_ok() {
                    self.seen.routes = Ok(object);
                }
                self.routes_set(then, arguments, effects);
            }
            Step::Scaling(then) => self.scaled(then, effects),
            Step::Creating => self.primary_created(effects),
            Step::Promoting(then) => self.promoted(then, effects),
            Step::Resting | Step::Calling(..) | Step::Measuring(_) => {}
        }
    }

    /// Flagger reports the error and leaves the tick; the next one tries again.
    fn failed(&mut self, step: &Step, why: &str, effects: &mut Effects) {
        effects.record(|| Record::Note(format!("API call failed, tick ends: {why}")));
        if let Step::Routing {
            then: AfterRoutes::Mirror,
            ..
        } = step
        {
            self.count_iteration(effects); // Flagger scheduler.go:692 only reports the error.
        }
    }

    fn await_call(&mut self, step: Step) -> Call {
        self.next_call += 1;
        self.step = step;
        let call = Call(self.next_call);
        self.awaited = Some(call);
        call
    }

    pub(super) fn set_routes(
        &mut self,
        arguments: SetRoutes,
        then: AfterRoutes,
        effects: &mut Effects,
    ) {
        // Every router reads its object before it writes.
        if !self.routed && self.has_router_object() && !then.is_reconcile() {
            let note = "tick ends: the router's object does not exist yet".to_owned();
            return effects.record(|| Record::Note(note));
        }
        let before = self.seen.routes.as_ref().cloned().unwrap_or_default();
        let object = routes::set_routes(&self.canary, arguments, &before);
        let routes = object.clone();
        let call = self.await_call(Step::Routing {
            then,
            arguments,
            object,
        });
        effects.push(Effect::SetRoutes { call, routes });
    }

    pub(super) fn scale(&mut self, replicas: Replicas, then: AfterScale, effects: &mut Effects) {
        let call = self.await_call(Step::Scaling(then));
        effects.push(Effect::Scale {
            call,
            workload: Workload::Target,
            replicas,
        });
    }

    pub(super) fn create_primary(&mut self, effects: &mut Effects) {
        let to = self.seen.target_template.clone();
        let call = self.await_call(Step::Creating);
        effects.push(Effect::Roll {
            call,
            workload: Workload::Primary,
            to,
        });
    }

    pub(super) fn promote(&mut self, then: AfterPromote, effects: &mut Effects) {
        let call = self.await_call(Step::Promoting(then));
        effects.push(Effect::Promote { call });
    }

    pub(super) fn ask(&mut self, index: usize, effects: &mut Effects, query: MetricQuery) {
        let call = self.await_call(Step::Measuring(index));
        effects.push(Effect::Query { call, query });
    }

    pub(super) fn call_hook(
        &mut self,
        gate: Gate,
        index: usize,
        hook: HookCall,
        effects: &mut Effects,
    ) {
        let call = self.await_call(Step::Calling(gate, index));
        effects.push(Effect::CallHook { call, hook });
    }
}

//! The Rollout controller as an engine (`rollout/canary.go`).
//!
//! Argo is level-triggered: whatever happens, it reconciles, at most one step a pass, and every
//! write of the status triggers the next pass. [`Controller`] keeps the Rollout's status; each
//! input updates what is known and then runs passes until one changes nothing.

mod blue_green;
mod conditions;
mod experiments;
mod inputs;
mod pass;
mod route;
mod runs;
mod scale;
mod sets;
mod status;
mod story;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::experiments::Experiments;
use self::runs::ActiveRun;
use self::sets::Sets;
use super::rollout::{ManagedRoute, Rollout, Step};
use crate::{Call, Effects, Engine, Input, Standing, Template, Time};

/// Most passes that one input can start; a pass moves a step, a pause, a run or a scale forward, so
/// real rollouts need a handful.
const MAX_PASSES: usize = 256;

/// Most passes of one input that scale. With pods that are counted as available beyond their
/// ReplicaSet's size Argo's arithmetic can swing between two sizes until the pods are gone.
const MAX_SCALES: usize = 16;

/// Argo's queue retries a failed pass after at most this (`queue.go`), and it asks for a weight's
/// verification so often (`defaults.go:358`).
const RETRY: crate::Span = crate::Span::from_secs(10);

/// A Rollout's controller with its status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Controller {
    rollout: Arc<Rollout>,
    /// `status.stableRS`; empty before the first status is written.
    stable: Template,
    /// `status.currentPodHash`: the template asked for.
    current: Template,
    sets: Sets,
    /// `status.currentStepIndex`.
    step: usize,
    /// `status.abort`, with `abortedAt`.
    aborted_at: Option<Time>,
    /// `status.abort` was taken away and `abortedAt` is still there: runs begin anew.
    retried: bool,
    promote_full: bool,
    /// `spec.paused`.
    user_paused: bool,
    /// `status.pauseConditions`.
    pauses: Vec<Pause>,
    /// `status.controllerPause`.
    controller_pause: bool,
    step_run: Option<ActiveRun>,
    background: Option<ActiveRun>,
    experiments: Experiments,
    /// Where the stable (active) and the canary (preview) service point.
    stable_service: Template,
    canary_service: Template,
    /// `status.blueGreen.scaleUpPreviewCheckPoint`.
    checkpoint: bool,
    /// The template's ReplicaSet, an older one, was still waiting to be scaled down
    /// (`newRSWithinDelay`).
    fast_track: bool,
    /// What the router was last told.
    weight: u32,
    /// `status.canary.weights.canary.weight`: the same, unless the pass ended with an
    /// error; `None` before the first one.
    recorded_weight: Option<u32>,
    /// Whether the router was seen to carry its weight, where that can be asked.
    weight_seen: Option<bool>,
    /// `status.canary.weights.verified` as this pass knows it, and as it is written.
    verified: Option<bool>,
    recorded_verified: Option<bool>,
    /// When to ask again.
    verify_at: Option<Time>,
    /// `status.canary.weights.canary.podTemplateHash`.
    routed_to: Template,
    /// `status.canary.weights.stable.podTemplateHash`.
    routed_stable: Template,
    /// The managed routes that the router has.
    managed: Vec<ManagedRoute>,
    /// The last write to the router failed.
    route_lost: bool,
    conditions: conditions::Conditions,
    /// Calls to answer.
    asked: Vec<(Call, Asked)>,
    next_call: u64,
    /// The last input; what was due by then has been looked at.
    handled_at: Time,
    /// When to try again after a failed write.
    retry_at: Option<Time>,
    /// How the last update ended.
    settled: Standing,
    /// `status.phase`, and what of it was told.
    written_phase: story::Phase,
    phase: story::Phase,
}

/// A pause condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pause {
    reason: Reason,
    /// In whole seconds, as the API keeps it.
    since: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Reason {
    CanaryPauseStep,
    InconclusiveAnalysisRun,
    InconclusiveExperiment,
    BlueGreenPause,
}

/// What a call was about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Asked {
    StepMetric(usize),
    BackgroundMetric(usize),
    /// Something that the Experiment with this number asked for.
    Experiment(u64, experiments::Part),
    Scale {
        of: Template,
        before: u32,
    },
    Routes,
}

impl Controller {
    /// A controller at rest: `stable` fully promoted, all its pods available, both services
    /// pointing at it, the router at 0.
    #[must_use]
    pub fn new(rollout: Arc<Rollout>, stable: Template) -> Self {
        Self {
            step: rollout.canary.steps.len(),
            user_paused: rollout.paused,
            sets: Sets::new(stable.clone(), rollout.replicas),
            rollout,
            current: stable.clone(),
            stable_service: stable.clone(),
            canary_service: stable.clone(),
            routed_to: stable.clone(),
            routed_stable: stable.clone(),
            managed: Vec::new(),
            stable,
            checkpoint: false,
            fast_track: false,
            aborted_at: None,
            retried: false,
            promote_full: false,
            pauses: Vec::new(),
            controller_pause: false,
            step_run: None,
            background: None,
            experiments: Experiments::default(),
            weight: 0,
            recorded_weight: Some(0),
            weight_seen: None,
            verified: None,
            recorded_verified: None,
            verify_at: None,
            route_lost: false,
            conditions: conditions::Conditions::default(),
            asked: Vec::new(),
            next_call: 0,
            handled_at: Time::ZERO,
            retry_at: None,
            settled: Standing::Idle,
            written_phase: story::Phase::Healthy,
            phase: story::Phase::Healthy,
        }
    }

    /// A controller that meets a new Rollout: no pods, no stable ReplicaSet, services that select by no
    /// hash. Its first pass comes with the first input.
    #[must_use]
    pub fn install(rollout: Arc<Rollout>, template: Template) -> Self {
        let nobody = Template::new("");
        Self {
            stable: nobody.clone(),
            sets: Sets::empty(&template),
            stable_service: nobody.clone(),
            canary_service: nobody.clone(),
            routed_to: nobody.clone(),
            routed_stable: nobody,
            recorded_weight: None,
            step: 0,
            conditions: conditions::Conditions::installing(),
            written_phase: story::Phase::Progressing,
            phase: story::Phase::Progressing,
            ..Self::new(rollout, template)
        }
    }

    /// `status.stableRS` is still empty.
    fn is_initial(&self) -> bool {
        self.stable.as_str().is_empty()
    }

    /// The Rollout.
    #[must_use]
    pub fn rollout(&self) -> &Arc<Rollout> {
        &self.rollout
    }

    /// `status.currentStepIndex`; the number of steps when none is left.
    #[must_use]
    pub fn current_step(&self) -> usize {
        self.step
    }

    fn call(&mut self, about: Asked) -> Call {
        self.next_call += 1;
        let call = Call(self.next_call);
        self.asked.push((call, about));
        call
    }

    /// `IsFullyPromoted` (`rolloututil.go:20`).
    fn fully_promoted(&self) -> bool {
        self.stable == self.current
    }

    fn aborted(&self) -> bool {
        self.aborted_at.is_some()
    }

    fn current_step_spec(&self) -> Option<&Step> {
        self.rollout.canary.steps.get(self.step)
    }

    fn pause(&self, reason: Reason) -> Option<Pause> {
        self.pauses
            .iter()
            .find(|pause| pause.reason == reason)
            .copied()
    }
}

impl Engine for Controller {
    fn handle(&mut self, now: Time, input: Input, effects: &mut Effects) {
        if self.rollout.refusal.is_some() {
            // controller.go:573: validation comes before everything, so nothing is reconciled.
            self.refuse(effects);
            return;
        }
        self.handled_at = now;
        match input {
            Input::Tick => {}
            Input::Observed(observation) => self.observed(now, observation, effects),
            Input::Answered { call, answer } => self.answered(now, call, answer, effects),
            Input::Commanded(command) => self.command(now, command, effects),
        }
        // The Experiments have a queue of their own.
        self.advance_experiments(now, effects);
        if self.retry_at.is_some_and(|at| now < at) {
            // The queue backs off; what happens meanwhile is looked at then.
            return;
        }
        self.retry_at = None;
        let mut scales = 0;
        for _ in 0..MAX_PASSES {
            self.advance_runs(now, effects);
            self.advance_experiments(now, effects);
            if self.check_paused_conditions(now) {
                continue;
            }
            let pass = match self.rollout.blue_green {
                None => self.pass(now, effects),
                Some(_) => self.pass_blue_green(now, effects),
            };
            scales += usize::from(pass.scaled);
            if scales > MAX_SCALES {
                self.retry_at = Some(now + RETRY);
            }
            if !pass.changed || self.retry_at.is_some() {
                break;
            }
        }
        self.tell_phase(effects);
    }

    fn next_wake(&self) -> Option<Time> {
        if self.rollout.refusal.is_some() {
            return None;
        }
        let experiments = self.experiments.next_wake();
        if self.retry_at.is_some() {
            let wakes = self.retry_at.into_iter().chain(experiments);
            return wakes.filter(|at| *at > self.handled_at).min();
        }
        let runs = [&self.step_run, &self.background];
        let runs = runs.into_iter().flatten().filter_map(ActiveRun::next_wake);
        let rest = [
            self.pause_expiry(),
            self.deadline_wake(),
            self.verify_at,
            self.sets.next_deadline().filter(|_| self.may_scale_down()),
            experiments,
        ];
        // What is due and still there waits for something else, which will come as an input.
        let wakes = runs.chain(rest.into_iter().flatten());
        wakes.filter(|at| *at > self.handled_at).min()
    }

    fn standing(&self) -> Standing {
        let waits = |pause: &Pause| match pause.reason {
            Reason::InconclusiveAnalysisRun | Reason::InconclusiveExperiment => true,
            Reason::BlueGreenPause => self.rollout.blue_green.as_ref().is_some_and(|bg| bg.manual),
            Reason::CanaryPauseStep => {
                matches!(self.current_step_spec(), Some(Step::Pause(None)))
            }
        };
        if self.rollout.refusal.is_some() {
            Standing::Invalid
        } else if self.fully_promoted() {
            self.settled
        } else if self.aborted() {
            Standing::RolledBack
        } else if self.user_paused || self.pauses.iter().any(waits) {
            Standing::Paused
        } else {
            Standing::Progressing
        }
    }
}

//! The Rollout controller as an engine (`rollout/canary.go`).
//!
//! Argo is level-triggered: whatever happens, it reconciles, at most one step a pass, and every
//! write of the status triggers the next pass. [`Controller`] keeps the Rollout's status; each
//! input updates what is known and then runs passes until one changes nothing.

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

use self::runs::ActiveRun;
use self::sets::Sets;
use super::rollout::{Rollout, Step};
use crate::{
    Answer, Call, Command, Decision, Effects, Engine, Input, Observation, Standing, Template, Time,
    Workload,
};

/// Most passes that one input can start; a pass moves a step, a pause, a run or a scale forward, so
/// real rollouts need a handful.
const MAX_PASSES: usize = 256;

/// Most passes of one input that scale. With pods that are counted as available beyond their
/// ReplicaSet's size Argo's arithmetic can swing between two sizes until the pods are gone.
const MAX_SCALES: usize = 16;

/// Argo's queue retries a failed pass after at most this (`queue.go`).
const RETRY: crate::Span = crate::Span::from_secs(10);

/// A Rollout's controller with its status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Controller {
    rollout: Arc<Rollout>,
    /// `status.stableRS`.
    stable: Template,
    /// `status.currentPodHash`: the template asked for.
    current: Template,
    sets: Sets,
    /// `status.currentStepIndex`.
    step: usize,
    /// `status.abort`, with `abortedAt`.
    aborted_at: Option<Time>,
    promote_full: bool,
    /// `spec.paused`.
    user_paused: bool,
    /// `status.pauseConditions`.
    pauses: Vec<Pause>,
    /// `status.controllerPause`.
    controller_pause: bool,
    step_run: Option<ActiveRun>,
    background: Option<ActiveRun>,
    /// Where the services point.
    stable_service: Template,
    canary_service: Template,
    /// `status.canary.weights`: what the router was last told.
    weight: u32,
    /// The last write to the router failed.
    route_lost: bool,
    progress: status::Progress,
    /// Calls to answer.
    asked: Vec<(Call, Asked)>,
    next_call: u64,
    /// When to try again after a failed write.
    retry_at: Option<Time>,
    /// How the last update ended.
    settled: Standing,
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
}

/// What a call was about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Asked {
    StepMetric(usize),
    BackgroundMetric(usize),
    Scale { of: Template, before: u32 },
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
            stable,
            aborted_at: None,
            promote_full: false,
            pauses: Vec::new(),
            controller_pause: false,
            step_run: None,
            background: None,
            weight: 0,
            route_lost: false,
            progress: status::Progress::default(),
            asked: Vec::new(),
            next_call: 0,
            retry_at: None,
            settled: Standing::Idle,
            phase: story::Phase::Healthy,
        }
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

    /// A template or steps change resets the status (`sync.go:1163`, `canary.go:357`).
    fn retemplate(&mut self, now: Time, to: Template, effects: &mut Effects) {
        if to == self.current {
            return;
        }
        let updating = !self.fully_promoted();
        self.current = to;
        self.sets.ensure(&self.current);
        self.pauses.clear();
        self.controller_pause = false;
        (self.aborted_at, self.promote_full) = (None, false);
        self.step_run = None;
        self.background = None;
        self.forget_runs();
        self.progress.touch(now);
        if self.fully_promoted() {
            // sync.go: back on the stable template, all steps are skipped.
            self.step = self.rollout.canary.steps.len();
            self.settled = Standing::RolledBack;
            story::decided(
                effects,
                Decision::RollBack,
                "Argo rollout/canary.go:360",
                || format!("the template is the stable one again ({})", self.stable),
            );
            return;
        }
        self.step = 0;
        let decision = if updating {
            Decision::Restart
        } else {
            Decision::Start
        };
        story::decided(effects, decision, "Argo rollout/canary.go:357", || {
            format!("from template {} to {}, step 0", self.stable, self.current)
        });
    }

    /// `kubectl argo rollouts …` (`promote.go` getPatches).
    fn command(&mut self, now: Time, command: Command, effects: &mut Effects) {
        let updating = !self.fully_promoted();
        match command {
            Command::Pause => self.user_paused = true,
            Command::Unpause => {
                self.user_paused = false;
                self.progress.touch(now);
            }
            _ if !updating => {}
            Command::Abort if !self.aborted() => {
                self.abort(now, "by request", "Argo rollout/pause.go:62", effects);
            }
            Command::Retry if self.aborted() => {
                // The deadline's clock starts anew, and so do the runs (`analysis.go:194`).
                self.aborted_at = None;
                self.progress.touch(now);
                story::decided(
                    effects,
                    Decision::Restart,
                    "Argo rollout/sync.go:698",
                    || "retried from step 0".to_owned(),
                );
            }
            Command::PromoteFull => self.promote_full = true,
            Command::Resume => self.pauses.clear(),
            Command::Promote => self.promote_one(),
            Command::Abort | Command::Retry => {}
        }
    }

    /// `promote` skips an inconclusive analysis step, ends a pause, or else skips the step.
    fn promote_one(&mut self) {
        self.user_paused = false;
        let inconclusive = self
            .step_run
            .as_ref()
            .is_some_and(ActiveRun::is_inconclusive);
        let paused = !self.pauses.is_empty();
        if paused && !inconclusive {
            self.pauses.clear();
            return;
        }
        self.pauses.clear();
        if inconclusive {
            self.controller_pause = false;
        }
        if self.step < self.rollout.canary.steps.len() {
            self.step += 1;
        }
    }

    fn observed(&mut self, now: Time, observation: Observation, effects: &mut Effects) {
        match observation {
            Observation::Template(to) => self.retemplate(now, to, effects),
            Observation::Workload(Workload::ReplicaSet(template), state) => {
                // An observation may be older than a scale that is still under way.
                let scaling = self.asked.iter().any(|(_, asked)| match asked {
                    Asked::Scale { of, .. } => *of == template,
                    _ => false,
                });
                self.sets.observe(&template, state.as_ref(), scaling);
            }
            // Nothing else bears on a canary's decisions; a manifest edit needs a new controller.
            _ => {}
        }
    }

    fn answered(&mut self, now: Time, call: Call, answer: Answer, effects: &mut Effects) {
        let Some(place) = self.asked.iter().position(|(known, _)| *known == call) else {
            return;
        };
        let (_, asked) = self.asked.swap_remove(place);
        match (asked, answer) {
            (Asked::StepMetric(metric), Answer::Metric(answer)) => {
                runs::answered(&mut self.step_run, now, metric, &answer, effects);
            }
            (Asked::BackgroundMetric(metric), Answer::Metric(answer)) => {
                runs::answered(&mut self.background, now, metric, &answer, effects);
            }
            (Asked::StepMetric(metric), Answer::Failed(why)) => {
                let answer = crate::MetricAnswer::Error(why);
                runs::answered(&mut self.step_run, now, metric, &answer, effects);
            }
            (Asked::BackgroundMetric(metric), Answer::Failed(why)) => {
                let answer = crate::MetricAnswer::Error(why);
                runs::answered(&mut self.background, now, metric, &answer, effects);
            }
            (Asked::Scale { of, before }, Answer::Failed(_)) => {
                self.sets.set_spec(&of, before);
                self.retry_at = Some(now + RETRY);
            }
            (Asked::Routes, Answer::Failed(_)) => {
                self.route_lost = true;
                self.retry_at = Some(now + RETRY);
            }
            _ => {}
        }
    }
}

impl Engine for Controller {
    fn handle(&mut self, now: Time, input: Input, effects: &mut Effects) {
        if self.rollout.refusal.is_some() {
            // controller.go:573: validation comes before everything, so nothing is reconciled.
            self.refuse(effects);
            return;
        }
        match input {
            Input::Tick => {}
            Input::Observed(observation) => self.observed(now, observation, effects),
            Input::Answered { call, answer } => self.answered(now, call, answer, effects),
            Input::Commanded(command) => self.command(now, command, effects),
        }
        if self.retry_at.is_some_and(|at| now < at) {
            // The queue backs off; what happens meanwhile is looked at then.
            return;
        }
        self.retry_at = None;
        let mut scales = 0;
        for _ in 0..MAX_PASSES {
            self.advance_runs(now, effects);
            let pass = self.pass(now, effects);
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
        if self.retry_at.is_some() {
            return self.retry_at;
        }
        let runs = [&self.step_run, &self.background];
        let runs = runs.into_iter().flatten().filter_map(ActiveRun::next_wake);
        let rest = [
            self.pause_expiry(),
            self.deadline(),
            self.sets.next_deadline().filter(|_| !self.halted()),
        ];
        runs.chain(rest.into_iter().flatten()).min()
    }

    fn standing(&self) -> Standing {
        let waits = |pause: &Pause| match pause.reason {
            Reason::InconclusiveAnalysisRun => true,
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

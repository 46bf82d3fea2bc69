//! What inputs change before the next pass.

use std::sync::Arc;

use super::runs::{self, ActiveRun};
use super::{Asked, Controller, RETRY, story};
use crate::{
    Answer, Call, Command, Decision, Effects, Observation, Standing, Template, Time, Workload,
};

impl Controller {
    /// A template or steps change resets the status (`sync.go:1163`, `canary.go:357`).
    pub(super) fn retemplate(&mut self, now: Time, to: Template, effects: &mut Effects) {
        if to == self.current {
            return;
        }
        let updating = !self.fully_promoted();
        self.current = to;
        let set = self.sets.revise(&self.current);
        let in_delay = set.deadline.is_some_and(|deadline| now < deadline);
        // sync.go:1204: still waiting for its end, or within rollbackWindow.
        self.fast_track = in_delay || self.within_rollback_window();
        self.checkpoint = false;
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
        if self.within_rollback_window() && self.sets.pods(&self.current).spec > 0 {
            // canary.go:368: its pods are still there.
            self.step = self.rollout.canary.steps.len();
        }
        let step = self.step;
        let decision = if updating {
            Decision::Restart
        } else {
            Decision::Start
        };
        story::decided(effects, decision, "Argo rollout/canary.go:357", || {
            let (stable, current) = (&self.stable, &self.current);
            format!("from template {stable} to {current}, step {step}")
        });
    }

    /// `kubectl argo rollouts …` (`promote.go` getPatches).
    pub(super) fn command(&mut self, now: Time, command: Command, effects: &mut Effects) {
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
        // promote.go isInconclusive: only a canary's step can be skipped.
        let inconclusive = inconclusive && self.rollout.blue_green.is_none();
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

    pub(super) fn observed(&mut self, now: Time, observation: Observation, effects: &mut Effects) {
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
            // The pass that follows scales (`sync.go`, isScalingEvent). Limits that were given as
            // percentages stay what they came to at the manifest's replicas.
            Observation::Replicas(replicas) => {
                Arc::make_mut(&mut self.rollout).replicas = replicas;
            }
            // Nothing else bears on a canary's decisions; a manifest edit needs a new controller.
            _ => {}
        }
    }

    pub(super) fn answered(
        &mut self,
        now: Time,
        call: Call,
        answer: Answer,
        effects: &mut Effects,
    ) {
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

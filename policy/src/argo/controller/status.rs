//! Writing the status: steps, promotion, abort, deadline (`canary.go:346`, `sync.go`).

use super::super::replicas::threshold_met;
use super::super::rollout::Step;
use super::pass::Decided;
use super::{Controller, Reason, runs, story};
use crate::{Decision, Effect, Effects, Service, Standing, Time};

impl Controller {
    /// `syncRolloutStatusCanary` (`canary.go:346`). Conditions to add were decided on the status as
    /// it was.
    pub(super) fn sync_status(
        &mut self,
        now: Time,
        decided: Decided,
        effects: &mut Effects,
        changed: &mut bool,
    ) {
        let mut abort = decided.abort;
        let removed = self.removes_abort();
        if removed {
            // canary.go:377: clears pauses and abort.
            self.pauses.clear();
            abort = None;
            self.step = self.rollout.canary.steps.len();
        }
        let aborting = !removed && (abort.is_some() || self.aborted());
        let updating = !aborting && !self.fully_promoted();
        if self.is_initial() || updating && self.promotable() {
            self.promote(effects);
            *changed = true;
        } else if let Some((message, rule)) = abort {
            self.abort(now, &message, rule, effects);
            *changed = true;
        } else if aborting && self.step != 0 {
            // canary.go:397
            self.step = 0;
            *changed = true;
        } else if !aborting && self.completed_step(now, decided.at_desired) {
            self.complete_step(effects);
            *changed = true;
        }
        self.persist(now, removed, decided.pauses, effects, changed);
    }

    /// `persistRolloutStatus` (`sync.go:1001`). `removed`: this pass takes pauses and abort away.
    pub(super) fn persist(
        &mut self,
        now: Time,
        removed: bool,
        pauses: impl IntoIterator<Item = Reason>,
        effects: &mut Effects,
        changed: &mut bool,
    ) {
        let timeout = self.deadline_abort(now, removed);
        if removed {
            // pause.go:66: the deadline's abort is stronger than its removal, though conditions and
            // steps do not see it: the two alternate within each pass until somebody interferes.
            let aborted_at = timeout.map(|_| self.aborted_at.unwrap_or(now));
            *changed |= aborted_at != self.aborted_at;
            self.aborted_at = aborted_at;
        } else if let Some(message) = timeout {
            self.abort(now, &message, "Argo rollout/sync.go:825", effects);
            *changed = true;
        }
        if !self.promote_full && !self.aborted() {
            for reason in pauses {
                *changed |= self.pause(reason).is_none();
                self.add_pause(now, reason, effects);
            }
        }
        // pause.go:117: without a condition nothing is controller-paused.
        if self.pauses.is_empty() && self.controller_pause {
            self.controller_pause = false;
            *changed = true;
        }
        self.retried = false;
        self.write_conditions(now, removed, effects, changed);
    }

    /// What clears pauses and abort in every pass (`canary.go:377`, `bluegreen.go:275`).
    pub(super) fn removes_abort(&self) -> bool {
        self.promote_full || self.within_rollback_window()
    }

    /// `shouldFullPromote` (`sync.go:1249`).
    fn promotable(&self) -> bool {
        let new = self.sets.pods(&self.current);
        let replicas = self.rollout.replicas;
        if new.available < replicas && !threshold_met(self.rollout.canary.threshold, new, replicas)
        {
            return false;
        }
        self.promote_full || self.step >= self.rollout.canary.steps.len()
    }

    /// `promoteStable` (`sync.go:1319`).
    pub(super) fn promote(&mut self, effects: &mut Effects) {
        let (steps, available) = (
            self.rollout.canary.steps.len(),
            self.sets.pods(&self.current).available,
        );
        let full = self.promote_full;
        self.stable = self.current.clone();
        self.swap_ping_pong(effects);
        self.pauses.clear();
        self.controller_pause = false;
        (self.aborted_at, self.promote_full) = (None, false);
        (self.checkpoint, self.fast_track) = (false, false);
        self.step = steps;
        self.settled = Standing::Promoted;
        story::decided(
            effects,
            Decision::Promote,
            "Argo rollout/sync.go:1274",
            || {
                let why = match full {
                    true => "full promotion requested".to_owned(),
                    false => format!("completed all {steps} canary steps"),
                };
                format!(
                    "{why}; {available} pods available; stable is now {}",
                    self.stable
                )
            },
        );
    }

    /// `isRollbackWithinWindow` (`sync.go:1216`): an older revision is asked for, and fewer others than
    /// the window has were made since.
    pub(super) fn within_rollback_window(&self) -> bool {
        let between = self.sets.between(&self.current, &self.stable);
        between.is_some_and(|count| count < self.rollout.rollback_window as usize)
    }

    /// `sync.go:1338`: with pingPong the services stay where they are and swap roles.
    fn swap_ping_pong(&mut self, effects: &mut Effects) {
        if !self.rollout.canary.ping_pong {
            return;
        }
        std::mem::swap(&mut self.stable_service, &mut self.canary_service);
        let roles = [
            (Service::Stable, &self.stable_service),
            (Service::Canary, &self.canary_service),
        ];
        for (service, to) in roles {
            let to = to.clone();
            effects.push(Effect::PointService { service, to });
        }
    }

    /// The pass that decides only marks; pods and router follow in the next one
    /// (`canary.go:393`).
    pub(super) fn abort(
        &mut self,
        now: Time,
        message: &str,
        rule: &'static str,
        effects: &mut Effects,
    ) {
        let at_step = self.step;
        self.aborted_at = Some(now);
        self.step = 0;
        self.pauses.clear();
        self.controller_pause = false;
        story::decided(effects, Decision::RollBack, rule, || {
            format!("RolloutAborted at step {at_step}: {message}")
        });
    }

    /// `completedCurrentCanaryStep` (`canary.go:307`).
    fn completed_step(&self, now: Time, at_desired: bool) -> bool {
        if self.user_paused {
            return false;
        }
        match self.current_step_spec() {
            None | Some(Step::Analysis(None)) => false,
            Some(Step::Pause(_)) => {
                let resumed =
                    self.controller_pause && self.pause(Reason::CanaryPauseStep).is_none();
                resumed || self.pause_expiry().is_some_and(|at| now >= at)
            }
            Some(Step::SetCanaryScale(_)) => at_desired,
            // canary.go:324: and the router is not known to lag behind.
            Some(Step::SetWeight(_)) => at_desired && self.verified != Some(false),
            Some(Step::SetHeaderRoute(_) | Step::SetMirrorRoute(_)) => true,
            Some(Step::Experiment(_)) => self.experiments.is_successful(),
            Some(Step::Analysis(Some(_))) => self
                .step_run
                .as_ref()
                .is_some_and(runs::ActiveRun::is_successful),
        }
    }

    fn complete_step(&mut self, effects: &mut Effects) {
        let pods = (self.sets.pods(&self.current), self.sets.pods(&self.stable));
        let (index, count) = (self.step, self.rollout.canary.steps.len());
        match self.current_step_spec() {
            Some(Step::SetWeight(weight)) => {
                let weight = self.rollout.weight(*weight);
                let rule = "Argo rollout/canary.go:320";
                story::decided(effects, Decision::Advance(weight), rule, || {
                    let (new, stable) = (pods.0.available, pods.1.spec);
                    format!("step {index} of {count}: {new} canary pods available, {stable} stable")
                });
            }
            Some(step) => {
                let name = story::step_name(step);
                effects.record(|| {
                    crate::Record::Note(format!("step {index} of {count} complete: {name}"))
                });
            }
            None => {}
        }
        self.step += 1;
        self.step_run = None;
        self.forget_runs();
        self.pauses
            .retain(|pause| pause.reason != Reason::CanaryPauseStep);
    }
}

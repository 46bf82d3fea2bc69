//! Blue-green passes (`bluegreen.go:19`).
//!
//! The active service takes the place of the stable one, the preview service that of the canary;
//! the analysis before the promotion sits in the step's slot, the one after it in the background's.

use super::super::rollout::BlueGreen;
use super::pass::Pass;
use super::runs::{ActiveRun, Verdict, judge};
use super::{Controller, Reason};
use crate::{Effects, Service, Time};

impl Controller {
    /// Runs one pass; when it changed anything another one follows.
    pub(super) fn pass_blue_green(&mut self, now: Time, effects: &mut Effects) -> Pass {
        let mut changed = false;
        let rollout = self.rollout.clone();
        let Some(spec) = &rollout.blue_green else {
            return Pass {
                changed,
                scaled: false,
            };
        };
        let current = self.current.clone();
        if !self.halted() {
            // service.go:77: at once, before the new pods are ready.
            changed |= self.point(Service::Preview, &current, false, effects);
        }
        let scaled = self.scale_blue_green(now, spec, effects);
        changed |= scaled;
        let ready = self.ready_for_pause(spec);
        let (add, remove) = self.blue_green_pause(now, spec, ready);
        changed |= self.switch_active(now, spec, (ready, add), effects);
        let verdict = self.blue_green_runs(spec, effects, &mut changed);
        let completed = add.is_none() && self.pause_completed(now, spec);
        if remove {
            let before = self.pauses.len();
            self.pauses
                .retain(|pause| pause.reason != Reason::BlueGreenPause);
            changed |= self.pauses.len() != before;
        }
        let decided = (add, completed, verdict);
        self.sync_blue_green(now, spec, decided, effects, &mut changed);
        self.fast_track = false;
        Pass { changed, scaled }
    }

    fn saturated(&self) -> bool {
        let (pods, replicas) = (self.sets.pods(&self.current), self.rollout.replicas);
        pods.spec == replicas && pods.available == replicas
    }

    /// `isBlueGreenFastTracked` (`bluegreen.go:113`).
    fn fast_tracked(&self) -> bool {
        self.fully_promoted()
            || self.fast_track
            || self.within_rollback_window()
            || self.promote_full
            || self.stable_service.as_str().is_empty()
            || self.stable_service == self.current
    }

    /// `NewRSNewReplicas` (`replicaset.go:252`).
    fn new_count(&self, spec: &BlueGreen) -> u32 {
        let replicas = self.rollout.replicas;
        let Some(preview) = spec.preview_replicas else {
            return replicas;
        };
        let running = !self.user_paused && self.pauses.is_empty();
        let active = self.active_selector();
        let past = *active == self.current || active.as_str().is_empty() || self.promote_full;
        if past || running && self.checkpoint {
            replicas
        } else {
            preview
        }
    }

    fn ready_for_pause(&self, spec: &BlueGreen) -> bool {
        let (pods, count) = (self.sets.pods(&self.current), self.new_count(spec));
        pods.spec == count && pods.available == count
    }

    /// Stable, new and the others, all in one pass (`bluegreen.go:87`).
    fn scale_blue_green(&mut self, now: Time, spec: &BlueGreen, effects: &mut Effects) -> bool {
        let (stable, current) = (self.stable.clone(), self.current.clone());
        self.remove_deadlines();
        let mut scaled = !self.is_initial() && self.scale(&stable, self.rollout.replicas, effects);
        if !self.fully_promoted() {
            let count = self.new_count(spec);
            scaled |= match spec.abort_delay.filter(|_| self.aborted()) {
                Some(delay) => self.scale_after_abort(now, delay, effects),
                None => self.scale(&current, count, effects),
            };
        }
        scaled | self.scale_older(now, spec, effects)
    }

    /// `bluegreen.go:205`: older ReplicaSets go after their delay.
    fn scale_older(&mut self, now: Time, spec: &BlueGreen, effects: &mut Effects) -> bool {
        // Without an explicit delay they also wait for the analysis after the promotion.
        let analysing = spec.post.is_some()
            && !spec.scale_down_delay_set
            && !self.skips_post_run()
            && !self
                .background
                .as_ref()
                .is_some_and(ActiveRun::is_successful);
        if self.pause(Reason::InconclusiveAnalysisRun).is_some() || analysing {
            return false;
        }
        let mut others: Vec<_> = self.sets.iter().cloned().collect();
        others.retain(|set| {
            let wanted = set.template == self.stable || set.template == self.current;
            !wanted && set.pods.spec > 0
        });
        others.sort_by_key(|set| std::cmp::Reverse(set.revision));
        let (mut scaled, mut waiting) = (false, 0);
        for set in others {
            if self.is_referenced(&set.template) {
                continue;
            }
            let count = self.delayed_count(now, &set, (self.rollout.replicas, &mut waiting));
            scaled |= self.scale(&set.template, count, effects);
        }
        scaled
    }

    /// `reconcileBlueGreenPause` (`bluegreen.go:132`): the condition to add, whether to remove it.
    fn blue_green_pause(&self, now: Time, spec: &BlueGreen, ready: bool) -> (Option<Reason>, bool) {
        if self.aborted() || !ready || self.halted() {
            return (None, false);
        }
        let automatic = !spec.manual && spec.auto_promotion == crate::Span::ZERO;
        if self.fast_tracked() || self.checkpoint || automatic {
            return (None, true);
        }
        if !self.pre_completed(spec) {
            return (None, false);
        }
        if self.pause(Reason::BlueGreenPause).is_some() {
            return (None, self.pause_completed(now, spec));
        }
        // With controllerPause set and no condition a person has resumed it.
        let add = (!self.controller_pause).then_some(Reason::BlueGreenPause);
        (add, false)
    }

    /// `completedPrePromotionAnalysis` (`pause.go:158`).
    fn pre_completed(&self, spec: &BlueGreen) -> bool {
        spec.pre.is_none() || self.step_run.as_ref().is_some_and(ActiveRun::is_successful)
    }

    /// `CompletedBlueGreenPause` (`pause.go:166`).
    fn pause_completed(&self, now: Time, spec: &BlueGreen) -> bool {
        if self.checkpoint {
            return true;
        }
        let pause = self.pause(Reason::BlueGreenPause);
        if spec.manual {
            return self.controller_pause && pause.is_none();
        }
        spec.auto_promotion == crate::Span::ZERO
            || pause.is_some_and(|pause| now > pause.since + spec.auto_promotion)
    }

    /// `reconcileActiveService` (`service.go:94`). The guard comes before the way back of an abort:
    /// with a new ReplicaSet that is not whole the active service stays where it is.
    fn switch_active(
        &mut self,
        now: Time,
        spec: &BlueGreen,
        (ready, added): (bool, Option<Reason>),
        effects: &mut Effects,
    ) -> bool {
        if self.halted() || !ready || !self.saturated() {
            return false;
        }
        let completed = added.is_none() && self.pause_completed(now, spec);
        let target = if self.aborted() {
            self.stable.clone()
        } else if self.fast_tracked() || completed && self.pre_completed(spec) {
            self.current.clone()
        } else {
            return false;
        };
        self.point(Service::Active, &target, false, effects)
    }

    /// The analyses before and after the promotion (`analysis.go:244`, `:303`).
    fn blue_green_runs(
        &mut self,
        spec: &BlueGreen,
        effects: &mut Effects,
        changed: &mut bool,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        if self.skips_analysis() {
            // analysis.go:92: cancelled, but the status goes on naming them.
            self.end_pre_run(changed);
            self.end_post_run(changed);
            return verdict;
        }
        let active = self.active_selector();
        let active = *active == self.current || active.as_str().is_empty();
        let halted = self.pause(Reason::InconclusiveAnalysisRun).is_some();
        let pods = self.sets.pods(&self.current);
        let whole = match spec.preview_replicas {
            Some(count) => pods.spec == count && pods.available == count,
            None => self.saturated(),
        };
        match &spec.pre {
            // `skipPrePromotionAnalysisRun` (`analysis.go:275`).
            Some(_) if active || self.step_run.is_none() && !whole => self.end_pre_run(changed),
            Some(pre) if !halted && self.needs_new_run(self.step_run.as_ref()) => {
                self.step_run = Some(self.create(pre, None));
                self.forget_step_calls();
                *changed = true;
                effects.record(|| crate::Record::Note("AnalysisRun before promotion".to_owned()));
            }
            _ => {}
        }
        match &spec.post {
            Some(_) if self.skips_post_run() => self.end_post_run(changed),
            Some(post) if !halted && self.needs_new_run(self.background.as_ref()) => {
                self.background = Some(self.create(post, None));
                self.forget_background_calls();
                *changed = true;
                effects.record(|| crate::Record::Note("AnalysisRun after promotion".to_owned()));
            }
            _ => {}
        }
        // analysis.go:116: even of a run that is of no more use. A retry after a failed analysis
        // after the promotion is aborted by that same run.
        let what = "Blue/green pre-promotion analysis phase error/failed";
        judge(
            self.step_run.as_ref(),
            what,
            "Argo rollout/analysis.go:152",
            &mut verdict,
        );
        let what = "Blue/green post-promotion analysis phase error/failed";
        judge(
            self.background.as_ref(),
            what,
            "Argo rollout/analysis.go:152",
            &mut verdict,
        );
        verdict
    }

    /// `skipPostPromotionAnalysisRun` (`analysis.go:303`).
    fn skips_post_run(&self) -> bool {
        let active = *self.active_selector() == self.current;
        self.fully_promoted() || !active || self.background.is_none() && !self.saturated()
    }

    fn end_pre_run(&mut self, changed: &mut bool) {
        *changed |= self.step_run.as_mut().is_some_and(ActiveRun::terminate);
    }

    fn end_post_run(&mut self, changed: &mut bool) {
        *changed |= self.background.as_mut().is_some_and(ActiveRun::terminate);
    }

    /// `syncRolloutStatusBlueGreen` (`bluegreen.go:269`).
    fn sync_blue_green(
        &mut self,
        now: Time,
        spec: &BlueGreen,
        (add, completed, mut verdict): (Option<Reason>, bool, Verdict),
        effects: &mut Effects,
        changed: &mut bool,
    ) {
        let removed = self.removes_abort();
        if removed {
            self.pauses.clear();
            verdict.abort = None;
        }
        let analysed = spec.post.is_none()
            || self
                .background
                .as_ref()
                .is_some_and(ActiveRun::is_successful);
        let aborting = !removed && (self.aborted() || verdict.abort.is_some());
        let fast = self.promote_full || self.fast_track || self.within_rollback_window();
        // sync.go:1285.
        let fast = fast || self.fully_promoted();
        let complete = self.stable_service == self.current && (fast || !aborting && analysed);
        // sync.go:1282: the first one is stable before it is active.
        let complete = complete || self.stable_service.as_str().is_empty();
        if complete {
            *changed |= std::mem::take(&mut self.checkpoint);
            if !self.fully_promoted() {
                self.promote(effects);
                *changed = true;
            }
        } else {
            if let Some((message, rule)) = verdict.abort.filter(|_| !self.aborted()) {
                self.abort(now, &message, rule, effects);
                *changed = true;
            }
            self.flip_checkpoint(spec, completed, changed);
        }
        let pause = verdict.pause.then_some(Reason::InconclusiveAnalysisRun);
        let pauses = add.into_iter().chain(pause);
        self.persist(now, removed, pauses, effects, changed);
    }

    /// `calculateScaleUpPreviewCheckPoint` (`bluegreen.go:321`): one way.
    fn flip_checkpoint(&mut self, spec: &BlueGreen, completed: bool, changed: &mut bool) {
        let Some(preview) = spec.preview_replicas.filter(|_| !self.checkpoint) else {
            return;
        };
        let done = completed && self.pre_completed(spec);
        if done && self.sets.pods(&self.current).available == preview {
            self.checkpoint = true;
            *changed = true;
        }
    }
}

//! `advanceCanary`: the order of operations in one tick (Flagger scheduler.go:158-506).

use super::Controller;
use super::calls::{AfterRoutes, AfterScale};
use super::gates::Gate;
use super::readiness::{Readiness, Terms, is_ready};
use super::routes::Reading;
use super::status::Phase;
use crate::{Decision, Effects, Record, Replicas, Weight, WorkloadState};

impl Controller {
    /// The start of a tick, to the router's Reconcile.
    pub(super) fn advance_canary(&mut self, effects: &mut Effects) {
        if self.is_suspended() {
            effects.record(|| Record::Note("skipped: the object is suspended".to_owned()));
            return;
        }
        if self.status.phase == Phase::Initializing {
            self.object_reconciled();
            return self.initialize(effects);
        }
        if self.is_rewritten() {
            let decision = Decision::Advance(Weight::ZERO);
            let rule = "Flagger istio.go:331, gateway_api.go:233";
            self.decided(decision, rule, effects, |_| {
                "the router's object is not as the spec wants it: rewritten with 100/0".to_owned()
            });
            self.set_routes(Reading::PRIMARY, AfterRoutes::Reconcile, effects);
            return;
        }
        self.after_reconcile(effects);
    }

    /// From the check for changes to the rollback hooks.
    pub(super) fn after_reconcile(&mut self, effects: &mut Effects) {
        match self.should_advance() {
            Ok(true) => {}
            Ok(false) => return self.forget_overrides(),
            Err(why) => return effects.record(|| Record::Note(format!("tick ends: {why}"))),
        }
        if !self.skips_analysis() && !self.primary_lets_pass(effects) {
            return;
        }
        match self.routes() {
            Ok(routes) => self.routes = routes,
            Err(why) => {
                let note = format!("tick ends: {why}");
                return effects.record(|| Record::Note(note));
            }
        }
        if !self.check_canary_status(effects) {
            return;
        }
        if self.has_canary_revision_changed() {
            self.decided(
                Decision::Restart,
                "Flagger scheduler.go:327",
                effects,
                |c| format!("new revision {} during the run", c.seen.target_template),
            );
            return self.set_routes(Reading::PRIMARY, AfterRoutes::Restart, effects);
        }
        if !self.canary_lets_pass(effects) {
            return;
        }
        if self.skips_analysis() {
            return self.should_skip_analysis(effects);
        }
        if !self.status.phase.is_analysed() {
            return self.after_rollback_hooks(effects);
        }
        if std::mem::take(&mut self.overrides.roll_back) {
            return self.roll_back("an operator rolls back", String::new(), effects);
        }
        self.call_hooks(Gate::Rollback, 0, effects);
    }

    /// From the promotion to the strategy.
    pub(super) fn after_rollback_hooks(&mut self, effects: &mut Effects) {
        match self.status.phase {
            Phase::Promoting => return self.run_promotion_traffic_shift(effects),
            Phase::Finalising => {
                return self.scale(Replicas::Zero, AfterScale::Finalise, effects);
            }
            _ => {}
        }
        // Compared here, at the start of the tick after the one that recorded the failure.
        let (failed, threshold) = (self.status.failed_checks, self.canary.analysis.threshold);
        if self.status.phase.is_analysed() && failed >= threshold {
            let detail = format!("failedChecks {failed} >= threshold {threshold}");
            return self.roll_back("Flagger scheduler.go:430", detail, effects);
        }
        let mirroring = self.canary.analysis.mirror && self.routes.mirrored;
        if self.routes.canary == 0 && self.status.iterations == 0 && !mirroring {
            self.call_hooks(Gate::PreRollout, 0, effects);
        } else {
            self.run_analysis(effects);
        }
    }

    /// Flagger scheduler.go:852. A failed Canary stores the target's hash here, whatever becomes of
    /// the tick: a revision can get lost (case C42).
    fn should_advance(&mut self) -> Result<bool, String> {
        if !matches!(
            self.status.phase,
            Phase::Initialized | Phase::Succeeded | Phase::Failed
        ) {
            return Ok(true);
        }
        let target = &self.seen.target_template;
        let configs = self.configs();
        let changed = self.status.has_target_changed(target);
        if self.status.phase == Phase::Failed {
            let configs = configs?.cloned();
            let changed = changed || self.status.have_dependencies_changed(configs.as_ref());
            let target = target.clone();
            self.status
                .remember_revision(self.now, &target, configs.as_ref());
            return Ok(changed);
        }
        Ok(changed || self.status.have_dependencies_changed(configs?))
    }

    /// Flagger scheduler.go:886: outside a run this is where one starts, at the price of the tick.
    fn check_canary_status(&mut self, effects: &mut Effects) -> bool {
        if self.status.phase.is_analysed() || self.status.phase.is_promotion() {
            return true;
        }
        self.call_hooks(Gate::ConfirmRollout, 0, effects);
        false
    }

    /// Flagger scheduler.go:935. Errors of the comparison are ignored.
    fn has_canary_revision_changed(&self) -> bool {
        let target = &self.seen.target_template;
        self.status.phase.is_analysed()
            && (self.status.has_target_changed(target)
                || self
                    .configs()
                    .is_ok_and(|configs| self.status.have_dependencies_changed(configs)))
    }

    /// Flagger scheduler.go:295.
    fn primary_lets_pass(&mut self, effects: &mut Effects) -> bool {
        let threshold = self.canary.analysis.primary_ready_threshold;
        match self.readiness(self.seen.primary.as_ref(), threshold) {
            Readiness::Ready => true,
            Readiness::Waiting(why) => {
                self.hold("Flagger scheduler.go:296", "primary", why, effects);
                false
            }
            // In a promotion the canary is the only healthy copy of the new revision.
            Readiness::Stuck(why) if self.status.phase.is_promotion() => {
                self.handle_failed_promotion(why, effects);
                false
            }
            Readiness::Stuck(why) => {
                let detail = format!("primary: {why}");
                self.roll_back("Flagger scheduler.go:306", detail, effects);
                false
            }
        }
    }

    /// Flagger scheduler.go:354: has no exception for a promotion.
    fn canary_lets_pass(&mut self, effects: &mut Effects) -> bool {
        let threshold = self.canary.analysis.canary_ready_threshold;
        match self.readiness(self.seen.target.as_ref(), threshold) {
            Readiness::Ready => true,
            Readiness::Waiting(why) => {
                self.hold("Flagger scheduler.go:354", "canary", why, effects);
                false
            }
            Readiness::Stuck(why) => {
                let detail = format!("canary: {why}");
                self.roll_back("Flagger scheduler.go:358", detail, effects);
                false
            }
        }
    }

    pub(super) fn readiness(&self, state: Option<&WorkloadState>, threshold: i64) -> Readiness {
        let terms = Terms {
            now: self.now,
            deadline: self.canary.progress_deadline_ns,
            threshold,
            last_transition: self.status.last_transition,
        };
        is_ready(self.canary.target.kind, state, terms)
    }

    pub(super) fn hold(&self, rule: &'static str, who: &str, why: &str, effects: &mut Effects) {
        self.decided(Decision::Hold, rule, effects, |_| format!("{who}: {why}"));
    }

    fn forget_overrides(&mut self) {
        (self.overrides.roll_back, self.overrides.skip_analysis) = (false, false);
    }
}

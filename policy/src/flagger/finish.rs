//! What follows an answered call, and the ways a run ends.

use std::collections::BTreeMap;

use super::Controller;
use super::calls::{AfterPromote, AfterRoutes, AfterScale};
use super::gates::Gate;
use super::routes::{Reading, SetRoutes};
use super::status::Phase;
use super::steps::TOTAL_WEIGHT;
use crate::{Decision, Effects, Record, Replicas, Weight};

impl Controller {
    /// Flagger scheduler.go:948. There is no staged rollback.
    pub(super) fn roll_back(&mut self, rule: &'static str, detail: String, effects: &mut Effects) {
        self.decided(Decision::RollBack, rule, effects, |_| detail);
        self.set_routes(Reading::PRIMARY, AfterRoutes::RollBack, effects);
    }

    /// Flagger scheduler.go:1004: all traffic to the canary, which is not scaled down.
    pub(super) fn handle_failed_promotion(&mut self, why: &str, effects: &mut Effects) {
        let decision = Decision::Advance(Weight::FULL);
        self.decided(decision, "Flagger scheduler.go:1004", effects, |_| {
            format!("promotion failed, all traffic to the canary: primary {why}")
        });
        self.set_routes(Reading::CANARY, AfterRoutes::FailedPromotion, effects);
    }

    /// Flagger scheduler.go:778: everything in one tick, without waiting for the primary.
    pub(super) fn should_skip_analysis(&mut self, effects: &mut Effects) {
        self.decided(
            Decision::Promote,
            "Flagger scheduler.go:778",
            effects,
            |_| "skipAnalysis".to_owned(),
        );
        self.set_routes(Reading::PRIMARY, AfterRoutes::Skip, effects);
    }

    pub(super) fn routes_set(
        &mut self,
        then: AfterRoutes,
        arguments: SetRoutes,
        effects: &mut Effects,
    ) {
        if !then.is_reconcile() {
            self.object_written(arguments);
        }
        match then {
            AfterRoutes::Register => {
                self.routed = true;
                self.initialize_primary(effects);
            }
            AfterRoutes::Initialize => self.initialized(effects),
            AfterRoutes::Reconcile => {
                self.object_reconciled();
                self.after_reconcile(effects);
            }
            AfterRoutes::Restart => {
                self.sync_status(Phase::Progressing, 0, effects);
            }
            AfterRoutes::Skip => self.promote(AfterPromote::Skip, effects),
            AfterRoutes::Shift => {
                // Without stepWeightPromotion the arguments are 100/0 as well.
                if arguments.primary == TOTAL_WEIGHT {
                    self.set_phase(Phase::Finalising, effects);
                } else {
                    self.set_status_weight(arguments.canary);
                }
            }
            AfterRoutes::Advance => self.set_status_weight(arguments.canary),
            AfterRoutes::Iterate | AfterRoutes::Mirror | AfterRoutes::Switch => {
                self.routes = arguments;
                self.count_iteration(effects);
            }
            AfterRoutes::RollBack => self.scale(Replicas::Zero, AfterScale::RollBack, effects),
            AfterRoutes::FailedPromotion => self.fail(TOTAL_WEIGHT, effects),
        }
    }

    pub(super) fn scaled(&mut self, then: AfterScale, effects: &mut Effects) {
        match then {
            AfterScale::Initialize => self.target_scaled_down(effects),
            AfterScale::Start => {
                self.decided(Decision::Start, "Flagger scheduler.go:925", effects, |c| {
                    format!("new revision {}", c.seen.target_template)
                });
                self.sync_status(Phase::Progressing, 0, effects);
            }
            AfterScale::Skip | AfterScale::Finalise => {
                self.decided(
                    Decision::Succeed,
                    "Flagger scheduler.go:404",
                    effects,
                    |c| format!("revision {} promoted", c.status.last_applied),
                );
                self.set_phase(Phase::Succeeded, effects);
                self.overrides.skip_analysis = false;
                self.call_hooks(Gate::PostRollout, 0, effects);
            }
            AfterScale::RollBack => self.fail(0, effects),
        }
    }

    pub(super) fn promoted(&mut self, then: AfterPromote, effects: &mut Effects) {
        match then {
            AfterPromote::Analysis => self.set_phase(Phase::Promoting, effects),
            AfterPromote::Skip => self.scale(Replicas::Zero, AfterScale::Skip, effects),
        }
    }

    fn fail(&mut self, weight: i64, effects: &mut Effects) {
        if self.sync_status(Phase::Failed, weight, effects) {
            self.call_hooks(Gate::PostRollout, 0, effects);
        }
    }

    /// SyncStatus; nothing is written when a mandatory config is missing.
    pub(super) fn sync_status(&mut self, phase: Phase, weight: i64, effects: &mut Effects) -> bool {
        let configs = match self.configs() {
            Ok(configs) => configs.cloned(),
            Err(why) => {
                effects.record(|| Record::Note(format!("status not written: {why}")));
                return false;
            }
        };
        let from = self.status.phase;
        let target = self.seen.target_template.clone();
        self.status
            .sync_status(self.now, phase, weight, &target, configs.as_ref());
        phase_changed(from, phase, effects);
        true
    }

    /// SetStatusPhase.
    pub(super) fn set_phase(&mut self, phase: Phase, effects: &mut Effects) {
        let from = self.status.phase;
        let iterations = self.iterations();
        self.status.set_status_phase(self.now, phase, iterations);
        phase_changed(from, phase, effects);
    }

    /// The configs as last observed.
    pub(super) fn configs(&self) -> Result<Option<&BTreeMap<String, String>>, String> {
        match &self.seen.configs {
            None => Ok(None),
            Some(Ok(configs)) => Ok(Some(configs)),
            Some(Err(why)) => Err(why.clone()),
        }
    }

    /// Writes a decision down, if somebody reads it.
    pub(super) fn decided(
        &self,
        decision: Decision,
        rule: &'static str,
        effects: &mut Effects,
        detail: impl FnOnce(&Self) -> String,
    ) {
        effects.record(|| Record::Decided {
            decision,
            rule: rule.into(),
            detail: detail(self),
        });
    }
}

fn phase_changed(from: Phase, to: Phase, effects: &mut Effects) {
    if from != to {
        effects.record(|| Record::Phase {
            from: from.as_str().into(),
            to: to.as_str().into(),
        });
    }
}

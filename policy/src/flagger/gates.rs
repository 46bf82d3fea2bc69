//! Webhooks: their order, and what their answers do (Flagger scheduler_hooks.go, webhook.go).

use serde::{Deserialize, Serialize};

use super::Controller;
use super::HookType;
use super::calls::AfterScale;
use super::status::Phase;
use crate::{Answer, Decision, Effects, HookAnswer, HookCall, Record, Replicas};

/// A loop over the hooks of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Gate {
    ConfirmRollout,
    PreRollout,
    Rollout,
    ConfirmTrafficIncrease,
    ConfirmPromotion,
    Rollback,
    PostRollout,
}

impl Gate {
    const fn hook_type(self) -> HookType {
        match self {
            Self::ConfirmRollout => HookType::ConfirmRollout,
            Self::PreRollout => HookType::PreRollout,
            Self::Rollout => HookType::Rollout,
            Self::ConfirmTrafficIncrease => HookType::ConfirmTrafficIncrease,
            Self::ConfirmPromotion => HookType::ConfirmPromotion,
            Self::Rollback => HookType::Rollback,
            Self::PostRollout => HookType::PostRollout,
        }
    }
}

impl Controller {
    /// Calls the hooks of a type from `from` on, in list order.
    pub(super) fn call_hooks(&mut self, gate: Gate, from: usize, effects: &mut Effects) {
        let hooks = self.canary.analysis.webhooks.iter().enumerate().skip(from);
        let mut ours = hooks.filter(|(_, hook)| hook.hook_type == gate.hook_type());
        let Some((index, hook)) = ours.next() else {
            return self.hooks_passed(gate, effects);
        };
        let phase = match gate {
            Gate::ConfirmRollout | Gate::Rollback | Gate::PostRollout => self.status.phase,
            _ => Phase::Progressing,
        };
        let hook = HookCall {
            name: hook.name.clone(),
            kind: hook.spelling.clone(),
            url: hook.url.clone(),
            phase: phase.to_string(),
            metadata: hook.metadata.clone(),
            timeout: hook.timeout_ns,
            retries: hook.retries,
        };
        self.call_hook(gate, index, hook, effects);
    }

    /// Of the rollback hooks one acceptance suffices; of the others a refusal ends the loop.
    pub(super) fn hook_answered(
        &mut self,
        gate: Gate,
        index: usize,
        answer: &Answer,
        effects: &mut Effects,
    ) {
        // Flagger webhook.go:93: 203 to 299 refuse, whatever the documentation says.
        let accepted = matches!(answer, Answer::Hook(HookAnswer::Status(status)) if *status <= 202);
        effects.record(|| {
            let name = self.canary.analysis.webhooks.get(index).map(|h| &*h.name);
            let word = if accepted { "accepts" } else { "refuses" };
            Record::Note(format!("hook {} {word}: {answer:?}", name.unwrap_or("?")))
        });
        match (gate, accepted) {
            (Gate::Rollback, true) => {
                let rule = "Flagger scheduler.go:372";
                self.roll_back(rule, "a rollback hook accepts".to_owned(), effects);
            }
            (Gate::Rollback, false) | (_, true) => self.call_hooks(gate, index + 1, effects),
            (_, false) => self.hook_refused(gate, effects),
        }
    }

    fn hooks_passed(&mut self, gate: Gate, effects: &mut Effects) {
        match gate {
            Gate::ConfirmRollout => self.scale(Replicas::FromZero, AfterScale::Start, effects),
            Gate::PreRollout => self.run_strategy(effects),
            Gate::Rollout => self.run_metric_checks(0, effects),
            Gate::ConfirmTrafficIncrease => self.run_canary(effects),
            Gate::ConfirmPromotion => self.promotion_confirmed(effects),
            Gate::Rollback => self.after_rollback_hooks(effects),
            Gate::PostRollout => {}
        }
    }

    fn hook_refused(&mut self, gate: Gate, effects: &mut Effects) {
        match gate {
            Gate::PreRollout => self.count_failed_check("Flagger scheduler.go:454", effects),
            Gate::Rollout => self.count_failed_check("Flagger scheduler.go:461", effects),
            Gate::ConfirmRollout => {
                self.decided(
                    Decision::Pause(None),
                    "Flagger scheduler_hooks.go:48",
                    effects,
                    |_| "waiting for the approval of the rollout".to_owned(),
                );
                if self.status.phase != Phase::Waiting {
                    self.set_phase(Phase::Waiting, effects);
                }
            }
            Gate::ConfirmTrafficIncrease => {
                self.decided(Decision::Hold, "Flagger scheduler.go:499", effects, |_| {
                    "waiting for the approval of more traffic".to_owned()
                });
            }
            Gate::ConfirmPromotion => self.promotion_refused(effects),
            // The remaining hooks are not called; nobody else is told.
            Gate::PostRollout | Gate::Rollback => {}
        }
    }

    /// Flagger scheduler_hooks.go:73: the second refusal in a row lowers the iterations again, so
    /// blue/green and A/B ask only every other tick (cases B06, A04).
    fn promotion_refused(&mut self, effects: &mut Effects) {
        self.decided(
            Decision::Pause(None),
            "Flagger scheduler_hooks.go:73",
            effects,
            |_| "waiting for the approval of the promotion".to_owned(),
        );
        if self.status.phase == Phase::WaitingPromotion {
            self.status.iterations = self.iterations() - 1;
            self.status.last_transition = self.now;
        } else {
            self.set_phase(Phase::WaitingPromotion, effects);
        }
    }
}

//! `status` of a Canary and the helpers that write it (Flagger pkg/canary/status.go).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Template, Time};

/// `status.phase`. The empty phase of a Canary never seen before counts as `Initializing`, as it
/// does everywhere in Flagger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// The primary is made from the target.
    Initializing,
    /// The primary runs, the target is scaled to zero, no run yet.
    Initialized,
    /// A new revision waits for `confirm-rollout`.
    Waiting,
    /// A run is on.
    Progressing,
    /// The run is over, `confirm-promotion` is closed.
    WaitingPromotion,
    /// The primary takes the new template over.
    Promoting,
    /// All traffic is on the primary, the canary drains.
    Finalising,
    /// Promoted.
    Succeeded,
    /// Rolled back, or stuck after a failed promotion.
    Failed,
}

impl Phase {
    /// The phase as Flagger spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initializing => "Initializing",
            Self::Initialized => "Initialized",
            Self::Waiting => "Waiting",
            Self::Progressing => "Progressing",
            Self::WaitingPromotion => "WaitingPromotion",
            Self::Promoting => "Promoting",
            Self::Finalising => "Finalising",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }

    /// In the analysed part of a run.
    pub(super) const fn is_analysed(self) -> bool {
        matches!(self, Self::Progressing | Self::WaitingPromotion)
    }

    /// In the promotion.
    pub(super) const fn is_promotion(self) -> bool {
        matches!(self, Self::Promoting | Self::Finalising)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `status`: all that Flagger remembers between ticks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// `phase`.
    pub phase: Phase,
    /// `canaryWeight`: never read for decisions, and not always the router's.
    pub canary_weight: i64,
    /// `failedChecks` of the run; a passing check never lowers it.
    pub failed_checks: i64,
    /// `iterations`; −1 for a weighted canary that waits for its promotion.
    pub iterations: i64,
    /// `lastAppliedSpec`.
    pub last_applied: Template,
    /// `lastPromotedSpec`.
    pub last_promoted: Template,
    /// `trackedConfigs`; `None` until configs were observed for the first time.
    pub tracked_configs: Option<BTreeMap<String, String>>,
    /// `lastTransitionTime`: moved by every write.
    pub last_transition: Time,
}

impl Status {
    /// At rest with `promoted` in service.
    pub(super) fn initialized(promoted: Template) -> Self {
        Self {
            phase: Phase::Initialized,
            canary_weight: 0,
            failed_checks: 0,
            iterations: 0,
            last_applied: promoted.clone(),
            last_promoted: promoted,
            tracked_configs: None,
            last_transition: Time::ZERO,
        }
    }

    /// Of an object that Flagger has not seen before: no revision is known, not even as empty hash.
    pub(super) fn unseen() -> Self {
        Self {
            phase: Phase::Initializing,
            ..Self::initialized(Template::new(""))
        }
    }

    /// Flagger status.go:32: the literal's absent counters become zero, `lastAppliedSpec` and the
    /// tracked configs become what is there now.
    pub(super) fn sync_status(
        &mut self,
        now: Time,
        phase: Phase,
        weight: i64,
        target: &Template,
        configs: Option<&BTreeMap<String, String>>,
    ) {
        self.phase = phase;
        self.canary_weight = weight;
        self.failed_checks = 0;
        self.iterations = 0;
        if phase == Phase::Initialized {
            self.last_promoted = target.clone();
        }
        self.remember_revision(now, target, configs);
    }

    /// SyncStatus with the status itself, as a failed Canary does each tick
    /// (Flagger scheduler.go:862).
    pub(super) fn remember_revision(
        &mut self,
        now: Time,
        target: &Template,
        configs: Option<&BTreeMap<String, String>>,
    ) {
        self.last_applied = target.clone();
        if let Some(configs) = configs
            && self.tracked_configs.as_ref() != Some(configs)
        {
            self.tracked_configs = Some(configs.clone());
        }
        self.last_transition = now;
    }

    /// Flagger status.go:146: weight and iterations survive only some phases, failed checks all.
    pub(super) fn set_status_phase(&mut self, now: Time, phase: Phase, iterations: i64) {
        self.phase = phase;
        if !matches!(
            phase,
            Phase::Progressing | Phase::Waiting | Phase::Promoting
        ) {
            self.canary_weight = 0;
            self.iterations = match phase {
                Phase::WaitingPromotion => iterations - 1,
                _ => 0,
            };
        }
        if matches!(phase, Phase::Initialized | Phase::Succeeded) {
            self.last_promoted = self.last_applied.clone();
        }
        self.last_transition = now;
    }

    /// Flagger spec.go:31: going back to the promoted template is never a change.
    pub(super) fn has_target_changed(&self, target: &Template) -> bool {
        *target != self.last_promoted && *target != self.last_applied
    }

    /// Flagger config_tracker.go:263: held against the last *tracked* set, so a revert is a change.
    pub(super) fn have_dependencies_changed(
        &self,
        configs: Option<&BTreeMap<String, String>>,
    ) -> bool {
        configs.is_some_and(|configs| self.tracked_configs.as_ref() != Some(configs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_promoted_template_is_never_a_new_revision() {
        let (v1, v2, v3) = (
            Template::new("v1"),
            Template::new("v2"),
            Template::new("v3"),
        );
        let mut status = Status::initialized(v1.clone());
        assert!(status.has_target_changed(&v2));
        status.sync_status(Time::ZERO, Phase::Progressing, 0, &v2, None);
        assert!(!status.has_target_changed(&v2));
        assert!(!status.has_target_changed(&v1));
        assert!(status.has_target_changed(&v3));
        status.set_status_phase(Time::ZERO, Phase::Succeeded, 0);
        assert_eq!(status.last_promoted, v2);
    }

    #[test]
    fn waiting_for_promotion_lowers_the_iterations_and_forgets_the_weight() {
        let mut status = Status::initialized(Template::new("v1"));
        (status.canary_weight, status.failed_checks) = (50, 2);
        status.set_status_phase(Time::ZERO, Phase::WaitingPromotion, 0);
        let counters = (
            status.canary_weight,
            status.failed_checks,
            status.iterations,
        );
        assert_eq!(counters, (0, 2, -1));
    }
}

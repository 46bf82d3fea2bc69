//! One reconcile pass (`canary.go:20`).

use super::super::rollout::Step;
use super::{Controller, Pause, Reason, story};
use crate::{Decision, Effects, Time};

/// What a pass did.
pub(super) struct Pass {
    pub(super) changed: bool,
    pub(super) scaled: bool,
}

/// What a pass decided before it writes the status.
pub(super) struct Decided {
    /// The pause conditions to add.
    pub(super) pauses: Vec<Reason>,
    /// Why to abort.
    pub(super) abort: Option<(String, &'static str)>,
    /// `AtDesiredReplicaCountsForCanary`.
    pub(super) at_desired: bool,
}

impl Controller {
    /// Runs one pass; when it changed anything another one follows.
    pub(super) fn pass(&mut self, now: Time, effects: &mut Effects) -> Pass {
        let (mut changed, mut scaled) = (false, false);
        let told = self.recorded_weight;
        self.reconcile_services(effects, &mut changed);
        if !self.reconcile_routes(now, effects, &mut changed) {
            // An error ends the pass; what it waits for will be seen.
            return Pass { changed, scaled };
        }
        let experiments = self.reconcile_experiments(now, effects, &mut changed);
        let counts = self.next_counts(self.recorded_weight);
        let mut decided = Decided {
            pauses: Vec::new(),
            abort: experiments.abort,
            // canary.go:320: of the ReplicaSets as they were when the pass began.
            at_desired: self.at_desired_counts(counts),
        };
        let pause = experiments.pause.then_some(Reason::InconclusiveExperiment);
        decided.pauses.extend(pause);
        if decided.abort.is_some() {
            self.cancel_runs(&mut changed);
        } else {
            let runs = self.reconcile_runs(effects, &mut changed);
            let pause = runs.pause.then_some(Reason::InconclusiveAnalysisRun);
            decided.pauses.extend(pause);
            decided.abort = runs.abort;
        }
        // canary.go:78: a pause just added ends the pass before anything is scaled.
        if decided.pauses.is_empty() {
            scaled = self.reconcile_scale(now, (told, counts), effects, &mut changed);
            if !scaled && self.wants_pause_step() && !self.controller_pause {
                decided.pauses.push(Reason::CanaryPauseStep);
            }
        }
        self.sync_status(now, decided, effects, &mut changed);
        Pass { changed, scaled }
    }

    /// `reconcileCanaryPause` (`canary.go:135`): at a pause step without its condition.
    fn wants_pause_step(&self) -> bool {
        !self.user_paused
            && !self.promote_full
            && !self.fully_promoted()
            && matches!(self.current_step_spec(), Some(Step::Pause(_)))
            && self.pause(Reason::CanaryPauseStep).is_none()
    }

    /// `CalculatePauseConditions` (`pause.go:92`).
    pub(super) fn add_pause(&mut self, now: Time, reason: Reason, effects: &mut Effects) {
        if self.pause(reason).is_some() {
            return;
        }
        self.pauses.push(Pause {
            reason,
            since: now.truncated_to_second(),
        });
        self.controller_pause = true;
        let (span, rule) = match (reason, self.current_step_spec()) {
            (Reason::BlueGreenPause, _) => {
                let after = self.rollout.blue_green.as_ref().map(|bg| bg.auto_promotion);
                let after = after.filter(|after| *after > crate::Span::ZERO);
                (after, "Argo rollout/bluegreen.go:184")
            }
            (Reason::CanaryPauseStep, Some(Step::Pause(span))) => {
                (*span, "Argo rollout/canary.go:135")
            }
            (Reason::InconclusiveExperiment, _) => (None, "Argo rollout/experiment.go:192"),
            _ => (None, "Argo rollout/analysis.go:434"),
        };
        let step = self.step;
        story::decided(effects, Decision::Pause(span), rule, || match reason {
            Reason::CanaryPauseStep => format!("step {step}: CanaryPauseStep"),
            Reason::InconclusiveAnalysisRun => format!("step {step}: InconclusiveAnalysisRun"),
            Reason::InconclusiveExperiment => format!("step {step}: InconclusiveExperiment"),
            Reason::BlueGreenPause => "BlueGreenPause".to_owned(),
        });
    }

    /// When the present pause step ends by itself: strictly after its duration
    /// (`pause.go:195`), counted from whole seconds.
    pub(super) fn pause_expiry(&self) -> Option<Time> {
        if let Some(blue_green) = &self.rollout.blue_green {
            let pause = self
                .pause(Reason::BlueGreenPause)
                .filter(|_| !self.halted())?;
            let after = (!blue_green.manual).then_some(blue_green.auto_promotion)?;
            return Some(pause.since + after + crate::Span::from_nanos(1));
        }
        let Some(Step::Pause(Some(duration))) = self.current_step_spec() else {
            return None;
        };
        let pause = self
            .pause(Reason::CanaryPauseStep)
            .filter(|_| !self.user_paused)?;
        Some(pause.since + *duration + crate::Span::from_nanos(1))
    }
}

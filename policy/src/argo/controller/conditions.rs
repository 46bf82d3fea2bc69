//! The Rollout's conditions as far as they decide (`utils/conditions/conditions.go`,
//! `sync.go:698`): `Progressing`, whose age is held against progressDeadlineSeconds, `Healthy` and
//! `Paused`.

use serde::{Deserialize, Serialize};

use super::super::rollout::Step;
use super::story::Phase;
use super::{Controller, story};
use crate::{Decision, Effects, Span, Template, Time};

/// The reason of the condition `Progressing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Why {
    NewReplicaSet,
    ReplicaSetUpdated,
    ReplicaSetNotAvailable,
    NewReplicaSetAvailable,
    Paused,
    Resumed,
    Retried,
    Aborted,
    TimedOut,
}

/// What the status says of the pods and how far it got; a change of it is progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Seen {
    step: usize,
    stable: Template,
    /// The active and the preview service.
    services: [Template; 2],
    replicas: u32,
    updated: u32,
    ready: u32,
    available: u32,
}

/// The conditions, and the status that was last written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Conditions {
    pub(super) progressing: Why,
    /// `lastUpdateTime` of `Progressing`.
    since: Time,
    /// `Healthy`; `None` before it is there.
    healthy: Option<bool>,
    paused: bool,
    /// `metadata.generation` is newer than `status.observedGeneration`.
    unobserved: bool,
    written: Option<Seen>,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            progressing: Why::NewReplicaSetAvailable,
            since: Time::ZERO,
            healthy: Some(true),
            paused: false,
            unobserved: false,
            written: None,
        }
    }
}

impl Conditions {
    /// Of a Rollout that was just made.
    pub(super) fn installing() -> Self {
        Self {
            progressing: Why::NewReplicaSet,
            healthy: None,
            ..Self::default()
        }
    }

    /// `SetRolloutCondition` (`conditions.go:218`): with the reason it had its time stays.
    fn set(&mut self, now: Time, why: Why) {
        if self.progressing != why {
            (self.progressing, self.since) = (why, now.truncated_to_second());
        }
    }

    /// All but the status that was last written.
    const fn told(&self) -> (Why, Time, Option<bool>, bool, bool) {
        let Self {
            progressing,
            since,
            healthy,
            paused,
            unobserved,
            written: _,
        } = self;
        (*progressing, *since, *healthy, *paused, *unobserved)
    }

    /// The spec was edited.
    pub(super) fn edited(&mut self) {
        self.unobserved = true;
    }

    /// The template's ReplicaSet was made (`sync.go:247`).
    pub(super) fn created(&mut self, now: Time) {
        self.set(now, Why::NewReplicaSet);
    }

    /// A client wrote this step into the status: no progress of the controller's.
    pub(super) fn skipped_to(&mut self, step: usize) {
        if let Some(seen) = &mut self.written {
            seen.step = step;
        }
    }
}

impl Controller {
    /// `checkPausedConditions` (`sync.go:698`): whether the pass ends with it.
    pub(super) fn check_paused_conditions(&mut self, now: Time) -> bool {
        if self.conditions.unobserved {
            return false;
        }
        let paused = self.is_paused();
        let (aborted, completed) = (self.aborted(), self.fully_promoted());
        let conditions = &mut self.conditions;
        let before = conditions.told();
        let was_aborted = conditions.progressing == Why::Aborted;
        if paused != (conditions.progressing == Why::Paused) && !was_aborted && !completed {
            let why = if paused { Why::Paused } else { Why::Resumed };
            conditions.set(now, why);
        }
        if was_aborted && !aborted {
            conditions.set(now, Why::Retried);
        }
        if !was_aborted {
            conditions.paused = paused;
        }
        let changed = before != conditions.told();
        if changed {
            self.written_phase = self.present_phase(&self.seen());
        }
        changed
    }

    /// Paused by a person or by the controller.
    pub(super) fn is_paused(&self) -> bool {
        self.user_paused || !self.pauses.is_empty()
    }

    /// `CalculateRolloutPhase` (`rolloututil.go:133`).
    fn present_phase(&self, seen: &Seen) -> Phase {
        let replicas = self.rollout.replicas;
        let done = match self.rollout.blue_green {
            Some(_) => seen.services[0] == self.current,
            // The others keep old pods for a while.
            None => self.rollout.is_routed() || seen.replicas <= seen.updated,
        };
        let pods = seen.updated >= replicas && seen.available >= seen.updated;
        if matches!(self.conditions.progressing, Why::Aborted | Why::TimedOut) {
            Phase::Degraded
        } else if self.is_paused() {
            Phase::Paused
        } else if pods && done && self.fully_promoted() {
            Phase::Healthy
        } else {
            Phase::Progressing
        }
    }

    /// The status as it is to be written (`sync.go:395`, `bluegreen.go:300`).
    fn seen(&self) -> Seen {
        let sets = || self.sets.iter();
        let blue_green = self.rollout.blue_green.is_some();
        let active = sets().filter(|set| set.template == self.stable_service);
        // bluegreen.go:303: of the active ReplicaSet alone.
        let (ready, available) = match active.last().filter(|_| blue_green) {
            Some(set) => (set.ready, set.pods.available),
            None => (
                sets().map(|set| set.ready).sum(),
                sets().map(|set| set.pods.available).sum(),
            ),
        };
        let services = match blue_green {
            true => [&self.stable_service, &self.canary_service],
            false => [&self.stable; 2],
        };
        Seen {
            step: self.step,
            stable: self.stable.clone(),
            services: services.map(Clone::clone),
            replicas: sets().map(|set| set.pods.created).sum(),
            updated: self.sets.pods(&self.current).created,
            ready,
            available,
        }
    }

    /// `status.blueGreen.activeSelector`: a pass behind the service.
    pub(super) fn active_selector(&self) -> &Template {
        let written = self.conditions.written.as_ref();
        written.map_or(&self.stable_service, |seen| &seen.services[0])
    }

    /// `RolloutHealthy` (`conditions.go:292`).
    fn healthy(&self, seen: &Seen) -> bool {
        let replicas = self.rollout.replicas;
        let completed = match &self.rollout.blue_green {
            _ if self.is_initial() => false,
            Some(spec) => {
                let preview = spec.preview_service.is_none() || seen.services[1] == self.current;
                seen.services[0] == self.current && preview
            }
            None => {
                seen.step == self.rollout.canary.steps.len()
                    && seen.stable == self.current
                    && seen.replicas == replicas
            }
        };
        completed
            && seen.updated == replicas
            && seen.available == replicas
            && !self.conditions.unobserved
    }

    /// `RolloutProgressing` (`conditions.go:253`).
    fn progressed(&self, seen: &Seen) -> bool {
        let Some(last) = &self.conditions.written else {
            return false;
        };
        let old = |seen: &Seen| i64::from(seen.replicas) - i64::from(seen.updated);
        seen.updated != last.updated
            || old(seen) < old(last)
            || seen.ready > last.ready
            || seen.available > last.available
            || seen.services != last.services
            || self.rollout.blue_green.is_none()
                && (seen.step != last.step || seen.stable != last.stable)
    }

    /// `isIndefiniteStep` (`sync.go:799`) of the status last written.
    fn at_indefinite_step(&self) -> bool {
        let written = self.conditions.written.as_ref();
        let step = written.map_or(self.step, |seen| seen.step);
        let step = self.rollout.canary.steps.get(step);
        let lasting = matches!(
            step,
            Some(Step::Pause(_) | Step::Analysis(_) | Step::Experiment(_))
        );
        lasting || self.conditions.paused
    }

    /// `isWaitingForReplicaSetScaleDown` (`sync.go:811`).
    fn waits_for_scale_down(&self) -> bool {
        let sets = self.sets.iter();
        let mut others =
            sets.filter(|set| set.template != self.stable && set.template != self.current);
        others.any(|set| set.deadline.is_some())
    }

    fn deadline(&self) -> Time {
        self.conditions.since + self.rollout.progress_deadline
    }

    /// `RolloutTimedOut` (`conditions.go:341`): strictly later than the deadline.
    fn timed_out(&self, now: Time) -> bool {
        match self.conditions.progressing {
            Why::Aborted | Why::Paused => false,
            Why::TimedOut => true,
            _ => self.deadline() < now,
        }
    }

    /// `evaluateProgressDeadlineAbort` (`sync.go:825`): why the update is to be aborted.
    pub(super) fn deadline_abort(&self, now: Time, removed: bool) -> Option<String> {
        let applies = self.rollout.progress_deadline_abort
            && (!self.aborted() || removed)
            && !self.fully_promoted()
            && !self.progressed(&self.seen())
            && !self.at_indefinite_step()
            && !self.waits_for_scale_down()
            && self.timed_out(now);
        applies.then(|| self.timeout_message())
    }

    fn timeout_message(&self) -> String {
        format!("ReplicaSet \"{}\" has timed out progressing.", self.current)
    }

    /// `calculateRolloutConditions` (`sync.go:859`), and the write of the status.
    pub(super) fn write_conditions(
        &mut self,
        now: Time,
        removed: bool,
        effects: &mut Effects,
        changed: &mut bool,
    ) {
        let before = self.conditions.told();
        let seen = self.seen();
        let is_news = self.conditions.written.as_ref() != Some(&seen);
        let healthy = self.healthy(&seen);
        let mut became_unhealthy = false;
        if healthy && !self.is_paused() {
            self.conditions.healthy = Some(true);
        } else if let Some(was) = self.conditions.healthy {
            became_unhealthy = was;
            self.conditions.healthy = Some(false);
        }
        if self.aborted() && !removed {
            self.conditions.set(now, Why::Aborted);
        } else if healthy {
            self.conditions.set(now, Why::NewReplicaSetAvailable);
        } else if self.progressed(&seen) || became_unhealthy {
            let promoted = self.fully_promoted() && became_unhealthy;
            self.conditions.progressing = match promoted {
                true => Why::ReplicaSetNotAvailable,
                false => Why::ReplicaSetUpdated,
            };
            self.conditions.since = now.truncated_to_second();
        } else if !self.at_indefinite_step() && !self.waits_for_scale_down() && self.timed_out(now)
        {
            self.time_out(now, effects);
        }
        self.conditions.unobserved = false;
        // A paused blue-green rollout whose new pods are all active is Paused in one pass and
        // NewReplicaSetAvailable in the next, for ever; nothing comes of it.
        let flips = healthy && self.is_paused();
        *changed |= (is_news || before != self.conditions.told()) && !flips;
        self.written_phase = self.present_phase(&seen);
        self.conditions.written = Some(seen);
    }

    fn time_out(&mut self, now: Time, effects: &mut Effects) {
        if self.conditions.progressing == Why::TimedOut {
            return;
        }
        self.conditions.set(now, Why::TimedOut);
        let message = self.timeout_message();
        story::decided(effects, Decision::Hold, "Argo rollout/sync.go:944", || {
            format!("ProgressDeadlineExceeded: {message} The controller keeps trying")
        });
    }

    /// When the controller looks whether the deadline has passed (`requeueStuckRollout`,
    /// `sync.go:1083`): a second later, or at once when it is less than a second away.
    pub(super) fn deadline_wake(&self) -> Option<Time> {
        let waits = self.conditions.progressing != Why::TimedOut
            && !self.healthy(&self.seen())
            && !self.is_paused()
            && !self.aborted()
            && !self.at_indefinite_step();
        let deadline = self.deadline();
        let second = Span::from_secs(1);
        waits.then(|| match self.handled_at + second > deadline {
            true => deadline + Span::from_nanos(1),
            false => deadline + second,
        })
    }
}

//! Scaling ReplicaSets (`canary.go:415`, `replicaset.go`).

use super::super::replicas::routed::{Situation, desired_weight, routed_counts};
use super::super::replicas::{Pods, basic_canary, threshold_met, weighted_targets};
use super::{Asked, Controller, Reason};
use crate::{Effect, Effects, Replicas, Template, Time, Workload};

/// `controller.go:64`: the controller looks at everything again after this.
const RESYNC: crate::Span = crate::Span::from_mins(15);

impl Controller {
    /// Stable first, then new, then the others; one that scales ends the pass. Whether one did.
    /// `told`: the router's weight when the pass began.
    pub(super) fn reconcile_scale(
        &mut self,
        now: Time,
        told: u32,
        effects: &mut Effects,
        changed: &mut bool,
    ) -> bool {
        if self.halted() {
            return false;
        }
        let (new, stable) = (self.current.clone(), self.stable.clone());
        let scaled = if self.fully_promoted() {
            self.scale(&stable, self.rollout.replicas, effects)
        } else {
            // canary.go:119: stable follows the weights one pass late, lest it grow for a moment
            // when the services are switched.
            let (_, stable_count) = self.next_counts(told);
            let (canary_count, _) = self.next_counts(self.weight);
            self.scale(&stable, stable_count, effects)
                || self.scale_canary(now, &new, canary_count, effects)
        };
        let scaled = scaled || self.scale_others(now, effects);
        *changed |= scaled;
        scaled
    }

    /// `haltProgress` (`context.go:150`): nothing is scaled.
    pub(super) fn halted(&self) -> bool {
        self.user_paused || self.pause(Reason::InconclusiveAnalysisRun).is_some()
    }

    /// Sets `spec.replicas`; whether that changed anything.
    pub(super) fn scale(
        &mut self,
        template: &Template,
        replicas: u32,
        effects: &mut Effects,
    ) -> bool {
        let before = self.sets.pods(template).spec;
        if before == replicas {
            return false;
        }
        self.sets.set_spec(template, replicas);
        let call = self.call(Asked::Scale {
            of: template.clone(),
            before,
        });
        effects.push(Effect::Scale {
            call,
            workload: Workload::ReplicaSet(template.clone()),
            replicas: Replicas::Exactly(replicas),
        });
        true
    }

    /// `reconcileNewReplicaSet` (`replicaset.go:130`): an aborted, routed canary is kept
    /// for a while.
    fn scale_canary(
        &mut self,
        now: Time,
        new: &Template,
        count: u32,
        effects: &mut Effects,
    ) -> bool {
        // replicaset.go:270: a canary with a dynamic stable goes as its traffic goes, unless a delay
        // is written down.
        let canary = &self.rollout.canary;
        let kept = !canary.dynamic_stable || canary.abort_delay_set;
        if !(self.aborted() && self.rollout.is_routed() && kept) {
            self.sets.ensure(new).deadline = None;
            return self.scale(new, count, effects);
        }
        let Some(delay) = self.rollout.canary.abort_delay else {
            // replicaset.go:265: 0 means no delay here, and the weight of an aborted rollout is 0.
            // (The API's documentation promises that the canary is kept; only a setCanaryScale in
            // the first step does that, `canary.go:588`.)
            return self.scale(new, count, effects);
        };
        let scaled = self.scale_after_abort(now, delay, effects);
        let deadline = self.sets.ensure(new).deadline;
        if !scaled && deadline.is_some_and(|at| at >= now + RESYNC) {
            // replicaset.go:173: a deadline beyond the next resync is not waited for.
            return self.scale(new, count, effects);
        }
        scaled
    }

    /// `replicaset.go:160`: the new ReplicaSet goes a delay after stable can serve everything.
    pub(super) fn scale_after_abort(
        &mut self,
        now: Time,
        delay: crate::Span,
        effects: &mut Effects,
    ) -> bool {
        let new = self.current.clone();
        match self.sets.ensure(&new).deadline {
            Some(deadline) if now >= deadline => self.scale(&new, 0, effects),
            Some(_) => false,
            None => {
                if self.sets.pods(&self.stable).available >= self.rollout.replicas {
                    let deadline = now.truncated_to_second() + delay;
                    self.sets.ensure(&new).deadline = Some(deadline);
                }
                false
            }
        }
    }

    /// `scaleDownOldReplicaSetsForCanary` (`canary.go:178`).
    fn scale_others(&mut self, now: Time, effects: &mut Effects) -> bool {
        let least = self.rollout.replicas - self.rollout.canary.max_unavailable;
        let available: u32 = self.sets.iter().map(|set| set.pods.available).sum();
        let mut room = available.saturating_sub(least);
        let routed = self.rollout.is_routed();
        let promoted = self.fully_promoted();
        let delay = self.rollout.canary.scale_down_delay;
        let mut down: Vec<(Template, u32)> = Vec::new();
        let (stable, current) = (self.stable.clone(), self.current.clone());
        let dynamic = self.rollout.canary.dynamic_stable;
        // replicaset.go:389: what a service or the router's weights name is needed.
        // Of ping and pong nobody asks.
        let mut serving = vec![self.routed_to.clone()];
        if !self.rollout.canary.ping_pong {
            serving.extend([self.stable_service.clone(), self.canary_service.clone()]);
        }
        let limit = self.rollout.canary.scale_down_revisions.unwrap_or(u32::MAX);
        let mut waiting = 0;
        let others = self.sets.iter_mut();
        let others = others.filter(|set| set.template != stable && set.template != current);
        // The newest revision first (`canary.go:200`).
        let mut others: Vec<_> = others.collect();
        others.sort_by_key(|set| std::cmp::Reverse(set.revision));
        for set in others {
            // Pods that never became available go first (`cleanupUnhealthyReplicas`).
            let unhealthy = set.pods.spec.saturating_sub(set.pods.available);
            let referenced = routed && serving.contains(&set.template);
            if set.pods.spec == 0 || referenced {
                continue;
            }
            let count = if !routed {
                let healthy = set.pods.spec - unhealthy;
                let taken = healthy.min(room);
                room -= taken;
                healthy - taken
            } else if dynamic && (promoted || set.deadline.is_some()) {
                // canary.go:234: it was small by then.
                0
            } else if promoted || set.deadline.is_some() {
                // `scaleDownDelayHelper` (`replicaset.go:346`).
                waiting += 1;
                if waiting > limit {
                    down.push((set.template.clone(), 0));
                    continue;
                }
                let deadline = *set
                    .deadline
                    .get_or_insert(now.truncated_to_second() + delay);
                if now >= deadline { 0 } else { set.pods.spec }
            } else {
                0
            };
            if count != set.pods.spec {
                down.push((set.template.clone(), count));
            }
        }
        let mut scaled = false;
        for (template, count) in down {
            scaled |= self.scale(&template, count, effects);
        }
        scaled
    }

    fn others(&self) -> impl Iterator<Item = Pods> {
        let sets = self.sets.iter();
        sets.filter(|set| set.template != self.stable && set.template != self.current)
            .map(|set| set.pods)
    }

    /// The next `spec.replicas` of canary and stable.
    fn next_counts(&self, told: u32) -> (u32, u32) {
        let rollout = &self.rollout;
        if rollout.is_routed() {
            return routed_counts(rollout, self.situation(), told);
        }
        let (max, surge) = (rollout.max_weight(), rollout.canary.max_surge);
        let weight = desired_weight(rollout, self.situation());
        let target = weighted_targets(rollout.replicas, weight, max, surge);
        let pods = (self.sets.pods(&self.current), self.sets.pods(&self.stable));
        let others = self.others().map(|pods| pods.spec).sum();
        basic_canary(rollout.replicas, &rollout.canary, target, pods, others)
    }

    /// What the counts of a routed canary depend on.
    pub(super) fn situation(&self) -> Situation {
        Situation {
            step: self.step,
            aborted: self.aborted(),
            full: self.promote_full || self.fully_promoted(),
            available: (
                self.sets.pods(&self.current).available,
                self.sets.pods(&self.stable).available,
            ),
        }
    }

    /// `AtDesiredReplicaCountsForCanary` (`canary.go:59`).
    pub(super) fn at_desired_counts(&self) -> bool {
        let (canary, stable) = self.next_counts(self.weight);
        let stable_pods = self.sets.pods(&self.stable);
        let new = self.sets.pods(&self.current);
        let dynamic = self.rollout.is_routed() && self.rollout.canary.dynamic_stable;
        threshold_met(self.rollout.canary.threshold, new, canary)
            // canary.go:75: a dynamic stable follows later.
            && (dynamic || stable_pods.spec == stable && stable_pods.created == stable)
            && (self.rollout.is_routed() || self.others().all(|pods| pods.available == 0))
    }
}

//! Scaling ReplicaSets (`canary.go:415`, `replicaset.go`).

use super::super::replicas::routed::{Situation, desired_weight, routed_counts};
use super::super::replicas::{Pods, basic_canary, threshold_met, weighted_targets};
use super::sets::Set;
use super::{Asked, Controller, Reason};
use crate::{Effect, Effects, Replicas, Template, Time, Workload};

/// `controller.go:64`: the controller looks at everything again after this.
const RESYNC: crate::Span = crate::Span::from_mins(15);

impl Controller {
    /// Stable first, then new, then the others; one that scales ends the pass. Whether one did.
    /// `told`: the router's weight when the pass began. `counts`: the next ones, by the weight it has
    /// now.
    pub(super) fn reconcile_scale(
        &mut self,
        now: Time,
        (told, counts): (Option<u32>, (u32, u32)),
        effects: &mut Effects,
        changed: &mut bool,
    ) -> bool {
        if self.halted() {
            return false;
        }
        let (new, stable) = (self.current.clone(), self.stable.clone());
        self.remove_deadlines();
        // canary.go:119: stable follows the weights one pass late, lest it grow for a moment when the
        // services are switched.
        let (_, stable_count) = match told == self.recorded_weight {
            true => counts,
            false => self.next_counts(told),
        };
        let (canary_count, _) = counts;
        let alone = self.fully_promoted() || self.is_initial();
        let scaled = !alone && self.scale(&stable, stable_count, effects);
        let scaled = scaled || self.scale_canary(now, &new, canary_count, effects);
        let scaled = scaled || self.scale_others(now, effects);
        *changed |= scaled;
        scaled
    }

    /// `haltProgress` (`context.go:150`): nothing is scaled.
    pub(super) fn halted(&self) -> bool {
        self.user_paused || self.pause(Reason::InconclusiveAnalysisRun).is_some()
    }

    /// Whether what waits for its end is looked at. A blue-green rollout scales while a person has
    /// paused it.
    pub(super) fn may_scale_down(&self) -> bool {
        let inconclusive = self.pause(Reason::InconclusiveAnalysisRun).is_some();
        !inconclusive && (!self.user_paused || self.rollout.blue_green.is_some())
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
        if replicas == 0 && !self.delays_scale_down() {
            // sync.go:372.
            self.sets.ensure(template).deadline = None;
        }
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
        if !self.delays_scale_down() {
            // replicaset.go:265: `abortScaleDownDelaySeconds: 0` means no delay here, and the weight of
            // an aborted rollout is 0. (The API's documentation promises that the canary is kept; only
            // a setCanaryScale in the first step does that, `canary.go:588`.)
            return self.scale(new, count, effects);
        }
        let delay = self.rollout.canary.abort_delay.unwrap_or_default();
        let scaled = self.scale_after_abort(now, delay, effects);
        let deadline = self.sets.ensure(new).deadline;
        if !scaled && deadline.is_some_and(|at| at >= now + RESYNC) {
            // replicaset.go:173: a deadline beyond the next resync is not waited for.
            return self.scale(new, count, effects);
        }
        scaled
    }

    /// `shouldDelayScaleDownOnAbort` (`replicaset.go:252`).
    fn delays_scale_down(&self) -> bool {
        if !self.aborted() {
            return false;
        }
        if let Some(blue_green) = &self.rollout.blue_green {
            return blue_green.abort_delay.is_some();
        }
        // replicaset.go:270: a canary with a dynamic stable goes as its traffic goes, unless a delay
        // is written down.
        let canary = &self.rollout.canary;
        let kept = !canary.dynamic_stable || canary.abort_delay_set;
        self.rollout.is_routed() && canary.abort_delay.is_some() && kept
    }

    /// `removeScaleDownDeadlines` (`replicaset.go:117`): what is wanted again is not to go.
    pub(super) fn remove_deadlines(&mut self) {
        if !self.delays_scale_down() {
            self.sets.ensure(&self.current).deadline = None;
        }
        if !self.is_initial() {
            self.sets.ensure(&self.stable).deadline = None;
        }
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

    /// Whether a ReplicaSet is neither the new nor the stable one.
    fn is_other(&self, template: &Template) -> bool {
        *template != self.stable && *template != self.current
    }

    /// `cleanupUnhealthyReplicas` (`replicaset.go:306`): pods that are not available go first. An error,
    /// which ends it, while more are available than are asked for: those are still stopping.
    fn clean_up_unhealthy(&mut self, effects: &mut Effects) -> Result<bool, ()> {
        let sets = self.sets.iter();
        let others = sets.filter(|set| self.is_other(&set.template) && set.pods.spec > 0);
        let unhealthy = others.filter(|set| set.pods.spec != set.pods.available);
        let unhealthy: Vec<_> = unhealthy
            .map(|set| (set.template.clone(), set.pods))
            .collect();
        let mut scaled = false;
        for (template, pods) in unhealthy {
            if pods.available > pods.spec {
                return Err(());
            }
            scaled |= self.scale(&template, pods.available, effects);
        }
        Ok(scaled)
    }

    /// `scaleDownOldReplicaSetsForCanary` (`canary.go:178`).
    fn scale_others(&mut self, now: Time, effects: &mut Effects) -> bool {
        let Ok(mut scaled) = self.clean_up_unhealthy(effects) else {
            return false;
        };
        let least = self.rollout.replicas - self.rollout.canary.max_unavailable;
        let available: u32 = self.sets.iter().map(|set| set.pods.available).sum();
        let mut room = available.saturating_sub(least);
        let routed = self.rollout.is_routed();
        let others = self.sets.iter();
        let others = others.filter(|set| self.is_other(&set.template) && set.pods.spec > 0);
        let mut others: Vec<_> = others.cloned().collect();
        // The newest revision first (`canary.go:200`).
        others.sort_by_key(|set| std::cmp::Reverse(set.revision));
        let mut waiting = 0;
        for set in others {
            if routed && self.is_referenced(&set.template) {
                continue;
            }
            if room == 0 {
                // canary.go:190: too few pods are available.
                break;
            }
            let spec = set.pods.spec;
            let ending = self.fully_promoted() || set.deadline.is_some();
            let count = if !routed {
                spec.saturating_sub(room)
            } else if ending && !self.rollout.canary.dynamic_stable {
                self.delayed_count(now, &set, (spec, &mut waiting))
            } else {
                // canary.go:215: a dynamic stable was small by then; a defunct canary has no traffic.
                0
            };
            room = room.saturating_sub(spec.saturating_sub(count));
            scaled |= self.scale(&set.template, count, effects);
        }
        scaled
    }

    /// `isReplicaSetReferenced` (`replicaset.go:389`): what a service or the router's weights name is
    /// needed. Of ping and pong nobody asks.
    pub(super) fn is_referenced(&self, template: &Template) -> bool {
        let canary = &self.rollout.canary;
        let exist = match &self.rollout.blue_green {
            Some(spec) => [true, spec.preview_service.is_some()],
            None => [&canary.stable_service, &canary.canary_service].map(Option::is_some),
        };
        let services = [&self.stable_service, &self.canary_service];
        let mut services = services.into_iter().zip(exist);
        let by_service = !canary.ping_pong && services.any(|(to, exists)| exists && to == template);
        let routed = [&self.routed_to, &self.routed_stable];
        by_service || self.rollout.is_routed() && routed.contains(&template)
    }

    /// `scaleDownDelayHelper` (`replicaset.go:346`): the size of an old ReplicaSet that waits for its
    /// end; `kept` is what it has meanwhile, and how many wait already.
    pub(super) fn delayed_count(
        &mut self,
        now: Time,
        set: &Set,
        (kept, waiting): (u32, &mut u32),
    ) -> u32 {
        let (delay, limit) = match &self.rollout.blue_green {
            Some(spec) => (spec.scale_down_delay, spec.scale_down_revisions),
            None => {
                let canary = &self.rollout.canary;
                (canary.scale_down_delay, canary.scale_down_revisions)
            }
        };
        let limit = limit.unwrap_or(u32::MAX);
        if let Some(deadline) = set.deadline {
            *waiting += 1;
            return if *waiting <= limit && now < deadline {
                kept
            } else {
                0
            };
        }
        if *waiting >= limit {
            return 0;
        }
        *waiting += 1;
        if delay > crate::Span::ZERO {
            let deadline = now.truncated_to_second() + delay;
            self.sets.ensure(&set.template).deadline = Some(deadline);
        }
        set.pods.spec
    }

    fn others(&self) -> impl Iterator<Item = Pods> {
        let sets = self.sets.iter();
        sets.filter(|set| self.is_other(&set.template))
            .map(|set| set.pods)
    }

    /// The next `spec.replicas` of canary and stable.
    pub(super) fn next_counts(&self, told: Option<u32>) -> (u32, u32) {
        let rollout = &self.rollout;
        if rollout.is_routed() {
            return routed_counts(rollout, self.situation(), told);
        }
        let others = self.others().map(|pods| pods.spec).sum();
        let mut target = (rollout.replicas, 0);
        let mut pods = (self.sets.pods(&self.current), Pods::default());
        // canary.go:137: without another stable ReplicaSet the new one gets everything.
        if !self.fully_promoted() && !self.is_initial() {
            let (max, surge) = (rollout.max_weight(), rollout.canary.max_surge);
            let weight = desired_weight(rollout, self.situation());
            target = weighted_targets(rollout.replicas, weight, max, surge);
            pods.1 = self.sets.pods(&self.stable);
        }
        basic_canary(rollout.replicas, &rollout.canary, target, pods, others)
    }

    /// What the counts of a routed canary depend on.
    pub(super) fn situation(&self) -> Situation {
        Situation {
            step: self.step,
            aborted: self.aborted(),
            full: self.promote_full || self.fully_promoted() || self.is_initial(),
            available: (
                self.sets.pods(&self.current).available,
                self.sets.pods(&self.stable).available,
            ),
        }
    }

    /// `AtDesiredReplicaCountsForCanary` (`canary.go:59`), which are these.
    pub(super) fn at_desired_counts(&self, (canary, stable): (u32, u32)) -> bool {
        let stable_pods = self.sets.pods(&self.stable);
        let new = self.sets.pods(&self.current);
        let dynamic = self.rollout.is_routed() && self.rollout.canary.dynamic_stable;
        threshold_met(self.rollout.canary.threshold, new, canary)
            // canary.go:75: a dynamic stable follows later.
            && (dynamic || stable_pods.spec == stable && stable_pods.created == stable)
            && (self.rollout.is_routed() || self.others().all(|pods| pods.available == 0))
    }
}

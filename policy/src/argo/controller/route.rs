//! Services and the router (`service.go`, `trafficrouting.go`).

use super::super::replicas::routed::{current_set_weight, last_weight, weight_on_the_way_back};
use super::super::replicas::threshold_met;
use super::{Asked, Controller, story};
use crate::{Decision, Effect, Effects, Routes, Service, Template, Time};

impl Controller {
    /// `reconcileStableAndCanaryService` (`service.go:255`).
    pub(super) fn reconcile_services(&mut self, effects: &mut Effects, changed: &mut bool) {
        let stable = self.stable.clone();
        *changed |= self.point(Service::Stable, &stable, true, effects);
        // With a router Argo points it at the canary here and back at stable further down the same
        // pass (`trafficrouting.go:204`); only the outcome matters.
        if self.rolling_back_dynamically() {
            // service.go:272: stable is not whole yet, the canary's pods still carry their share.
            return;
        }
        let back = self.aborted() && !(self.rollout.is_routed() && self.weight_back() > 0);
        let canary = if back { stable } else { self.current.clone() };
        let check = !(back && self.rollout.is_routed());
        *changed |= self.point(Service::Canary, &canary, check, effects);
    }

    /// `ensureSVCTargets` (`service.go:290`): the services are the Rollout's already, so one
    /// available pod suffices.
    pub(super) fn point(
        &mut self,
        service: Service,
        to: &Template,
        check: bool,
        effects: &mut Effects,
    ) -> bool {
        let rollout = &self.rollout;
        let blue_green = rollout.blue_green.as_ref();
        let (exists, points_at) = match service {
            Service::Stable => (
                rollout.canary.stable_service.is_some(),
                &mut self.stable_service,
            ),
            Service::Canary => (
                rollout.canary.canary_service.is_some(),
                &mut self.canary_service,
            ),
            Service::Active => (blue_green.is_some(), &mut self.stable_service),
            Service::Preview => (
                blue_green.is_some_and(|bg| bg.preview_service.is_some()),
                &mut self.canary_service,
            ),
        };
        if !exists || points_at == to {
            return false;
        }
        if check && self.sets.pods(to).available == 0 {
            return false;
        }
        points_at.clone_from(to);
        let to = to.clone();
        effects.push(Effect::PointService { service, to });
        true
    }

    /// `IsDynamicallyRollingBackToStable` (`rolloututil.go:29`): the stable template is asked for again
    /// while its pods are too few.
    fn rolling_back_dynamically(&self) -> bool {
        let rollout = &self.rollout;
        self.fully_promoted()
            && rollout.is_routed()
            && rollout.canary.dynamic_stable
            && self.routed_to != self.current
            && self.sets.pods(&self.current).available < rollout.replicas
    }

    fn weight_back(&self) -> u32 {
        weight_on_the_way_back(&self.rollout, self.situation(), self.weight)
    }

    /// `reconcileTrafficRouting` (`trafficrouting.go:161`).
    pub(super) fn reconcile_routes(
        &mut self,
        _now: Time,
        effects: &mut Effects,
        changed: &mut bool,
    ) {
        if !self.rollout.is_routed() {
            return;
        }
        let max = self.rollout.max_weight();
        let new = self.sets.pods(&self.current);
        let steps = &self.rollout.canary.steps;
        let going_back = self.rolling_back_dynamically();
        let weight = if going_back || self.aborted() && !self.fully_promoted() {
            self.weight_back()
        } else if self.fully_promoted() || new.available == 0 {
            0
        } else if self.promote_full && self.rollout.canary.dynamic_stable {
            // trafficrouting.go:240: as much as the canary's pods can carry.
            let share = u64::from(max) * u64::from(new.available);
            (share / u64::from(self.rollout.replicas.max(1))) as u32
        } else if self.promote_full {
            self.weight
        } else if steps.is_empty() {
            // trafficrouting.go:248: without an index no rule sets a weight.
            0
        } else if !self.at_desired_counts() {
            // The canary is not ready for the present weight: the one before it.
            last_weight(steps.get(..self.step).unwrap_or(steps))
        } else if self.step == steps.len() {
            max
        } else {
            current_set_weight(&self.rollout, self.situation())
        };
        if !self.stable_can_carry(max - weight.min(max)) {
            return;
        }
        if !going_back && self.routed_to != self.current {
            self.routed_to.clone_from(&self.current);
            *changed = true;
        }
        if weight == self.weight && !self.route_lost {
            return;
        }
        let before = self.weight;
        self.weight = weight;
        self.route_lost = false;
        *changed = true;
        let call = self.call(Asked::Routes);
        let share = self.rollout.weight(weight);
        effects.push(Effect::SetRoutes {
            call,
            routes: Routes::weighted(share),
        });
        if !self.fully_promoted() && !self.aborted() {
            let rule = "Argo rollout/trafficrouting.go:276";
            let step = self.step;
            story::decided(effects, Decision::Advance(share), rule, || {
                format!(
                    "router from {before} to {weight} at step {step}, {} canary pods available",
                    new.available
                )
            });
        }
    }

    /// `checkReplicasAvailable` (`trafficrouting.go:142`).
    fn stable_can_carry(&self, weight: u32) -> bool {
        let rollout = &self.rollout;
        let share = u64::from(weight) * u64::from(rollout.replicas);
        let wanted = (share / u64::from(rollout.max_weight())) as u32;
        let stable = self.sets.pods(&self.stable);
        stable.available >= wanted || threshold_met(rollout.canary.threshold, stable, wanted)
    }
}

//! Services and the router (`service.go`, `trafficrouting.go`).

use super::super::replicas::threshold_met;
use super::scale::last_weight;
use super::{Asked, Controller, story};
use crate::{Decision, Effect, Effects, Routes, Service, Template, Time};

impl Controller {
    /// `reconcileStableAndCanaryService` (`service.go:255`).
    pub(super) fn reconcile_services(&mut self, effects: &mut Effects, changed: &mut bool) {
        let stable = self.stable.clone();
        *changed |= self.point(Service::Stable, &stable, true, effects);
        // With a router Argo points it at the canary here and back at stable further down the same
        // pass (`trafficrouting.go:204`); only the outcome matters.
        let back = self.aborted();
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
        let weight = if self.fully_promoted() || self.aborted() || new.available == 0 {
            0
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
            self.current_set_weight()
        };
        if !self.stable_can_carry(max - weight.min(max)) {
            return;
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

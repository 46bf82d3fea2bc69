//! Services and the router (`service.go`, `trafficrouting.go`).

use super::super::replicas::routed::{current_set_weight, last_weight, weight_on_the_way_back};
use super::super::replicas::threshold_met;
use super::super::rollout::{Router, Step};
use super::{Asked, Controller, RETRY, story};
use crate::{Decision, Effect, Effects, Routes, Service, Template, Time};

impl Controller {
    /// `reconcileStableAndCanaryService` (`service.go:255`).
    pub(super) fn reconcile_services(&mut self, effects: &mut Effects, changed: &mut bool) {
        if self.rollout.canary.ping_pong {
            // service.go:247: the free service takes the new pods unchecked.
            if !self.fully_promoted() {
                let current = self.current.clone();
                *changed |= self.point(Service::Canary, &current, false, effects);
            }
            return;
        }
        if self.by_hash() {
            return;
        }
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
        if !exists || points_at == to || to.as_str().is_empty() {
            return false;
        }
        let pods = self.sets.pods(to);
        // service.go:313: a service that is adopted waits for all pods.
        let adopted = !points_at.as_str().is_empty();
        if check && (pods.available == 0 || !adopted && pods.available < pods.spec) {
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
            && !self.routed_to.as_str().is_empty()
            && self.routed_to != self.current
            && self.sets.pods(&self.current).available < rollout.replicas
    }

    fn weight_back(&self) -> u32 {
        weight_on_the_way_back(&self.rollout, self.situation(), self.recorded_weight)
    }

    /// Whether the router tells pods apart by their hash: Istio's subsets, or a router without
    /// services. Shown to the world as services that select the pods.
    fn by_hash(&self) -> bool {
        let canary = &self.rollout.canary;
        let subsets = canary
            .routing
            .as_ref()
            .is_some_and(|routing| routing.subsets);
        let nameless = canary.stable_service.is_none() && canary.canary_service.is_none();
        self.rollout.is_routed() && (subsets || nameless)
    }

    /// `shouldDelayDestinationRuleUpdate` (`istio.go:388`): without services, the subsets move when
    /// all pods are available; until then the pass ends here.
    fn delays_subsets(&self, canary: &Template) -> bool {
        let rollout = &self.rollout;
        let istio = rollout.canary.routing.as_ref();
        let istio = istio.is_some_and(|routing| routing.has(&Router::Istio));
        let services = [
            &rollout.canary.stable_service,
            &rollout.canary.canary_service,
        ];
        // With pingPong these two are not in the manifest.
        let named = !rollout.canary.ping_pong && services.iter().any(|name| name.is_some());
        if !istio || named {
            return false;
        }
        let back = self.aborted() || self.rolling_back_dynamically();
        let waits = |template: &Template| {
            let pods = self.sets.pods(template);
            pods.spec > 0 && pods.available < pods.spec
        };
        waits(&self.stable) || !back && canary != &self.stable && waits(canary)
    }

    /// `UpdateHash`; whether a hash is another one.
    fn update_hash(
        &mut self,
        canary: &Template,
        effects: &mut Effects,
        changed: &mut bool,
    ) -> bool {
        let stable = self.stable.clone();
        let other = self.routed_to != *canary || self.routed_stable != stable;
        self.routed_to.clone_from(canary);
        self.routed_stable = stable;
        *changed |= other;
        if !self.by_hash() || self.rollout.canary.ping_pong {
            return other;
        }
        let stable = (Service::Stable, self.stable.clone());
        for (service, to) in [stable, (Service::Canary, canary.clone())] {
            let points_at = match service {
                Service::Stable => &mut self.stable_service,
                _ => &mut self.canary_service,
            };
            if *points_at != to {
                points_at.clone_from(&to);
                effects.push(Effect::PointService { service, to });
                *changed = true;
            }
        }
        other
    }

    /// `SetHeaderRoute` and `SetMirrorRoute`: of a route without rules nothing is left.
    fn set_managed_route(&mut self) {
        let Some(Step::SetHeaderRoute(route) | Step::SetMirrorRoute(route)) =
            self.current_step_spec()
        else {
            return;
        };
        let route = route.clone();
        if self.managed.contains(&route) || self.fully_promoted() {
            return;
        }
        self.managed.retain(|known| known.name != route.name);
        if !route.rules.is_empty() {
            self.managed.push(route);
        }
    }

    /// `reconcileTrafficRouting` (`trafficrouting.go:161`); whether the pass goes on.
    pub(super) fn reconcile_routes(
        &mut self,
        now: Time,
        effects: &mut Effects,
        changed: &mut bool,
    ) -> bool {
        if !self.rollout.is_routed() {
            return true;
        }
        self.verified = self.recorded_verified;
        let new = self.sets.pods(&self.current);
        let going_back = self.rolling_back_dynamically();
        let weight = self.desired_traffic(going_back);
        let managed = self.managed.clone();
        if !going_back && (self.fully_promoted() || self.aborted() || new.available == 0)
            || self.promote_full
        {
            // RemoveManagedRoutes comes before the look at stable's pods.
            self.managed.clear();
        }
        let carried = self.stable_can_carry(self.rollout.max_weight().saturating_sub(weight));
        let mut goes_on = true;
        let before = self.weight;
        if carried {
            self.set_managed_route();
            let canary = if going_back {
                &self.routed_to
            } else {
                &self.current
            };
            let canary = canary.clone();
            goes_on = !self.delays_subsets(&canary);
            // trafficrouting.go:296: a canary without pods loses its traffic first.
            if goes_on || new.available == 0 && self.recorded_weight > Some(0) {
                self.weight = weight;
            }
            if goes_on {
                let other = self.update_hash(&canary, effects, changed);
                goes_on = self.verify_weight(now, weight, before);
                if goes_on && (other || self.recorded_weight != Some(weight)) {
                    // trafficrouting.go:319: a later verification of the same weights is written into
                    // both sides of the difference, and so never recorded.
                    (self.recorded_weight, self.recorded_verified) = (Some(weight), self.verified);
                }
            }
        }
        if self.weight == before && self.managed == managed && !(self.route_lost && carried) {
            return goes_on;
        }
        self.route_lost = false;
        *changed = true;
        let call = self.call(Asked::Routes);
        let share = self.rollout.weight(self.weight);
        let rules = self.managed.iter().flat_map(|route| route.rules.clone());
        let routes = Routes {
            rules: rules.collect(),
            ..Routes::weighted(share)
        };
        effects.push(Effect::SetRoutes { call, routes });
        if self.weight == before {
            return goes_on;
        }
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
        goes_on
    }

    /// `VerifyWeight`; false ends the pass: at the end of the steps the old pods must not go before the
    /// router has the weight (`trafficrouting.go:349`).
    fn verify_weight(&mut self, now: Time, weight: u32, before: u32) -> bool {
        if let Some(seen) = self.weight_seen.as_mut().filter(|_| weight != before) {
            // What was seen was the weight before.
            *seen = false;
        }
        let (max, steps) = (self.rollout.max_weight(), self.rollout.canary.steps.len());
        let routing = self.rollout.canary.routing.iter();
        let alb = routing.flat_map(|routing| &routing.routers);
        let asks = alb.clone().any(|router| *router != Router::Alb) || {
            // `ShouldVerifyWeight` (`rolloututil.go:243`): AWS is not asked for nothing.
            let step = self.current_step_spec();
            let end = step.is_none() && weight == max;
            !self.fully_promoted() && (end || matches!(step, Some(Step::SetWeight(_))))
        };
        let verified = self.weight_seen.filter(|_| asks);
        if verified == Some(false) {
            self.verify_at = Some(now + RETRY);
            if weight == max && steps >= self.step {
                return false;
            }
        }
        self.verified = verified;
        true
    }

    /// The canary's weight, by the first rule that fits.
    fn desired_traffic(&self, going_back: bool) -> u32 {
        let max = self.rollout.max_weight();
        let new = self.sets.pods(&self.current);
        let steps = &self.rollout.canary.steps;
        if self.is_initial() {
            return 0;
        }
        if going_back || self.aborted() && !self.fully_promoted() {
            self.weight_back()
        } else if self.fully_promoted() || new.available == 0 {
            0
        } else if self.promote_full && self.rollout.canary.dynamic_stable {
            // trafficrouting.go:240: as much as the canary's pods can carry.
            let share = u64::from(max) * u64::from(new.available);
            (share / u64::from(self.rollout.replicas.max(1))) as u32
        } else if self.promote_full {
            self.recorded_weight.unwrap_or(0)
        } else if steps.is_empty() {
            // trafficrouting.go:248: without an index no rule sets a weight.
            0
        } else if !self.at_desired_counts(self.next_counts(self.recorded_weight)) {
            // The canary is not ready for the present weight: the one before it.
            last_weight(steps.get(..self.step).unwrap_or(steps))
        } else if self.step == steps.len() {
            max
        } else {
            current_set_weight(&self.rollout, self.situation())
        }
    }

    /// `checkReplicasAvailable` (`trafficrouting.go:142`).
    fn stable_can_carry(&self, weight: u32) -> bool {
        let rollout = &self.rollout;
        let share = u64::from(weight) * u64::from(rollout.replicas);
        let wanted = (share / u64::from(rollout.max_weight())) as u32;
        let stable = self.sets.pods(&self.stable);
        !self.is_initial()
            && (stable.available >= wanted
                || threshold_met(rollout.canary.threshold, stable, wanted))
    }
}

//! `pingPong`.

use super::super::rollout::{Router, Routing};
use super::non_empty;
use super::rollout::{Refusals, field_place};
use crate::source::{Diagnostics, Fields};

/// Whether the two services swap roles; what `validation.go:267` refuses.
pub(super) fn read(
    canary: &mut Fields<'_>,
    found: &mut Diagnostics,
) -> Option<(Option<String>, Option<String>)> {
    let mut fields = canary.map("pingPong", found)?;
    let ping = non_empty(&mut fields, "pingService", found);
    let pong = non_empty(&mut fields, "pongService", found);
    fields.finish(found);
    Some((ping, pong))
}

/// `validation.go:267`.
pub(super) fn check(
    (ping, pong): &(Option<String>, Option<String>),
    (routing, routed): (Option<&Routing>, bool),
    canary: &mut Fields<'_>,
    refusals: &mut Refusals,
) {
    let at = field_place(canary, "pingPong");
    let mut say = |field: &str, value: &str, why: &str, help: &str| {
        let message = format!("spec.strategy.{field}: Invalid value: {value}: {why}");
        refusals.say(at.clone(), message, help);
    };
    let has = |router: &Router| routing.is_some_and(|routing| routing.has(router));
    let plugin = routing.is_some_and(Routing::has_plugin);
    if routed && !(has(&Router::Alb) || has(&Router::Istio) || plugin) {
        let why = "Ping-pong feature works with the ALB, Istio, and plugin-based traffic routers \
                   only";
        say("trafficRouting.alb", "null", why, "remove pingPong");
    }
    let missing = "Ping service and Pong service must to be set to use Ping-Pong feature";
    for (field, service) in [("pingService", ping), ("pongService", pong)] {
        if service.is_none() {
            let field = format!("pingPong.{field}");
            say(&field, "\"\"", missing, "name both services");
        }
    }
    if ping == pong {
        let why = "This rollout uses the same service for the ping and pong services, but two \
                   different services are required.";
        let value = format!("{:?}", ping.as_deref().unwrap_or_default());
        say("pingPong.pingService", &value, why, "name two services");
    }
    if has(&Router::Alb) && !routing.is_some_and(|routing| routing.alb_root) {
        let why = "Root service field is required for the configuration with ALB and ping-pong \
                   feature enabled";
        let help = "add alb.rootService";
        say("trafficRouting.alb.rootService", "\"\"", why, help);
    }
}

//! `trafficRouting`.

use super::super::rollout::Routing;
use super::rollout::{Refusals, field_place};
use super::{ignore, non_empty, refuse};
use crate::source::{Diagnostics, Fields};

const ROUTERS: [&str; 9] = [
    "alb",
    "ambassador",
    "apisix",
    "appMesh",
    "istio",
    "plugins",
    "smi",
    "traefik",
    "gatewayAPI",
];

/// `trafficRouting`; `None` when there is none, or none that coalmine simulates.
pub(super) fn read(canary: &mut Fields<'_>, found: &mut Diagnostics) -> Option<Routing> {
    let mut fields = canary.map("trafficRouting", found)?;
    let help = "coalmine simulates `nginx`, and weights by replicas without trafficRouting";
    refuse(&mut fields, &ROUTERS, help, found);
    let max_weight = fields.int("maxTrafficWeight", found).unwrap_or(100);
    ignore(&mut fields, &["managedRoutes"]);
    let nginx = fields.map("nginx", found);
    if nginx.is_none() && !found.has_errors() {
        let message = format!("`{}` names no router", fields.path_of("nginx"));
        let cure = "add `nginx: {stableIngress: …}` or leave trafficRouting out".to_owned();
        found.push(fields.document().error(fields.position(), message, cure));
    }
    fields.finish(found);
    let mut nginx = nginx?;
    let single = non_empty(&mut nginx, "stableIngress", found);
    let several = nginx.list("stableIngresses", found).unwrap_or_default();
    let several = several.iter().filter_map(|node| node.as_str());
    let mut ingresses: Vec<String> = several.map(str::to_owned).collect();
    if let Some(single) = single {
        // Both at once: an empty name marks it for `check_ingresses`.
        if !ingresses.is_empty() {
            ingresses.push(String::new());
        }
        ingresses.push(single);
    }
    ignore(
        &mut nginx,
        &[
            "annotationPrefix",
            "additionalIngressAnnotations",
            "canaryIngressAnnotations",
        ],
    );
    nginx.finish(found);
    Some(Routing {
        ingresses,
        max_weight: u32::try_from(max_weight).unwrap_or(100).max(1),
    })
}

/// `validation.go:284`: a router needs both services; the stable one is asked for first.
pub(super) fn needs_services(
    canary: &mut Fields<'_>,
    stable_missing: bool,
    refusals: &mut Refusals,
) {
    let name = if stable_missing {
        "stableService"
    } else {
        "canaryService"
    };
    let message = format!(
        "spec.strategy.{name}: Invalid value: \"\": Canary service and Stable service must to be \
         set to use Traffic Routing"
    );
    let at = field_place(canary, "trafficRouting");
    refusals.say(at, message, "set stableService and canaryService");
}

/// `validation_references.go:298`; comes after the analysis templates.
pub(super) fn check_ingresses(routing: &Routing, canary: &mut Fields<'_>, refusals: &mut Refusals) {
    let how = if routing.ingresses.is_empty() {
        "Neither are"
    } else if routing.ingresses.iter().any(String::is_empty) {
        "Both are"
    } else {
        return;
    };
    let message = format!(
        "spec.strategy.canary.trafficRouting.nginx: Internal error: Either StableIngress or \
         StableIngresses must be configured. {how} configured."
    );
    let at = field_place(canary, "trafficRouting");
    refusals.say(at, message, "set exactly one of the two");
}

//! `trafficRouting`.

use super::super::rollout::{Router, Routing};
use super::rollout::{Refusals, field_place};
use super::template::each;
use super::{ignore, non_empty, refuse};
use crate::source::{Diagnostics, Fields, Kind};

/// Each router with its fields, in the order in which Argo reconciles them
/// (`trafficrouting.go:42`).
const ROUTERS: [(&str, Router, &[&str]); 8] = [
    (
        "istio",
        Router::Istio,
        &["virtualService", "virtualServices", "destinationRule"],
    ),
    (
        "nginx",
        Router::Nginx,
        &[
            "annotationPrefix",
            "additionalIngressAnnotations",
            "canaryIngressAnnotations",
        ],
    ),
    (
        "alb",
        Router::Alb,
        &[
            "servicePort",
            "rootService",
            "annotationPrefix",
            "stickinessConfig",
        ],
    ),
    ("smi", Router::Smi, &["rootService", "trafficSplitName"]),
    ("ambassador", Router::Ambassador, &["mappings"]),
    (
        "appMesh",
        Router::AppMesh,
        &["virtualService", "virtualNodeGroup"],
    ),
    ("traefik", Router::Traefik, &["weightedTraefikServiceName"]),
    ("apisix", Router::Apisix, &["route"]),
];

/// What cannot be said before the analysis templates were looked at: the field and the controller's
/// words.
pub(super) type Late = Vec<(&'static str, &'static str)>;

/// `trafficRouting`; `None` when there is none, or one without a router.
pub(super) fn read(canary: &mut Fields<'_>, found: &mut Diagnostics) -> (Option<Routing>, Late) {
    let mut late = Late::new();
    let Some(mut fields) = canary.map("trafficRouting", found) else {
        return (None, late);
    };
    let help = "Argo has it as a plugin: write it below `plugins`";
    refuse(&mut fields, &["gatewayAPI"], help, found);
    let mut routing = Routing {
        max_weight: 100,
        max_weight_set: fields.node("maxTrafficWeight").is_some(),
        ..Routing::default()
    };
    if let Some(most) = fields.int("maxTrafficWeight", found) {
        routing.max_weight = u32::try_from(most).unwrap_or(100).max(1);
    }
    for (name, router, known) in ROUTERS {
        let Some(mut one) = fields.map(name, found) else {
            continue;
        };
        match router {
            Router::Nginx => {
                let (names, count) = ingresses(
                    &mut one,
                    ("stableIngress", "stableIngresses"),
                    (NGINX_BOTH, NGINX_NEITHER),
                    found,
                );
                routing.ingresses.extend(names);
                late.extend(count.map(|words| (name, words)));
            }
            Router::Alb => {
                let words = (ALB_BOTH, ALB_NEITHER);
                let (_, count) = ingresses(&mut one, ("ingress", "ingresses"), words, found);
                late.extend(count.map(|words| (name, words)));
                routing.alb_root = non_empty(&mut one, "rootService", found).is_some();
            }
            Router::Istio => {
                routing.subsets = one.map("destinationRule", found).is_some();
                let several = one.list("virtualServices", found).unwrap_or_default();
                if several.is_empty() != one.map("virtualService", found).is_some() {
                    late.push((name, ISTIO));
                }
            }
            _ => {}
        }
        ignore(&mut one, known);
        one.finish(found);
        routing.routers.push(router);
    }
    if let Some(Kind::Map(plugins)) = fields.node("plugins").map(|node| &node.kind) {
        let names = plugins.iter().filter_map(|(name, _)| name.as_str());
        let plugin = |name: &str| Router::Plugin(name.to_owned());
        routing.routers.extend(names.map(plugin));
    }
    managed(&mut fields, &mut routing, found);
    if routing.routers.is_empty() && !found.has_errors() {
        let message = format!("`{}` names no router", fields.path_of("nginx"));
        let cure = "add `nginx: {stableIngress: …}` or leave trafficRouting out".to_owned();
        found.push(fields.document().error(fields.position(), message, cure));
    }
    fields.finish(found);
    // validation_references.go: nginx, then alb, then istio.
    late.sort_by_key(|(name, _)| ["nginx", "alb", "istio"].iter().position(|n| n == name));
    (Some(routing).filter(|r| !r.routers.is_empty()), late)
}

const NGINX_BOTH: &str =
    "Either StableIngress or StableIngresses must be configured. Both are configured.";
const NGINX_NEITHER: &str =
    "Either StableIngress or StableIngresses must be configured. Neither are configured.";
const ALB_BOTH: &str = "Either Ingress or Ingresses must be configured. Both are configured.";
const ALB_NEITHER: &str = "Either Ingress or Ingresses must be configured. Neither are configured.";
const ISTIO: &str = "either VirtualService or VirtualServices must be configured";

/// The ingresses' names, and what the controller says unless exactly one of the fields is there.
fn ingresses(
    router: &mut Fields<'_>,
    (single, several): (&str, &str),
    (both, neither): (&'static str, &'static str),
    found: &mut Diagnostics,
) -> (Vec<String>, Option<&'static str>) {
    let single = non_empty(router, single, found);
    let several = router.list(several, found).unwrap_or_default();
    let several = several.iter().filter_map(|node| node.as_str());
    let mut names: Vec<String> = several.map(str::to_owned).collect();
    let wrong = match (&single, names.is_empty()) {
        (Some(_), false) => Some(both),
        (None, true) => Some(neither),
        _ => None,
    };
    names.extend(single);
    (names, wrong)
}

fn managed(fields: &mut Fields<'_>, routing: &mut Routing, found: &mut Diagnostics) {
    let (document, path) = (fields.document(), fields.path_of("managedRoutes"));
    let Some(items) = fields.list("managedRoutes", found) else {
        return;
    };
    let names: Vec<String> = each(document, &path, items, found, |mut route, found| {
        let name = route.string("name", found).unwrap_or_default().to_owned();
        route.finish(found);
        Some(name)
    });
    routing.managed = Some(names);
}

/// `validation.go:284`: some routers need both services; the stable one is asked for first.
pub(super) fn needs_services(
    canary: &mut Fields<'_>,
    (stable, canary_service): (bool, bool),
    refusals: &mut Refusals,
) {
    let name = match (stable, canary_service) {
        (false, _) => "stableService",
        (true, false) => "canaryService",
        (true, true) => return,
    };
    let message = format!(
        "spec.strategy.{name}: Invalid value: \"\": Canary service and Stable service must to be \
         set to use Traffic Routing"
    );
    let at = field_place(canary, "trafficRouting");
    refusals.say(at, message, "set stableService and canaryService");
}

/// `validation.go:305`.
pub(super) fn check_max_weight(
    routing: &Routing,
    canary: &mut Fields<'_>,
    refusals: &mut Refusals,
) {
    let supports = |router: &Router| matches!(router, Router::Nginx | Router::Plugin(_));
    if !routing.max_weight_set || routing.routers.iter().any(supports) {
        return;
    }
    let message = format!(
        "spec.strategy.trafficRouting.maxTrafficWeight: Invalid value: {}: Canary maxTrafficWeight \
         in traffic routing only supported in Nginx and Plugins",
        routing.max_weight
    );
    let at = field_place(canary, "trafficRouting");
    refusals.say(at, message, "leave it out: weights are in hundredths");
}

/// `controller.go:661`; comes after the analysis templates.
pub(super) fn check_late(late: &Late, canary: &mut Fields<'_>, refusals: &mut Refusals) {
    for (router, words) in late {
        let message =
            format!("spec.strategy.canary.trafficRouting.{router}: Internal error: {words}");
        let at = field_place(canary, "trafficRouting");
        refusals.say(at, message, "set exactly one of the two");
    }
}

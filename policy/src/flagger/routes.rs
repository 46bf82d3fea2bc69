//! What Flagger's routers write into their API objects, and what they read back
//! (Flagger pkg/router).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::provider::RouterKind;
use super::steps::TOTAL_WEIGHT;
use super::{Canary, Provider};
use crate::effect::{HeaderMatch, RouteRule};
use crate::{Routes, Weight};

/// What the router reports: the source of truth for the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The primary's weight, in hundredths.
    pub primary: i64,
    /// The canary's weight, in hundredths.
    pub canary: i64,
    /// Requests are mirrored to the canary.
    pub mirrored: bool,
}

/// The arguments of `SetRoutes(primary, canary, mirrored)`. The object that a router makes of them
/// may say something else.
pub type SetRoutes = Reading;

impl Reading {
    /// All traffic on the primary.
    pub(super) const PRIMARY: Self = Self::weighted(0);
    /// All traffic on the canary.
    pub(super) const CANARY: Self = Self::weighted(TOTAL_WEIGHT);

    pub(super) const fn weighted(canary: i64) -> Self {
        Self {
            primary: TOTAL_WEIGHT - canary,
            canary,
            mirrored: false,
        }
    }
}

/// Reads the router's object. `iterations` is the status' count.
pub(super) fn get_routes(canary: &Canary, iterations: i64, object: &Routes) -> Reading {
    let has_match = !route_matches(canary).is_empty();
    let rule = object.rules.first();
    match canary.provider.router() {
        // nop.go: no object; the count decides.
        RouterKind::Nothing if iterations > 0 => Reading::CANARY,
        RouterKind::Nothing => Reading::PRIMARY,
        // ingress.go:138: a header or cookie annotation counts as all the traffic.
        RouterKind::Ingress if has_match && rule.is_some() => Reading::CANARY,
        RouterKind::Ingress | RouterKind::Split => Reading::weighted(hundredths(object.canary)),
        RouterKind::Rules | RouterKind::Conditions => Reading {
            // istio.go:536 mirrors in the cookie's rule; GetRoutes reads the one after it.
            mirrored: object.mirrored
                && !(canary.provider == Provider::Istio && canary.analysis.session_affinity),
            // With match conditions the rule that has both backends is read.
            ..Reading::weighted(hundredths(rule.map_or(object.canary, |rule| rule.share)))
        },
    }
}

fn owned((name, value): (&String, &HeaderMatch)) -> (String, HeaderMatch) {
    (name.clone(), value.clone())
}

fn hundredths(weight: Weight) -> i64 {
    if weight.total == 100 {
        return i64::from(weight.value);
    }
    (weight.share() * 100.0).round() as i64
}

/// The object's content after `SetRoutes` with these arguments. `before` is its content now.
pub(super) fn set_routes(canary: &Canary, arguments: SetRoutes, before: &Routes) -> Routes {
    let weight = percent(arguments.canary);
    let matches = route_matches(canary);
    match canary.provider.router() {
        RouterKind::Nothing => Routes::default(),
        RouterKind::Split => Routes::weighted(weight),
        RouterKind::Ingress => set_ingress(canary, weight, before),
        RouterKind::Conditions if matches.is_empty() => Routes::weighted(weight),
        // contour.go:407, appmesh.go:492: the conditions of all entries land on one route.
        RouterKind::Conditions if weight != Weight::ZERO => Routes {
            rules: vec![rule(matches.iter().flatten().map(owned).collect(), weight)],
            ..Routes::default()
        },
        _ if matches.is_empty() || weight == Weight::ZERO => Routes {
            canary: weight,
            mirrored: arguments.mirrored && can_mirror(canary),
            mirror: mirror_percentage(canary).filter(|_| arguments.mirrored),
            rules: Vec::new(),
        },
        // istio.go:540, gateway_api.go:420: who matches is split, everybody else stays.
        _ => Routes {
            rules: matches.iter().map(|m| rule(m.clone(), weight)).collect(),
            ..Routes::default()
        },
    }
}

/// Flagger ingress.go:165: with match conditions the weight annotation is not touched; weight 0
/// removes every canary annotation; otherwise header annotations stay.
fn set_ingress(canary: &Canary, weight: Weight, before: &Routes) -> Routes {
    if weight == Weight::ZERO {
        return Routes::default();
    }
    if canary.analysis.matches.is_empty() {
        return Routes {
            canary: weight,
            rules: before.rules.clone(),
            ..Routes::default()
        };
    }
    Routes {
        canary: before.canary,
        rules: ingress_rules(&canary.analysis.matches),
        ..Routes::default()
    }
}

/// An Ingress has room for one header and one cookie, so the conditions collapse
/// (Flagger ingress.go:181; among several headers Go's map order decides, here the last).
fn ingress_rules(matches: &[BTreeMap<String, HeaderMatch>]) -> Vec<RouteRule> {
    let (mut header, mut cookie) = (None, None);
    for (name, value) in matches.iter().flatten() {
        if name == "cookie" {
            cookie = Some(value);
        } else {
            header = Some((name, value));
        }
    }
    let header = header.map(|(name, value)| {
        let value = match value {
            HeaderMatch::Exact(_) | HeaderMatch::Regex(_) => value.clone(),
            // Prefix and suffix leave `canary-by-header` without a value: ingress-nginx then wants
            // `always`.
            _ => HeaderMatch::Exact("always".to_owned()),
        };
        BTreeMap::from([(name.clone(), value)])
    });
    let cookie = cookie.and_then(|value| match value {
        // `canary-by-cookie` takes the cookie's name; its value has to be `always`.
        HeaderMatch::Exact(name) => Some(BTreeMap::from([("cookie".to_owned(), always(name))])),
        _ => None,
    });
    let rules = header.into_iter().chain(cookie);
    rules.map(|headers| rule(headers, Weight::FULL)).collect()
}

fn always(cookie: &str) -> HeaderMatch {
    HeaderMatch::Regex(format!("(.*; *)?{}=always(;.*)?", regex::escape(cookie)))
}

fn rule(headers: BTreeMap<String, HeaderMatch>, share: Weight) -> RouteRule {
    RouteRule {
        name: String::new(),
        headers,
        mirror: false,
        share,
    }
}

/// `analysis.match`, unless Istio routes TCP (Flagger istio.go:470).
pub(super) fn route_matches(canary: &Canary) -> &[BTreeMap<String, HeaderMatch>] {
    if canary.tcp {
        return &[];
    }
    &canary.analysis.matches
}

/// Istio mirrors no TCP, and the rules of match conditions replace the one that mirrors
/// (istio.go:541). Gateway API mirrors only blue/green runs (Flagger gateway_api.go:385).
fn can_mirror(canary: &Canary) -> bool {
    match canary.provider {
        Provider::Istio => !canary.tcp && canary.analysis.matches.is_empty(),
        provider => provider.is_gateway_api() && canary.analysis.iterations > 0,
    }
}

/// Only Istio has the field (Flagger istio.go:534).
fn mirror_percentage(canary: &Canary) -> Option<Weight> {
    let set = canary.provider == Provider::Istio && canary.analysis.mirror_weight > 0;
    set.then(|| percent(canary.analysis.mirror_weight))
}

pub(super) fn percent(hundredths: i64) -> Weight {
    Weight::percent(u32::try_from(hundredths.clamp(0, TOTAL_WEIGHT)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::super::read::tests::canary;
    use super::*;

    const AB: &str = "iterations: 2, match: [{headers: {x-canary: {exact: insider}}}, {headers: \
                      {cookie: {exact: canary}}}]";

    #[test]
    fn an_ingress_with_match_conditions_never_reads_as_a_weight() {
        let canary = canary("nginx", AB);
        let written = set_routes(&canary, Reading::weighted(75), &Routes::default());
        assert_eq!(written.canary, Weight::ZERO);
        assert_eq!(written.rules.len(), 2);
        assert_eq!(get_routes(&canary, 1, &written), Reading::CANARY);
        let cleared = set_routes(&canary, Reading::PRIMARY, &written);
        assert_eq!(cleared, Routes::default());
        assert_eq!(get_routes(&canary, 1, &cleared), Reading::PRIMARY);
    }

    #[test]
    fn a_virtual_service_splits_only_who_matches() {
        let canary = canary("istio", AB);
        let written = set_routes(&canary, Reading::weighted(75), &Routes::default());
        assert_eq!((written.canary, written.rules.len()), (Weight::ZERO, 2));
        assert_eq!(get_routes(&canary, 1, &written), Reading::weighted(75));
    }

    #[test]
    fn contour_wants_all_conditions_of_all_entries() {
        let canary = canary("contour", AB);
        let written = set_routes(&canary, Reading::CANARY, &Routes::default());
        assert_eq!(
            (written.rules.len(), written.rules[0].headers.len()),
            (1, 2)
        );
        assert_eq!(get_routes(&canary, 1, &written), Reading::CANARY);
        let cleared = set_routes(&canary, Reading::PRIMARY, &written);
        assert_eq!(cleared, Routes::default());
    }

    #[test]
    fn a_split_knows_only_weights() {
        let canary = canary("kuma", AB);
        let written = set_routes(&canary, Reading::weighted(75), &Routes::default());
        assert_eq!(written, Routes::weighted(Weight::percent(75)));
        assert_eq!(get_routes(&canary, 1, &written), Reading::weighted(75));
    }

    #[test]
    fn only_istio_mirrors_a_weighted_canary() {
        let mirror = SetRoutes {
            mirrored: true,
            ..Reading::PRIMARY
        };
        let mirrored = |provider, analysis| {
            let canary = canary(provider, analysis);
            let written = set_routes(&canary, mirror, &Routes::default());
            get_routes(&canary, 0, &written).mirrored
        };
        assert!(mirrored("istio", "stepWeight: 10, mirror: true"));
        assert!(mirrored("gatewayapi:v1", "iterations: 2, mirror: true"));
        assert!(!mirrored("gatewayapi:v1", "stepWeight: 10, mirror: true"));
        assert!(!mirrored("nginx", "stepWeight: 10, mirror: true"));
    }

    #[test]
    fn without_a_router_the_iterations_decide() {
        let canary = canary("kubernetes", "iterations: 2");
        let written = set_routes(&canary, Reading::CANARY, &Routes::default());
        assert_eq!(written, Routes::default());
        assert_eq!(get_routes(&canary, 1, &written), Reading::CANARY);
        assert_eq!(get_routes(&canary, 0, &written), Reading::PRIMARY);
    }
}

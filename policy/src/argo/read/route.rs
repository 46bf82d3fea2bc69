//! `setHeaderRoute` and `setMirrorRoute`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::rollout::{ManagedRoute, Router, Routing};
use super::rollout::{Refusals, field_place};
use super::template::each;
use crate::source::{Diagnostics, Fields};
use crate::{HeaderMatch, RouteRule, Weight};

/// As Argo prints it.
#[derive(Serialize)]
struct StringMatch {
    #[serde(skip_serializing_if = "String::is_empty")]
    exact: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    prefix: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    regex: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HeaderRoutingMatch {
    header_name: String,
    header_value: Option<StringMatch>,
}

#[derive(Serialize)]
struct SetHeaderRoute {
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(rename = "match", skip_serializing_if = "Vec::is_empty")]
    matches: Vec<HeaderRoutingMatch>,
}

#[derive(Serialize)]
struct RouteMatch {
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<StringMatch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<StringMatch>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, StringMatch>,
}

#[derive(Serialize)]
struct SetMirrorRoute {
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(rename = "match", skip_serializing_if = "Vec::is_empty")]
    matches: Vec<RouteMatch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percentage: Option<i64>,
}

impl StringMatch {
    fn read(fields: &mut Fields<'_>, name: &str, found: &mut Diagnostics) -> Option<Self> {
        let mut value = fields.map(name, found)?;
        let mut text = |name| value.string(name, found).unwrap_or_default().to_owned();
        let read = Self {
            exact: text("exact"),
            prefix: text("prefix"),
            regex: text("regex"),
        };
        value.finish(found);
        Some(read)
    }

    fn condition(&self) -> HeaderMatch {
        if !self.exact.is_empty() {
            HeaderMatch::Exact(self.exact.clone())
        } else if !self.prefix.is_empty() {
            HeaderMatch::Prefix(self.prefix.clone())
        } else {
            HeaderMatch::Regex(self.regex.clone())
        }
    }

    /// `hasMultipleMatchValues` (`validation.go:522`).
    fn wrong(value: Option<&Self>) -> Option<&'static str> {
        let set = value.map_or(0, |value| {
            let texts = [&value.exact, &value.prefix, &value.regex];
            texts.iter().filter(|text| !text.is_empty()).count()
        });
        match set {
            0 => Some(
                "StringMatch value missed, match value must have one of the following: exact, \
                 regex, prefix",
            ),
            1 => None,
            _ => Some(
                "StringMatch match value must have exactly one of the following: exact, regex, \
                 prefix",
            ),
        }
    }

    /// `hasALBInvalidValues` (`validation.go:509`).
    fn wrong_for_alb(value: Option<&Self>) -> Option<&'static str> {
        let Some(value) = value else {
            return Self::wrong(None);
        };
        let exact = !value.exact.is_empty() && value.prefix.is_empty() && value.regex.is_empty();
        (!exact).then_some("SetHeaderRoute match value invalid. ALB supports 'exact' value only")
    }
}

fn printed(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Where a step stands, and what it is checked against.
pub(super) struct Context<'a> {
    /// `spec.strategy.steps[0]`
    pub(super) path: String,
    pub(super) routing: Option<&'a Routing>,
}

impl Context<'_> {
    fn say(
        &self,
        (fields, name): (&mut Fields<'_>, &str),
        (below, value, why): (&str, &str, &str),
        help: &str,
        refusals: &mut Refusals,
    ) {
        let message = format!("{}.{name}{below}: Invalid value: {value}: {why}", self.path);
        refusals.say(field_place(fields, name), message, help);
    }

    /// `validation.go:372`: the route must be one of `managedRoutes`.
    fn check_managed(
        &self,
        step: &mut Fields<'_>,
        name: &str,
        route: &str,
        refusals: &mut Refusals,
    ) {
        let Some(routing) = self.routing else {
            return;
        };
        let help = "list the route's name below trafficRouting.managedRoutes";
        let Some(managed) = &routing.managed else {
            let message = "spec.strategy.trafficRouting.managedRoutes: Required value: Rollout has \
                           missing field 'spec.strategy.canary.trafficRouting.managedRoutes'";
            refusals.say(field_place(step, name), message.to_owned(), help);
            return;
        };
        if !managed.iter().any(|known| known == route) {
            let why = "Steps define a route that does not exist in \
                       spec.strategy.canary.trafficRouting.managedRoutes";
            self.say(
                (step, name),
                ("", &format!("{route:?}"), why),
                help,
                refusals,
            );
        }
    }
}

/// `setHeaderRoute`.
pub(super) fn header(
    step: &mut Fields<'_>,
    context: &Context<'_>,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> Option<ManagedRoute> {
    let field = "setHeaderRoute";
    let mut fields = step.map(field, found)?;
    let (document, path) = (fields.document(), fields.path_of("match"));
    let items = fields.list("match", found).unwrap_or_default();
    let route = SetHeaderRoute {
        name: fields.string("name", found).unwrap_or_default().to_owned(),
        matches: each(document, &path, items, found, |mut one, found| {
            let name = one.string("headerName", found).unwrap_or_default();
            let value = StringMatch::read(&mut one, "headerValue", found);
            let read = HeaderRoutingMatch {
                header_name: name.to_owned(),
                header_value: value,
            };
            one.finish(found);
            Some(read)
        }),
    };
    fields.finish(found);
    let has = |router: &Router| context.routing.is_some_and(|routing| routing.has(router));
    let plugin = context.routing.is_some_and(Routing::has_plugin);
    if !(has(&Router::Istio) || has(&Router::Alb) || has(&Router::Apisix) || plugin) {
        let why = "SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix";
        let help = "remove the step, or use a router that knows headers";
        context.say((step, field), ("", &printed(&route), why), help, refusals);
    } else {
        for (index, one) in route.matches.iter().enumerate() {
            let value = one.header_value.as_ref();
            let wrong = match has(&Router::Alb) {
                true => StringMatch::wrong_for_alb(value),
                false => StringMatch::wrong(value),
            };
            if let Some(why) = wrong {
                let below = format!(".match[{index}]");
                let value = (below.as_str(), printed(&one.header_value), why);
                let value = (value.0, value.1.as_str(), value.2);
                context.say((step, field), value, "give exactly one", refusals);
            }
        }
    }
    context.check_managed(step, field, &route.name, refusals);
    let conditions = route.matches.iter().filter_map(|one| {
        let value = one.header_value.as_ref()?.condition();
        Some((one.header_name.clone(), value))
    });
    let rule = |headers| RouteRule {
        name: route.name.clone(),
        headers,
        mirror: false,
        share: Weight::percent(100),
    };
    // ALB and APISIX want all conditions, Istio any (one match each).
    let all = has(&Router::Alb) || has(&Router::Apisix);
    let rules = match all && !route.matches.is_empty() {
        true => vec![rule(conditions.collect())],
        false => conditions.map(|one| rule([one].into())).collect(),
    };
    Some(ManagedRoute {
        name: route.name,
        rules,
    })
}

/// `setMirrorRoute`.
pub(super) fn mirror(
    step: &mut Fields<'_>,
    context: &Context<'_>,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> Option<ManagedRoute> {
    let field = "setMirrorRoute";
    let mut fields = step.map(field, found)?;
    let (document, path) = (fields.document(), fields.path_of("match"));
    let items = fields.list("match", found).unwrap_or_default();
    let route = SetMirrorRoute {
        name: fields.string("name", found).unwrap_or_default().to_owned(),
        matches: each(document, &path, items, found, |one, found| {
            Some(read_match(one, found))
        }),
        percentage: fields.int("percentage", found),
    };
    fields.finish(found);
    let istio = context
        .routing
        .is_some_and(|routing| routing.has(&Router::Istio));
    if !(istio || context.routing.is_some_and(Routing::has_plugin)) {
        let why = "SetMirrorRoute requires TrafficRouting, supports Istio and Plugins";
        let help = "remove the step, or use a router that mirrors";
        context.say((step, field), ("", &printed(&route), why), help, refusals);
    }
    for (index, one) in route.matches.iter().enumerate() {
        for value in [&one.method, &one.path].into_iter().flatten() {
            if let Some(why) = StringMatch::wrong(Some(value)) {
                let below = format!(".match[{index}]");
                let value = (below.as_str(), &*printed(value), why);
                context.say((step, field), value, "give exactly one", refusals);
            }
        }
    }
    context.check_managed(step, field, &route.name, refusals);
    let percentage = u32::try_from(route.percentage.unwrap_or(100)).unwrap_or(0);
    let rules = route.matches.iter().map(|one| RouteRule {
        name: route.name.clone(),
        headers: one
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.condition()))
            .collect(),
        mirror: true,
        share: Weight::percent(percentage.min(100)),
    });
    let rules = rules.collect();
    Some(ManagedRoute {
        name: route.name,
        rules,
    })
}

fn read_match(mut one: Fields<'_>, found: &mut Diagnostics) -> RouteMatch {
    let mut headers = BTreeMap::new();
    if let Some(mut all) = one.map("headers", found) {
        let names: Vec<String> = all
            .unread()
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        for name in names {
            headers.extend(StringMatch::read(&mut all, &name, found).map(|value| (name, value)));
        }
    }
    let read = RouteMatch {
        method: StringMatch::read(&mut one, "method", found),
        path: StringMatch::read(&mut one, "path", found),
        headers,
    };
    one.finish(found);
    read
}

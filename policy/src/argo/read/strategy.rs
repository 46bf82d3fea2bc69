//! `spec.strategy`.

use std::sync::Arc;

use super::super::resolve::Analysis;
use super::super::rollout::{Background, Canary, Routing, Step, Threshold};
use super::super::value::IntOrString;
use super::merge::{self, Reference};
use super::rollout::{Refusals, field_place};
use super::step::{self, RawStep};
use super::template::Templates;
use super::{ignore, int_or_string, non_empty, refuse};
use crate::Span;
use crate::source::{Diagnostic, Diagnostics, Fields, Position, Severity};

/// What surrounds the strategy.
pub(super) struct Context<'a> {
    pub(super) namespace: &'a str,
    pub(super) templates: &'a Templates,
    pub(super) replicas: u32,
}

/// Reads the strategy; `None` when it is none that coalmine simulates.
pub(super) fn read(
    spec: &mut Fields<'_>,
    context: &Context<'_>,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> Option<Canary> {
    let at = field_place(spec, "strategy");
    let missing = "spec.strategy.strategy: Required value: Rollout has missing field \
                   '.spec.strategy.canary or .spec.strategy.blueGreen'";
    let cure = "add `strategy: {canary: {steps: […]}}`";
    let Some(mut strategy) = spec.map("strategy", found) else {
        refusals.say(at, missing.to_owned(), cure);
        return Some(Canary::default());
    };
    let both = strategy.node("canary").is_some() && strategy.node("blueGreen").is_some();
    if both {
        let message = "spec.strategy.strategy: Invalid value: \"blueGreen: true canary: true\": \
                       Multiple Strategies can not be listed";
        refusals.say(at, message.to_owned(), "remove one of the two");
        return Some(Canary::default());
    }
    let help = "coalmine simulates the canary strategy; a blueGreen Rollout cannot be scored";
    refuse(&mut strategy, &["blueGreen"], help, found);
    let blue_green = strategy.node("blueGreen").is_some();
    // An empty mapping is a strategy, a null is not.
    let canary = strategy.map("canary", found);
    strategy.finish(found);
    match canary {
        Some(canary) => Some(read_canary(canary, context, refusals, found)),
        None if blue_green => None,
        None => {
            refusals.say(at, missing.to_owned(), cure);
            Some(Canary::default())
        }
    }
}

fn read_canary(
    mut fields: Fields<'_>,
    context: &Context<'_>,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> Canary {
    ignore(
        &mut fields,
        &["antiAffinity", "canaryMetadata", "stableMetadata"],
    );
    ignore(&mut fields, &["scaleDownDelayRevisionLimit"]);
    let later = "leave it out, or watch the project's FIDELITY.md";
    refuse(&mut fields, &["pingPong"], later, found);
    if fields.boolean("dynamicStableScale", found) == Some(true) {
        refuse(&mut fields, &["dynamicStableScale"], later, found);
    }
    let (max_surge, max_unavailable) = limits(&mut fields, context.replicas, refusals, found);
    let stable_service = non_empty(&mut fields, "stableService", found);
    let canary_service = non_empty(&mut fields, "canaryService", found);
    if stable_service.is_some() && stable_service == canary_service {
        let name = stable_service.as_deref().unwrap_or_default();
        let message = format!(
            "spec.strategy.stableService: Invalid value: \"{name}\": This rollout uses the same \
             service for the stable and canary services, but two different services are required."
        );
        let at = field_place(&mut fields, "stableService");
        refusals.say(at, message, "create a second Service for the canary");
    }
    let routing_node = fields.map("trafficRouting", found);
    let routed = routing_node.is_some();
    let at = field_place(&mut fields, "trafficRouting");
    let routing = routing_node.and_then(|node| read_routing(node, found));
    if routing.is_some() {
        for (name, service) in [
            ("stableService", &stable_service),
            ("canaryService", &canary_service),
        ] {
            if service.is_none() {
                let message = format!(
                    "spec.strategy.{name}: Invalid value: \"\": Canary service and Stable service \
                     must to be set to use Traffic Routing"
                );
                refusals.say(at.clone(), message, "set stableService and canaryService");
            }
        }
    }
    let scale_down = fields.int("scaleDownDelaySeconds", found);
    if let (false, Some(delay)) = (routed, scale_down) {
        let message = format!(
            "spec.strategy.scaleDownDelaySeconds: Invalid value: {delay}: Canary \
             scaleDownDelaySeconds can only be used with traffic routing"
        );
        let at = field_place(&mut fields, "scaleDownDelaySeconds");
        refusals.say(at, message, "leave it out");
    }
    let threshold = read_threshold(&mut fields, found);
    let min_pods = fields.int("minPodsPerReplicaSet", found).unwrap_or(0);
    let abort_delay = fields.int("abortScaleDownDelaySeconds", found);
    let max_weight = routing.as_ref().map_or(100, |r| r.max_weight);
    let raw = step::read(&mut fields, (max_weight, routed), refusals, found);
    let background = read_background(&mut fields, found);
    fields.finish(found);
    let (steps, background) = resolve(raw, background, context, refusals, found);
    if let Some(routing) = &routing {
        check_ingresses(routing, &at, refusals);
    }
    let seconds = |value: i64| Span::from_secs(u64::try_from(value).unwrap_or(0));
    Canary {
        stable_service,
        canary_service,
        steps,
        background,
        max_surge,
        max_unavailable,
        routing,
        min_pods: u32::try_from(min_pods).unwrap_or(0),
        threshold,
        // defaults.go: unset is 30 seconds, 0 keeps the canary.
        abort_delay: match abort_delay {
            Some(0) => None,
            delay => Some(seconds(delay.unwrap_or(30))),
        },
        scale_down_delay: seconds(scale_down.unwrap_or(30)),
    }
}

/// `resolveFenceposts` (`replicaset.go:407`).
fn limits(
    fields: &mut Fields<'_>,
    replicas: u32,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> (u32, u32) {
    let default = || IntOrString::Text("25%".to_owned());
    let surge = int_or_string(fields, "maxSurge", found);
    let unavailable = int_or_string(fields, "maxUnavailable", found);
    let zero = |limit: &Option<IntOrString>| match limit {
        None => false,
        Some(IntOrString::Text(text)) => {
            text.strip_suffix('%').unwrap_or(text).parse().unwrap_or(0) == 0
        }
        Some(limit) => limit.int_value() == 0,
    };
    if zero(&surge) && zero(&unavailable) {
        let printed = match &surge {
            Some(IntOrString::Text(text)) => format!("{text:?}"),
            Some(limit) => limit.to_string(),
            None => String::new(),
        };
        let message = format!(
            "spec.strategy.maxSurge: Invalid value: {printed}: MaxSurge and MaxUnavailable both can \
             not be zero"
        );
        let at = field_place(fields, "maxSurge");
        refusals.say(at, message, "allow one of them");
    }
    let surge = surge
        .unwrap_or_else(default)
        .of_total(replicas, true)
        .unwrap_or(0);
    let unavailable = unavailable
        .unwrap_or_else(default)
        .of_total(replicas, false)
        .unwrap_or(0);
    let unavailable = if surge == 0 && unavailable == 0 {
        1
    } else {
        unavailable
    };
    (surge, unavailable.min(replicas))
}

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

fn read_routing(mut fields: Fields<'_>, found: &mut Diagnostics) -> Option<Routing> {
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

/// `validation_references.go:298`; comes after the analysis templates.
fn check_ingresses(routing: &Routing, at: &super::Place, refusals: &mut Refusals) {
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
    refusals.say(at.clone(), message, "set exactly one of the two");
}

fn read_threshold(fields: &mut Fields<'_>, found: &mut Diagnostics) -> Option<Threshold> {
    let mut threshold = fields.map("replicaProgressThreshold", found)?;
    let kind = threshold
        .string("type", found)
        .unwrap_or_default()
        .to_owned();
    let value = threshold.int("value", found);
    threshold.finish(found);
    // canary.go:37: a negative value is none.
    let value = u32::try_from(value?).ok()?;
    Some(match kind.as_str() {
        "Percent" => Threshold::Percent(value),
        _ => Threshold::Pods(value),
    })
}

fn read_background(fields: &mut Fields<'_>, found: &mut Diagnostics) -> Option<(Reference, usize)> {
    let mut analysis = fields.map("analysis", found)?;
    let start = analysis.int("startingStep", found).unwrap_or(0);
    let path = "spec.strategy.canary.analysis.templates".to_owned();
    let reference = step::reference(&mut analysis, path, false, found);
    analysis.finish(found);
    Some((reference, usize::try_from(start).unwrap_or(0)))
}

/// First every template must exist, then every reference must merge (`controller.go:646`).
fn resolve(
    raw: Vec<RawStep>,
    background: Option<(Reference, usize)>,
    context: &Context<'_>,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> (Vec<Step>, Option<Background>) {
    let steps = raw.iter().filter_map(|step| match step {
        RawStep::Analysis(reference) => Some(reference),
        RawStep::Plain(_) => None,
    });
    let references = steps.chain(background.iter().map(|(reference, _)| reference));
    let mut reached = Vec::new();
    for reference in references {
        match merge::reach(reference, context.namespace, context.templates) {
            Ok(templates) => reached.push((reference, templates)),
            Err(Some(refusal)) => refusals.add(refusal),
            // The template's own mistakes have been reported; this Rollout needs it.
            Err(None) => found.push(dropped(reference)),
        }
    }
    let mut merged = Vec::new();
    for (reference, templates) in &reached {
        match templates.merge(reference) {
            Ok(analysis) => {
                check_conditions(&analysis, found);
                merged.push((reference.path.as_str(), analysis));
            }
            Err(refusal) => refusals.add(refusal),
        }
    }
    let find = |path: &str| {
        let mut merged = merged.iter();
        merged
            .find(|(known, _)| *known == path)
            .map(|(_, analysis)| analysis.clone())
    };
    let steps = raw.iter().map(|step| match step {
        RawStep::Plain(step) => step.clone(),
        RawStep::Analysis(reference) if reference.templates.is_empty() => Step::Analysis(None),
        RawStep::Analysis(reference) => Step::Analysis(find(&reference.path)),
    });
    let steps = steps.collect();
    let background = background.as_ref().and_then(|(reference, starting_step)| {
        // analysis.go:352: without templates there is no background analysis.
        let analysis = (!reference.templates.is_empty()).then(|| find(&reference.path))??;
        Some(Background {
            analysis,
            starting_step: *starting_step,
        })
    });
    (steps, background)
}

fn dropped(reference: &Reference) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        file: reference.place.file.clone(),
        position: Position {
            line: reference.place.line,
            column: reference.place.column,
            ..Position::default()
        },
        message: format!(
            "`{}` refers to a template that cannot be read",
            reference.path
        ),
        help: "correct the template first".to_owned(),
    }
}

/// Conditions with placeholders can only be parsed once their arguments are known.
fn check_conditions(analysis: &Arc<Analysis>, found: &mut Diagnostics) {
    let hash = crate::Template::new("hash");
    let plan = analysis.plan(&hash, &hash);
    for (metric, source) in plan.metrics.iter().zip(&analysis.metrics) {
        let tests = [
            (&metric.success, &source.success),
            (&metric.failure, &source.failure),
        ];
        for (test, written) in tests {
            let (Some(test), Some(written)) = (test, written) else {
                continue;
            };
            if let Err(error) = test.parsed()
                && written.text.contains("{{")
            {
                found.push(Diagnostic {
                    severity: Severity::Error,
                    file: source.place.file.clone(),
                    position: Position {
                        line: written.line,
                        column: written.column,
                        ..Position::default()
                    },
                    message: format!("condition `{}`: {}", test.text, error.message),
                    help: error.help.clone(),
                });
            }
        }
    }
}

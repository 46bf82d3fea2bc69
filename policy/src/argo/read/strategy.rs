//! `spec.strategy`.

use super::super::rollout::{BlueGreen, Canary};
use super::merge::Reference;
use super::rollout::{Refusals, field_place};
use super::template::Templates;
use super::{
    affinity, blue_green, ignore, limits, non_empty, ping_pong, references, routing, step,
};
use crate::Span;
use crate::source::{Diagnostics, Fields};

/// What surrounds the strategy.
pub(super) struct Context<'a> {
    pub(super) namespace: Option<&'a str>,
    pub(super) templates: &'a Templates,
    pub(super) replicas: u32,
    /// `revisionHistoryLimit`.
    pub(super) revisions: u32,
}

/// One of the two, or neither when the controller refuses the Rollout.
#[derive(Default)]
pub(super) struct Strategy {
    pub(super) canary: Canary,
    pub(super) blue_green: Option<BlueGreen>,
}

/// Reads the strategy.
pub(super) fn read(
    spec: &mut Fields<'_>,
    context: &Context<'_>,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> Strategy {
    let at = field_place(spec, "strategy");
    let missing = "spec.strategy.strategy: Required value: Rollout has missing field \
                   '.spec.strategy.canary or .spec.strategy.blueGreen'";
    let cure = "add `strategy: {canary: {steps: […]}}`";
    let Some(mut strategy) = spec.map("strategy", found) else {
        refusals.say(at, missing.to_owned(), cure);
        return Strategy::default();
    };
    let both = strategy.node("canary").is_some() && strategy.node("blueGreen").is_some();
    if both {
        let message = "spec.strategy.strategy: Invalid value: \"blueGreen: true canary: true\": \
                       Multiple Strategies can not be listed";
        refusals.say(at, message.to_owned(), "remove one of the two");
        return Strategy::default();
    }
    // An empty mapping is a strategy, a null is not.
    let canary = strategy.map("canary", found);
    let blue_green = strategy.map("blueGreen", found);
    strategy.finish(found);
    match (canary, blue_green) {
        (Some(canary), _) => Strategy {
            canary: read_canary(canary, context, refusals, found),
            blue_green: None,
        },
        (None, Some(fields)) => Strategy {
            canary: Canary::default(),
            blue_green: Some(blue_green::read(fields, context, refusals, found)),
        },
        (None, None) => {
            refusals.say(at, missing.to_owned(), cure);
            Strategy::default()
        }
    }
}

fn read_canary(
    mut fields: Fields<'_>,
    context: &Context<'_>,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> Canary {
    ignore(&mut fields, &["canaryMetadata", "stableMetadata"]);
    let (max_surge, max_unavailable) = limits::read(&mut fields, context.replicas, refusals, found);
    let (stable_service, canary_service) = services(&mut fields, refusals, found);
    let routed = fields.node("trafficRouting").is_some();
    let (routing, late) = routing::read(&mut fields, found);
    let ping_pong = ping_pong::read(&mut fields, found);
    if let Some(services) = &ping_pong {
        ping_pong::check(services, (routing.as_ref(), routed), &mut fields, refusals);
    }
    if routing
        .as_ref()
        .is_some_and(|r| r.needs_services(ping_pong.is_some()))
    {
        let there = (stable_service.is_some(), canary_service.is_some());
        routing::needs_services(&mut fields, there, refusals);
    }
    let scale_down_delay = scale_down_delay(&mut fields, routed, refusals, found);
    let dynamic_stable = dynamic_stable(&mut fields, routed, refusals, found);
    if let Some(routing) = &routing {
        routing::check_max_weight(routing, &mut fields, refusals);
    }
    let threshold = limits::threshold(&mut fields, found);
    let min_pods = fields.int("minPodsPerReplicaSet", found).unwrap_or(0);
    let abort_delay = fields.int("abortScaleDownDelaySeconds", found);
    let revisions = fields.int("scaleDownDelayRevisionLimit", found);
    let raw = step::read(&mut fields, (routing.as_ref(), routed), refusals, found);
    affinity::check(&mut fields, refusals, found);
    let background = read_background(&mut fields, found);
    let (steps, background) = references::resolve(raw, background, context, refusals, found);
    routing::check_late(&late, &mut fields, refusals);
    fields.finish(found);
    let (stable_service, canary_service) = ping_pong
        .clone()
        .unwrap_or((stable_service, canary_service));
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
        // defaults.go:212: unset is 30 seconds, 0 is none.
        abort_delay: match abort_delay {
            Some(0) => None,
            delay => Some(seconds(delay.unwrap_or(30))),
        },
        abort_delay_set: abort_delay.is_some(),
        dynamic_stable,
        scale_down_delay,
        scale_down_revisions: revisions.map(|limit| u32::try_from(limit).unwrap_or(0)),
        ping_pong: ping_pong.is_some(),
    }
}

pub(super) fn seconds(value: i64) -> Span {
    Span::from_secs(u64::try_from(value).unwrap_or(0))
}

/// `validation.go:264`.
fn services(
    fields: &mut Fields<'_>,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> (Option<String>, Option<String>) {
    let stable = non_empty(fields, "stableService", found);
    let canary = non_empty(fields, "canaryService", found);
    if let Some(name) = stable.as_ref().filter(|_| stable == canary) {
        let message = format!(
            "spec.strategy.stableService: Invalid value: \"{name}\": This rollout uses the same \
             service for the stable and canary services, but two different services are required."
        );
        let at = field_place(fields, "stableService");
        refusals.say(at, message, "create a second Service for the canary");
    }
    (stable, canary)
}

/// `validation.go:293`.
fn scale_down_delay(
    fields: &mut Fields<'_>,
    routed: bool,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> Span {
    let delay = fields.int("scaleDownDelaySeconds", found);
    if let (false, Some(delay)) = (routed, delay) {
        let message = format!(
            "spec.strategy.scaleDownDelaySeconds: Invalid value: {delay}: Canary \
             scaleDownDelaySeconds can only be used with traffic routing"
        );
        let at = field_place(fields, "scaleDownDelaySeconds");
        refusals.say(at, message, "leave it out");
    }
    warn_of_no_delay(fields, delay, found);
    seconds(delay.unwrap_or(30))
}

/// `replicaset.go:352`: an old ReplicaSet without a deadline is kept at its size until it has one, and
/// a delay of 0 gives it none.
pub(super) fn warn_of_no_delay(
    fields: &mut Fields<'_>,
    delay: Option<i64>,
    found: &mut Diagnostics,
) {
    let node = fields.node("scaleDownDelaySeconds");
    let Some(node) = node.filter(|_| delay == Some(0)) else {
        return;
    };
    let message = "with `scaleDownDelaySeconds: 0` the old pods are never scaled down, and the \
                   controller spins"
        .to_owned();
    let help = "write 1 for as soon as possible".to_owned();
    found.push(fields.document().warning(node.position, message, help));
}

/// `validation.go:297`.
fn dynamic_stable(
    fields: &mut Fields<'_>,
    routed: bool,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> bool {
    let dynamic = fields.boolean("dynamicStableScale", found) == Some(true);
    let (why, help) = match (dynamic, routed) {
        (false, _) => return false,
        (true, false) => (
            "can only be used with traffic routing",
            "leave it out: without a router, stable shrinks anyway",
        ),
        (true, true) if fields.node("scaleDownDelaySeconds").is_none() => return true,
        (true, true) => (
            "cannot be used with scaleDownDelaySeconds",
            "remove one of the two",
        ),
    };
    let message = format!(
        "spec.strategy.dynamicStableScale: Invalid value: true: Canary dynamicStableScale {why}"
    );
    let at = field_place(fields, "dynamicStableScale");
    refusals.say(at, message, help);
    true
}

fn read_background(fields: &mut Fields<'_>, found: &mut Diagnostics) -> Option<(Reference, usize)> {
    let mut analysis = fields.map("analysis", found)?;
    let start = analysis.int("startingStep", found).unwrap_or(0);
    let path = "spec.strategy.canary.analysis.templates".to_owned();
    let reference = step::reference(&mut analysis, path, false, found);
    analysis.finish(found);
    Some((reference, usize::try_from(start).unwrap_or(0)))
}

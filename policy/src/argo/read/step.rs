//! `strategy.canary.steps`.

use super::super::rollout::{CanaryScale, Routing, Step};
use super::super::template::Place;
use super::super::value::IntOrString;
use super::args::rollout_args;
use super::experiment::{self, RawExperiment};
use super::merge::Reference;
use super::rollout::{Refusals, field_place};
use super::route;
use super::template::{each, rules, template_refs};
use super::{ignore, int_or_string, place_of, refuse};
use crate::Span;
use crate::source::{Diagnostics, DurationError, Fields, parse_go_duration};

/// A step whose analysis is not merged yet.
pub(super) enum RawStep {
    Plain(Step),
    Analysis(Reference),
    Experiment(RawExperiment),
}

/// The fields of an analysis reference, `path` being that of its `templates`.
pub(super) fn reference(
    fields: &mut Fields<'_>,
    path: String,
    inline: bool,
    found: &mut Diagnostics,
) -> Reference {
    ignore(fields, &["analysisRunMetadata"]);
    Reference {
        templates: template_refs(fields, found),
        args: rollout_args(fields, found),
        dry_run: rules(fields, "dryRun", found),
        retention: rules(fields, "measurementRetention", found),
        path,
        place: place_of(fields),
        inline,
    }
}

/// Reads the steps; the router, and whether there is one, is what they are checked against.
pub(super) fn read(
    canary: &mut Fields<'_>,
    context: (Option<&Routing>, bool),
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> Vec<RawStep> {
    let (document, path) = (canary.document(), canary.path_of("steps"));
    let items = canary.list("steps", found).unwrap_or_default();
    let numbered: Vec<_> = each(document, &path, items, found, |fields, _| Some(fields));
    let mut steps = Vec::new();
    for (index, fields) in numbered.into_iter().enumerate() {
        steps.extend(read_step(fields, index, context, refusals, found));
    }
    steps
}

fn read_step(
    mut fields: Fields<'_>,
    index: usize,
    (routing, routed): (Option<&Routing>, bool),
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> Option<RawStep> {
    // The controller's validator leaves `canary` out of its paths (`validation.go:197`).
    let path = format!("spec.strategy.steps[{index}]");
    let has = ["setWeight", "pause", "analysis", "experiment"];
    let has = has.map(|name| fields.node(name).is_some());
    let help = "remove the step to score the rest of the policy";
    let plugin = fields.node("plugin").and_then(|node| node.get("name"));
    let plugin = plugin.and_then(crate::source::Node::as_str);
    let help = &plugin.map_or(help.to_owned(), |name| {
        format!("nobody knows here what the plugin `{name}` answers: {help}")
    });
    let refused = fields.node("plugin").is_some();
    refuse(&mut fields, &["plugin"], help, found);
    let at = place_of(&fields);
    if has.iter().filter(|present| **present).count() > 1 {
        let message = format!(
            "{path}: Invalid value: \"step.Experiment: {} step.Pause: {} step.SetWeight: {} \
             step.Analysis: {}\": Step must have one of the following set: experiment, setWeight, \
             setCanaryScale, plugin or pause",
            has[3], has[1], has[0], has[2]
        );
        refusals.say(at.clone(), message, "write one list item for each");
    }
    let max_weight = routing.map_or(100, |routing| routing.max_weight);
    let context = route::Context {
        path: path.clone(),
        routing,
    };
    let step = if fields.node("pause").is_some() {
        let mut pause = fields.map("pause", found)?;
        let span = read_pause(&mut pause, &path, refusals, found);
        pause.finish(found);
        Some(RawStep::Plain(Step::Pause(span)))
    } else if let Some(weight) = fields.int("setWeight", found) {
        let weight = set_weight(&mut fields, (weight, max_weight), &path, refusals);
        Some(RawStep::Plain(Step::SetWeight(weight)))
    } else if let Some(fields) = fields.map("experiment", found) {
        let context = experiment::Context {
            path: &path,
            routing,
            routed,
        };
        experiment::read(fields, &context, refusals, found).map(RawStep::Experiment)
    } else if let Some(mut analysis) = fields.map("analysis", found) {
        let path = format!("spec.strategy.canary.steps[{index}].analysis.templates");
        let reference = reference(&mut analysis, path, true, found);
        analysis.finish(found);
        Some(RawStep::Analysis(reference))
    } else if let Some(scale) = fields.map("setCanaryScale", found) {
        if !routed {
            let message = "spec.strategy.trafficRouting: Required value: SetCanaryScale requires \
                           TrafficRouting to be set";
            let help = "without a router, setWeight scales the canary";
            refusals.say(at, message.to_owned(), help);
        }
        let scale = read_scale(scale, found);
        Some(RawStep::Plain(Step::SetCanaryScale(scale)))
    } else if let Some(set) = route::header(&mut fields, &context, refusals, found) {
        Some(RawStep::Plain(Step::SetHeaderRoute(set)))
    } else if let Some(set) = route::mirror(&mut fields, &context, refusals, found) {
        Some(RawStep::Plain(Step::SetMirrorRoute(set)))
    } else {
        if !refused && !found.has_errors() {
            let named = fields.key_position("pause") != fields.position();
            nothing(&path, at, named, refusals);
        }
        None
    };
    for other in [
        "setWeight",
        "experiment",
        "analysis",
        "setCanaryScale",
        "setHeaderRoute",
        "setMirrorRoute",
    ] {
        fields.node(other);
    }
    fields.finish(found);
    step
}

/// `validation.go:320`.
fn set_weight(
    fields: &mut Fields<'_>,
    (weight, most): (i64, u32),
    path: &str,
    refusals: &mut Refusals,
) -> u32 {
    let valid = u32::try_from(weight).ok().filter(|weight| *weight <= most);
    valid.unwrap_or_else(|| {
        let message = format!(
            "{path}.setWeight: Invalid value: {weight}: SetWeight needs to be between 0 and {most}"
        );
        refusals.say(
            field_place(fields, "setWeight"),
            message,
            "correct the weight",
        );
        0
    })
}

/// `validation.go:310`. A `pause:` without a value is null, which the API server drops.
fn nothing(path: &str, at: Place, pause: bool, refusals: &mut Refusals) {
    let absent = "step.Experiment: true step.Pause: true step.SetWeight: true step.Analysis: true \
                  step.SetCanaryScale: true step.SetHeaderRoute: true step.SetMirrorRoute: true \
                  step.Plugin: true";
    let message = format!(
        "{path}: Invalid value: \"{absent}\": Step must have one of the following set: \
         experiment, setWeight, setCanaryScale, plugin or pause"
    );
    let help = if pause {
        "an indefinite pause is written `pause: {}`"
    } else {
        "give the step a value, for example `setWeight: 20`, or remove it"
    };
    refusals.say(at, message, help);
}

/// `DurationSeconds` (`types.go:863`): whole seconds, a number in quotes too; what does not parse
/// is -1 and refused.
fn read_pause(
    pause: &mut Fields<'_>,
    path: &str,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> Option<Span> {
    let duration = int_or_string(pause, "duration", found)?;
    let seconds = match &duration {
        IntOrString::Int(seconds) => *seconds,
        IntOrString::Text(text) => text.parse().unwrap_or_else(|_| go_seconds(text)),
    };
    if seconds < 0 {
        let message = format!(
            "{path}.pause.duration: Invalid value: {seconds}: Duration needs to be greater than 0"
        );
        let at = field_place(pause, "duration");
        refusals.say(
            at,
            message,
            "write seconds, or a Go duration such as `10m` or `1h30m`",
        );
    }
    Some(Span::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

fn go_seconds(text: &str) -> i64 {
    match parse_go_duration(text) {
        Ok(span) => (span.nanos() / 1_000_000_000) as i64,
        Err(DurationError::Negative(_)) | Err(_) => -1,
    }
}

fn read_scale(mut scale: Fields<'_>, found: &mut Diagnostics) -> CanaryScale {
    let number = |value: Option<i64>| value.and_then(|value| u32::try_from(value).ok());
    let replicas = number(scale.int("replicas", found));
    let weight = number(scale.int("weight", found));
    let matching = scale.boolean("matchTrafficWeight", found).unwrap_or(false);
    scale.finish(found);
    match (replicas, weight) {
        _ if matching => CanaryScale::MatchTraffic,
        (Some(replicas), _) => CanaryScale::Replicas(replicas),
        (None, Some(weight)) => CanaryScale::Weight(weight),
        (None, None) => CanaryScale::MatchTraffic,
    }
}

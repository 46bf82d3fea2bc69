//! The `experiment` step.
//!
//! Argo's validation looks at weights only (`validation.go:390`); everything else comes to light
//! when the Experiment is made, so it is told as a warning and happens as it does there.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::super::experiment::{
    ExperimentAnalysis, ExperimentDuration, ExperimentStep, ExperimentTemplate, Source, SpecRef,
    resolved, tags,
};
use super::super::rollout::{Router, Routing};
use super::super::template::{Arg, ArgValue, Place, TemplateRef};
use super::args::rollout_args;
use super::merge::{self, Reference};
use super::rollout::Refusals;
use super::strategy;
use super::template::{each, rules};
use super::{ignore, place, place_of, references};
use crate::Span;
use crate::source::{Diagnostics, Document, Fields, Kind, Node};

/// Every pod is simulated on its own.
const MOST_REPLICAS: i64 = 10_000;

/// An experiment step whose analyses are not merged yet.
pub(super) struct RawExperiment {
    step: ExperimentStep,
    analyses: Vec<RawAnalysis>,
}

struct RawAnalysis {
    name: String,
    required: bool,
    reference: Reference,
}

/// What surrounds the step.
pub(super) struct Context<'a> {
    /// Its path.
    pub(super) path: &'a str,
    /// `trafficRouting`, and whether there is one at all.
    pub(super) routing: Option<&'a Routing>,
    pub(super) routed: bool,
}

/// Reads `experiment`.
pub(super) fn read(
    mut fields: Fields<'_>,
    context: &Context<'_>,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) -> Option<RawExperiment> {
    let path = context.path;
    ignore(&mut fields, &["analysisRunMetadata"]);
    fields.required("templates", found);
    let at = fields.node("duration").map(|node| node.position);
    let duration = fields.string("duration", found).unwrap_or_default();
    let duration = ExperimentDuration::new(duration);
    let document = fields.document();
    if let (ExperimentDuration::Unreadable(why), Some(at)) = (&duration, at) {
        let message = format!("`{path}.experiment.duration`: {why}");
        let help = "Argo takes the step, and its Experiment never ends by itself; write a Go \
                    duration such as `10m`";
        found.push(document.warning(at, message, help.to_owned()));
    }
    check_weights(&mut fields, context, refusals, found);
    let templates = templates(&mut fields, found);
    let invalid = repeated(&templates, &fields, found);
    let dry_run = rules(&mut fields, "dryRun", found);
    let delay = fields.int("scaleDownDelaySeconds", found).unwrap_or(30);
    let analyses = analyses(&mut fields, &dry_run, found);
    let endless = duration == ExperimentDuration::Endless
        && !templates.is_empty()
        && !analyses.iter().any(|analysis| analysis.required);
    if endless {
        let message = format!("the Experiment of `{path}` ends only when an analysis goes wrong");
        let help = "Argo waits at this step for ever; write `duration: 10m`, or mark an analysis \
                    `requiredForCompletion: true`";
        found.push(document.warning(fields.position(), message, help.to_owned()));
    }
    let names: Vec<&str> = templates.iter().map(|t| t.name.as_str()).collect();
    for analysis in &analyses {
        check_tags(&analysis.reference.args, &names, document, found);
    }
    fields.finish(found);
    Some(RawExperiment {
        step: ExperimentStep {
            templates,
            analyses: Vec::new(),
            duration,
            scale_down_delay: Span::from_secs(u64::try_from(delay).unwrap_or(0)),
            invalid,
        },
        analyses,
    })
}

/// `validation.go:390`: weights need a router, and one that can. What Argo takes is refused here.
fn check_weights(
    fields: &mut Fields<'_>,
    context: &Context<'_>,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) {
    let document = fields.document();
    let items = fields.list("templates", found).unwrap_or_default();
    for (index, item) in items.iter().enumerate() {
        let Some(node) = item.get("weight") else {
            continue;
        };
        let Kind::Int(weight) = node.kind else {
            continue;
        };
        let can = |router: &Router| {
            let known = matches!(router, Router::Alb | Router::Smi | Router::Istio);
            known || matches!(router, Router::Plugin(_))
        };
        let why = match context.routing {
            _ if !context.routed => {
                "Experiment template weight cannot be set unless TrafficRouting is enabled"
            }
            Some(routing) if routing.routers.iter().any(can) => {
                let path = format!("{}.experiment.templates[{index}].weight", context.path);
                let message = format!("`{path}` is not simulated yet");
                let help = "weighted experiments need destinations of their own; without `weight` \
                            the pods run, and no user's request reaches them";
                found.push(document.error(node.position, message, help.to_owned()));
                continue;
            }
            _ => {
                "Experiment template weight is only available for TrafficRouting with SMI, ALB, \
                 Istio and Plugins at this time"
            }
        };
        let message = format!(
            "{}.experiment.templates[{index}].weight: Invalid value: {weight}: {why}",
            context.path
        );
        let help = "remove the weight: the pods run without users' requests then";
        refusals.say(place(document, node), message, help);
    }
}

fn templates(fields: &mut Fields<'_>, found: &mut Diagnostics) -> Vec<ExperimentTemplate> {
    let (document, path) = (fields.document(), fields.path_of("templates"));
    let items = fields.list("templates", found).unwrap_or_default();
    each(document, &path, items, found, |mut item, found| {
        let template = template(&mut item, found);
        item.finish(found);
        template
    })
}

fn template(item: &mut Fields<'_>, found: &mut Diagnostics) -> Option<ExperimentTemplate> {
    item.required("name", found);
    let name = item.string("name", found)?.to_owned();
    let node = item.required("specRef", found)?;
    let document = item.document();
    let spec_ref = match node.as_str() {
        Some("canary") => SpecRef::Canary,
        Some("stable") => SpecRef::Stable,
        _ => {
            // experiment.go:95: every pass fails there.
            let message = format!("`{}` is neither canary nor stable", item.path_of("specRef"));
            let help = "Argo takes the Rollout and then fails at this step again and again: \
                        \"Invalid template step SpecRef: must be canary or stable\"";
            found.push(document.error(node.position, message, help.to_owned()));
            return None;
        }
    };
    let replicas = replicas(item, found);
    // `check_weights` has looked at it.
    ignore(item, &["weight"]);
    if let Some(mut service) = item.map("service", found) {
        ignore(&mut service, &["name"]);
        service.finish(found);
    }
    let (labels, annotations) = metadata(item, found);
    let pods = pod_labels(document, &labels);
    let selector = document.root.at(&["spec", "selector", "matchLabels"]);
    let selected = pairs(selector);
    let carries = |wanted: &BTreeMap<String, String>| {
        wanted
            .iter()
            .all(|(key, value)| pods.get(key) == Some(value))
    };
    let from_workload = document.root.at(&["spec", "workloadRef"]).is_some();
    // With a workloadRef only what is overwritten is known of the pods' labels.
    let served = match from_workload {
        true => selected
            .iter()
            .all(|(key, value)| labels.get(key).is_none_or(|own| own == value)),
        false => carries(&selected),
    };
    let refused = selector_refused(item, &carries, from_workload, found);
    Some(ExperimentTemplate {
        name,
        spec_ref,
        replicas,
        labels,
        annotations,
        served,
        refused,
    })
}

fn replicas(item: &mut Fields<'_>, found: &mut Diagnostics) -> u32 {
    let replicas = item.int("replicas", found).unwrap_or(1);
    if !(0..=MOST_REPLICAS).contains(&replicas)
        && let Some(node) = item.node("replicas")
    {
        let message = format!("`{}` is {replicas}", item.path_of("replicas"));
        let help = format!("write a number from 0 to {MOST_REPLICAS}");
        found.push(item.document().error(node.position, message, help));
    }
    u32::try_from(replicas.min(MOST_REPLICAS)).unwrap_or(0)
}

type Map = BTreeMap<String, String>;

fn metadata(item: &mut Fields<'_>, found: &mut Diagnostics) -> (Map, Map) {
    let Some(mut metadata) = item.map("metadata", found) else {
        return (Map::new(), Map::new());
    };
    let labels = pairs(metadata.node("labels"));
    let annotations = pairs(metadata.node("annotations"));
    metadata.finish(found);
    (labels, annotations)
}

/// The labels of the template's pods.
fn pod_labels(document: &Document, own: &Map) -> Map {
    let mut labels = pairs(
        document
            .root
            .at(&["spec", "template", "metadata", "labels"]),
    );
    labels.extend(own.clone());
    labels
}

fn pairs(node: Option<&Node>) -> Map {
    let Some(Kind::Map(entries)) = node.map(|node| &node.kind) else {
        return Map::new();
    };
    let text = |node: &Node| node.as_str().map(str::to_owned);
    let entries = entries.iter();
    entries
        .filter_map(|(key, value)| Some((text(key)?, text(value)?)))
        .collect()
}

/// A `selector` has to select the pods, or the API server takes no ReplicaSet (`replicaset.go:86`).
fn selector_refused(
    item: &mut Fields<'_>,
    carries: &dyn Fn(&Map) -> bool,
    from_workload: bool,
    found: &mut Diagnostics,
) -> Option<String> {
    let node = item.node("selector")?;
    let wanted = pairs(node.get("matchLabels"));
    if node.get("matchExpressions").is_some() {
        let message = format!(
            "`{}.matchExpressions` is not read",
            item.path_of("selector")
        );
        let help = "use matchLabels, or leave the selector out: the Rollout's one is taken then";
        let document = item.document();
        found.push(document.error(node.position, message, help.to_owned()));
        return None;
    }
    if from_workload || !wanted.is_empty() && carries(&wanted) {
        return None;
    }
    let message = format!(
        "`{}` does not select the template's pods",
        item.path_of("selector")
    );
    let help = "the API server refuses the ReplicaSet and the Experiment ends in Error; leave the \
                selector out, or add its labels to `metadata.labels`";
    let document = item.document();
    found.push(document.warning(node.position, message, help.to_owned()));
    let labels = "spec.template.metadata.labels: Invalid value: `selector` does not match template \
                  `labels`";
    Some(labels.to_owned())
}

/// `VerifyExperimentSpec` (`utils/conditions/experiments.go:138`), as far as a Rollout can bring it
/// about: its Experiment stays without a phase, and the step never ends.
fn repeated(
    templates: &[ExperimentTemplate],
    fields: &Fields<'_>,
    found: &mut Diagnostics,
) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for (index, template) in templates.iter().enumerate() {
        let name = template.name.as_str();
        let message = if name.is_empty() {
            format!("Experiment has empty template name at index {index}")
        } else if names.contains(&name) {
            format!("Experiment has repeated template name '{name}' in templates")
        } else {
            names.push(name);
            continue;
        };
        let help = "Argo marks the Experiment InvalidSpec and the Rollout waits for it for ever; \
                    give each template a name of its own";
        let at = fields.key_position("templates");
        found.push(
            fields
                .document()
                .warning(at, message.clone(), help.to_owned()),
        );
        return Some(message);
    }
    None
}

fn analyses(
    fields: &mut Fields<'_>,
    dry_run: &[String],
    found: &mut Diagnostics,
) -> Vec<RawAnalysis> {
    let (document, path) = (fields.document(), fields.path_of("analyses"));
    let items = fields.list("analyses", found).unwrap_or_default();
    let list = each(document, &path, items, found, |mut item, found| {
        item.required("name", found);
        let name = item.string("name", found).map(str::to_owned);
        let node = item.required("templateName", found);
        let template = TemplateRef {
            name: item.string("templateName", found)?.to_owned(),
            cluster: item.boolean("clusterScope", found).unwrap_or(false),
            place: place(document, node?),
        };
        let required = item.boolean("requiredForCompletion", found);
        let reference = Reference {
            templates: vec![template],
            args: rollout_args(&mut item, found),
            dry_run: dry_run.to_vec(),
            retention: Vec::new(),
            path: item.path_of("templateName"),
            place: place_of(&item),
            inline: false,
        };
        item.finish(found);
        Some(RawAnalysis {
            name: name?,
            required: required.unwrap_or(false),
            reference,
        })
    });
    for (index, analysis) in list.iter().enumerate() {
        if list[..index]
            .iter()
            .any(|known| known.name == analysis.name)
        {
            // utils/experiment: the status is kept by name, so the two share one.
            let message = format!("two analyses have the name `{}`", analysis.name);
            let help = "Argo keeps one status for both; give each a name of its own";
            found.push(document.error(fields.position(), message, help.to_owned()));
        }
    }
    list
}

/// Placeholders that stand for nothing, and those whose value is a time of day.
fn check_tags(args: &[Arg], names: &[&str], document: &Document, found: &mut Diagnostics) {
    for arg in args {
        let Some(ArgValue::Text(text)) = &arg.value else {
            continue;
        };
        for tag in tags(text) {
            let at = position(&arg.place);
            if matches!(tag, "experiment.availableAt" | "experiment.finishedAt") {
                let message = format!("`{{{{{tag}}}}}` is not simulated");
                let help = "the queries of a policy are known before its rollout here; leave the \
                            argument out";
                found.push(document.error(at, message, help.to_owned()));
                continue;
            }
            let known = tag
                .strip_prefix("templates.")
                .and_then(|t| t.split_once('.'));
            let known = known.is_some_and(|(name, what)| {
                names.contains(&name) && matches!(what, "podTemplateHash" | "replicaset.name")
            });
            if !known {
                let message = format!("`{{{{{tag}}}}}` stands for nothing in an experiment");
                let help = "no AnalysisRun can be made and the Experiment ends in Error; known are \
                            `templates.NAME.podTemplateHash` and `templates.NAME.replicaset.name`";
                found.push(document.warning(at, message, help.to_owned()));
            }
        }
    }
}

fn position(place: &Place) -> crate::source::Position {
    crate::source::Position {
        line: place.line,
        column: place.column,
        ..crate::source::Position::default()
    }
}

/// The step with its analyses' templates merged in.
pub(super) fn resolve(
    raw: &RawExperiment,
    context: &strategy::Context<'_>,
    found: &mut Diagnostics,
) -> ExperimentStep {
    let analyses = raw.analyses.iter().map(|analysis| ExperimentAnalysis {
        name: analysis.name.clone(),
        required: analysis.required,
        args: analysis.reference.args.clone(),
        source: source(&analysis.reference, context, found),
    });
    ExperimentStep {
        analyses: analyses.collect(),
        ..raw.step.clone()
    }
}

fn source(
    reference: &Reference,
    context: &strategy::Context<'_>,
    found: &mut Diagnostics,
) -> Source {
    let reached = match merge::reach(reference, context.namespace, context.templates) {
        Ok(reached) => reached,
        Err(None) => {
            found.push(references::dropped(reference));
            return Source::Unusable(String::new());
        }
        Err(Some(missing)) => {
            let (missing, refusal) = *missing;
            let kind = match missing.cluster {
                true => "clusteranalysistemplate",
                false => "analysistemplate",
            };
            let why = format!("{kind}.argoproj.io \"{}\" not found", missing.name);
            references::warn(&refusal.place, ends_in_error(&why), refusal.help, found);
            // experiment.go:414: only whether the first one is there is looked at beforehand.
            return match reference.templates.contains(&missing) {
                true => Source::Missing(why),
                false => Source::Unusable(why),
            };
        }
    };
    match reached.build(reference) {
        Ok(analysis) => {
            check(reference, &reached, found);
            Source::Merged(analysis)
        }
        Err((why, at, help)) => {
            references::warn(&at, ends_in_error(&why), help, found);
            Source::Unusable(why)
        }
    }
}

fn ends_in_error(why: &str) -> String {
    format!("Argo takes the Rollout, and its Experiment ends in Error: {why}")
}

/// What an AnalysisRun comes to, whatever the placeholders stand for.
fn check(reference: &Reference, reached: &merge::Reached<'_>, found: &mut Diagnostics) {
    let filled = reference.args.iter().cloned().map(|mut arg| {
        if let Some(ArgValue::Text(text)) = &mut arg.value
            && let Ok(filled) = resolved(text, &|_| Some("hash".to_owned()))
        {
            *text = filled;
        }
        arg
    });
    let filled = Reference {
        args: filled.collect(),
        templates: reference.templates.clone(),
        dry_run: reference.dry_run.clone(),
        retention: Vec::new(),
        path: reference.path.clone(),
        place: reference.place.clone(),
        inline: false,
    };
    if let Ok(analysis) = reached.build(&filled) {
        references::check_plan(&filled, &analysis, found);
    }
}

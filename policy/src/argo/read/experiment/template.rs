//! The templates of an experiment step.

use std::collections::BTreeMap;

use super::super::super::experiment::{ExperimentTemplate, SpecRef};
use super::super::super::rollout::Router;
use super::super::rollout::Refusals;
use super::super::template::each;
use super::super::{ignore, place};
use super::Context;
use crate::source::{Diagnostics, Document, Fields, Kind, Node};

/// Every pod is simulated on its own.
const MOST_REPLICAS: i64 = 10_000;

/// `validation.go:390`: weights need a router, and one that can. What Argo takes is refused here.
pub(super) fn check_weights(
    fields: &mut Fields<'_>,
    context: &Context<'_>,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) {
    let document = fields.document();
    let Some(Kind::Seq(items)) = fields.node("templates").map(|node| &node.kind) else {
        return;
    };
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

/// `templates`.
pub(super) fn read(fields: &mut Fields<'_>, found: &mut Diagnostics) -> Vec<ExperimentTemplate> {
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
    item.int("weight", found);
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
pub(super) fn repeated(
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

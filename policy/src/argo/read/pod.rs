//! Selector and pod template, as far as they decide whether the controller takes the Rollout.

use std::collections::BTreeMap;

use super::ignore;
use super::rollout::{Refusals, field_place};
use crate::source::{Diagnostics, Fields, Kind, Node};

/// `validation.go:107`: a selector, and a template that it selects.
pub(super) fn check(spec: &mut Fields<'_>, refusals: &mut Refusals, found: &mut Diagnostics) {
    let at = field_place(spec, "selector");
    let selector = spec.node("selector");
    let template = spec.node("template");
    if let Some(reference) = spec.node("workloadRef") {
        from_workload(spec, reference, refusals, found);
        return;
    }
    let Some(selector) = selector else {
        let message = "spec.selector: Required value: Rollout has missing field '.spec.selector'";
        refusals.say(at, message.to_owned(), "add `selector: {matchLabels: …}`");
        return;
    };
    if let Some(mut fields) = spec.map("selector", found) {
        ignore(&mut fields, &["matchLabels", "matchExpressions"]);
        fields.finish(found);
    }
    let wanted = pairs(selector.get("matchLabels"));
    if wanted.is_empty() && selector.get("matchExpressions").is_none() {
        let message = "spec.selector: Invalid value: {}: empty selector is invalid for deployment";
        refusals.say(at, message.to_owned(), "add `matchLabels`");
        return;
    }
    let labels = pairs(template.and_then(|t| t.at(&["metadata", "labels"])));
    let fits = wanted.iter().all(|pair| labels.contains(pair));
    if !fits {
        // A map is printed as JSON, its keys in order. The controller looks at the Rollout through
        // JSON (`controller.go:410`), where `labels: {}` is none.
        let sorted: BTreeMap<_, _> = labels.into_iter().collect();
        let printed = match sorted.is_empty() {
            true => "null".to_owned(),
            false => serde_json::json!(sorted).to_string(),
        };
        let message = format!(
            "spec.template.metadata.labels: Invalid value: {printed}: `selector` does not match \
             template `labels`"
        );
        let at = field_place(spec, "template");
        refusals.say(at, message, "repeat the selector's labels in the template");
        return;
    }
    let containers = template.and_then(|t| t.at(&["spec", "containers"]));
    let any =
        containers.is_some_and(|node| matches!(&node.kind, Kind::Seq(list) if !list.is_empty()));
    if !any {
        let at = field_place(spec, "template");
        let message = "spec.template.spec.containers: Required value".to_owned();
        refusals.say(at, message, "a pod template needs a container");
    }
}

/// `validation.go:127`: the template and its labels come from a Deployment, which is not read.
fn from_workload(
    spec: &mut Fields<'_>,
    reference: &Node,
    refusals: &mut Refusals,
    found: &mut Diagnostics,
) {
    let template = spec.node("template").map(|node| &node.kind);
    if matches!(template, Some(Kind::Map(entries)) if !entries.is_empty()) {
        let message = "spec.template: Internal error: template must be empty for workload \
                       reference rollout";
        let help = "remove `template` or `workloadRef`: the pods are described by one of them";
        refusals.say(field_place(spec, "template"), message.to_owned(), help);
        return;
    }
    let message = "the Deployment of `spec.workloadRef` is not read".to_owned();
    let help = "replicas and strategy are taken from the Rollout alone".to_owned();
    let document = spec.document();
    found.push(document.warning(reference.position, message, help));
}

fn pairs(node: Option<&Node>) -> Vec<(&str, &str)> {
    let Some(Kind::Map(entries)) = node.map(|node| &node.kind) else {
        return Vec::new();
    };
    let entries = entries.iter();
    entries
        .filter_map(|(key, value)| Some((key.as_str()?, value.as_str()?)))
        .collect()
}

//! Takes out what coalmine does not know, so that the rest can be looked at.

use coalmine_policy::source::{Document, Kind, Node};

use super::super::catalogue::{CM11, CM27};
use super::super::check::finding;
use crate::finding::Finding;

/// Argo's providers of metrics that have no PromQL.
const OTHER_PROVIDERS: [&str; 11] = [
    "kayenta",
    "datadog",
    "wavefront",
    "newRelic",
    "cloudWatch",
    "graphite",
    "influxdb",
    "skywalking",
    "plugin",
    "web",
    "job",
];

/// Argo's traffic routers, and what else stands in `trafficRouting`.
const ROUTING: [&str; 11] = [
    "alb",
    "ambassador",
    "apisix",
    "appMesh",
    "istio",
    "managedRoutes",
    "maxTrafficWeight",
    "nginx",
    "plugins",
    "smi",
    "traefik",
];

/// Takes metrics of other providers and unknown routers out of the objects of each file.
pub(super) fn prepare(files: &mut [Vec<Document>], found: &mut Vec<Finding>) {
    let documents = || files.iter().flatten();
    let foreign: Vec<String> = documents()
        .filter(|d| d.kind == "MetricTemplate")
        .filter(|d| provider_of(d).is_some_and(|kind| kind != "prometheus"))
        .map(|d| d.name.clone())
        .collect();
    for document in files.iter_mut().flatten() {
        match document.kind.as_str() {
            "AnalysisTemplate" | "ClusterAnalysisTemplate" => metrics(document, found),
            "MetricTemplate" => foreign_template(document, found),
            "Canary" => {
                if let Some(list) = at_mut(&mut document.root, &["spec", "analysis", "metrics"]) {
                    retain(list, |item| {
                        let name = item.at(&["templateRef", "name"]).and_then(Node::as_str);
                        !name.is_some_and(|name| foreign.iter().any(|one| one == name))
                    });
                }
            }
            "Rollout" => routing(document, found),
            _ => {}
        }
    }
    for file in files.iter_mut() {
        file.retain(|d| {
            d.kind != "MetricTemplate" || provider_of(d).is_none_or(|kind| kind == "prometheus")
        });
    }
}

fn provider_of(document: &Document) -> Option<&str> {
    let kind = document.root.at(&["spec", "provider", "type"]);
    kind.and_then(Node::as_str)
}

fn foreign_template(document: &Document, found: &mut Vec<Finding>) {
    let Some(kind) = provider_of(document).filter(|kind| *kind != "prometheus") else {
        return;
    };
    let at = document.root.at(&["spec", "provider", "type"]);
    found.push(finding(
        &CM27,
        &document.source.file,
        at.map_or(document.root.position, |node| node.position),
        format!("the template's provider is {kind}: its query is not looked at"),
        "",
    ));
}

fn metrics(document: &mut Document, found: &mut Vec<Finding>) {
    let file = document.source.file.clone();
    let Some(list) = at_mut(&mut document.root, &["spec", "metrics"]) else {
        return;
    };
    retain(list, |item| {
        let provider = item.get("provider");
        let other = OTHER_PROVIDERS
            .iter()
            .find_map(|name| Some((name, super::key_at(provider, name)?)));
        let Some((kind, at)) = other else {
            return true;
        };
        let name = item.get("name").and_then(Node::as_str).unwrap_or("?");
        let message = format!("metric `{name}` asks {kind}: it is not looked at");
        found.push(finding(&CM27, &file, at, message, ""));
        false
    });
}

fn routing(document: &mut Document, found: &mut Vec<Finding>) {
    let path = ["spec", "strategy", "canary", "trafficRouting"];
    let Some(canary) = at_mut(&mut document.root, &path[..3]) else {
        return;
    };
    let Kind::Map(entries) = &mut canary.kind else {
        return;
    };
    let is_routing = |(key, _): &&mut (Node, Node)| key.as_str() == Some("trafficRouting");
    let Some((_, routing)) = entries.iter_mut().find(is_routing) else {
        return;
    };
    let Kind::Map(keys) = &mut routing.kind else {
        return;
    };
    let file = &document.source.file;
    keys.retain(|(key, _)| {
        let name = key.as_str().unwrap_or_default();
        if ROUTING.contains(&name) {
            return true;
        }
        let near = crate::nearest(name, ROUTING);
        let cure = match (name.to_lowercase().contains("gateway"), near) {
            (true, _) => "the Gateway API is a plugin: `plugins: {argoproj-labs/gatewayAPI: …}`".to_owned(),
            (false, Some(near)) => format!("did you mean `{near}`? A router of its own goes below `plugins`"),
            (false, None) => "a router of its own goes below `plugins`".to_owned(),
        };
        let message = format!(
            "`trafficRouting.{name}` is unknown to Argo: the API server drops it, and replicas carry the weight"
        );
        found.push(finding(&CM11, file, key.position, message, &cure));
        false
    });
    let is_left = |key: &Node| !matches!(key.as_str(), Some("managedRoutes" | "maxTrafficWeight"));
    if !keys.iter().any(|(key, _)| is_left(key)) {
        entries.retain(|(key, _)| key.as_str() != Some("trafficRouting"));
    }
}

fn at_mut<'n>(node: &'n mut Node, path: &[&str]) -> Option<&'n mut Node> {
    let Some((key, rest)) = path.split_first() else {
        return Some(node);
    };
    let Kind::Map(entries) = &mut node.kind else {
        return None;
    };
    let mut entries = entries.iter_mut();
    let (_, value) = entries.find(|(k, _)| k.as_str() == Some(key))?;
    at_mut(value, rest)
}

fn retain(list: &mut Node, keep: impl FnMut(&Node) -> bool) {
    if let Kind::Seq(items) = &mut list.kind {
        items.retain(keep);
    }
}

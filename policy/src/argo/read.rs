//! Reading Argo's kinds.
//!
//! The API server prunes unknown fields (a warning) and rejects wrong types (an error). What it
//! accepts and the controller refuses becomes the Rollout's refusal.

mod affinity;
mod alone;
mod args;
mod blue_green;
mod experiment;
mod limits;
mod merge;
mod metric;
mod ping_pong;
mod pod;
#[cfg(test)]
mod recorded;
mod references;
mod rollout;
mod route;
mod routing;
mod step;
mod strategy;
mod template;
#[cfg(test)]
mod tests;

pub use alone::{ArgAlone, TemplateAlone, read_alone};
#[cfg(test)]
pub(super) use limits::resolve_fenceposts;
use std::sync::Arc;

use super::API_VERSION;
use super::resolve::Analysis;
use super::rollout::{Rollout, Router};
use super::template::Place;
use super::value::IntOrString;
use crate::source::{Diagnostics, Document, Fields, Kind, Node};
use crate::stickiness::{self, Stickiness};

/// Reads every Rollout among the documents, with the AnalysisTemplates that it refers to.
///
/// A Rollout that cannot be used, or whose templates cannot, is left out and reported.
pub fn read(documents: &[Document], diagnostics: &mut Diagnostics) -> Vec<Arc<Rollout>> {
    let ours = || documents.iter().filter(|d| d.api_version == API_VERSION);
    let mut templates = template::Templates::default();
    for document in ours() {
        templates.read(document, diagnostics);
    }
    ours()
        .filter(|document| document.kind == "Rollout")
        .filter_map(|document| {
            let mut rollout = rollout::read(document, &templates, diagnostics)?;
            rollout.stickiness = stickiness(document, &rollout, documents);
            Some(rollout)
        })
        .map(Arc::new)
        .collect()
}

/// How sessions stick, by the first router: it is the one that the world shows. Argo copies no
/// annotation of the stable Ingress that matters here (nginx.go:92); what the canary's has is in
/// `additionalIngressAnnotations`, after the prefix, or in `canaryIngressAnnotations`.
fn stickiness(
    document: &Document,
    rollout: &Rollout,
    documents: &[Document],
) -> Option<Stickiness> {
    let routing = rollout.canary.routing.as_ref()?;
    let at = |path: &[&str]| {
        let routing = ["spec", "strategy", "canary", "trafficRouting"];
        document.root.at(&routing)?.at(path)
    };
    let find = |kind, name| stickiness::find(documents, kind, (&rollout.namespace, name));
    match routing.routers.first()? {
        Router::Nginx => {
            let text = |path: &[&str]| at(path).and_then(Node::as_str);
            let own = text(&["nginx", "additionalIngressAnnotations", BEHAVIOUR]);
            let prefixed = format!("nginx.ingress.kubernetes.io/{BEHAVIOUR}");
            let full = text(&["nginx", "canaryIngressAnnotations", &prefixed]);
            let legacy = full.or(own) == Some("legacy");
            Stickiness::nginx(find("Ingress", routing.ingresses.first()?)?, Some(legacy))
        }
        Router::Traefik => {
            let name = at(&["traefik", "weightedTraefikServiceName"])?.as_str()?;
            Stickiness::traefik(find("TraefikService", name)?)
        }
        Router::Alb => Stickiness::alb(at(&["alb", "stickinessConfig"])?),
        _ => None,
    }
}

const BEHAVIOUR: &str = "affinity-canary-behavior";

/// The AnalysisRun that `kubectl argo rollouts create analysisrun --from` makes of one
/// AnalysisTemplate: no Rollout, hence none of the checks of one.
pub fn read_standalone(
    documents: &[Document],
    name: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Arc<Analysis>> {
    let mut templates = template::Templates::default();
    for document in documents.iter().filter(|d| d.api_version == API_VERSION) {
        templates.read(document, diagnostics);
    }
    let template = templates.named(name)?;
    Some(Arc::new(Analysis::new(
        template.metrics.clone(),
        template.args.clone(),
        template.dry_run.clone(),
        template.retention.clone(),
    )))
}

fn place(document: &Document, node: &Node) -> Place {
    Place {
        file: document.source.file.clone(),
        line: node.position.line,
        column: node.position.column,
    }
}

/// The place of a mapping.
fn place_of(fields: &Fields<'_>) -> Place {
    Place {
        file: fields.document().source.file.clone(),
        line: fields.position().line,
        column: fields.position().column,
    }
}

/// Marks fields as read that exist in Argo and do not bear on decisions.
fn ignore(fields: &mut Fields<'_>, names: &[&str]) {
    for name in names {
        fields.node(name);
    }
}

/// Reports fields that exist in Argo and that coalmine does not simulate.
fn refuse(fields: &mut Fields<'_>, names: &[&str], help: &str, found: &mut Diagnostics) {
    for name in names {
        if let Some(node) = fields.node(name) {
            let message = format!("`{}` is not simulated yet", fields.path_of(name));
            let error = fields
                .document()
                .error(node.position, message, help.to_owned());
            found.push(error);
        }
    }
}

/// A string that is there and not empty: the API keeps no difference.
fn non_empty(fields: &mut Fields<'_>, name: &str, found: &mut Diagnostics) -> Option<String> {
    let text = fields.string(name, found)?;
    (!text.is_empty()).then(|| text.to_owned())
}

fn int_or_string(
    fields: &mut Fields<'_>,
    name: &str,
    found: &mut Diagnostics,
) -> Option<IntOrString> {
    let node = fields.node(name)?;
    match &node.kind {
        Kind::Int(value) if i32::try_from(*value).is_ok() => Some(IntOrString::Int(*value)),
        Kind::Int(value) => {
            let message = format!(
                "`{}` is {value}, not a 32-bit integer",
                fields.path_of(name)
            );
            let help = "Argo cannot decode the object; write a smaller number".to_owned();
            found.push(fields.document().error(node.position, message, help));
            None
        }
        Kind::Str(text) => Some(IntOrString::Text(text.clone())),
        other => {
            let path = fields.path_of(name);
            let message = format!("`{path}` is {}, not an integer or a string", other.name());
            let error = fields
                .document()
                .error(node.position, message, String::new());
            found.push(error);
            None
        }
    }
}

//! Reading `Canary` and `MetricTemplate`: what the API server and the controller refuse is an
//! error, what never promotes a warning.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{API_VERSION, Canary, Provider};
use crate::source::{Diagnostics, Document, Fields, Severity, Source, check_name, read_documents};
use crate::stickiness::{self, Stickiness};

mod analysis;
mod interval;
mod matches;
mod metrics;
mod report;
mod schema;
mod service;
mod spec;
mod traps;
mod webhooks;

/// What the manifests do not say: how the controller and the API server are set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// The controller's `-mesh-provider`: the provider of Canaries that name none.
    pub mesh_provider: Provider,
    /// Whether the API server's schema is applied. Without it only the controller's own rules hold,
    /// as for an object that was stored before the schema.
    pub admission: bool,
}

impl Default for Options {
    /// Provider nginx, the schema applied.
    fn default() -> Self {
        Self {
            mesh_provider: Provider::Nginx,
            admission: true,
        }
    }
}

/// A `MetricTemplate` and its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricTemplate {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`; `default` when absent.
    pub namespace: String,
    /// `spec.provider.type`.
    pub provider: String,
    /// `spec.query`, not rendered.
    pub query: String,
    /// The file it stands in.
    pub file: Arc<str>,
    /// Line and column of the provider's type.
    pub provider_at: (usize, usize),
    /// Line and column of the query.
    pub query_at: (usize, usize),
}

/// Reads every `Canary` among the documents, with the `MetricTemplate`s beside them.
///
/// Every mistake of every document is reported; a Canary with an error is left out.
pub fn read(
    documents: &[Document],
    options: &Options,
    diagnostics: &mut Diagnostics,
) -> Vec<Arc<Canary>> {
    let templates = read_templates(documents, diagnostics).into();
    ours(documents, "Canary")
        .filter_map(|document| {
            let mut canary = read_one(document, options, &templates, diagnostics)?;
            canary.stickiness = stickiness(document, &canary, documents);
            Some(canary)
        })
        .map(Arc::new)
        .collect()
}

/// How sessions stick: only Istio and Gateway API routers set Flagger's cookie; of the Ingress Flagger
/// copies all annotations to the canary's (ingress.go:215), but for those about canaries. The
/// TraefikService it keeps as it makes it itself (traefik.go:95), without a cookie.
fn stickiness(document: &Document, canary: &Canary, documents: &[Document]) -> Option<Stickiness> {
    let affinity = document.root.at(&["spec", "analysis", "sessionAffinity"]);
    match (canary.provider, affinity) {
        (Provider::Nginx, _) => {
            let name = (&canary.namespace[..], &canary.ingress[..]);
            let ingress = stickiness::find(documents, "Ingress", name)?;
            Stickiness::nginx(ingress, None)
        }
        (provider, Some(affinity)) if provider == Provider::Istio || provider.is_gateway_api() => {
            Some(Stickiness::flagger(affinity, canary.interval()))
        }
        _ => None,
    }
}

/// Reads an edited object under the circumstances of the old one.
///
/// # Errors
///
/// The first reason to refuse the edit.
pub(super) fn reread(old: &Canary, text: &Arc<str>) -> Result<Arc<Canary>, String> {
    let mut found = Diagnostics::new();
    let source = Source {
        file: "edit".into(),
        text: text.clone(),
    };
    let documents = read_documents(&source, &mut found);
    let mut templates = read_templates(&documents, &mut found);
    for known in old.templates.iter() {
        let same = |t: &MetricTemplate| t.name == known.name && t.namespace == known.namespace;
        if !templates.iter().any(same) {
            templates.push(known.clone());
        }
    }
    let templates = templates.into();
    let edited = ours(&documents, "Canary")
        .filter(|d| d.name == old.name && namespace(d) == old.namespace)
        .find_map(|document| read_one(document, &old.options, &templates, &mut found));
    match edited {
        Some(canary) => Ok(Arc::new(canary)),
        None => {
            let error = found.iter().find(|d| d.severity == Severity::Error);
            Err(error.map_or_else(
                || format!("there is no Canary {}.{} in it", old.name, old.namespace),
                ToString::to_string,
            ))
        }
    }
}

fn ours<'a>(documents: &'a [Document], kind: &'a str) -> impl Iterator<Item = &'a Document> {
    let ours = move |d: &&Document| d.kind == kind && d.api_version == API_VERSION;
    documents.iter().filter(ours)
}

fn namespace(document: &Document) -> &str {
    document.namespace.as_deref().unwrap_or("default")
}

fn read_one(
    document: &Document,
    options: &Options,
    templates: &Arc<[MetricTemplate]>,
    diagnostics: &mut Diagnostics,
) -> Option<Canary> {
    let mut found = Diagnostics::new();
    let canary = root(document, &mut found).and_then(|spec| {
        let context = spec::Context {
            document,
            options,
            templates,
        };
        spec::read_spec(spec, &context, &mut found)
    });
    let bad = found.has_errors();
    diagnostics.extend(found);
    canary.filter(|_| !bad)
}

/// The `spec` of an object, with the checks every object shares.
fn root<'a>(document: &'a Document, found: &mut Diagnostics) -> Option<Fields<'a>> {
    let mut root = Fields::new(document, "", &document.root, found);
    for read_elsewhere in ["apiVersion", "kind", "metadata", "status"] {
        root.node(read_elsewhere);
    }
    check_name(document, &root, found);
    root.required("spec", found);
    let spec = root.map("spec", found);
    root.finish(found);
    spec
}

fn read_templates(documents: &[Document], found: &mut Diagnostics) -> Vec<MetricTemplate> {
    let documents = ours(documents, "MetricTemplate");
    documents.filter_map(|d| read_template(d, found)).collect()
}

fn read_template(document: &Document, found: &mut Diagnostics) -> Option<MetricTemplate> {
    let mut spec = root(document, found)?;
    let place = |fields: &mut Fields<'_>, name| {
        let at = report::at(fields, name);
        (at.line, at.column)
    };
    spec.required("provider", found);
    spec.required("query", found);
    let query_at = place(&mut spec, "query");
    let query = spec.string("query", found);
    let mut provider = spec.map("provider", found)?;
    provider.required("type", found);
    let provider_at = place(&mut provider, "type");
    let kind = provider.string("type", found);
    for text in ["address", "region"] {
        provider.string(text, found);
    }
    provider.boolean("insecureSkipVerify", found);
    for unused in ["headers", "secretRef"] {
        provider.node(unused);
    }
    provider.finish(found);
    spec.finish(found);
    Some(MetricTemplate {
        name: document.name.clone(),
        namespace: namespace(document).to_owned(),
        provider: kind?.to_owned(),
        query: query?.to_owned(),
        file: document.source.file.clone(),
        provider_at,
        query_at,
    })
}

#[cfg(test)]
pub(super) mod tests;

//! `AnalysisTemplate` and `ClusterAnalysisTemplate`.

use std::sync::Arc;

use super::super::template::{Template, TemplateRef};
use super::args::template_args;
use super::metric::read_metric;
use super::{ignore, place, place_of};
use crate::source::{Diagnostics, Document, Fields, Node, check_name};

/// All templates of the input.
#[derive(Default)]
pub(super) struct Templates {
    list: Vec<Template>,
    /// Those that could not be read: a Rollout that needs one is dropped without a second message.
    broken: Vec<(String, bool)>,
}

impl Templates {
    pub(super) fn read(&mut self, document: &Document, diagnostics: &mut Diagnostics) {
        let cluster = match document.kind.as_str() {
            "AnalysisTemplate" => false,
            "ClusterAnalysisTemplate" => true,
            _ => return,
        };
        let mut found = Diagnostics::new();
        let template = read_template(document, cluster, &mut found);
        let bad = found.has_errors();
        diagnostics.extend(found);
        match template {
            Some(template) if !bad => self.list.push(template),
            _ => self.broken.push((document.name.clone(), cluster)),
        }
    }

    /// A manifest without a namespace goes wherever its user applies it, so it fits any.
    pub(super) fn find(
        &self,
        namespace: Option<&str>,
        reference: &TemplateRef,
    ) -> Option<&Template> {
        let named = |template: &&Template| {
            template.name == reference.name && template.cluster == reference.cluster
        };
        let fits = |template: &&Template| match (&template.namespace, namespace) {
            (Some(own), Some(namespace)) => template.cluster || own == namespace,
            _ => true,
        };
        self.list.iter().filter(named).find(fits)
    }

    pub(super) fn named(&self, name: &str) -> Option<&Template> {
        self.list.iter().find(|template| template.name == name)
    }

    pub(super) fn all(&self) -> &[Template] {
        &self.list
    }

    pub(super) fn is_broken(&self, reference: &TemplateRef) -> bool {
        let mut broken = self.broken.iter();
        broken.any(|(name, cluster)| *name == reference.name && *cluster == reference.cluster)
    }

    /// Namespaces that have a template of this name, for the cure of a missing one.
    pub(super) fn elsewhere(&self, reference: &TemplateRef) -> Option<&str> {
        let mut named = self.list.iter().filter(|t| t.name == reference.name);
        named.find_map(|template| match &template.namespace {
            _ if template.cluster => (!reference.cluster).then_some(""),
            namespace => namespace.as_deref(),
        })
    }
}

fn read_template(document: &Document, cluster: bool, found: &mut Diagnostics) -> Option<Template> {
    let mut root = Fields::new(document, "", &document.root, found);
    ignore(&mut root, &["apiVersion", "kind", "metadata", "status"]);
    check_name(document, &root, found);
    let place = place_of(&root);
    let Some(mut spec) = root.map("spec", found) else {
        root.required("spec", found);
        return None;
    };
    let items = spec.list("metrics", found).unwrap_or_default();
    let metrics = each(document, "spec.metrics", items, found, read_metric);
    let args = template_args(&mut spec, found);
    let dry_run = rules(&mut spec, "dryRun", found);
    let retention = rules(&mut spec, "measurementRetention", found);
    let templates = template_refs(&mut spec, found);
    spec.finish(found);
    root.finish(found);
    Some(Template {
        name: document.name.clone(),
        cluster,
        namespace: document.namespace.clone(),
        metrics: metrics.into_iter().map(Arc::new).collect(),
        args,
        dry_run,
        retention,
        templates,
        place,
    })
}

/// Reads each item of a list of mappings.
pub(super) fn each<'a, T>(
    document: &'a Document,
    path: &str,
    items: &'a [Node],
    found: &mut Diagnostics,
    read: impl Fn(Fields<'a>, &mut Diagnostics) -> Option<T>,
) -> Vec<T> {
    let mut list = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let fields = Fields::new(document, format!("{path}[{index}]"), item, found);
        list.extend(read(fields, found));
    }
    list
}

/// The `metricName`s of dry-run or retention rules.
pub(super) fn rules(fields: &mut Fields<'_>, name: &str, found: &mut Diagnostics) -> Vec<String> {
    let (document, path) = (fields.document(), fields.path_of(name));
    let items = fields.list(name, found).unwrap_or_default();
    each(document, &path, items, found, |mut rule, found| {
        rule.required("metricName", found);
        let metric = rule.string("metricName", found).map(str::to_owned);
        ignore(&mut rule, &["limit"]);
        rule.finish(found);
        metric
    })
}

pub(super) fn template_refs(fields: &mut Fields<'_>, found: &mut Diagnostics) -> Vec<TemplateRef> {
    let (document, path) = (fields.document(), fields.path_of("templates"));
    let items = fields.list("templates", found).unwrap_or_default();
    each(document, &path, items, found, |mut item, found| {
        let node = item.required("templateName", found)?;
        let reference = TemplateRef {
            name: item.string("templateName", found)?.to_owned(),
            cluster: item.boolean("clusterScope", found).unwrap_or(false),
            place: place(document, node),
        };
        item.finish(found);
        Some(reference)
    })
}

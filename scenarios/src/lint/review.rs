//! What is under review: objects, policies, checks.

mod flagger_checks;
mod prepare;
pub(super) mod rollouts;

use std::sync::Arc;

use coalmine_policy::source::{
    Diagnostics, Document, Kind, Node, Position, Source, read_documents,
};
use coalmine_policy::{argo, flagger};

use super::check::{Check, Judge, Tool};
use crate::finding::Finding;
use crate::manifests::objects::Objects;

/// Everything that rules look at.
#[derive(Debug, Default)]
pub(super) struct Review {
    pub(super) sources: Vec<Source>,
    /// The objects of ours, whole.
    pub(super) documents: Vec<Document>,
    /// Every metric, once.
    pub(super) checks: Vec<Check>,
    pub(super) canaries: Vec<(Document, Arc<flagger::Canary>)>,
    pub(super) rollouts: Vec<(Document, Arc<argo::Rollout>)>,
    pub(super) templates: Vec<(Document, argo::TemplateAlone)>,
    /// What reading found.
    pub(super) unreadable: Diagnostics,
    pub(super) read: Diagnostics,
    /// What preparing found: fields and providers that are not known here.
    pub(super) prepared: Vec<Finding>,
    /// Objects of other kinds.
    pub(super) others: usize,
}

/// Reads files that belong together.
pub(super) fn review(sources: &[Source]) -> Review {
    let mut review = Review {
        sources: sources.to_vec(),
        ..Review::default()
    };
    let mut files = Vec::new();
    for source in sources {
        let documents = read_documents(source, &mut review.unreadable);
        let (ours, others): (Vec<_>, Vec<_>) =
            documents.into_iter().partition(crate::manifests::is_ours);
        review.others += others.len();
        files.push(ours);
    }
    review.documents = files.iter().flatten().cloned().collect();
    prepare::prepare(&mut files, &mut review.prepared);
    let mut found = Diagnostics::new();
    let objects = Objects::new(&files, &mut found);
    for (index, own) in files.iter().enumerate() {
        let (policies, parts) = objects.seen_from(index, &mut found);
        templates(own, &mut review, &mut found);
        for policy in policies {
            let mut world = parts.clone();
            world.push(policy.clone());
            match policy.kind.as_str() {
                "Canary" => flagger_checks::canary(policy, &world, &mut review, &mut found),
                "Rollout" => rollouts::rollout(policy, &world, &mut review, &mut found),
                _ => {}
            }
        }
        // Parts have mistakes where no policy uses them, too.
        flagger::read(&parts, &flagger::Options::default(), &mut found);
    }
    for own in &files {
        flagger_checks::unused_templates(own, &mut review);
    }
    review.read = crate::manifests::once(&found);
    review
}

/// The checks of AnalysisTemplates.
fn templates(own: &[Document], review: &mut Review, found: &mut Diagnostics) {
    for alone in argo::read_alone(own, found) {
        let Some(document) = own.iter().find(|d| is_at(d, &alone.place)) else {
            continue;
        };
        for (place, metric) in &alone.metrics {
            let Some(entry) = metric_at(document, &["spec", "metrics"], place.line, place.column)
            else {
                continue;
            };
            if metric.query.provider != coalmine_policy::Provider::Prometheus {
                continue;
            }
            let query_at = entry.at(&["provider", "prometheus", "query"]);
            review.checks.push(Check {
                tool: Tool::Argo,
                name: metric.query.metric.to_string(),
                file: document.source.file.clone(),
                at: entry.get("name").map_or(entry.position, |n| n.position),
                query_file: document.source.file.clone(),
                query_at: query_at.map_or(entry.position, |n| n.position),
                written: query_at
                    .and_then(Node::as_str)
                    .unwrap_or_default()
                    .to_owned(),
                text: metric.query.text.clone(),
                query: coalmine_promql::Query::parse(&metric.query.text),
                judge: Judge::Argo(Box::new(metric.clone())),
                every: metric.interval,
                assumed: alone.assumed.iter().cloned().collect(),
                uses: Vec::new(),
                entry: entry.clone(),
            });
        }
        review.templates.push((document.clone(), alone));
    }
}

fn is_at(document: &Document, place: &argo::Place) -> bool {
    document.source.file == place.file && document.root.position.line == place.line
}

/// The item of a list whose `name` stands at a place.
fn metric_at<'d>(
    document: &'d Document,
    path: &[&str],
    line: usize,
    column: usize,
) -> Option<&'d Node> {
    items(document.root.at(path)).iter().find(|item| {
        item.get("name")
            .is_some_and(|name| name.position.line == line && name.position.column == column)
    })
}

/// The items of a list, none of anything else.
pub(super) fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.kind) {
        Some(Kind::Seq(items)) => items,
        _ => &[],
    }
}

/// A key of a mapping: its place.
pub(super) fn key_at(node: Option<&Node>, key: &str) -> Option<Position> {
    let Some(Kind::Map(entries)) = node.map(|node| &node.kind) else {
        return None;
    };
    let mut entries = entries.iter();
    let (found, _) = entries.find(|(k, _)| k.as_str() == Some(key))?;
    Some(found.position)
}

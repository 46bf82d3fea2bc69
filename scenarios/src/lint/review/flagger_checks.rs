//! The checks of Canaries and of MetricTemplates.

use coalmine_policy::flagger::{self, Canary, Options, Provider, Question, render_alone};
use coalmine_policy::source::{Diagnostics, Document, Node, Position, Severity};

use super::super::check::{Check, Judge, Tool, Use, When};
use super::{Review, items};

/// Reads one Canary in its world.
pub(super) fn canary(
    document: Document,
    world: &[Document],
    review: &mut Review,
    found: &mut Diagnostics,
) {
    let is_said = document.root.at(&["spec", "provider"]).is_some();
    let options = Options {
        mesh_provider: likely_provider(&document),
        ..Options::default()
    };
    let mut told = Diagnostics::new();
    let canaries = flagger::read(world, &options, &mut told);
    for one in told.iter() {
        // Which router it is was guessed, and so was what hangs on it.
        let hangs = ["provider", "Ingress", "nginx", "istio", "Istio"];
        let hangs = hangs.iter().any(|word| one.message.contains(word));
        if is_said || one.severity == Severity::Error || !hangs {
            found.push(one.clone());
        }
    }
    for canary in canaries {
        checks(&document, world, &canary, review);
        review.canaries.push((document.clone(), canary));
    }
}

/// The provider of a Canary that names none: the controller's flag says it, and some fields tell.
fn likely_provider(document: &Document) -> Provider {
    let has = |path: &[&str]| document.root.at(path).is_some();
    if has(&["spec", "ingressRef"]) {
        Provider::Nginx
    } else if has(&["spec", "service", "gatewayRefs"]) {
        Provider::from_name("gatewayapi:v1").unwrap_or(Provider::Istio)
    } else {
        // The flag's own default.
        Provider::Istio
    }
}

fn checks(document: &Document, world: &[Document], canary: &Canary, review: &mut Review) {
    let share = canary
        .analysis
        .weights()
        .first()
        .map(|weight| *weight as f64 / 100.0);
    let entries = items(document.root.at(&["spec", "analysis", "metrics"]));
    for check in &canary.analysis.checks {
        let Question::Ask(text) = &check.question else {
            continue;
        };
        let named = |item: &&Node| item.get("name").and_then(Node::as_str) == Some(&check.metric);
        let Some(entry) = entries.iter().find(named) else {
            continue;
        };
        let at = entry.get("name").map_or(entry.position, |n| n.position);
        let source = query_node(world, &check.file, check.line_column);
        review.checks.push(Check {
            tool: Tool::Flagger,
            name: check.metric.to_string(),
            file: document.source.file.clone(),
            at,
            query_file: match source {
                Some(_) => check.file.clone(),
                None => document.source.file.clone(),
            },
            query_at: source.map_or(at, |node| node.position),
            written: source.and_then(Node::as_str).unwrap_or_default().to_owned(),
            text: text.clone(),
            query: coalmine_promql::Query::parse(text),
            judge: Judge::Flagger(Box::new(check.clone())),
            every: Some(canary.interval()),
            assumed: Vec::new(),
            uses: vec![Use {
                policy: canary.name.clone(),
                when: When::EachTick,
                share,
            }],
            entry: entry.clone(),
        });
    }
}

/// The node of a query, by its place.
fn query_node<'d>(
    world: &'d [Document],
    file: &str,
    (line, column): (usize, usize),
) -> Option<&'d Node> {
    let is_there = |node: &&Node| node.position.line == line && node.position.column == column;
    let documents = world.iter().filter(|d| &*d.source.file == file && line > 0);
    documents
        .flat_map(|document| {
            let inline = items(document.root.at(&["spec", "analysis", "metrics"])).iter();
            let inline = inline.filter_map(|item| item.get("query"));
            inline.chain(document.root.at(&["spec", "query"]))
        })
        .find(is_there)
}

/// MetricTemplates that no Canary here uses.
pub(super) fn unused_templates(own: &[Document], review: &mut Review) {
    for document in own.iter().filter(|d| d.kind == "MetricTemplate") {
        let Some(query) = document.root.at(&["spec", "query"]) else {
            continue;
        };
        let Some(written) = query.as_str() else {
            continue;
        };
        let is_asked = |check: &Check| {
            check.query_file == document.source.file && check.query_at == query.position
        };
        if review.checks.iter().any(is_asked) {
            continue;
        }
        // What does not render is told by the rule of placeholders.
        let Ok(text) = render_alone(written) else {
            continue;
        };
        let name = document.root.at(&["metadata", "name"]);
        review.checks.push(Check {
            tool: Tool::Flagger,
            name: document.name.clone(),
            file: document.source.file.clone(),
            at: name.map_or(Position::default(), |node| node.position),
            query_file: document.source.file.clone(),
            query_at: query.position,
            written: written.to_owned(),
            query: coalmine_promql::Query::parse(&text),
            text: text.into(),
            judge: Judge::Nobody,
            every: None,
            assumed: vec!["interval".to_owned()],
            uses: Vec::new(),
            entry: document.root.clone(),
        });
    }
}

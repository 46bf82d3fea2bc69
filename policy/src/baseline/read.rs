//! Reading `kind: Baseline`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::API_VERSION;
use crate::Span;
use crate::source::{Diagnostics, Document, Fields, Position, check_name, parse_go_duration};

/// A Deployment that is simply rolled, and perhaps looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// `metadata.name`: the Deployment.
    pub name: String,
    /// `metadata.namespace`; `default` when absent.
    pub namespace: String,
    /// The person, if there is one.
    pub looks: Option<Looks>,
}

/// A person who looks now and then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Looks {
    /// Time between looks; the first comes one interval after the start.
    pub interval_ns: Span,
    /// Good looks after which the release counts as good.
    pub count: u32,
    /// From seeing a breach to the rollback.
    pub reaction_ns: Span,
    /// What the person looks at.
    pub checks: Vec<Check>,
}

/// One number on the dashboard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What it shows.
    pub name: Arc<str>,
    /// PromQL.
    pub query: Arc<str>,
    /// The person acts above this.
    pub max: f64,
    /// The file that the query stands in.
    pub file: Arc<str>,
    /// Where in it: line, column.
    pub line_column: (usize, usize),
}

/// Reads every `Baseline` among the documents.
pub fn read(documents: &[Document], diagnostics: &mut Diagnostics) -> Vec<Baseline> {
    let ours = documents
        .iter()
        .filter(|d| d.kind == "Baseline" && d.api_version == API_VERSION);
    ours.filter_map(|document| read_one(document, diagnostics))
        .collect()
}

fn read_one(document: &Document, diagnostics: &mut Diagnostics) -> Option<Baseline> {
    let mut found = Diagnostics::new();
    let mut root = Fields::new(document, "", &document.root, &mut found);
    for read_elsewhere in ["apiVersion", "kind", "metadata"] {
        root.node(read_elsewhere);
    }
    check_name(document, &root, &mut found);
    let mut looks = None;
    if let Some(mut spec) = root.map("spec", &mut found) {
        looks = spec
            .map("looks", &mut found)
            .and_then(|fields| read_looks(fields, &mut found));
        // Our own kind: a misspelt field would silently score another policy.
        refuse_unread(document, &spec, &mut found);
    }
    refuse_unread(document, &root, &mut found);
    let bad = found.has_errors();
    diagnostics.extend(found);
    (!bad).then(|| Baseline {
        name: document.name.clone(),
        namespace: document
            .namespace
            .clone()
            .unwrap_or_else(|| "default".to_owned()),
        looks,
    })
}

fn read_looks(mut fields: Fields<'_>, found: &mut Diagnostics) -> Option<Looks> {
    let document = fields.document();
    let interval = duration(&mut fields, "interval", found);
    if interval == Some(Span::ZERO) {
        found.push(document.error(
            fields.position(),
            format!("`{}` must be longer than zero", fields.path_of("interval")),
            "write for example `10m`".to_owned(),
        ));
    }
    if interval.is_none() {
        fields.required("interval", found);
    }
    let reaction = duration(&mut fields, "reaction", found).unwrap_or(Span::ZERO);
    let count = fields.int("count", found).unwrap_or(1);
    let count = u32::try_from(count).ok().filter(|count| *count > 0);
    if count.is_none() {
        let position = fields
            .node("count")
            .map_or(fields.position(), |node| node.position);
        found.push(document.error(
            position,
            format!("`{}` must be at least 1", fields.path_of("count")),
            String::new(),
        ));
    }
    let path = fields.path_of("checks");
    let mut checks = Vec::new();
    for (index, item) in fields
        .list("checks", found)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        let item = Fields::new(document, format!("{path}[{index}]"), item, found);
        checks.extend(read_check(item, found));
    }
    if checks.is_empty() && !found.has_errors() {
        found.push(document.error(
            fields.position(),
            format!("`{path}` is empty: a person who looks at nothing sees nothing"),
            "add a check, or leave out `looks`".to_owned(),
        ));
    }
    refuse_unread(document, &fields, found);
    Some(Looks {
        interval_ns: interval?,
        count: count?,
        reaction_ns: reaction,
        checks,
    })
}

fn read_check(mut fields: Fields<'_>, found: &mut Diagnostics) -> Option<Check> {
    for name in ["name", "query", "max"] {
        fields.required(name, found);
    }
    let at: Position = fields.node("query").map(|node| node.position)?;
    let check = Check {
        name: fields.string("name", found)?.into(),
        query: fields.string("query", found)?.into(),
        max: fields.float("max", found)?,
        file: fields.document().source.file.clone(),
        line_column: (at.line, at.column),
    };
    refuse_unread(fields.document(), &fields, found);
    Some(check)
}

fn duration(fields: &mut Fields<'_>, name: &str, found: &mut Diagnostics) -> Option<Span> {
    let text = fields.string(name, found)?;
    match parse_go_duration(text) {
        Ok(span) => Some(span),
        Err(error) => {
            let position = fields
                .node(name)
                .map_or(fields.position(), |node| node.position);
            let message = format!("`{}`: {error}", fields.path_of(name));
            found.push(fields.document().error(position, message, String::new()));
            None
        }
    }
}

fn refuse_unread(document: &Document, fields: &Fields<'_>, found: &mut Diagnostics) {
    for (key, position) in fields.unread() {
        let message = format!("unknown field `{}`", fields.path_of(key));
        let help = "`Baseline` has `spec.looks` with interval, count, reaction and checks";
        found.push(document.error(position, message, help.to_owned()));
    }
}

//! `spec.extends`: a variant of a scenario of the catalogue.
//!
//! Mappings merge deeply; lists and single values replace what they extend, and `null` takes it
//! away (`fault: null` is the healthy variant). What tells about the base alone, its `title` and
//! its `reason`, is not taken over.

use coalmine_policy::source::{Diagnostics, Document, Kind, Node, Position, read_documents};

use crate::{catalogue, nearest};

/// What a base says about itself.
const OWN: [&str; 3] = ["title", "reason", "extends"];

/// The document with the specification it extends laid under its own; `None` after a complaint.
pub(super) fn resolve(document: &Document, found: &mut Diagnostics) -> Option<Document> {
    resolve_beyond(document, &mut Vec::new(), found)
}

/// As [`resolve`], for what the scenarios of `chain` extend.
fn resolve_beyond(
    document: &Document,
    chain: &mut Vec<&'static str>,
    found: &mut Diagnostics,
) -> Option<Document> {
    let extends = document.root.at(&["spec", "extends"]);
    let Some(at) = extends.filter(|node| !matches!(node.kind, Kind::Null)) else {
        return Some(document.clone());
    };
    let mut refuse = |message: String, help: String| {
        found.push(document.error(at.position, message, help));
    };
    let Some(name) = at.as_str() else {
        let message = format!("`spec.extends` is {}, not a name", at.kind.name());
        refuse(
            message,
            "write for example `extends: steady/healthy`".into(),
        );
        return None;
    };
    let Some(file) = catalogue::files().iter().find(|file| file.label == name) else {
        let help = match nearest(name, catalogue::names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`coalmine scenarios` lists the names".to_owned(),
        };
        let message = format!("`spec.extends` is {name:?}, no scenario of the catalogue");
        refuse(message, help);
        return None;
    };
    if chain.contains(&file.label) {
        let message = format!("`{name}` extends itself: {}", chain.join(" → "));
        refuse(message, "one of them must stand alone".into());
        return None;
    }
    chain.push(file.label);
    let base = read_documents(&file.source(), found).into_iter().next()?;
    let base = resolve_beyond(&base, chain, found)?;
    let mut merged = document.clone();
    if let (Some(below), Some(spec)) = (base.root.get("spec"), entry(&mut merged.root, "spec")) {
        let mut below = below.clone();
        // A mistake that comes from both files is shown where the reader can mend it.
        move_to(&mut below, at.position);
        if let Kind::Map(entries) = &mut below.kind {
            entries.retain(|(key, _)| !key.as_str().is_some_and(|key| OWN.contains(&key)));
        }
        lay_under(spec, below);
    }
    Some(merged)
}

fn entry<'n>(node: &'n mut Node, name: &str) -> Option<&'n mut Node> {
    let Kind::Map(entries) = &mut node.kind else {
        return None;
    };
    let mut entries = entries.iter_mut();
    entries
        .find(|(key, _)| key.as_str() == Some(name))
        .map(|(_, value)| value)
}

/// Adds what `over` does not say.
fn lay_under(over: &mut Node, below: Node) {
    let (Kind::Map(_), Kind::Map(entries)) = (&over.kind, below.kind) else {
        return;
    };
    for (key, value) in entries {
        let name = key.as_str().unwrap_or_default();
        if let Some(own) = entry(over, name) {
            lay_under(own, value);
        } else if let Kind::Map(own) = &mut over.kind {
            own.push((key, value));
        }
    }
}

fn move_to(node: &mut Node, at: Position) {
    node.position = at;
    match &mut node.kind {
        Kind::Seq(items) => items.iter_mut().for_each(|item| move_to(item, at)),
        Kind::Map(entries) => entries.iter_mut().for_each(|(key, value)| {
            move_to(key, at);
            move_to(value, at);
        }),
        _ => {}
    }
}

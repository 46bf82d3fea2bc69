//! A scenario made of several files, in which every value still knows its own.
//!
//! The texts stand one after another, as in the source map of a compiler: a place in the whole says
//! which file it is in.

use std::sync::Arc;

use coalmine_policy::source::{Document, Kind, Node, Position, Source};

/// A document with what it extends laid under it.
pub(super) struct Joined {
    /// The whole. Its places are places in the joined texts.
    pub(super) document: Document,
    /// The document's own file first.
    parts: Vec<Part>,
}

struct Part {
    file: Arc<str>,
    /// Lines and bytes of the parts before it.
    lines: usize,
    bytes: usize,
}

impl Joined {
    /// A document that stands alone.
    pub(super) fn alone(document: Document) -> Self {
        let part = Part {
            file: document.source.file.clone(),
            lines: 0,
            bytes: 0,
        };
        Self {
            document,
            parts: vec![part],
        }
    }

    /// Adds from the base's specification what the document's does not say. What is `own` to the
    /// base is not taken over.
    pub(super) fn lay_under(&mut self, base: Self, own: &[&str]) {
        let text = &self.document.source.text;
        let (lines, bytes) = (text.matches('\n').count() + 1, text.len() + 1);
        let text = format!("{text}\n{}", base.document.source.text);
        self.document.source = Source {
            file: self.document.source.file.clone(),
            text: text.into(),
        };
        self.parts.extend(base.parts.into_iter().map(|part| Part {
            lines: part.lines + lines,
            bytes: part.bytes + bytes,
            ..part
        }));
        let mut root = base.document.root;
        let (Some(below), Some(over)) = (
            entry(&mut root, "spec"),
            entry(&mut self.document.root, "spec"),
        ) else {
            return;
        };
        if let Kind::Map(entries) = &mut below.kind {
            entries.retain(|(key, _)| !key.as_str().is_some_and(|key| own.contains(&key)));
        }
        shift(below, lines, bytes);
        lay_under(over, below.clone());
    }

    /// The file of a place, and the place in it; `None` where the document itself says it.
    pub(super) fn elsewhere(&self, at: Position) -> Option<(Arc<str>, Position)> {
        let parts = self.parts.iter().skip(1);
        let part = parts.take_while(|part| part.lines < at.line).last()?;
        let place = Position {
            line: at.line - part.lines,
            start: at.start.saturating_sub(part.bytes),
            end: at.end.saturating_sub(part.bytes),
            ..at
        };
        Some((part.file.clone(), place))
    }

    /// The file that says what stands at a place.
    pub(super) fn file_of(&self, at: Position) -> Arc<str> {
        let elsewhere = self.elsewhere(at).map(|(file, _)| file);
        elsewhere.unwrap_or_else(|| self.document.source.file.clone())
    }
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

/// The kinds of a latency, by what tells them apart.
const LATENCY_KINDS: [&[&str]; 3] = [&["median", "p99"], &["gamma"], &["quantiles"]];

/// Whether two mappings are latencies of different kinds: then one replaces the other.
fn are_alternatives(over: &Node, below: &Node) -> bool {
    let kind = |node: &Node| {
        LATENCY_KINDS
            .iter()
            .position(|keys| keys.iter().any(|key| node.get(key).is_some()))
    };
    match (kind(over), kind(below)) {
        (Some(over), Some(below)) => over != below,
        _ => false,
    }
}

/// Mappings are merged key by key; anything else that `over` says stays as it is.
fn lay_under(over: &mut Node, below: Node) {
    if are_alternatives(over, &below) {
        return;
    }
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

fn shift(node: &mut Node, lines: usize, bytes: usize) {
    node.position.line += lines;
    node.position.start += bytes;
    node.position.end += bytes;
    match &mut node.kind {
        Kind::Seq(items) => items.iter_mut().for_each(|item| shift(item, lines, bytes)),
        Kind::Map(entries) => entries.iter_mut().for_each(|(key, value)| {
            shift(key, lines, bytes);
            shift(value, lines, bytes);
        }),
        _ => {}
    }
}

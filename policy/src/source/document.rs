//! Streams of YAML documents.

use std::sync::Arc;

use super::broken::{RENDER, is_action, yaml_error};
use super::{Diagnostic, Diagnostics, Kind, Node, Position, Severity};

/// A file, or standard input, with its text.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name the user knows it by.
    pub file: Arc<str>,
    /// Its whole text.
    pub text: Arc<str>,
}

/// One object of a stream.
#[derive(Clone, Debug)]
pub struct Document {
    /// The stream it came from.
    pub source: Source,
    /// `apiVersion`; empty when absent.
    pub api_version: String,
    /// `kind`; empty when absent.
    pub kind: String,
    /// `metadata.name`; empty when absent.
    pub name: String,
    /// `metadata.namespace`, if given.
    pub namespace: Option<String>,
    /// The whole object.
    pub root: Node,
}

impl Document {
    /// An error at a place of this document.
    #[must_use]
    pub fn error(&self, at: Position, message: String, help: String) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            file: self.source.file.clone(),
            position: at,
            message,
            help,
        }
    }

    /// A warning at a place of this document.
    #[must_use]
    pub fn warning(&self, at: Position, message: String, help: String) -> Diagnostic {
        Diagnostic {
            severity: Severity::Warning,
            ..self.error(at, message, help)
        }
    }
}

/// Reads every document of a stream; `List` objects are unfolded, empty documents skipped.
///
/// When one document is broken the others are still read, so that one run reports the mistakes of
/// all.
pub fn read_documents(source: &Source, diagnostics: &mut Diagnostics) -> Vec<Document> {
    let roots = match parse(&source.text) {
        Ok(roots) => roots,
        Err(whole) => {
            let (roots, broken) = read_one_by_one(source);
            // A fault that only shows in the whole stream (an anchor across documents) has no part
            // to blame.
            if broken.is_empty() {
                diagnostics.push(yaml_error(source, &whole, 0, 0));
            }
            broken.into_iter().for_each(|d| diagnostics.push(d));
            roots
        }
    };
    let mut documents = Vec::new();
    for root in roots {
        unfold(source, root, &mut documents, diagnostics);
    }
    documents
}

/// Whether a stream is sound YAML of which no document is an object: a chart's `values.yaml`, say.
#[must_use]
pub fn holds_no_object(source: &Source) -> bool {
    let roots = serde_saphyr::from_multiple::<Node>(&source.text);
    roots.is_ok_and(|roots| roots.iter().all(|root| root.get("kind").is_none()))
}

fn unfold(source: &Source, root: Node, out: &mut Vec<Document>, diagnostics: &mut Diagnostics) {
    if matches!(root.kind, Kind::Null) {
        return;
    }
    let text = |path: &[&str]| root.at(path).and_then(Node::as_str).map(str::to_owned);
    let document = Document {
        source: source.clone(),
        api_version: text(&["apiVersion"]).unwrap_or_default(),
        kind: text(&["kind"]).unwrap_or_default(),
        name: text(&["metadata", "name"]).unwrap_or_default(),
        namespace: text(&["metadata", "namespace"]),
        root,
    };
    if document.kind == "List"
        && let Some(Kind::Seq(items)) = document.root.get("items").map(|items| &items.kind)
    {
        for item in items.clone() {
            unfold(source, item, out, diagnostics);
        }
        return;
    }
    if document.kind.is_empty() || document.api_version.is_empty() {
        let missing = if document.kind.is_empty() {
            "kind"
        } else {
            "apiVersion"
        };
        let action = document.root.get(missing);
        let action = action.filter(|node| is_action(source, node));
        let (at, help) = match action {
            Some(node) => (node.position, RENDER),
            None => (
                document.root.position,
                "every Kubernetes object needs `apiVersion` and `kind`",
            ),
        };
        let message = format!("document has no `{missing}`");
        diagnostics.push(document.error(at, message, help.to_owned()));
        return;
    }
    out.push(document);
}

/// Splits at `---` lines and parses each part on its own, keeping lines and bytes relative to the
/// file.
fn read_one_by_one(source: &Source) -> (Vec<Node>, Vec<Diagnostic>) {
    let (mut roots, mut broken) = (Vec::new(), Vec::new());
    for (line, offset, part) in split_stream(&source.text) {
        match parse(part) {
            Ok(nodes) => roots.extend(nodes.into_iter().map(|node| shifted(node, line, offset))),
            Err(error) => broken.push(yaml_error(source, &error, line, offset)),
        }
    }
    (roots, broken)
}

/// The parts of a stream with their first line (0-based) and byte offset.
fn split_stream(text: &str) -> Vec<(usize, usize, &str)> {
    let mut parts = Vec::new();
    let (mut start, mut start_line, mut offset) = (0, 0, 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let rest = line.strip_prefix("---");
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace)) {
            parts.push((start_line, start, &text[start..offset]));
            (start, start_line) = (offset, number);
        }
        offset += line.len();
    }
    parts.push((start_line, start, &text[start..]));
    parts
}

fn shifted(mut node: Node, lines: usize, bytes: usize) -> Node {
    let shift = |node: Node| shifted(node, lines, bytes);
    node.position.line += lines;
    node.position.start += bytes;
    node.position.end += bytes;
    node.kind = match node.kind {
        Kind::Seq(items) => Kind::Seq(items.into_iter().map(shift).collect()),
        Kind::Map(entries) => {
            let entries = entries.into_iter();
            Kind::Map(entries.map(|(k, v)| (shift(k), shift(v))).collect())
        }
        scalar => scalar,
    };
    node
}

/// The limits of one stream. What a manifest can hold is bounded by its text, so that only nesting
/// and aliases need a limit of their own.
fn parse(text: &str) -> Result<Vec<Node>, serde_saphyr::Error> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_documents: 1_000_000,
            max_nodes: 20_000_000,
            max_events: 50_000_000,
        },
    };
    serde_saphyr::from_multiple_with_options(text, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Document>, Diagnostics) {
        let source = Source {
            file: "a.yaml".into(),
            text: text.into(),
        };
        let mut diagnostics = Diagnostics::new();
        let documents = read_documents(&source, &mut diagnostics);
        (documents, diagnostics)
    }

    #[test]
    fn values_know_their_place_in_the_file() {
        let (documents, diagnostics) =
            read("apiVersion: v1\nkind: A\n---\napiVersion: v1\nkind: B\nspec:\n  weight: 5\n");
        assert!(diagnostics.is_empty());
        assert_eq!(documents.len(), 2);
        let weight = documents[1].root.at(&["spec", "weight"]).expect("is there");
        assert!(matches!(weight.kind, Kind::Int(5)));
        assert_eq!((weight.position.line, weight.position.column), (7, 11));
        let bytes = weight.position.start..weight.position.end;
        assert_eq!(&documents[1].source.text[bytes], "5");
    }

    #[test]
    fn a_broken_document_does_not_hide_the_others() {
        let (documents, diagnostics) = read(
            "apiVersion: v1\nkind: A\n---\napiVersion: v1\nkind: [B\n---\napiVersion: v1\nkind: C\n",
        );
        let kinds: Vec<_> = documents.iter().map(|d| d.kind.as_str()).collect();
        assert_eq!(kinds, ["A", "C"]);
        assert_eq!(
            documents[1].root.get("kind").map(|n| n.position.line),
            Some(8)
        );
        let lines: Vec<_> = diagnostics.iter().map(|d| d.position.line).collect();
        assert_eq!(lines.len(), 1, "{diagnostics:?}");
        assert!(lines[0] >= 5, "{diagnostics:?}");
    }

    #[test]
    fn values_are_no_objects_but_broken_yaml_may_be_one() {
        let holds_none = |text: &str| {
            holds_no_object(&Source {
                file: "a.yaml".into(),
                text: text.into(),
            })
        };
        assert!(holds_none("replicas: 3\n---\n- a\n") && holds_none("# nothing\n"));
        assert!(!holds_none("replicas: 3\n---\nkind: A\n"));
        assert!(!holds_none("a: [b\n"));
    }

    #[test]
    fn lists_are_unfolded_and_kindless_documents_reported() {
        let (documents, diagnostics) =
            read("apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A}\n---\nfoo: 1\n");
        assert_eq!(documents.len(), 1);
        assert_eq!(diagnostics.iter().count(), 1);
    }
}

//! Names as the API server takes them.

use super::broken::{RENDER, is_action};
use super::{Diagnostics, Document, Fields, Kind, Node};

/// Reports a `metadata.name` or `metadata.namespace` that the API server would refuse, or an absent
/// name at `root`.
pub(crate) fn check_name(document: &Document, root: &Fields<'_>, found: &mut Diagnostics) {
    let field = |name| document.root.at(&["metadata", name]);
    let given = field("name").filter(|node| !is_absent(node));
    match given {
        Some(node) => check(document, "metadata.name", node, is_subdomain, found),
        None => {
            let message = "`metadata.name` is required".to_owned();
            found.push(document.error(root.position(), message, String::new()));
        }
    }
    if let Some(node) = field("namespace").filter(|node| !is_absent(node)) {
        let fits = |text: &str| text.len() <= 63 && is_label(text);
        check(document, "metadata.namespace", node, fits, found);
    }
}

fn is_absent(node: &Node) -> bool {
    match &node.kind {
        Kind::Null => true,
        Kind::Str(text) => text.is_empty(),
        _ => false,
    }
}

fn check(
    document: &Document,
    path: &str,
    node: &Node,
    fits: impl Fn(&str) -> bool,
    found: &mut Diagnostics,
) {
    let (what, help) = match &node.kind {
        Kind::Str(text) if fits(text) => return,
        Kind::Str(text) => {
            let shown: String = text.chars().take(80).collect();
            (
                format!("{shown:?}, which the API server refuses"),
                "write lower case letters, digits and `-` (in a name `.` too), with a letter or a \
                 digit at both ends",
            )
        }
        other if is_action(&document.source, node) => {
            (format!("{}, not a string", other.name()), RENDER)
        }
        other => (format!("{}, not a string", other.name()), "quote it"),
    };
    let message = format!("`{path}` is {what}");
    found.push(document.error(node.position, message, help.to_owned()));
}

/// RFC 1123, as `IsDNS1123Subdomain` has it.
fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::super::{Source, read_documents};
    use super::*;

    fn told(name: &str) -> Vec<String> {
        let source = Source {
            file: "f".into(),
            text: format!("apiVersion: v1\nkind: A\nmetadata:\n  name: {name}\n").into(),
        };
        let mut found = Diagnostics::new();
        let documents = read_documents(&source, &mut found);
        let root = Fields::new(&documents[0], "", &documents[0].root, &mut found);
        check_name(&documents[0], &root, &mut found);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_the_api_server_refuses_is_refused_at_its_place() {
        for good in ["a", "shop-v2.prod", "0x", "a\n  namespace: b"] {
            assert_eq!(told(good), [""; 0], "{good}");
        }
        let long = "a".repeat(254);
        let bad = [
            "Shop",
            "-a",
            "a-",
            "a..b",
            "a_b",
            "\"a\\u001b[31m\"",
            "é",
            &long,
        ];
        for name in bad.into_iter().chain(["a\n  namespace: b.c"]) {
            let found = told(name);
            assert_eq!(found.len(), 1, "{name}: {found:?}");
            assert!(
                found[0].contains("which the API server refuses"),
                "{found:?}"
            );
            assert!(!found[0].contains('\u{1b}'), "{found:?}");
        }
        assert!(told("Shop")[0].starts_with("f:4:9: error: `metadata.name` is \"Shop\""));
        assert!(told("5")[0].contains("`metadata.name` is an integer, not a string (quote it)"));
        assert!(told("\"\"")[0].starts_with("f:1:1: error: `metadata.name` is required"));
    }

    #[test]
    fn a_name_that_is_not_rendered_gets_the_cure() {
        let found = told("{{ .Release.Name }}");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("f:4:9: error: `metadata.name` is a mapping"),
            "{found:?}"
        );
        assert!(found[0].contains("helm template"), "{found:?}");
    }
}

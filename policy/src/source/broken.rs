//! What is wrong with text that is no YAML, in our words.

use serde_saphyr::Error;
use serde_saphyr::budget::BudgetBreach;

use super::{Diagnostic, Node, Position, Severity, Source};

/// The cure for text that still has a template's actions in it.
pub(super) const RENDER: &str =
    "if this is a Helm template, render it first: `helm template … | coalmine …`";

/// Where a value is a template's action that YAML took for a mapping: `{{ .Values.name }}`.
pub(super) fn is_action(source: &Source, node: &Node) -> bool {
    let rest = source.text.get(node.position.start..);
    rest.is_some_and(|rest| rest.starts_with("{{"))
}

/// The diagnostic for a part that begins `lines` and `bytes` into its stream.
pub(super) fn yaml_error(source: &Source, error: &Error, lines: usize, bytes: usize) -> Diagnostic {
    let location = error.location();
    let start = location.and_then(|l| l.span().byte_offset());
    let start = start.map_or(0, |offset| offset as usize + bytes);
    let line = location.map_or(0, |l| l.line() as usize + lines);
    let (message, cure) = explained(error.without_snippet());
    let help = if near_action(&source.text, line) {
        RENDER
    } else {
        cure
    };
    Diagnostic {
        severity: Severity::Error,
        file: source.file.clone(),
        position: Position {
            line,
            column: location.map_or(0, |l| l.column() as usize),
            start,
            end: start,
        },
        message: format!("broken YAML: {message}"),
        help: help.to_owned(),
    }
}

/// Whether the line, or the one before or after it, has a template's action.
fn near_action(text: &str, line: usize) -> bool {
    let around = text.lines().skip(line.saturating_sub(2)).take(3);
    around.into_iter().any(|line| line.contains("{{"))
}

/// Cause and cure.
fn explained(error: &Error) -> (String, &'static str) {
    match error {
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().map_or_else(
                || "a key".to_owned(),
                |key| format!("key `{}`", key.escape_debug()),
            );
            (format!("{key} is given twice"), "remove one of them")
        }
        Error::NonFiniteFloat { value, .. } => (
            format!("`{}` is no number that JSON can hold", value.escape_debug()),
            "Kubernetes' API is JSON: write a finite number, or quote the text",
        ),
        Error::Budget { breach, .. } => over_budget(breach),
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            ("aliases expand to too much".to_owned(), WRITE_OUT)
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            ("an alias refers to what contains it".to_owned(), WRITE_OUT)
        }
        Error::UnknownAnchor { .. } => (
            "an alias refers to an anchor that this document does not have".to_owned(),
            "define the anchor before it, or quote a text that begins with `*`",
        ),
        other => (in_one_line(other), ""),
    }
}

const WRITE_OUT: &str = "write the values out instead";

fn over_budget(breach: &BudgetBreach) -> (String, &'static str) {
    let (what, cure) = match breach {
        BudgetBreach::Depth { .. } => ("values are nested too deeply", "nest at most 64 levels"),
        BudgetBreach::Aliases { .. }
        | BudgetBreach::Anchors { .. }
        | BudgetBreach::AliasAnchorRatio { .. }
        | BudgetBreach::MergeKeys { .. } => ("too many anchors and aliases", WRITE_OUT),
        _ => ("the stream is too large", "split it into several files"),
    };
    (what.to_owned(), cure)
}

/// The library's words without the place, which is printed anyway, and without its snippet.
fn in_one_line(error: &Error) -> String {
    let rendered = error.to_string();
    let line = rendered.lines().next().unwrap_or("unreadable");
    let words = match line.rsplit_once(" at line ") {
        Some((words, place)) if place.contains(", column ") => words,
        _ => line,
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::{Diagnostics, read_documents};
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let source = Source {
            file: "f".into(),
            text: text.into(),
        };
        let mut found = Diagnostics::new();
        read_documents(&source, &mut found);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn broken_text_is_explained_without_the_library() {
        let deep = format!("a: {}{}\n", "[".repeat(70), "]".repeat(70));
        let aliases = format!("a: &a [1]\nb: [{}]\n", "*a, ".repeat(200));
        for (text, wanted) in [
            (
                "threshold: 5\nthreshold: 6\n",
                "f:2:1: error: broken YAML: key `threshold` is given twice (remove one of them)",
            ),
            (
                "a: .inf\n",
                "`.inf` is no number that JSON can hold (Kubernetes",
            ),
            ("a: 'x\n", "f:1:4: error: broken YAML: unclosed quote"),
            (
                "a: *x\n",
                "an anchor that this document does not have (define",
            ),
            ("a: \u{7}\n", "unexpected character: `\\u{7}'"),
            (
                "\"a\\u0007\": 1\n\"a\\u0007\": 1\n",
                "key `a\\u{7}` is given twice",
            ),
            (
                &deep,
                "values are nested too deeply (nest at most 64 levels)",
            ),
            (
                &aliases,
                "too many anchors and aliases (write the values out",
            ),
        ] {
            let found = told(text);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].contains(wanted), "{found:?}");
            for leak in [" at line ", "Policy", "budget", "helm", "\u{7}"] {
                assert!(!found[0].contains(leak), "{found:?}");
            }
        }
    }

    #[test]
    fn helm_is_named_where_its_actions_stand() {
        let found = told("{{- if .Values.on }}\na: 1\n{{- end }}\n");
        assert!(found[0].contains("helm template"), "{found:?}");
        let found = told("a: {{ .x }}\nb: 1\nc: 1\nd: [\n");
        assert!(!found[0].contains("helm template"), "{found:?}");
        let found = told("apiVersion: v1\nkind: {{ .Values.kind }}\n");
        assert!(found[0].starts_with("f:2:7: error: "), "{found:?}");
        assert!(found[0].contains("helm template"), "{found:?}");
    }

    #[test]
    fn thousands_of_documents_are_one_stream() {
        assert_eq!(
            told(&"apiVersion: v1\nkind: A\n---\n".repeat(5000)),
            [""; 0]
        );
    }
}

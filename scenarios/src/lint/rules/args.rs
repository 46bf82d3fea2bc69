//! Placeholders that name nothing, and arguments without a value.

use coalmine_policy::flagger::render_alone;
use coalmine_policy::source::{Node, Position};

use super::super::catalogue::{CM09, CM23, CM27};
use super::super::check::finding;
use super::super::review::{Review, items};
use crate::finding::Finding;

pub(super) fn findings(review: &Review, out: &mut Vec<Finding>) {
    for (document, template) in &review.templates {
        let place = |place: &coalmine_policy::argo::Place| Position {
            line: place.line,
            column: place.column,
            ..Position::default()
        };
        let name = document.root.at(&["metadata", "name"]);
        let at = name.map_or(document.root.position, |node| node.position);
        for argument in &template.undeclared {
            let message = format!(
                "template `{}` uses `{{{{args.{argument}}}}}` and does not declare it: no run resolves it",
                template.name
            );
            let cure = format!("add `- name: {argument}` to `spec.args`");
            out.push(finding(&CM23, &document.source.file, at, message, &cure));
        }
        for argument in &template.args {
            let (file, at) = (&argument.place.file, place(&argument.place));
            if argument.never {
                let message = format!(
                    "argument `{}` has a `valueFrom` that Argo looks up in a Rollout only, not in a template",
                    argument.name
                );
                out.push(finding(
                    &CM09,
                    file,
                    at,
                    message,
                    "give `value`, or a secretKeyRef",
                ));
            } else if argument.value.as_deref() == Some("") {
                let message = format!(
                    "argument `{}` is empty: what it selects is nothing",
                    argument.name
                );
                out.push(finding(
                    &CM09,
                    file,
                    at,
                    message,
                    "give it a value, or leave `value` out",
                ));
            }
        }
    }
    for document in &review.documents {
        let queries: Vec<&Node> = match document.kind.as_str() {
            "MetricTemplate" => document.root.at(&["spec", "query"]).into_iter().collect(),
            "Canary" => items(document.root.at(&["spec", "analysis", "metrics"]))
                .iter()
                .filter_map(|metric| metric.get("query"))
                .collect(),
            _ => continue,
        };
        for query in queries {
            let Some(Err(why)) = query.as_str().map(render_alone) else {
                continue;
            };
            if is_of_go(&why) {
                let message = format!("{why}: the query is not looked at");
                out.push(finding(
                    &CM27,
                    &document.source.file,
                    query.position,
                    message,
                    "",
                ));
                continue;
            }
            let message = format!("the query does not render: {why}");
            out.push(finding(
                &CM23,
                &document.source.file,
                query.position,
                message,
                "",
            ));
        }
    }
}

/// Whether it is an action that Go's templates know and coalmine does not evaluate.
fn is_of_go(why: &str) -> bool {
    const WORDS: [&str; 26] = [
        "and", "block", "call", "define", "else", "end", "eq", "ge", "gt", "html", "if", "index",
        "js", "le", "len", "lt", "ne", "not", "or", "print", "printf", "println", "range", "slice",
        "urlquery", "with",
    ];
    let action = why.split_once("{{").map_or("", |(_, rest)| rest);
    let action = action.trim_start_matches(['-', ' ', '(']);
    let word: String = action
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    WORDS.contains(&word.as_str()) || action.starts_with('$')
}

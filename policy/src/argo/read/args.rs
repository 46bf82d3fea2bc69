//! Arguments of templates and of references to them.

use super::super::template::{Arg, ArgValue};
use super::template::each;
use super::{ignore, place_of};
use crate::expr::print_float;
use crate::source::{Diagnostics, Document, Fields, Kind, Node};

/// A template's arguments: `value`, or `valueFrom` a secret or a field.
pub(super) fn template_args(fields: &mut Fields<'_>, found: &mut Diagnostics) -> Vec<Arg> {
    let (document, path) = (fields.document(), fields.path_of("args"));
    let items = fields.list("args", found).unwrap_or_default();
    each(document, &path, items, found, |mut item, found| {
        item.required("name", found);
        let name = item.string("name", found).map(str::to_owned);
        let mut value = item
            .string("value", found)
            .map(|v| ArgValue::Text(v.to_owned()));
        if let Some(mut from) = item.map("valueFrom", found) {
            if from.node("secretKeyRef").is_some() {
                value = Some(ArgValue::Secret);
                let message = format!(
                    "the secret of `{}` is unknown here",
                    item.path_of("valueFrom")
                );
                let help = "`*****` stands in for it; fine unless a query or a condition uses it";
                found.push(document.warning(from.position(), message, help.to_owned()));
            } else if from.node("fieldRef").is_some() {
                value = Some(ArgValue::Unresolved);
            }
            from.finish(found);
        }
        let place = place_of(&item);
        item.finish(found);
        Some(Arg {
            name: name?,
            value,
            place,
        })
    })
}

/// The arguments that a Rollout gives: `value`, a template hash or a field of the Rollout
/// (`factory.go:18`). One without any value is the empty string.
pub(super) fn rollout_args(fields: &mut Fields<'_>, found: &mut Diagnostics) -> Vec<Arg> {
    let (document, path) = (fields.document(), fields.path_of("args"));
    let items = fields.list("args", found).unwrap_or_default();
    each(document, &path, items, found, |mut item, found| {
        item.required("name", found);
        let name = item.string("name", found).map(str::to_owned);
        let written = item.string("value", found).unwrap_or_default();
        let mut value = ArgValue::Text(written.to_owned());
        if let Some(from) = item.map("valueFrom", found) {
            value = value_from(document, from, found).unwrap_or(value);
        }
        let place = place_of(&item);
        item.finish(found);
        Some(Arg {
            name: name?,
            value: Some(value),
            place,
        })
    })
}

fn value_from(
    document: &Document,
    mut from: Fields<'_>,
    found: &mut Diagnostics,
) -> Option<ArgValue> {
    let mut value = None;
    if let Some(node) = from.node("podTemplateHashValue") {
        value = match node.as_str() {
            Some("Stable") => Some(ArgValue::StableHash),
            Some("Latest") => Some(ArgValue::LatestHash),
            _ => {
                let message = format!(
                    "`{}` is neither Stable nor Latest",
                    from.path_of("podTemplateHashValue")
                );
                found.push(document.error(node.position, message, String::new()));
                None
            }
        };
    }
    if let Some(mut field) = from.map("fieldRef", found) {
        ignore(&mut field, &["apiVersion"]);
        let node = field.required("fieldPath", found);
        if let Some(path) = field.string("fieldPath", found)
            && let Some(node) = node
            && value.is_none()
        {
            value = field_value(&document.root, path).map(ArgValue::Text);
            if value.is_none() {
                let (message, help) = no_field(path);
                found.push(document.error(node.position, message, help.to_owned()));
            }
        }
        field.finish(found);
    }
    ignore(&mut from, &["secretKeyRef"]);
    from.finish(found);
    value
}

/// `BuildArgumentsForRolloutAnalysisRun` (`factory.go:18`): Kubernetes' own field paths below
/// `metadata`, where a label that is not set is empty; else a walk over the Rollout's JSON.
fn field_value(root: &Node, path: &str) -> Option<String> {
    if path.starts_with("metadata") {
        return metadata_value(root, path);
    }
    // factory.go:256: what stands between separators, quotes included.
    let mut node = root;
    for section in path.split(['.', '[', ']']).filter(|s| !s.is_empty()) {
        node = match &node.kind {
            Kind::Seq(items) => items.get(section.parse::<usize>().ok()?)?,
            _ => node.get(section)?,
        };
    }
    match &node.kind {
        Kind::Str(text) => Some(text.clone()),
        // Numbers have gone through JSON: they are printed as float64.
        Kind::Int(value) => Some(print_float(*value as f64)),
        Kind::Float(value) => Some(print_float(*value)),
        Kind::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// Why a path has no value here, and the cure.
fn no_field(path: &str) -> (String, &'static str) {
    match path {
        "metadata.uid" => (
            "`metadata.uid` is given by the API server and unknown here".to_owned(),
            "take `metadata.name`, or a `value` for the simulation",
        ),
        "metadata.annotations" => (
            "`metadata.annotations` as a whole is unknown here: the controller and kubectl add some"
                .to_owned(),
            "name one: `metadata.annotations['…']`",
        ),
        _ => (
            format!("`{path}` names no single value of this Rollout"),
            "name a label, an annotation or another scalar that is set",
        ),
    }
}

/// `fieldpath.FormatMap`: lines in the order of their keys. `None` when a value holds what Go and JSON
/// escape differently.
fn formatted_map(map: Option<&Node>) -> Option<String> {
    let Some(Kind::Map(entries)) = map.map(|node| &node.kind) else {
        return Some(String::new());
    };
    let entries = entries.iter();
    let pairs: Option<Vec<_>> = entries
        .map(|(key, value)| Some((key.as_str()?, value.as_str()?)))
        .collect();
    let mut pairs = pairs?;
    pairs.sort_unstable();
    // Label values are ASCII letters, digits, `-`, `_` and `.`, so nothing needs an escape.
    let plain = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\'))
    };
    if !pairs.iter().all(|(_, value)| plain(value)) {
        return None;
    }
    let lines = pairs
        .iter()
        .map(|(key, value)| format!("{key}=\"{value}\""));
    Some(lines.collect::<Vec<_>>().join("\n"))
}

/// `fieldpath.ExtractFieldPathAsString`.
fn metadata_value(root: &Node, path: &str) -> Option<String> {
    let metadata = root.get("metadata")?;
    let field = path.strip_prefix("metadata.")?;
    if matches!(field, "name" | "namespace") {
        return Some(metadata.get(field)?.as_str()?.to_owned());
    }
    if field == "labels" {
        return formatted_map(metadata.get("labels"));
    }
    let map = ["labels", "annotations"]
        .into_iter()
        .find(|map| field.starts_with(map))?;
    let key = field[map.len()..].strip_prefix("['")?.strip_suffix("']")?;
    let value = metadata.get(map).and_then(|map| map.get(key));
    Some(value.and_then(Node::as_str).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Source, read_documents};

    #[test]
    fn whole_labels_are_lines_in_order() {
        let source = Source {
            file: "r".into(),
            text: "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: app, labels: {b: two, a: one}, annotations: {note: '1'}}\n".into(),
        };
        let documents = read_documents(&source, &mut Diagnostics::new());
        let value = |path| field_value(&documents[0].root, path);
        assert_eq!(
            value("metadata.labels").as_deref(),
            Some("a=\"one\"\nb=\"two\"")
        );
        assert_eq!(value("metadata.annotations['note']").as_deref(), Some("1"));
        assert_eq!(value("metadata.annotations"), None);
        assert_eq!(value("metadata.uid"), None);
        assert!(no_field("metadata.uid").0.contains("API server"));
        assert!(no_field("metadata.annotations").0.contains("as a whole"));
    }
}

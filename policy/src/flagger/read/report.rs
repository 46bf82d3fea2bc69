//! Small helpers to report with.

use std::collections::BTreeMap;

use crate::source::{Diagnostics, Fields, Kind, Node, Position};

/// Where a field stands; the mapping when it is absent.
pub(super) fn at(fields: &mut Fields<'_>, name: &str) -> Position {
    let node = fields.node(name).map(|node| node.position);
    node.unwrap_or_else(|| fields.position())
}

/// An error at a field: what is wrong with it, and the cure.
pub(super) fn error(
    fields: &mut Fields<'_>,
    name: &str,
    what: &str,
    cure: &str,
    found: &mut Diagnostics,
) {
    let message = format!("`{}` {what}", fields.path_of(name));
    let at = at(fields, name);
    found.push(fields.document().error(at, message, cure.to_owned()));
}

/// A warning at a field: what is odd about it, and the cure.
pub(super) fn warn(
    fields: &mut Fields<'_>,
    name: &str,
    what: &str,
    cure: &str,
    found: &mut Diagnostics,
) {
    let message = format!("`{}` {what}", fields.path_of(name));
    let at = at(fields, name);
    found.push(fields.document().warning(at, message, cure.to_owned()));
}

/// One of a list of words.
pub(super) fn word<'a>(
    fields: &mut Fields<'a>,
    name: &str,
    words: &[&str],
    found: &mut Diagnostics,
) -> Option<&'a str> {
    let text = fields.string(name, found)?;
    if words.contains(&text) {
        return Some(text);
    }
    let cure = format!("the API server accepts: {}", words.join(", "));
    error(fields, name, &format!("is `{text}`"), &cure, found);
    None
}

/// A mapping of strings (labels, metadata): numbers must be quoted.
pub(super) fn strings(
    fields: &mut Fields<'_>,
    name: &str,
    found: &mut Diagnostics,
) -> BTreeMap<String, String> {
    let keys: Vec<&str> = match fields.node(name).map(|node| &node.kind) {
        Some(Kind::Map(entries)) => entries.iter().filter_map(|(k, _)| k.as_str()).collect(),
        _ => Vec::new(),
    };
    let Some(mut map) = fields.map(name, found) else {
        return BTreeMap::new();
    };
    let mut entry = |key: &str| Some((key.to_owned(), map.string(key, found)?.to_owned()));
    keys.into_iter().filter_map(&mut entry).collect()
}

/// The mappings of a list.
pub(super) fn items<'a>(
    fields: &mut Fields<'a>,
    name: &str,
    found: &mut Diagnostics,
) -> Vec<Fields<'a>> {
    let path = fields.path_of(name);
    let document = fields.document();
    let list: &[Node] = fields.list(name, found).unwrap_or_default();
    let item = |(index, node)| Fields::new(document, format!("{path}[{index}]"), node, found);
    list.iter().enumerate().map(item).collect()
}

/// Requires fields, as the schema does.
pub(super) fn require(fields: &mut Fields<'_>, names: &[&str], found: &mut Diagnostics) {
    for name in names {
        fields.required(name, found);
    }
}

/// A finite number: JSON has no other.
pub(super) fn number(fields: &mut Fields<'_>, name: &str, found: &mut Diagnostics) -> Option<f64> {
    let value = fields.float(name, found)?;
    if value.is_finite() {
        return Some(value);
    }
    error(
        fields,
        name,
        "is not a finite number",
        "leave it out",
        found,
    );
    None
}

/// Whether a duration passes the schema's pattern `^[0-9]+(m|s)`, which has no end anchor.
pub(super) fn matches_interval_pattern(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() < text.len() && unit.starts_with(['m', 's'])
}

/// A duration under the schema's pattern.
pub(super) fn interval<'a>(
    fields: &mut Fields<'a>,
    admission: bool,
    found: &mut Diagnostics,
) -> Option<&'a str> {
    patterned(fields, "interval", admission, found)
}

/// A duration of this name under the schema's pattern.
pub(super) fn patterned<'a>(
    fields: &mut Fields<'a>,
    name: &str,
    admission: bool,
    found: &mut Diagnostics,
) -> Option<&'a str> {
    let text = fields.string(name, found)?;
    if !admission || matches_interval_pattern(text) {
        return Some(text);
    }
    let what = format!("is `{text}`, which the API server refuses");
    let cure = "write whole minutes or seconds: `90s`, `60m` instead of `1h`";
    error(fields, name, &what, cure, found);
    None
}

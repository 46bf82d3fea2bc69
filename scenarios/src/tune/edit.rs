//! Edits of a manifest's text that leave everything else as it is, byte for byte.

use std::ops::Range;

use coalmine_policy::source::{Kind, Node, Source};

use super::field::{self, Type};
use super::find::{self, Lost, PathStep, Place};
use super::knob::{Knob, same};
use super::values::Value;
use super::{Workbench, condition};

/// New text for some bytes of a file; none of them where something is added.
struct Change {
    file: usize,
    bytes: Range<usize>,
    text: String,
}

/// The files with these knobs turned.
///
/// # Errors
/// Why a value cannot be written there, and a cure.
pub fn edited(bench: &Workbench, turned: &[(&Knob, Value)]) -> Result<Vec<Source>, Lost> {
    let mut changes = Vec::new();
    for (knob, value) in turned {
        for place in &knob.places {
            // What holds already needs no edit.
            if place.today.is_none_or(|today| !same(today, *value)) {
                changes.push(change(bench, place, *value)?);
            }
        }
    }
    changes.sort_by_key(|change| (change.file, change.bytes.start));
    let mut sources = bench.sources.clone();
    for change in changes.iter().rev() {
        if let Some(source) = sources.get_mut(change.file) {
            let mut text = source.text.to_string();
            text.replace_range(change.bytes.clone(), &change.text);
            source.text = text.into();
        }
    }
    Ok(sources)
}

fn change(bench: &Workbench, place: &Place, value: Value) -> Result<Change, Lost> {
    let Some(document) = bench.documents.get(place.document) else {
        return Err(("the object is gone".to_owned(), String::new()));
    };
    let same_file = |source: &Source| source.file == document.source.file;
    let file = bench.sources.iter().position(same_file).unwrap_or(0);
    let text = &document.source.text;
    let told = |(why, cure): (String, &str)| {
        let (file, line) = (&document.source.file, bench.line(place));
        let path = find::written(&place.path);
        (format!("`{path}` at {file}:{line} {why}"), cure.to_owned())
    };
    let (bytes, text) = match find::at(&document.root, &place.path) {
        Some(node) if !matches!(node.kind, Kind::Null) => replaced(text, node, place.of, value),
        _ => added(text, &document.root, &place.path, value),
    }
    .map_err(told)?;
    Ok(Change { file, bytes, text })
}

type Cannot = (String, &'static str);

/// The bytes of a written value, and what stands there instead.
fn replaced(
    text: &str,
    node: &Node,
    of: Type,
    value: Value,
) -> Result<(Range<usize>, String), Cannot> {
    let (start, end) = (node.position.start, node.position.end);
    let raw = text.get(start..end).unwrap_or_default();
    if raw.starts_with('*') {
        let why = format!("is an alias, `{raw}`");
        return Err((why, "write the value out in its place"));
    }
    let is_quoted = raw.len() >= 2 && (raw.starts_with('"') || raw.starts_with('\''));
    let inner = if is_quoted {
        start + 1..end - 1
    } else {
        start..end
    };
    let written = text.get(inner.clone()).unwrap_or_default();
    if written.is_empty() {
        return Err((
            "has no place of its own in the text".to_owned(),
            "write the value on one line",
        ));
    }
    if of == Type::Condition {
        let Some((_, number)) = condition::limit(written) else {
            return Err(("is no condition with one number".to_owned(), ""));
        };
        let bytes = inner.start + number.start..inner.start + number.end;
        return Ok((bytes, value.to_string()));
    }
    let in_seconds = written.bytes().all(|b| b.is_ascii_digit());
    let new = match value {
        Value::Duration(span) if in_seconds => {
            if !span.nanos().is_multiple_of(1_000_000_000) {
                let why = format!("counts whole seconds, which {value} is not");
                return Err((why, "vary it by whole seconds"));
            }
            (span.nanos() / 1_000_000_000).to_string()
        }
        value => value.to_string(),
    };
    Ok((inner, new))
}

/// Where a line, or an entry of `{…}`, is added, and which.
fn added(
    text: &str,
    root: &Node,
    path: &[PathStep],
    value: Value,
) -> Result<(Range<usize>, String), Cannot> {
    let parent = path
        .split_last()
        .and_then(|(last, above)| Some((last, find::at(root, above)?)));
    let Some((PathStep::Key(key), parent)) = parent else {
        return Err(("has no mapping to be added to".to_owned(), ""));
    };
    let Kind::Map(entries) = &parent.kind else {
        return Err(("has no mapping to be added to".to_owned(), ""));
    };
    let is_flow = text
        .get(parent.position.start..)
        .is_some_and(|rest| rest.starts_with('{'));
    for (name, sibling) in entries.iter().rev() {
        let end = sibling.position.end;
        let is_scalar = !matches!(sibling.kind, Kind::Map(_) | Kind::Seq(_) | Kind::Null);
        let span = |node: &Node| text.get(node.position.start..node.position.end);
        // Keys that a merge brought stand elsewhere.
        let is_own = span(name).map(|raw| raw.trim_matches(['"', '\''])) == name.as_str();
        let is_one_line = span(sibling).is_some_and(|raw| !raw.is_empty() && !raw.contains('\n'));
        if !is_scalar || !is_own || !is_one_line {
            continue;
        }
        if is_flow {
            return Ok((end..end, format!(", {key}: {value}")));
        }
        let rest = text.get(end..).unwrap_or_default();
        let line_end = rest.find('\n').unwrap_or(rest.len());
        let (tail, eol) = match rest[..line_end].strip_suffix('\r') {
            Some(tail) => (tail, "\r\n"),
            None => (&rest[..line_end], "\n"),
        };
        let after = tail.trim_start();
        if !(after.is_empty() || after.starts_with('#')) {
            continue;
        }
        let at = end + tail.len();
        let indent = indentation(text, name.position.start);
        return Ok((at..at, format!("{eol}{indent}{key}: {value}")));
    }
    Err((
        "cannot be added: no value beside it stands on a line of its own".to_owned(),
        "write it into the manifest with today's value first",
    ))
}

/// Blanks up to the column of this byte: a list item's dash is none of a key's own.
fn indentation(text: &str, at: usize) -> String {
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let before = text.get(line_start..at).unwrap_or_default();
    // The mark that some editors put before the first line has no column.
    before
        .trim_start_matches('\u{feff}')
        .chars()
        .map(|_| ' ')
        .collect()
}

/// Whether the edited text has these values, and nothing else is another one.
///
/// # Errors
/// That it is not so, and a cure.
pub fn check(bench: &Workbench, edited: &[Source], turned: &[(&Knob, Value)]) -> Result<(), Lost> {
    let after = Workbench::new(edited.to_vec());
    for (knob, value) in turned {
        let has = |place: &Place| {
            let node = after.node(place);
            let written = node.and_then(|node| field::written(&place.path, node).ok());
            let unwritten = || place.today.filter(|_| node.is_none());
            written
                .map(|(_, v)| v)
                .or_else(unwritten)
                .is_some_and(|v| same(v, *value))
        };
        if !knob.places.iter().all(has) {
            let cause = format!("{}: {value} cannot be written there", knob.label);
            return Err((
                cause,
                "write the value plainly, on a line of its own, first".to_owned(),
            ));
        }
    }
    let places = || turned.iter().flat_map(|(knob, _)| &knob.places);
    let without = |bench: &Workbench| -> Vec<serde_json::Value> {
        let all = bench.documents.iter().enumerate();
        all.map(|(index, document)| {
            let mut json = document.root.to_json();
            let own = places().filter(|place| place.document == index);
            own.for_each(|place| forget(&mut json, place));
            json
        })
        .collect()
    };
    if without(bench) == without(&after) {
        return Ok(());
    }
    let labels: Vec<_> = turned.iter().map(|(knob, _)| knob.label.as_str()).collect();
    Err((
        format!("{}: other values would change with it", labels.join(", ")),
        "an anchor (`&`) shares it with them: write the value out in each place first".to_owned(),
    ))
}

/// Takes what is turned out of an object; of a condition only its number.
fn forget(json: &mut serde_json::Value, place: &Place) {
    let Some((PathStep::Key(last), above)) = place.path.split_last() else {
        // Items of lists keep their place.
        if let Some(value) = reach(json, &place.path) {
            *value = serde_json::Value::Null;
        }
        return;
    };
    let Some(serde_json::Value::Object(parent)) = reach(json, above) else {
        return;
    };
    let number = match parent.get(last) {
        Some(serde_json::Value::String(text)) if place.of == Type::Condition => {
            condition::limit(text).map(|(_, range)| (text.clone(), range))
        }
        _ => None,
    };
    match number {
        Some((mut text, range)) => {
            text.replace_range(range, "");
            parent.insert(last.clone(), text.into());
        }
        None => {
            parent.remove(last);
        }
    }
}

fn reach<'a>(
    json: &'a mut serde_json::Value,
    path: &[PathStep],
) -> Option<&'a mut serde_json::Value> {
    path.iter().try_fold(json, |value, step| match step {
        PathStep::Key(key) => value.get_mut(key),
        PathStep::Index(index) => value.get_mut(index),
    })
}

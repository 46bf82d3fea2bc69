//! Every value of a document, together with what the schema says about it.

use serde_json::Value;

/// A value in a document.
#[derive(Clone)]
pub(crate) struct Place {
    /// JSON pointer into the document.
    pub(crate) at: String,
    /// JSON pointer into the schema: the definition where that is referred to.
    pub(crate) rule: String,
}

/// All values below the root that the schema has a word for, mappings and lists included.
pub(crate) fn places(schema: &Value, document: &Value) -> Vec<Place> {
    let mut all = Vec::new();
    visit(schema, document, String::new(), String::new(), &mut all);
    all
}

fn visit(schema: &Value, value: &Value, at: String, rule: String, all: &mut Vec<Place>) {
    let rule = followed(schema, rule);
    let own = schema.pointer(&rule).expect("is in the schema");
    match value {
        Value::Object(entries) if own.get("properties").is_some() => {
            for (key, value) in entries {
                let below = format!("{rule}/properties/{key}");
                assert!(
                    schema.pointer(&below).is_some(),
                    "no {below} for {at}/{key}"
                );
                visit(schema, value, format!("{at}/{key}"), below, all);
            }
        }
        // Names that the user gives.
        Value::Object(entries)
            if own
                .get("additionalProperties")
                .is_some_and(Value::is_object) =>
        {
            for (key, value) in entries {
                let below = format!("{rule}/additionalProperties");
                visit(schema, value, format!("{at}/{key}"), below, all);
            }
        }
        Value::Array(items) if own.get("items").is_some() => {
            for (index, item) in items.iter().enumerate() {
                let below = format!("{rule}/items");
                visit(schema, item, format!("{at}/{index}"), below, all);
            }
        }
        _ => {}
    }
    all.push(Place { at, rule });
}

fn followed(schema: &Value, rule: String) -> String {
    let reference = schema.pointer(&rule).and_then(|own| own.get("$ref"));
    match reference.and_then(Value::as_str) {
        Some(reference) => reference.trim_start_matches('#').to_owned(),
        None => rule,
    }
}

/// Where the schema describes keys, and each of these keys.
pub(crate) fn tables(schema: &Value) -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    collect(schema, String::new(), &mut all);
    // What is referred to stands behind what refers to it.
    all.sort_by_key(|(at, _)| at.starts_with("/$defs"));
    all
}

fn collect(node: &Value, at: String, all: &mut Vec<(String, Vec<String>)>) {
    let Value::Object(entries) = node else { return };
    if let Some(Value::Object(properties)) = entries.get("properties") {
        all.push((at.clone(), properties.keys().cloned().collect()));
    }
    for (key, value) in entries {
        collect(value, format!("{at}/{key}"), all);
    }
}

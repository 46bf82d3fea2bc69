//! The page about scenario files: its examples are right, and its keys are the schema's.

use serde_json::Value;

use crate::walk::tables;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/scenarios.md");

/// Where the part that is written by machine begins.
const KEYS: &str = "\n## Keys\n";

/// The YAML of the page.
pub(crate) fn examples() -> Vec<String> {
    let page = std::fs::read_to_string(PAGE).expect("reads");
    let blocks = page.split("```yaml\n").skip(1);
    blocks
        .filter_map(|block| Some(block.split_once("```")?.0.to_owned()))
        .collect()
}

/// Compares the page's keys with the schema's, or writes them.
pub(crate) fn check(schema: &Value) {
    let page = std::fs::read_to_string(PAGE).expect("reads");
    let (before, _) = page.split_once(KEYS).expect("has a part about keys");
    let wanted = format!("{before}{KEYS}\n{}", keys(schema));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, &wanted).expect("writes");
        return;
    }
    assert!(
        page == wanted,
        "docs/scenarios.md is behind: run this test with UPDATE_DOCS=1"
    );
}

/// A table for each mapping that the schema describes.
fn keys(schema: &Value) -> String {
    let mut text = String::from(
        "Written from the schema: `UPDATE_DOCS=1 cargo test -p coalmine-scenarios --test schema`.\n",
    );
    for (rule, keys) in tables(schema) {
        text += &format!(
            "\n### {}\n\n| key | value | |\n|---|---|---|\n",
            title(&rule)
        );
        for key in keys {
            let own = schema.pointer(&format!("{rule}/properties/{key}"));
            let own = own.expect("is in the schema");
            let meaning = own["description"].as_str().unwrap_or_default();
            text += &format!(
                "| `{key}` | {} | {meaning} |\n",
                kind(own).replace('|', "\\|")
            );
        }
    }
    text
}

/// `/properties/spec/properties/fault` is `spec.fault`, and a definition is its own name.
fn title(rule: &str) -> String {
    let path = rule.replace("/additionalProperties", ".*");
    let path = path.replace("/properties/", ".").replace("/items", "[]");
    let path = path.trim_start_matches('.');
    let path = path.strip_prefix("/$defs/").unwrap_or(path);
    if path.is_empty() {
        "the document".to_owned()
    } else {
        format!("`{path}`")
    }
}

/// What may stand there, in a word or two.
fn kind(own: &Value) -> String {
    if let Some(name) = own["$ref"].as_str() {
        return name.trim_start_matches("#/$defs/").to_owned();
    }
    if let Some(word) = own["const"].as_str() {
        return format!("`{word}`");
    }
    if let Some(words) = own["enum"].as_array() {
        let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
        return format!("`{}`", words.join("`, `"));
    }
    let types = match &own["type"] {
        Value::Array(types) => types.clone(),
        one => vec![one.clone()],
    };
    let is_list = types.iter().any(|one| one == "array");
    if is_list {
        return match kind(&own["items"]) {
            item if item == "mapping" => "list of mappings".to_owned(),
            item => format!("list of {item}s"),
        };
    }
    let first = types.first().and_then(Value::as_str).unwrap_or("anything");
    match first {
        "object" => "mapping".to_owned(),
        "integer" => "whole number".to_owned(),
        "string" => "text".to_owned(),
        other => other.to_owned(),
    }
}

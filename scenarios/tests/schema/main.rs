//! `coalmine schema scenario` and the reader of scenario files say the same.
//!
//! A key that the reader knows and the schema does not, or the other way round, fails here, and so
//! does a key that no sample uses: add it to `scenarios/src/schema/` and to `samples/`, and write
//! `docs/scenarios.md` anew with `UPDATE_DOCS=1`.

mod both;
mod page;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use both::{Both, by_reader, catalogue, examples, samples};
use serde_json::{Value, json};
use walk::{places, tables};

/// Like no key there is, so that the reader does not guess but lists those it knows.
const STRANGE: &str = "zzzzzzzzzzzz";

#[test]
fn both_accept_the_catalogue_and_the_samples() {
    let both = Both::new();
    for document in [samples(), catalogue(), examples()].concat() {
        assert_eq!(by_reader(&document), [""; 0], "{document}");
        assert_eq!(both.by_schema(&document), [""; 0], "{document}");
    }
}

#[test]
fn the_page_about_scenario_files_has_the_keys_of_the_schema() {
    page::check(&Both::new().schema);
}

/// The keys that the reader knows in a mapping, from its answer to a strange one.
fn known(document: &Value, at: &str) -> Option<Vec<String>> {
    let mut strange = document.clone();
    strange
        .pointer_mut(at)?
        .as_object_mut()?
        .insert(STRANGE.to_owned(), json!(1));
    let told = by_reader(&strange);
    let answer = told.iter().find(|line| line.contains(STRANGE));
    let answer = answer.unwrap_or_else(|| panic!("{at}: a strange key is not refused: {told:?}"));
    let (_, list) = answer.split_once("(known here: ")?;
    let list = list.trim_end_matches(')');
    Some(list.split(", ").map(str::to_owned).collect())
}

#[test]
fn both_know_the_same_keys_and_every_one_is_in_a_sample() {
    let both = Both::new();
    let mut of_reader: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut used: BTreeSet<String> = BTreeSet::new();
    for document in samples() {
        for place in places(&both.schema, &document) {
            let rule = both.schema.pointer(&place.rule).expect("is there");
            let value = document.pointer(&place.at).expect("is there");
            if let (Some(_), Value::Object(entries)) = (rule.get("properties"), value) {
                let keys = known(&document, &place.at).unwrap_or_default();
                of_reader
                    .entry(place.rule.clone())
                    .or_default()
                    .extend(keys);
                used.extend(entries.keys().map(|key| format!("{} {key}", place.rule)));
                let mut strange = document.clone();
                let there = strange
                    .pointer_mut(&place.at)
                    .and_then(Value::as_object_mut);
                there
                    .expect("is a mapping")
                    .insert(STRANGE.to_owned(), json!(1));
                assert_ne!(both.by_schema(&strange), [""; 0], "{}", place.at);
            }
        }
    }
    let mut differences = Vec::new();
    for (rule, keys) in tables(&both.schema) {
        let of_schema: BTreeSet<String> = keys.into_iter().collect();
        let of_reader = of_reader.remove(&rule).unwrap_or_default();
        let missing = of_reader.difference(&of_schema);
        differences.extend(missing.map(|key| format!("{rule}: the schema lacks `{key}`")));
        let missing = of_schema.difference(&of_reader);
        differences.extend(missing.map(|key| format!("{rule}: the reader lacks `{key}`")));
        let unused = of_schema
            .iter()
            .filter(|key| !used.contains(&format!("{rule} {key}")));
        differences.extend(unused.map(|key| format!("{rule}: no sample has `{key}`")));
    }
    assert!(
        differences.is_empty(),
        "add to scenarios/src/schema/ and to scenarios/tests/schema/samples/:\n{}",
        differences.join("\n")
    );
    assert!(of_reader.is_empty(), "{of_reader:?}");
}

/// What is put in place of each value in turn.
fn others() -> Vec<Value> {
    vec![
        json!(null),
        json!([[]]),
        json!({STRANGE: 1}),
        json!(true),
        json!(-1),
        json!(0),
        json!(5),
        json!(0.5),
        json!("5m"),
        json!("+1.5h3ms"),
        json!("2%"),
        json!("200rps"),
        json!("09:15"),
        json!(""),
        json!(STRANGE),
    ]
}

#[test]
fn what_the_reader_takes_the_schema_takes() {
    let both = Both::new();
    let mut taken = 0;
    for document in samples() {
        for place in places(&both.schema, &document) {
            for other in others() {
                let mut changed = document.clone();
                *changed.pointer_mut(&place.at).expect("is there") = other.clone();
                if place.at.is_empty() || !by_reader(&changed).is_empty() {
                    continue;
                }
                taken += 1;
                let against = both.by_schema(&changed);
                assert_eq!(against, [""; 0], "{} is {other}", place.at);
            }
        }
    }
    assert!(taken > 400, "{taken}");
}

#[test]
fn both_refuse_what_is_of_another_type() {
    let both = Both::new();
    for document in samples() {
        for place in places(&both.schema, &document) {
            let rule = both.schema.pointer(&place.rule).expect("is there");
            let is_anything = rule
                .as_object()
                .is_some_and(|rule| rule.keys().all(|k| k == "description"));
            if is_anything || place.at.is_empty() {
                continue;
            }
            for other in [json!([[]]), json!({STRANGE: 1})] {
                let mut changed = document.clone();
                *changed.pointer_mut(&place.at).expect("is there") = other.clone();
                assert_ne!(by_reader(&changed), [""; 0], "{} is {other}", place.at);
                assert_ne!(both.by_schema(&changed), [""; 0], "{} is {other}", place.at);
            }
        }
    }
}

#[test]
fn both_want_what_must_be_there() {
    let both = Both::new();
    let [document, ..] = &samples()[..] else {
        panic!("no sample")
    };
    for at in [
        "/apiVersion",
        "/kind",
        "/metadata",
        "/metadata/name",
        "/spec",
        "/spec/start",
        "/spec/horizon",
        "/spec/traffic",
        "/spec/traffic/4/table/points/0/rps",
    ] {
        let (parent, key) = at.rsplit_once('/').expect("has a parent");
        let mut without = document.clone();
        let there = without.pointer_mut(parent).and_then(Value::as_object_mut);
        assert!(there.expect("is a mapping").remove(key).is_some(), "{at}");
        assert_ne!(both.by_schema(&without), [""; 0], "{at}");
        assert_ne!(by_reader(&without), [""; 0], "{at}");
    }
}

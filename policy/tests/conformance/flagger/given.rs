//! The vocabulary of `given`: what changes before a tick.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// One change.
#[derive(Debug, PartialEq)]
pub(super) enum Change {
    /// A field of the spec, at this path, gets this value.
    Spec(Vec<String>, Value),
    /// The target's ConfigMaps and Secrets with their checksums, or why they cannot be read.
    Configs(Result<BTreeMap<String, String>, String>),
    /// Whether calls of this (lower-case) name fail.
    Fails(String, bool),
    /// Somebody else wrote the router's object: the canary's weight.
    Router(u32),
    /// Somebody else wrote a field of the status.
    Status(String, i64),
    /// Whether the gateway accepted the HTTPRoute.
    Accepted(bool),
    /// Said again by a field of the tick.
    Nothing,
    /// No such word.
    Unknown(String),
}

/// The fields that have a place of their own in a tick.
const ELSEWHERE: [&str; 7] = [
    "target template",
    "canaryDep",
    "primaryDep",
    "suspend",
    "skipAnalysis",
    "setRoutes",
    "setRoutesFails",
];

/// Fields of `spec` itself; any other bare name is one of `spec.analysis`.
const OF_SPEC: [&str; 3] = ["progressDeadlineSeconds", "metricsServer", "provider"];

/// Fields of `status`.
const OF_STATUS: [&str; 2] = ["canaryWeight", "failedChecks"];

pub(super) fn read(given: &str) -> Vec<Change> {
    given.split(';').map(|one| change(one.trim())).collect()
}

/// An input of a tick that has no field of its own in the visible cases.
pub(super) fn read_other(name: &str, value: &Value) -> Change {
    let lower = name.to_lowercase();
    if lower.contains("accepted") {
        let says_no = [json!(false), json!("False"), json!("Unknown")].contains(value);
        return Change::Accepted(says_no == lower.contains("not"));
    }
    if let Some(weight) = router_weight(&format!("{lower}={value}")) {
        return Change::Router(weight);
    }
    match value {
        Value::Bool(value) => match name.strip_suffix("Fails") {
            Some(call) => Change::Fails(call.to_lowercase(), *value),
            None => Change::Unknown(name.to_owned()),
        },
        Value::Object(entries) if name == "configs" => {
            let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
            let entry = |(name, value): (&String, &Value)| (name.clone(), text(value));
            Change::Configs(Ok(entries.iter().map(entry).collect()))
        }
        _ => Change::Unknown(name.to_owned()),
    }
}

fn change(one: &str) -> Change {
    let lower = one.to_lowercase();
    if one.is_empty()
        || ELSEWHERE
            .iter()
            .any(|name| one.starts_with(&format!("{name}=")))
    {
        return Change::Nothing;
    }
    if lower.contains("accepted") {
        let negative = ["false", "not", "un", "unknown"];
        let words: Vec<_> = lower.split(|c: char| !c.is_alphanumeric()).collect();
        return Change::Accepted(!negative.iter().any(|word| words.contains(word)));
    }
    if let Some(call) = lower.strip_suffix(" fails") {
        return Change::Fails(call.to_owned(), true);
    }
    if let Some(call) = lower.strip_suffix(" ok") {
        return Change::Fails(call.to_owned(), false);
    }
    if let Some(weight) = router_weight(&lower) {
        return Change::Router(weight);
    }
    let Some((name, value)) = one.split_once('=') else {
        return Change::Unknown(one.to_owned());
    };
    let of_status = name.strip_prefix("status.");
    let of_status = of_status.or_else(|| OF_STATUS.contains(&name).then_some(name));
    if let (Some(field), Ok(value)) = (of_status, value.parse()) {
        return Change::Status(field.to_owned(), value);
    }
    if name == "configs" {
        return Change::Configs(configs(value));
    }
    let mut path: Vec<String> = name.split('.').map(str::to_owned).collect();
    if path.first().is_some_and(|first| first == "spec") {
        path.remove(0);
    }
    if path.len() == 1 && !OF_SPEC.contains(&name) {
        path.insert(0, "analysis".to_owned());
    }
    Change::Spec(path, parse(value))
}

/// `router=60/40`, `VirtualService weights set to 60/40`, `router weight 40`: the canary's weight.
fn router_weight(lower: &str) -> Option<u32> {
    let objects = [
        "router",
        "routes",
        "virtualservice",
        "httproute",
        "canary-weight",
    ];
    if !objects.iter().any(|object| lower.contains(object)) {
        return None;
    }
    let digits = lower.split(|c: char| !c.is_ascii_digit());
    digits.filter_map(|number| number.parse().ok()).next_back()
}

/// `map[configmap/a:1 secret/b:2]`, as Go prints it.
fn configs(text: &str) -> Result<BTreeMap<String, String>, String> {
    let inner = text
        .strip_prefix("map[")
        .and_then(|text| text.strip_suffix(']'));
    let inner = inner.ok_or_else(|| text.to_owned())?;
    let pairs = inner
        .split_whitespace()
        .filter_map(|pair| pair.rsplit_once(':'));
    Ok(pairs
        .map(|(name, sum)| (name.to_owned(), sum.to_owned()))
        .collect())
}

/// `true`, `5`, `5s`, `[a b]`, or JSON.
fn parse(text: &str) -> Value {
    let list = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    if let (Err(_), Some(list)) = (serde_json::from_str::<Value>(text), list) {
        let items = list.split([' ', ',']).filter(|item| !item.is_empty());
        return Value::Array(items.map(parse).collect());
    }
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

#[test]
fn flagger_vocabulary() {
    let path = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(
        read("target template=v3; iterations=2"),
        [
            Change::Nothing,
            Change::Spec(path(&["analysis", "iterations"]), json!(2)),
        ]
    );
    assert_eq!(
        read("service.hosts=[x]"),
        [Change::Spec(path(&["service", "hosts"]), json!(["x"])),]
    );
    assert_eq!(
        read("stepWeights=[1 20]"),
        [Change::Spec(
            path(&["analysis", "stepWeights"]),
            json!([1, 20])
        ),]
    );
    assert_eq!(read("HTTPRoute not accepted"), [Change::Accepted(false)]);
    assert_eq!(read("gateway Accepted=True"), [Change::Accepted(true)]);
    assert_eq!(
        read("Promote fails"),
        [Change::Fails("promote".to_owned(), true)]
    );
    let configs = BTreeMap::from([("configmap/x".to_owned(), "1".to_owned())]);
    assert_eq!(
        read("configs=map[configmap/x:1]"),
        [Change::Configs(Ok(configs))]
    );
    assert_eq!(read("router set to 60/40"), [Change::Router(40)]);
    assert_eq!(
        read("status.canaryWeight=7"),
        [Change::Status("canaryWeight".to_owned(), 7)]
    );
    assert_eq!(
        read("configs=missing"),
        [Change::Configs(Err("missing".to_owned()))]
    );
}

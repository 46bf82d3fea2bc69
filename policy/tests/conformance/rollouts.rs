//! Whole rollouts that Argo's own controller was driven through.
//!
//! Each line of `recorded.jsonl` is a Rollout's spec, what happened to it and when, and the states
//! that Argo's `syncHandler` came to rest in: pass after pass over fake API stores until nothing
//! changed, pods and analyses as the events say.
//!
//! `CONFORMANCE_ROLLOUTS=FILE cargo test -p coalmine-policy --test conformance rollouts --
//! --nocapture` replays the lines of another file.

mod status;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use coalmine_policy::argo::{Rollout, read};
use coalmine_policy::source::{Diagnostics, Source, read_documents};
use coalmine_policy::{Span, Time};
use serde::Deserialize;
use serde_json::{Value, json};

use self::world::World;

const RECORDED: &str = include_str!("rollouts/recorded.jsonl");

#[derive(Deserialize)]
struct Case {
    name: String,
    spec: Value,
    events: Vec<Event>,
    /// `<milliseconds> <state> | <what moved>`, whenever one of them changed.
    trace: Vec<String>,
    /// The Rollout is new; otherwise v1 is at rest.
    #[serde(default)]
    install: bool,
    /// Argo never came to rest.
    #[serde(default)]
    hot: bool,
}

#[derive(Deserialize)]
struct Event {
    at: u64,
    #[serde(rename = "do")]
    what: String,
}

#[test]
fn rollouts_go_as_the_controller_let_them_go() {
    let given = std::env::var("CONFORMANCE_ROLLOUTS").ok();
    let text = given.map_or(RECORDED.to_owned(), |file| {
        std::fs::read_to_string(file).expect("CONFORMANCE_ROLLOUTS names a file")
    });
    let mut counts: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let mut differ = Vec::new();
    for line in text.lines() {
        let case: Case = serde_json::from_str(line).expect("a case");
        if case.hot {
            continue;
        }
        let kind = case.name.rsplit_once('-').map_or("", |(kind, _)| kind);
        let count = counts.entry(kind.to_owned()).or_default();
        count.1 += 1;
        match replay(&case) {
            None => count.0 += 1,
            Some(difference) => differ.push(difference),
        }
    }
    for (kind, (agreed, all)) in &counts {
        println!("{kind}: {agreed} of {all} agree");
    }
    let all: u32 = counts.values().map(|(_, all)| all).sum();
    assert!(all > 0, "no case");
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}

/// The first difference.
fn replay(case: &Case) -> Option<String> {
    let mut world = World::new(manifest(&case.spec), case.install);
    for event in &case.events {
        let at = Time::ZERO + Span::from_millis(event.at);
        world.run_to(at);
        world.happen(&event.what);
        world.settle();
    }
    let (here, there) = (&world.trace, &case.trace);
    let same = here.iter().zip(there).take_while(|(a, b)| a == b).count();
    if same == here.len() && same == there.len() {
        return None;
    }
    let line = |trace: &[String]| trace.get(same).map_or("(nothing)", |line| line).to_owned();
    let before = same.checked_sub(1).map_or("(at rest)", |last| &here[last]);
    Some(format!(
        "{}\n  after {before}\n  Argo  {}\n  here  {}",
        case.name,
        line(there),
        line(here)
    ))
}

fn manifest(spec: &Value) -> Arc<Rollout> {
    let mut spec = spec.clone();
    spec["template"] = json!({
        "metadata": {"labels": {"app": "app"}},
        "spec": {"containers": [{"name": "app"}]},
    });
    let object = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "app", "namespace": "ns"},
        "spec": spec,
    });
    let template = "apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: t, namespace: ns}
spec:
  metrics:
  - name: m
    count: 1
    consecutiveErrorLimit: 0
    successCondition: result[0] == 1
    failureCondition: result[0] == 0
    provider: {prometheus: {address: 'http://p', query: up}}
";
    let source = Source {
        file: "rollout.yaml".into(),
        text: format!("{object}\n---\n{template}").into(),
    };
    let mut diagnostics = Diagnostics::new();
    let documents = read_documents(&source, &mut diagnostics);
    let rollouts = read(&documents, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{diagnostics:?}");
    rollouts.into_iter().next().expect("one Rollout")
}

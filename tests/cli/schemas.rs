//! What is printed as JSON has the form that `coalmine schema` promises.

use serde_json::Value;

use crate::{coalmine, stdout};

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&stdout(arguments)).expect("is JSON")
}

fn complaints(schema: &Value, document: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).expect("is a schema");
    let errors = validator.iter_errors(document);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// Sees to it that the form is kept, and that a document without any one of its parts is not of it.
fn obeys(name: &str, arguments: &[&str]) {
    holds(name, &json(arguments));
}

/// Likewise, of a document.
fn holds(name: &str, document: &Value) {
    let schema = json(&["schema", name]);
    assert_eq!(
        complaints(&schema, document),
        Vec::<String>::new(),
        "{name}"
    );
    let parts = document.as_object().expect("is an object");
    for key in parts.keys() {
        let mut less = parts.clone();
        less.remove(key);
        assert!(
            !complaints(&schema, &less.into()).is_empty(),
            "{name} without {key}"
        );
    }
}

#[test]
fn scores_have_the_form_of_their_schema() {
    // A refused policy, a good release and a bad one, orders, people with sessions.
    obeys(
        "score",
        &[
            "score",
            "--runs=20",
            "--quiet",
            "--format=json",
            "--price=minute=1",
            "--scenario=steady/healthy",
            "--scenario=faults/orders-lost",
            "--scenario=faults/errors-among-many",
        ],
    );
}

#[test]
fn curves_have_the_form_of_their_schemas() {
    let common = ["--runs=5", "--quiet", "--format=json"];
    let with = |verb: &'static str| [&[verb][..], &common].concat();
    obeys("power", &with("power"));
    obeys("when", &[&with("when")[..], &["--every=240"]].concat());
}

#[test]
fn an_explained_rollout_has_the_form_of_its_schema() {
    let told = |more: &[&'static str]| [&["run", "--format=json"][..], more].concat();
    obeys(
        "run",
        &told(&["--policy=flagger-tutorial", "--scenario=faults/orders-lost"]),
    );
    // Argo refuses it.
    let refused = coalmine(&told(&[
        "--policy=argo-tutorial",
        "--scenario=steady/healthy",
    ]));
    let refused = { refused }.output().expect("runs");
    let document: Value = serde_json::from_slice(&refused.stdout).expect("is JSON");
    assert_eq!(document["verdict"], "invalid");
    holds("run", &document);
}

#[test]
fn a_judgement_has_the_form_of_its_schema() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let looks = crate::write(
        folder.path(),
        "looks.csv",
        "n_canary,e_canary,n_control,e_control\n300,30,5700,25\n",
    );
    for test in ["combo", "evidence-ramp", "bayes-risk"] {
        obeys(
            "judge",
            &[
                "judge",
                "--policy",
                test,
                "--format=json",
                "--looks",
                &looks,
            ],
        );
    }
}

#[test]
fn a_search_has_the_form_of_its_schema() {
    obeys(
        "tune",
        &[
            "tune",
            "--quiet",
            "--format=json",
            "--budget=1000",
            "--policy=flagger-ten-minutes",
            "--scenario=steady/healthy",
            "--scenario=steady/errors-2",
            "--vary=analysis.threshold=1..3",
        ],
    );
}

/// Every line of a transcript of each controller, a truncated line none.
#[test]
fn transcripts_have_the_form_of_their_schema() {
    let schema = json(&["schema", "transcript"]);
    let folder = tempfile::tempdir().expect("makes a folder");
    for policy in ["flagger-tutorial", "argo-repaired", "rolling-update"] {
        let path = folder.path().join("t.jsonl");
        let path = path.to_str().expect("is text");
        let policy = format!("--policy={policy}");
        stdout(&[
            "run",
            &policy,
            "--scenario=steady/errors-20",
            "--transcript",
            path,
        ]);
        let text = std::fs::read_to_string(path).expect("was written");
        for line in text.lines() {
            let mut line: Value = serde_json::from_str(line).expect("is JSON");
            assert_eq!(complaints(&schema, &line), Vec::<String>::new(), "{line}");
            let parts = line.as_object_mut().expect("is an object");
            let last = parts.keys().next_back().cloned().expect("has parts");
            parts.remove(&last);
            assert_ne!(complaints(&schema, &line), Vec::<String>::new(), "{line}");
        }
    }
}

/// The page that defines the measures knows every field that the schema has for them.
#[test]
fn every_measure_is_defined_on_its_page() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/measures.md"))
        .expect("is there");
    let schema = json(&["schema", "score"]);
    let mut unknown = Vec::new();
    for kind in ["Cell", "Overall", "Worth", "Paired", "Difference", "Prices"] {
        let fields = schema["$defs"][kind]["properties"].as_object().expect(kind);
        let defined = |field: &&String| !page.contains(&format!("`{field}`"));
        unknown.extend(
            fields
                .keys()
                .filter(defined)
                .map(|field| format!("{kind}.{field}")),
        );
    }
    assert_eq!(unknown, Vec::<String>::new());
}

use coalmine_policy::source::{Diagnostics, Source};

use super::*;
use crate::catalogue;

fn source(text: &str) -> Source {
    Source {
        file: "coalmine.yaml".into(),
        text: text.into(),
    }
}

fn with(spec: &str) -> Result<Suite, String> {
    let text = format!("apiVersion: coalmine.dev/v1alpha1\nkind: Suite\nspec:\n{spec}");
    read_text(&text)
}

fn read_text(text: &str) -> Result<Suite, String> {
    let mut found = Diagnostics::new();
    let suite = read(&source(text), &mut found);
    let told: Vec<_> = found.iter().map(ToString::to_string).collect();
    suite.ok_or_else(|| told.join("\n"))
}

#[test]
fn a_suite_reads_with_its_defaults() {
    let suite = with("  policies: [a.yaml]\n").expect("is a suite");
    assert_eq!(suite.policies[0].text, "a.yaml");
    assert_eq!((suite.seed, suite.runs), (42, 1000));
    assert_eq!(suite.baseline, Baseline::default());
    assert!(suite.scenarios.is_empty() && suite.gates.is_empty());
}

#[test]
fn everything_can_be_said() {
    let suite = with(
        "  policies: [a.yaml, 't/*.yaml']\n  scenarios: [steady, {name: ./x.yaml#a/b, weight: 3}]\n  \
         seed: 7\n  runs: 200\n  precision: 0.5%\n  maxRuns: 5000\n  badShare: 20%\n  \
         prices: {minute: 2, hurtUser: 0.5}\n  gates:\n    - missed<2%\n    \
         - {require: detect-p95<5m, policy: 'a*', scenario: '*'}\n  \
         baseline: {file: x.json, notWorse: [false_rollback, duration], familyError: 1%}\n",
    )
    .expect("is a suite");
    assert_eq!(suite.scenarios[1].name.text, "./x.yaml#a/b");
    assert_eq!(suite.scenarios[1].weight, Some(3.0));
    assert_eq!(suite.scenarios[1].name.at.line, 5);
    assert_eq!((suite.precision, suite.max_runs), (Some(0.005), 5000));
    assert_eq!(suite.prices.map(|p| p.hurt_user), Some(0.5));
    assert_eq!(suite.gates[0].require.text, "missed<2%");
    let scenario = suite.gates[1].scenario.as_ref().map(|said| &*said.text);
    assert_eq!(scenario, Some("*"));
    assert_eq!(suite.baseline.not_worse, ["false-rollback", "duration"]);
}

#[test]
fn mistakes_are_told_all_at_once_with_their_places() {
    let told = with(
        "  policy: [a.yaml]\n  scenarios: [{weight: 0}, 5]\n  seed: -1\n  runs: 0\n  maxRuns: 5\n  \
         badShare: 100%\n  gates: [{requires: 'missed<1%'}, '']\n  \
         baseline: {notWorse: [mised], familyError: 0}\n",
    )
    .expect_err("has mistakes");
    for words in [
        "coalmine.yaml:4:3: error: unknown field `spec.policy` (did you mean `policies`?)",
        "5:15: error: `spec.scenarios[0].name` is required",
        "`spec.scenarios[0].weight` is 0, not above zero",
        "`spec.scenarios[1]` is an integer, not a string",
        "`spec.seed` is -1, below zero",
        "`spec.runs` is 0, not a number from 1",
        "`spec.maxRuns` is the budget of a precision that is not wanted",
        "`spec.badShare` leaves no mix",
        "`spec.gates[0].require` is required",
        "unknown field `spec.gates[0].requires` (did you mean `require`?)",
        "`spec.gates[1]` is empty",
        "`mised` cannot be compared run by run (there are missed, false-rollback",
        "`spec.baseline.familyError` is not between 0 and 50 %",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
}

#[test]
fn what_is_no_suite_is_told() {
    let other = read_text("apiVersion: v1\nkind: Service\n").expect_err("is none");
    assert!(other.contains("`Service` is no suite"), "{other}");
    let old = read_text("apiVersion: coalmine.dev/v1\nkind: Suite\n").expect_err("is none");
    assert!(
        old.contains("apiVersion `coalmine.dev/v1` is unknown"),
        "{old}"
    );
    let nothing = read_text("# nothing\n").expect_err("is none");
    assert!(nothing.contains("holds no suite"), "{nothing}");
    let one = "apiVersion: coalmine.dev/v1alpha1\nkind: Suite\nspec: {}\n";
    let two = read_text(&format!("{one}---\n{one}")).expect_err("has two");
    assert!(two.contains(":5:1: error: a second suite"), "{two}");
}

#[test]
fn a_scenario_has_the_behaviour_of_its_world_and_not_of_its_words() {
    let scenario = catalogue::find("steady/errors-2").expect("is there");
    let before = behaviour(&scenario);
    let mut other = scenario.clone();
    other.title = "other words".to_owned();
    other.weight = 7.0;
    assert_eq!(behaviour(&other), before);
    other.horizon = coalmine_policy::Span::from_mins(20);
    assert_ne!(behaviour(&other), before);
}

/// A policy is what its objects say: comments, quotes and order of files do not count, values do.
#[test]
fn a_digest_of_a_policy_is_that_of_its_meaning() {
    let text = crate::policies::policies()[1].text;
    let digest = |text: &str| {
        let mut found = Diagnostics::new();
        let read = crate::manifests::read(&[source(text)], &mut found);
        assert!(!found.has_errors());
        read.policies[0].digest
    };
    let before = digest(text);
    assert_eq!(digest(&format!("# a comment\n{text}\n")), before);
    let changed = text.replacen("threshold: ", "threshold: 1", 1);
    assert_ne!(changed, text);
    assert_ne!(digest(&changed), before);
}

//! Two variants of one policy, compared.

use crate::score_json;

const REPAIRED: &str = "scenarios/policies/argo/repaired.yaml";
const TUTORIAL: &str = "scenarios/policies/argo/tutorial.yaml";

/// Whether the policy of each file is refused.
fn refused(first: &str, second: &str) -> Vec<(String, bool)> {
    let score = score_json(&[
        "-f",
        first,
        "-f",
        second,
        "--scenario",
        "steady/errors-20",
        "--runs",
        "5",
    ]);
    let policies = score["policies"].as_array().expect("has policies");
    let row = |policy: &serde_json::Value| {
        let label = policy["label"].as_str().expect("has a label").to_owned();
        (label, !policy["invalid"].is_null())
    };
    policies.iter().map(row).collect()
}

#[test]
fn each_variant_is_scored_with_its_own_template_whatever_the_order() {
    let label = |file: &str| format!("checkout-api (Argo Rollout, {file})");
    let good = (label(REPAIRED), false);
    let bad = (label(TUTORIAL), true);
    assert_eq!(refused(REPAIRED, TUTORIAL), [good.clone(), bad.clone()]);
    assert_eq!(refused(TUTORIAL, REPAIRED), [bad, good]);
}

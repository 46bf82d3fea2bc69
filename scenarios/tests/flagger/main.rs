//! Flagger's manifests in the simulated world, from text to verdict.

#[path = "../common/manifest.rs"]
mod common;
mod providers;
mod strategies;

use coalmine_scenarios::catalogue;
use coalmine_sim::outcome::{Outcome, Verdict};
use coalmine_sim::scenario::Scenario;
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::world::{Nobody, World};
use common::read;

const METRICS: &str = "metrics: [{name: request-success-rate, thresholdRange: {min: 99}}, {name: \
                       request-duration, thresholdRange: {max: 500}}]";
const WEIGHTED: &str = "stepWeight: 10, maxWeight: 50";

/// A Canary of this provider with the inside of its analysis.
fn manifest(provider: &str, analysis: &str) -> String {
    let target = match provider {
        "knative" => "apiVersion: serving.knative.dev/v1, kind: Service",
        _ => "apiVersion: apps/v1, kind: Deployment",
    };
    format!(
        "apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {{name: shop, namespace: prod}}
spec:
  provider: {provider}
  targetRef: {{{target}, name: shop}}
  ingressRef: {{apiVersion: networking.k8s.io/v1, kind: Ingress, name: shop-ing}}
  routeRef: {{apiVersion: apisix.apache.org/v2, kind: ApisixRoute, name: shop-route}}
  service: {{port: 80, gatewayRefs: [{{name: gw}}]}}
  analysis: {{interval: 1m, threshold: 2, {METRICS}, {analysis}}}
"
    )
}

fn scenario(name: &str) -> Scenario {
    catalogue::find(name).expect("is in the catalogue")
}

fn run(text: &str, scenario: &Scenario, runs: u32) -> Vec<Outcome> {
    let subject = read(text);
    let stage = match Stage::new(scenario, &*subject) {
        Ok(stage) => stage,
        Err(errors) => panic!("{text}\n{errors:#?}"),
    };
    let mut world = World::new(&stage, Seed(3));
    (0..runs).map(|i| world.run(i, &mut Nobody)).collect()
}

fn verdicts(text: &str, scenario: &Scenario) -> Vec<Verdict> {
    run(text, scenario, 5)
        .iter()
        .map(|outcome| outcome.verdict)
        .collect()
}

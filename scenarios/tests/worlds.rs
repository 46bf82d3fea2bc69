//! Manifests against releases that are broken in part: by route, by pod, by process, by order.

#[path = "common/manifest.rs"]
mod common;

use coalmine_policy::Span;
use coalmine_policy::source::Diagnostics;
use coalmine_scenarios::{catalogue, manifests, policies};
use coalmine_sim::outcome::{Outcome, Verdict};
use coalmine_sim::scenario::Scenario;
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::subject::Subject;
use coalmine_sim::world::{Nobody, World};
use common::read;

const RUNS: u32 = 20;

/// A Flagger canary of five steps that asks one query of its own, at most `max`.
fn flagger(query: &str, max: f64) -> String {
    format!(
        "apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {{name: shop, namespace: prod}}
spec:
  provider: nginx
  targetRef: {{apiVersion: apps/v1, kind: Deployment, name: shop}}
  ingressRef: {{apiVersion: networking.k8s.io/v1, kind: Ingress, name: shop}}
  service: {{port: 80}}
  analysis:
    interval: 1m
    threshold: 2
    stepWeight: 10
    maxWeight: 50
    metrics: [{{name: own, templateRef: {{name: own}}, interval: 1m, thresholdRange: {{max: {max}}}}}]
---
apiVersion: flagger.app/v1beta1
kind: MetricTemplate
metadata: {{name: own, namespace: prod}}
spec:
  provider: {{type: prometheus, address: 'http://prometheus'}}
  query: \"{query}\"
"
    )
}

fn run(subject: &dyn Subject, scenario: &Scenario) -> Vec<Outcome> {
    let stage = Stage::new(scenario, subject).expect("answerable");
    let mut world = World::new(&stage, Seed(5));
    (0..RUNS).map(|i| world.run(i, &mut Nobody)).collect()
}

fn embedded(label: &str) -> Box<dyn Subject> {
    let all = manifests::embedded(policies::policies(), &mut Diagnostics::new());
    let found = all.into_iter().find(|policy| policy.label == label);
    found.expect("is embedded").subject
}

fn scenario(name: &str) -> Scenario {
    catalogue::find(name).expect("is in the catalogue")
}

fn back(outcomes: &[Outcome]) -> usize {
    let is_back = |o: &&Outcome| o.verdict == Verdict::RolledBack;
    outcomes.iter().filter(is_back).count()
}

/// Without a failure so far there is no series of failures, and Flagger takes nothing for failure.
const CANARY_FAILS: &str = "(sum(rate(nginx_ingress_controller_requests{PATH canary!='', \
     status=~'5..'}[1m])) or vector(0)) / sum(rate(nginx_ingress_controller_requests{PATH canary!=''}[1m]))";

#[test]
fn whoever_looks_at_the_path_sees_the_broken_route() {
    let query = |path: &str| CANARY_FAILS.replace("PATH", path);
    let broken = scenario("faults/checkout-broken");
    for (path, limit, wanted) in [
        ("", 0.05, 0),
        ("path='/checkout',", 0.05, 20),
        ("path='/cart',", 0.05, 0),
    ] {
        let outcomes = run(&*read(&flagger(&query(path), limit)), &broken);
        assert_eq!(back(&outcomes), wanted, "{path}");
        assert!(outcomes.iter().all(|o| o.hurt > 0 && o.lost[0] > 0));
    }
}

#[test]
fn the_built_in_check_adds_all_paths_up() {
    // One and a quarter percent, where the tutorial's Canary wants 99 % and the other 99.
    let text = "apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: shop, namespace: prod}
spec:
  provider: nginx
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  ingressRef: {apiVersion: networking.k8s.io/v1, kind: Ingress, name: shop}
  service: {port: 80}
  analysis: {interval: 1m, threshold: 3, stepWeight: 10, maxWeight: 50, metrics: [{name: \
                request-success-rate, interval: 1m, thresholdRange: {min: MIN}}]}
";
    let broken = scenario("faults/checkout-broken");
    for (min, least, most) in [("98", 0, 0), ("99.5", 20, 20)] {
        let back = back(&run(&*read(&text.replace("MIN", min)), &broken));
        assert!((least..=most).contains(&back), "{min}: {back}");
    }
}

#[test]
fn orders_are_seen_in_orders_only() {
    let pods = "app='shop', version='canary'";
    let ratio = format!(
        "sum(increase(orders_total{{{pods}}}[5m])) / sum(increase(http_requests_total{{{pods}, \
         path='/checkout', status='200'}}[5m]))"
    );
    let mut lost = scenario("faults/orders-lost");
    lost.faults[0].completion_loss = 0.5;
    // Half of the orders: 42.5 instead of 85 of a hundred. Every status is a 200.
    let unseen = run(&*embedded("flagger-ten-minutes"), &lost);
    assert_eq!(back(&unseen), 0);
    assert!(unseen.iter().all(|o| o.lost[0] > 1_000));
    let below = format!("0.6 > bool ({ratio})");
    let seen = run(&*read(&flagger(&below, 0.5)), &lost);
    assert_eq!(back(&seen), 20);
    let mut healthy = lost.clone();
    healthy.faults.clear();
    assert_eq!(back(&run(&*read(&flagger(&below, 0.5)), &healthy)), 0);
}

#[test]
fn one_bad_pod_is_seen_by_pod() {
    let query = "max(sum by (pod) (rate(http_requests_total{version='canary',status='500'}[1m])) / \
                 sum by (pod) (rate(http_requests_total{version='canary'}[1m])))";
    let bad = scenario("faults/bad-pod");
    assert_eq!(back(&run(&*read(&flagger(query, 0.3)), &bad)), 20);
    let all = CANARY_FAILS.replace("PATH", "");
    assert_eq!(back(&run(&*read(&flagger(&all, 0.3)), &bad)), 0);
}

#[test]
fn nobody_promotes_a_crash_loop_who_waits_for_ready_pods() {
    let looping = scenario("faults/crash-loop");
    for label in ["flagger-ten-minutes", "argo-repaired"] {
        for outcome in run(&*embedded(label), &looping) {
            // Both give a Deployment or Rollout ten minutes to get on: `progressDeadlineSeconds`.
            assert_eq!(outcome.verdict, Verdict::RolledBack, "{label}");
            let decided = outcome.decided_ns.expect("decided");
            assert!(decided > Span::from_mins(10), "{label}: {decided}");
            assert!(decided < Span::from_mins(30), "{label}: {decided}");
        }
    }
}

#[test]
fn a_comparison_with_stable_does_not_see_what_both_suffer() {
    let of = |canary: &str| {
        format!(
            "sum(rate(nginx_ingress_controller_requests{{canary{canary}'', status=~'5..'}}[1m])) / \
             sum(rate(nginx_ingress_controller_requests{{canary{canary}''}}[1m]))"
        )
    };
    let shared = scenario("faults/shared-dependency");
    let difference = format!("({}) - ({})", of("!="), of("="));
    let outcomes = run(&*read(&flagger(&difference, 0.015)), &shared);
    assert_eq!(back(&outcomes), 0);
    // Hurt while the old version still serves half, too: more than the exposed.
    let outcomes = run(&*read(&flagger(&of("!="), 0.02)), &shared);
    assert_eq!(back(&outcomes), 20);
    for outcome in outcomes {
        // Up to 3 % of the traffic fails while three tenths of it are on the new version.
        assert!(
            outcome.hurt as f64 > 0.04 * outcome.exposed as f64,
            "{outcome:?}"
        );
    }
}

#[test]
fn an_ab_test_shows_a_cohorts_fault_to_the_cohort() {
    let text = "apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: shop, namespace: prod}
spec:
  provider: nginx
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  ingressRef: {apiVersion: networking.k8s.io/v1, kind: Ingress, name: shop}
  service: {port: 80}
  analysis: {interval: 1m, threshold: 3, iterations: 5, match: [{headers: {x-beta: {exact: \
                \"on\"}}}], metrics: [{name: request-success-rate, interval: 1m, thresholdRange: {min: \
                70}}]}
";
    let beta = scenario("faults/beta-users");
    // Half of the requests of exactly these users fail.
    assert_eq!(back(&run(&*read(text), &beta)), 20);
    // Among all users it is a twentieth.
    let weighted = text.replace(
        "iterations: 5, match: [{headers: {x-beta: {exact: \"on\"}}}]",
        "stepWeight: 10, maxWeight: 50",
    );
    assert_eq!(back(&run(&*read(&weighted), &beta)), 0);
}

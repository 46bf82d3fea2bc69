//! Scores against exact computations, from the manifest's text to the verdict: four checks whose
//! answers are known beforehand (plain Bernoulli errors, Poisson requests, windows of one minute that
//! have nothing in common).

mod closed;
#[path = "../common/manifest.rs"]
mod common;

use closed::{Check, Window, argo_fails, flagger_rolls_back};
use coalmine_policy::Span;
use coalmine_sim::outcome::Verdict;
use coalmine_sim::router::RouterConfig;
use coalmine_sim::scenario::Scenario;
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::traffic::Traffic;
use coalmine_sim::world::{Nobody, World};
use common::read;

const RUNS: u32 = 500;

/// What the pods have counted in the last minute, with nothing lost when a series begins: `rate`
/// would lose its first request.
const LAST_MINUTE: &str = "100 - 100 * ((sum(http_requests_total{status='500', version='canary'}) or \
     vector(0)) - (sum(http_requests_total{status='500', version='canary'} offset 1m) or vector(0))) / \
     ((sum(http_requests_total{version='canary'}) or vector(0)) - \
     (sum(http_requests_total{version='canary'} offset 1m) or vector(0)))";

fn flagger(steps: &str, threshold: usize, min: &str) -> String {
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
    threshold: {threshold}
    {steps}
    metrics: [{{name: success, templateRef: {{name: success}}, interval: 1m, thresholdRange: {{min: \
         {min}}}}}]
---
apiVersion: flagger.app/v1beta1
kind: MetricTemplate
metadata: {{name: success, namespace: prod}}
spec:
  provider: {{type: prometheus, address: 'http://prometheus'}}
  query: \"{LAST_MINUTE}\"
"
    )
}

fn argo(failure_limit: u64) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: shop, namespace: prod}}
spec:
  replicas: 5
  selector: {{matchLabels: {{app: shop}}}}
  template: {{metadata: {{labels: {{app: shop}}}}, spec: {{containers: [{{name: shop}}]}}}}
  strategy:
    canary:
      stableService: shop
      canaryService: shop-canary
      trafficRouting: {{nginx: {{stableIngress: shop}}}}
      steps: [{{setWeight: 50}}, {{pause: {{duration: 3m}}}}, {{analysis: {{templates: \
         [{{templateName: success}}]}}}}]
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: success, namespace: prod}}
spec:
  metrics:
  - name: success
    interval: 1m
    count: 10
    failureLimit: {failure_limit}
    successCondition: len(result) > 0 && result[0] >= 95
    provider: {{prometheus: {{address: 'http://prometheus', query: \"{LAST_MINUTE}\"}}}}
"
    )
}

/// A service with as many requests a minute, and as many errors whatever the version: the release is
/// healthy, and no other one.
fn world(per_minute: f64, error_share: f64) -> Scenario {
    let mut scenario = Scenario::ordinary(
        "exact/healthy",
        Span::from_mins(40),
        Traffic::constant(per_minute / 60.0),
    );
    scenario.service.error_share = error_share;
    scenario.router = RouterConfig::Instant;
    scenario.scrape.interval = Span::from_secs(5);
    scenario
}

fn rolled_back(manifest: &str, scenario: &Scenario) -> f64 {
    let subject = read(manifest);
    let stage = Stage::new(scenario, &*subject).expect("answerable");
    let mut world = World::new(&stage, Seed(5));
    let back = (0..RUNS).filter(|run| {
        let verdict = world.run(*run, &mut Nobody).verdict;
        assert_ne!(verdict, Verdict::Stuck, "run {run}");
        verdict == Verdict::RolledBack
    });
    back.count() as f64 / f64::from(RUNS)
}

/// Four standard deviations of the share, and what rounding of a nearly certain event may cost.
fn must_be(seen: f64, expected: f64, what: &str) {
    let tolerance = 4.0 * (expected * (1.0 - expected) / f64::from(RUNS)).sqrt() + 0.002;
    assert!(
        (seen - expected).abs() < tolerance,
        "{what}: {seen:.4} of the runs, not {expected:.4}"
    );
}

fn close(computed: f64, published: f64, what: &str) {
    assert!(
        (computed - published).abs() < 0.0006,
        "{what}: {computed} for {published}"
    );
}

const HEALTHY: Check = Check {
    error_share: 0.0,
    max_per_mille: 10,
};
const ITERATIONS: &str = "iterations: 10\n    match: [{headers: {x-canary: {exact: always}}}]";
const RAMP: &str = "stepWeight: 5\n    maxWeight: 50";

fn nothing_comes(per_minute: f64, threshold: usize) -> f64 {
    flagger_rolls_back(&[HEALTHY.fails(Window::Poisson(per_minute)); 10], threshold)
}

fn ramp(per_minute: f64, threshold: usize) -> f64 {
    let check = Check {
        error_share: 0.001,
        max_per_mille: 10,
    };
    let step = |k: u32| check.fails(Window::Poisson(per_minute * 0.05 * f64::from(k)));
    flagger_rolls_back(&(1..=10).map(step).collect::<Vec<_>>(), threshold)
}

#[test]
fn the_computation_gives_the_published_values() {
    for (per_minute, threshold, published) in [
        (0.5, 5, 0.985),
        (1.0, 5, 0.632),
        (2.0, 5, 0.0315),
        (0.5, 10, 0.829),
        (1.0, 10, 0.117),
        (1.0, 2, 0.952),
        (2.0, 2, 0.450),
        (3.0, 2, 0.101),
    ] {
        close(nothing_comes(per_minute, threshold), published, "A");
    }
    for (per_minute, threshold, published) in [
        (10.0, 5, 0.196),
        (20.0, 5, 0.012),
        (10.0, 2, 0.662),
        (20.0, 2, 0.220),
        (40.0, 2, 0.041),
        (60.0, 2, 0.023),
        (120.0, 2, 0.049),
        (300.0, 2, 0.057),
        (600.0, 2, 0.023),
        (1200.0, 2, 0.0053),
    ] {
        close(ramp(per_minute, threshold), published, "B");
    }
    let cliff = Check {
        error_share: 0.005,
        max_per_mille: 50,
    };
    let (below, at) = (
        cliff.fails(Window::Exactly(19)),
        cliff.fails(Window::Exactly(20)),
    );
    close(below, 0.091, "C");
    close(at, 0.0045, "C");
    close(argo_fails(below, 10, 0), 0.614, "C");
    close(argo_fails(below, 10, 1), 0.229, "C");
    close(argo_fails(at, 10, 0), 0.044, "C");
    close(argo_fails(at, 10, 1), 0.0009, "C");
    let faulty = Check {
        error_share: 0.03,
        max_per_mille: 10,
    };
    let missed = |n| flagger_rolls_back(&[faulty.fails(Window::Exactly(n)); 10], 5);
    close(missed(20), 0.844, "D");
    close(missed(50), 0.9999, "D");
}

/// A: a healthy release, an empty minute is a failed check, ten checks must pass.
#[test]
fn empty_windows_roll_back_as_often_as_computed() {
    for (per_minute, threshold) in [(1.0, 5), (1.0, 10), (2.0, 2)] {
        let mut scenario = world(per_minute, 0.0);
        scenario.users.matching = 1.0;
        let seen = rolled_back(&flagger(ITERATIONS, threshold, "99"), &scenario);
        must_be(seen, nothing_comes(per_minute, threshold), "A");
    }
}

/// B: the ramp from 5 to 50 % with 0.1 % errors; worse at 300 requests a minute than at 60.
#[test]
fn a_ramp_rolls_a_healthy_release_back_as_often_as_computed() {
    for (per_minute, threshold) in [(10.0, 5), (60.0, 2), (300.0, 2)] {
        let seen = rolled_back(&flagger(RAMP, threshold, "99"), &world(per_minute, 0.001));
        must_be(seen, ramp(per_minute, threshold), "B");
    }
}

/// C: below and above the smallest number of requests in which one error passes.
#[test]
fn argos_cliff_is_where_it_was_computed() {
    let check = Check {
        error_share: 0.005,
        max_per_mille: 50,
    };
    for (requests, limit) in [(10.0, 0), (19.0, 0), (19.0, 1)] {
        let seen = rolled_back(&argo(limit), &world(2.0 * requests, 0.005));
        let expected = argo_fails(check.fails(Window::Poisson(requests)), 10, limit);
        must_be(seen, expected, "C");
    }
}

/// D: 3 % errors against a limit of 1 %: how often five of the checks see them.
#[test]
fn a_fault_is_missed_as_often_as_computed() {
    let check = Check {
        error_share: 0.03,
        max_per_mille: 10,
    };
    for requests in [10.0, 20.0] {
        let mut scenario = world(requests, 0.03);
        scenario.users.matching = 1.0;
        let seen = rolled_back(&flagger(ITERATIONS, 5, "99"), &scenario);
        let expected = flagger_rolls_back(&[check.fails(Window::Poisson(requests)); 10], 5);
        must_be(seen, expected, "D");
    }
}

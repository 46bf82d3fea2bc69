//! What users meet while pods leave and routers do not know it yet.

#[path = "common/canary.rs"]
mod common_canary;
#[path = "common/nginx.rs"]
mod common_nginx;
#[path = "common/rollout.rs"]
mod common_rollout;

use std::sync::Arc;

use coalmine_policy::Span;
use coalmine_policy::argo::Rollout;
use coalmine_policy::baseline::Baseline;
use coalmine_policy::flagger::Canary;
use coalmine_sim::fault::Fault;
use coalmine_sim::fidelity::Fidelity;
use coalmine_sim::outcome::{Outcome, Verdict};
use coalmine_sim::router::{IngressNginx, RouterConfig, presets};
use coalmine_sim::scenario::{Scenario, Service};
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::subject::Subject;
use coalmine_sim::timeline::{Entry, What};
use coalmine_sim::traffic::Traffic;
use coalmine_sim::world::{Nobody, World};
use common_canary::canary_of;
use common_nginx::canary_behind_nginx;
use common_rollout::rollout_of;

/// Half of 100 requests a second go to a canary that fails, so it is rolled back.
fn scenario(router: RouterConfig, pre_stop_s: f64) -> Scenario {
    let mut usual =
        Scenario::ordinary("steady/test", Span::from_mins(20), Traffic::constant(100.0));
    usual.faults = vec![Fault {
        error_share: 0.5,
        ..Fault::default()
    }];
    Scenario {
        fault_name: Some("test".to_owned()),
        service: Service {
            pre_stop_s,
            ..Service::default()
        },
        router,
        ..usual
    }
}

fn nginx(events_per_s: f64) -> RouterConfig {
    RouterConfig::IngressNginx(IngressNginx {
        events_per_s,
        ..IngressNginx::default()
    })
}

fn canary(provider: &str) -> Arc<Canary> {
    let yaml = format!(
        "apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {{name: app, namespace: ns}}
spec:
  provider: {provider}
  targetRef: {{apiVersion: apps/v1, kind: Deployment, name: app}}
  ingressRef: {{apiVersion: networking.k8s.io/v1, kind: Ingress, name: app}}
  service: {{port: 80, gatewayRefs: [{{name: gateway, namespace: ns}}]}}
  analysis:
    interval: 1m
    threshold: 2
    maxWeight: 50
    stepWeight: 50
    metrics:
    - name: errors
      templateRef: {{name: errors}}
      thresholdRange: {{max: 1}}
      interval: 1m
---
apiVersion: flagger.app/v1beta1
kind: MetricTemplate
metadata: {{name: errors, namespace: ns}}
spec:
  provider: {{type: prometheus, address: http://p}}
  query: |
    100 * sum(rate(http_requests_total{{version=\"canary\",status=\"500\"}}[1m]))
    / sum(rate(http_requests_total{{version=\"canary\"}}[1m]))
"
    );
    canary_of(&yaml)
}

fn rollout() -> Arc<Rollout> {
    let steps = "[{setWeight: 50}, {analysis: {templates: [{templateName: errors}]}}]";
    let template = "---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: errors, namespace: ns}
spec:
  metrics:
  - name: errors
    initialDelay: 2m
    interval: 1m
    count: 3
    successCondition: result[0] < 0.05
    provider:
      prometheus:
        address: http://p
        query: |
          sum(rate(http_requests_total{version='canary',status='500'}[1m]))
          / sum(rate(http_requests_total{version='canary'}[1m]))
";
    rollout_of(&(canary_behind_nginx(steps) + template))
}

fn run(scenario: &Scenario, policy: &dyn Subject, fidelity: Fidelity, runs: u32) -> Vec<Outcome> {
    let stage = Stage::new(scenario, policy).expect("answerable");
    let stage = stage.with_fidelity(fidelity);
    let mut world = World::new(&stage, Seed(42));
    let outcomes = (0..runs).map(|i| world.run(i, &mut Nobody));
    let outcomes: Vec<_> = outcomes.collect();
    let rolled_back = |o: &Outcome| o.verdict == Verdict::RolledBack;
    assert!(outcomes.iter().all(rolled_back));
    outcomes
}

fn refused(outcomes: &[Outcome]) -> f64 {
    let sum: u64 = outcomes.iter().map(|o| o.hurt_by_router).sum();
    sum as f64 / outcomes.len() as f64
}

/// The router notes §6.4: a rollback of Flagger at 100 requests a second and a weight of 50, its pods
/// gone at once. Mean 502s of an idle, a typical and a busy cluster.
#[test]
fn a_rollback_that_takes_the_pods_away_at_once_is_met_as_502() {
    for (events_per_s, expected) in [(0.02, 18.0), (0.2, 62.0), (1.0, 94.0)] {
        let found = refused(&run(
            &scenario(nginx(events_per_s), 0.0),
            &canary("nginx"),
            Fidelity::Aggregate,
            400,
        ));
        assert!(
            (found - expected).abs() < 0.2 * expected + 4.0,
            "{events_per_s}/s: {found}"
        );
    }
}

#[test]
fn a_pre_stop_that_outlasts_the_lag_hides_it() {
    let calm = scenario(nginx(0.2), 15.0);
    assert_eq!(
        refused(&run(&calm, &canary("nginx"), Fidelity::Aggregate, 50)),
        0.0
    );
}

#[test]
fn both_fidelities_meet_the_same_window() {
    let world = scenario(nginx(0.2), 0.0);
    let policy = canary("nginx");
    let of = |fidelity| run(&world, &policy, fidelity, 20);
    let (aggregate, request) = (of(Fidelity::Aggregate), of(Fidelity::Request));
    // The same pods and lags in each replication, so the counts differ as two Poisson draws do.
    let (mut difference, mut sum) = (0.0, 0.0);
    for (a, b) in aggregate.iter().zip(&request) {
        difference += a.hurt_by_router as f64 - b.hurt_by_router as f64;
        sum += (a.hurt_by_router + b.hurt_by_router) as f64;
    }
    assert!(sum > 1000.0, "{sum}");
    assert!(difference.abs() < 4.0 * sum.sqrt(), "{difference} of {sum}");
}

/// Argo keeps the canary's pods for 30 s and points its Service at the stable ones, so nobody is
/// refused; but the new selector takes the limiter's token, so the canary is met for longer.
#[test]
fn an_abort_of_argo_refuses_nobody() {
    let aborted = run(
        &scenario(nginx(0.02), 0.0),
        &rollout(),
        Fidelity::Aggregate,
        100,
    );
    assert_eq!(refused(&aborted), 0.0);
    let seconds = |o: &Outcome| {
        let (detect, mitigate) = (o.detect_ns?, o.mitigate_ns?);
        Some(mitigate.as_secs_f64() - detect.as_secs_f64())
    };
    let lags: Vec<f64> = aborted.iter().filter_map(seconds).collect();
    let mean = lags.iter().sum::<f64>() / lags.len() as f64;
    assert!(
        lags.len() > 90 && (3.3..4.6).contains(&mean),
        "{} {mean}",
        lags.len()
    );
}

/// Gateways answer 503 for the share of a canary that is gone; they are quicker, too.
#[test]
fn a_gateway_follows_faster_than_pods_stop() {
    let gateway = presets::by_name("envoy-gateway").expect("is known");
    let found = refused(&run(
        &scenario(gateway, 0.0),
        &canary("gatewayapi:v1"),
        Fidelity::Aggregate,
        100,
    ));
    assert!(found < 3.0, "{found}");
}

/// The router notes §6.4: requests that still meet the canary after the API says 0, at 100 requests a
/// second and a weight of 50, while its pods stay: mean and 99th percentile.
#[test]
fn requests_go_astray_until_every_worker_knows_of_the_rollback() {
    for (events_per_s, mean, p99) in [(0.02, 32.0, 157.0), (0.2, 78.0, 193.0), (1.0, 111.0, 194.0)]
    {
        let scenario = scenario(nginx(events_per_s), 20.0);
        let policy = canary("nginx");
        let stage = Stage::new(&scenario, &policy).expect("answerable");
        let mut world = World::new(&stage, Seed(43));
        let mut astray: Vec<f64> = (0..400)
            .map(|run| {
                let mut entries: Vec<Entry> = Vec::new();
                world.run(run, &mut entries);
                astray(&entries)
            })
            .collect();
        astray.sort_by(f64::total_cmp);
        let found = astray.iter().sum::<f64>() / astray.len() as f64;
        let high = astray[astray.len() * 99 / 100];
        assert!(
            (found - mean).abs() < 0.15 * mean + 3.0,
            "{events_per_s}/s: {found}"
        );
        assert!((high - p99).abs() < 0.25 * p99, "{events_per_s}/s: {high}");
    }
}

/// Expected requests on the new version from the last weight written on.
fn astray(entries: &[Entry]) -> f64 {
    let is_written = |entry: &Entry| matches!(entry.what, What::WeightWritten(_));
    let last = entries
        .iter()
        .rposition(is_written)
        .expect("is rolled back");
    let mut at_s = entries[last].at.as_secs_f64();
    let (mut share, mut sum) = (0.5, 0.0);
    for entry in &entries[last..] {
        if let What::WeightEffective(next) = entry.what {
            let now_s = entry.at.as_secs_f64();
            sum += share * (now_s - at_s) * 100.0;
            (at_s, share) = (now_s, next);
        }
    }
    sum
}

fn rolling(fidelity: Fidelity, router: RouterConfig, pre_stop_s: f64) -> (f64, f64) {
    let mut scenario = scenario(router, pre_stop_s);
    scenario.faults.clear();
    scenario.fault_name = None;
    let policy = Arc::new(Baseline {
        name: "app".to_owned(),
        namespace: "ns".to_owned(),
        looks: None,
    });
    let stage = Stage::new(&scenario, &policy).expect("answerable");
    let stage = stage.with_fidelity(fidelity);
    let mut world = World::new(&stage, Seed(42));
    let refused = (0..20).map(|run| world.run(run, &mut Nobody).hurt_by_router as f64);
    let refused: Vec<f64> = refused.collect();
    let mean = refused.iter().sum::<f64>() / refused.len() as f64;
    (mean, refused.iter().copied().fold(0.0, f64::max))
}

/// One Service selects all pods: those that have stopped are met until the data path knows. Pods
/// refuse within half a second, one of ten at a time; nginx hides what fewer than three refuse.
#[test]
fn a_rolling_update_is_met_as_502_behind_one_service_too() {
    let kube_proxy = || presets::by_name("kube-proxy").expect("is known");
    let (aggregate, _) = rolling(Fidelity::Aggregate, kube_proxy(), 0.0);
    let (request, _) = rolling(Fidelity::Request, kube_proxy(), 0.0);
    // Ten pods, a tenth of the requests each, for two thirds of a second.
    assert!((4.0..9.0).contains(&aggregate), "{aggregate}");
    let error = ((aggregate + request) / 20.0).sqrt();
    assert!(
        (aggregate - request).abs() < 4.0 * error,
        "{aggregate} {request}"
    );
    let (behind_nginx, most) = rolling(Fidelity::Aggregate, nginx(0.2), 0.0);
    assert!(
        behind_nginx < 0.3 * aggregate,
        "{behind_nginx} of {aggregate}"
    );
    assert!(most > 0.0);
    for router in [kube_proxy(), nginx(0.2)] {
        assert_eq!(rolling(Fidelity::Aggregate, router, 20.0).0, 0.0);
    }
}

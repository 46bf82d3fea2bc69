//! What `proxy-next-upstream` does to the error shares that an analysis sees (router notes §3.5).

#[path = "common/nginx.rs"]
mod common_nginx;
#[path = "common/rollout.rs"]
mod common_rollout;

use coalmine_policy::Span;
use coalmine_promql::{Plan, Query, Store, Value};
use coalmine_sim::fault::{Fault, Scope};
use coalmine_sim::fidelity::Fidelity;
use coalmine_sim::router::path::Method;
use coalmine_sim::router::{Again, IngressNginx, RouterConfig, Upstream};
use coalmine_sim::scenario::{Route, Scenario};
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::traffic::Traffic;
use coalmine_sim::world::{Nobody, World};
use common_nginx::canary_behind_nginx;
use common_rollout::rollout_of;

const RUNS: u32 = 5;

/// Half of the requests go to five canary pods, the first of which fails all.
fn scenario(again: Again) -> Scenario {
    let usual = Scenario::ordinary("steady/test", Span::from_mins(20), Traffic::constant(40.0));
    Scenario {
        fault_name: Some("test".to_owned()),
        faults: vec![Fault {
            error_share: 1.0,
            scope: Scope {
                pods: Some(1),
                ..Scope::default()
            },
            ..Fault::default()
        }],
        router: RouterConfig::IngressNginx(IngressNginx {
            upstream: Upstream {
                again,
                ..Upstream::INGRESS_NGINX
            },
            ..IngressNginx::default()
        }),
        ..usual
    }
}

fn value(store: &Store, query: &str, at_ms: i64) -> f64 {
    let query = Query::parse(query).expect(query);
    match Plan::new(&query, store).instant(&query, store, at_ms) {
        Ok(Value::Vector(samples)) => samples.iter().map(|sample| sample.value).sum(),
        other => panic!("{other:?}"),
    }
}

/// Failed and all requests, by the ingress and by the canary's pods; and the hurt.
fn seen(again: Again, fidelity: Fidelity) -> ([[f64; 2]; 2], f64) {
    let (scenario, policy) = (
        scenario(again),
        rollout_of(&canary_behind_nginx("[{setWeight: 50}, {pause: {}}]")),
    );
    let stage = Stage::with_all_series(&scenario, &policy).expect("answerable");
    let stage = stage.with_fidelity(fidelity);
    let mut world = World::new(&stage, Seed(7));
    let (mut counts, mut hurt) = ([[0.0; 2]; 2], 0.0);
    for run in 0..RUNS {
        let (outcome, store) = world.record(run, &mut Nobody);
        let end_ms = scenario.start_ms() + 1_200_000;
        hurt += outcome.hurt as f64;
        for (counts, metric) in counts.iter_mut().zip([
            "nginx_ingress_controller_requests{canary!='',",
            "http_requests_total{version='canary',",
        ]) {
            for (sum, status) in counts.iter_mut().zip(["5..", "..."]) {
                let query = format!("sum({metric}status=~'{status}'}})");
                *sum += value(store, &query, end_ms);
            }
        }
    }
    (counts, hurt)
}

#[test]
fn a_bad_pod_that_is_masked_shows_in_the_applications_series_only() {
    let masked = Again {
        http_500: true,
        ..Again::NGINX
    };
    for fidelity in [Fidelity::Aggregate, Fidelity::Request] {
        let share = |[failed, all]: [f64; 2]| failed / all;
        let ([ingress, app], hurt) = seen(Again::NGINX, fidelity);
        // One pod in five, and the ordinary failures.
        let exact = 0.2 + 0.8 * 0.001;
        assert!((share(ingress) - exact).abs() < 0.01, "{ingress:?}");
        assert!((share(app) - exact).abs() < 0.01, "{app:?}");
        assert!(hurt > 10_000.0, "{hurt}");

        let ([ingress, app], hurt) = seen(masked, fidelity);
        // Three pods in a row, the bad one among them: none to speak of.
        assert!(share(ingress) < 1e-4, "{ingress:?}");
        // Each of its requests comes again elsewhere: 1 of 6 tries fails.
        assert!((share(app) - exact / (1.0 + exact)).abs() < 0.01, "{app:?}");
        assert!((app[1] / ingress[1] - 1.0 - exact).abs() < 0.01, "{app:?}");
        assert!(hurt < 5.0, "{hurt}");
    }
}

#[test]
fn a_lost_answer_is_not_repeated_where_nothing_is() {
    let again = Again::NONE;
    let ([ingress, _], _) = seen(again, Fidelity::Aggregate);
    let ([usual, _], _) = seen(Again::NGINX, Fidelity::Aggregate);
    // `error timeout` passes answers on.
    assert_eq!(ingress, usual);
}

/// A canary for good, watched by somebody who reads these counters.
fn watched_by(counter: &str) -> String {
    let steps =
        "[{setWeight: 50}, {pause: {}}]\n      analysis: {templates: [{templateName: own}]}";
    format!(
        "{}---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: own, namespace: ns}}
spec:
  metrics:
  - name: own
    interval: 1m
    successCondition: result[0] >= 0
    provider:
      prometheus:
        address: http://p
        query: sum(rate({counter}[1m]))
",
        canary_behind_nginx(steps)
    )
}

/// Counters of pods are of single tries, and those of the ingress of what they came to.
#[test]
fn who_is_hurt_does_not_hang_on_who_looks() {
    let route = |path: &str, method| Route {
        path: path.to_owned(),
        share: 0.5,
        latency_times: 1.0,
        method,
    };
    let scenario = Scenario {
        routes: vec![
            route("/", Method::Idempotent),
            route("/orders", Method::NonIdempotent),
        ],
        ..scenario(Again {
            http_500: true,
            ..Again::NGINX
        })
    };
    let sums = |counter: &str, fidelity: Fidelity| {
        let policy = rollout_of(&watched_by(counter));
        let stage = Stage::new(&scenario, &policy).expect("answerable");
        let stage = stage.with_fidelity(fidelity);
        let mut world = World::new(&stage, Seed(7));
        let mut sums = [0.0; 2];
        for run in 0..RUNS {
            let outcome = world.run(run, &mut Nobody);
            sums[0] += outcome.exposed as f64;
            sums[1] += outcome.hurt as f64;
        }
        sums
    };
    let app = "http_requests_total{version='canary'}";
    let ingress = "nginx_ingress_controller_requests{canary!=''}";
    let [exposed, hurt] = sums(app, Fidelity::Request);
    // Half of a fifth of them: the orders that meet the bad pod.
    assert!((hurt / exposed - 0.1).abs() < 0.01, "{hurt} of {exposed}");
    for counter in [app, ingress] {
        let found = sums(counter, Fidelity::Aggregate);
        for (a, b) in found.into_iter().zip([exposed, hurt]) {
            let score = (a - b) / (a + b).sqrt();
            assert!(score.abs() < 4.0, "{counter}: {a} against {b}");
        }
    }
}

//! Argo's routers and managed routes in a whole world.

#[path = "common/rollout.rs"]
mod common;

use std::sync::Arc;

use coalmine_policy::Span;
use coalmine_policy::argo::Rollout;
use coalmine_sim::fault::Fault;
use coalmine_sim::outcome::{Outcome, Verdict};
use coalmine_sim::scenario::{Entry, Scenario, Users};
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::traffic::Traffic;
use coalmine_sim::world::{Nobody, World};
use common::rollout_of;

fn scenario(users: Users, error_share: f64) -> Scenario {
    Scenario {
        fault_name: Some("test".to_owned()),
        faults: vec![Fault {
            error_share,
            ..Fault::default()
        }],
        users,
        ..Scenario::ordinary("steady/test", Span::from_mins(60), Traffic::constant(50.0))
    }
}

/// A Rollout with these fields below `canary`, and the template `errors` with this query.
fn rollout(canary: &str, query: &str) -> Arc<Rollout> {
    let yaml = format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: app, namespace: ns}}
spec:
  replicas: 5
  selector: {{matchLabels: {{app: app}}}}
  template:
    metadata: {{labels: {{app: app}}}}
    spec: {{containers: [{{name: app}}]}}
  strategy:
    canary:
{canary}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: errors, namespace: ns}}
spec:
  metrics:
  - name: errors
    initialDelay: 3m
    interval: 1m
    count: 3
    successCondition: result[0] < 0.05
    provider:
      prometheus:
        address: http://p
        query: |
          {query}
"
    );
    rollout_of(&yaml)
}

fn run(scenario: &Scenario, policy: &Arc<Rollout>, runs: u32) -> Vec<Outcome> {
    let stage = Stage::new(scenario, policy).expect("answerable");
    let mut world = World::new(&stage, Seed(42));
    (0..runs).map(|i| world.run(i, &mut Nobody)).collect()
}

fn count(outcomes: &[Outcome], verdict: Verdict) -> usize {
    outcomes.iter().filter(|o| o.verdict == verdict).count()
}

const SERVICES: &str = "      stableService: stable\n      canaryService: canary\n";

/// The canary's error share by Istio's own series; there is none of 5xx before the first one.
const ISTIO_ERRORS: &str = "1 - sum(rate(istio_requests_total{destination_service_name='canary',\
                            response_code=~'2..'}[2m])) / \
                            sum(rate(istio_requests_total{destination_service_name='canary'}[2m]))";

fn managed(step: &str) -> Arc<Rollout> {
    let canary = format!(
        "{SERVICES}      trafficRouting: {{istio: {{virtualService: {{name: v}}}}, managedRoutes: \
         [{{name: r}}]}}
      steps: [{{setCanaryScale: {{replicas: 1}}}}, {step}, {{analysis: {{templates: \
         [{{templateName: errors}}]}}}}]"
    );
    rollout(&canary, ISTIO_ERRORS)
}

fn header() -> Arc<Rollout> {
    managed(
        "{setHeaderRoute: {name: r, match: [{headerName: x-canary, headerValue: {exact: on}}]}}"
            .replace("exact: on", "exact: 'on'")
            .as_str(),
    )
}

fn mirror() -> Arc<Rollout> {
    managed("{setMirrorRoute: {name: r, percentage: 50, match: [{path: {prefix: /}}]}}")
}

#[test]
fn a_header_route_shows_the_canary_to_the_users_who_match() {
    let users = Users { matching: 0.1 };
    let bad = run(&scenario(users, 0.3), &header(), 20);
    assert_eq!(count(&bad, Verdict::RolledBack), 20);
    let hurt: u64 = bad.iter().map(|o| o.hurt).sum();
    let exposed: u64 = bad.iter().map(|o| o.exposed).sum();
    assert!(exposed > 0 && hurt * 4 > exposed, "{hurt} of {exposed}");
    // Nobody else saw it: three to six minutes of a tenth of 50 a second.
    let each = exposed as f64 / 20.0;
    assert!((700.0..2200.0).contains(&each), "{each}");
    let good = run(&scenario(users, 0.0), &header(), 5);
    assert_eq!(count(&good, Verdict::Promoted), 5);
}

#[test]
fn a_mirror_finds_the_fault_and_hurts_nobody() {
    let bad = run(&scenario(Users::default(), 0.3), &mirror(), 20);
    assert_eq!(count(&bad, Verdict::RolledBack), 20);
    assert!(bad.iter().all(|o| o.hurt == 0), "{:?}", bad[0]);
}

#[test]
fn a_dynamic_stable_serves_as_well_as_a_whole_one() {
    let canary = |dynamic: bool| {
        let canary = format!(
            "{SERVICES}      dynamicStableScale: {dynamic}
      trafficRouting: {{istio: {{virtualService: {{name: v}}}}}}
      steps: [{{setWeight: 40}}, {{pause: {{duration: 2m}}}}, {{setWeight: 80}}, {{analysis: \
             {{templates: [{{templateName: errors}}]}}}}]"
        );
        rollout(&canary, ISTIO_ERRORS)
    };
    for dynamic in [false, true] {
        let bad = run(&scenario(Users::default(), 0.3), &canary(dynamic), 10);
        assert_eq!(count(&bad, Verdict::RolledBack), 10, "{dynamic}");
        let good = run(&scenario(Users::default(), 0.0), &canary(dynamic), 10);
        assert_eq!(count(&good, Verdict::Promoted), 10, "{dynamic}");
    }
}

#[test]
fn pods_are_told_apart_without_services_and_with_swapped_ones() {
    let errors = "sum(rate(http_requests_total{pod_template_hash='7d4b8c9f6d',status=~'5..'}[2m])) \
                  / sum(rate(http_requests_total{pod_template_hash='7d4b8c9f6d'}[2m]))";
    let steps = "      steps: [{setWeight: 40}, {analysis: {templates: [{templateName: errors}]}}]";
    let subsets = format!(
        "      trafficRouting: {{istio: {{virtualService: {{name: v}}, destinationRule: {{name: d, \
         canarySubsetName: c, stableSubsetName: s}}}}}}\n{steps}"
    );
    let ping_pong = format!(
        "      pingPong: {{pingService: ping, pongService: pong}}
      trafficRouting: {{alb: {{ingress: i, servicePort: 80, rootService: r}}}}\n{steps}"
    );
    for canary in [subsets, ping_pong] {
        let policy = rollout(&canary, errors);
        let bad = run(&scenario(Users::default(), 0.3), &policy, 5);
        assert_eq!(count(&bad, Verdict::RolledBack), 5, "{canary}");
        let good = run(&scenario(Users::default(), 0.0), &policy, 5);
        assert_eq!(count(&good, Verdict::Promoted), 5, "{canary}");
        // In the end the new version answers everybody.
        assert!(good.iter().all(|o| o.exposed * 2 > o.requests), "{canary}");
    }
}

/// Argo pins `stableService` to the stable ReplicaSet until the promotion, so its clients meet the
/// canary only then (and, in between, nobody: the last scale-down leaves it without endpoints).
#[test]
fn clients_of_a_pinned_service_meet_the_canary_at_the_promotion_only() {
    let canary = "      stableService: stable\n      canaryService: canary\n      steps: [{setWeight: 40}, \
                  {pause: {duration: 10m}}]";
    let rollout = rollout(canary, "vector(0)");
    let through = |entry| {
        let mut scenario = scenario(Users::default(), 0.2);
        scenario.service.entry = entry;
        run(&scenario, &rollout, 10)
    };
    let (all, stable) = (through(Entry::All), through(Entry::Stable));
    for (all, stable) in all.iter().zip(&stable) {
        assert_eq!(
            (all.verdict, stable.verdict),
            (Verdict::Promoted, Verdict::Promoted)
        );
        let promoted = stable.decided_ns.expect("promoted").as_secs_f64();
        let met = |outcome: &Outcome| outcome.fault_met_ns.expect("met").as_secs_f64();
        assert!(met(all) < 300.0, "{all:?}");
        assert!(met(stable) >= promoted - 120.0, "{stable:?}");
        // Fifty requests a second for the ten minutes of the pause and more, at 40 %.
        assert!(all.exposed > stable.exposed + 10_000, "{all:?} {stable:?}");
    }
}

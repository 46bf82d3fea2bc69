//! Argo's experiment step in a whole world.

#[path = "common/rollout.rs"]
mod common;

use std::sync::Arc;

use coalmine_policy::Span;
use coalmine_policy::argo::Rollout;
use coalmine_sim::fault::Fault;
use coalmine_sim::latency::Latency;
use coalmine_sim::outcome::{Outcome, Verdict};
use coalmine_sim::scenario::Scenario;
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::traffic::Traffic;
use coalmine_sim::world::{Nobody, World};
use common::rollout_of;

const RATE: f64 = 60.0;

fn scenario(error_share: f64) -> Scenario {
    Scenario {
        fault_name: Some("test".to_owned()),
        faults: vec![Fault {
            error_share,
            ..Fault::default()
        }],
        ..Scenario::ordinary("steady/test", Span::from_mins(60), Traffic::constant(RATE))
    }
}

/// An experiment of two pods, its analysis told by its own pods; then everybody at once. `more` goes
/// below `canary`, `of_canary` into the canary's template.
fn rollout(more: &str, of_canary: &str, failure: &str) -> Arc<Rollout> {
    let yaml = format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: app, namespace: ns}}
spec:
  replicas: 4
  progressDeadlineSeconds: 300
  selector: {{matchLabels: {{app: app}}}}
  template:
    metadata: {{labels: {{app: app}}}}
    spec: {{containers: [{{name: app}}]}}
  strategy:
    canary:
{more}
      steps:
      - experiment:
          duration: 10m
          templates:
          - {{name: baseline, specRef: stable}}
          - {{name: canary, specRef: canary{of_canary}}}
          analyses:
          - name: errors
            templateName: errors
            args:
            - {{name: canary, value: '{{{{templates.canary.podTemplateHash}}}}'}}
            - {{name: baseline, value: '{{{{templates.baseline.podTemplateHash}}}}'}}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: errors, namespace: ns}}
spec:
  args: [{{name: canary}}, {{name: baseline}}]
  metrics:
  - name: errors
    initialDelay: 3m
    interval: 1m
    count: 3
    successCondition: result[0] < 0.05
{failure}
    provider:
      prometheus:
        address: http://p
        query: |
          (sum(rate(http_requests_total{{pod_template_hash=\"{{{{args.canary}}}}\",status=~\"5..\"}}[2m])) or vector(0))
          / sum(rate(http_requests_total{{pod_template_hash=\"{{{{args.canary}}}}\"}}[2m]))
          - (sum(rate(http_requests_total{{pod_template_hash=\"{{{{args.baseline}}}}\",status=~\"5..\"}}[2m])) or vector(0))
          / sum(rate(http_requests_total{{pod_template_hash=\"{{{{args.baseline}}}}\"}}[2m]))
"
    );
    rollout_of(&yaml)
}

fn run(scenario: &Scenario, policy: &Arc<Rollout>, runs: u32) -> Vec<Outcome> {
    let stage = Stage::new(scenario, policy).expect("answerable");
    let mut world = World::new(&stage, Seed(42));
    (0..runs).map(|i| world.run(i, &mut Nobody)).collect()
}

fn all(outcomes: &[Outcome], verdict: Verdict) -> bool {
    outcomes.iter().all(|outcome| outcome.verdict == verdict)
}

#[test]
fn the_experiments_own_pods_decide() {
    let policy = rollout("", "", "");
    let good = run(&scenario(0.0), &policy, 10);
    assert!(all(&good, Verdict::Promoted), "{good:?}");
    let bad = run(&scenario(0.3), &policy, 10);
    assert!(all(&bad, Verdict::RolledBack), "{bad:?}");
    // One of six pods for some three minutes, and half a minute more while it goes: 10 a second.
    let exposed: u64 = bad.iter().map(|outcome| outcome.exposed).sum();
    let each = exposed as f64 / bad.len() as f64;
    assert!((1_900.0..2_600.0).contains(&each), "{each}");
    assert!(bad.iter().all(|outcome| outcome.hurt * 5 > outcome.exposed));
}

#[test]
fn an_inconclusive_experiment_is_made_again_and_again() {
    let policy = rollout("", "", "    failureCondition: result[0] > 0.6");
    let both = run(&scenario(0.3), &policy, 5);
    assert!(all(&both, Verdict::Stuck), "{both:?}");
    // The new pods serve to the end: a sixth, and a seventh while the ones before go.
    for outcome in &both {
        let share = outcome.exposed as f64 / outcome.requests as f64;
        assert!((0.14..0.22).contains(&share), "{share}");
    }
}

#[test]
fn pods_that_never_come_end_the_experiment_at_its_deadline() {
    let mut slow = scenario(0.0);
    slow.service.startup = Latency::from_quantiles(5_000.0, 5_100.0);
    let none = run(&slow, &rollout("", "", ""), 5);
    assert!(all(&none, Verdict::RolledBack), "{none:?}");
    assert!(none.iter().all(|outcome| outcome.exposed == 0));
    let decided: Vec<_> = none
        .iter()
        .filter_map(|outcome| outcome.decided_ns)
        .collect();
    let limits = Span::from_secs(300)..Span::from_secs(302);
    assert!(decided.iter().all(|at| limits.contains(at)), "{decided:?}");
}

/// Without requests an application exposes no counter, the query is empty, and five errors in a row
/// end the run: a good version is rolled back.
#[test]
fn pods_that_no_service_selects_see_nothing() {
    let relabelled = rollout("", ", metadata: {labels: {app: other}}", "");
    let routed = "      stableService: stable\n      canaryService: canary\n      trafficRouting: \
                  {istio: {virtualService: {name: v}}}";
    for policy in [relabelled, rollout(routed, "", "")] {
        let good = run(&scenario(0.0), &policy, 5);
        assert!(all(&good, Verdict::RolledBack), "{good:?}");
        assert!(good.iter().all(|outcome| outcome.exposed == 0), "{good:?}");
    }
}

//! Argo's `web` and `job` metrics in the simulated world: the scenario says what they answer.

#[path = "common/manifest.rs"]
mod common;

use coalmine_policy::source::{Diagnostics, Source};
use coalmine_policy::{MetricAnswer, Provider, Span};
use coalmine_scenarios::{NoFiles, catalogue};
use coalmine_sim::given::GivenMetric;
use coalmine_sim::outcome::Verdict;
use coalmine_sim::scenario::Scenario;
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::world::{Nobody, World};
use common::read;

const POLICY: &str = "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop, namespace: prod}
spec:
  replicas: 5
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop}]}
  strategy:
    canary:
      steps: [{setWeight: 20}, {analysis: {templates: [{templateName: smoke}]}}]
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: smoke, namespace: prod}
spec:
  metrics:
  - name: smoke-test
    provider: {job: {spec: {template: {spec: {containers: [{name: test}]}}}}}
  - name: queue
    successCondition: result.depth < 10
    provider: {web: {url: 'http://queue', jsonPath: '{$.data}'}}
";

fn job(is_good: bool) -> GivenMetric {
    GivenMetric {
        name: "smoke-test".to_owned(),
        provider: Provider::Job,
        answer: MetricAnswer::Job(is_good),
        after: Span::ZERO,
        delay: Span::from_mins(3),
    }
}

/// `error` or the depth of the queue.
fn queue(depth: Option<u64>) -> GivenMetric {
    let yaml = depth.map(|depth| format!("value: {{depth: {depth}}}"));
    let yaml = yaml.unwrap_or_else(|| "error: down".to_owned());
    let text = format!(
        "apiVersion: coalmine.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: t/f}}\nspec:\n  \
         start: 2026-03-02T09:05\n  horizon: 1h\n  traffic: [{{constant: {{rps: 1}}}}]\n  \
         metrics: [{{name: queue, provider: web, {yaml}}}]\n"
    );
    let source = Source {
        file: "world.yaml".into(),
        text: text.into(),
    };
    let mut found = Diagnostics::new();
    let mut scenarios = coalmine_scenarios::read(&source, &mut NoFiles, &mut found);
    assert!(!found.has_errors(), "{found:?}");
    scenarios.remove(0).metrics.remove(0)
}

fn world(metrics: Vec<GivenMetric>) -> Scenario {
    Scenario {
        metrics,
        ..catalogue::find("steady/healthy").expect("is in the catalogue")
    }
}

fn verdict(metrics: Vec<GivenMetric>) -> (Verdict, f64) {
    let (scenario, subject) = (world(metrics), read(POLICY));
    let stage = Stage::new(&scenario, &*subject).expect("answerable");
    let outcome = World::new(&stage, Seed(3)).run(0, &mut Nobody);
    let decided = outcome.decided_ns.map_or(0.0, Span::as_secs_f64);
    (outcome.verdict, decided)
}

#[test]
fn what_the_scenario_says_decides() {
    let (good, at) = verdict(vec![job(true), queue(Some(3))]);
    assert_eq!(good, Verdict::Promoted);
    // The job alone takes three minutes.
    assert!(at > 180.0, "{at}");
    let (failed, at) = verdict(vec![job(false), queue(Some(3))]);
    assert_eq!(failed, Verdict::RolledBack);
    assert!(at > 180.0, "{at}");
    // The queue needs no time, and takes the job along.
    let (deep, at) = verdict(vec![job(true), queue(Some(10))]);
    assert_eq!(deep, Verdict::RolledBack);
    assert!(at < 180.0, "{at}");
    // Five errors, ten seconds apart.
    assert_eq!(verdict(vec![job(true), queue(None)]).0, Verdict::RolledBack);
}

#[test]
fn what_it_does_not_say_is_refused_with_the_cure() {
    let (scenario, subject) = (world(vec![queue(Some(1))]), read(POLICY));
    let errors = Stage::new(&scenario, &*subject).expect_err("no word of the job");
    let [error] = &*errors else {
        panic!("{errors:?}");
    };
    assert_eq!(error.asked.line_column, (20, 16));
    assert_eq!(
        error.help,
        "add to the scenario's spec `metrics: [{name: smoke-test, provider: job, phase: \
         Successful}]`"
    );
}

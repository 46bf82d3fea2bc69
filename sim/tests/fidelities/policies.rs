//! Who decides: somebody who rolls the Deployment, and an Argo canary behind ingress-nginx.

use std::sync::Arc;

use coalmine_policy::argo::Rollout;
use coalmine_policy::baseline::{Baseline, Check, Looks};
use coalmine_policy::{Span, Stickiness};

use crate::common::rollout_of;

const ERRORS: &str = "sum(rate(nginx_ingress_controller_requests{status=~'5..'}[2m])) \
                      / sum(rate(nginx_ingress_controller_requests[2m]))";

/// A rolling update; with looks, it is rolled back when more than 5 % fail.
pub(crate) fn rolling(looks: bool) -> Arc<Baseline> {
    let looks = looks.then(|| Looks {
        interval_ns: Span::from_mins(3),
        count: 3,
        reaction_ns: Span::from_mins(1),
        checks: vec![Check {
            name: "errors".into(),
            query: ERRORS.into(),
            max: 0.05,
            file: "a.yaml".into(),
            line_column: (1, 1),
        }],
    });
    Arc::new(Baseline {
        name: "checkout-api".to_owned(),
        namespace: "production".to_owned(),
        looks,
    })
}

/// A canary at 20 % for four minutes and then at 60 %, for good; with looks, more than 1.5 % of failures
/// among all requests abort it.
///
/// Without a router its weights are its pods.
pub(crate) fn canary(looks: bool, stickiness: Option<Stickiness>, is_routed: bool) -> Arc<Rollout> {
    let routing = if is_routed {
        "      trafficRouting: {nginx: {stableIngress: main}}\n"
    } else {
        ""
    };
    let analysis = if looks {
        "      analysis: {templates: [{templateName: errors}]}\n"
    } else {
        ""
    };
    let yaml = format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: checkout-api, namespace: production}}
spec:
  replicas: 5
  selector: {{matchLabels: {{app: checkout-api}}}}
  template:
    metadata: {{labels: {{app: checkout-api}}}}
    spec: {{containers: [{{name: app}}]}}
  strategy:
    canary:
      stableService: stable
      canaryService: canary
{routing}      steps: [{{setWeight: 20}}, {{pause: {{duration: 4m}}}}, {{setWeight: 60}}, {{pause: {{}}}}]
{analysis}---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: errors, namespace: production}}
spec:
  metrics:
  - name: errors
    initialDelay: 3m
    interval: 2m
    count: 3
    successCondition: result[0] < 0.015
    provider:
      prometheus:
        address: http://p
        query: |
          {ERRORS}
"
    );
    let rollout = rollout_of(&yaml);
    Arc::new(Rollout {
        stickiness,
        ..(*rollout).clone()
    })
}

//! The text of an Argo Rollout behind ingress-nginx.

/// A canary of ten pods with these steps.
pub(crate) fn canary_behind_nginx(steps: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: app, namespace: ns}}
spec:
  replicas: 10
  selector: {{matchLabels: {{app: app}}}}
  template:
    metadata: {{labels: {{app: app}}}}
    spec: {{containers: [{{name: app}}]}}
  strategy:
    canary:
      stableService: stable
      canaryService: canary
      trafficRouting: {{nginx: {{stableIngress: app}}}}
      steps: {steps}
"
    )
}

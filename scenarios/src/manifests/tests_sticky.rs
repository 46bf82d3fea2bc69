//! How sessions stick, from the objects that say so.

use super::tests::read_files;
use coalmine_policy::{Kept, Span, Stickiness};

const REST: &str = "  targetRef: {apiVersion: apps/v1, kind: Deployment, name: app}
  ingressRef: {apiVersion: networking.k8s.io/v1, kind: Ingress, name: web}
  service: {port: 80, gatewayRefs: [{name: gateway, namespace: ns}]}
";

fn canary(provider: &str, analysis: &str) -> String {
    format!(
        "apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {{name: app, namespace: ns}}
spec:
  provider: {provider}
{REST}  analysis: {{interval: 2m, threshold: 2, maxWeight: 50, stepWeight: 10{analysis}}}
"
    )
}

fn rollout(routing: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: app, namespace: ns}}
spec:
  selector: {{matchLabels: {{app: app}}}}
  template:
    metadata: {{labels: {{app: app}}}}
    spec: {{containers: [{{name: app}}]}}
  strategy:
    canary:
      stableService: stable
      canaryService: canary
      trafficRouting: {{{routing}}}
      steps: [{{setWeight: 20}}, {{pause: {{}}}}]
"
    )
}

fn ingress(namespace: &str, more: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: {namespace}
  annotations:
    nginx.ingress.kubernetes.io/affinity: cookie
{more}spec: {{}}
"
    )
}

fn stickiness(documents: &[&str]) -> Option<Stickiness> {
    let text = documents.join("---\n");
    let (policies, told) = read_files(&[("a.yaml", &text)]);
    let [policy] = &policies[..] else {
        panic!("{told:?}")
    };
    policy.subject.stickiness()
}

#[test]
fn flaggers_cookie_is_the_canarys_and_with_a_name_the_primarys() {
    let cookie = ", sessionAffinity: {cookieName: c}";
    let flagger = Stickiness {
        main: Kept::No,
        canary: Kept::For(Span::from_secs(86_400)),
        ends_at_zero: true,
    };
    for provider in ["istio", "gatewayapi:v1"] {
        assert_eq!(stickiness(&[&canary(provider, cookie)]), Some(flagger));
    }
    let both = ", sessionAffinity: {cookieName: c, primaryCookieName: p, maxAge: 600}";
    let kept = Stickiness {
        main: Kept::For(Span::from_mins(2)),
        canary: Kept::For(Span::from_mins(10)),
        ..flagger
    };
    assert_eq!(stickiness(&[&canary("istio", both)]), Some(kept));
    // No other router sets it.
    assert_eq!(stickiness(&[&canary("traefik", cookie)]), None);
    assert_eq!(stickiness(&[&canary("istio", "")]), None);
}

#[test]
fn nginx_keeps_both_sides_unless_the_behaviour_is_legacy() {
    let sticky = ingress("ns", "");
    let legacy = "    nginx.ingress.kubernetes.io/affinity-canary-behavior: legacy\n";
    let left = Some(Stickiness {
        canary: Kept::No,
        ..Stickiness::BOTH
    });
    let flagger = canary("nginx", "");
    assert_eq!(stickiness(&[&flagger, &sticky]), Some(Stickiness::BOTH));
    // Flagger copies the annotation to the canary's Ingress, Argo does not.
    assert_eq!(stickiness(&[&flagger, &ingress("ns", legacy)]), left);
    let argo = rollout("nginx: {stableIngress: web}");
    let both = Some(Stickiness::BOTH);
    assert_eq!(stickiness(&[&argo, &ingress("ns", legacy)]), both);
    for annotations in [
        "additionalIngressAnnotations: {affinity-canary-behavior: legacy}",
        "canaryIngressAnnotations: {nginx.ingress.kubernetes.io/affinity-canary-behavior: legacy}",
    ] {
        let argo = rollout(&format!("nginx: {{stableIngress: web, {annotations}}}"));
        assert_eq!(stickiness(&[&argo, &sticky]), left);
    }
    let age = "    nginx.ingress.kubernetes.io/session-cookie-max-age: \"3600\"\n";
    let hour = Kept::For(Span::from_mins(60));
    let kept = stickiness(&[&argo, &ingress("ns", age)]).map(|kept| [kept.main, kept.canary]);
    assert_eq!(kept, Some([hour; 2]));
    assert_eq!(stickiness(&[&argo, &ingress("elsewhere", "")]), None);
    assert_eq!(stickiness(&[&argo]), None);
}

#[test]
fn argos_load_balancers_keep_sessions_by_their_own_objects() {
    let alb = "alb: {ingress: web, servicePort: 80, stickinessConfig: {enabled: true, durationSeconds: 60}}";
    let kept = stickiness(&[&rollout(alb)]).map(|kept| (kept.main, kept.ends_at_zero));
    assert_eq!(kept, Some((Kept::For(Span::from_secs(60)), false)));
    let off = alb.replace("true", "false");
    assert_eq!(stickiness(&[&rollout(&off)]), None);
    let traefik = rollout("traefik: {weightedTraefikServiceName: weighted}");
    let service = "apiVersion: traefik.io/v1alpha1
kind: TraefikService
metadata: {name: weighted, namespace: ns}
spec: {weighted: {services: [], sticky: {cookie: {name: c}}}}
";
    let kept = stickiness(&[&traefik, service]).map(|kept| kept.ends_at_zero);
    assert_eq!(kept, Some(true));
    let plain = service.replace(", sticky: {cookie: {name: c}}", "");
    assert_eq!(stickiness(&[&traefik, &plain]), None);
}

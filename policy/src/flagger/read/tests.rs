use super::*;
use crate::flagger::Analysis;

/// Reads a stream of documents.
fn read_text(text: &str, options: &Options) -> (Vec<Arc<Canary>>, Vec<String>) {
    let source = Source {
        file: "c.yaml".into(),
        text: text.into(),
    };
    let mut found = Diagnostics::new();
    let documents = read_documents(&source, &mut found);
    let canaries = read(&documents, options, &mut found);
    (canaries, found.iter().map(ToString::to_string).collect())
}

/// A Canary with this provider and the inside of a flow mapping as its analysis.
pub(in super::super) fn canary(provider: &str, analysis: &str) -> Canary {
    let text = manifest(provider, &format!("{{{analysis}}}"));
    let options = Options {
        admission: false,
        ..Options::default()
    };
    let (canaries, messages) = read_text(&text, &options);
    match canaries.first() {
        Some(canary) => Canary::clone(canary),
        None => panic!("{messages:?}"),
    }
}

pub(in super::super) fn analysis(analysis: &str) -> Analysis {
    canary("istio", analysis).analysis
}

fn manifest(provider: &str, analysis: &str) -> String {
    format!(
        "apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {{name: shop, namespace: prod}}
spec:
  provider: {provider}
  targetRef: {{apiVersion: apps/v1, kind: Deployment, name: shop}}
  ingressRef: {{apiVersion: networking.k8s.io/v1, kind: Ingress, name: shop-ing}}
  service: {{port: 80, gatewayRefs: [{{name: gw}}]}}
  analysis: {analysis}
"
    )
}

fn messages(provider: &str, analysis: &str) -> Vec<String> {
    read_text(&manifest(provider, analysis), &Options::default()).1
}

fn assert_found(messages: &[String], wanted: &[&str]) {
    assert_eq!(messages.len(), wanted.len(), "{messages:#?}");
    for (message, wanted) in messages.iter().zip(wanted) {
        assert!(
            message.contains(wanted),
            "`{wanted}` is not in {messages:#?}"
        );
    }
}

/// The tutorial's manifest: no provider, no ingressRef.
const TUTORIAL: &str = "apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: checkout-api, namespace: production}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: checkout-api}
  progressDeadlineSeconds: 600
  service: {port: 80, targetPort: 8080}
  analysis:
    interval: 2m
    threshold: 5
    maxWeight: 50
    stepWeight: 10
    metrics:
      - {name: request-success-rate, thresholdRange: {min: 99}, interval: 2m}
      - {name: request-duration, thresholdRange: {max: 500}, interval: 2m}
";

#[test]
fn the_tutorials_manifest_is_nginx_with_an_assumed_ingress() {
    let (canaries, messages) = read_text(TUTORIAL, &Options::default());
    assert_found(
        &messages,
        &["c.yaml:5:3: warning: `spec.ingressRef` is missing"],
    );
    assert!(messages[0].contains("named `checkout-api`"), "{messages:?}");
    assert!(messages[0].contains("add spec.ingressRef"), "{messages:?}");
    let canary = &canaries[0];
    assert_eq!(canary.provider, Provider::Nginx);
    assert_eq!(canary.primary(), "checkout-api-primary");
    assert_eq!(canary.canary_service(), "checkout-api-canary");
    assert_eq!(canary.interval(), crate::Span::from_secs(120));
    let queries: Vec<_> = canary.queries().collect();
    assert_eq!(queries.len(), 2);
    assert!(
        queries[0]
            .text
            .contains(r#"ingress="checkout-api", canary!="", status!~"5.*" }[2m]"#)
    );
    assert_eq!(queries[1].line_column, (0, 0));
}

#[test]
fn the_controllers_flag_decides_without_a_provider() {
    let options = Options {
        mesh_provider: Provider::Istio,
        ..Options::default()
    };
    let (canaries, messages) = read_text(TUTORIAL, &options);
    assert_found(&messages, &[]);
    assert_eq!(canaries[0].provider, Provider::Istio);
}

#[test]
fn the_schema_wants_exactly_one_strategy() {
    let base = "interval: 1m, threshold: 3";
    let of = |rest: &str| messages("istio", &format!("{{{base}{rest}}}"));
    assert_found(&of(", stepWeight: 10"), &[]);
    assert_found(
        &of(""),
        &["9:13: error: `spec.analysis` needs exactly one of iterations"],
    );
    let both = of(", stepWeight: 10, iterations: 3");
    assert_found(
        &both,
        &["error: `spec.analysis.stepWeight` cannot stand beside `iterations`"],
    );
    let bare = messages("istio", "{iterations: 3}");
    assert_found(
        &bare,
        &[
            "`spec.analysis.interval` is required",
            "threshold` is required",
        ],
    );
}

#[test]
fn intervals_follow_the_pattern_without_an_end() {
    let of = |interval: &str| {
        messages(
            "istio",
            &format!("{{interval: {interval}, threshold: 3, iterations: 2}}"),
        )
    };
    assert_found(&of("1m30s"), &[]);
    assert_found(
        &of("60"),
        &["`spec.analysis.interval` is an integer, not a string (quote it"],
    );
    assert_found(
        &of("1h"),
        &["error: `spec.analysis.interval` is `1h`, which the API server"],
    );
    assert_found(
        &of("10ms"),
        &["warning: `spec.analysis.interval` is `10ms`; Flagger raises it"],
    );
    assert_found(&of("1mx"), &["Flagger takes 60s instead"]);
}

#[test]
fn every_mistake_of_every_document_is_reported_at_once() {
    let text = "apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: a}
spec:
  provider: ngnix
  analysis: {interval: 1m, threshold: three, stepWeight: 5, typo: 1}
---
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: b}
spec:
  provider: knative
  targetRef: {apiVersion: apps/v1, kind: StatefulSet, name: b}
  analysis:
    interval: 1m
    threshold: 1
    stepWeights: [1, x]
    webhooks:
      - {name: w, type: load}
";
    let (canaries, messages) = read_text(text, &Options::default());
    assert!(canaries.is_empty());
    assert_found(
        &messages,
        &[
            "c.yaml:5:3: error: `spec.targetRef` is required",
            "c.yaml:5:13: error: `spec.provider` is `ngnix`",
            "c.yaml:6:39: error: `spec.analysis.threshold` is a string, not an integer",
            "c.yaml:6:61: warning: unknown field `spec.analysis.typo`",
            "c.yaml:13:42: error: `spec.targetRef.kind` is `StatefulSet`",
            "c.yaml:12:13: error: `spec.provider` is knative; Flagger accepts provider knative with",
            "c.yaml:17:22: error: `spec.analysis.stepWeights[1]` is a string",
            "c.yaml:19:9: error: `spec.analysis.webhooks[0].url` is required",
            "c.yaml:19:25: error: `spec.analysis.webhooks[0].type` is `load`",
        ],
    );
}

#[test]
fn what_a_router_cannot_do_without_is_said() {
    let step = "{interval: 1m, threshold: 1, stepWeight: 10}";
    assert_found(
        &messages("apisix", step),
        &["c.yaml:5:3: warning: `spec.routeRef` is missing; the provider needs it (every tick"],
    );
    assert_found(&messages("skipper", step), &[]);
    let ab = "{interval: 1m, threshold: 1, iterations: 2, match: [{headers: {a: {exact: b}}}]}";
    let gloo = "`spec.analysis.match` is not modelled with provider gloo";
    assert_found(&messages("gloo", ab), &[gloo]);
    let text = manifest("knative", step).replace(
        "apps/v1, kind: Deployment",
        "serving.knative.dev/v1, kind: Service",
    );
    let (canaries, found) = read_text(&text, &Options::default());
    assert_found(&found, &[]);
    assert_eq!(canaries[0].target.kind, crate::flagger::TargetKind::Knative);
    let (_, found) = read_text(
        &text.replace(
            "  analysis:",
            "  autoscalerRef: {apiVersion: a, kind: ScaledObject, name: x}\n  analysis:",
        ),
        &Options::default(),
    );
    assert_found(
        &found,
        &["`spec.autoscalerRef` is refused by Flagger beside a Knative Service"],
    );
}

#[test]
fn what_flagger_replaces_in_silence_is_said() {
    let found = messages(
        "istio",
        "{interval: 5s, threshold: 0, stepWeight: 10, maxWeight: 0}",
    );
    assert_found(
        &found,
        &[
            "c.yaml:9:24: warning: `spec.analysis.interval` is `5s`; Flagger raises it to 10s",
            "c.yaml:9:39: warning: `spec.analysis.threshold` is 0; Flagger takes 1 instead",
            "c.yaml:9:69: warning: `spec.analysis.maxWeight` is 0; Flagger takes 100 instead",
        ],
    );
    let alert = "alerts: [{name: a, providerRef: {name: slack}}]";
    let found = messages(
        "istio",
        &format!("{{interval: 1m, threshold: 1, stepWeight: 10, {alert}}}"),
    );
    assert_found(&found, &["`spec.analysis.alerts[0].severity` is missing"]);
}

#[test]
fn what_the_schema_refuses_in_the_corners_is_an_error() {
    let params = "match: [{queryParams: {a: {exact: x, regex: z}}, headers: {b: {exact: c}}}]";
    let found = messages(
        "nginx",
        &format!("{{interval: 1m, threshold: 1, iterations: 1, {params}}}"),
    );
    assert_found(
        &found,
        &["queryParams.a` has more than one of exact, prefix and regex"],
    );
    let scaler = "  autoscalerRef: {apiVersion: a, kind: HorizontalPodAutoscaler, name: x, \
                  primaryScalerReplicas: {minReplicas: 0}}\n  analysis:";
    let step = "{interval: 1m, threshold: 1, stepWeight: 10}";
    let text = manifest("istio", step).replace("  analysis:", scaler);
    let (canaries, found) = read_text(&text, &Options::default());
    assert!(canaries.is_empty());
    assert_found(&found, &["primaryScalerReplicas.minReplicas` is below 1"]);
}

#[test]
fn templates_are_rendered_and_their_mistakes_shown_where_they_stand() {
    let metric = |name: &str| {
        format!(
            "{{interval: 1m, threshold: 1, stepWeight: 10, metrics: [{{name: m, interval: 3m, \
             templateRef: {{name: {name}}}, templateVariables: {{zone: b}}}}]}}"
        )
    };
    let templates = "---
apiVersion: flagger.app/v1beta1
kind: MetricTemplate
metadata: {name: good, namespace: prod}
spec:
  provider: {type: prometheus, address: http://p}
  query: |
    rate(x{ns=\"{{ namespace }}\",
      zone=\"{{ variables.zone }}\"}[{{ interval }}])
---
apiVersion: flagger.app/v1beta1
kind: MetricTemplate
metadata: {name: other, namespace: prod}
spec:
  provider: {type: datadog}
  query: q
---
apiVersion: flagger.app/v1beta1
kind: MetricTemplate
metadata: {name: broken, namespace: prod}
spec:
  provider: {type: prometheus}
  query: x{{ nonsense }}
";
    let of = |name: &str| {
        let text = manifest("istio", &metric(name)) + templates;
        read_text(&text, &Options::default())
    };
    let (canaries, messages) = of("good");
    assert_found(&messages, &[]);
    let query = canaries[0].queries().next().expect("one query");
    assert_eq!(&*query.text, r#"rate(x{ns="prod", zone="b"}[3m]) "#);
    assert_eq!(query.line_column.0, 17);
    assert_found(
        &of("other").1,
        &["c.yaml:24:20: error: `spec.provider.type` is `datadog`"],
    );
    assert_found(
        &of("broken").1,
        &["c.yaml:32:10: error: `spec.query` does not render"],
    );
    let (canaries, messages) = of("absent");
    assert_found(
        &messages,
        &["warning: `spec.analysis.metrics[0].templateRef` names `absent.prod`"],
    );
    assert_eq!(canaries[0].queries().count(), 0);
    assert_eq!(canaries[0].analysis.checks.len(), 1);
}

#[test]
fn traps_are_warned_of_with_a_cure() {
    let of = |provider: &str, rest: &str| {
        messages(provider, &format!("{{interval: 1m, threshold: 3, {rest}}}"))
    };
    let found = of("istio", "stepWeight: 10, maxWeight: 150");
    assert_found(
        &found,
        &["warning: `spec.analysis.maxWeight` is 150, which the weight never"],
    );
    let found = of("istio", "stepWeights: [10, 10, 50]");
    assert_found(
        &found,
        &["`spec.analysis.stepWeights` stays at 10 for ever"],
    );
    let beside = "stepWeight: 10, mirror: true, sessionAffinity: {cookieName: c}";
    let found = of("istio", beside);
    assert_found(
        &found,
        &["`spec.analysis.mirror` never starts beside sessionAffinity"],
    );
    let found = of("nginx", "stepWeight: 10, mirror: true");
    assert_found(
        &found,
        &["`spec.analysis.mirror` never starts with provider nginx"],
    );
    let matched = "match: [{headers: {x: {exact: insider}}}]";
    let found = of("kubernetes", &format!("iterations: 5, {matched}"));
    assert_found(
        &found,
        &["`spec.analysis.match` does nothing with provider kubernetes"],
    );
    let found = of(
        "nginx",
        &format!("iterations: 5, stepWeightPromotion: 10, {matched}"),
    );
    assert_found(&found, &["`spec.analysis.stepWeightPromotion` never ends"]);
    let labels = "iterations: 5, match: [{sourceLabels: {app: x}}]";
    assert_found(
        &of("istio", labels),
        &["match[0].sourceLabels` is matched by no request"],
    );
    let found = of("nginx", &format!("stepWeight: 5, {matched}"));
    assert_found(
        &found,
        &["`spec.analysis.match` without iterations promotes after one step"],
    );
}

#[test]
fn cookie_names_must_differ() {
    let affinity = "{interval: 1m, threshold: 3, stepWeight: 5, sessionAffinity: {cookieName: a, \
                    primaryCookieName: a}}";
    let found = messages("istio", affinity);
    assert_found(&found, &["primaryCookieName` is the same as cookieName"]);
}

#[test]
fn only_edits_of_routed_fields_change_the_fingerprint() {
    let of = |provider: &str, service: &str| {
        let text = manifest(provider, "{interval: 1m, threshold: 1, iterations: 1}");
        let text = text.replace("{port: 80, gatewayRefs: [{name: gw}]}", service);
        read_text(&text, &Options::default()).0[0].routing
    };
    let plain = of("istio", "{port: 80, timeout: 1s}");
    assert_eq!(
        of("istio", "{timeout: 1s, port: 81, portName: http}"),
        plain
    );
    assert_ne!(of("istio", "{port: 80, timeout: 5s}"), plain);
    let ingress = of("nginx", "{port: 80, timeout: 1s}");
    assert_eq!(of("nginx", "{port: 80, timeout: 5s}"), ingress);
}

#[test]
fn a_gateway_must_be_named() {
    let text = manifest(
        "gatewayapi:v1",
        "{interval: 1m, threshold: 1, iterations: 1}",
    );
    let text = text.replace(", gatewayRefs: [{name: gw}]", "");
    let (canaries, messages) = read_text(&text, &Options::default());
    assert!(canaries.is_empty());
    assert_found(&messages, &["error: `spec.service.gatewayRefs` is missing"]);
}

#[test]
fn malformed_objects_are_refused_without_a_panic() {
    let head = "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: a}\n";
    for body in [
        "",
        "spec:",
        "spec: 5",
        "spec: []",
        "spec: {targetRef: [], analysis: 3}",
        "spec: {analysis: {metrics: 1, webhooks: x, match: {}, stepWeights: 2, alerts: 4}}",
        "spec: {analysis: {metrics: [1], webhooks: [x], match: [5], alerts: [[]]}}",
        "spec: {analysis: {match: [{headers: 1}], metrics: [{templateRef: 3, thresholdRange: 4}]}}",
        "spec: {analysis: {metrics: [{name: a, threshold: .nan, templateVariables: [1]}]}}",
        "spec: {service: 4, ingressRef: 1, autoscalerRef: [], provider: 3}",
    ] {
        let (canaries, messages) = read_text(&format!("{head}{body}\n"), &Options::default());
        assert!(canaries.is_empty(), "{body}");
        assert!(
            messages.iter().any(|m| m.contains(" error: ")),
            "{body}: {messages:?}"
        );
    }
}

#[test]
fn a_metric_with_nothing_to_ask_fails_every_time() {
    let of = |metric: &str| {
        let analysis =
            format!("{{interval: 1m, threshold: 3, stepWeight: 5, metrics: [{metric}]}}");
        read_text(&manifest("istio", &analysis), &Options::default())
    };
    for metric in ["{name: x}", "{name: x, query: ''}"] {
        let (canaries, messages) = of(metric);
        assert_found(
            &messages,
            &["metrics[0].name` is `x`, neither a built-in metric nor with"],
        );
        assert_eq!(canaries[0].analysis.checks.len(), 1, "{metric}");
    }
    let (canaries, messages) = of("{name: request-success-rate, query: 'up{n=\"{{ name }}\"}'}");
    assert_found(&messages, &[]);
    let texts: Vec<_> = canaries[0].queries().map(|query| query.text).collect();
    assert_eq!(texts.len(), 2, "the built-in question and the inline one");
    assert_eq!(&*texts[1], r#"up{n="shop"}"#);
}

#[test]
fn an_interval_that_prometheus_refuses_is_warned_of_where_it_stands() {
    let bad = |metric: &str| messages("istio", &format!("{{interval: 1m, metrics: [{metric}]}}"));
    let of = |text: &str| {
        let range = "thresholdRange: {min: 1}";
        let mut found = bad(&format!(
            "{{name: request-success-rate, {range}, interval: {text}}}"
        ));
        found.retain(|message| message.contains("metrics[0].interval"));
        found
    };
    assert_found(
        &of("0s"),
        &["is \"0s\"; Prometheus answers the query with an error"],
    );
    assert_found(
        &of("1mx"),
        &["bad number or duration syntax), so the check fails"],
    );
    assert_found(&of("99999999999999999999m"), &["(write for example `1m`)"]);
    assert_found(&of("1m"), &[]);
    let found = bad("{name: own, thresholdRange: {min: 1}, interval: 0s, query: up}");
    assert!(
        !found.iter().any(|m| m.contains("Prometheus answers")),
        "{found:?}"
    );
}

#[test]
fn a_range_of_a_wrong_type_is_not_called_empty_too() {
    let of = |range: &str| {
        let metric = format!("{{name: request-success-rate, thresholdRange: {range}}}");
        let mut found = messages("istio", &format!("{{interval: 1m, metrics: [{metric}]}}"));
        found.retain(|message| message.contains("thresholdRange"));
        found
    };
    assert_found(&of("{min: \"99\"}"), &["is a string, not a number"]);
    assert_found(&of("{}"), &["is empty, so any value passes"]);
}

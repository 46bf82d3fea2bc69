//! The objects of the fake cluster, made from the words of a case.

use std::collections::BTreeSet;

use coalmine_policy::{Condition, MetricAnswer, Template, Time, WorkloadState};
use serde_json::{Value, json};

use super::case::Case;

/// `none`, `NaN`, `+Inf`, `scalar`, `matrix`, `http500`, `1;2` for two series.
pub(super) fn answer(text: &str) -> MetricAnswer {
    match text {
        "none" | "" => MetricAnswer::Vector(Vec::new()),
        "scalar" => MetricAnswer::Scalar(1.0),
        "matrix" => MetricAnswer::Matrix(vec![vec![1.0]]),
        _ => match text.split(';').map(|one| one.trim().parse()).collect() {
            Ok(values) => MetricAnswer::Vector(values),
            Err(_) => MetricAnswer::Error(text.to_owned()),
        },
    }
}

pub(super) fn deployment(word: &str, template: &str, now: Time) -> WorkloadState {
    let mut state = WorkloadState::settled(Template::new(template), 2);
    match word {
        "ready" | "" => {}
        "notReady" | "wait" => state.available = 0,
        "progressDeadlineExceeded" | "deadline" => {
            state.available = 0;
            state.progressing = Some(Condition {
                status: false,
                reason: "ProgressDeadlineExceeded".to_owned(),
                last_update: now,
            });
        }
        other => panic!("no such state of a deployment: {other}"),
    }
    state
}

pub(super) fn manifest(case: &Case) -> Value {
    let mut analysis = case.analysis.clone();
    for hook in analysis["webhooks"].as_array_mut().into_iter().flatten() {
        hook["url"] = json!("http://gate/");
    }
    let mut service = case.service.clone().unwrap_or_else(|| json!({}));
    service["port"] = json!(80);
    service["gatewayRefs"] = json!([{"name": "gateway"}]);
    json!({
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "metadata": {"name": "podinfo", "namespace": "default"},
        "spec": {
            "provider": case.provider,
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"},
            "ingressRef": {
                "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "podinfo",
            },
            "service": service,
            "suspend": false,
            "skipAnalysis": false,
            "analysis": analysis,
        },
    })
}

/// A template for every name a metric refers to, except those that are to be missing.
pub(super) fn templates(analysis: &Value) -> String {
    let metrics = analysis["metrics"].as_array().into_iter().flatten();
    let names = metrics.filter_map(|metric| metric["templateRef"]["name"].as_str());
    let names: BTreeSet<_> = names.filter(|name| !name.contains("missing")).collect();
    let template = |name| {
        let document = json!({
            "apiVersion": "flagger.app/v1beta1",
            "kind": "MetricTemplate",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"provider": {"type": "prometheus"}, "query": "custom_{{ interval }}"},
        });
        format!("---\n{document}\n")
    };
    names.into_iter().map(template).collect()
}

pub(super) fn rollback_hooks(analysis: &Value) -> BTreeSet<String> {
    let hooks = analysis["webhooks"].as_array().into_iter().flatten();
    let ours = hooks.filter(|hook| hook["type"] == "rollback");
    ours.filter_map(|hook| hook["name"].as_str().map(str::to_owned))
        .collect()
}

//! What is read of an experiment step, and what is said about it.

use crate::argo::experiment::{self, ExperimentDuration, ExperimentStep, SpecRef};
use crate::argo::{Rollout, Step, read};
use crate::source::{Diagnostics, Severity, Source, read_documents};
use crate::{Span, Template};

fn manifest(step: &str, more: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: app, namespace: ns}}
spec:
  selector: {{matchLabels: {{app: app}}}}
  template:
    metadata: {{labels: {{app: app, tier: web}}}}
    spec: {{containers: [{{name: app}}]}}
  strategy:
    canary:
{more}      steps:
      - experiment: {step}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: t, namespace: ns}}
spec:
  args: [{{name: a}}]
  metrics: [{{name: m, provider: {{prometheus: {{address: 'http://p', query: 'x > {{{{args.a}}}}'}}}}}}]
"
    )
}

fn lower(yaml: &str) -> (Option<Rollout>, Vec<(Severity, usize, String)>) {
    let source = Source {
        file: "r.yaml".into(),
        text: yaml.into(),
    };
    let mut found = Diagnostics::new();
    let documents = read_documents(&source, &mut found);
    let rollout = read(&documents, &mut found).into_iter().next();
    let said = found.iter();
    let said = said.map(|d| (d.severity, d.position.line, d.message.clone()));
    (rollout.map(|rollout| (*rollout).clone()), said.collect())
}

/// The step, and what was said, all of it warnings.
fn step(step: &str) -> (ExperimentStep, Vec<String>) {
    let (rollout, said) = lower(&manifest(step, ""));
    assert!(
        said.iter().all(|(s, ..)| *s == Severity::Warning),
        "{said:?}"
    );
    let rollout = rollout.expect("taken");
    assert_eq!(rollout.refusal, None);
    let Some(Step::Experiment(step)) = rollout.canary.steps.first() else {
        panic!("no experiment: {:?}", rollout.canary.steps);
    };
    (
        ExperimentStep::clone(step),
        said.into_iter().map(|s| s.2).collect(),
    )
}

#[test]
fn every_field_is_read() {
    let (read, said) = step(
        "{duration: 1h30m, scaleDownDelaySeconds: 5, analysisRunMetadata: {labels: {a: b}}, dryRun: \
         [{metricName: m}], templates: [{name: base, specRef: stable}, {name: new, specRef: canary, \
         replicas: 3, service: {name: s}, metadata: {labels: {tier: job}, annotations: {x: y}}, \
         selector: {matchLabels: {app: app, tier: job}}}], analyses: [{name: a, templateName: t, \
         requiredForCompletion: true, args: [{name: a, value: \
         '{{templates.new.podTemplateHash}}'}]}]}",
    );
    assert_eq!(said, Vec::<String>::new());
    assert_eq!(read.duration, ExperimentDuration::For(Span::from_mins(90)));
    assert_eq!(read.scale_down_delay, Span::from_secs(5));
    let shape = read.templates.iter();
    let shape: Vec<_> = shape
        .map(|t| (t.name.as_str(), t.spec_ref, t.replicas, t.served))
        .collect();
    // Another tier, but still the labels that the Rollout selects by.
    assert_eq!(
        shape,
        [
            ("base", SpecRef::Stable, 1, true),
            ("new", SpecRef::Canary, 3, true)
        ]
    );
    assert!(read.analyses[0].required);
    let (v1, v2) = (Template::new("v1"), Template::new("v2"));
    let plans: Vec<_> = read.plans("e", &v1, &v2).collect();
    let hash = read.templates[1].hash(&v1, &v2);
    assert_eq!(*plans[0].0.metrics[0].query.text, format!("x > {hash}"));
    assert!(plans[0].0.metrics[0].dry_run);
}

#[test]
fn other_labels_take_the_pods_out_of_the_service() {
    let served = |labels: &str| {
        let (read, _) = step(&format!(
            "{{duration: 1m, templates: [{{name: a, specRef: canary, metadata: {{labels: {labels}}}}}]}}"
        ));
        read.templates[0].served
    };
    assert!(served("{app: app, more: x}"));
    assert!(!served("{app: other}"));
}

/// Argo's words, and `validation.go:390`'s places.
#[test]
fn weights_are_validated_as_argo_does() {
    let weighted = "{duration: 1m, templates: [{name: a, specRef: canary}, {name: b, specRef: \
                    stable, weight: 5}]}";
    let refusal = |more: &str| {
        let (rollout, _) = lower(&manifest(weighted, more));
        rollout
            .and_then(|rollout| rollout.refusal)
            .map(|refusal| refusal.message)
    };
    let place = "InvalidSpec: The Rollout \"app\" is invalid: \
                 spec.strategy.steps[0].experiment.templates[1].weight: Invalid value: 5: ";
    let wanted = |words: &str| Some(format!("{place}{words}"));
    let without = "Experiment template weight cannot be set unless TrafficRouting is enabled";
    assert_eq!(refusal(""), wanted(without));
    let nginx = "      stableService: s\n      canaryService: c\n      trafficRouting: {nginx: \
                 {stableIngress: i}}\n";
    let cannot = "Experiment template weight is only available for TrafficRouting with SMI, ALB, \
                  Istio and Plugins at this time";
    assert_eq!(refusal(nginx), wanted(cannot));
    let istio = nginx.replace(
        "nginx: {stableIngress: i}",
        "istio: {virtualService: {name: v}}",
    );
    let (rollout, said) = lower(&manifest(weighted, &istio));
    assert!(rollout.is_none());
    assert!(
        said[0]
            .2
            .ends_with("templates[1].weight` is not simulated yet"),
        "{said:?}"
    );
}

#[test]
fn what_argo_finds_out_too_late_is_a_warning() {
    let said = |text: &str, wanted: &str| {
        let (read, said) = step(text);
        assert!(
            said.iter().any(|message| message.contains(wanted)),
            "{said:?}"
        );
        read
    };
    let one = "templates: [{name: a, specRef: canary}]";
    said(
        &format!("{{{one}}}"),
        "ends only when an analysis goes wrong",
    );
    let read = said(
        &format!("{{{one}, duration: 1m, analyses: [{{name: x, templateName: none}}]}}"),
        "its Experiment ends in Error: analysistemplate.argoproj.io \"none\" not found",
    );
    assert!(matches!(
        read.analyses[0].source,
        experiment::Source::Missing(_)
    ));
    let read = said(
        &format!("{{{one}, duration: 1m, analyses: [{{name: x, templateName: t}}]}}"),
        "its Experiment ends in Error: args.a was not resolved",
    );
    assert!(matches!(
        read.analyses[0].source,
        experiment::Source::Unusable(_)
    ));
    said(
        &format!(
            "{{{one}, duration: 1m, analyses: [{{name: x, templateName: t, args: [{{name: a, value: \
             '{{{{templates.b.podTemplateHash}}}}'}}]}}]}}"
        ),
        "`{{templates.b.podTemplateHash}}` stands for nothing",
    );
    said(&format!("{{{one}, duration: 1 day}}"), "time: unknown unit");
    let given = "args: [{name: a, value: '1'}]";
    said(
        &format!(
            "{{{one}, duration: 1m, analyses: [{{name: x, templateName: t, requiredForCompletion: \
             true, {given}}}, {{name: z, templateName: t, {given}}}]}}"
        ),
        "never ends if an analysis that is not required still runs",
    );
    let yaml = manifest(
        &format!(
            "{{{one}, analyses: [{{name: x, templateName: t, requiredForCompletion: true, {given}}}]}}"
        ),
        "",
    );
    assert_eq!(lower(&yaml).1, []);
    let (_, endless) = lower(&yaml.replace("name: m, ", "name: m, interval: 1m, "));
    assert!(
        endless[0].2.ends_with("metric `m` runs indefinitely"),
        "{endless:?}"
    );
    let read = said(
        "{duration: 1m, templates: [{name: a, specRef: canary}, {name: a, specRef: stable}]}",
        "repeated template name 'a'",
    );
    assert!(read.invalid.is_some());
    let read = said(
        "{duration: 1m, templates: [{name: a, specRef: canary, selector: {matchLabels: {app: x}}}]}",
        "does not select the template's pods",
    );
    assert!(read.templates[0].refused.is_some());
}

#[test]
fn what_cannot_be_simulated_is_an_error_at_its_place() {
    let error = |step: &str, wanted: &str| {
        let yaml = manifest(step, "");
        let (rollout, said) = lower(&yaml);
        let line = yaml
            .lines()
            .position(|line| line.contains("- experiment"))
            .map(|line| line + 1);
        let found = said.iter().find(|(s, ..)| *s == Severity::Error);
        let found = found.unwrap_or_else(|| panic!("{said:?}"));
        assert!(rollout.is_none() && found.2.contains(wanted), "{said:?}");
        assert_eq!(Some(found.1), line);
    };
    error("{duration: 1m}", "templates");
    error(
        "{templates: [{name: a, specRef: both}]}",
        "neither canary nor stable",
    );
    error(
        "{templates: [{name: a, specRef: canary, replicas: -1}]}",
        "is -1",
    );
    error(
        "{duration: 1m, templates: [{name: a, specRef: canary}], analyses: [{name: x, templateName: \
         t, args: [{name: a, value: '{{experiment.availableAt}}'}]}]}",
        "`{{experiment.availableAt}}` is not simulated",
    );
    error(
        "{templates: [{name: a, specRef: canary, selector: {matchExpressions: []}}]}",
        "matchExpressions",
    );
    error(
        "{templates: [], analyses: [{name: x, templateName: t}, {name: x, templateName: t}]}",
        "two analyses have the name `x`",
    );
}

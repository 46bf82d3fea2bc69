//! What is read, what is an error, what Argo refuses.

use std::sync::Arc;

use super::read;
use crate::argo::{Rollout, Step};
use crate::source::{Diagnostics, Severity, Source, read_documents};
use crate::{Span, Template};

const TUTORIAL: &str = include_str!("../../../tests/fixtures/argo-rollout.yaml");

fn lower(yaml: &str) -> (Vec<Arc<Rollout>>, Diagnostics) {
    let source = Source {
        file: "r.yaml".into(),
        text: yaml.into(),
    };
    let mut diagnostics = Diagnostics::new();
    let documents = read_documents(&source, &mut diagnostics);
    let rollouts = read(&documents, &mut diagnostics);
    (rollouts, diagnostics)
}

/// The tutorial's Rollout with a `count` on both metrics.
fn counted() -> String {
    TUTORIAL.replace(
        "      interval: 2m\n",
        "      interval: 2m\n      count: 5\n",
    )
}

fn refusal(yaml: &str) -> (String, usize, String) {
    let (rollouts, diagnostics) = lower(yaml);
    assert!(!diagnostics.has_errors(), "{diagnostics:?}");
    let refusal = rollouts[0].refusal.clone().expect("refused");
    (refusal.message, refusal.place.line, refusal.help)
}

fn errors(yaml: &str) -> Vec<(usize, String)> {
    let (_, diagnostics) = lower(yaml);
    let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error);
    errors
        .map(|d| (d.position.line, d.message.clone()))
        .collect()
}

fn line_of(yaml: &str, text: &str) -> usize {
    let line = yaml.lines().position(|line| line.contains(text));
    line.expect("is there") + 1
}

#[test]
fn the_tutorial_is_refused_in_the_controllers_words() {
    let (message, line, help) = refusal(TUTORIAL);
    assert_eq!(
        message,
        "InvalidSpec: The Rollout \"checkout-api\" is invalid: \
         spec.strategy.canary.steps[2].analysis.templates: Invalid value: \
         \"success-rate-check\": AnalysisTemplate success-rate-check has metric success-rate which \
         runs indefinitely. Invalid value for count: <nil>"
    );
    assert_eq!(line, line_of(TUTORIAL, "- name: success-rate"));
    assert!(help.contains("`success-rate` and `latency-p99`"), "{help}");
    assert!(help.contains("background"), "{help}");
    let (_, diagnostics) = lower(TUTORIAL);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
}

#[test]
fn with_a_count_it_is_valid_and_knows_its_queries() {
    let (rollouts, diagnostics) = lower(&counted());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let rollout = &rollouts[0];
    assert_eq!(rollout.refusal, None);
    assert_eq!(
        (rollout.canary.max_surge, rollout.canary.max_unavailable),
        (3, 2)
    );
    assert_eq!(rollout.canary.steps.len(), 8);
    assert_eq!(
        rollout.canary.steps[1],
        Step::Pause(Some(Span::from_mins(10)))
    );
    let queries = rollout.queries(&Template::new("a"), &Template::new("b"));
    assert_eq!(queries.len(), 2);
    assert!(
        queries[0].text.starts_with("sum(rate(\n"),
        "{}",
        queries[0].text
    );
    // A block scalar begins on the line after its indicator.
    let first = line_of(&counted(), "query: |") + 1;
    assert_eq!(queries[0].line_column.0, first);
}

#[test]
fn in_the_background_no_count_is_needed() {
    let yaml = TUTORIAL.replace(
        "        - analysis:\n            templates:\n              - templateName: \
         success-rate-check\n",
        "",
    );
    let yaml = yaml.replace(
        "      canaryService: checkout-api-canary\n",
        "      canaryService: checkout-api-canary\n      analysis: {templates: [{templateName: \
         success-rate-check}]}\n",
    );
    let (rollouts, _) = lower(&yaml);
    assert_eq!(rollouts[0].refusal, None);
    assert!(rollouts[0].canary.background.is_some());
}

#[test]
fn arguments_with_values_from_the_rollout_only_do_not_count_for_the_validator() {
    // Public issue argoproj/argo-rollouts#3243.
    let yaml = counted()
        .replace("count: 5", "count: \"{{args.count}}\"")
        .replace("  metrics:\n", "  args: [{name: count}]\n  metrics:\n")
        .replace(
            "              - templateName: success-rate-check\n",
            "              - templateName: success-rate-check\n            args: [{name: count, \
             value: \"5\"}]\n",
        );
    let (message, ..) = refusal(&yaml);
    assert!(
        message.ends_with("Invalid value for count: dummy-value"),
        "{message}"
    );
    let (rollouts, _) = lower(&yaml.replace(
        "args: [{name: count}]",
        "args: [{name: count, value: \"2\"}]",
    ));
    assert_eq!(rollouts[0].refusal, None);
    let Step::Analysis(Some(analysis)) = &rollouts[0].canary.steps[2] else {
        panic!("no analysis");
    };
    let plan = analysis.plan(&Template::new("a"), &Template::new("b"));
    assert_eq!(plan.metrics[1].count, Some(5), "{plan:?}");
    // count 5 >= failureLimit 3: the first metric is fine as well.
    assert_eq!(plan.broken, None);
}

#[test]
fn hashes_and_fields_become_arguments() {
    let yaml = counted()
        .replace(
            "version=\"canary\"",
            "version=\"{{args.hash}}\", app=\"{{ args.app }}\"",
        )
        .replace(
            "  metrics:\n",
            "  args: [{name: hash}, {name: app, value: x}]\n  metrics:\n",
        )
        .replace(
            "              - templateName: success-rate-check\n",
            "              - templateName: success-rate-check\n            args:\n            - \
             {name: hash, valueFrom: {podTemplateHashValue: Latest}}\n            - {name: app, \
             valueFrom: {fieldRef: {fieldPath: spec.template.metadata.labels.app}}}\n",
        );
    let (rollouts, diagnostics) = lower(&yaml);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let queries = rollouts[0].queries(&Template::new("old"), &Template::new("new"));
    assert!(
        queries[1]
            .text
            .contains("version=\"new\", app=\"checkout-api\""),
        "{}",
        queries[1].text
    );
}

#[test]
fn missing_templates_and_services_are_refusals_in_argos_order() {
    let (rollout, _) = TUTORIAL.split_once("\n---").expect("two documents");
    let (message, line, help) = refusal(rollout);
    assert!(
        message.ends_with(
            "spec.strategy.canary.steps[2].analysis.templates: Invalid value: \
             \"success-rate-check\": AnalysisTemplate 'success-rate-check' not found"
        ),
        "{message}"
    );
    assert_eq!(line, line_of(rollout, "templateName"));
    assert!(help.contains("give coalmine"), "{help}");
    let twice = counted().replace("checkout-api-stable", "checkout-api-canary");
    let (message, ..) = refusal(&twice);
    assert!(
        message.contains("the same service for the stable and canary"),
        "{message}"
    );
    let (message, ..) = refusal(&counted().replace("setWeight: 30", "setWeight: 130"));
    assert!(
        message.contains("steps[3].setWeight: Invalid value: 130"),
        "{message}"
    );
    let (message, ..) = refusal(&counted().replacen("duration: 10m", "duration: 1d", 1));
    assert!(
        message.contains("Invalid value: -1: Duration needs"),
        "{message}"
    );
    let both = counted().replace(
        "    canary:\n",
        "    canary:\n      maxSurge: 0\n      maxUnavailable: 0%\n",
    );
    let (message, ..) = refusal(&both);
    assert!(
        message.contains("spec.strategy.maxSurge: Invalid value: 0"),
        "{message}"
    );
    let (message, ..) = refusal(&counted().replacen("app: checkout-api", "app: other", 1));
    assert!(
        message.contains("`selector` does not match template `labels`"),
        "{message}"
    );
}

#[test]
fn what_coalmine_cannot_simulate_is_an_error_with_a_place() {
    let yaml = counted().replacen("setWeight: 60", "experiment: {}", 1);
    assert_eq!(errors(&yaml)[0].0, line_of(&yaml, "experiment"));
    let yaml = counted().replacen("prometheus:", "datadog:", 1);
    let found = errors(&yaml);
    assert_eq!(found[0].0, line_of(&yaml, "datadog"), "{found:?}");
    assert!(found[0].1.contains("datadog"), "{found:?}");
    let yaml = counted().replacen("setWeight: 60", "plugin: {name: x}", 1);
    assert_eq!(errors(&yaml)[0].0, line_of(&yaml, "plugin"));
    let routed = |router: &str| {
        let routed = format!("    canary:\n      trafficRouting: {{{router}}}\n");
        errors(&counted().replace("    canary:\n", &routed))
    };
    assert!(routed("gatewayAPI: {}")[0].1.contains("gatewayAPI"));
    assert!(routed("managedRoutes: []")[0].1.contains("names no router"));
}

#[test]
fn a_blue_green_rollout_is_validated_as_well() {
    let yaml = counted().replace("      steps:\n", "      lost:\n");
    let yaml = yaml.replace(
        "    canary:\n",
        "    blueGreen:\n      activeService: a\n      prePromotionAnalysis: {templates: \
         [{templateName: success-rate-check}]}\n",
    );
    let (rollouts, _) = lower(&yaml);
    assert_eq!(rollouts[0].refusal, None);
    let spec = rollouts[0].blue_green.as_ref().expect("blue-green");
    assert!(spec.pre.is_some() && spec.post.is_none());
    let (message, ..) = refusal(&yaml.replace("      count: 5\n", ""));
    let path = "spec.strategy.blueGreen.prePromotionAnalysis.templates";
    assert!(message.contains(path), "{message}");
    let same = "activeService: a\n      previewService: a\n";
    let (message, ..) = refusal(&yaml.replace("activeService: a\n", same));
    assert!(
        message.contains("for the active and preview services"),
        "{message}"
    );
}

#[test]
fn conditions_are_checked_where_they_stand() {
    let yaml = counted().replace("result[0] >= 0.95", "result[0] >=");
    let (_, diagnostics) = lower(&yaml);
    let error = diagnostics.iter().next().expect("found");
    // Argo takes the template, and every measurement is an Error.
    assert_eq!(error.severity, Severity::Warning);
    assert!(error.message.contains("makes every measurement an Error"));
    let line = line_of(&yaml, "successCondition: result[0] >=");
    let column = "      successCondition: result[0] >=".len() + 1;
    assert_eq!((error.position.line, error.position.column), (line, column));
    let yaml = counted().replace("result[0] >= 0.95", "result[0] >= args.limit");
    let (rollouts, diagnostics) = lower(&yaml);
    assert_eq!(rollouts.len(), 1);
    let warning = diagnostics.iter().next().expect("found");
    assert_eq!(warning.severity, Severity::Warning);
    assert!(
        warning.message.contains("unknown name args"),
        "{}",
        warning.message
    );
}

#[test]
fn a_step_plugin_is_refused_by_its_name() {
    let plugin = "        - plugin: {name: argoproj-labs/step-exec}\n        - setWeight: 30\n";
    let yaml = counted().replace("        - setWeight: 30\n", plugin);
    let (_, diagnostics) = lower(&yaml);
    let error = diagnostics.iter().next().expect("found");
    assert!(error.message.contains("steps[3].plugin"), "{error:?}");
    assert!(
        error.help.contains("`argoproj-labs/step-exec`"),
        "{error:?}"
    );
}

#[test]
fn a_template_without_a_namespace_fits_any() {
    let (first, second) = TUTORIAL.split_once("\n---").expect("two documents");
    let free = second.replace("  namespace: production\n", "");
    let (message, ..) = refusal(&format!("{first}\n---{free}"));
    assert!(message.contains("runs indefinitely"), "{message}");
    let other = second.replace("namespace: production", "namespace: staging");
    let (message, _, help) = refusal(&format!("{first}\n---{other}"));
    assert!(message.contains("not found"), "{message}");
    assert!(help.contains("is in namespace `staging`"), "{help}");
    let cluster = second.replace("AnalysisTemplate", "ClusterAnalysisTemplate");
    let (_, _, help) = refusal(&format!("{first}\n---{cluster}"));
    assert!(help.contains("clusterScope: true"), "{help}");
}

#[test]
fn an_argument_that_nobody_declares_is_warned_of() {
    let yaml = counted().replace(
        "              - templateName: success-rate-check\n",
        "              - templateName: success-rate-check\n            args: [{name: lost, value: \
         x}]\n",
    );
    let (rollouts, diagnostics) = lower(&yaml);
    assert_eq!(rollouts[0].refusal, None);
    let warning = diagnostics.iter().next().expect("found");
    assert!(warning.message.contains("`lost`"), "{}", warning.message);
    assert_eq!(warning.position.line, line_of(&yaml, "args: [{name: lost"));
}

#[test]
fn an_analysis_that_ends_at_once_is_warned_of() {
    let yaml = counted().replace("count: 5", "count: 2");
    let (rollouts, diagnostics) = lower(&yaml);
    assert_eq!(rollouts[0].refusal, None);
    let warning = diagnostics.iter().next().expect("found");
    assert_eq!(warning.severity, Severity::Warning);
    let cause = "count (2) must be >= failureLimit + consecutiveSuccessLimit (3 + 0)";
    assert!(warning.message.contains(cause), "{}", warning.message);
}

#[test]
fn wrong_types_and_typos_are_all_reported_at_once() {
    let yaml = counted()
        .replace("replicas: 10", "replicas: ten\n  typo: 1")
        .replace("failureLimit: 3", "failureLimit: 3.5")
        .replacen("interval: 2m", "interval: 120", 1);
    let (rollouts, diagnostics) = lower(&yaml);
    assert!(rollouts.is_empty());
    let found: Vec<_> = diagnostics
        .iter()
        .map(|d| (d.position.line, d.severity))
        .collect();
    for (text, severity) in [
        ("replicas: ten", Severity::Error),
        ("typo", Severity::Warning),
        ("failureLimit", Severity::Error),
        ("interval: 120", Severity::Error),
    ] {
        assert!(
            found.contains(&(line_of(&yaml, text), severity)),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn a_workload_reference_excludes_a_template_and_is_not_read() {
    let reference = "  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: x}\n";
    let both = counted().replacen("  template:\n", &format!("{reference}  template:\n"), 1);
    let (message, line, help) = refusal(&both);
    let wanted = "spec.template: Internal error: template must be empty for workload reference";
    assert!(message.contains(wanted), "{message}");
    assert_eq!(line, line_of(&both, "  template:") + 1);
    assert!(help.contains("remove `template`"), "{help}");
    let alone = both.replacen("  template:\n", "  template: {}\n  lost:\n", 1);
    let (rollouts, diagnostics) = lower(&alone);
    assert_eq!(rollouts[0].refusal, None);
    let warned = diagnostics.iter().map(|d| d.message.as_str());
    let not_read = "the Deployment of `spec.workloadRef` is not read";
    assert_eq!(warned.filter(|m| *m == not_read).count(), 1);
}

#[test]
fn more_pods_than_can_be_simulated_are_an_error() {
    let with = |n: &str| counted().replace("replicas: 10", &format!("replicas: {n}"));
    assert_eq!(errors(&with("10000")), []);
    let found = errors(&with("10001"));
    let wanted = "`spec.replicas` is 10001, more than coalmine simulates";
    assert_eq!(
        found,
        [(line_of(&with("1"), "replicas:"), wanted.to_owned())]
    );
}

#[test]
fn a_step_of_null_gets_the_cure_for_its_kind() {
    let weight = counted().replacen("setWeight: 30", "setWeight:", 1);
    let (_, _, help) = refusal(&weight);
    assert!(help.contains("`setWeight: 20`"), "{help}");
    let pause = counted().replacen("setWeight: 30", "pause:", 1);
    let (_, _, help) = refusal(&pause);
    assert!(help.contains("`pause: {}`"), "{help}");
}

/// Warnings as `line: message`.
fn warnings(yaml: &str) -> Vec<(usize, String)> {
    let (rollouts, diagnostics) = lower(yaml);
    assert_eq!(rollouts.len(), 1, "{diagnostics:?}");
    assert_eq!(rollouts[0].refusal, None);
    let all = diagnostics.iter();
    all.map(|d| (d.position.line, d.message.clone())).collect()
}

#[test]
fn analyses_that_always_end_in_error_are_warned_of_at_the_field() {
    let cases = [
        ("interval: 2m", "interval: bad", "invalid interval string"),
        ("interval: 2m", "interval: \"2\"", "missing unit"),
        (
            "failureLimit: 3",
            "failureLimit: -1",
            "cannot both be disabled",
        ),
        (
            "failureLimit: 3",
            "failureLimit: -7",
            "or -1 to be disabled",
        ),
        ("count: 5", "count: 2", "count (2) must be >= failureLimit"),
        (
            "count: 5",
            "consecutiveErrorLimit: -1\n      count: 5",
            "must be >= 0",
        ),
    ];
    for (from, to, cause) in cases {
        let yaml = counted().replacen(from, to, 1);
        let found = warnings(&yaml);
        assert_eq!(found.len(), 1, "{to}: {found:?}");
        let line = line_of(&yaml, to.lines().next().unwrap_or(to));
        assert_eq!(found[0].0, line, "{found:?}");
        assert!(
            found[0].1.contains("every AnalysisRun end in Error"),
            "{found:?}"
        );
        assert!(found[0].1.contains(cause), "{found:?}");
    }
    let (head, _) = TUTORIAL.split_once("  metrics:\n").expect("metrics");
    let found = warnings(&format!("{head}  metrics: []\n"));
    assert!(found[0].1.contains("no metrics specified"), "{found:?}");
    let absurd = counted().replacen("failureLimit: 3", "failureLimit: 99999999999", 1);
    assert!(errors(&absurd)[0].1.contains("not a 32-bit integer"));
}

#[test]
fn conditions_that_are_never_true_or_false_are_warned_of() {
    for text in ["result", "1", "\"abc\"", "result[0]", "nil"] {
        let quoted = format!("'{text}'");
        let yaml = counted().replacen("result[0] >= 0.95", &quoted, 1);
        let found = warnings(&yaml);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(
            found[0].1.contains("makes every measurement an Error"),
            "{found:?}"
        );
    }
    for text in [
        "isNil(result)",
        "true",
        "default(result, 1)",
        "len(result) > 1",
    ] {
        let quoted = format!("'{text}'");
        let yaml = counted().replacen("result[0] >= 0.95", &quoted, 1);
        assert_eq!(warnings(&yaml), [], "{text}");
    }
}

#[test]
fn a_refusal_quotes_no_control_characters() {
    let odd = "templateName: \"a\\e[31m\"";
    let (message, ..) = refusal(&counted().replace("templateName: success-rate-check", odd));
    assert!(message.contains("'a\\u{1b}[31m' not found"), "{message}");
    let named = counted().replace("name: success-rate-check", "name: Success");
    assert!(
        errors(&named)[0]
            .1
            .contains("`metadata.name` is \"Success\"")
    );
}

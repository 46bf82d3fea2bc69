//! Each rule with what it finds and what comes near.

use coalmine_policy::source::{Diagnostics, Source};
use coalmine_sim::scenario::Scenario;

use super::*;
use crate::catalogue;

fn source(text: &str) -> Source {
    Source {
        file: "policy.yaml".into(),
        text: text.into(),
    }
}

/// The rules that find something, each as often as it does.
fn found_with(text: &str, scenarios: &[Scenario]) -> Vec<&'static str> {
    let linted = lint(&[source(text)], scenarios, &[]);
    linted
        .findings
        .iter()
        .map(|finding| finding.rule.id)
        .collect()
}

fn found(text: &str) -> Vec<&'static str> {
    found_with(text, &[])
}

#[track_caller]
fn finds(rule: &str, text: &str) {
    let found = found(text);
    assert!(
        found.contains(&rule),
        "{rule} is not in {found:?} of\n{text}"
    );
}

#[track_caller]
fn spares(rule: &str, text: &str) {
    let linted = lint(&[source(text)], &[], &[]);
    let mut own = linted
        .findings
        .iter()
        .filter(|finding| finding.rule.id == rule);
    assert!(
        own.next().is_none(),
        "{rule} finds something in\n{text}: {:?}",
        linted.findings
    );
}

/// An AnalysisTemplate with one metric: lines of the metric, and the query.
fn argo(metric: &str, query: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: t}}\nspec:\n  args:\n  - name: \
         canary\n  metrics:\n  - name: m\n{}    provider:\n      prometheus:\n        address: \
         http://prometheus:9090\n        query: |\n          {query}\n",
        metric
            .lines()
            .map(|line| format!("    {line}\n"))
            .collect::<String>()
    )
}

const TEN: &str = "interval: 1m\ncount: 10\n";
const GUARDED: &str = "interval: 1m\ncount: 10\nsuccessCondition: len(result) == 0 || isNaN(result[0]) || result[0] >= 0.95\n";
const RATIO: &str = "sum(rate(http_requests_total{service=\"{{args.canary}}\",code!~\"5..\"}[2m])) / \
                     sum(rate(http_requests_total{service=\"{{args.canary}}\"}[2m]))";

/// A Rollout of these steps that uses the template `t`.
fn rollout(spec: &str, steps: &str) -> String {
    let steps: String = steps
        .lines()
        .map(|line| format!("      {line}\n"))
        .collect();
    format!(
        "---\napiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: app}}\nspec:\n{spec}  selector: \
         {{matchLabels: {{app: app}}}}\n  template:\n    metadata: {{labels: {{app: app}}}}\n    spec: {{containers: \
         [{{name: app, image: app:1}}]}}\n  strategy:\n    canary:\n      steps:\n{steps}"
    )
}

const USED: &str = "- analysis:\n    templates: [{templateName: t}]\n    args: [{name: canary, value: app-canary}]\n";
const BACKGROUND: &str = "      analysis:\n        templates: [{templateName: t}]\n        args: [{name: canary, value: \
                          app-canary}]\n";

/// A Canary with these lines of `analysis`.
fn flagger(analysis: &str, metrics: &str) -> String {
    let own: String = analysis
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect();
    let metrics: String = metrics
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect();
    format!(
        "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {{name: app, namespace: test}}\nspec:\n  provider: \
         istio\n  targetRef: {{apiVersion: apps/v1, kind: Deployment, name: app}}\n  service: {{port: 80}}\n  \
         analysis:\n{own}    metrics:\n{metrics}"
    )
}

const PACE: &str = "interval: 1m\nthreshold: 5\nmaxWeight: 50\nstepWeight: 10\n";
const SUCCESS: &str = "- name: request-success-rate\n  thresholdRange: {min: 99}\n  interval: 1m\n";

fn inline(query: &str) -> String {
    flagger(
        PACE,
        &format!(
            "- name: own\n  thresholdRange: {{max: 1}}\n  interval: 1m\n  query: |\n    {query}\n"
        ),
    )
}

fn traffic(name: &str) -> Scenario {
    catalogue::find(name).expect("is in the catalogue")
}

#[test]
fn rules_have_ids_names_reasons_and_cures_of_their_own() {
    for (index, rule) in RULES.iter().enumerate() {
        assert_eq!(super::rule(rule.id).map(|one| one.id), Some(rule.id));
        assert_eq!(super::rule(rule.name).map(|one| one.id), Some(rule.id));
        assert!(
            !rule.reason.is_empty() && !rule.cure.is_empty(),
            "{}",
            rule.id
        );
        assert!(
            RULES[..index].iter().all(|other| other.id < rule.id),
            "{}",
            rule.id
        );
    }
}

/// The page has a section for each rule, with what the rule says of itself.
#[test]
fn every_rule_is_explained_on_its_page() {
    let page = include_str!("../../../docs/lint.md");
    for rule in RULES {
        let section = page
            .split("\n### ")
            .find(|section| section.starts_with(rule.id));
        let section = section.unwrap_or_else(|| panic!("{} has no section", rule.id));
        for said in [rule.name, rule.level.as_str(), rule.reason, rule.cure] {
            assert!(
                section.contains(said),
                "{}: {said} is not in {section}",
                rule.id
            );
        }
        assert!(
            rule.evidence.iter().all(|uri| section.contains(uri)),
            "{}",
            rule.id
        );
        assert_eq!(rule.page, format!("docs/lint.md#{}", rule.id));
    }
    assert_eq!(page.matches("\n### ").count(), RULES.len());
}

#[test]
fn cm00_unreadable() {
    finds(
        "CM00",
        "apiVersion: v1\nkind: {{ .Values.kind }}\n  broken: [\n",
    );
    spares("CM00", &argo(GUARDED, RATIO));
}

#[test]
fn cm01_minimum_requests_cliff() {
    let text = flagger(PACE, SUCCESS);
    assert!(found_with(&text, &[traffic("off-peak/healthy")]).contains(&"CM01"));
    assert!(!found_with(&text, &[traffic("steady/healthy")]).contains(&"CM01"));
    assert!(!found(&text).contains(&"CM01"), "no number without traffic");
}

#[test]
fn cm02_unguarded_ratio() {
    let plain = format!("{TEN}successCondition: result[0] >= 0.95\n");
    finds("CM02", &argo(&plain, RATIO));
    spares("CM02", &argo(GUARDED, RATIO));
    let errors =
        "sum(rate(http_requests_total{code=~\"5..\"}[2m])) / sum(rate(http_requests_total[2m]))";
    finds(
        "CM02",
        &argo(
            &format!("{TEN}successCondition: result[0] < 0.05\n"),
            errors,
        ),
    );
    finds("CM02", &inline(errors));
    spares(
        "CM02",
        &inline(&format!("({errors}) > 0 or on() vector(0)")),
    );
}

#[test]
fn cm03_failure_limit_misread() {
    finds(
        "CM03",
        &argo(&format!("{GUARDED}failureLimit: 10\n"), RATIO),
    );
    spares("CM03", &argo(&format!("{GUARDED}failureLimit: 9\n"), RATIO));
    spares(
        "CM03",
        &argo(
            "interval: 1m\nfailureLimit: 10\nsuccessCondition: result[0] > 1\n",
            "vector(2)",
        ),
    );
}

#[test]
fn cm04_background_inconclusive_ignored() {
    let gap =
        "interval: 1m\nsuccessCondition: result[0] >= 0.99\nfailureCondition: result[0] < 0.9\n";
    let closed =
        "interval: 1m\nsuccessCondition: result[0] >= 0.9\nfailureCondition: result[0] < 0.9\n";
    let steps = "- setWeight: 50\n- pause: {duration: 10m}\n";
    let with = |metric: &str| argo(metric, RATIO) + &rollout("  replicas: 2\n", steps) + BACKGROUND;
    finds("CM04", &with(gap));
    spares("CM04", &with(closed));
    let step = format!("{gap}count: 5\n");
    let asked = format!("- setWeight: 50\n{USED}");
    spares(
        "CM04",
        &(argo(&step, RATIO) + &rollout("  replicas: 2\n", &asked)),
    );
}

#[test]
fn cm05_tail_quantile_on_few_samples() {
    let tail = "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{pod=~\"app-[0-9a-z]+-[0-9a-z]+\"}[1m])))";
    assert!(found_with(&inline(tail), &[traffic("off-peak/healthy")]).contains(&"CM05"));
    let median = tail.replace("0.99", "0.6");
    assert!(!found_with(&inline(&median), &[traffic("steady/healthy")]).contains(&"CM05"));
    assert!(!found(&inline(tail)).contains(&"CM05"));
}

#[test]
fn cm06_window_too_short() {
    finds("CM06", &argo(GUARDED, &RATIO.replace("[2m]", "[20s]")));
    finds(
        "CM06",
        &argo(
            &GUARDED.replace("1m", "5m"),
            &RATIO.replace("{{args.canary}}", "canary"),
        ),
    );
    spares("CM06", &argo(GUARDED, RATIO));
}

#[test]
fn cm07_not_canary_only() {
    let ratio = |pods: &str| {
        format!(
            "(sum(rate(http_requests_total{{pod=~\"{pods}\",code=~\"5..\"}}[1m])) or on() vector(0)) / \
             sum(rate(http_requests_total{{pod=~\"{pods}\"}}[1m])) > 0 or on() vector(0)"
        )
    };
    finds("CM07", &inline(&ratio("app-.*")));
    spares("CM07", &inline(&ratio("app-[0-9a-z]+-[0-9a-z]+")));
    let steps = format!("- setWeight: 50\n- pause: {{duration: 5m}}\n{USED}");
    let with = |query: &str| argo(GUARDED, query) + &rollout("  replicas: 2\n", &steps);
    finds("CM07", &with(&RATIO.replace("{{args.canary}}", "app")));
    spares("CM07", &with(RATIO));
    spares(
        "CM07",
        &with(&RATIO.replace("{{args.canary}}", "app-canary")),
    );
}

#[test]
fn cm08_ratio_of_different_scopes() {
    let other = RATIO.replacen("{service=\"{{args.canary}}\",code", "{code", 1);
    finds("CM08", &argo(GUARDED, &other));
    finds("CM08", &argo(GUARDED, &RATIO.replacen("[2m]", "[5m]", 1)));
    spares("CM08", &argo(GUARDED, RATIO));
}

#[test]
fn cm09_unresolved_argument() {
    finds(
        "CM09",
        &argo(GUARDED, RATIO).replace("- name: canary", "- name: canary\n    value: \"\""),
    );
    spares("CM09", &argo(GUARDED, RATIO));
    let steps = "- setWeight: 50\n- analysis: {templates: [{templateName: t}]}\n";
    finds(
        "CM09",
        &(argo(GUARDED, RATIO) + &rollout("  replicas: 2\n", steps)),
    );
}

#[test]
fn cm10_mean_latency_only() {
    let mean = "sum(rate(http_request_duration_seconds_sum[1m])) / sum(rate(http_request_duration_seconds_count[1m])) > 0 or on() vector(0)";
    finds("CM10", &inline(mean));
    let metrics = format!(
        "- name: own\n  thresholdRange: {{max: 1}}\n  query: {mean}\n- name: tail\n  thresholdRange: {{max: 1}}\n  \
         query: histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[1m])))\n"
    );
    spares("CM10", &flagger(PACE, &metrics));
    spares(
        "CM10",
        &inline("sum(rate(jobs_sum[1m])) / sum(rate(jobs_count[1m])) > 0 or on() vector(0)"),
    );
}

#[test]
fn cm11_unknown_traffic_router() {
    let with = |key: &str| {
        rollout("  replicas: 2\n", "- setWeight: 50\n")
            + &format!("      trafficRouting: {{{key}: {{}}}}\n")
    };
    finds("CM11", &with("gatewayAPI"));
    spares("CM11", &with("traefik"));
}

#[test]
fn cm12_analysis_out_of_step() {
    let steps = "- setWeight: 50\n- pause: {duration: 30m}\n";
    let with = |metric: &str| argo(metric, RATIO) + &rollout("  replicas: 2\n", steps) + BACKGROUND;
    finds("CM12", &with(GUARDED));
    spares("CM12", &with(&GUARDED.replace("count: 10\n", "")));
    spares("CM12", &with(&GUARDED.replace("count: 10", "count: 31")));
    let endless = argo(&GUARDED.replace("count: 10\n", ""), RATIO)
        + &rollout("  replicas: 2\n", &format!("- setWeight: 50\n{USED}"));
    finds("CM12", &endless);
}

#[test]
fn cm13_unreachable_weight() {
    finds("CM13", &rollout("  replicas: 4\n", "- setWeight: 5\n"));
    spares("CM13", &rollout("  replicas: 4\n", "- setWeight: 25\n"));
    spares("CM13", &rollout("", "- setWeight: 5\n"));
}

#[test]
fn cm14_measured_too_early() {
    let with = |steps: &str| argo(GUARDED, RATIO) + &rollout("  replicas: 2\n", steps);
    finds("CM14", &with(&format!("- setWeight: 50\n{USED}")));
    spares(
        "CM14",
        &with(&format!(
            "- setWeight: 50\n- pause: {{duration: 2m}}\n{USED}"
        )),
    );
    let delayed = argo(&format!("{GUARDED}initialDelay: 2m\n"), RATIO)
        + &rollout("  replicas: 2\n", &format!("- setWeight: 50\n{USED}"));
    spares("CM14", &delayed);
}

#[test]
fn cm15_sticky_sessions() {
    finds(
        "CM15",
        &flagger(
            &format!("{PACE}sessionAffinity: {{cookieName: c}}\n"),
            SUCCESS,
        ),
    );
    spares("CM15", &flagger(PACE, SUCCESS));
}

#[test]
fn cm16_failed_checks_add_up() {
    let slow = "interval: 1m\nthreshold: 2\nmaxWeight: 50\nstepWeight: 2\n";
    finds("CM16", &flagger(slow, SUCCESS));
    spares("CM16", &flagger(PACE, SUCCESS));
}

#[test]
fn cm17_one_of_many_elements() {
    let by = |labels: &str| {
        format!(
            "sum by ({labels}) (rate(http_requests_total{{service=\"{{{{args.canary}}}}\"}}[2m]))"
        )
    };
    let condition = format!("{TEN}successCondition: len(result) == 0 || result[0] < 100\n");
    finds("CM17", &argo(&condition, &by("pod")));
    spares("CM17", &argo(&condition, &by("service")));
    spares(
        "CM17",
        &argo(
            &format!("{TEN}successCondition: all(result, # < 100)\n"),
            &by("pod"),
        ),
    );
    finds("CM17", &inline("rate(http_requests_total[1m])"));
}

#[test]
fn cm18_result_of_another_shape() {
    let of = |condition: &str| {
        argo(
            &format!("{TEN}successCondition: {condition}\n"),
            "sum(rate(http_requests_total[2m]))",
        )
    };
    finds("CM18", &of("result > 1"));
    spares("CM18", &of("result[0] > 1"));
    finds(
        "CM18",
        &argo(
            &format!("{TEN}successCondition: result[0] > 1\n"),
            "scalar(sum(up))",
        ),
    );
}

#[test]
fn cm19_quantile_without_le() {
    let of = |by: &str| {
        inline(&format!(
            "histogram_quantile(0.9, sum{by} (rate(d_bucket[1m])))"
        ))
    };
    finds("CM19", &of(" by (pod)"));
    finds("CM19", &of(""));
    spares("CM19", &of(" by (le)"));
}

#[test]
fn cm20_above_the_top_bucket() {
    let with = |limit: &str| {
        flagger(
            PACE,
            &format!(
                "- name: own\n  thresholdRange: {{max: {limit}}}\n  interval: 1m\n  query: histogram_quantile(0.9, sum by \
                 (le) (rate(http_request_duration_seconds_bucket[1m])))\n"
            ),
        )
    };
    let world = [traffic("steady/healthy")];
    assert!(found_with(&with("500"), &world).contains(&"CM20"));
    assert!(!found_with(&with("0.5"), &world).contains(&"CM20"));
}

#[test]
fn cm21_le_as_an_integer() {
    let of = |le: &str| inline(&format!("sum(rate(d_bucket{{le=\"{le}\"}}[1m]))"));
    finds("CM21", &of("1"));
    spares("CM21", &of("1.0"));
    spares("CM21", &of("+Inf"));
}

#[test]
fn cm22_unreadable_for_flagger() {
    finds("CM22", &inline("sum(up) # all of it\n    + 1"));
    spares("CM22", &inline("sum(up) + 1"));
    finds("CM22", &inline("scalar(sum(up))"));
}

#[test]
fn cm23_unknown_template_variable() {
    finds("CM23", &inline("sum(rate(d{app=\"{{ targe }}\"}[1m]))"));
    spares(
        "CM23",
        &inline("sum(rate(d{app=\"{{ target }}\"}[{{ interval }}]))"),
    );
    finds(
        "CM23",
        &argo(GUARDED, &RATIO.replace("{{args.canary}}", "{{args.canry}}")),
    );
}

#[test]
fn cm24_refused() {
    finds(
        "CM24",
        &flagger(
            "interval: 1m\nthreshold: many\nmaxWeight: 50\nstepWeight: 10\n",
            SUCCESS,
        ),
    );
    spares("CM24", &flagger(PACE, SUCCESS));
}

#[test]
fn cm25_without_effect() {
    finds(
        "CM25",
        &argo(
            &format!("{TEN}successCondition: resutl[0] > 1\n"),
            "sum(up)",
        ),
    );
    spares(
        "CM25",
        &argo(
            &format!("{TEN}successCondition: result[0] > 1\n"),
            "sum(up)",
        ),
    );
}

#[test]
fn cm26_invalid_promql() {
    finds("CM26", &inline("sum(rate(d[1m])"));
    spares("CM26", &inline("sum(rate(d[1m]))"));
}

#[test]
fn cm27_not_looked_at() {
    let datadog = argo(TEN, "x").replace(
        "prometheus:\n        address: http://prometheus:9090",
        "datadog:\n        interval: 1m",
    );
    finds("CM27", &datadog);
    spares("CM27", &argo(GUARDED, RATIO));
}

#[test]
fn cm28_not_given() {
    finds(
        "CM28",
        &rollout("  replicas: 2\n", &format!("- setWeight: 50\n{USED}")),
    );
    spares(
        "CM28",
        &(argo(GUARDED, RATIO) + &rollout("  replicas: 2\n", &format!("- setWeight: 50\n{USED}"))),
    );
}

#[test]
fn comments_allow_a_line_a_block_and_an_object() {
    let plain = argo(
        &format!("{TEN}successCondition: result[0] >= 0.95\n"),
        RATIO,
    );
    finds("CM02", &plain);
    spares(
        "CM02",
        &format!("# coalmine: allow CM02 because we like it\n{plain}"),
    );
    spares(
        "CM02",
        &plain.replace(
            "  - name: m",
            "  # coalmine: allow unguarded-ratio\n  - name: m",
        ),
    );
    spares(
        "CM02",
        &plain.replace(
            "        query: |",
            "        # coalmine: allow CM01, CM02\n        query: |",
        ),
    );
    // Behind a line it speaks of that line.
    let limit = argo(
        &format!("{GUARDED}failureLimit: 10 # coalmine: allow CM03\n"),
        RATIO,
    );
    spares("CM03", &limit);
    // Not of the object that follows.
    finds(
        "CM02",
        &format!(
            "# coalmine: allow CM02\n{}---\n{plain}",
            argo(GUARDED, RATIO)
        ),
    );
    finds("CM91", &format!("# coalmine: allow CM13\n{plain}"));
    finds("CM90", &format!("# coalmine: allow CM77\n{plain}"));
}

#[test]
fn line_feeds_of_either_kind_give_the_same() {
    let text = argo(
        &format!("{TEN}successCondition: result[0] >= 0.95\n"),
        RATIO,
    );
    assert_eq!(found(&text), found(&text.replace('\n', "\r\n")));
}

#[test]
fn nothing_is_said_of_what_is_in_order() {
    for text in [argo(GUARDED, RATIO), flagger(PACE, SUCCESS)] {
        let linted = lint(&[source(&text)], &[], &[]);
        let bad = linted
            .findings
            .iter()
            .filter(|f| f.level > crate::finding::Level::Note);
        assert_eq!(bad.count(), 0, "{:?}", linted.findings);
    }
    assert!(Diagnostics::new().is_empty());
}

//! The rules: one entry each, which the page `docs/lint.md` repeats.

use crate::finding::{Level, Rule};

macro_rules! rules {
    ($($id:ident $name:literal $level:ident, $reason:literal, $cure:literal, [$($evidence:literal),* $(,)?];)+) => {
        $(#[doc = $reason] pub static $id: Rule = Rule {
            id: stringify!($id),
            name: $name,
            level: Level::$level,
            reason: $reason,
            cure: $cure,
            evidence: &[$($evidence),*],
            page: concat!("docs/lint.md#", stringify!($id)),
        };)+
        /// Every rule, in the order of ids.
        pub static RULES: &[&Rule] = &[$(&$id),+];
    };
}

rules! {
    CM00 "unreadable" Error,
        "A file that is no YAML is not looked at, whatever is in it",
        "mend the YAML; render Helm templates first: `helm template … | coalmine lint -f -`",
        ["https://github.com/argoproj/argo-rollouts/issues/1176"];
    CM01 "minimum-requests-cliff" Warning,
        "With fewer requests in a window than 1/(1 - threshold), one failed request fails the check",
        "widen the window, begin with a higher weight, or let the check pass below a minimum of requests",
        ["https://github.com/JSONbored/loopover/issues/7170", "https://github.com/kortix-ai/suna/issues/3403"];
    CM02 "unguarded-ratio" Warning,
        "A ratio of rates is NaN without requests and empty without series: both count as failures",
        "add a branch for no data: `… or on() vector(1)` behind a denominator that is kept above 0, or a condition with `len(result) == 0 || isNaN(result[0])`",
        ["https://github.com/argoproj/argo-rollouts/issues/1466", "https://github.com/fluxcd/flagger/issues/1035"];
    CM03 "failure-limit-misread" Warning,
        "failureLimit counts all failures of a run and trips at one more than the limit; it is not a streak",
        "set failureLimit below count, and to one less than the failures that should end the run",
        ["https://github.com/argoproj/argo-rollouts/blob/9f8d111d8/analysis/analysis.go#L662", "https://github.com/kortix-ai/suna/issues/3389"];
    CM04 "background-inconclusive-ignored" Warning,
        "A background analysis that ends Inconclusive stops nothing once the steps are done: the release is promoted",
        "close the gap between successCondition and failureCondition, or ask in an analysis step",
        ["https://github.com/argoproj/argo-rollouts/issues/3850"];
    CM05 "tail-quantile-on-few-samples" Warning,
        "A tail quantile of few requests is the slowest request: p99 needs 1,000 of them, p95 200",
        "widen the window, ask for a lower quantile, or begin with a higher weight",
        ["https://github.com/spinnaker/spinnaker/issues/6278"];
    CM06 "window-too-short" Warning,
        "A window with fewer than two scrapes has no rate, and one shorter than the interval leaves gaps",
        "make the window at least two scrapes (better four) and at least the interval between measurements",
        ["https://prometheus.io/docs/prometheus/latest/querying/functions/#rate"];
    CM07 "not-canary-only" Warning,
        "A query that also counts the stable version's requests dilutes what the canary does",
        "select the canary: by its service, its pod template hash, or its workload's name",
        ["https://github.com/argoproj/argo-rollouts/issues/3802", "https://github.com/argoproj/argo-rollouts/issues/1700", "https://github.com/juspay/hyperswitch-helm/issues/308"];
    CM08 "ratio-of-different-scopes" Warning,
        "A numerator and a denominator that count different things make no share",
        "give both the same matchers, but for the one that tells failures, and the same window",
        ["https://github.com/kortix-ai/suna/issues/3389"];
    CM09 "unresolved-argument" Error,
        "An argument without a value ends every AnalysisRun in an error, and an empty one matches nothing",
        "give the argument a value: in the template's `args`, or where the template is used",
        ["https://github.com/argoproj/argo-rollouts/issues/872", "https://github.com/argoproj/argo-rollouts/issues/1052", "https://github.com/argoproj/argo-rollouts/issues/1208"];
    CM10 "mean-latency-only" Note,
        "A mean hides the tail: one request in a hundred may take ten times as long unseen",
        "add a quantile: `histogram_quantile(0.99, sum by (le) (rate(…_bucket[…])))`",
        ["https://github.com/fluxcd/flagger/blob/v1.44.0/pkg/metrics/observers/nginx.go#L50"];
    CM11 "unknown-traffic-router" Error,
        "The API server drops a trafficRouting key that Argo does not know; replicas then carry the weight",
        "write one of alb, ambassador, apisix, appMesh, istio, nginx, smi, traefik, or the router's plugin below `plugins`",
        ["https://github.com/argoproj/argo-rollouts/issues/4569"];
    CM12 "analysis-out-of-step" Warning,
        "An analysis that never ends, ends early or begins too late does not watch what it should",
        "fit interval, count and initialDelay to the pauses of the rollout",
        ["https://github.com/argoproj/argo-rollouts/issues/3569", "https://github.com/argoproj/argo-rollouts/issues/1411"];
    CM13 "unreachable-weight" Warning,
        "Without a traffic router weights are whole pods: 5 % of 4 pods is 20 %",
        "use a traffic router, more replicas, or weights that pods can make",
        ["https://github.com/argoproj/argo-rollouts/issues/1713"];
    CM14 "measured-too-early" Warning,
        "What is measured right after a weight change is the time before it, and pods that are cold",
        "pause before the analysis, or set initialDelay above warm-up, router lag and two scrapes",
        ["https://github.com/kortix-ai/suna/issues/3410", "https://github.com/argoproj/argo-rollouts/issues/3617"];
    CM15 "sticky-sessions" Warning,
        "With sticky sessions the canary's share of requests is not its weight",
        "take the stickiness away while weights matter, or judge the canary by shares, never by volume",
        ["https://github.com/fluxcd/flagger/issues/1655", "https://github.com/fluxcd/flagger/issues/1647"];
    CM16 "failed-checks-add-up" Note,
        "Flagger's failed checks add up over the whole rollout and never decay",
        "raise the threshold with the number of checks, or take fewer steps",
        ["https://github.com/fluxcd/flagger/blob/v1.44.0/pkg/controller/scheduler.go#L455"];
    CM17 "one-of-many-elements" Warning,
        "Of several elements Argo's `result[0]` is the first and Flagger's value the last, in no fixed order",
        "aggregate to one element: `sum(…)`, or judge all of them: `all(result, # < 0.05)`",
        ["https://github.com/argoproj/argo-rollouts/blob/9f8d111d8/metricproviders/prometheus/prometheus.go#L156"];
    CM18 "result-of-another-shape" Error,
        "A vector is a list and a scalar is not: comparing one as the other is an error each time",
        "write `result[0]` for a vector and `result` for a scalar",
        ["https://github.com/argoproj/argo-rollouts/blob/9f8d111d8/utils/evaluate/evaluate.go#L18"];
    CM19 "quantile-without-le" Error,
        "histogram_quantile ignores elements without the label le: without `by (le)` its result is empty",
        "write `histogram_quantile(φ, sum by (le) (rate(…_bucket[…])))`",
        ["https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile"];
    CM20 "above-the-top-bucket" Warning,
        "No quantile exceeds the highest finite bucket: a limit at or above it never fails",
        "lower the limit, or give the histogram higher buckets; mind seconds and milliseconds",
        ["https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile"];
    CM21 "le-as-an-integer" Warning,
        "Prometheus 3 stores le=\"1\" as le=\"1.0\": the integer form matches nothing",
        "write le=\"1.0\", or le=~\"1(\\.0)?\" for both versions",
        ["https://prometheus.io/docs/prometheus/latest/migration/"];
    CM22 "unreadable-for-flagger" Error,
        "Flagger joins the lines of a query, so a comment swallows the rest, and it reads no scalar",
        "remove the comment; keep a vector: `vector(…)` or an aggregation instead of `scalar(…)`",
        ["https://github.com/fluxcd/flagger/blob/v1.44.0/pkg/metrics/providers/prometheus.go#L192"];
    CM23 "unknown-template-variable" Error,
        "A placeholder that names nothing ends every run in an error",
        "Argo knows `{{args.NAME}}` of declared arguments, Flagger `{{ name }}`, namespace, target, service, ingress, route, interval and variables.KEY",
        ["https://github.com/argoproj/argo-rollouts/blob/9f8d111d8/utils/template/template.go#L88", "https://github.com/fluxcd/flagger/blob/v1.44.0/pkg/apis/flagger/v1beta1/metric.go#L101"];
    CM24 "refused" Error,
        "The API server or the controller refuses the object: nothing is rolled out",
        "see the finding",
        ["https://github.com/argoproj/argo-rollouts/issues/1187"];
    CM25 "without-effect" Warning,
        "It is accepted and does not do what it seems to",
        "see the finding",
        ["https://github.com/argoproj/argo-rollouts/issues/1187", "https://github.com/argoproj/argo-rollouts/issues/695"];
    CM26 "invalid-promql" Error,
        "Prometheus refuses the query: every measurement is an error",
        "mend the query; `promtool promql format` tells more",
        ["https://github.com/argoproj/argo-rollouts/issues/1187"];
    CM27 "not-looked-at" Note,
        "coalmine does not know this provider or field, so the rules say nothing about it",
        "nothing, if it is as you want it",
        [];
    CM28 "not-given" Note,
        "An object that is referred to is not among the files",
        "give the files that belong together: `-f folder/`",
        ["https://github.com/argoproj/argo-rollouts/issues/3907"];
    CM90 "unknown-rule-allowed" Note,
        "A comment allows a rule that there is not",
        "correct the id; `coalmine lint --help` says where they are listed",
        [];
    CM91 "nothing-to-allow" Note,
        "A comment allows what the rule no longer finds",
        "remove the comment",
        [];
}

/// The rule of this id or name.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    let named = |rule: &&&Rule| rule.id.eq_ignore_ascii_case(id) || rule.name == id;
    RULES.iter().find(named).copied()
}

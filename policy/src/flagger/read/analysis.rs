//! `spec.analysis`.

use super::matches::read_matches;
use super::metrics::read_checks;
use super::spec::{Context, Names};
use super::webhooks::read_webhooks;
use super::{report, traps};
use crate::Span;
use crate::flagger::provider::Observer;
use crate::flagger::{Analysis, Provider};
use crate::source::{Diagnostics, Fields, Severity, parse_go_duration};

/// Flagger canary.go:29.
const DEFAULT_INTERVAL: Span = Span::from_secs(60);
/// Flagger canary.go:647.
const SHORTEST_INTERVAL: Span = Span::from_secs(10);

pub(super) fn read_analysis(
    mut fields: Fields<'_>,
    context: &Context<'_>,
    names: &Names,
    (provider, observer): (Provider, Observer),
    found: &mut Diagnostics,
) -> Option<Analysis> {
    let admission = context.options.admission;
    let errors_before = count_errors(found);
    if admission {
        check_one_of(&mut fields, found);
    }
    let interval_ns = read_interval(&mut fields, admission, found);
    let mut int = |name| fields.int(name, found);
    let (threshold, iterations) = (int("threshold"), int("iterations"));
    let (max_weight, step_weight) = (int("maxWeight"), int("stepWeight"));
    traps::warn_of_replaced((threshold, max_weight), &mut fields, found);
    let mut int = |name| fields.int(name, found);
    let (promotion, mirror_weight) = (int("stepWeightPromotion"), int("mirrorWeight"));
    let (primary, canary) = (int("primaryReadyThreshold"), int("canaryReadyThreshold"));
    let step_weights = read_step_weights(&mut fields, found);
    let mirror = fields.boolean("mirror", found).unwrap_or(false);
    let matches = read_matches(&mut fields, provider, found);
    let checks = read_checks(&mut fields, context, names, observer, found);
    let webhooks = read_webhooks(&mut fields, admission, found);
    read_alerts(&mut fields, found);
    let session_affinity = read_session_affinity(&mut fields, provider, found);
    let analysis = Analysis {
        interval_ns,
        threshold: threshold.filter(|t| *t > 0).unwrap_or(1),
        max_weight: max_weight.unwrap_or(0),
        step_weight: step_weight.unwrap_or(0),
        step_weights,
        step_weight_promotion: promotion.unwrap_or(0),
        iterations: iterations.unwrap_or(0),
        mirror,
        mirror_weight: mirror_weight.unwrap_or(0),
        session_affinity,
        matches,
        primary_ready_threshold: primary.unwrap_or(100),
        canary_ready_threshold: canary.unwrap_or(100),
        checks,
        webhooks,
    };
    // A trap found in half-read numbers would mislead.
    if count_errors(found) == errors_before {
        traps::warn_of(&analysis, provider, &mut fields, found);
    }
    fields.finish(found);
    Some(analysis)
}

fn count_errors(found: &Diagnostics) -> usize {
    found
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .count()
}

/// The schema's `oneOf`.
fn check_one_of(fields: &mut Fields<'_>, found: &mut Diagnostics) {
    report::require(fields, &["interval", "threshold"], found);
    let choices = ["iterations", "stepWeight", "stepWeights"];
    let given: Vec<_> = choices
        .into_iter()
        .filter(|name| fields.node(name).is_some())
        .collect();
    let wanted = "needs exactly one of iterations, stepWeight and stepWeights";
    match given[..] {
        [_] => {}
        [] => {
            let path = fields.path_of("");
            let message = format!("`{}` {wanted}", path.trim_end_matches('.'));
            let cure = "add `stepWeight: 10` for a progressive canary, `iterations: 10` for \
                        blue/green"
                .to_owned();
            let at = fields.position();
            found.push(fields.document().error(at, message, cure));
        }
        [first, second, ..] => {
            let what = format!("cannot stand beside `{first}`: an analysis {wanted}");
            report::error(fields, second, &what, "remove one of them", found);
        }
    }
}

/// Flagger canary.go:637.
fn read_interval(fields: &mut Fields<'_>, admission: bool, found: &mut Diagnostics) -> Span {
    let text = report::interval(fields, admission, found).unwrap_or_default();
    if text.is_empty() {
        return DEFAULT_INTERVAL;
    }
    let cure = "write it as it acts";
    match parse_go_duration(text) {
        Ok(interval) if interval < SHORTEST_INTERVAL => {
            let what = format!("is `{text}`; Flagger raises it to 10s");
            report::warn(fields, "interval", &what, cure, found);
            SHORTEST_INTERVAL
        }
        Ok(interval) => interval,
        Err(error) => {
            let what = format!("is `{text}` ({error}); Flagger takes 60s instead");
            report::warn(fields, "interval", &what, cure, found);
            DEFAULT_INTERVAL
        }
    }
}

fn read_step_weights(fields: &mut Fields<'_>, found: &mut Diagnostics) -> Vec<i64> {
    let path = fields.path_of("stepWeights");
    let document = fields.document();
    let items = fields.list("stepWeights", found).unwrap_or_default();
    let mut weights = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        if let Some(weight) = item.as_int() {
            weights.push(weight);
        } else {
            let message = format!("`{path}[{index}]` is {}, not an integer", item.kind.name());
            found.push(document.error(item.position, message, String::new()));
        }
    }
    weights
}

/// Alerts decide nothing.
fn read_alerts(fields: &mut Fields<'_>, found: &mut Diagnostics) {
    for mut alert in report::items(fields, "alerts", found) {
        report::require(&mut alert, &["name", "providerRef"], found);
        alert.string("name", found);
        if alert.node("severity").is_none() {
            // Flagger events.go:91: no default is applied, whatever the documentation says.
            let what = "is missing, and then the alert is never sent";
            report::warn(&mut alert, "severity", what, "add `severity: info`", found);
        }
        report::word(
            &mut alert,
            "severity",
            &["", "info", "warn", "error"],
            found,
        );
        if let Some(mut provider) = alert.map("providerRef", found) {
            provider.required("name", found);
            for text in ["name", "namespace"] {
                provider.string(text, found);
            }
            provider.finish(found);
        }
        alert.finish(found);
    }
}

fn read_session_affinity(
    fields: &mut Fields<'_>,
    provider: Provider,
    found: &mut Diagnostics,
) -> bool {
    let Some(mut affinity) = fields.map("sessionAffinity", found) else {
        return false;
    };
    affinity.required("cookieName", found);
    let cookie = affinity.string("cookieName", found);
    let primary = affinity.string("primaryCookieName", found);
    // Flagger controller.go:403.
    if cookie.is_some() && cookie == primary {
        let what = "is the same as cookieName; Flagger refuses the Canary";
        let cure = "give the primary's cookie a name of its own";
        report::error(&mut affinity, "primaryCookieName", what, cure, found);
    }
    for text in ["domain", "path"] {
        affinity.string(text, found);
    }
    for flag in ["httpOnly", "partitioned", "secure"] {
        affinity.boolean(flag, found);
    }
    affinity.int("maxAge", found);
    report::word(&mut affinity, "sameSite", &["Strict", "Lax", "None"], found);
    affinity.finish(found);
    if provider != Provider::Istio && !provider.is_gateway_api() {
        let what = format!("does nothing with provider {}", provider.as_str());
        let cure = "only Istio and Gateway API routers set the cookie";
        report::warn(fields, "sessionAffinity", &what, cure, found);
    }
    true
}

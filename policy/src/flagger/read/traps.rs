//! Settings that are accepted and do not do what they seem to.

use super::report::warn;
use crate::flagger::steps::stalls_at;
use crate::flagger::{Analysis, Provider};
use crate::source::{Diagnostics, Fields};

/// Numbers that Flagger replaces without a word: the threshold (Flagger canary.go:655) and the
/// greatest weight (scheduler.go:46).
pub(super) fn warn_of_replaced(
    (threshold, max_weight): (Option<i64>, Option<i64>),
    fields: &mut Fields<'_>,
    found: &mut Diagnostics,
) {
    for (name, given, taken) in [("threshold", threshold, 1), ("maxWeight", max_weight, 100)] {
        if let Some(given) = given.filter(|given| *given <= 0) {
            let what = format!("is {given}; Flagger takes {taken} instead");
            warn(fields, name, &what, "write it as it acts", found);
        }
    }
}

pub(super) fn warn_of(
    analysis: &Analysis,
    provider: Provider,
    fields: &mut Fields<'_>,
    found: &mut Diagnostics,
) {
    if provider == Provider::Kubernetes {
        return without_router(analysis, fields, found);
    }
    match (analysis.iterations > 0, analysis.matches.is_empty()) {
        (false, has_no_match) => progressive(analysis, provider, has_no_match, fields, found),
        (true, false) => ab_testing(analysis, provider, fields, found),
        (true, true) => blue_green(analysis, provider, fields, found),
    }
}

/// Flagger scheduler.go:470-480.
fn without_router(analysis: &Analysis, fields: &mut Fields<'_>, found: &mut Diagnostics) {
    if !analysis.matches.is_empty() {
        let what = "does nothing with provider kubernetes: the run is blue/green";
        warn(
            fields,
            "match",
            what,
            "remove it, or use a provider that routes",
            found,
        );
    }
    if analysis.iterations < 1 {
        let given = ["stepWeight", "stepWeights"];
        let given = given.into_iter().find(|name| fields.node(name).is_some());
        let what = "does nothing with provider kubernetes: 10 iterations of blue/green are run";
        let name = given.unwrap_or("iterations");
        warn(fields, name, what, "set iterations instead", found);
    }
    if analysis.mirror {
        let what = "does nothing with provider kubernetes";
        warn(fields, "mirror", what, "remove it", found);
    }
}

fn progressive(
    analysis: &Analysis,
    provider: Provider,
    has_no_match: bool,
    fields: &mut Fields<'_>,
    found: &mut Diagnostics,
) {
    if analysis.mirror && provider != Provider::Istio {
        // Cases C45, C46.
        let what = format!(
            "never starts with provider {}: the router does not mirror a weighted canary, so the \
             weight stays 0",
            provider.as_str()
        );
        warn(fields, "mirror", &what, "remove it", found);
    } else if analysis.mirror && (!has_no_match || analysis.session_affinity) {
        // Cases D01, D03.
        let beside = if has_no_match {
            "sessionAffinity"
        } else {
            "match"
        };
        let what = format!(
            "never starts beside {beside}: Flagger does not find its mirror again, so the weight \
             stays 0"
        );
        warn(fields, "mirror", &what, "remove one of the two", found);
    } else if !has_no_match && analysis.session_affinity && provider.is_gateway_api() {
        // Case D02.
        let what = "beside match takes the same first step for ever: every tick rewrites the \
                    HTTPRoute with 100/0";
        warn(
            fields,
            "sessionAffinity",
            what,
            "remove one of the two",
            found,
        );
    } else if !has_no_match && provider == Provider::Nginx {
        // Case A05.
        let what = "without iterations promotes after one step: the Ingress reads as 100 % as \
                    soon as a header is set";
        let cure = "add iterations for A/B testing (and remove stepWeight)";
        warn(fields, "match", what, cure, found);
    } else if let Some(weight) = stalls_at(analysis) {
        stalls(analysis, weight, fields, found);
    }
}

/// Flagger scheduler.go:58-88, :493, :570.
fn stalls(analysis: &Analysis, weight: i64, fields: &mut Fields<'_>, found: &mut Diagnostics) {
    if analysis.step_weight <= 0 && !analysis.step_weights.is_empty() {
        let what = format!(
            "stays at {weight} for ever: the element after it is not greater, and without a \
             positive step there is not even a promotion"
        );
        let cure = "list strictly increasing weights above 0";
        warn(fields, "stepWeights", &what, cure, found);
    } else if analysis.step_weight <= 0 {
        let what = "is not above 0: the run stays at weight 0 for ever";
        warn(
            fields,
            "stepWeight",
            what,
            "set for example `stepWeight: 10`",
            found,
        );
    } else {
        let what = format!(
            "is {}, which the weight never reaches: it stays at {weight} and is never promoted",
            analysis.max_weight
        );
        warn(fields, "maxWeight", &what, "set it to at most 100", found);
    }
}

fn ab_testing(
    analysis: &Analysis,
    provider: Provider,
    fields: &mut Fields<'_>,
    found: &mut Diagnostics,
) {
    if !provider.has_header_rules() {
        let what = format!(
            "does nothing with provider {}: all traffic goes to the canary at once",
            provider.as_str()
        );
        warn(
            fields,
            "match",
            &what,
            "remove it, or use a provider with header routes",
            found,
        );
    }
    let staged = (1..100).contains(&analysis.step_weight_promotion);
    if provider == Provider::Nginx && staged {
        // Case A03.
        let what = "never ends with match on an Ingress, which reads as 100 % all the time";
        warn(fields, "stepWeightPromotion", what, "remove it", found);
    }
}

fn blue_green(
    analysis: &Analysis,
    provider: Provider,
    fields: &mut Fields<'_>,
    found: &mut Diagnostics,
) {
    let mirrors = provider == Provider::Istio || provider.is_gateway_api();
    if analysis.mirror && !mirrors {
        let what = format!(
            "does nothing with provider {}: the canary gets no request before the switch",
            provider.as_str()
        );
        warn(
            fields,
            "mirror",
            &what,
            "remove it, or drive load with a rollout hook",
            found,
        );
    }
}

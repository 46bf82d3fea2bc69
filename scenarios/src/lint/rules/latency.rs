//! Latencies: means, buckets and what lies beyond them.

use coalmine_promql::{Expr, MatchOp, Op, Query};

use super::super::catalogue::{CM10, CM20, CM21};
use super::super::check::{Check, Verdict};
use super::super::facts::Facts;
use super::super::query::{quantiles, ratios, selectors};
use super::super::review::Review;
use crate::finding::Finding;

pub(super) fn findings(review: &Review, facts: &[Facts], out: &mut Vec<Finding>) {
    for check in &review.checks {
        let Ok(query) = &check.query else {
            continue;
        };
        if is_mean(query)
            && !review
                .checks
                .iter()
                .any(|other| goes_with(check, other) && looks_at_tail(other))
        {
            let message = format!(
                "metric `{}` is a mean, and no other one looks at the tail",
                check.name
            );
            out.push(check.about_field(&CM10, "name", message, CM10.cure));
        }
        if check.is_builtin() {
            continue;
        }
        integers(check, query, review, out);
        beyond(check, query, facts, out);
    }
}

/// `rate(…_sum) / rate(…_count)` of a duration.
fn is_mean(query: &Query) -> bool {
    ratios(query).iter().any(|(left, right)| {
        let name = |expr: &Expr| selectors(query, expr).first().and_then(|s| s.name.clone());
        let (Some(sum), Some(count)) = (name(left), name(right)) else {
            return false;
        };
        let stem = sum.strip_suffix("_sum");
        let times = ["duration", "latency", "seconds", "millis", "_ms", "time"];
        stem.is_some()
            && stem == count.strip_suffix("_count")
            && times.iter().any(|word| sum.contains(word))
    })
}

fn looks_at_tail(check: &Check) -> bool {
    let Ok(query) = &check.query else {
        // It may.
        return true;
    };
    let by_bucket = query
        .selectors()
        .iter()
        .any(|s| s.name.as_deref().is_some_and(|n| n.ends_with("_bucket")));
    let by_quantile = query
        .selectors()
        .iter()
        .any(|s| s.matchers.iter().any(|m| m.name == "quantile"));
    by_bucket || by_quantile
}

/// Whether two checks belong to one policy, or one file where none uses them.
fn goes_with(check: &Check, other: &Check) -> bool {
    if check.uses.is_empty() {
        return check.file == other.file;
    }
    let policies = |check: &Check| {
        check
            .uses
            .iter()
            .map(|one| one.policy.clone())
            .collect::<Vec<_>>()
    };
    let own = policies(check);
    policies(other).iter().any(|policy| own.contains(policy))
}

fn integers(check: &Check, query: &Query, review: &Review, out: &mut Vec<Finding>) {
    for selector in query.selectors() {
        let is_integer =
            |value: &str| !value.is_empty() && value.chars().all(|c| c.is_ascii_digit());
        let mut bounds = selector
            .matchers
            .iter()
            .filter(|m| m.name == "le" && matches!(m.op, MatchOp::Equal));
        if let Some(bound) = bounds.find(|m| is_integer(&m.value)) {
            let part = selector.name.clone().unwrap_or_default();
            let position = check.in_query(selector.position, &part, &review.sources);
            let value = &bound.value;
            let message = format!(
                "metric `{}`: le=\"{value}\" is stored as le=\"{value}.0\"",
                check.name
            );
            let cure = format!("write le=\"{value}.0\", or le=~\"{value}(\\\\.0)?\"");
            out.push(check.about_query(&CM21, position, message, &cure));
        }
    }
}

/// A limit that no answer exceeds.
fn beyond(check: &Check, query: &Query, facts: &[Facts], out: &mut Vec<Finding>) {
    let Some(factor) = factor(query.expr()) else {
        return;
    };
    if quantiles(query).is_empty() || check.has_assumed_condition() {
        return;
    }
    for fact in facts.iter().filter(|fact| fact.top_s > 0.0) {
        let top = fact.top_s * factor;
        if check.verdict_of(top) == Some(Verdict::Good)
            && check.verdict_of(top * 1e3 + 1.0) == Some(Verdict::Bad)
        {
            let message = format!(
                "metric `{}`: no answer exceeds {top}, the highest bucket in {}, and that passes",
                check.name, fact.scenario
            );
            out.push(check.about_query(&CM20, check.query_at, message, CM20.cure));
            return;
        }
    }
}

/// What a quantile is multiplied with; `None` where it is not the whole query.
fn factor(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Call {
            function: "histogram_quantile",
            ..
        } => Some(1.0),
        Expr::Binary {
            op: Op::Mul,
            left,
            right,
            ..
        } => match (&**left, &**right) {
            (Expr::Number(number), other) | (other, Expr::Number(number)) => {
                Some(number * factor(other)?)
            }
            _ => None,
        },
        _ => None,
    }
}

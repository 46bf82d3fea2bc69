//! Limits that mean something else than they seem to.

use super::super::catalogue::{CM03, CM04, CM16};
use super::super::check::{Check, Verdict, When, finding};
use super::super::review::Review;
use super::super::values::values;
use crate::finding::Finding;

/// With so many checks, failures that never decay add up.
const MANY_CHECKS: usize = 20;
/// So many times the threshold.
const TIMES: usize = 5;

pub(super) fn findings(review: &Review, out: &mut Vec<Finding>) {
    for check in &review.checks {
        never_fails(check, out);
        inconclusive(check, out);
    }
    for (document, canary) in &review.canaries {
        let analysis = &canary.analysis;
        let iterations = usize::try_from(analysis.iterations).unwrap_or(0);
        let checks = analysis.weights().len().max(iterations);
        let threshold = usize::try_from(analysis.threshold).unwrap_or(0);
        if checks < MANY_CHECKS || threshold == 0 || checks < TIMES * threshold {
            continue;
        }
        let at = document.root.at(&["spec", "analysis", "threshold"]);
        let at = at.map_or(document.root.position, |node| node.position);
        let message = format!(
            "{checks} checks or more, and {threshold} that fail anywhere among them roll back: they need not \
             follow each other"
        );
        let cure = "expect single failures to add up; a higher threshold, or fewer steps";
        out.push(finding(&CM16, &document.source.file, at, message, cure));
    }
}

/// analysis.go:662: a run fails when more measurements failed than the limit.
fn never_fails(check: &Check, out: &mut Vec<Finding>) {
    let Some(metric) = check.argo() else {
        return;
    };
    let count = match (metric.count, metric.interval) {
        (Some(count), _) if count > 0 => count,
        (None, None) => 1,
        _ => return,
    };
    let is_written = check.entry.get("failureLimit").is_some();
    if is_written
        && metric.failure_limit >= count
        && !check.assumed.contains(&"failureLimit".to_owned())
    {
        let message = format!(
            "metric `{}`: failureLimit {} with {count} measurement{}: it cannot fail, for it would take {} \
             failures",
            check.name,
            metric.failure_limit,
            if count == 1 { "" } else { "s" },
            metric.failure_limit + 1
        );
        let cure = format!("set failureLimit to {} or less", count - 1);
        out.push(check.about_field(&CM03, "failureLimit", message, &cure));
    }
}

/// A background run that ends Inconclusive after the last step stops nothing.
fn inconclusive(check: &Check, out: &mut Vec<Finding>) {
    let is_background = check.uses.iter().any(|one| one.when == When::Background);
    if !is_background || check.has_assumed_condition() {
        return;
    }
    let mut gap = values(check)
        .into_iter()
        .filter(|value| check.verdict_of(*value) == Some(Verdict::Inconclusive));
    if let Some(value) = gap.next() {
        let message = format!(
            "metric `{}`: a value like {value:.4} is neither a success nor a failure, and a background \
             analysis that is inconclusive does not stop the promotion once the steps are done",
            check.name
        );
        let cure = "close the gap between the conditions, or ask in an analysis step";
        out.push(check.about_field(&CM04, "failureCondition", message, cure));
    }
}

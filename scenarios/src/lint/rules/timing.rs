//! When an analysis looks, and for how long.

use coalmine_policy::Span;
use coalmine_policy::argo::{Rollout, Step};

use super::super::catalogue::{CM12, CM14};
use super::super::check::{Check, When};
use super::super::facts::Facts;
use super::super::query::rates;
use super::super::review::Review;
use super::super::values::span;
use crate::finding::Finding;

pub(super) fn findings(review: &Review, facts: &[Facts], out: &mut Vec<Finding>) {
    for check in review
        .checks
        .iter()
        .filter(|check| check.assumed.is_empty())
    {
        early_end(check, review, out);
        too_early(check, facts, out);
    }
}

/// A background run that is over before the steps are.
fn early_end(check: &Check, review: &Review, out: &mut Vec<Finding>) {
    let Some(metric) = check.argo() else {
        return;
    };
    let (Some(count), Some(interval)) = (metric.count, metric.interval) else {
        return;
    };
    for user in check.uses.iter().filter(|one| one.when == When::Background) {
        let rollout = review
            .rollouts
            .iter()
            .find(|(_, one)| one.name == user.policy);
        let Some(pauses) = rollout.map(|(_, rollout)| pauses(rollout)) else {
            continue;
        };
        let looks = u64::try_from(count - 1).unwrap_or(0);
        let lasts = metric.initial_delay.unwrap_or(Span::ZERO).nanos()
            + interval.nanos().saturating_mul(looks);
        let lasts = Span::from_nanos(lasts);
        if count > 0 && lasts < pauses {
            let message = format!(
                "metric `{}`: {count} measurements every {} are over after {}, and the pauses of {} take {}",
                check.name,
                span(interval),
                span(lasts),
                user.policy,
                span(pauses)
            );
            let cure = "leave `count` out: a background analysis ends with the rollout";
            out.push(check.about_field(&CM12, "count", message, cure));
        }
    }
}

/// The timed pauses together.
fn pauses(rollout: &Rollout) -> Span {
    let pauses = rollout.canary.steps.iter().map(|step| match step {
        Step::Pause(Some(pause)) => pause.nanos(),
        _ => 0,
    });
    Span::from_nanos(pauses.sum())
}

/// A measurement whose window begins before the weight that it should judge.
fn too_early(check: &Check, facts: &[Facts], out: &mut Vec<Finding>) {
    let (Some(metric), Ok(query)) = (check.argo(), &check.query) else {
        return;
    };
    let ranges = rates(query).into_iter();
    let ranges = ranges.filter_map(|(index, _)| query.selectors().get(index)?.range_ms);
    let window = ranges
        .max()
        .and_then(|ms| u64::try_from(ms).ok())
        .unwrap_or(0);
    let window = Span::from_nanos(window.saturating_mul(1_000_000));
    let warm_up = facts
        .iter()
        .map(|fact| fact.warm_up)
        .max()
        .unwrap_or(Span::ZERO);
    for user in &check.uses {
        let When::Step(Some(since)) = user.when else {
            continue;
        };
        let first = since + metric.initial_delay.unwrap_or(Span::ZERO);
        let (message, field) = if first < window {
            (
                format!(
                    "metric `{}`: it is asked {} after the weight was set and looks back {}: most of that is the \
                     time before",
                    check.name,
                    span(first),
                    span(window)
                ),
                "initialDelay",
            )
        } else if first < warm_up {
            (
                format!(
                    "metric `{}`: it is asked {} after the weight was set, and pods are warm after {}",
                    check.name,
                    span(first),
                    span(warm_up)
                ),
                "initialDelay",
            )
        } else {
            continue;
        };
        out.push(check.about_field(&CM14, field, message, CM14.cure));
        return;
    }
}

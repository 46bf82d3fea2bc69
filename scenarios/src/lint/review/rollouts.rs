//! How Rollouts use the checks of their templates.

use std::sync::Arc;

use coalmine_policy::argo::{self, Analysis, Rollout, Step};
use coalmine_policy::source::{Diagnostics, Document};
use coalmine_policy::{Span, Template};

use super::super::check::{Check, Judge, Use, When};
use super::Review;

/// Names that say whose hash it is.
const STABLE: &str = "stable-pod-hash";
const LATEST: &str = "canary-pod-hash";

/// Reads one Rollout in its world.
pub(super) fn rollout(
    document: Document,
    world: &[Document],
    review: &mut Review,
    found: &mut Diagnostics,
) {
    for rollout in argo::read(world, found) {
        for (analysis, used) in uses(&rollout) {
            note(&analysis, &used, review);
        }
        review.rollouts.push((document.clone(), rollout));
    }
}

/// Every analysis with when it runs, and at which share.
fn uses(rollout: &Rollout) -> Vec<(Arc<Analysis>, Use)> {
    let of = |when, share| Use {
        policy: rollout.name.clone(),
        when,
        share,
    };
    let mut list = Vec::new();
    let (mut share, mut since) = (None, None);
    let mut first = Vec::new();
    for (index, step) in rollout.canary.steps.iter().enumerate() {
        match step {
            Step::SetWeight(weight) => {
                share = Some(share_of(rollout, *weight));
                since = Some(Span::ZERO);
                first.push((index, share));
            }
            Step::Pause(None) => since = None,
            Step::Pause(Some(pause)) => since = since.map(|since: Span| since + *pause),
            Step::Analysis(Some(analysis)) => {
                list.push((analysis.clone(), of(When::Step(since), share)));
                // How long it takes is its own affair.
                since = None;
            }
            Step::SetCanaryScale(_) | Step::SetHeaderRoute(_) | Step::SetMirrorRoute(_) => {}
            _ => since = None,
        }
    }
    if let Some(background) = &rollout.canary.background {
        let from = background.starting_step;
        let before = first.iter().rev().find(|(index, _)| *index <= from);
        let after = first.iter().find(|(index, _)| *index > from);
        let share = before.or(after).and_then(|(_, share)| *share);
        list.push((background.analysis.clone(), of(When::Background, share)));
    }
    if let Some(blue_green) = &rollout.blue_green {
        for analysis in blue_green.pre.iter().chain(&blue_green.post) {
            list.push((analysis.clone(), of(When::Elsewhere, None)));
        }
    }
    list
}

/// The share of requests that a weight means, without a router that of the pods.
pub(in super::super) fn share_of(rollout: &Rollout, weight: u32) -> f64 {
    let most = rollout.max_weight();
    if rollout.is_routed() {
        return f64::from(weight) / f64::from(most.max(1));
    }
    let surge = rollout.canary.max_surge;
    let (canary, stable) = argo::weighted_targets(rollout.replicas, weight, most, surge);
    f64::from(canary) / f64::from((canary + stable).max(1))
}

/// Tells the checks of an analysis who uses them, and with which arguments.
fn note(analysis: &Analysis, used: &Use, review: &mut Review) {
    let plan = analysis.plan(&Template::new(STABLE), &Template::new(LATEST));
    for (place, metric) in analysis.places().zip(&plan.metrics) {
        let is_it = |check: &&mut Check| {
            check.file == place.file
                && check.at.line == place.line
                && check.at.column == place.column
        };
        let Some(check) = review.checks.iter_mut().find(is_it) else {
            continue;
        };
        if check.uses.is_empty() {
            check.text = metric.query.text.clone();
            check.query = coalmine_promql::Query::parse(&metric.query.text);
            check.judge = Judge::Argo(Box::new(metric.clone()));
            check.every = metric.interval;
            check.assumed.clear();
        }
        check.uses.push(used.clone());
    }
}

//! Weights that pods cannot make, and sessions that do not follow them.

use coalmine_policy::argo::{Rollout, Step};
use coalmine_policy::source::Document;

use super::super::catalogue::{CM13, CM15};
use super::super::check::finding;
use super::super::review::{Review, items, rollouts};
use crate::finding::Finding;

/// A share may be so much beside its weight.
const APART: f64 = 0.05;

pub(super) fn findings(review: &Review, out: &mut Vec<Finding>) {
    for (document, rollout) in &review.rollouts {
        unreachable(document, rollout, out);
        let weights = rollout
            .canary
            .steps
            .iter()
            .any(|step| matches!(step, Step::SetWeight(_)));
        if rollout.stickiness.is_some() && weights {
            sticky(document, out);
        }
    }
    for (document, canary) in &review.canaries {
        let weights = !canary.analysis.weights().is_empty();
        if weights && (canary.stickiness.is_some() || canary.analysis.session_affinity) {
            sticky(document, out);
        }
    }
}

fn sticky(document: &Document, out: &mut Vec<Finding>) {
    let at = document.root.at(&["metadata", "name"]);
    let at = at.map_or(document.root.position, |node| node.position);
    let message = "sessions stick to a version, so the canary's share of the requests follows its weight slowly, \
                   or not at all";
    out.push(finding(
        &CM15,
        &document.source.file,
        at,
        message.to_owned(),
        CM15.cure,
    ));
}

fn unreachable(document: &Document, rollout: &Rollout, out: &mut Vec<Finding>) {
    // An autoscaler may say how many there are.
    if rollout.is_routed() || document.root.at(&["spec", "replicas"]).is_none() {
        return;
    }
    let steps = items(document.root.at(&["spec", "strategy", "canary", "steps"]));
    for (step, node) in rollout.canary.steps.iter().zip(steps) {
        let Step::SetWeight(weight) = step else {
            continue;
        };
        let wanted = f64::from(*weight) / f64::from(rollout.max_weight().max(1));
        let share = rollouts::share_of(rollout, *weight);
        if (share - wanted).abs() <= APART {
            continue;
        }
        let at = node
            .get("setWeight")
            .map_or(node.position, |node| node.position);
        let message = format!(
            "weight {weight} is {:.0} % of the pods: {} replicas cannot make less of a difference",
            share * 100.0,
            rollout.replicas
        );
        out.push(finding(
            &CM13,
            &document.source.file,
            at,
            message,
            CM13.cure,
        ));
        return;
    }
}

//! The pods of a routed canary, and the weight of one that goes back.

use super::super::rollout::{CanaryScale, Rollout, Step};
use super::{lifted, weight_to_replicas};

/// What the counts of a routed canary depend on besides the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Situation {
    /// `status.currentStepIndex`.
    pub(in super::super) step: usize,
    /// `status.abort`.
    pub(in super::super) aborted: bool,
    /// `status.promoteFull`, or nothing to update.
    pub(in super::super) full: bool,
    /// Available pods of the new and of the stable ReplicaSet.
    pub(in super::super) available: (u32, u32),
}

/// `CalculateReplicaCountsForTrafficRoutedCanary` (`canary.go:377`): canary and stable, the router
/// having been told `told` for the canary, if it was told anything yet.
pub(in super::super) fn routed_counts(
    rollout: &Rollout,
    at: Situation,
    told: Option<u32>,
) -> (u32, u32) {
    let (replicas, max) = (rollout.replicas, rollout.max_weight());
    let count = |weight| weight_to_replicas(replicas, weight, max);
    let lift = |count| lifted(count, rollout.canary.min_pods, replicas);
    let (mut canary, weight) = match canary_scale(rollout, at) {
        Some(CanaryScale::Replicas(replicas)) => (replicas, 0),
        // canary.go:509: in parts of maxTrafficWeight, as a setWeight is.
        Some(CanaryScale::Weight(weight)) => (lift(count(weight)), weight),
        _ => {
            let weight = desired_weight(rollout, at);
            (lift(count(weight)), weight)
        }
    };
    if !rollout.canary.dynamic_stable {
        // canary.go:391: stable is whole, and no minimum lifts it.
        return (canary, replicas);
    }
    let wanted = count(max.saturating_sub(weight));
    let carrying = told.map_or(0, |told| count(max.saturating_sub(told)));
    if at.aborted {
        // canary.go:413: the canary stays as long as it gets traffic.
        canary = canary.max(told.map_or(0, count));
    }
    (lift(canary), lift(wanted.max(carrying)))
}

/// `UseSetCanaryScale` (`canary.go:583`): the nearest one at or before the current step.
fn canary_scale(rollout: &Rollout, at: Situation) -> Option<CanaryScale> {
    if at.full || at.aborted && rollout.canary.abort_delay.is_some() {
        return None;
    }
    // Past the end there is none.
    let steps = rollout.canary.steps.get(..=at.step)?;
    let scales = steps.iter().rev().filter_map(|step| match step {
        Step::SetCanaryScale(scale) => Some(*scale),
        _ => None,
    });
    scales
        .take(1)
        .find(|scale| *scale != CanaryScale::MatchTraffic)
}

/// `GetCanaryReplicasOrWeight` (`canary.go:502`) without a setCanaryScale.
pub(in super::super) fn desired_weight(rollout: &Rollout, at: Situation) -> u32 {
    if at.full {
        return rollout.max_weight();
    }
    if at.aborted && rollout.canary.dynamic_stable && rollout.is_routed() {
        return step_back(rollout, at.available);
    }
    current_set_weight(rollout, at)
}

/// `GetCurrentSetWeight` (`canary.go:562`).
pub(in super::super) fn current_set_weight(rollout: &Rollout, at: Situation) -> u32 {
    if at.aborted {
        return 0;
    }
    match rollout.canary.steps.get(..=at.step) {
        None => rollout.max_weight(),
        Some(steps) => last_weight(steps),
    }
}

/// The last `setWeight` of some steps; 0 when there is none.
pub(in super::super) fn last_weight(steps: &[Step]) -> u32 {
    set_weights(steps).next().unwrap_or(0)
}

/// The weights of `setWeight` steps, the last one first.
fn set_weights(steps: &[Step]) -> impl Iterator<Item = u32> {
    steps.iter().rev().filter_map(|step| match step {
        Step::SetWeight(weight) => Some(*weight),
        _ => None,
    })
}

/// `GetDesiredCanaryWeight` (`canary.go:517`): an aborted canary with a dynamic stable goes back
/// through the steps' weights, as far as stable's pods allow.
fn step_back(rollout: &Rollout, (new, stable): (u32, u32)) -> u32 {
    let canary = &rollout.canary;
    let short = rollout.replicas.saturating_sub(stable);
    // canary.go:533: an explicit delay keeps the canary's pods, so their number says nothing.
    let pods = match canary.abort_delay_set && canary.abort_delay.is_some() {
        true => short,
        false => short.max(new),
    };
    let fits =
        |weight: &u32| weight_to_replicas(rollout.replicas, *weight, rollout.max_weight()) < pods;
    set_weights(&canary.steps).find(fits).unwrap_or(0)
}

/// `calculateDesiredWeightOnAbortOrStableRollback` (`trafficrouting.go:363`): what the router gets
/// while the traffic goes back, having been told `told`.
pub(in super::super) fn weight_on_the_way_back(
    rollout: &Rollout,
    at: Situation,
    told: Option<u32>,
) -> u32 {
    if !rollout.canary.dynamic_stable || rollout.replicas == 0 {
        return 0;
    }
    let max = rollout.max_weight();
    let desired = match at.aborted {
        true => step_back(rollout, at.available),
        false => current_set_weight(rollout, at),
    };
    let share = u64::from(max) * u64::from(at.available.1) / u64::from(rollout.replicas);
    let stable = u32::try_from(share).unwrap_or(u32::MAX);
    let Some(told) = told else {
        return max.saturating_sub(stable).max(desired);
    };
    if desired == 0 {
        // A weight that is lower already does not rise again.
        return max.saturating_sub(stable).min(told);
    }
    if stable < max.saturating_sub(desired) {
        // Stable is still growing.
        return told;
    }
    desired.min(told)
}

#[cfg(test)]
mod recorded;

//! How many pods each ReplicaSet should have (`utils/replicaset/canary.go`).

use super::rollout::{Canary, Threshold};

/// A ReplicaSet's pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Pods {
    /// `spec.replicas`.
    pub spec: u32,
    /// `status.replicas`.
    pub created: u32,
    /// `status.availableReplicas`.
    pub available: u32,
}

/// The canary and stable counts that come closest to `weight` of `max_weight`
/// (`approximateWeightedCanaryStableReplicaCounts`): in all `replicas`, or one more when surging is
/// allowed. Ties keep the earlier candidate.
#[must_use]
pub fn weighted_targets(replicas: u32, weight: u32, max_weight: u32, max_surge: u32) -> (u32, u32) {
    if replicas == 0 || max_weight == 0 {
        return (0, 0);
    }
    let exact = u64::from(replicas) * u64::from(weight);
    let ceil = u32::try_from(exact.div_ceil(max_weight.into())).unwrap_or(u32::MAX);
    let floor = u32::try_from(exact / u64::from(max_weight)).unwrap_or(u32::MAX);
    // Neither canary nor stable may vanish in between, unless there is one pod only.
    let zero_allowed = weight == max_weight || weight == 0 || (replicas == 1 && max_surge == 0);
    let floor_allowed = floor != 0 || zero_allowed;
    let mut options = [None; 4];
    if ceil < replicas || zero_allowed {
        options[0] = Some((ceil, replicas));
    }
    if floor_allowed && !tied(replicas, weight, max_weight) {
        options[1] = Some((floor, replicas));
    }
    if max_surge > 0 {
        options[2] = Some((ceil, replicas + 1));
        if floor_allowed && !tied(replicas + 1, weight, max_weight) {
            options[3] = Some((floor, replicas + 1));
        }
    }
    let delta = |(canary, total): (u32, u32)| {
        let actual = f64::from(canary) * f64::from(max_weight) / f64::from(total);
        (actual - f64::from(weight)).abs()
    };
    let mut best: Option<((u32, u32), f64)> = None;
    for option in options.into_iter().flatten() {
        let off = delta(option);
        if best.is_none_or(|(_, least)| off < least) {
            best = Some((option, off));
        }
    }
    match best {
        Some(((canary, total), _)) => (canary, total.saturating_sub(canary)),
        None => (0, replicas),
    }
}

/// `floorCeilingTied`: exactly half-way.
fn tied(total: u32, weight: u32, max_weight: u32) -> bool {
    (f64::from(total) * (f64::from(weight) / f64::from(max_weight))).fract() == 0.5
}

/// The next counts of the canary and stable ReplicaSets on the way to `target` (canary, stable),
/// within maxSurge and maxUnavailable (`CalculateReplicaCountsForBasicCanary`). `others` is the
/// size of all older ReplicaSets.
#[must_use]
pub fn basic_canary(
    replicas: u32,
    canary: &Canary,
    target: (u32, u32),
    (new, stable): (Pods, Pods),
    others: u32,
) -> (u32, u32) {
    let n = i64::from;
    let (want_new, want_stable) = (n(target.0), n(target.1));
    let most = n(replicas) + n(canary.max_surge);
    let mut room = most - n(new.spec) - n(stable.spec) - n(others);
    let (mut next_new, mut next_stable) = (n(new.spec), n(stable.spec));
    if next_stable < want_stable && room > 0 {
        let grown = want_stable.min(next_stable + room);
        room -= grown - next_stable;
        next_stable = grown;
    }
    if next_new < want_new && room > 0 {
        next_new = want_new.min(next_new + room);
    }
    // Older ReplicaSets go first.
    if others > 0 {
        return clamp(next_new, next_stable);
    }
    let least = n(replicas) - n(canary.max_unavailable);
    // canary.go:189: the side that is meant to shrink counts by its size, the other one by what is
    // available.
    let rising = want_new >= n(new.spec);
    let can_drop = counted(new, !rising) + counted(stable, rising) - least;
    if can_drop <= 0 {
        return clamp(next_new, next_stable);
    }
    if rising {
        if n(stable.spec) > want_stable {
            next_stable = want_stable.max(n(stable.spec) - can_drop);
        }
        (next_stable, next_new) = within(stable, new, next_stable, next_new, most, least);
    } else {
        if n(new.spec) > want_new {
            next_new = want_new.max(n(new.spec) - can_drop);
        }
        (next_new, next_stable) = within(new, stable, next_new, next_stable, most, least);
    }
    clamp(next_new, next_stable)
}

fn clamp(new: i64, stable: i64) -> (u32, u32) {
    let count = |value: i64| u32::try_from(value.max(0)).unwrap_or(u32::MAX);
    (count(new), count(stable))
}

/// `GetReplicasForScaleDown`.
fn counted(pods: Pods, ignore_availability: bool) -> i64 {
    if ignore_availability || pods.spec < pods.available {
        pods.spec.into()
    } else {
        pods.available.into()
    }
}

/// `adjustReplicaWithinLimits`: keeps both counts within the surge without giving up availability.
fn within(
    drained: Pods,
    kept: Pods,
    mut next_drained: i64,
    mut next_kept: i64,
    most: i64,
    least: i64,
) -> (i64, i64) {
    let over = (next_kept + next_drained - most).max(0);
    next_kept -= over;
    let kept_available = i64::from(kept.available);
    let available = i64::from(drained.available).min(next_drained) + kept_available.min(next_kept);
    let lost = (kept_available - next_kept).max(0);
    next_kept += lost.min((least - available).max(0));
    next_drained -= (next_kept + next_drained - most).max(0);
    (next_drained, next_kept)
}

/// `trafficWeightToReplicas`: the pods for `weight` of `max_weight`, rounded up.
pub(super) fn weight_to_replicas(replicas: u32, weight: u32, max_weight: u32) -> u32 {
    let exact = u64::from(weight) * u64::from(replicas);
    let count = exact.div_ceil(u64::from(max_weight.max(1)));
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// `CheckMinPodsPerReplicaSet`: lifts what is not zero.
pub(super) fn lifted(count: u32, min_pods: u32, replicas: u32) -> u32 {
    match count {
        0 => 0,
        count => count.max(min_pods.min(replicas)),
    }
}

/// `ReplicaProgressThresholdMet` (`canary.go:36`).
pub(super) fn threshold_met(threshold: Option<Threshold>, pods: Pods, desired: u32) -> bool {
    match threshold {
        None => pods.spec == desired && pods.available == desired,
        Some(Threshold::Percent(_)) if desired == 0 => true,
        Some(Threshold::Percent(percent)) => {
            let share = f64::from(pods.available) / f64::from(desired) * 100.0;
            share + 1e-10 >= f64::from(percent)
        }
        Some(Threshold::Pods(count)) => pods.available >= count,
    }
}

pub(super) mod routed;

#[cfg(test)]
mod recorded;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_become_the_pods_that_argo_computes() {
        // replicas, weight, surge -> canary, stable (the spec's §3.4, executed there).
        let rows = [
            (10, 5, 3, 1, 10),
            (10, 5, 0, 1, 9),
            (10, 30, 3, 3, 7),
            (10, 60, 3, 6, 4),
            (10, 100, 3, 10, 0),
            (10, 25, 3, 3, 8),
            (10, 15, 3, 2, 9),
            (10, 95, 3, 10, 1),
            (10, 99, 3, 10, 1),
            (10, 1, 3, 1, 10),
            (5, 50, 2, 3, 3),
            (5, 50, 0, 3, 2),
            (4, 10, 1, 1, 4),
            (3, 50, 1, 2, 2),
            (2, 1, 1, 1, 2),
            (1, 20, 1, 1, 1),
            (1, 49, 0, 0, 1),
            (1, 50, 0, 1, 0),
            (0, 50, 1, 0, 0),
        ];
        for (replicas, weight, surge, canary, stable) in rows {
            let got = weighted_targets(replicas, weight, 100, surge);
            assert_eq!(got, (canary, stable), "{replicas} {weight} {surge}");
        }
    }

    /// The spec counts on the way from `start` to `target`. New stable pods become available after
    /// `lag` further moves, canary pods at once.
    fn walk(lag: usize, start: (u32, u32), target: (u32, u32)) -> Vec<(u32, u32)> {
        let canary = Canary {
            max_surge: 3,
            max_unavailable: 2,
            ..Canary::default()
        };
        let (mut new, mut stable) = start;
        let mut available = vec![stable];
        let mut steps = Vec::new();
        for _ in 0..20 {
            let pods = |spec: u32, available: u32| Pods {
                spec,
                created: spec,
                available: available.min(spec),
            };
            let seen = available[available.len().saturating_sub(1 + lag)];
            let (next_new, next_stable) =
                basic_canary(10, &canary, target, (pods(new, new), pods(stable, seen)), 0);
            // The stable ReplicaSet is scaled first, and a scaling ends the pass.
            if next_stable != stable {
                stable = next_stable;
            } else if next_new != new {
                new = next_new;
            } else {
                break;
            }
            available.push(stable);
            steps.push((new, stable));
        }
        steps
    }

    #[test]
    fn an_update_moves_within_surge_and_unavailability() {
        assert_eq!(walk(0, (0, 10), (1, 10)), [(1, 10)]);
        assert_eq!(walk(0, (1, 10), (3, 7)), [(1, 7), (3, 7)]);
        assert_eq!(walk(0, (3, 7), (6, 4)), [(3, 5), (6, 5), (6, 4)]);
        assert_eq!(walk(0, (6, 4), (10, 0)), [(6, 2), (10, 2), (10, 0)]);
    }

    #[test]
    fn an_abort_rolls_back_like_a_rolling_update() {
        let back = [(6, 7), (4, 7), (4, 9), (1, 9), (1, 10), (0, 10)];
        assert_eq!(walk(1, (6, 4), (0, 10)), back);
    }
}

//! Replica counts that Argo's own functions gave for random rollouts.

use super::super::read::resolve_fenceposts;
use super::super::rollout::Canary;
use super::super::value::IntOrString;
use super::{Pods, basic_canary, lifted, weight_to_replicas, weighted_targets};

/// A row: kind, replicas, weight, maxTrafficWeight, maxSurge and maxUnavailable as written, the
/// two resolved, minPodsPerReplicaSet, canary spec and available, stable spec and available, pods
/// of older ReplicaSets; then what Argo made of it: canary, stable.
const ROWS: &str = include_str!("recorded.txt");

#[test]
fn replica_counts_are_those_that_argo_gave() {
    let (mut basic, mut routed, mut differ) = (0, 0, Vec::new());
    for row in ROWS.lines() {
        let cells: Vec<&str> = row.split(' ').collect();
        *if cells[0] == "basic" {
            &mut basic
        } else {
            &mut routed
        } += 1;
        if let Err(why) = check(&cells) {
            differ.push(format!("{row}: {why}"));
        }
    }
    assert!(basic > 1000 && routed > 500, "{basic} {routed}");
    let first = differ.first();
    assert!(first.is_none(), "{} differ, first {first:?}", differ.len());
}

fn check(cells: &[&str]) -> Result<(), String> {
    let n = |place: usize| cells[place].parse::<u32>().expect("a count");
    let limit = |place: usize| match cells[place].parse() {
        Ok(count) => IntOrString::Int(count),
        Err(_) => IntOrString::Text(cells[place].to_owned()),
    };
    let (replicas, weight, max) = (n(1), n(2), n(3));
    let (max_surge, max_unavailable) = resolve_fenceposts(&limit(4), &limit(5), replicas);
    if (max_surge, max_unavailable) != (n(6), n(7)) {
        return Err(format!("limits {max_surge} {max_unavailable}"));
    }
    let got = if cells[0] == "routed" {
        let count = weight_to_replicas(replicas, weight, max);
        (lifted(count, n(8), replicas), replicas)
    } else {
        let pods = |spec, available| Pods {
            spec,
            created: spec,
            available,
        };
        let canary = Canary {
            max_surge,
            max_unavailable,
            ..Canary::default()
        };
        let target = weighted_targets(replicas, weight, max, max_surge);
        let sets = (pods(n(9), n(10)), pods(n(11), n(12)));
        basic_canary(replicas, &canary, target, sets, n(13))
    };
    if got == (n(14), n(15)) {
        Ok(())
    } else {
        Err(format!("here {got:?}"))
    }
}

//! Counts and weights that Argo's own functions gave for random routed rollouts.

use super::super::super::rollout::{Canary, CanaryScale, Rollout, Routing, Step};
use super::super::super::template::Place;
use super::*;
use crate::Span;

/// A row: dynamicStableScale, replicas, steps (`30`: setWeight, `p`: pause; of setCanaryScale `r3`:
/// replicas, `w20`: weight, `m`: matchTrafficWeight), step, `go` or `abort` or `full`,
/// maxTrafficWeight, minPodsPerReplicaSet, abortScaleDownDelaySeconds, available canary and stable
/// pods, the weight told before; then what Argo made of it: canary, stable, the weight of an abort.
const ROWS: &str = include_str!("recorded.txt");

#[test]
fn routed_counts_and_weights_are_those_that_argo_gave() {
    let (mut count, mut differ) = (0, Vec::new());
    for row in ROWS.lines() {
        count += 1;
        let cells: Vec<&str> = row.split(' ').collect();
        let got = outcome(&cells);
        if got != cells[11..].join(" ") {
            differ.push(format!("{row}: here {got}"));
        }
    }
    assert!(count >= 2000, "{count}");
    let first = differ.first();
    assert!(first.is_none(), "{} differ, first {first:?}", differ.len());
}

fn outcome(cells: &[&str]) -> String {
    let n = |place: usize| cells[place].parse::<u32>().expect("a count");
    let delay = cells[7].parse().ok();
    let rollout = Rollout {
        replicas: n(1),
        canary: Canary {
            steps: steps(cells[2]),
            routing: Some(Routing {
                max_weight: n(5),
                ..Routing::default()
            }),
            min_pods: n(6),
            dynamic_stable: cells[0] == "1",
            abort_delay_set: delay.is_some(),
            abort_delay: match delay {
                Some(0) => None,
                delay => Some(Span::from_secs(delay.unwrap_or(30))),
            },
            ..Canary::default()
        },
        ..empty()
    };
    let at = Situation {
        step: n(3) as usize,
        aborted: cells[4] == "abort",
        full: cells[4] == "full",
        available: (n(8), n(9)),
    };
    let (canary, stable) = routed_counts(&rollout, at, Some(n(10)));
    match at.aborted {
        true => {
            let weight = weight_on_the_way_back(&rollout, at, Some(n(10)));
            format!("{canary} {stable} {weight}")
        }
        false => format!("{canary} {stable} -"),
    }
}

fn steps(text: &str) -> Vec<Step> {
    let number = |text: &str| text.parse::<u32>().expect("a number");
    let words = text.split(',').filter(|word| *word != "-");
    words
        .map(|word| match word.split_at(1) {
            ("p", _) => Step::Pause(None),
            ("m", _) => Step::SetCanaryScale(CanaryScale::MatchTraffic),
            ("r", count) => Step::SetCanaryScale(CanaryScale::Replicas(number(count))),
            ("w", weight) => Step::SetCanaryScale(CanaryScale::Weight(number(weight))),
            _ => Step::SetWeight(number(word)),
        })
        .collect()
}

fn empty() -> Rollout {
    Rollout {
        name: String::new(),
        namespace: String::new(),
        place: Place {
            file: "".into(),
            line: 1,
            column: 1,
        },
        replicas: 1,
        min_ready: Span::ZERO,
        progress_deadline: Span::from_secs(600),
        progress_deadline_abort: false,
        paused: false,
        rollback_window: 0,
        run_history: (5, 5),
        canary: Canary::default(),
        blue_green: None,
        refusal: None,
        stickiness: None,
    }
}

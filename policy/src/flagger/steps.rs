//! The weights of a progressive canary.

use super::Analysis;

/// All traffic.
pub(super) const TOTAL_WEIGHT: i64 = 100;

/// Flagger scheduler.go:41: promoted once the router's weight is no longer below this. Not a cap.
pub(super) fn max_weight(analysis: &Analysis) -> i64 {
    match analysis.step_weights.last() {
        Some(last) => TOTAL_WEIGHT.min(*last),
        None if analysis.max_weight > 0 => analysis.max_weight,
        None => TOTAL_WEIGHT,
    }
}

/// Flagger scheduler.go:58: what is added to the canary's weight; nothing happens unless positive.
pub(super) fn next_step_weight(analysis: &Analysis, canary_weight: i64) -> i64 {
    let steps = &analysis.step_weights;
    let Some(first) = steps.first() else {
        return analysis.step_weight;
    };
    if analysis.step_weight > 0 {
        return analysis.step_weight;
    }
    let max_step = TOTAL_WEIGHT.saturating_sub(canary_weight);
    if max_step == 0 {
        return 1; // Any positive step lets the promotion run.
    }
    if canary_weight == 0 {
        return max_step.min(*first);
    }
    // An unlisted weight, or the last one, jumps to the end.
    let listed = steps.windows(2).find(|pair| pair[0] == canary_weight);
    listed.map_or(max_step, |pair| {
        max_step.min(pair[1].saturating_sub(canary_weight))
    })
}

/// The weight at which a progressive canary stays for ever with every check passing.
pub(super) fn stalls_at(analysis: &Analysis) -> Option<i64> {
    let mut weight = 0;
    loop {
        let step = next_step_weight(analysis, weight);
        if step <= 0 {
            return Some(weight);
        }
        if weight >= max_weight(analysis) {
            return None;
        }
        let next = weight.saturating_add(step).min(TOTAL_WEIGHT);
        if next == weight {
            return Some(weight);
        }
        weight = next;
    }
}

/// The weights of a run in which every check passes.
pub(super) fn weights(analysis: &Analysis) -> Vec<i64> {
    let (mut weight, mut weights) = (0, Vec::new());
    while analysis.iterations == 0 && weight < max_weight(analysis) {
        let step = next_step_weight(analysis, weight);
        let next = weight.saturating_add(step).min(TOTAL_WEIGHT);
        if step <= 0 || next == weight {
            break;
        }
        weights.push(next);
        weight = next;
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::super::read::tests::analysis;
    use super::*;

    #[test]
    fn steps_that_can_never_promote_are_found() {
        let stall = |text: &str| stalls_at(&analysis(text));
        assert_eq!(stall("stepWeight: 30, maxWeight: 50"), None);
        assert_eq!(stall("stepWeight: 30"), None);
        assert_eq!(stall("stepWeight: 30, maxWeight: 101"), Some(100));
        assert_eq!(stall("stepWeight: 0"), Some(0));
        assert_eq!(stall("stepWeights: [1, 2, 10, 80]"), None);
        assert_eq!(stall("stepWeights: [20, 150]"), None);
        assert_eq!(stall("stepWeights: [50, 20, 80]"), Some(50));
        assert_eq!(stall("stepWeights: [10, 10, 50]"), Some(10));
        assert_eq!(stall("stepWeights: [0, 50]"), Some(0));
    }

    #[test]
    fn a_run_passes_through_weights() {
        let of = |text: &str| weights(&analysis(text));
        assert_eq!(of("stepWeight: 30, maxWeight: 50"), [30, 60]);
        assert_eq!(of("stepWeights: [1, 2, 10, 80]"), [1, 2, 10, 80]);
        assert_eq!(of("stepWeights: [50, 20]"), [50]);
        assert_eq!(of("iterations: 10"), [0; 0]);
    }

    #[test]
    fn a_weight_outside_the_list_jumps_to_the_end() {
        let steps = analysis("stepWeights: [10, 50, 80]");
        assert_eq!(next_step_weight(&steps, 10), 40);
        assert_eq!(next_step_weight(&steps, 33), 67);
        assert_eq!(next_step_weight(&steps, 100), 1);
    }
}

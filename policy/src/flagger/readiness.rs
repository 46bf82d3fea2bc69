//! Is a workload ready? (Flagger pkg/canary/deployment_ready.go, daemonset_ready.go)

use super::TargetKind;
use crate::{Span, Time, WorkloadState};

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    Ready,
    /// Not yet, for this reason.
    Waiting(&'static str),
    /// Never: the rollout is given up.
    Stuck(&'static str),
}

/// What readiness is judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) now: Time,
    pub(super) deadline: Span,
    /// Percent.
    pub(super) threshold: i64,
    /// `status.lastTransitionTime` of the Canary: the clock of a DaemonSet's deadline.
    pub(super) last_transition: Time,
}

/// Judges a workload of this kind; `None` when the API knows no such object.
pub(super) fn is_ready(kind: TargetKind, state: Option<&WorkloadState>, terms: Terms) -> Readiness {
    match (kind, state) {
        (TargetKind::Service, _) => Readiness::Ready,
        (_, None) => Readiness::Waiting("the workload does not exist"),
        (TargetKind::Deployment, Some(state)) => is_deployment_ready(state, terms),
        (TargetKind::DaemonSet, Some(state)) => is_daemon_set_ready(state, terms),
        // Flagger knative_controller.go: there is no deadline.
        (TargetKind::Knative, Some(state)) => match is_deployment_ready(state, terms) {
            Readiness::Stuck(why) => Readiness::Waiting(why),
            other => other,
        },
    }
}

/// Flagger deployment_ready.go:71.
fn is_deployment_ready(state: &WorkloadState, terms: Terms) -> Readiness {
    if state.generation > state.observed_generation {
        return Readiness::Waiting("observed generation less than desired generation");
    }
    let mut waiting: fn(&'static str) -> Readiness = Readiness::Waiting;
    if let Some(progressing) = &state.progressing {
        if progressing.reason == "ProgressDeadlineExceeded" {
            return Readiness::Stuck("exceeded its progress deadline");
        }
        let unavailable = state.availability.as_ref().filter(|available| {
            !available.status && available.reason == "MinimumReplicasUnavailable"
        });
        if unavailable.is_some_and(|a| a.last_update + terms.deadline < terms.now) {
            waiting = Readiness::Stuck;
        }
    }
    if state.desired.is_some_and(|desired| state.updated < desired) {
        return waiting("waiting for rollout to finish: new replicas to be updated");
    }
    if state.created > state.updated {
        return waiting("waiting for rollout to finish: old replicas are pending termination");
    }
    if i64::from(state.available) < ready_threshold(state.updated, terms.threshold) {
        return waiting("waiting for rollout to finish: updated replicas are not available");
    }
    Readiness::Ready
}

/// Flagger daemonset_ready.go:64: `desired` stands for `status.desiredNumberScheduled`.
fn is_daemon_set_ready(state: &WorkloadState, terms: Terms) -> Readiness {
    if state.generation > state.observed_generation {
        return Readiness::Waiting("observed generation less than desired generation");
    }
    let desired = state.desired.unwrap_or(0);
    let updated = state.updated >= desired;
    if updated && i64::from(state.available) >= ready_threshold(desired, terms.threshold) {
        return Readiness::Ready;
    }
    if terms.last_transition + terms.deadline < terms.now {
        return Readiness::Stuck("exceeded its progressDeadlineSeconds");
    }
    Readiness::Waiting("waiting for rollout to finish")
}

/// Computed in float32 and cut, as Flagger does: 53 % of 100 is 52 (deployment_ready.go:86).
fn ready_threshold(replicas: u32, percent: i64) -> i64 {
    (replicas as f32 * (percent as f32 / 100_f32)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Condition, Template};

    /// spec/updated/replicas/available, as the table of specs/flagger.md §6.5 writes them.
    fn state([desired, updated, created, available]: [u32; 4]) -> WorkloadState {
        WorkloadState {
            updated,
            created,
            available,
            ..WorkloadState::settled(Template::new("v2"), desired)
        }
    }

    fn condition(status: bool, reason: &str, since: u64) -> Option<Condition> {
        Some(Condition {
            status,
            reason: reason.to_owned(),
            last_update: Time::from_secs(100_000 - since),
        })
    }

    fn judge(state: &WorkloadState, threshold: i64) -> &'static str {
        let terms = Terms {
            now: Time::from_secs(100_000),
            deadline: Span::from_secs(600),
            threshold,
            last_transition: Time::ZERO,
        };
        match is_ready(TargetKind::Deployment, Some(state), terms) {
            Readiness::Ready => "ready",
            Readiness::Waiting(_) => "waiting",
            Readiness::Stuck(_) => "stuck",
        }
    }

    #[test]
    fn r01_to_r03_generations_and_counts() {
        assert_eq!(judge(&state([3, 3, 3, 3]), 100), "ready", "R01");
        let mut behind = state([3, 3, 3, 3]);
        behind.generation = 2;
        assert_eq!(judge(&behind, 100), "waiting", "R02");
        behind.progressing = condition(false, "ProgressDeadlineExceeded", 10);
        assert_eq!(judge(&behind, 100), "waiting", "R02 with the deadline");
        assert_eq!(judge(&state([3, 1, 3, 1]), 100), "waiting", "R03");
    }

    #[test]
    fn r04_to_r06_the_deadline_runs_from_the_unavailable_condition() {
        let mut rolling = state([3, 1, 3, 1]);
        rolling.progressing = condition(true, "ReplicaSetUpdated", 10);
        rolling.availability = condition(false, "MinimumReplicasUnavailable", 10);
        assert_eq!(judge(&rolling, 100), "waiting", "R04");
        rolling.availability = condition(false, "MinimumReplicasUnavailable", 600);
        assert_eq!(
            judge(&rolling, 100),
            "waiting",
            "the deadline itself is not past it"
        );
        rolling.availability = condition(false, "MinimumReplicasUnavailable", 601);
        assert_eq!(judge(&rolling, 100), "stuck", "R05");
        rolling.availability = condition(false, "MinimumReplicasUnavailable", 9_999);
        rolling.progressing = None;
        assert_eq!(judge(&rolling, 100), "waiting", "R06");
    }

    #[test]
    fn r07_to_r11_thresholds_are_cut_to_whole_replicas() {
        assert_eq!(judge(&state([3, 3, 4, 3]), 100), "waiting", "R07");
        assert_eq!(judge(&state([3, 3, 3, 2]), 100), "waiting", "R08");
        assert_eq!(judge(&state([3, 3, 3, 2]), 67), "ready", "R08 at 67 %");
        assert_eq!(judge(&state([3, 3, 3, 1]), 50), "ready", "R09");
        assert_eq!(judge(&state([3, 3, 3, 0]), 33), "ready", "R10");
        assert_eq!(judge(&state([1, 1, 1, 0]), 99), "ready", "R11");
    }

    #[test]
    fn r12_to_r14_the_deadline_condition_and_empty_workloads() {
        let mut exceeded = state([3, 3, 3, 3]);
        exceeded.progressing = condition(false, "ProgressDeadlineExceeded", 10);
        assert_eq!(judge(&exceeded, 100), "stuck", "R12");
        let mut unavailable = state([3, 3, 3, 0]);
        unavailable.progressing = condition(true, "ReplicaSetUpdated", 10);
        unavailable.availability = condition(false, "MinimumReplicasUnavailable", 9_999);
        assert_eq!(judge(&unavailable, 0), "ready", "R13");
        assert_eq!(judge(&state([0, 0, 0, 0]), 100), "ready", "R14");
    }

    #[test]
    fn r15_and_r16_the_arithmetic_is_float32() {
        assert_eq!(judge(&state([100, 100, 100, 52]), 53), "ready", "R15");
        assert_eq!(judge(&state([100, 100, 100, 56]), 57), "waiting", "R16");
        let thresholds = [(53, 100, 52), (59, 100, 58), (42, 150, 62), (57, 100, 57)];
        for (percent, replicas, wanted) in thresholds {
            assert_eq!(ready_threshold(replicas, percent), wanted);
        }
    }

    #[test]
    fn a_missing_workload_is_waited_for_and_a_service_needs_none() {
        let terms = Terms {
            now: Time::ZERO,
            deadline: Span::ZERO,
            threshold: 100,
            last_transition: Time::ZERO,
        };
        let of = |kind| is_ready(kind, None, terms);
        assert!(matches!(of(TargetKind::Deployment), Readiness::Waiting(_)));
        assert_eq!(of(TargetKind::Service), Readiness::Ready);
    }

    #[test]
    fn a_daemon_sets_deadline_runs_from_the_last_status_write() {
        let mut terms = Terms {
            now: Time::from_secs(700),
            deadline: Span::from_secs(600),
            threshold: 100,
            last_transition: Time::from_secs(200),
        };
        let lacking = state([3, 2, 3, 2]);
        let of = |terms| is_ready(TargetKind::DaemonSet, Some(&lacking), terms);
        assert!(matches!(of(terms), Readiness::Waiting(_)));
        terms.last_transition = Time::from_secs(50);
        assert!(matches!(of(terms), Readiness::Stuck(_)));
    }
}

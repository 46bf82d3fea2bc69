//! Cases I01 to I05 of specs/flagger.md.

use super::*;
use crate::Condition;

/// A Canary that Flagger has not seen before; the target runs two pods.
fn fresh(provider: &str, analysis: &str) -> Rig {
    let canary = Arc::new(canary(provider, analysis));
    let first = Time::from_secs(7);
    let mut rig = Rig {
        controller: Controller::uninitialized(canary, Template::new("v1"), first),
        now: Time::ZERO,
        success: 100.0,
    };
    let target = WorkloadState::settled(Template::new("v1"), 2);
    rig.observe(Observation::Workload(Workload::Target, Some(target)));
    rig
}

fn see_primary(rig: &mut Rig, available: u32, since: Option<u64>) {
    let condition = |status, reason: &str| Condition {
        status,
        reason: reason.to_owned(),
        last_update: Time::from_secs(since.unwrap_or(0)),
    };
    let state = WorkloadState {
        available,
        progressing: since.map(|_| condition(true, "ReplicaSetUpdated")),
        availability: since.map(|_| condition(available > 0, "MinimumReplicasUnavailable")),
        ..WorkloadState::settled(Template::new("v1"), 2)
    };
    rig.observe(Observation::Workload(Workload::Primary, Some(state)));
}

/// The calls of a tick, one word each.
fn calls(effects: &[Effect]) -> Vec<&'static str> {
    let word = |effect: &Effect| match effect {
        Effect::Roll {
            workload: Workload::Primary,
            ..
        } => Some("create primary"),
        Effect::Scale {
            workload: Workload::Target,
            replicas: Replicas::Zero,
            ..
        } => Some("target 0"),
        Effect::SetRoutes { .. } => Some("routes"),
        Effect::Record(_) => None,
        _ => Some("other"),
    };
    effects.iter().filter_map(word).collect()
}

fn revisions(rig: &Rig) -> (&str, &str) {
    let status = rig.controller.status();
    (status.last_applied.as_str(), status.last_promoted.as_str())
}

#[test]
fn i01_the_primary_is_created_then_takes_over() {
    let mut rig = fresh("istio", STEP);
    assert_eq!(calls(&rig.tick()), ["create primary"]);
    assert_eq!(
        (rig.phase(), revisions(&rig)),
        (Phase::Initializing, ("", ""))
    );
    see_primary(&mut rig, 2, None);
    assert_eq!(calls(&rig.tick()), ["target 0", "routes"]);
    assert_eq!(
        (rig.phase(), revisions(&rig)),
        (Phase::Initialized, ("v1", "v1"))
    );
    assert!(calls(&rig.tick()).is_empty());
    rig.revise("v2");
    rig.tick();
    assert_eq!(rig.phase(), Phase::Progressing);
}

#[test]
fn i02_without_analysis_nobody_waits_for_the_primary() {
    let mut rig = fresh("istio", STEP);
    rig.feed(Input::Commanded(Command::PromoteFull));
    assert_eq!(calls(&rig.tick()), ["create primary", "target 0", "routes"]);
    assert_eq!(rig.phase(), Phase::Initialized);
}

#[test]
fn i03_a_router_without_object_keeps_a_stuck_primary_initializing() {
    let mut rig = fresh("istio", STEP);
    rig.tick();
    see_primary(&mut rig, 0, Some(7));
    for _ in 0..10 {
        assert!(calls(&rig.tick()).is_empty(), "waits for the deadline");
    }
    assert!(decisions(&rig.tick()).contains(&Decision::RollBack));
    assert!(calls(&rig.tick()).is_empty(), "SetRoutes finds no object");
    assert_eq!(rig.phase(), Phase::Initializing);
    see_primary(&mut rig, 2, None);
    assert_eq!(calls(&rig.tick()), ["target 0", "routes"]);
    assert_eq!(rig.phase(), Phase::Initialized);
}

#[test]
fn i04_without_a_router_the_same_is_a_failure() {
    let mut rig = fresh("kubernetes", "interval: 1m, threshold: 2, iterations: 2");
    rig.tick();
    see_primary(&mut rig, 0, Some(7));
    rig.now = Time::from_secs(700);
    let first = rig.feed(Input::Tick);
    assert_eq!(calls(&first), ["routes"]);
    let call = first.iter().find_map(call_of).expect("a call");
    let answer = Answer::Done;
    let scaled = rig.feed(Input::Answered {
        call,
        answer: answer.clone(),
    });
    assert_eq!(calls(&scaled), ["target 0"]);
    let call = scaled.iter().find_map(call_of).expect("a call");
    rig.feed(Input::Answered { call, answer });
    assert_eq!((rig.phase(), revisions(&rig)), (Phase::Failed, ("v1", "")));
    see_primary(&mut rig, 2, None);
    rig.tick();
    assert_eq!(rig.phase(), Phase::Failed);
}

#[test]
fn i05_a_slow_primary_is_waited_for() {
    let mut rig = fresh("nginx", STEP);
    rig.tick();
    for available in [0, 1] {
        see_primary(&mut rig, available, None);
        assert!(calls(&rig.tick()).is_empty());
        assert_eq!(rig.phase(), Phase::Initializing);
    }
    see_primary(&mut rig, 2, None);
    rig.tick();
    assert_eq!(rig.phase(), Phase::Initialized);
}

/// Its nodes must be there before the pods are, so its object exists when the primary gets stuck.
#[test]
fn app_mesh_is_reconciled_first() {
    let mut rig = fresh("appmesh", STEP);
    assert_eq!(calls(&rig.tick()), ["routes", "create primary"]);
    see_primary(&mut rig, 2, None);
    assert_eq!(calls(&rig.tick()), ["target 0"]);
    assert_eq!(rig.phase(), Phase::Initialized);
}

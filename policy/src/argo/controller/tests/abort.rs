//! Analyses that end badly.

use super::super::Reason;
use super::world::{World, manifest, rollout};
use crate::{Command, MetricAnswer, Record, Service, Standing, Time};

const STEPS: &str = "[{setWeight: 60}, {analysis: {templates: [{templateName: t}]}}, {setWeight: \
                     80}]";

fn value(value: f64) -> MetricAnswer {
    MetricAnswer::Vector(vec![value])
}

#[test]
fn a_failed_step_analysis_rolls_back_like_a_rolling_update() {
    let mut world = World::new(rollout(&manifest(10, STEPS, "")));
    world.answers.insert(60, value(0.0));
    world.update("v2");
    world.run_to(2000);
    assert_eq!(world.standing(), Standing::RolledBack);
    assert_eq!(world.path(), "0@0 1@10 0@70");
    assert!(world.told(
        "RolloutAborted at step 1: Step-based analysis phase error/failed: Metric \"m\" assessed \
         Failed due to failed (1) > failureLimit (0)"
    ));
    // 6/4 goes back to 0/10 within the surge of 3 and the unavailability of 2.
    assert_eq!(
        world.scales[4..],
        [
            (70, "v1".to_owned(), 7),
            (70, "v2".to_owned(), 4),
            (70, "v1".to_owned(), 9),
            (75, "v2".to_owned(), 0),
            (75, "v1".to_owned(), 10),
        ],
        "{:?}",
        world.scales
    );
    assert_eq!(
        world.points.last(),
        Some(&(70, Service::Canary, "v1".to_owned()))
    );
}

#[test]
fn no_data_is_an_error_after_forty_seconds() {
    let mut world = World::new(rollout(&manifest(10, STEPS, "")));
    world.answers.insert(0, MetricAnswer::Vector(vec![]));
    world.update("v2");
    world.run_to(2000);
    assert_eq!(world.queries, [10, 20, 30, 40, 50]);
    assert_eq!(world.standing(), Standing::RolledBack);
    assert!(world.told("no data returned from the metric provider"));
    let mut measured = world
        .records
        .iter()
        .filter(|(_, r)| matches!(r, Record::Measured { .. }));
    let (_, Record::Measured { value, outcome, .. }) = measured.next_back().expect("measured")
    else {
        unreachable!("filtered");
    };
    assert_eq!((value.as_str(), outcome.as_ref()), ("[]", "Error"));
}

#[test]
fn background_analysis_without_data_aborts_before_anything_is_seen() {
    let more = "      analysis: {templates: [{templateName: t}]}";
    let mut world = World::new(rollout(&manifest(
        10,
        "[{setWeight: 10}, {pause: {}}]",
        more,
    )));
    world.answers.insert(0, MetricAnswer::Vector(vec![]));
    world.update("v2");
    world.run_to(100);
    assert_eq!(world.queries, [0, 10, 20, 30, 40]);
    assert!(world.told("Background analysis phase error/failed"));
    assert_eq!(world.path(), "0@0 1@5 0@40");
}

#[test]
fn an_inconclusive_step_waits_for_a_person() {
    let mut world = World::new(rollout(&manifest(10, STEPS, "")));
    world.answers.insert(0, value(0.5));
    world.update("v2");
    world.run_to(500);
    assert_eq!(
        (world.standing(), world.controller.current_step()),
        (Standing::Paused, 1)
    );
    assert_eq!(world.queries.len(), 1);
    // Clearing the pause repeats the analysis (rows B16).
    world.command(Command::Resume);
    assert_eq!(
        (world.queries.len(), world.controller.current_step()),
        (2, 1)
    );
    assert_eq!(world.standing(), Standing::Paused);
    // `promote` skips it (row B17).
    world.command(Command::Promote);
    assert_eq!(world.controller.current_step(), 2);
    assert_eq!(world.queries.len(), 2);
    world.run_to(600);
    assert_eq!(world.standing(), Standing::Promoted);
}

#[test]
fn an_inconclusive_pause_lets_a_following_pause_step_pass_at_once() {
    // Row B18: the pause is passed, the setWeight is not, because scaling is halted.
    let steps = "[{setWeight: 10}, {pause: {duration: 10m}}, {setWeight: 30}]";
    let more = "      analysis: {templates: [{templateName: t}]}";
    let mut world = World::new(rollout(&manifest(10, steps, more)));
    world.answers.insert(0, value(1.0));
    world.answers.insert(60, value(0.5));
    world.startup = 70;
    world.update("v2");
    world.run_to(5000);
    assert_eq!(world.standing(), Standing::Paused);
    assert!(
        world
            .controller
            .pause(Reason::InconclusiveAnalysisRun)
            .is_some()
    );
    assert_eq!(world.path(), "0@0 2@70");
}

#[test]
fn a_retry_starts_from_step_zero_with_a_new_run() {
    let mut world = World::new(rollout(&manifest(10, STEPS, "")));
    world.answers.insert(0, value(0.0));
    world.answers.insert(400, value(1.0));
    world.update("v2");
    world.run_to(500);
    assert_eq!(world.standing(), Standing::RolledBack);
    world.command(Command::Retry);
    assert_eq!(world.standing(), Standing::Progressing);
    world.run_to(2000);
    assert_eq!(world.standing(), Standing::Promoted);
    assert_eq!(world.queries.len(), 4);
}

#[test]
fn a_user_abort_cancels_the_run() {
    let mut world = World::new(rollout(&manifest(10, STEPS, "")));
    world.update("v2");
    world.run_to(30);
    assert_eq!(world.queries.len(), 1);
    world.command(Command::Abort);
    world.run_to(1000);
    assert_eq!(world.standing(), Standing::RolledBack);
    assert_eq!(world.queries.len(), 1);
    assert_eq!(world.controller.pauses.len(), 0);
}

#[test]
fn the_state_survives_serialisation_at_any_moment() {
    use crate::Engine;
    let mut world = World::new(rollout(&manifest(10, STEPS, "")));
    world.update("v2");
    for end in (0..300).step_by(7) {
        world.run_to(end);
        let text = serde_json::to_string(&world.controller).expect("serialises");
        let back: super::super::Controller = serde_json::from_str(&text).expect("parses");
        assert_eq!(back, world.controller);
        assert_eq!(back.next_wake(), world.controller.next_wake());
    }
    assert_eq!(world.standing(), Standing::Promoted);
    let quiet = world.controller.next_wake();
    assert!(
        quiet.is_none_or(|at| at > Time::from_secs(300)),
        "{quiet:?}"
    );
}

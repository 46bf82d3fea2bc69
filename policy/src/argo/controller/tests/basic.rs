//! Basic canaries: replicas carry the weight.

use super::world::{World, manifest, rollout};
use crate::{Command, Service, Standing};

const TUTORIAL: &str = "[{setWeight: 5}, {pause: {duration: 10m}}, {analysis: {templates: \
                        [{templateName: t}]}}, {setWeight: 30}, {pause: {duration: 10m}}, \
                        {setWeight: 60}, {pause: {duration: 10m}}, {setWeight: 100}]";

#[test]
fn the_tutorials_steps_pass_in_argos_order_and_pods() {
    let mut world = World::new(rollout(&manifest(10, TUTORIAL, "")));
    world.update("v2");
    world.run_to(4000);
    assert_eq!(world.standing(), Standing::Promoted);
    // Step 0 ends when the pod is there, pauses last 600 s, the analysis takes 120 s.
    assert_eq!(
        world.path(),
        "0@0 1@5 2@605 3@725 4@730 5@1330 6@1335 7@1935 8@1940"
    );
    assert_eq!(world.scaled("v2"), "0:1 725:3 1330:6 1935:10");
    assert_eq!(world.scaled("v1"), "725:7 1330:5 1335:4 1935:2 1940:0");
    assert_eq!(world.queries, [605, 665, 725]);
    let points: Vec<_> = world
        .points
        .iter()
        .map(|(at, who, to)| (*at, *who, to.as_str()))
        .collect();
    assert_eq!(
        points,
        [(5, Service::Canary, "v2"), (1940, Service::Stable, "v2")]
    );
    assert!(world.told("completed all 8 canary steps"));
}

#[test]
fn a_pause_without_duration_waits_for_a_promote() {
    let steps = "[{setWeight: 20}, {pause: {}}, {setWeight: 50}]";
    let mut world = World::new(rollout(&manifest(5, steps, "")));
    world.update("v2");
    world.run_to(10_000);
    assert_eq!(
        (world.standing(), world.controller.current_step()),
        (Standing::Paused, 1)
    );
    world.command(Command::Promote);
    assert_eq!(world.controller.current_step(), 2);
    world.run_to(10_100);
    assert_eq!(world.standing(), Standing::Promoted);
}

#[test]
fn promote_without_a_pause_skips_the_step_and_cancels_its_run() {
    let analysis = "{analysis: {templates: [{templateName: t}]}}";
    let steps = format!("[{analysis}, {analysis}]");
    let mut world = World::new(rollout(&manifest(5, &steps, "")));
    world.update("v2");
    world.run_to(10);
    assert_eq!(
        (world.queries.len(), world.controller.current_step()),
        (1, 0)
    );
    world.command(Command::Promote);
    assert_eq!(world.controller.current_step(), 1);
    assert_eq!(world.queries, [0, 10]);
    world.run_to(1000);
    assert_eq!(world.standing(), Standing::Promoted);
}

#[test]
fn a_full_promotion_skips_everything() {
    let mut world = World::new(rollout(&manifest(10, TUTORIAL, "")));
    world.update("v2");
    world.run_to(60);
    world.command(Command::PromoteFull);
    world.run_to(120);
    assert_eq!(world.standing(), Standing::Promoted);
    assert!(world.queries.is_empty());
}

#[test]
fn without_steps_it_is_a_rolling_update() {
    let mut world = World::new(rollout(&manifest(4, "[]", "")));
    world.update("v2");
    world.run_to(200);
    assert_eq!(world.standing(), Standing::Promoted);
    // maxSurge 1, maxUnavailable 1.
    assert_eq!(
        world.scales[..3],
        [
            (0, "v1".to_owned(), 3),
            (0, "v2".to_owned(), 2),
            (5, "v1".to_owned(), 1),
        ]
    );
}

#[test]
fn a_user_pause_halts_steps_even_if_the_timer_has_run_out() {
    let steps = "[{setWeight: 20}, {pause: {duration: 1m}}, {setWeight: 50}]";
    let mut world = World::new(rollout(&manifest(5, steps, "")));
    world.update("v2");
    world.run_to(30);
    world.command(Command::Pause);
    world.run_to(600);
    assert_eq!(
        (world.standing(), world.controller.current_step()),
        (Standing::Paused, 1)
    );
    world.command(Command::Unpause);
    world.run_to(700);
    assert_eq!(world.standing(), Standing::Promoted);
}

#[test]
fn a_canary_that_never_starts_exceeds_its_deadline_and_keeps_trying() {
    for (more, standing) in [
        ("", Standing::Progressing),
        ("  progressDeadlineAbort: true", Standing::RolledBack),
    ] {
        let mut world = World::new(rollout(&manifest(5, "[{setWeight: 20}]", more)));
        world.broken = true;
        world.update("v2");
        world.run_to(599);
        assert_eq!(world.standing(), Standing::Progressing);
        world.run_to(3000);
        assert_eq!(world.standing(), standing, "{more}");
        assert!(world.told("timed out progressing"));
    }
}

#[test]
fn a_newer_template_starts_over_and_the_stable_one_ends_the_update() {
    let steps = "[{setWeight: 40}, {pause: {}}]";
    let mut world = World::new(rollout(&manifest(5, steps, "")));
    world.update("v2");
    world.run_to(20);
    assert_eq!(world.controller.current_step(), 1);
    world.update("v3");
    assert_eq!(world.controller.current_step(), 0);
    world.run_to(40);
    assert_eq!(world.controller.current_step(), 1);
    assert!(world.scaled("v2").ends_with(":0"), "{}", world.scaled("v2"));
    world.update("v1");
    world.run_to(60);
    assert_eq!(world.standing(), Standing::RolledBack);
    assert!(world.scaled("v3").ends_with(":0"), "{}", world.scaled("v3"));
}

#[test]
fn background_analysis_runs_from_the_start_until_the_promotion() {
    let steps = "[{setWeight: 20}, {pause: {duration: 10m}}]";
    let more = "      analysis: {templates: [{templateName: t}]}";
    let yaml = manifest(5, steps, more).replace("    count: 3\n", "");
    let mut world = World::new(rollout(&yaml));
    world.update("v2");
    world.run_to(2000);
    assert_eq!(world.standing(), Standing::Promoted);
    assert_eq!(world.queries.first(), Some(&0));
    assert_eq!(world.queries.len(), 11);
    let later =
        format!("{more}\n        startingStep: 1").replace("{templates", "\n        {templates");
    let later = later.replace(
        "{templates: [{templateName: t}]}",
        "templates: [{templateName: t}]",
    );
    let yaml = manifest(5, steps, &later).replace("    count: 3\n", "");
    let mut world = World::new(rollout(&yaml));
    world.update("v2");
    world.run_to(2000);
    assert_eq!(world.queries.first(), Some(&5));
}

#[test]
fn a_progress_threshold_passes_with_fewer_pods() {
    // Row B39.
    let more = "      replicaProgressThreshold: {type: Percent, value: 70}";
    for (value, step) in [("70", 1), ("71", 0)] {
        let more = more.replace("70", value);
        let mut world = World::new(rollout(&manifest(
            10,
            "[{setWeight: 100}, {pause: {}}]",
            &more,
        )));
        world.healthy_at_most = Some(7);
        world.update("v2");
        world.run_to(300);
        assert_eq!(world.controller.current_step(), step, "{value}");
    }
}

#[test]
fn an_analysis_step_without_templates_never_completes() {
    // Row B40.
    let mut world = World::new(rollout(&manifest(5, "[{analysis: {}}]", "")));
    world.update("v2");
    world.run_to(100_000);
    assert_eq!(
        (world.standing(), world.controller.current_step()),
        (Standing::Progressing, 0)
    );
    assert!(world.queries.is_empty());
}

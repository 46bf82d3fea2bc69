//! Blue-green (rows C of the specification).

use super::world::{World, blue_green, rollout};
use crate::{Command, MetricAnswer, Standing};

const PRE: &str = "prePromotionAnalysis: {templates: [{templateName: t}]}";
const POST: &str = "postPromotionAnalysis: {templates: [{templateName: t}]}";

fn world(fields: &[&str]) -> World {
    World::new(rollout(&blue_green(5, fields)))
}

/// Where the services went, as `5 Active v2`.
fn points(world: &World) -> Vec<String> {
    let points = world.points.iter();
    points
        .map(|(at, service, to)| format!("{at} {service:?} {to}"))
        .collect()
}

#[test]
fn ready_pods_are_switched_to_and_promoted_in_one_pass() {
    // Row C1.
    let mut world = world(&[]);
    world.update("v2");
    world.run_to(100);
    assert_eq!(world.standing(), Standing::Promoted);
    assert_eq!(points(&world), ["0 Preview v2", "5 Active v2"]);
    assert_eq!(world.scaled("v2"), "0:5");
    assert_eq!(world.scaled("v1"), "35:0");
}

#[test]
fn pods_that_are_not_ready_are_neither_paused_for_nor_switched_to() {
    // Row C3.
    let mut world = world(&["autoPromotionEnabled: false"]);
    world.healthy_at_most = Some(4);
    world.update("v2");
    world.run_to(500);
    assert_eq!(world.standing(), Standing::Progressing);
    assert_eq!(points(&world), ["0 Preview v2"]);
}

#[test]
fn a_person_promotes_after_the_analysis() {
    // Row C2.
    let mut world = world(&["autoPromotionEnabled: false", PRE]);
    world.update("v2");
    world.run_to(124);
    assert_eq!(world.standing(), Standing::Progressing);
    world.run_to(1000);
    assert_eq!(world.standing(), Standing::Paused);
    assert_eq!(world.queries, [5, 65, 125]);
    world.command(Command::Promote);
    assert_eq!(world.standing(), Standing::Promoted);
    assert_eq!(points(&world)[1..], ["1000 Active v2"]);
}

#[test]
fn the_countdown_starts_after_the_analysis_and_a_promote_restarts_it() {
    // Row C7.
    let mut world = world(&["autoPromotionSeconds: 60", PRE]);
    world.update("v2");
    world.run_to(150);
    assert!(world.told("BlueGreenPause"));
    world.command(Command::Promote);
    world.run_to(1000);
    assert_eq!(world.standing(), Standing::Promoted);
    assert_eq!(points(&world)[1..], ["210 Active v2"]);
}

#[test]
fn a_failed_analysis_before_the_switch_never_moves_the_active_service() {
    let mut world = world(&[PRE]);
    world.answers.insert(0, MetricAnswer::Vector(vec![0.0]));
    world.update("v2");
    world.run_to(1000);
    assert_eq!(world.standing(), Standing::RolledBack);
    assert!(world.told("Blue/green pre-promotion analysis phase error/failed"));
    assert_eq!(points(&world), ["0 Preview v2"]);
    assert_eq!(world.scaled("v2"), "0:5 35:0");
}

#[test]
fn a_failed_analysis_after_the_switch_returns_to_the_old_pods() {
    // Row C9: unless the new pods are no longer whole.
    for (broken, last) in [(false, "65 Active v1"), (true, "5 Active v2")] {
        let mut world = world(&[POST]);
        world.answers.insert(60, MetricAnswer::Vector(vec![0.0]));
        world.update("v2");
        world.run_to(30);
        world.broken = broken;
        world.observe();
        world.run_to(1000);
        assert_eq!(world.standing(), Standing::RolledBack);
        assert_eq!(points(&world).last().map(String::as_str), Some(last));
    }
}

#[test]
fn a_small_preview_grows_once_its_checkpoint_is_passed() {
    // Row C10.
    let mut world = world(&["previewReplicaCount: 3"]);
    world.update("v2");
    world.run_to(100);
    assert_eq!(world.standing(), Standing::Promoted);
    assert_eq!(world.scaled("v2"), "0:3 5:5");
    assert_eq!(points(&world)[1..], ["10 Active v2"]);
}

#[test]
fn back_to_pods_that_still_run_is_immediate() {
    let mut world = world(&["autoPromotionEnabled: false", "scaleDownDelaySeconds: 600"]);
    world.update("v2");
    world.run_to(20);
    world.command(Command::PromoteFull);
    world.run_to(60);
    assert_eq!(world.standing(), Standing::Promoted);
    world.update("v1");
    assert_eq!(world.standing(), Standing::Promoted);
    assert_eq!(
        points(&world).last().map(String::as_str),
        Some("60 Active v1")
    );
}

#[test]
fn without_a_delay_the_old_pods_stay_for_ever() {
    let yaml = blue_green(5, &["scaleDownDelaySeconds: 0"]);
    let source = crate::source::Source {
        file: "rollout.yaml".into(),
        text: yaml.as_str().into(),
    };
    let mut found = crate::source::Diagnostics::new();
    let documents = crate::source::read_documents(&source, &mut found);
    crate::argo::read(&documents, &mut found);
    let warning = found.iter().next().expect("a warning");
    assert!(warning.message.contains("never scaled down"), "{found:?}");
    let mut world = World::new(rollout(&yaml));
    world.update("v2");
    world.run_to(10_000);
    assert_eq!(world.standing(), Standing::Promoted);
    assert_eq!(world.scaled("v1"), "");
}

//! Rows C of the specification (§6.3), by number; C1, C2, C3, C7, C9, C10 are in `blue_green`.

use super::world::{World, blue_green, rollout};
use crate::{Command, MetricAnswer, Standing};

#[test]
fn c6_a_successful_analysis_switches_and_promotes() {
    let pre = "prePromotionAnalysis: {templates: [{templateName: t}]}";
    let mut world = World::new(rollout(&blue_green(5, &[pre])));
    world.update("v2");
    world.run_to(124);
    assert_eq!(world.standing(), Standing::Progressing);
    world.run_to(126);
    assert_eq!(world.standing(), Standing::Promoted);
    let active = world.points.last().map(|(at, _, to)| (*at, to.as_str()));
    assert_eq!(active, Some((125, "v2")));
    assert_eq!(world.queries, [5, 65, 125]);
}

/// The status goes on naming the run that failed (`analysis.go:92`, `:116`).
#[test]
fn a_retry_after_a_failed_analysis_behind_the_promotion_fails_by_it_again() {
    let post = "postPromotionAnalysis: {templates: [{templateName: t}]}";
    let mut world = World::new(rollout(&blue_green(5, &[post])));
    world.answers.insert(0, MetricAnswer::Vector(vec![0.0]));
    world.update("v2");
    world.run_to(20);
    assert_eq!(world.standing(), Standing::RolledBack);
    world.answers.insert(20, MetricAnswer::Vector(vec![1.0]));
    world.command(Command::Retry);
    world.run_to(500);
    assert_eq!(world.standing(), Standing::RolledBack);
    assert_eq!(world.queries, [5]);
}

/// A new template during an update finds the checkpoint passed: neither a small preview nor a pause
/// (`bluegreen.go:281` keeps what `resetRolloutStatus` took).
#[test]
fn a_newer_template_inherits_the_checkpoint() {
    let preview = "previewReplicaCount: 1";
    let manual = "autoPromotionEnabled: false";
    let mut world = World::new(rollout(&blue_green(5, &[preview, manual])));
    world.update("v2");
    world.run_to(20);
    assert_eq!(world.standing(), Standing::Paused);
    world.command(Command::Promote);
    assert_eq!(world.scaled("v2"), "0:1 20:5");
    world.update("v3");
    assert_eq!(world.scaled("v3"), "20:5");
    world.run_to(40);
    assert_eq!(world.standing(), Standing::Promoted);
}

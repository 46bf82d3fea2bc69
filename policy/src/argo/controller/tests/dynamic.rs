//! `dynamicStableScale`: stable shrinks as the canary grows.

use super::world::{World, manifest, rollout};
use crate::{Command, MetricAnswer, Service, Standing};

const DYNAMIC: &str = "      trafficRouting: {nginx: {stableIngress: app}}
      dynamicStableScale: true";

fn world(replicas: u32, steps: &str, more: &str) -> World {
    let more = format!("{DYNAMIC}\n{more}");
    World::new(rollout(&manifest(replicas, steps, &more)))
}

#[test]
fn stable_shrinks_once_the_traffic_has_moved() {
    // Row B38: 3 canary pods and all of stable first, then 7 of stable.
    let steps = "[{setWeight: 30}, {pause: {duration: 1m}}, {setWeight: 60}, {pause: {}}]";
    let mut world = world(10, steps, "");
    world.update("v2");
    world.run_to(100);
    assert_eq!(world.routes, [(5, 30), (70, 60)]);
    assert_eq!(world.scaled("v2"), "0:3 65:6");
    assert_eq!(world.scaled("v1"), "5:7 70:4");
}

#[test]
fn the_old_pods_go_at_once_after_the_promotion() {
    let steps = "[{setWeight: 50}]";
    let mut world = world(10, steps, "");
    world.update("v2");
    world.run_to(1000);
    assert_eq!(world.standing(), Standing::Promoted);
    assert_eq!(world.routes, [(5, 50), (10, 100), (10, 0)]);
    assert_eq!(world.scaled("v1"), "5:5 10:0");
}

#[test]
fn a_full_promotion_follows_the_canarys_pods() {
    // Row B31, second half: 5 of 10 canary pods carry half of the traffic.
    let mut world = world(10, "[{setWeight: 5}, {pause: {}}]", "");
    world.update("v2");
    world.run_to(20);
    world.healthy_at_most = Some(5);
    world.command(Command::PromoteFull);
    world.run_to(40);
    assert_eq!(world.routes, [(5, 5), (20, 10), (25, 50)]);
    world.healthy_at_most = None;
    world.observe();
    assert_eq!(world.standing(), Standing::Promoted);
    assert_eq!(world.routes.last(), Some(&(40, 0)));
}

#[test]
fn an_abort_walks_back_through_the_weights() {
    // The notes' walk (§3.11): from 6 and 4 of 10.
    let steps = "[{setWeight: 5}, {setWeight: 30}, {setWeight: 60}, {pause: {duration: 10}}, \
                 {analysis: {templates: [{templateName: t}]}}]";
    let mut world = world(10, steps, "");
    world.answers.insert(0, MetricAnswer::Vector(vec![0.0]));
    world.update("v2");
    world.run_to(1000);
    assert_eq!(world.standing(), Standing::RolledBack);
    assert_eq!(
        world.routes,
        [(5, 5), (10, 30), (15, 60), (30, 30), (35, 5), (35, 0)]
    );
    assert_eq!(world.scaled("v2"), "0:1 5:3 10:6 30:3 35:1 35:0");
    assert_eq!(world.scaled("v1"), "10:7 15:4 25:7 30:10");
    // The canary's service moves only when nothing is sent there.
    assert_eq!(
        world.points.last(),
        Some(&(35, Service::Canary, "v1".to_owned()))
    );
}

/// Rows B34 and B35: five pods wanted, 4 of the canary available, and so many of stable; what the
/// router, told 100, gets next.
fn weight_of_an_abort(steps: &str, stable: u32) -> u32 {
    use crate::argo::replicas::routed::{Situation, weight_on_the_way_back};
    let rollout = rollout(&manifest(5, steps, DYNAMIC));
    let at = Situation {
        step: 0,
        aborted: true,
        full: false,
        available: (4, stable),
    };
    weight_on_the_way_back(&rollout, at, Some(100))
}

#[test]
fn an_abort_lowers_the_weight_as_far_as_stable_can_carry() {
    assert_eq!(weight_of_an_abort("[{setWeight: 50}, {pause: {}}]", 3), 50);
    assert_eq!(weight_of_an_abort("[{pause: {}}]", 1), 80);
}

#[test]
fn a_written_delay_keeps_the_canary_while_the_weight_goes() {
    let steps = "[{setWeight: 60}, {pause: {}}]";
    let mut world = world(10, steps, "      abortScaleDownDelaySeconds: 60");
    world.update("v2");
    world.run_to(50);
    world.command(Command::Abort);
    world.run_to(1000);
    assert_eq!(world.routes, [(5, 60), (55, 0)]);
    assert_eq!(world.scaled("v2"), "0:6 115:0");
    assert_eq!(world.scaled("v1"), "5:4 50:10");
}

#[test]
fn back_on_the_stable_template_the_canary_serves_until_stable_is_whole() {
    let mut world = world(10, "[{setWeight: 60}, {pause: {}}]", "");
    world.update("v2");
    world.run_to(50);
    world.update("v1");
    world.run_to(54);
    assert_eq!(world.routes, [(5, 60)]);
    assert_eq!(world.scaled("v2"), "0:6");
    world.run_to(1000);
    assert_eq!(world.standing(), Standing::RolledBack);
    assert_eq!(world.routes, [(5, 60), (55, 0)]);
    assert_eq!(world.scaled("v2"), "0:6 55:0");
    assert_eq!(world.scaled("v1"), "5:4 50:10");
}

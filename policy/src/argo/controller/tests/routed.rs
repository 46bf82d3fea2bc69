//! nginx carries the weight.

use super::world::{World, manifest, rollout};
use crate::{Command, MetricAnswer, Service, Standing};

const NGINX: &str = "      trafficRouting: {nginx: {stableIngress: app}}";

#[test]
fn the_router_follows_the_canary_and_stable_stays_whole() {
    let steps =
        "[{setWeight: 10}, {pause: {duration: 1m}}, {setWeight: 50}, {pause: {duration: 1m}}]";
    let mut world = World::new(rollout(&manifest(10, steps, NGINX)));
    world.update("v2");
    world.run_to(1000);
    assert_eq!(world.standing(), Standing::Promoted);
    assert_eq!(world.routes, [(5, 10), (70, 50), (135, 100), (135, 0)]);
    assert_eq!(world.scaled("v2"), "0:1 65:5 130:10");
    // The old ReplicaSet is kept for scaleDownDelaySeconds.
    assert_eq!(world.scaled("v1"), "165:0");
    let points: Vec<_> = world
        .points
        .iter()
        .map(|(at, who, to)| (*at, *who, to.as_str()))
        .collect();
    assert_eq!(
        points,
        [(5, Service::Canary, "v2"), (135, Service::Stable, "v2")]
    );
}

#[test]
fn an_abort_takes_the_traffic_back_at_once_and_the_pods_later() {
    let steps = "[{setWeight: 50}, {analysis: {templates: [{templateName: t}]}}]";
    let mut world = World::new(rollout(&manifest(10, steps, NGINX)));
    world.answers.insert(0, MetricAnswer::Vector(vec![0.0]));
    world.update("v2");
    world.run_to(1000);
    assert_eq!(world.standing(), Standing::RolledBack);
    assert_eq!(world.routes, [(5, 50), (5, 0)]);
    assert_eq!(world.scaled("v2"), "0:5 35:0");
    assert_eq!(
        world.points.last(),
        Some(&(5, Service::Canary, "v1".to_owned()))
    );
}

#[test]
fn a_canary_scale_holds_for_later_weights_until_it_is_matched() {
    // Row B36.
    let steps = "[{setCanaryScale: {replicas: 1}}, {setWeight: 90}, {setCanaryScale: \
                 {matchTrafficWeight: true}}, {setWeight: 50}, {pause: {}}]";
    let mut world = World::new(rollout(&manifest(10, steps, NGINX)));
    world.update("v2");
    world.run_to(1000);
    assert_eq!(world.scaled("v2"), "0:1 5:9 10:5");
    assert_eq!(world.routes, [(5, 90), (10, 50)]);
}

#[test]
fn a_scale_by_weight_is_in_parts_of_the_routers_whole() {
    // canary.go:509: 50 of maxTrafficWeight 1000 are a twentieth of the pods, as with setWeight.
    let router = "      trafficRouting: {maxTrafficWeight: 1000, nginx: {stableIngress: app}}";
    let steps = "[{setCanaryScale: {weight: 50}}, {setWeight: 100}, {pause: {}}]";
    let mut world = World::new(rollout(&manifest(10, steps, router)));
    world.update("v2");
    world.run_to(100);
    assert_eq!(world.scaled("v2"), "0:1");
    assert_eq!(world.routes, [(5, 100)]);
}

#[test]
fn a_full_promotion_keeps_the_weight_until_the_canary_is_whole() {
    // Row B31.
    let steps = "[{setWeight: 50}, {pause: {}}]";
    let mut world = World::new(rollout(&manifest(10, steps, NGINX)));
    world.update("v2");
    world.run_to(20);
    world.command(Command::PromoteFull);
    assert_eq!(world.routes, [(5, 50)]);
    world.run_to(100);
    assert_eq!(world.standing(), Standing::Promoted);
    assert_eq!(world.routes, [(5, 50), (25, 0)]);
}

#[test]
fn a_canary_whose_pods_all_die_gets_no_traffic() {
    let steps = "[{setWeight: 50}, {pause: {}}]";
    let mut world = World::new(rollout(&manifest(10, steps, NGINX)));
    world.update("v2");
    world.run_to(20);
    world.broken = true;
    world.update("v2");
    world.observe();
    assert_eq!(world.routes, [(5, 50), (20, 0)]);
}

#[test]
fn few_pods_are_lifted_to_the_minimum() {
    let more =
        format!("{NGINX}\n      minPodsPerReplicaSet: 2\n      abortScaleDownDelaySeconds: 0");
    let steps = "[{setWeight: 5}, {pause: {}}]";
    let mut world = World::new(rollout(&manifest(10, steps, &more)));
    world.update("v2");
    world.run_to(20);
    assert_eq!(world.scaled("v2"), "0:2");
    world.command(Command::Abort);
    world.run_to(10_000);
    // abortScaleDownDelaySeconds: 0 is no delay at all for a routed canary.
    assert_eq!(world.scaled("v2"), "0:2 20:0");
    assert_eq!(world.routes, [(5, 5), (20, 0)]);
}

#[test]
fn a_delay_beyond_the_resync_keeps_no_pods() {
    let scaled = |delay: u32| {
        let more = format!("{NGINX}\n      abortScaleDownDelaySeconds: {delay}");
        let mut world = World::new(rollout(&manifest(
            10,
            "[{setWeight: 50}, {pause: {}}]",
            &more,
        )));
        world.update("v2");
        world.run_to(20);
        world.command(Command::Abort);
        world.run_to(10_000);
        world.scaled("v2")
    };
    assert_eq!(scaled(899), "0:5 919:0");
    assert_eq!(scaled(900), "0:5 20:0");
}

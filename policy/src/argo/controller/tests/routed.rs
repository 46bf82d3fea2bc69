//! nginx carries the weight.

use super::world::{World, manifest, rollout};
use crate::{MetricAnswer, Service, Standing};

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

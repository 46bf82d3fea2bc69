//! Routers other than nginx, managed routes, ping-pong.

use super::world::{World, manifest, rollout};
use crate::{Command, RouteRule, Service, Standing};

fn world(steps: &str, routing: &str, more: &str) -> World {
    let more = format!("      trafficRouting: {routing}\n{more}");
    World::new(rollout(&manifest(10, steps, &more)))
}

const ISTIO: &str = "{istio: {virtualService: {name: v}}, managedRoutes: [{name: h}, {name: m}]}";

#[test]
fn every_router_gets_the_weights() {
    let routers = [
        "{istio: {virtualService: {name: v}}}",
        "{alb: {ingress: i, servicePort: 80}}",
        "{smi: {trafficSplitName: s}}",
        "{ambassador: {mappings: [m]}}",
        "{appMesh: {virtualService: {name: v}}}",
        "{traefik: {weightedTraefikServiceName: w}}",
        "{apisix: {route: {name: r}}}",
        "{plugins: {argoproj-labs/gatewayAPI: {httpRoute: r}}}",
        "{nginx: {stableIngress: i}, istio: {virtualService: {name: v}}}",
    ];
    for routing in routers {
        let mut world = world("[{setWeight: 20}, {pause: {duration: 10}}]", routing, "");
        world.update("v2");
        world.run_to(1000);
        assert_eq!(world.standing(), Standing::Promoted, "{routing}");
        assert_eq!(world.routes, [(5, 20), (20, 100), (20, 0)], "{routing}");
    }
}

fn names(rules: &[RouteRule]) -> Vec<&str> {
    rules.iter().map(|rule| rule.name.as_str()).collect()
}

const ROUTES: &str = "[{setWeight: 10}, {setHeaderRoute: {name: h, match: [{headerName: x, \
                      headerValue: {exact: z}}]}}, {setMirrorRoute: {name: m, percentage: 35, \
                      match: [{path: {prefix: /}}]}}, {pause: {}}, {setHeaderRoute: {name: h}}, \
                      {pause: {}}]";

#[test]
fn managed_routes_are_set_taken_away_and_gone_at_the_end() {
    let mut world = world(ROUTES, ISTIO, "");
    world.update("v2");
    world.run_to(20);
    assert_eq!(world.path(), "0@0 3@5");
    let (at, rules) = world.rules.last().expect("written").clone();
    assert_eq!((at, names(&rules)), (5, vec!["h", "m"]));
    assert_eq!(rules[1].share, crate::Weight::percent(35));
    assert!(rules[1].mirror && !rules[0].mirror);
    world.command(Command::Promote);
    assert_eq!(names(&world.rules.last().expect("written").1), ["m"]);
    world.command(Command::Promote);
    world.run_to(1000);
    assert_eq!(world.standing(), Standing::Promoted);
    assert_eq!(world.rules.last().expect("written").1, []);
}

#[test]
fn an_abort_removes_managed_routes_with_the_weight() {
    let mut world = world(ROUTES, ISTIO, "");
    world.update("v2");
    world.run_to(20);
    world.command(Command::Abort);
    assert_eq!(world.rules.last(), Some(&(20, Vec::new())));
    assert_eq!(world.routes.last(), Some(&(20, 0)));
}

#[test]
fn subsets_without_services_wait_for_all_pods_and_hold_the_pass_up() {
    let routing = "{istio: {virtualService: {name: v}, destinationRule: {name: d, \
                   canarySubsetName: c, stableSubsetName: s}}}";
    let yaml = manifest(
        10,
        "[{setWeight: 20}, {setCanaryScale: {replicas: 4}}, {pause: {}}]",
        &format!("      trafficRouting: {routing}"),
    );
    let yaml = yaml.replace(
        "      stableService: stable\n      canaryService: canary\n",
        "",
    );
    let mut world = World::new(rollout(&yaml));
    world.healthy_at_most = Some(3);
    world.update("v2");
    world.run_to(100);
    assert_eq!(world.points, [(0, Service::Canary, "v2".to_owned()),]);
    assert_eq!(world.routes, [(5, 20)]);
    assert_eq!(world.path(), "0@0 1@5");
    // A pass that fails does not even see that the step's threshold was met.
    world.healthy_at_most = None;
    world.observe();
    assert_eq!(world.path(), "0@0 1@5 2@100");
}

#[test]
fn ping_and_pong_swap_roles_at_the_promotion() {
    let routing = "{alb: {ingress: i, servicePort: 80, rootService: r}}";
    let more = "      pingPong: {pingService: ping, pongService: pong}";
    let mut world = world("[{setWeight: 50}, {pause: {duration: 10}}]", routing, more);
    world.update("v2");
    world.run_to(1000);
    assert_eq!(world.standing(), Standing::Promoted);
    let point = |at, who, to: &str| (at, who, to.to_owned());
    assert_eq!(
        world.points,
        [
            point(0, Service::Canary, "v2"),
            point(20, Service::Stable, "v2"),
            point(20, Service::Canary, "v1"),
        ]
    );
    assert_eq!(world.routes, [(5, 50), (20, 100), (20, 0)]);
    // Its service still names them, and nobody minds.
    assert_eq!(world.scaled("v1"), "50:0");
}

const NGINX: &str = "{nginx: {stableIngress: app}}";

fn promoted_to(world: &mut World, template: &str) {
    world.update(template);
    world.run_to(world.second() + 20);
    assert_eq!(world.standing(), Standing::Promoted, "{template}");
}

fn with_window(revisions: u32) -> World {
    let yaml = manifest(
        10,
        "[{setWeight: 50}, {pause: {duration: 5}}]",
        &format!("      trafficRouting: {NGINX}"),
    );
    let window = format!("  rollbackWindow: {{revisions: {revisions}}}\n  strategy:\n");
    World::new(rollout(&yaml.replacen("  strategy:\n", &window, 1)))
}

#[test]
fn back_within_the_window_all_steps_are_skipped() {
    // Row B24: the previous pods still run.
    let mut world = with_window(1);
    promoted_to(&mut world, "v2");
    world.steps.clear();
    world.update("v1");
    assert_eq!(world.standing(), Standing::Promoted);
    assert_eq!(world.path(), "2@20");
}

#[test]
fn back_beyond_the_window_is_an_update_like_any_other() {
    // Row B25: v2 was made between v1 and v3.
    let mut world = with_window(1);
    promoted_to(&mut world, "v2");
    promoted_to(&mut world, "v3");
    world.steps.clear();
    world.update("v1");
    assert_eq!(world.standing(), Standing::Progressing);
    assert_eq!(world.steps[0].1, 0);
}

#[test]
fn no_more_old_revisions_than_the_limit_wait_for_their_end() {
    let more = "      scaleDownDelaySeconds: 600\n      scaleDownDelayRevisionLimit: 1";
    let mut world = world("[{setWeight: 50}]", NGINX, more);
    promoted_to(&mut world, "v2");
    assert_eq!(world.scaled("v1"), "");
    promoted_to(&mut world, "v3");
    assert_eq!(world.scaled("v1"), "30:0");
    assert_eq!(world.scaled("v2"), "0:5 5:10");
}

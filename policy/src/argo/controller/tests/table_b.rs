//! Rows B of the specification (§6.2), by number. Rows with a test elsewhere:
//!
//! * `basic`: B15 (promote skips the step and cancels its run), B23 and the template part of B26 (a
//!   newer template, the stable one), B39, B40, B43 and B44 (background), B45;
//! * `abort`: B11, B13, B16, B17, B18;
//! * `routed`: B31 (first half), B36;
//! * `experiments`: B41 (experiment Failed, Inconclusive, Successful);
//! * `read::tests`: B42 (InvalidSpec of a metric that never ends).
//!
//! * `routers`: B24, B25 (`rollbackWindow`);
//! * `dynamic`: B31's second half, B34, B35 and B38 (`dynamicStableScale`);
//! * `recorded`: whole rollouts of Argo's own controller, which meet most rows somewhere.
//!
//! B26's other half, steps edited during an update, is another manifest, and so another controller.

use super::super::Reason;
use super::world::{World, manifest, rollout};
use crate::{Command, Engine, MetricAnswer, Service, Standing};

const NGINX: &str = "      trafficRouting: {nginx: {stableIngress: app}}";
const BACKGROUND: &str = "      analysis: {templates: [{templateName: t}]}";

fn world(replicas: u32, steps: &str, more: &str) -> World {
    World::new(rollout(&manifest(replicas, steps, more)))
}

fn value(value: f64) -> MetricAnswer {
    MetricAnswer::Vector(vec![value])
}

#[test]
fn b1_a_first_install_skips_all_steps() {
    let yaml = manifest(10, "[{setWeight: 10}]", BACKGROUND);
    let mut world = World::installing(rollout(&yaml));
    world.feed(crate::Input::Tick);
    // Stable, and past the steps, before a pod is ready.
    assert_eq!(world.scaled("v1"), "0:10");
    assert_eq!(world.controller.stable.as_str(), "v1");
    assert_eq!(world.controller.current_step(), 1);
    assert!(world.points.is_empty());
    world.run_to(100);
    // Services are adopted when all pods are available.
    let points = world.points.iter().map(|(at, service, _)| (*at, *service));
    assert_eq!(
        points.collect::<Vec<_>>(),
        [(5, Service::Stable), (5, Service::Canary)]
    );
    assert!(world.queries.is_empty());
}

#[test]
fn b2_a_weight_is_reached_with_its_pods() {
    let more = "      maxSurge: 1\n      maxUnavailable: 0";
    let mut world = world(10, "[{setWeight: 10}, {pause: {}}]", more);
    world.update("v2");
    assert_eq!(world.controller.current_step(), 0);
    world.run_to(100);
    assert_eq!(world.path(), "0@0 1@5");
    assert_eq!(
        (world.scaled("v2"), world.scaled("v1")),
        ("0:1".to_owned(), "5:9".to_owned())
    );
}

#[test]
fn b3_a_pause_is_a_condition_and_no_progress() {
    let mut world = world(5, "[{pause: {}}, {setWeight: 50}]", "");
    world.update("v2");
    assert!(world.controller.pause(Reason::CanaryPauseStep).is_some());
    assert!(world.controller.controller_pause);
    assert_eq!(world.standing(), Standing::Paused);
    assert_eq!(world.controller.current_step(), 0);
}

#[test]
fn b4_a_pause_that_has_run_out_takes_its_condition_along() {
    let steps = "[{pause: {duration: 5}}, {setWeight: 20}, {pause: {}}]";
    let mut world = world(5, steps, "");
    world.startup = 100;
    world.update("v2");
    world.run_to(4);
    assert_eq!(world.controller.current_step(), 0);
    world.run_to(10);
    assert_eq!(world.controller.current_step(), 1);
    assert!(world.controller.pause(Reason::CanaryPauseStep).is_none());
    assert!(!world.controller.controller_pause);
}

#[test]
fn b5_a_cleared_pause_completes_its_step() {
    let steps = "[{pause: {}}, {setWeight: 20}, {pause: {}}]";
    let mut world = world(5, steps, "");
    world.startup = 100;
    world.update("v2");
    world.run_to(10);
    world.command(Command::Resume);
    assert_eq!(world.controller.current_step(), 1);
    assert!(!world.controller.controller_pause);
}

#[test]
fn b9_an_inconclusive_step_pauses_where_it_is() {
    let steps = "[{analysis: {templates: [{templateName: t}]}}, {setWeight: 20}]";
    let mut world = world(5, steps, "");
    world.answers.insert(0, value(0.5));
    world.update("v2");
    world.run_to(5);
    let inconclusive = world.controller.pause(Reason::InconclusiveAnalysisRun);
    assert!(inconclusive.is_some());
    assert_eq!(
        (world.standing(), world.controller.current_step()),
        (Standing::Paused, 0)
    );
}

#[test]
fn b12_an_inconclusive_background_run_is_kept_while_paused() {
    let mut world = world(5, "[{setWeight: 20}, {pause: {}}]", BACKGROUND);
    world.answers.insert(0, value(0.5));
    world.update("v2");
    world.run_to(5000);
    assert_eq!(world.standing(), Standing::Paused);
    assert!(world.controller.background.is_some());
    // One measurement, and no new run in all the passes since.
    assert_eq!(world.queries, [0]);
}

#[test]
fn b14_a_promotion_ends_the_background_run() {
    let yaml = manifest(5, "[{setWeight: 20}]", BACKGROUND).replace("    count: 3\n", "");
    let mut world = World::new(rollout(&yaml));
    world.update("v2");
    world.run_to(3);
    assert!(world.controller.background.is_some());
    world.run_to(1000);
    assert_eq!(world.standing(), Standing::Promoted);
    assert!(world.controller.background.is_none());
    assert_eq!(world.queries, [0]);
}

#[test]
fn b20_an_abort_grows_the_stable_pods_first() {
    let more = "      maxSurge: 1\n      maxUnavailable: 0";
    let mut world = world(10, "[{setWeight: 10}, {pause: {}}]", more);
    world.update("v2");
    world.run_to(20);
    world.scales.clear();
    world.command(Command::Abort);
    world.run_to(100);
    assert_eq!(world.controller.current_step(), 0);
    assert_eq!(
        world.scales,
        // Nothing may be unavailable, so the canary stays until the tenth stable pod is there.
        [(20, "v1".to_owned(), 10), (25, "v2".to_owned(), 0)]
    );
}

#[test]
fn b21_a_promoted_rollout_is_not_aborted() {
    let mut world = world(5, "[{setWeight: 20}]", "");
    world.update("v2");
    world.run_to(100);
    world.command(Command::Abort);
    world.run_to(200);
    assert!(!world.controller.aborted());
    assert_eq!(world.standing(), Standing::Promoted);
}

#[test]
fn b27_the_router_keeps_the_weight_before_until_the_pods_are_there() {
    let mut world = world(10, "[{setWeight: 10}, {setWeight: 20}, {pause: {}}]", NGINX);
    world.update("v2");
    world.run_to(7);
    assert_eq!(world.controller.current_step(), 1);
    assert_eq!(
        (world.scaled("v2"), world.routes.clone()),
        ("0:1 5:2".to_owned(), vec![(5, 10)])
    );
    world.run_to(20);
    assert_eq!(world.routes, [(5, 10), (10, 20)]);
}

#[test]
fn b29_at_the_end_nothing_goes_on_before_the_weight_is_verified() {
    let mut world = world(10, "[{setWeight: 10}]", NGINX);
    world.update("v2");
    world.run_to(7);
    world.verify(Some(false));
    world.run_to(100);
    assert_eq!(world.routes, [(5, 10), (10, 100)]);
    assert_eq!(world.standing(), Standing::Progressing);
    assert_eq!(world.controller.stable.as_str(), "v1");
    // Asked again every ten seconds.
    assert_eq!(
        world.controller.next_wake(),
        Some(crate::Time::from_secs(110))
    );
    world.verify(Some(true));
    world.run_to(101);
    assert_eq!(world.standing(), Standing::Promoted);
}

#[test]
fn b30_a_weight_that_is_not_verified_holds_its_step() {
    let mut world = world(10, "[{setWeight: 10}, {pause: {}}]", NGINX);
    world.verify(Some(false));
    world.update("v2");
    world.run_to(100);
    assert_eq!(world.routes, [(5, 10)]);
    assert_eq!(world.controller.current_step(), 0);
    world.verify(Some(true));
    assert_eq!(world.controller.current_step(), 1);
}

/// AWS is asked only where it decides something (`rolloututil.go:243`).
#[test]
fn of_an_alb_only_the_weights_of_steps_are_verified() {
    let alb = "      trafficRouting: {alb: {ingress: app, servicePort: 80}}";
    let mut world = world(10, "[{setWeight: 10}, {pause: {}}, {setWeight: 20}]", alb);
    world.update("v2");
    world.run_to(7);
    assert_eq!(world.controller.current_step(), 1);
    world.verify(Some(false));
    world.run_to(20);
    assert_eq!(world.controller.verified, None);
    world.command(Command::Promote);
    world.run_to(40);
    assert_eq!(world.routes, [(5, 10), (25, 20)]);
    assert_eq!(world.controller.verified, Some(false));
    assert_eq!(world.controller.current_step(), 2);
}

#[test]
fn b32_a_promoted_canary_is_told_no_weight() {
    let mut world = world(10, "[{setWeight: 10}]", NGINX);
    world.update("v2");
    world.run_to(100);
    assert_eq!(world.standing(), Standing::Promoted);
    assert_eq!(world.routes.last().map(|(_, weight)| *weight), Some(0));
    let stable = (world.points.last()).map(|(_, service, to)| (*service, to.as_str()));
    assert_eq!(stable, Some((Service::Stable, "v2")));
}

#[test]
fn b43_a_metric_without_end_is_legal_in_the_background() {
    let steps = "[{setWeight: 20}, {pause: {duration: 5m}}]";
    let yaml = manifest(5, steps, BACKGROUND).replace("    count: 3\n", "");
    let rollout = rollout(&yaml);
    assert_eq!(rollout.refusal, None);
    let mut world = World::new(rollout);
    world.update("v2");
    world.run_to(1000);
    assert_eq!(world.standing(), Standing::Promoted);
    assert_eq!(world.queries, [0, 60, 120, 180, 240, 300]);
}

/// A54 in a whole rollout: a job in flight ends with the run, and its later end is nobody's.
#[test]
fn a54_a_failing_sibling_takes_the_job_along() {
    let steps = "[{setWeight: 20}, {analysis: {templates: [{templateName: t}]}}, {pause: {}}]";
    let job = "  - name: smoke\n    provider: {job: {spec: {}}}\n";
    let yaml = format!("{}{job}", manifest(5, steps, ""));
    let mut failing = World::new(rollout(&yaml));
    failing.job_after = 90;
    failing.answers.insert(60, value(0.0));
    failing.update("v2");
    failing.run_to(500);
    assert_eq!(failing.standing(), Standing::RolledBack);
    let measured = |world: &World| -> Vec<String> {
        let records = world.records.iter();
        let lines = records.filter_map(|(at, record)| match record {
            crate::Record::Measured {
                metric, outcome, ..
            } => Some(format!("{at} {metric} {outcome}")),
            _ => None,
        });
        lines.collect()
    };
    assert_eq!(
        measured(&failing),
        ["5 m Successful", "65 m Failed", "65 smoke Inconclusive"]
    );
    // Undisturbed, it is seen at its first resumption after its end at 95 s: 100 s after its start.
    let mut good = World::new(rollout(&yaml));
    good.job_after = 90;
    good.update("v2");
    good.run_to(500);
    assert_eq!(
        measured(&good),
        [
            "5 m Successful",
            "65 m Successful",
            "105 smoke Successful",
            "125 m Successful"
        ]
    );
    assert_eq!(good.controller.current_step(), 2);
}

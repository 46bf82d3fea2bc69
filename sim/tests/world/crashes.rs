//! Processes that die and start again.

use coalmine_policy::Time;
use coalmine_sim::fault::{Scope, Version, Versions};
use coalmine_sim::latency::Latency;
use coalmine_sim::pods::{Crashes, PodSet, Replacement, Startup};
use coalmine_sim::router::{Again, IngressNginx, RouterConfig, Upstream};
use coalmine_sim::stream::Streams;

use super::*;

fn crash(every_s: f64) -> Fault {
    Fault {
        crash_every_s: Some(every_s),
        ..Fault::default()
    }
}

/// A service whose pods start in a second, more or less.
fn crashing(every_s: f64) -> Scenario {
    let mut scenario = scenario(20.0, Some(crash(every_s)));
    scenario.service.startup = Latency::from_quantiles(1.0, 1.0);
    // Nobody meets pods that leave.
    scenario.service.pre_stop_s = 20.0;
    scenario
}

/// A pod that dies as soon as it is ready shows the kubelet's back-off.
#[test]
fn the_kubelet_waits_longer_and_longer_up_to_five_minutes() {
    let scenario = crashing(1e-6);
    let crashes = Crashes::of(&scenario);
    let streams = Streams::new(Seed(1), "crash", 0);
    let startup = Startup {
        pre_stop_s: 0.0,
        streams: &streams,
        time: scenario.service.startup,
        crashes: &crashes,
    };
    let mut set = PodSet::settled(1, 0, Version::New, Replacement::None);
    set.scale(Time::ZERO, 1, &startup);
    let mut now = Time::ZERO;
    while set.outages().len() < 10 {
        now = set
            .next_ready(now)
            .expect("there is always something to come");
        set.reconcile(now, &startup);
    }
    let waits: Vec<f64> = set
        .outages()
        .iter()
        .map(|outage| (outage.to.since(outage.from).as_secs_f64() - 1.0).round())
        .collect();
    let expected = [
        0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0, 300.0, 300.0,
    ];
    assert_eq!(waits, expected);
}

/// One that runs for more than ten minutes is started again at once, as the first time.
#[test]
fn a_good_run_resets_the_back_off() {
    let scenario = crashing(3600.0 * 24.0);
    let crashes = Crashes::of(&scenario);
    let streams = Streams::new(Seed(1), "crash", 0);
    let startup = Startup {
        pre_stop_s: 0.0,
        streams: &streams,
        time: scenario.service.startup,
        crashes: &crashes,
    };
    let mut set = PodSet::settled(1, 20, Version::New, Replacement::None);
    let mut now = Time::ZERO;
    set.reconcile(now, &startup);
    while set.outages().len() < 60 {
        now = set
            .next_ready(now)
            .expect("there is always something to come");
        set.reconcile(now, &startup);
    }
    let long = set
        .outages()
        .iter()
        .filter(|outage| outage.to.since(outage.from) > Span::from_secs(2));
    // Of exponential lives with a mean of a day 0.7 % end within ten minutes.
    assert!(long.count() <= 3);
}

/// nginx asks another pod for what one took along.
#[test]
fn what_dies_in_the_middle_of_its_work_is_tried_again() {
    for fidelity in [Fidelity::Aggregate, Fidelity::Request] {
        let mut scenario = crashing(900.0);
        scenario.traffic = Traffic::constant(50.0);
        scenario.service.error_share = 0.0;
        let policy = baseline(None);
        let stage = Stage::new(&scenario, &policy).expect("answerable");
        let stage = stage.with_fidelity(fidelity);
        let mut world = World::new(&stage, Seed(3));
        let hurt = (0..4).map(|run| world.run(run, &mut Nobody).hurt);
        // Some 70 are lost and come to others.
        assert!(hurt.sum::<u64>() <= 3);
    }
}

/// A process has in work what arrives in a mean latency (Little's law), and loses it.
#[test]
fn what_dies_in_the_middle_of_its_work_fails_and_the_rest_goes_on() {
    const RUNS: u32 = 12;
    for fidelity in [Fidelity::Aggregate, Fidelity::Request] {
        let mut scenario = crashing(900.0);
        // A router that tries nothing again.
        scenario.router = RouterConfig::IngressNginx(IngressNginx {
            upstream: Upstream {
                again: Again::REFUSED,
                ..Upstream::INGRESS_NGINX
            },
            ..IngressNginx::default()
        });
        scenario.traffic = Traffic::constant(50.0);
        scenario.service.error_share = 0.0;
        let queries = [
            "sum(nginx_ingress_controller_requests{status='500'})",
            "sum(nginx_ingress_controller_requests)",
            "sum(resets(http_requests_total{status='200'}[20m]))",
        ];
        let policy = watching(&queries);
        let stage = Stage::new(&scenario, &policy).expect("answerable");
        let stage = stage.with_fidelity(fidelity);
        let mut world = World::new(&stage, Seed(3));
        let (mut hurt, mut failed, mut all, mut resets) = (0.0, 0.0, 0.0, 0.0);
        for replication in 0..RUNS {
            let (outcome, store) = world.record(replication, &mut Nobody);
            assert_eq!(outcome.verdict, Verdict::Promoted);
            hurt += outcome.hurt as f64;
            let at = |query: &str, at_s| value(store, &scenario, (query, at_s));
            failed += at(queries[0], 3590.0) - at(queries[0], 1800.0);
            all += at(queries[1], 3590.0) - at(queries[1], 1800.0);
            resets += at(queries[2], 3590.0);
        }
        // How often processes die is seen from the counters, which begin anew, in the last 20 minutes:
        // ten of them every quarter of an hour, less the seconds to minutes before they are back.
        let deaths = resets * 3.0;
        let each = 5.0 * scenario.service.latency.mean_s();
        assert!(
            (35.0..41.0).contains(&(deaths / f64::from(RUNS))),
            "{deaths}"
        );
        // Pods that are away leave a little more to the others. The deaths of 20 minutes are Poisson
        // and stand for those of 60; what each process had in work is Poisson too.
        let error =
            |expected: f64| 4.0 * (expected + 3.0 * expected * each).sqrt() + 0.04 * expected;
        let expected = deaths * each;
        assert!(expected > 2.0 * error(expected), "{expected}");
        assert!(
            (hurt - expected).abs() < error(expected),
            "{hurt}, not {expected}"
        );
        let expected = expected * 1790.0 / 3600.0;
        assert!(
            (failed - expected).abs() < error(expected),
            "{failed}, not {expected}"
        );
        assert!(all > 1_000_000.0, "{all}");
    }
}

#[test]
fn a_crash_loop_keeps_an_update_from_its_end() {
    // Each process lives for five seconds and takes at least twice as long to start: they are never
    // all ready at once.
    let outcomes = run(&scenario(20.0, Some(crash(5.0))), &baseline(None), 20);
    assert!(
        outcomes.iter().all(|o| o.verdict == Verdict::Stuck),
        "{outcomes:?}"
    );
    assert!(outcomes.iter().all(|o| o.exposed > 0 && o.exposed < 60_000));
}

#[test]
fn crashes_of_both_versions_are_not_the_releases_fault() {
    for fidelity in [Fidelity::Aggregate, Fidelity::Request] {
        let mut scenario = crashing(600.0);
        scenario.faults[0].scope = Scope {
            versions: Versions::Both,
            ..Scope::default()
        };
        let policy = baseline(None);
        let stage = Stage::new(&scenario, &policy).expect("answerable");
        let stage = stage.with_fidelity(fidelity);
        let mut world = World::new(&stage, Seed(3));
        for replication in 0..10 {
            let outcome = world.run(replication, &mut Nobody);
            assert_eq!((outcome.hurt, outcome.fault_met_ns), (0, None));
        }
    }
}

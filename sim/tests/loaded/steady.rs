//! Constant loads, overload with recovery, warm-up.

use coalmine_sim::scenario::WarmUp;

use super::*;

/// The probability of waiting in M/M/c.
fn erlang_c(servers: u32, utilisation: f64) -> f64 {
    let load = f64::from(servers) * utilisation;
    let blocked = (1..=servers).fold(1.0, |b, k| load * b / (f64::from(k) + load * b));
    blocked / (1.0 - utilisation * (1.0 - blocked))
}

#[test]
fn mean_latencies_of_mmc_are_those_of_erlang() {
    for utilisation in [0.5, 0.8, 0.95, 0.98] {
        let traffic = Traffic::constant(utilisation * CAPACITY);
        let scenario = scenario("steady/mmc", 30, traffic, frozen(pool(exponential())));
        let seen = see(&scenario, Fidelity::Aggregate, (0.0, 1_800.0), 2);
        let wait = erlang_c(CONCURRENCY, utilisation) * 0.1
            / (f64::from(CONCURRENCY) * (1.0 - utilisation));
        // Levels are within 2.5 % of the wait; 400,000 latencies add 0.3 %.
        let off = (seen.mean_s() - 0.1 - wait).abs();
        assert!(
            off < 0.025 * wait + 0.0005,
            "{utilisation}: {} for {}",
            seen.mean_s(),
            0.1 + wait
        );
    }
}

#[test]
fn constant_loads_agree() {
    let latency = Latency::from_quantiles(0.08, 0.3);
    for (utilisation, tolerance) in [(0.5, 0.01), (0.8, 0.03), (0.95, 0.15)] {
        let rps = utilisation * f64::from(PODS * CONCURRENCY) / latency.mean_s();
        let service = frozen(pool(latency));
        let scenario = scenario("steady/load", 30, Traffic::constant(rps), service);
        let (a, r) = both(&scenario, (60.0, 1_800.0), 2);
        let what = |measure: &str| format!("{measure} at {utilisation}");
        assert_near(&what("mean"), a.mean_s(), r.mean_s(), tolerance);
        assert_near(&what("failed"), a.share(a.failed), r.share(r.failed), 0.2);
        let slow = (a.share(a.slow[0]), r.share(r.slow[0]));
        assert_near(&what("over 0.4 s"), slow.0, slow.1, 3.0 * tolerance + 0.05);
    }
}

#[test]
fn a_hump_of_traffic_is_lived_through_alike() {
    for (name, queue, timeout_s) in [
        ("open", None, None),
        ("bounded", Some(100), None),
        ("impatient", Some(200), Some(1.0)),
    ] {
        for peak in [0.8, 1.4] {
            let service = Service {
                queue,
                timeout_s,
                ..frozen(pool(exponential()))
            };
            let scenario = scenario("hump/healthy", 20, hump(peak), service);
            let (a, r) = both(&scenario, (120.0, 1_200.0), 2);
            let what = |measure: &str| format!("{measure}, {name} up to {peak}");
            assert_near(&what("mean"), a.mean_s(), r.mean_s(), 0.05);
            let slow = (a.share(a.slow[1]), r.share(r.slow[1]));
            if peak > 1.0 {
                assert_near(&what("over 1.1 s"), slow.0, slow.1, 0.06);
                let failed = (a.share(a.failed), r.share(r.failed));
                let tolerance = if queue.is_some() { 0.06 } else { 0.2 };
                assert_near(&what("failed"), failed.0, failed.1, tolerance);
                assert!(queue.is_none() || r.share(r.failed) > 0.03, "{r:?}");
                assert!(queue.is_some() || r.share(r.slow[1]) > 0.15, "{r:?}");
            }
        }
    }
}

/// The backlog of an overload lasts until what was too much has been worked off, and no longer.
#[test]
fn recovery_takes_the_backlog_over_the_spare_capacity() {
    // Half as much again as can be served, for five minutes: 9,000 requests too many; then half of the
    // capacity is spare: five minutes more. Two places a pod: 60 requests a second.
    let points = vec![(0.0, 30.0), (0.001, 90.0), (300.0, 90.0), (300.001, 30.0)];
    let traffic = Traffic {
        terms: vec![Term::Table { points }],
    };
    let service = Service {
        concurrency: Some(2),
        ..frozen(pool(exponential()))
    };
    let scenario = scenario("flood/healthy", 20, traffic, service);
    // Aggregate counts a request when it arrives, request fidelity when it is answered.
    let (a, r) = both(&scenario, (0.0, 1_200.0), 4);
    assert_near("mean", a.mean_s(), r.mean_s(), 0.03);
    let slow = (a.share(a.slow[1]), r.share(r.slow[1]));
    assert_near("over 1.1 s", slow.0, slow.1, 0.02);
    // All but the first seconds' of 600 s, of 54,000 requests in all.
    assert_near("over 1.1 s", slow.1, 36_000.0 / 54_000.0, 0.03);
    let (a, r) = both(&scenario, (640.0, 1_200.0), 1);
    assert!(a.share(a.slow[1]) < 0.01, "{a:?}");
    assert!(r.share(r.slow[1]) < 0.1, "{r:?}");
}

#[test]
fn warming_up_slows_both_fidelities_alike() {
    for concurrency in [None, Some(CONCURRENCY)] {
        let service = Service {
            concurrency,
            warm_up: Some(WarmUp {
                lasts_s: 300.0,
                latency_times: 3.0,
            }),
            pods: 8,
            ..pool(Latency::from_quantiles(0.08, 0.3))
        };
        // 640 places a second: 19 % busy when warm, and 56 % when cold.
        let scenario = scenario("steady/cold", 12, Traffic::constant(120.0), service);
        let (a, r) = both(&scenario, (60.0, 360.0), 4);
        assert!(r.mean_s() > 0.12, "{r:?}");
        assert_near("mean", a.mean_s(), r.mean_s(), 0.03);
        let slow = (a.share(a.slow[0]), r.share(r.slow[0]));
        // A mixture of ages has a longer tail than their mean age: the model's own error.
        assert_near("over 0.4 s", slow.0, slow.1, 0.15);
        assert_near("hurt", a.hurt, r.hurt, 0.2);
        let (a, r) = both(&scenario, (500.0, 720.0), 2);
        assert_near("warm", a.mean_s(), r.mean_s(), 0.02);
    }
}

/// What a removed pod cannot finish is only lost in request fidelity. It is as much as is being worked
/// on when the pods go: requests per second times seconds, once for a whole rollout.
#[test]
fn what_is_lost_without_draining_is_what_was_being_worked_on() {
    let lost = |drain_s: Option<f64>| {
        let service = Service {
            drain_s,
            error_share: 0.0,
            ..pool(Latency::from_quantiles(0.08, 0.3))
        };
        let scenario = scenario("steady/drain", 8, Traffic::constant(100.0), service);
        let seen = see(&scenario, Fidelity::Request, (0.0, 480.0), 10);
        (seen.failed, seen.requests)
    };
    assert_eq!(lost(None).0, 0.0);
    assert_eq!(lost(Some(5.0)).0, 0.0);
    let (failed, requests) = lost(Some(0.0));
    // Three pods go, each with a third or a quarter of 9.4 requests in hand; ten times.
    assert!((60.0..130.0).contains(&failed), "{failed}");
    assert!(failed / requests < 3e-4);
}

/// Traffic that comes in gusts overloads pods now and then: they feel what comes, not what is
/// expected.
#[test]
fn gusts_are_felt_alike() {
    use coalmine_sim::arrivals::Pattern;
    let traffic = Traffic::constant(0.7 * CAPACITY);
    let mut scenario = scenario("steady/gusts", 30, traffic, frozen(pool(exponential())));
    let (calm, _) = both(&scenario, (60.0, 1_800.0), 1);
    scenario.arrivals = Pattern {
        dispersion: 0.1,
        correlation_cells: 2,
        burst: 1.0,
    };
    let (a, r) = both(&scenario, (60.0, 1_800.0), 2);
    assert!(a.mean_s() > 2.0 * calm.mean_s(), "{a:?} {calm:?}");
    assert_near("mean", a.mean_s(), r.mean_s(), 0.1);
    assert_near("over 0.4 s", a.share(a.slow[0]), r.share(r.slow[0]), 0.1);
}

/// Treatments are worked out when first met; whoever met them before, a replication is the same.
#[test]
fn loaded_replications_repeat_themselves() {
    let service = Service {
        queue: Some(50),
        timeout_s: Some(2.0),
        ..pool(exponential())
    };
    let scenario = scenario("hump/again", 15, hump(1.3), service);
    let policy = policy(Some("0 * sum(nginx_ingress_controller_requests)"));
    let stage = Stage::new(&scenario, &policy).expect("answerable");
    let alone = World::new(&stage, Seed(1)).run(5, &mut Nobody);
    let mut world = World::new(&stage, Seed(1));
    let after_others: Vec<_> = (0..6).map(|i| world.run(i, &mut Nobody)).collect();
    assert_eq!(alone, after_others[5]);
    assert_ne!(after_others[4].hurt, after_others[5].hurt);
    assert!(alone.hurt > 100, "{alone:?}");
}

/// What a policy looks at does not change the load, nor what it does to people.
#[test]
fn who_looks_changes_nothing_about_the_load() {
    let scenario = scenario("hump/looks", 20, hump(1.3), pool(exponential()));
    let hurt = |query: &str| {
        let policy = policy(Some(query));
        let stage = Stage::new(&scenario, &policy).expect("answerable");
        let mut world = World::new(&stage, Seed(1));
        let hurt = (0..20).map(|i| world.run(i, &mut Nobody).hurt as f64);
        hurt.sum::<f64>()
    };
    let (a, b) = (
        hurt("0 * sum(nginx_ingress_controller_requests)"),
        hurt("0 * sum(http_request_duration_seconds_bucket{le='0.4'})"),
    );
    // Binomial draws of the same treatments: well within a tenth of a percent of the requests.
    assert!(a > 10_000.0);
    assert_near("hurt", a, b, 0.02);
}

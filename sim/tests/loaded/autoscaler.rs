//! Autoscalers in whole worlds.

use coalmine_sim::scenario::Autoscaler;

use super::*;

fn scaled(min: u32, max: u32) -> Service {
    Service {
        autoscaler: Some(Autoscaler {
            target: 0.6,
            min,
            max,
            sync: Span::from_secs(15),
            lag: Span::from_secs(30),
            stabilisation: Span::from_mins(5),
        }),
        startup: Latency::from_quantiles(20.0, 30.0),
        ..pool(exponential())
    }
}

/// Ready pods over time.
fn pods(scenario: &Scenario, fidelity: Fidelity) -> Vec<(f64, u32)> {
    let policy = policy(None);
    let stage = Stage::new(scenario, &policy).expect("answerable");
    let stage = stage.with_fidelity(fidelity);
    let mut witness: Vec<Entry> = Vec::new();
    World::new(&stage, Seed(3)).run(0, &mut witness);
    let ready = witness.iter().filter_map(|entry| match entry.what {
        What::PodsReady { old, new } => Some((entry.at.as_secs_f64(), old + new)),
        _ => None,
    });
    ready.collect()
}

fn at(pods: &[(f64, u32)], at_s: f64) -> u32 {
    let last = pods.iter().rev().find(|(from_s, _)| *from_s <= at_s);
    last.map_or(0, |(_, pods)| *pods)
}

#[test]
fn pods_follow_the_load_up_at_once_and_down_after_the_window() {
    // 120 a second are 12 places: three pods at half of 8, near enough to 60 %. 480 a second are 48
    // places, 80 at 60 %: ten pods.
    let points = vec![
        (0.0, 120.0),
        (600.0, 120.0),
        (600.001, 480.0),
        (1_200.0, 480.0),
        (1_200.001, 120.0),
    ];
    let traffic = Traffic {
        terms: vec![Term::Table { points }],
    };
    let scenario = scenario("steps/healthy", 40, traffic, scaled(3, 12));
    let seen = pods(&scenario, Fidelity::Aggregate);
    assert_eq!(at(&seen, 590.0), 3);
    // Nothing before the metric's lag is over; 30 s of start-up more.
    assert_eq!(at(&seen, 640.0), 3, "{seen:?}");
    // An overloaded pod is full, not more: three full pods ask for five, five for nine, and so on;
    // the backlog then keeps more busy than the load needs.
    let most = seen.iter().map(|(_, pods)| *pods).max();
    assert!(at(&seen, 900.0) >= 10, "{seen:?}");
    assert!(most <= Some(12), "{seen:?}");
    // Down again five minutes after the last look that wanted them.
    assert!(at(&seen, 1_480.0) >= 10, "{seen:?}");
    assert!((3..=4).contains(&at(&seen, 1_560.0)), "{seen:?}");
    assert!((3..=4).contains(&at(&seen, 2_390.0)), "{seen:?}");
    // The load is an expectation: requests one by one change nothing.
    assert_eq!(seen, pods(&scenario, Fidelity::Request));
}

#[test]
fn growing_pods_ends_an_overload() {
    let traffic = || Traffic::constant(1.3 * CAPACITY);
    let grows = scenario("over/scaled", 20, traffic(), scaled(3, 12));
    let (a, r) = both(&grows, (0.0, 1_200.0), 1);
    let late = both(&grows, (600.0, 1_200.0), 1).0;
    assert!(late.mean_s() < 0.12, "{late:?}");
    // Which pod has how long a backlog when others join is a mean here and each pod's own there.
    assert_near("mean", a.mean_s(), r.mean_s(), 0.3);
    assert!(r.mean_s() > 0.15, "{r:?}");
}

//! The properties of the router notes (§8): (a), (b) and (g) over every router, the rest over
//! ingress-nginx.

use rand::RngExt;

use super::*;

#[test]
fn units_see_a_subsequence_of_what_was_written_and_converge() {
    for kind in presets::KINDS {
        let config = presets::by_name(kind).expect("is known");
        for trial in 0..50 {
            let mut draws = stream(1_000 + trial);
            let mut at_s = 0.0;
            // Weights grow, so that order can be read off the value.
            let writes: Vec<_> = (1..=10)
                .map(|step| {
                    at_s += draws.random::<f64>() * 4.0;
                    (at_s, f64::from(step))
                })
                .collect();
            let seen = changes(&config, &weights(&writes), trial);
            let mut units = vec![0.0; config.units().max(1)];
            let mut before_s = 0.0;
            for change in &seen {
                let written = writes.iter().find(|(_, w)| *w == change.unit_share);
                let (written_s, _) = written.expect("was written");
                assert!(
                    change.at_s >= *written_s && change.at_s >= before_s,
                    "{kind}"
                );
                assert!(change.unit_share > units[change.unit], "{kind} goes back");
                units[change.unit] = change.unit_share;
                before_s = change.at_s;
            }
            // ALB may be throttled for longer than the test looks.
            let settled = units.iter().all(|share| *share == 10.0);
            assert!(settled || kind == "alb", "{kind} {trial}: {units:?}");
            assert_eq!(seen, changes(&config, &weights(&writes), trial), "{kind}");
        }
    }
}

/// An ingress-nginx without faults: no reloads, small configuration, fixed delays.
fn calm(events_per_s: f64) -> IngressNginx {
    IngressNginx {
        replicas: 2,
        workers: 4,
        phases_s: None,
        events_per_s,
        reload_share: 0.0,
        ..det()
    }
}

/// Weights at random instants, all different.
fn many_writes(trial: u32, count: u32) -> Vec<(f64, f64)> {
    let mut draws = stream(2_000 + trial);
    let mut at_s = 0.0;
    let writes = (1..=count).map(|step| {
        at_s += draws.random::<f64>() * 5.0;
        (at_s, f64::from(step))
    });
    writes.collect()
}

#[test]
fn property_c_every_worker_converges_within_two_tokens_and_a_poll() {
    let (watch_s, build_s, post_s) = (0.010, 0.020, 0.005);
    let most_s = 2.0 / 0.3 + 1.0 + watch_s + build_s + post_s;
    for events_per_s in [0.0, 0.2, 2.0] {
        let config = RouterConfig::IngressNginx(calm(events_per_s));
        for trial in 0..100 {
            let writes = many_writes(trial, 10);
            let last_s = writes.last().map_or(0.0, |(at_s, _)| *at_s);
            let mut units = vec![f64::INFINITY; config.units()];
            for change in changes(&config, &weights(&writes), trial) {
                if change.unit_share == 10.0 {
                    units[change.unit] = change.at_s - last_s;
                }
            }
            let slowest_s = units.iter().copied().fold(0.0, f64::max);
            assert!(
                slowest_s <= most_s + 1e-9,
                "{events_per_s}/s, {trial}: {slowest_s}"
            );
        }
    }
}

#[test]
fn property_d_posts_are_a_token_apart() {
    // Workers that poll every millisecond show each POST as it comes.
    let config = RouterConfig::IngressNginx(IngressNginx {
        replicas: 1,
        workers: 1,
        poll_s: 0.001,
        phases_s: Some(vec![0.0]),
        ..calm(1.0)
    });
    let mut posts = 0;
    for trial in 0..100 {
        let seen = changes(&config, &weights(&many_writes(trial, 30)), trial);
        posts += seen.len();
        for pair in seen.windows(2) {
            let gap_s = pair[1].at_s - pair[0].at_s;
            assert!(gap_s > 1.0 / 0.3 - 0.0015, "{trial}: {gap_s}");
        }
    }
    assert!(posts > 1_000, "{posts}");
}

#[test]
fn property_e_a_higher_limit_never_makes_weights_later() {
    let deciles = |sync_qps: f64| {
        let config = RouterConfig::IngressNginx(IngressNginx {
            sync_qps,
            ..calm(0.5)
        });
        let mut router = Router::new(&config, stream(0));
        let lag = |trial: u32| {
            router.reset(stream(trial));
            router.write(100.0, 0.5);
            let mut last_s = 0.0;
            router.advance(200.0, |change| last_s = change.at_s - 100.0);
            last_s
        };
        let mut lags: Vec<f64> = (0..4_000).map(lag).collect();
        lags.sort_by(f64::total_cmp);
        [1, 2, 3, 4, 5, 6, 7, 8, 9].map(|decile| lags[lags.len() * decile / 10])
    };
    let by_limit = [0.15, 0.3, 0.5, 1.0].map(deciles);
    for pair in by_limit.windows(2) {
        for (slow, quick) in pair[0].iter().zip(pair[1]) {
            // The standard error of a decile of 4000 is 0.03 s at most here.
            assert!(quick < slow + 0.1, "{pair:?}");
        }
    }
}

#[test]
fn property_f_misrouted_requests_are_what_each_worker_was_late() {
    use crate::flow::Flow;
    use crate::scenario::Scenario;
    use crate::split::Segment;
    use crate::traffic::Traffic;
    use coalmine_policy::Span;

    const RPS: f64 = 100.0;
    const OLD: f64 = 0.5;
    const WRITTEN_S: f64 = 10.0;
    let scenario = Scenario::ordinary("steady/f", Span::from_secs(60), Traffic::constant(RPS));
    let behaviours = scenario.behaviours();
    let config = RouterConfig::IngressNginx(IngressNginx::default());
    let mut router = Router::new(&config, stream(0));
    let (mut found, mut expected) = (0.0, 0.0);
    for trial in 0..300 {
        let streams = Streams::new(Seed(7), "misrouted", trial);
        let mut flow = Flow::new(&scenario, &behaviours, (1, 60.0), &streams);
        flow.reset(&streams);
        let split = |from_s, canary: f64| Segment {
            from_s,
            share: [canary, 0.0, 1.0 - canary],
            pods: [10, 0, 10],
            ..Segment::default()
        };
        flow.split.push(split(-60.0, OLD));
        router.reset(streams.get(Purpose::Router));
        router.write(-100.0, OLD);
        router.advance(WRITTEN_S, |_| {});
        assert_eq!(router.share(), OLD);
        router.write(WRITTEN_S, 0.0);
        let mut lags_s = 0.0;
        router.advance(60.0, |change| {
            lags_s += change.at_s - WRITTEN_S;
            flow.split.push(split(change.at_s, change.share));
        });
        expected += RPS * OLD * (WRITTEN_S + lags_s / config.units() as f64);
        found += flow.settle(60.0).exposed as f64;
    }
    assert!(
        (found - expected).abs() < 4.0 * expected.sqrt(),
        "{found} for {expected}"
    );
}

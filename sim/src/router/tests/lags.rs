//! Lag quantiles of tables 6.3 and 6.5 of the router notes: 4000 trials, fixed seeds.

use super::*;

/// Seconds from a write until every unit follows, at p50, p90 and p99.
fn lags(config: &RouterConfig) -> [f64; 3] {
    const TRIALS: usize = 4_000;
    let mut router = Router::new(config, stream(0));
    let mut lags: Vec<f64> = (0..TRIALS)
        .map(|trial| {
            router.reset(stream(trial as u32));
            router.write(100.0, 0.5);
            let mut last = 0.0;
            router.advance(600.0, |change| last = change.at_s - 100.0);
            last
        })
        .collect();
    lags.sort_by(f64::total_cmp);
    [50, 90, 99].map(|percent| lags[TRIALS * percent / 100])
}

fn check(name: &str, config: &RouterConfig, expected: [f64; 3], (relative, absolute): (f64, f64)) {
    let found = lags(config);
    for (found_s, expected_s) in found.iter().zip(expected) {
        let close = (found_s - expected_s).abs() < relative * expected_s + absolute;
        assert!(close, "{name}: {found:?} for {expected:?}");
    }
}

#[test]
fn ingress_nginx() {
    for (events_per_s, replicas, workers, expected) in [
        (0.02, 2, 4, [0.96, 1.04, 3.8]),
        (0.02, 1, 4, [0.89, 1.03, 3.7]),
        (0.2, 2, 4, [1.6, 3.7, 4.2]),
        (0.5, 2, 4, [2.6, 3.9, 4.3]),
        (2.0, 2, 4, [2.6, 4.0, 4.3]),
    ] {
        let config = RouterConfig::IngressNginx(IngressNginx {
            events_per_s,
            replicas,
            workers,
            write_s: (0.0, 0.0),
            ..IngressNginx::default()
        });
        let name = format!("{events_per_s}/s, {replicas}x{workers}");
        check(&name, &config, expected, (0.1, 0.15));
    }
}

/// The notes' model of these is coarser than their mechanisms, so the tolerance is 30 % and 0.1 s.
#[test]
fn other_routers() {
    for (kind, expected) in [
        ("istio", [0.19, 0.23, 0.28]),
        ("envoy-gateway", [0.12, 0.18, 0.25]),
        ("agentgateway", [0.05, 0.07, 0.11]),
        ("linkerd", [0.19, 0.27, 0.40]),
        ("nginx-gateway-fabric", [0.41, 0.73, 1.2]),
        ("traefik", [0.10, 1.55, 2.0]),
        ("kong", [1.6, 2.8, 3.1]),
        ("alb", [4.6, 10.5, 29.0]),
        ("kube-proxy", [0.8, 1.1, 1.2]),
    ] {
        let config = presets::by_name(kind).expect("is known");
        check(kind, &config, expected, (0.3, 0.1));
    }
}

//! Lag quantiles of tables 6.3 and 6.5 of the router notes: 2000 trials, fixed seeds.

use super::*;

/// Seconds from a write until every unit follows, at p50, p90 and p99.
fn lags(config: &RouterConfig) -> [f64; 3] {
    // Large ones are slow, and their notes' figures rest on as few.
    let trials = match config.units() {
        0..=200 => 2_000,
        units => 100_000 / units,
    };
    let mut router = Router::new(config, stream(0));
    let lags: Vec<f64> = (0..trials)
        .map(|trial| {
            router.reset(stream(trial as u32));
            router.write(100.0, 0.5);
            let mut last = 0.0;
            router.advance(600.0, |change| last = change.at_s - 100.0);
            last
        })
        .collect();
    quantiles(lags)
}

fn quantiles(mut lags: Vec<f64>) -> [f64; 3] {
    lags.sort_by(f64::total_cmp);
    [50, 90, 99].map(|percent| lags[lags.len() * percent / 100])
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

/// The rows of table 6.3 with other parameters.
#[test]
fn ingress_nginx_elsewhere() {
    let usual = || IngressNginx {
        write_s: (0.0, 0.0),
        ..IngressNginx::default()
    };
    let busy = |events_per_s, reload_share, parse_s, (replicas, workers)| IngressNginx {
        events_per_s,
        reload_share,
        parse_s: (parse_s, 0.2),
        replicas,
        workers,
        ..usual()
    };
    for (name, config, expected, tolerance) in [
        (
            "idle, 10x16",
            busy(0.02, 0.02, 0.05, (10, 16)),
            [1.04, 1.08, 3.8],
            (0.1, 0.15),
        ),
        (
            "0.05/s",
            busy(0.05, 0.02, 0.05, (2, 4)),
            [0.97, 2.2, 4.1],
            (0.15, 0.2),
        ),
        (
            "0.1/s",
            busy(0.1, 0.02, 0.05, (2, 4)),
            [1.0, 3.3, 4.2],
            (0.1, 0.2),
        ),
        (
            "0.2/s, 10 % reload, c=1 s",
            busy(0.2, 0.1, 1.0, (2, 4)),
            [1.8, 4.0, 5.9],
            (0.25, 0.2),
        ),
        (
            "limit 1, 0.5/s",
            IngressNginx {
                sync_qps: 1.0,
                ..busy(0.5, 0.02, 0.05, (2, 4))
            },
            [1.03, 1.7, 2.0],
            (0.15, 0.15),
        ),
        (
            "limit 10, 0.5/s",
            IngressNginx {
                sync_qps: 10.0,
                ..busy(0.5, 0.02, 0.05, (2, 4))
            },
            [0.96, 1.03, 1.07],
            (0.1, 0.15),
        ),
    ] {
        let config = RouterConfig::IngressNginx(config);
        check(name, &config, expected, tolerance);
    }
}

/// A change of endpoints shortly before takes the limiter's token.
#[test]
fn an_endpoint_event_before_a_write_delays_it() {
    let config = RouterConfig::IngressNginx(IngressNginx {
        write_s: (0.0, 0.0),
        events_per_s: 0.02,
        ..IngressNginx::default()
    });
    for (before_s, expected) in [(0.3, [4.0, 4.1, 4.1]), (2.0, [2.3, 2.4, 3.7])] {
        let mut router = Router::new(&config, stream(0));
        let lag = |trial: u32| {
            router.reset(stream(trial));
            router.event(100.0 - before_s, Api::Endpoints(None));
            router.write(100.0, 0.5);
            let mut last_s = 0.0;
            router.advance(600.0, |change| last_s = change.at_s - 100.0);
            last_s
        };
        let found = quantiles((0..2_000).map(lag).collect());
        for (found_s, expected_s) in found.iter().zip(expected) {
            let close = (found_s - expected_s).abs() < 0.1 * expected_s + 0.15;
            assert!(close, "{before_s} s before: {found:?} for {expected:?}");
        }
    }
}

/// The rows of table 6.5 at other sizes.
#[test]
fn other_routers_elsewhere() {
    let plane = |kind: &str| match presets::by_name(kind) {
        Some(RouterConfig::Control(plane)) => plane,
        other => panic!("{other:?}"),
    };
    let istio = |units, events_per_s, build_s, push_s| ControlPlane {
        units,
        events_per_s,
        build_s: vec![(build_s, 0.4)],
        push_s,
        ..plane("istio")
    };
    for (name, plane, expected) in [
        (
            "Istio, 500 sidecars",
            istio(500, 1.0, 0.1, 0.030),
            [0.74, 0.83, 0.93],
        ),
        (
            "Istio, 2000 sidecars",
            istio(2_000, 3.0, 0.8, 0.060),
            [4.8, 5.6, 6.5],
        ),
        (
            "Envoy Gateway, 3000 routes",
            ControlPlane {
                build_s: vec![(0.5, 0.4)],
                ..plane("envoy-gateway")
            },
            [0.75, 1.2, 1.7],
        ),
        (
            "Envoy Gateway, churn",
            ControlPlane {
                build_s: vec![(1.0, 0.4)],
                events_per_s: 2.0,
                ..plane("envoy-gateway")
            },
            [1.9, 2.9, 3.9],
        ),
        (
            "NGF, 1000 routes",
            ControlPlane {
                build_s: vec![(1.5, 0.4), (1.0, 0.6)],
                ..plane("nginx-gateway-fabric")
            },
            [3.6, 5.2, 7.1],
        ),
        (
            "Traefik, busy",
            ControlPlane {
                events_per_s: 2.0,
                ..plane("traefik")
            },
            [1.1, 1.9, 2.05],
        ),
        (
            "ALB, 5 % throttled",
            ControlPlane {
                throttled: (0.05, 60.0),
                ..plane("alb")
            },
            [4.7, 12.0, 104.0],
        ),
        (
            "kube-proxy, 500 nodes",
            ControlPlane {
                units: 500,
                apply_s: (2.0, 0.4),
                ..plane("kube-proxy")
            },
            [7.3, 8.8, 10.9],
        ),
    ] {
        check(name, &RouterConfig::Control(plane), expected, (0.3, 0.1));
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

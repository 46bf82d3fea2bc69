//! Routers other than ingress-nginx: their control planes by name.

use super::{Again, Batching, ControlPlane, IngressNginx, RouterConfig, Spread, Upstream};

/// Every router's name, as `kind` spells it.
pub const KINDS: [&str; 12] = [
    "ingress-nginx",
    "f5-nginx",
    "nginx-gateway-fabric",
    "istio",
    "linkerd",
    "envoy-gateway",
    "agentgateway",
    "kong",
    "traefik",
    "alb",
    "kube-proxy",
    "instant",
];

/// A router with its usual parameters.
#[must_use]
pub fn by_name(kind: &str) -> Option<RouterConfig> {
    let plane = match kind {
        "ingress-nginx" => return Some(RouterConfig::IngressNginx(IngressNginx::default())),
        "instant" => return Some(RouterConfig::Instant),
        "f5-nginx" | "nginx-gateway-fabric" => reloading(),
        "istio" => istio(),
        "linkerd" => linkerd(),
        "envoy-gateway" => envoy_gateway(),
        "agentgateway" => ControlPlane {
            build_s: vec![(0.015, 0.4)],
            apply_s: (0.01, 0.4),
            ..envoy_gateway()
        },
        "kong" => kong(),
        "traefik" => traefik(),
        "alb" => alb(),
        "kube-proxy" => kube_proxy(),
        _ => return None,
    };
    Some(RouterConfig::Control(plane))
}

/// What they have in common: 10 ms of watch, a change of something else every five seconds.
fn plain() -> ControlPlane {
    ControlPlane {
        units: 2,
        watch_s: (0.010, 0.8),
        events_per_s: 0.2,
        batching: Batching::Coalesce,
        build_s: Vec::new(),
        throttled: (0.0, 0.0),
        concurrency: 1,
        push_s: 0.0,
        apply_s: (0.0, 0.0),
        busy: (0.0, 0.0),
        upstream: Upstream::GATEWAY,
    }
}

/// Debounce of 100 ms and at most 10 s, then proxies one after another, 35 at once.
fn istio() -> ControlPlane {
    ControlPlane {
        units: 50,
        batching: Batching::Debounce {
            quiet_s: 0.1,
            max_s: 10.0,
        },
        build_s: vec![(0.020, 0.4)],
        concurrency: 35,
        push_s: 0.020,
        apply_s: (0.010, 0.4),
        // `num_retries: 2` in sidecars' config dumps, each on another host (`previous_hosts`).
        upstream: Upstream {
            tries: 3,
            ..Upstream::GATEWAY
        },
        ..plain()
    }
}

/// No debounce: each watch streams the newest value to each client proxy.
fn linkerd() -> ControlPlane {
    ControlPlane {
        units: 20,
        build_s: vec![(0.020, 0.4)],
        apply_s: (0.050, 0.6),
        ..plain()
    }
}

/// Coalescing per key, full translation, xDS.
fn envoy_gateway() -> ControlPlane {
    ControlPlane {
        build_s: vec![(0.060, 0.4)],
        apply_s: (0.030, 0.4),
        ..plain()
    }
}

/// F5 NGINX and NGINX Gateway Fabric: weights are `split_clients`, so each change is a true reload.
/// New requests meet the old weight until the old workers get QUIT, 0.1 s after the new ones start.
fn reloading() -> ControlPlane {
    ControlPlane {
        build_s: vec![(0.050, 0.4), (0.250, 0.6)],
        apply_s: (0.1, 0.0),
        // nginx' own `proxy_next_upstream error timeout` without a limit, and a peer that failed is
        // left out for 10 s.
        upstream: Upstream {
            tries: u32::MAX,
            again: Again::NGINX,
            ..Upstream::GATEWAY
        },
        ..plain()
    }
}

/// DB-less sync loop of 3 s.
fn kong() -> ControlPlane {
    ControlPlane {
        batching: Batching::Loop { interval_s: 3.0 },
        apply_s: (0.1, 0.0),
        // A service's `retries` is 5.
        upstream: Upstream {
            tries: 6,
            again: Again::NGINX,
            ..Upstream::GATEWAY
        },
        ..plain()
    }
}

/// `providersThrottleDuration`: forward the newest, then sleep 2 s.
fn traefik() -> ControlPlane {
    ControlPlane {
        batching: Batching::Throttle { sleep_s: 2.0 },
        build_s: vec![(0.050, 0.4)],
        ..plain()
    }
}

/// Reconcile, ModifyRule, propagation in the load balancer; sometimes throttled.
fn alb() -> ControlPlane {
    ControlPlane {
        units: 1,
        events_per_s: 0.0,
        build_s: vec![(0.7, 0.9), (0.4, 0.5)],
        throttled: (0.01, 60.0),
        apply_s: (3.0, 0.8),
        ..plain()
    }
}

/// Endpoint slices to every node; a busy node programs its rules once a second.
fn kube_proxy() -> ControlPlane {
    ControlPlane {
        units: 10,
        events_per_s: 0.0,
        build_s: vec![(0.050, 0.5)],
        apply_s: (0.030, 0.5),
        busy: (0.2, 1.0),
        upstream: Upstream {
            spread: Spread::Connections,
            ..Upstream::GATEWAY
        },
        ..plain()
    }
}

//! Envoy's upstream clusters, as Contour, Gloo, Kuma, Knative's gateway and App Mesh's sidecars
//! name them (envoyproxy.io, cluster manager statistics).

use super::family::{Place, Shape, Unit, routers, sidecars};
use super::{Frame, PORT, Potential};
use crate::subject::Front;

const SHAPE: Shape = Shape {
    counter: "envoy_cluster_upstream_rq",
    histogram: "envoy_cluster_upstream_rq_time",
    unit: Unit::Millis,
    outcome: ("envoy_response_code", ["200", "500"]),
    histogram_by_outcome: false,
};

pub(super) fn series(frame: &Frame<'_>) -> Vec<Potential> {
    SHAPE.series(frame, &places(frame))
}

fn places(frame: &Frame<'_>) -> Vec<Place> {
    let namespace = &frame.names.namespace;
    if frame.front == Front::AppMesh {
        return sidecars(frame, |_, pod| {
            vec![
                ("kubernetes_namespace", namespace.clone()),
                ("kubernetes_pod_name", pod.to_owned()),
            ]
        });
    }
    let name = if frame.front == Front::Kuma {
        "service"
    } else {
        "envoy_cluster_name"
    };
    routers(frame, |is_canary| {
        vec![
            (name, cluster(frame, is_canary)),
            ("namespace", namespace.clone()),
        ]
    })
}

fn cluster(frame: &Frame<'_>, is_canary: bool) -> String {
    let names = frame.names;
    let (namespace, backend) = (&names.namespace, names.backend(is_canary));
    match frame.front {
        Front::Kuma => format!("{backend}_{namespace}_svc_{PORT}"),
        // Flagger gloo.go: the Upstream is named after the apex service.
        Front::Gloo => {
            let which = if is_canary { "canary" } else { "primary" };
            format!(
                "{namespace}-{}-{which}upstream-{PORT}_gloo-system",
                names.service
            )
        }
        Front::Knative => {
            let revision = if is_canary { "00002" } else { "00001" };
            format!("{namespace}/{}-{revision}", names.app)
        }
        _ => format!("{namespace}_{backend}_{PORT}"),
    }
}

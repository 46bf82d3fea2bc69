//! Istio's sidecars at the destination (istio.io, standard metrics).

use super::family::{Shape, Unit, sidecars};
use super::{Frame, Potential};
use crate::subject::{NEW_TEMPLATE, Topology};

const SHAPE: Shape = Shape {
    counter: "istio_requests_total",
    histogram: "istio_request_duration_milliseconds",
    unit: Unit::Millis,
    outcome: ("response_code", ["200", "500"]),
    histogram_by_outcome: true,
};

pub(super) fn series(frame: &Frame<'_>) -> Vec<Potential> {
    let names = frame.names;
    let argo = matches!(frame.topology, Topology::ReplicaSets { .. });
    let places = sidecars(frame, |workload, pod| {
        let mut labels = vec![
            ("reporter", "destination".to_owned()),
            ("destination_workload", workload.to_owned()),
            ("destination_workload_namespace", names.namespace.clone()),
            ("destination_service_namespace", names.namespace.clone()),
            ("destination_app", names.app.clone()),
            ("namespace", names.namespace.clone()),
        ];
        if argo {
            // Both ReplicaSets are one workload; the services tell them apart.
            let is_canary = pod.contains(NEW_TEMPLATE);
            let (service, namespace) = (names.backend(is_canary), &names.namespace);
            let host = format!("{service}.{namespace}.svc.cluster.local");
            labels.push(("destination_service_name", service));
            labels.push(("destination_service", host));
        }
        labels
    });
    SHAPE.series(frame, &places)
}

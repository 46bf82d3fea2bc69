//! Istio's sidecars at the destination (istio.io, standard metrics).

use super::family::{Shape, Unit, sidecars};
use super::{Frame, Potential};

const SHAPE: Shape = Shape {
    counter: "istio_requests_total",
    histogram: "istio_request_duration_milliseconds",
    unit: Unit::Millis,
    outcome: ("response_code", ["200", "500"]),
    histogram_by_outcome: true,
};

pub(super) fn series(frame: &Frame<'_>) -> Vec<Potential> {
    let names = frame.names;
    let places = sidecars(frame, |workload, _| {
        vec![
            ("reporter", "destination".to_owned()),
            ("destination_workload", workload.to_owned()),
            ("destination_workload_namespace", names.namespace.clone()),
            ("destination_service_namespace", names.namespace.clone()),
            ("destination_app", names.app.clone()),
            ("namespace", names.namespace.clone()),
        ]
    });
    SHAPE.series(frame, &places)
}

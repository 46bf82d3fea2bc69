//! Open Service Mesh, by destination (docs.openservicemesh.io, metrics).

use super::family::{Shape, Unit, sidecars};
use super::{Frame, Potential};

const SHAPE: Shape = Shape {
    counter: "osm_request_total",
    histogram: "osm_request_duration_ms",
    unit: Unit::Millis,
    outcome: ("response_code", ["200", "500"]),
    histogram_by_outcome: false,
};

pub(super) fn series(frame: &Frame<'_>) -> Vec<Potential> {
    let places = sidecars(frame, |workload, _| {
        vec![
            ("destination_namespace", frame.names.namespace.clone()),
            ("destination_kind", "Deployment".to_owned()),
            ("destination_name", workload.to_owned()),
        ]
    });
    SHAPE.series(frame, &places)
}

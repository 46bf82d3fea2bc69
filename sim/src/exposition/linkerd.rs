//! Linkerd's proxies, inbound (linkerd.io, proxy metrics).

use super::family::{Shape, Unit, sidecars};
use super::{Frame, Potential};

const SHAPE: Shape = Shape {
    counter: "response_total",
    histogram: "response_latency_ms",
    unit: Unit::Millis,
    outcome: ("classification", ["success", "failure"]),
    histogram_by_outcome: false,
};

pub(super) fn series(frame: &Frame<'_>) -> Vec<Potential> {
    let places = sidecars(frame, |workload, _| {
        vec![
            ("namespace", frame.names.namespace.clone()),
            ("deployment", workload.to_owned()),
            ("direction", "inbound".to_owned()),
        ]
    });
    SHAPE.series(frame, &places)
}

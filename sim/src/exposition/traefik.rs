//! Traefik, by service of its own resource kinds (doc.traefik.io, metrics).

use super::family::{Shape, Unit, routers};
use super::{Frame, Potential};

const SHAPE: Shape = Shape {
    counter: "traefik_service_requests_total",
    histogram: "traefik_service_request_duration_seconds",
    unit: Unit::Seconds,
    outcome: ("code", ["200", "500"]),
    histogram_by_outcome: true,
};

pub(super) fn series(frame: &Frame<'_>) -> Vec<Potential> {
    let (namespace, port) = (&frame.names.namespace, super::PORT);
    let places = routers(frame, |is_canary| {
        let backend = frame.names.backend(is_canary);
        let service = format!("{namespace}-{backend}-{port}@kubernetescrd");
        vec![
            ("service", service),
            ("method", "GET".to_owned()),
            ("protocol", "http".to_owned()),
        ]
    });
    SHAPE.series(frame, &places)
}

//! Skipper, by route (opensource.zalando.com/skipper, metrics).

use super::family::{Label, Shape, Unit, routers};
use super::{Frame, Potential};

/// Skipper's own view of an answer.
const RESPONSES: Shape = Shape {
    counter: "skipper_serve_route_count",
    histogram: "skipper_response_duration_seconds",
    unit: Unit::Seconds,
    outcome: ("code", ["200", "500"]),
    histogram_by_outcome: true,
};

/// The whole way through a route.
const ROUTES: Shape = Shape {
    counter: "skipper_serve_route_total",
    histogram: "skipper_serve_route_duration_seconds",
    ..RESPONSES
};

pub(super) fn series(frame: &Frame<'_>) -> Vec<Potential> {
    let places = routers(frame, |is_canary| labels(frame, is_canary));
    let mut all = RESPONSES.series(frame, &places);
    all.extend(ROUTES.series(frame, &places));
    all
}

/// `kube_<namespace>__<ingress>__<host>__<path>__<service>`, with underscores for what is no word
/// character; while a run lasts both backends are routes of Flagger's canary Ingress.
fn labels(frame: &Frame<'_>, is_canary: bool) -> Vec<Label> {
    let names = frame.names;
    let encode = |name: &str| name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let (namespace, ingress) = (encode(&names.namespace), encode(&names.ingress));
    let backend = encode(&names.backend(is_canary));
    let route = format!("kube_{namespace}__{ingress}_canary__all____{backend}");
    vec![("route", route), ("method", "GET".to_owned())]
}

//! APISIX, by route: the canary's requests have a route of their own only in so far as Flagger's
//! ApisixRoute splits them (apisix.apache.org, prometheus plugin; Flagger apisix.go:92).

use super::family::{Shape, Unit, routers};
use super::{Frame, Potential};

const SHAPE: Shape = Shape {
    counter: "apisix_http_status",
    histogram: "apisix_http_latency",
    unit: Unit::Millis,
    outcome: ("code", ["200", "500"]),
    histogram_by_outcome: false,
};

pub(super) fn series(frame: &Frame<'_>) -> Vec<Potential> {
    let names = frame.names;
    let places = routers(frame, |is_canary| {
        let (namespace, route, service) = (&names.namespace, &names.route, &names.service);
        let object = if is_canary {
            format!("{route}-{service}-canary")
        } else {
            route.clone()
        };
        vec![
            ("route", format!("{namespace}_{object}_method")),
            ("type", "request".to_owned()),
        ]
    });
    SHAPE.series(frame, &places)
}

//! `spec.routes` and `spec.business`: what users ask for, and what comes of it.
//!
//! ```yaml
//! routes:                 # each request is for one of them, by share, whoever serves it
//!   - {path: /, share: 80%}
//!   - {path: /checkout, share: 20%, latencyTimes: 2, method: POST}   # twice the service's latency;
//!                         # a router sends no POST twice
//! business:               # counters on the pods; named after what they count
//!   orders: {route: /checkout, completion: 85%, counter: orders_total}
//! ```
//!
//! Of the requests of the route (of all, without one) that are answered with a 200 the given share
//! completes the step and counts, each step on its own. An effect `completion: -2%` loses 2 % of the
//! completions: 85 % become 83.3 %.

use coalmine_policy::source::{Diagnostics, Kind};
use coalmine_sim::fault::ROUTES_MAX;
use coalmine_sim::router::path::Method;
use coalmine_sim::scenario::{Business, Route};

use super::form::Form;
use crate::nearest;

const HELP: &str = "write for example `[{path: /, share: 80%}, {path: /checkout, share: 20%}]`";
const BUSINESS_HELP: &str =
    "write for example `orders: {route: /checkout, completion: 85%, counter: orders_total}`";
/// More steps than this no funnel has.
const STEPS_MAX: usize = 16;
/// Shares that differ from one by no more than this add up.
const ROUNDING: f64 = 1e-6;

pub(super) fn read(spec: &mut Form<'_>, found: &mut Diagnostics) -> Vec<Route> {
    let Some(items) = spec.list("routes", found) else {
        return Vec::new();
    };
    if items.is_empty() || items.len() > ROUTES_MAX {
        let complaint = format!("has {} items, not 1 to {ROUTES_MAX}", items.len());
        spec.refuse("routes", &complaint, HELP, found);
        return Vec::new();
    }
    let mut routes: Vec<Route> = Vec::new();
    let mut all = true;
    for (index, item) in items.iter().enumerate() {
        let mut form = spec.item(&format!("spec.routes[{index}]"), item, found);
        let route = one(&mut form, &routes, found);
        form.close(found);
        all &= route.is_some();
        routes.extend(route);
    }
    let sum: f64 = routes.iter().map(|route| route.share).sum();
    if all && (sum - 1.0).abs() > ROUNDING {
        let complaint = format!("have shares that add up to {}, not 100 %", percent(sum));
        let help = match routes.split_last() {
            Some((last, _)) if last.share + 1.0 - sum > 0.0 => format!(
                "for example `{}` with {}",
                last.path,
                percent(last.share + 1.0 - sum)
            ),
            _ => "every request is for one route".to_owned(),
        };
        spec.refuse("routes", &complaint, &help, found);
    }
    routes
}

fn percent(share: f64) -> String {
    format!("{} %", (share * 1e6).round() / 1e4)
}

fn one(form: &mut Form<'_>, known: &[Route], found: &mut Diagnostics) -> Option<Route> {
    form.require("path", HELP, found);
    form.require("share", HELP, found);
    let path = form.string("path", found);
    let path = path.filter(|path| {
        let complaint = if !path.starts_with('/') {
            "does not begin with `/`"
        } else if known.iter().any(|route| route.path == *path) {
            "is given twice"
        } else {
            return true;
        };
        form.refuse("path", complaint, HELP, found);
        false
    });
    let share = form.share("share", found);
    if share == Some(0.0) {
        let help = "leave the route out";
        form.refuse("share", "is nothing: nobody asks for it", help, found);
    }
    let times = form.positive("latencyTimes", found);
    let method = method(form, found);
    Some(Route {
        path: path?.to_owned(),
        share: share.filter(|share| *share > 0.0)?,
        latency_times: times.unwrap_or(1.0),
        method,
    })
}

/// The methods that a route's requests may have.
pub(crate) const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH"];

/// Whether the requests may be sent twice: nginx repeats all but POST, PATCH and LOCK
/// (ngx_http_upstream.c:4687-4691).
fn method(form: &mut Form<'_>, found: &mut Diagnostics) -> Method {
    match form.string("method", found) {
        None => Method::Idempotent,
        Some("POST" | "PATCH") => Method::NonIdempotent,
        Some(known) if METHODS.contains(&known) => Method::Idempotent,
        Some(other) => {
            let help = format!("known are {}", METHODS.join(", "));
            form.refuse("method", &format!("is {other:?}"), &help, found);
            Method::Idempotent
        }
    }
}

/// The index of the route with this path, which stands in the field `name`.
pub(super) fn find(
    form: &mut Form<'_>,
    name: &'static str,
    routes: &[Route],
    found: &mut Diagnostics,
) -> Option<usize> {
    let path = form.string(name, found)?;
    let index = routes.iter().position(|route| route.path == path);
    if index.is_none() {
        let paths = || routes.iter().map(|route| route.path.as_str());
        let help = match nearest(path, paths()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if routes.is_empty() => format!("give the scenario `routes`: {HELP}"),
            None => format!("known are {}", paths().collect::<Vec<_>>().join(", ")),
        };
        let complaint = format!("is {path:?}, no route of the scenario");
        form.refuse(name, &complaint, &help, found);
    }
    index
}

pub(super) fn read_business(
    spec: &mut Form<'_>,
    routes: &[Route],
    found: &mut Diagnostics,
) -> Vec<Business> {
    let Some(node) = spec.node("business") else {
        return Vec::new();
    };
    let Kind::Map(entries) = &node.kind else {
        let complaint = format!("is {}, not a mapping", node.kind.name());
        spec.refuse("business", &complaint, BUSINESS_HELP, found);
        return Vec::new();
    };
    if entries.len() > STEPS_MAX {
        let complaint = format!("has {} steps, more than {STEPS_MAX}", entries.len());
        spec.refuse("business", &complaint, "leave some out", found);
        return Vec::new();
    }
    let mut business: Vec<Business> = Vec::new();
    for (key, value) in entries {
        let Some(name) = key.as_str() else {
            let message = "a step of `spec.business` has a name".to_owned();
            spec.error(key.position, message, BUSINESS_HELP, found);
            continue;
        };
        // `null` takes a step of the extended scenario away.
        if matches!(value.kind, Kind::Null) {
            continue;
        }
        let mut form = spec.item(&format!("spec.business.{name}"), value, found);
        let step = step(name, &mut form, (routes, &business), found);
        form.close(found);
        business.extend(step);
    }
    business
}

fn step(
    name: &str,
    form: &mut Form<'_>,
    (routes, known): (&[Route], &[Business]),
    found: &mut Diagnostics,
) -> Option<Business> {
    form.require("completion", BUSINESS_HELP, found);
    form.require("counter", BUSINESS_HELP, found);
    let is_everywhere = form.node("route").is_none();
    let route = find(form, "route", routes, found);
    let completion = form.share("completion", found);
    let counter = form.string("counter", found);
    let counter = counter.filter(|counter| {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        let begins = |c: char| !c.is_ascii_digit();
        let complaint = if !counter.chars().all(legal) || !counter.starts_with(begins) {
            "is no name of a metric"
        } else if RESERVED.iter().any(|taken| counter.starts_with(taken)) {
            "is a metric that the world exposes already"
        } else if known.iter().any(|step| step.counter == *counter) {
            "is given twice"
        } else {
            return true;
        };
        form.refuse("counter", complaint, BUSINESS_HELP, found);
        false
    });
    Some(Business {
        name: name.to_owned(),
        route: if is_everywhere { None } else { Some(route?) },
        completion: completion?,
        counter: counter?.to_owned(),
    })
}

/// What the application counts besides.
const RESERVED: [&str; 2] = ["http_requests_total", "http_request_duration_seconds"];

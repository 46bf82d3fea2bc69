//! `spec.router`: how weights reach the data path. Without it, by the router that a manifest asks for
//! (`provider: istio`, `trafficRouting.alb`), with its usual parameters.
//!
//! ```yaml
//! router:
//!   kind: ingress-nginx     # `instant` has no parameters
//!   replicas: 2             # of the controller
//!   workers: 4              # nginx workers in each
//!   syncsPerSecond: 0.3     # --sync-rate-limit
//!   eventsPerSecond: 0.2    # other cluster events that ask for a sync
//!   reloadShare: 0.02       # share of them that reload nginx
//!   poll: 1s                # of a worker for new weights
//!   post: 5ms               # of a weight to shared memory
//!   write: {median: 35ms, sigma: 0.6}   # log-normal; sigma of the logarithm
//!   watch: {median: 10ms, sigma: 0.8}
//!   build: {median: 15ms, sigma: 0.5}
//!   parse: {median: 50ms, sigma: 0.2}
//!   tries: 3                # pods that a request tries one after another
//!   nextUpstream: error timeout http_503   # after which failures (proxy-next-upstream)
//!   emptyCanary: stable     # or "503": what becomes of the share of a canary without pods
//! ```
//!
//! The others (istio, linkerd, envoy-gateway, agentgateway, nginx-gateway-fabric, f5-nginx, traefik,
//! kong, alb, kube-proxy) take `units`, `eventsPerSecond`, `watch`, `build`, `apply`, `tries`,
//! `nextUpstream`, `emptyCanary`, and where they apply `quiet` and `max` (Istio), `sleep` (Traefik), `interval` (Kong).

use coalmine_policy::Span;
use coalmine_policy::source::Diagnostics;
use coalmine_sim::router::presets::{self, KINDS};
use coalmine_sim::router::{
    Again, Batching, ControlPlane, EmptyCanary, IngressNginx, RouterConfig, Upstream,
};
use coalmine_sim::scenario::RouterSaid;

use super::form::Form;

const REPLICAS_MAX: u32 = 100;
const WORKERS_MAX: u32 = 256;
const UNITS_MAX: u32 = 10_000;
/// Background events per second; each is simulated.
const EVENTS_MAX: f64 = 1000.0;

/// The router, and where the file names it.
pub(super) fn read(
    form: Option<Form<'_>>,
    found: &mut Diagnostics,
) -> (RouterConfig, Option<RouterSaid>) {
    let Some(mut form) = form else {
        return (RouterConfig::default(), None);
    };
    form.require(
        "kind",
        "write for example `kind: ingress-nginx` or `kind: istio`",
        found,
    );
    let said = form.string("kind", found).map(|kind| RouterSaid {
        kind: kind.to_owned(),
        file: form.fields.document().source.file.clone(),
        position: form.place("kind"),
    });
    let router = match form.string("kind", found) {
        Some("ingress-nginx") | None => RouterConfig::IngressNginx(nginx(&mut form, found)),
        Some(kind) if KINDS.contains(&kind) => match presets::by_name(kind) {
            Some(RouterConfig::Control(usual)) => {
                RouterConfig::Control(control(&mut form, usual, found))
            }
            other => other.unwrap_or(RouterConfig::Instant),
        },
        Some(other) => {
            let alike = crate::nearest(other, KINDS);
            let help = match alike {
                Some(kind) => format!("did you mean `{kind}`?"),
                None => format!("known are {}", KINDS.join(", ")),
            };
            form.refuse(
                "kind",
                &format!("is {other:?}, an unknown router"),
                &help,
                found,
            );
            // Its parameters may be right for the kind that was meant.
            RouterConfig::IngressNginx(nginx(&mut form, found))
        }
    };
    form.close(found);
    (router, said)
}

/// Ingress controllers that Prometheus scrapes when the file does not say.
pub(super) fn replicas(router: &RouterConfig) -> u32 {
    match router {
        RouterConfig::IngressNginx(nginx) => u32::try_from(nginx.replicas).unwrap_or(u32::MAX),
        RouterConfig::Control(_) | RouterConfig::Instant => {
            coalmine_sim::scenario::Scrape::default().ingress_replicas
        }
    }
}

fn nginx(form: &mut Form<'_>, found: &mut Diagnostics) -> IngressNginx {
    let usual = IngressNginx::default();
    let or = |count: Option<u32>, usual| count.map_or(usual, |count| count as usize);
    let seconds = |span: Option<Span>, usual| span.map_or(usual, Span::as_secs_f64);
    IngressNginx {
        replicas: or(form.count("replicas", REPLICAS_MAX, found), usual.replicas),
        workers: or(form.count("workers", WORKERS_MAX, found), usual.workers),
        sync_qps: form
            .positive("syncsPerSecond", found)
            .unwrap_or(usual.sync_qps),
        events_per_s: form
            .up_to("eventsPerSecond", EVENTS_MAX, found)
            .unwrap_or(usual.events_per_s),
        reload_share: form
            .share("reloadShare", found)
            .unwrap_or(usual.reload_share),
        poll_s: seconds(form.some_time("poll", found), usual.poll_s),
        post_s: seconds(form.duration("post", found), usual.post_s),
        write_s: delay(form, "write", found).unwrap_or(usual.write_s),
        watch_s: delay(form, "watch", found).unwrap_or(usual.watch_s),
        build_s: delay(form, "build", found).unwrap_or(usual.build_s),
        parse_s: delay(form, "parse", found).unwrap_or(usual.parse_s),
        phases_s: None,
        upstream: upstream(form, usual.upstream, found),
    }
}

/// A control plane: the parameters that its way of gathering changes has.
fn control(form: &mut Form<'_>, usual: ControlPlane, found: &mut Diagnostics) -> ControlPlane {
    let seconds = |span: Option<Span>, usual| span.map_or(usual, Span::as_secs_f64);
    let units = form.count("units", UNITS_MAX, found);
    let batching = match usual.batching {
        Batching::Debounce { quiet_s, max_s } => Batching::Debounce {
            quiet_s: seconds(form.duration("quiet", found), quiet_s),
            max_s: seconds(form.duration("max", found), max_s),
        },
        Batching::Throttle { sleep_s } => Batching::Throttle {
            sleep_s: seconds(form.duration("sleep", found), sleep_s),
        },
        Batching::Loop { interval_s } => Batching::Loop {
            interval_s: seconds(form.some_time("interval", found), interval_s),
        },
        Batching::Coalesce => Batching::Coalesce,
    };
    ControlPlane {
        units: units.map_or(usual.units, |units| units as usize),
        events_per_s: form
            .up_to("eventsPerSecond", EVENTS_MAX, found)
            .unwrap_or(usual.events_per_s),
        watch_s: delay(form, "watch", found).unwrap_or(usual.watch_s),
        build_s: delay(form, "build", found).map_or(usual.build_s, |stage| vec![stage]),
        apply_s: delay(form, "apply", found).unwrap_or(usual.apply_s),
        upstream: upstream(form, usual.upstream, found),
        batching,
        ..usual
    }
}

/// Pods that one request may try. More is no limit.
const TRIES_MAX: u32 = 1000;

/// What becomes of requests whose pods do not take them.
fn upstream(form: &mut Form<'_>, usual: Upstream, found: &mut Diagnostics) -> Upstream {
    let empty_canary = match form.string("emptyCanary", found) {
        Some("stable") => EmptyCanary::ToStable,
        Some("503") => EmptyCanary::Refused,
        Some(other) => {
            let help =
                "write `stable` (its share goes there) or \"503\" (each of its requests fails)";
            let why = format!("is {other:?}, which no router does");
            form.refuse("emptyCanary", &why, help, found);
            usual.empty_canary
        }
        None => usual.empty_canary,
    };
    Upstream {
        empty_canary,
        tries: form.count("tries", TRIES_MAX, found).unwrap_or(usual.tries),
        again: again(form, found).unwrap_or(usual.again),
        ..usual
    }
}

/// nginx' words that mean something here, in the order of its documentation. `http_502` is known and
/// never met: pods of a scenario answer 500, 503 (no place) and 504 (their own time-out).
pub(crate) const NEXT_UPSTREAM: [&str; 8] = [
    "error",
    "timeout",
    "http_500",
    "http_502",
    "http_503",
    "http_504",
    "non_idempotent",
    "off",
];

/// After which failures a request is tried again: nginx' words in one line, as in the annotation.
fn again(form: &mut Form<'_>, found: &mut Diagnostics) -> Option<Again> {
    let text = form.string("nextUpstream", found)?;
    if text.trim().is_empty() {
        let help = "write `off` where nothing is tried again, or `error timeout`";
        form.refuse("nextUpstream", "is empty", help, found);
    }
    let words = text.split_whitespace();
    let mut again = Again::NONE;
    for word in words {
        match word {
            "error" => (again.refused, again.lost) = (true, true),
            "timeout" => again.timeout = true,
            "http_500" => again.http_500 = true,
            "http_503" => again.http_503 = true,
            "http_504" => again.http_504 = true,
            "non_idempotent" => again.non_idempotent = true,
            "http_502" | "off" => {}
            other => {
                let known = NEXT_UPSTREAM.join(", ");
                let help = match crate::nearest(other, NEXT_UPSTREAM) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known are {known}"),
                };
                let why = format!("has {other:?}, which is no failure");
                form.refuse("nextUpstream", &why, &help, found);
            }
        }
    }
    Some(again)
}

/// `{median, sigma}` of a log-normal delay.
fn delay(form: &mut Form<'_>, name: &'static str, found: &mut Diagnostics) -> Option<(f64, f64)> {
    let mut pair = form.form(name, found)?;
    let help = "write both, for example `{median: 10ms, sigma: 0.8}`";
    pair.require("median", help, found);
    pair.require("sigma", help, found);
    let median = pair.duration("median", found);
    let sigma = pair.not_negative("sigma", found);
    pair.close(found);
    Some((median?.as_secs_f64(), sigma?))
}

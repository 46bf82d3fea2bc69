//! As `read::router`. A kind takes only those parameters that its mechanism has.

use coalmine_sim::router::presets::KINDS;
use serde_json::{Value, json};

use super::value::{above, count, duration, number, object, share, word};
use crate::read::NEXT_UPSTREAM;

pub(super) fn schema() -> Value {
    object([
        ("kind", word(&KINDS), "The router."),
        ("replicas", count(), "ingress-nginx: controllers."),
        ("workers", count(), "ingress-nginx: nginx workers in each."),
        (
            "syncsPerSecond",
            above(0),
            "ingress-nginx: `--sync-rate-limit`.",
        ),
        (
            "eventsPerSecond",
            number(),
            "Other changes of the cluster that ask for an update.",
        ),
        (
            "reloadShare",
            share(),
            "ingress-nginx: share of those that reload nginx.",
        ),
        (
            "poll",
            duration(),
            "ingress-nginx: how often a worker looks for new weights.",
        ),
        (
            "post",
            duration(),
            "ingress-nginx: from a weight to shared memory.",
        ),
        (
            "write",
            delay(),
            "ingress-nginx: writing the configuration.",
        ),
        ("watch", delay(), "From the API server to the controller."),
        ("build", delay(), "Making the configuration."),
        ("parse", delay(), "ingress-nginx: nginx reading it."),
        ("units", count(), "Proxies that take weights independently."),
        ("apply", delay(), "From the control plane to a proxy."),
        (
            "quiet",
            duration(),
            "Istio: changes are sent when none came for so long.",
        ),
        (
            "max",
            duration(),
            "Istio: they are sent after so long anyway.",
        ),
        ("sleep", duration(), "Traefik: between two updates."),
        ("interval", duration(), "Kong: between two updates."),
        (
            "tries",
            count(),
            "Pods that a request tries one after another.",
        ),
        (
            "nextUpstream",
            next_upstream(),
            "Failures after which it tries another (`proxy-next-upstream`); \
             `error timeout` for the nginx controllers and Kong when absent.",
        ),
        (
            "emptyCanary",
            word(&["stable", "503"]),
            "What becomes of the share of a canary without pods.",
        ),
    ])
}

/// Words of nginx in one line.
fn next_upstream() -> Value {
    let word = format!("({})", NEXT_UPSTREAM.join("|"));
    json!({
        "type": ["string", "null"],
        "pattern": format!("^\\s*{word}(\\s+{word})*\\s*$"),
        "examples": ["error timeout http_503"],
    })
}

fn delay() -> Value {
    object([
        ("median", duration(), "Of the log-normal delay."),
        ("sigma", number(), "Standard deviation of its logarithm."),
    ])
}

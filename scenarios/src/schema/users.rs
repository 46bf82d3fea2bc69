//! As `read::users`.

use serde_json::{Value, json};

use super::value::{count, duration, flag, latency, object, share};

pub(super) fn schema() -> Value {
    object([
        (
            "matching",
            share(),
            "Share of requests that satisfy a policy's header and cookie rules; 10% when absent.",
        ),
        (
            "requestsPerSession",
            json!({"type": ["number", "null"], "minimum": 1}),
            "Mean number of requests of a session (geometric); 8 when absent.",
        ),
        (
            "thinkTime",
            latency(),
            "From one request of a session to the next; 20s and 2m when absent.",
        ),
        (
            "sticky",
            flag(),
            "Whether a session stays on the side of the router that got its first request; \
             when absent, as the manifest has it (`sessionAffinity`, `affinity: cookie`).",
        ),
        (
            "keepAlive",
            keep_alive(),
            "Clients that dial the Service themselves (kube-proxy, no router before it) and keep \
             their connections: all requests on one go to the pod it was dialled to.",
        ),
    ])
}

fn keep_alive() -> Value {
    object([
        (
            "lifetime",
            duration(),
            "How long a connection is kept, on average (exponential).",
        ),
        (
            "connections",
            count(),
            "Connections of all clients together; 100 when absent.",
        ),
    ])
}

pub(super) fn retries() -> Value {
    object([
        (
            "share",
            share(),
            "Share of the failures that clients repeat.",
        ),
        ("max", count(), "Repeats of one request; 1 when absent."),
        (
            "backoff",
            duration(),
            "From a failure to the next attempt; 1s when absent.",
        ),
    ])
}

//! As `read::service`.

use serde_json::Value;

use super::value::{above, count, duration, latency, object, share, whole};

pub(super) fn schema() -> Value {
    object([
        (
            "pods",
            count(),
            "Pods in service, where the manifest does not say; 10 when absent.",
        ),
        (
            "latency",
            latency(),
            "Of the old version; `{median: 80ms, p99: 300ms}` when absent.",
        ),
        (
            "errorShare",
            share(),
            "Ordinary share of 5xx answers; 0.1% when absent.",
        ),
        (
            "startup",
            latency(),
            "From a pod's creation to its readiness; `{median: 12s, p99: 40s}` when absent.",
        ),
        (
            "patience",
            duration(),
            "Slower answers hurt people; 1s when absent.",
        ),
        (
            "concurrency",
            count(),
            "Requests a pod works on at once; any number when absent.",
        ),
        (
            "queue",
            whole(),
            "Requests that may wait on a pod, others get 503 at once; any number when absent. Needs \
             `concurrency`.",
        ),
        (
            "timeout",
            duration(),
            "A request that takes longer, waiting and service, is answered 504 at this age; the pod \
             goes on working on it.",
        ),
        ("warmUp", warm_up(), "New pods are slow at first."),
        (
            "drain",
            duration(),
            "A removed pod's time to finish what it has; as long as it takes when absent.",
        ),
        (
            "preStop",
            duration(),
            "How long a pod that was told to stop goes on accepting requests.",
        ),
        (
            "autoscaler",
            autoscaler(),
            "A HorizontalPodAutoscaler on utilisation, busy places over `concurrency`.",
        ),
    ])
}

fn warm_up() -> Value {
    object([
        (
            "for",
            duration(),
            "From readiness until the pod is warm, in a straight line.",
        ),
        (
            "latencyTimes",
            above(1),
            "Factor on all latencies at readiness.",
        ),
    ])
}

fn autoscaler() -> Value {
    object([
        ("target", share(), "The utilisation that it aims at."),
        ("min", count(), "`minReplicas`; 1 when absent."),
        ("max", count(), "`maxReplicas`."),
        ("sync", duration(), "How often it looks; 15s when absent."),
        (
            "lag",
            duration(),
            "How old the utilisation is that it sees; 30s when absent.",
        ),
        (
            "stabilisation",
            duration(),
            "For how long it keeps what it wanted before it shrinks; 5m when absent.",
        ),
    ])
}

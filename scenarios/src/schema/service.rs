//! As `read::service`.

use serde_json::{Value, json};

use super::value::{above, count, duration, latency, object, share, word};

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
            "Of the old version; 80ms and 300ms when absent.",
        ),
        (
            "errorShare",
            share(),
            "Ordinary share of 5xx answers; 0.1% when absent.",
        ),
        (
            "startup",
            latency(),
            "From a pod's creation to its readiness; 12s and 40s when absent.",
        ),
        (
            "patience",
            duration(),
            "Slower answers hurt people; 1s when absent.",
        ),
        (
            "preStop",
            duration(),
            "How long pods go on as before when told to stop.",
        ),
        (
            "entry",
            word(&["all", "stable"]),
            "The Service users come through where no router splits requests: one that selects all pods, \
             or Argo's `stableService`, which shows nobody the canary before the promotion; `all` when absent.",
        ),
        (
            "concurrency",
            count(),
            "Requests that a pod works on at once; without a limit when absent.",
        ),
        (
            "queue",
            json!({"type": ["integer", "null"], "minimum": 0}),
            "Waiting places of a pod, beyond which it answers 503; without a bound when absent.",
        ),
        (
            "timeout",
            duration(),
            "Answered 504 when waiting and service take longer.",
        ),
        ("warmUp", warm_up(), "Slow first minutes of a pod."),
        (
            "drain",
            duration(),
            "How long a removed pod still works on what it has.",
        ),
        (
            "autoscaler",
            autoscaler(),
            "A HorizontalPodAutoscaler on utilisation.",
        ),
    ])
}

fn warm_up() -> Value {
    object([
        ("for", duration(), "From readiness until the pod is warm."),
        (
            "latencyTimes",
            above(1),
            "Factor on all latencies at readiness; it falls to 1 in a straight line.",
        ),
    ])
}

fn autoscaler() -> Value {
    object([
        (
            "target",
            share(),
            "The utilisation it aims at: busy places over all places.",
        ),
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
            "It follows the highest count of so long when it goes down; 5m when absent.",
        ),
    ])
}

//! As `read::service`.

use serde_json::Value;

use super::value::{count, duration, latency, object, share};

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
            "Of the old version, log-normal; 80ms and 300ms when absent.",
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
            "How long a pod that is told to stop still takes connections; 0 when absent.",
        ),
    ])
}

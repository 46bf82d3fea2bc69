//! As `read::arrivals`.

use serde_json::{Value, json};

use super::value::{duration, number, object};

pub(super) fn schema() -> Value {
    object([
        (
            "dispersion",
            number(),
            "Variance of a gamma factor of mean 1 on the rate; 0 when absent.",
        ),
        (
            "correlation",
            duration(),
            "How often the factor is drawn anew: a multiple of 15s.",
        ),
        (
            "burst",
            json!({"type": ["number", "null"], "minimum": 1}),
            "Mean size of the batches that requests come in; 1 when absent.",
        ),
    ])
}

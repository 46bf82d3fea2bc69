//! The curves as one JSON document, format 1.
//!
//! Sizes are shares of failing answers (`errors`), factors on the 99th percentile (`slow`) or
//! multiples of the scenario's own fault (`own`); `caught` is `{count, n, share, low, high}`;
//! `smallest` is the size that is caught with probability `wanted`, null beyond the sizes tried.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Power, WANTED};
use crate::document::{self, Head};
use crate::interval::Rate;

/// The version of the document's form; it grows when a field changes its meaning or goes.
const FORMAT: u32 = 1;

/// What `coalmine power` found.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Power")]
struct Root<'a> {
    #[serde(flatten)]
    head: Head,
    /// Whose traffic and service it was.
    scenario: &'a str,
    /// The probability of being caught that `smallest` has.
    wanted: f64,
    /// By kind of fault, level of traffic and policy.
    curves: Vec<View<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Curve")]
struct View<'a> {
    /// The policy's label.
    policy: &'a str,
    /// What grows: `errors`, `slow` or `own`.
    kind: &'static str,
    /// Factor on the scenario's traffic.
    load: f64,
    /// The smallest fault caught with probability `wanted`; null beyond the sizes tried.
    smallest: Option<f64>,
    /// Lower end of its interval; null below the sizes tried.
    smallest_low: Option<f64>,
    /// Upper end; null above them.
    smallest_high: Option<f64>,
    /// By growing size.
    points: Vec<PointView>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Point")]
struct PointView {
    /// A share of failing answers (`errors`), a factor on the 99th percentile (`slow`), a multiple of
    /// the scenario's own fault (`own`).
    size: f64,
    /// Rollouts that were rolled back.
    caught: Rate,
}

/// The form of the document, as JSON Schema.
#[must_use]
pub fn schema() -> Value {
    document::schema::<Root<'_>>()
}

/// Writes the document, with a line feed at its end.
///
/// # Errors
/// When the output cannot be written.
pub fn write(power: &Power<'_>, out: impl Write) -> io::Result<()> {
    let curves = power.curves();
    let view = |curve: &super::Curve| {
        let smallest = curve.smallest();
        let point = |point: &super::Point| PointView {
            size: point.size,
            caught: point.caught,
        };
        View {
            policy: power.summary.label_of(curve.policy),
            kind: curve.kind.name(),
            load: curve.load,
            smallest: smallest.size,
            smallest_low: smallest.low,
            smallest_high: smallest.high,
            points: curve.points.iter().map(point).collect(),
        }
    };
    let root = Root {
        head: Head::new(FORMAT, power.summary),
        scenario: power.scenario,
        wanted: WANTED,
        curves: curves.iter().map(view).collect(),
    };
    document::write(&root, out)
}

//! The curves as one JSON document, format 1.
//!
//! Sizes are shares of failing answers (`errors`), factors on the 99th percentile (`slow`) or
//! multiples of the scenario's own fault (`own`); `caught` is `{count, n, share, low, high}`;
//! `smallest` is the size that is caught with probability `wanted`, null beyond the sizes tried.

use std::io::{self, Write};

use serde::Serialize;

use super::{Power, WANTED};
use crate::document::{self, Head};
use crate::interval::Rate;

/// The version of the document's form; it grows when a field changes its meaning or goes.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Root<'a> {
    #[serde(flatten)]
    head: Head,
    scenario: &'a str,
    wanted: f64,
    curves: Vec<View<'a>>,
}

#[derive(Serialize)]
struct View<'a> {
    policy: &'a str,
    kind: &'static str,
    load: f64,
    smallest: Option<f64>,
    smallest_low: Option<f64>,
    smallest_high: Option<f64>,
    points: Vec<PointView>,
}

#[derive(Serialize)]
struct PointView {
    size: f64,
    caught: Rate,
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

//! The curves as one JSON document, format 1.
//!
//! Sizes are shares of failing answers (`errors`), factors on the 99th percentile (`slow`) or
//! multiples of the scenario's own fault (`own`); `caught` is `{count, n, share, low, high}`;
//! `smallest` is the size that is caught with probability `wanted`, null beyond the sizes tried.

use std::io::{self, Write};

use serde::Serialize;

use super::{Power, WANTED};
use crate::interval::{CONFIDENCE, Rate};

/// The version of the document's form; it grows when a field changes its meaning or goes.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Root<'a> {
    format: u32,
    seed: u64,
    runs: u32,
    complete: bool,
    confidence: f64,
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
pub fn write(power: &Power<'_>, mut out: impl Write) -> io::Result<()> {
    let curves = power.curves();
    let study = &power.summary.study;
    let view = |curve: &super::Curve| {
        let smallest = curve.smallest();
        let policy = study.policies.get(curve.policy);
        let point = |point: &super::Point| PointView {
            size: point.size,
            caught: point.caught,
        };
        View {
            policy: policy.map_or("?", |policy| &policy.label),
            kind: curve.kind.name(),
            load: curve.load,
            smallest: smallest.size,
            smallest_low: smallest.low,
            smallest_high: smallest.high,
            points: curve.points.iter().map(point).collect(),
        }
    };
    let root = Root {
        format: FORMAT,
        seed: study.seed,
        runs: study.runs,
        complete: power.summary.complete,
        confidence: CONFIDENCE,
        scenario: power.scenario,
        wanted: WANTED,
        curves: curves.iter().map(view).collect(),
    };
    serde_json::to_writer_pretty(&mut out, &root)?;
    out.write_all(b"\n")
}

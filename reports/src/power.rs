//! How large a fault must be for a policy to catch it.

mod curve;
mod json;
mod text;

use coalmine_sim::probe::Probe;

use crate::summary::Summary;

pub use curve::{Curve, Point, Smallest, WANTED};
pub use json::{schema, write};
pub use text::render;

/// A study of probes: scenario `i` of the summary is `probes[i]`.
#[derive(Clone, Copy, Debug)]
pub struct Power<'a> {
    /// The outcomes.
    pub summary: &'a Summary,
    /// What each scenario asks.
    pub probes: &'a [Probe],
    /// The scenario that the probes vary.
    pub scenario: &'a str,
}

impl Power<'_> {
    /// A curve for each policy that ran, kind of fault, and level of traffic, in the order of the
    /// study.
    #[must_use]
    pub fn curves(&self) -> Vec<Curve> {
        let mut curves: Vec<Curve> = Vec::new();
        for cell in self.summary.cells.iter().filter(|cell| cell.n > 0) {
            let Some(probe) = self.probes.get(cell.scenario) else {
                continue;
            };
            let Some(caught) = crate::interval::Rate::wilson(cell.rolled_back, cell.n) else {
                continue;
            };
            let point = Point {
                size: probe.size,
                caught,
            };
            let same = |curve: &&mut Curve| {
                curve.policy == cell.policy && curve.kind == probe.kind && curve.load == probe.load
            };
            match curves.iter_mut().find(same) {
                Some(curve) => curve.points.push(point),
                None => curves.push(Curve {
                    policy: cell.policy,
                    kind: probe.kind,
                    load: probe.load,
                    points: vec![point],
                }),
            }
        }
        curves
    }
}

#[cfg(test)]
mod tests;

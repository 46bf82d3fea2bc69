//! The score of a canary: weighted groups of classified metrics.

use serde::{Deserialize, Serialize};

use super::{Classified, Label};

/// A group of metrics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its weight in percent; what is left of 100 is shared by those without.
    pub weight: Option<f64>,
    /// Indices of its metrics.
    pub metrics: Vec<usize>,
}

/// The limits of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Good from here on.
    pub pass: f64,
    /// Neither from here on; at or below it a repeated judgement ends.
    pub marginal: f64,
}

/// The summary of a judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Good.
    Pass,
    /// Neither.
    Marginal,
    /// Bad.
    Fail,
}

/// The score, 0 to 100, of the metrics that are not muted.
#[must_use]
pub fn score(metrics: &[Classified], groups: &[Group]) -> f64 {
    let fatal = |metric: &Classified| metric.critical && metric.label != Label::Pass;
    let missing = metrics
        .iter()
        .filter(|metric| metric.label == Label::Nodata);
    if metrics.iter().any(fatal) || 2 * missing.count() >= metrics.len() {
        return 0.0;
    }
    let configured: f64 = groups.iter().filter_map(|group| group.weight).sum();
    let without = groups.iter().filter(|group| group.weight.is_none());
    let share = (100.0 - configured) / without.count().max(1) as f64;
    let parts = groups.iter().map(|group| {
        let weight = group.weight.unwrap_or(share);
        // A group without data does not count against the canary.
        weight / 100.0 * group_score(metrics, group).unwrap_or(100.0)
    });
    (parts.sum::<f64>() * 100.0).round() / 100.0
}

fn group_score(metrics: &[Classified], group: &Group) -> Option<f64> {
    let labels = group.metrics.iter().filter_map(|index| metrics.get(*index));
    let labels = labels.map(|metric| metric.label);
    let counted: Vec<Label> = labels
        .filter(|label| !matches!(label, Label::Nodata | Label::Error))
        .collect();
    let passed = counted
        .iter()
        .filter(|label| **label == Label::Pass)
        .count();
    (!counted.is_empty()).then(|| 100.0 * passed as f64 / counted.len() as f64)
}

impl Thresholds {
    /// What a score says.
    #[must_use]
    pub fn verdict(self, score: f64) -> Verdict {
        if score >= self.pass {
            Verdict::Pass
        } else if score >= self.marginal {
            Verdict::Marginal
        } else {
            Verdict::Fail
        }
    }
}

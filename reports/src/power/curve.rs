//! Detection against size.

use coalmine_sim::probe::Kind;

use crate::interval::Rate;

/// The probability of being caught that a fault must have.
pub const WANTED: f64 = 0.95;

/// How often a fault of this size was caught.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// A share, a factor, a multiple: see [`Kind`].
    pub size: f64,
    /// Rolled back.
    pub caught: Rate,
}

/// Detection of one kind of fault by one policy at one level of traffic, by growing size.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Index into [`coalmine_sim::event::Study::policies`].
    pub policy: usize,
    /// What grows.
    pub kind: Kind,
    /// Factor on the scenario's traffic.
    pub load: f64,
    /// The points.
    pub points: Vec<Point>,
}

/// The smallest fault that is caught as often as wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Smallest {
    /// Its size; `None` when even the largest tried is not.
    pub size: Option<f64>,
    /// Lower end of the 95 % interval; `None` when it lies below the smallest tried.
    pub low: Option<f64>,
    /// Upper end; `None` when it lies above the largest tried.
    pub high: Option<f64>,
    /// Whether even the smallest tried is caught.
    pub is_below: bool,
}

impl Curve {
    /// The smallest fault that is caught with probability [`WANTED`], between the sizes tried by a
    /// straight line over the logarithm of size. The interval is where the ends of the points' own
    /// intervals reach that probability.
    #[must_use]
    pub fn smallest(&self) -> Smallest {
        let crossing = |of: fn(&Rate) -> f64| self.crossing(of);
        let size = crossing(|rate| rate.share);
        // The upper ends reach it earliest.
        let (low, high) = (crossing(|rate| rate.high), crossing(|rate| rate.low));
        let first = self.points.first().map(|point| point.size);
        Smallest {
            size,
            low: low.filter(|low| Some(*low) != first),
            high,
            is_below: size.is_some() && size == first,
        }
    }

    fn crossing(&self, of: fn(&Rate) -> f64) -> Option<f64> {
        let shares = self
            .points
            .iter()
            .map(|point| (of(&point.caught), point.caught.n as f64));
        let shares = isotonic(shares);
        let at = shares.iter().position(|share| *share >= WANTED)?;
        let after = self.points[at].size;
        let Some(before) = at.checked_sub(1) else {
            return Some(after);
        };
        let part = (WANTED - shares[before]) / (shares[at] - shares[before]);
        let before = self.points[before].size;
        Some(before * (after / before).powf(part))
    }
}

/// The non-decreasing sequence nearest to weighted values: a larger fault is caught no less often,
/// whatever chance says (pool adjacent violators: Ayer et al., Annals of Mathematical Statistics 26
/// (1955) 641).
fn isotonic(values: impl Iterator<Item = (f64, f64)>) -> Vec<f64> {
    // Blocks of value, weight, length.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for (value, weight) in values {
        let mut block = (value, weight, 1);
        while let Some(last) = blocks.last().filter(|last| last.0 > block.0) {
            let weight = last.1 + block.1;
            let value = (last.0 * last.1 + block.0 * block.1) / weight;
            block = (value, weight, last.2 + block.2);
            blocks.pop();
        }
        blocks.push(block);
    }
    let flat = blocks
        .iter()
        .flat_map(|(value, _, len)| std::iter::repeat_n(*value, *len));
    flat.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(f64, u64)]) -> Curve {
        let point = |(size, caught): &(f64, u64)| Point {
            size: *size,
            caught: Rate::wilson(*caught, 1000).expect("has some"),
        };
        Curve {
            policy: 0,
            kind: Kind::Errors,
            load: 1.0,
            points: points.iter().map(point).collect(),
        }
    }

    #[test]
    fn the_nearest_growing_sequence_pools_what_falls() {
        let pooled = isotonic([(1.0, 1.0), (3.0, 1.0), (2.0, 1.0), (4.0, 1.0)].into_iter());
        assert_eq!(pooled, [1.0, 2.5, 2.5, 4.0]);
        let weighted = isotonic([(3.0, 3.0), (1.0, 1.0)].into_iter());
        assert_eq!(weighted, [2.5, 2.5]);
    }

    #[test]
    fn the_smallest_fault_lies_between_two_sizes() {
        let found = curve(&[(0.01, 500), (0.02, 900), (0.04, 1000)]).smallest();
        // Halfway from 0.9 to 1 is halfway between the logarithms.
        let size = found.size.expect("is caught");
        assert!((size - 0.02 * 2_f64.sqrt()).abs() < 1e-9, "{size}");
        let (low, high) = (found.low.expect("inside"), found.high.expect("inside"));
        assert!(
            0.02 < low && low < size && size < high && high < 0.04,
            "{found:?}"
        );
        assert!(!found.is_below);
    }

    #[test]
    fn what_is_never_or_always_caught_says_so() {
        let never = curve(&[(0.01, 10), (0.02, 940)]).smallest();
        assert_eq!((never.size, never.high), (None, None));
        assert!(
            never.low.is_some(),
            "the interval of the last point reaches 95 %"
        );
        let always = curve(&[(0.01, 1000), (0.02, 1000)]).smallest();
        assert_eq!(
            (always.size, always.low, always.is_below),
            (Some(0.01), None, true)
        );
        // 960 of 1,000 leave 95 % inside their interval.
        let barely = curve(&[(0.01, 960), (0.02, 1000)]).smallest();
        assert!(barely.is_below && barely.high.is_some_and(|high| high > 0.01));
    }
}

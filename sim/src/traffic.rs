//! The request rate as a function of time, with its exact integral.

use serde::{Deserialize, Serialize};
use statrs::function::erf::erf;

/// A rate curve: the sum of its terms, in requests per second against seconds since the scenario's
/// start. Times before the start are negative and valid.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// The terms.
    pub terms: Vec<Term>,
}

/// One part of a rate curve. Every term is non-negative everywhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Term {
    /// The same rate for ever.
    Constant {
        /// Requests per second.
        rps: f64,
    },
    /// A near-step followed by an exponential decay: a market opening.
    Burst {
        /// When the rise begins.
        at_s: f64,
        /// Length of the linear rise.
        rise_s: f64,
        /// Height on top of the other terms.
        rps: f64,
        /// Time constant of the decay after the rise.
        decay_s: f64,
    },
    /// A Gaussian bell: a dinner peak.
    Bell {
        /// The middle.
        at_s: f64,
        /// Standard deviation.
        width_s: f64,
        /// Height.
        rps: f64,
    },
    /// Straight lines between points in time order; constant before the first and after the last.
    Table {
        /// `(seconds, requests per second)`.
        points: Vec<(f64, f64)>,
    },
}

impl Traffic {
    /// A constant rate.
    #[must_use]
    pub fn constant(rps: f64) -> Self {
        Self {
            terms: vec![Term::Constant { rps }],
        }
    }

    /// Moves the whole curve to later times, or to earlier ones when `by_s` is negative.
    pub fn shift(&mut self, by_s: f64) {
        for term in &mut self.terms {
            match term {
                Term::Constant { .. } => {}
                Term::Burst { at_s, .. } | Term::Bell { at_s, .. } => *at_s += by_s,
                Term::Table { points } => points.iter_mut().for_each(|(at_s, _)| *at_s += by_s),
            }
        }
    }

    /// Requests per second at an instant.
    #[must_use]
    pub fn rate(&self, t_s: f64) -> f64 {
        self.terms.iter().map(|term| term.rate(t_s)).sum()
    }

    /// Expected requests in `from_s..to_s`; zero when the interval is empty.
    #[must_use]
    pub fn integral(&self, from_s: f64, to_s: f64) -> f64 {
        if to_s <= from_s {
            return 0.0;
        }
        self.terms
            .iter()
            .map(|term| term.integral(from_s, to_s))
            .sum()
    }
}

impl Term {
    fn rate(&self, t: f64) -> f64 {
        match self {
            Self::Constant { rps } => *rps,
            Self::Burst {
                at_s,
                rise_s,
                rps,
                decay_s,
            } => {
                if t < *at_s {
                    0.0
                } else if t < at_s + rise_s {
                    rps * (t - at_s) / rise_s
                } else {
                    rps * (-(t - at_s - rise_s) / decay_s).exp()
                }
            }
            Self::Bell { at_s, width_s, rps } => {
                let z = (t - at_s) / width_s;
                rps * (-0.5 * z * z).exp()
            }
            Self::Table { points } => table_rate(points, t),
        }
    }

    fn integral(&self, from: f64, to: f64) -> f64 {
        match self {
            Self::Constant { rps } => rps * (to - from),
            Self::Burst {
                at_s,
                rise_s,
                rps,
                decay_s,
            } => {
                let top = at_s + rise_s;
                let (a, b) = (from.clamp(*at_s, top), to.clamp(*at_s, top));
                let rising = if *rise_s > 0.0 {
                    rps * ((b - at_s).powi(2) - (a - at_s).powi(2)) / (2.0 * rise_s)
                } else {
                    0.0
                };
                let (a, b) = (from.max(top) - top, to.max(top) - top);
                rising + rps * decay_s * ((-a / decay_s).exp() - (-b / decay_s).exp())
            }
            Self::Bell { at_s, width_s, rps } => {
                let scaled = |t: f64| (t - at_s) / (width_s * std::f64::consts::SQRT_2);
                let area = rps * width_s * (std::f64::consts::PI / 2.0).sqrt();
                area * (erf(scaled(to)) - erf(scaled(from)))
            }
            Self::Table { points } => table_integral(points, from, to),
        }
    }
}

fn table_rate(points: &[(f64, f64)], t: f64) -> f64 {
    let after = points.partition_point(|(at, _)| *at <= t);
    match (
        after.checked_sub(1).and_then(|i| points.get(i)),
        points.get(after),
    ) {
        (Some((t0, r0)), Some((t1, r1))) => r0 + (r1 - r0) * (t - t0) / (t1 - t0),
        (Some((_, rate)), None) | (None, Some((_, rate))) => *rate,
        (None, None) => 0.0,
    }
}

/// Trapezia between the points inside the interval: exact for straight lines.
fn table_integral(points: &[(f64, f64)], from: f64, to: f64) -> f64 {
    let inside = points
        .iter()
        .map(|(t, _)| *t)
        .filter(|t| *t > from && *t < to);
    let mut left = from;
    let mut sum = 0.0;
    for right in inside.chain([to]) {
        sum += (table_rate(points, left) + table_rate(points, right)) / 2.0 * (right - left);
        left = right;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curves() -> Vec<Traffic> {
        let terms = [
            Term::Constant { rps: 200.0 },
            Term::Burst {
                at_s: 600.0,
                rise_s: 10.0,
                rps: 1800.0,
                decay_s: 400.0,
            },
            Term::Bell {
                at_s: 900.0,
                width_s: 300.0,
                rps: 50.0,
            },
            Term::Table {
                points: vec![(100.0, 0.0), (700.0, 60.0), (800.0, 10.0)],
            },
        ];
        let mut curves: Vec<_> = terms
            .iter()
            .map(|term| Traffic {
                terms: vec![term.clone()],
            })
            .collect();
        curves.push(Traffic {
            terms: terms.to_vec(),
        });
        curves
    }

    #[test]
    fn integrals_agree_with_fine_midpoint_sums() {
        for curve in curves() {
            for (from, to) in [(-300.0, 0.0), (595.0, 615.0), (0.0, 1800.0)] {
                let steps = 200_000;
                let width = (to - from) / f64::from(steps);
                let sum: f64 = (0..steps)
                    .map(|i| curve.rate(from + (f64::from(i) + 0.5) * width) * width)
                    .sum();
                let exact = curve.integral(from, to);
                let close = (sum - exact).abs() <= 1e-6 * (1.0 + exact.abs());
                assert!(close, "{curve:?} on {from}..{to}: {sum} against {exact}");
            }
        }
    }

    #[test]
    fn a_shifted_curve_has_the_old_values_at_the_new_times() {
        for curve in curves() {
            let mut later = curve.clone();
            later.shift(120.0);
            for at in [-50.0, 650.0, 900.0] {
                assert!((later.rate(at + 120.0) - curve.rate(at)).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn integrals_add_up_over_adjacent_intervals() {
        for curve in curves() {
            let whole = curve.integral(0.0, 1200.0);
            let parts = curve.integral(0.0, 607.0) + curve.integral(607.0, 1200.0);
            assert!((whole - parts).abs() < 1e-6, "{curve:?}");
        }
    }
}

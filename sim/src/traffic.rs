//! The request rate as a function of time, with its exact integral.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};
use statrs::function::erf::erf;

mod product;
pub(crate) mod quadrature;

/// Rates that are looked at for the highest and the lowest of an interval.
const LOOKS: f64 = 1000.0;

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
    /// A near-step, a plateau and an exponential decay: a market opening, a flash sale.
    Burst {
        /// When the rise begins.
        at_s: f64,
        /// Length of the linear rise.
        rise_s: f64,
        /// How long it stays at its height.
        hold_s: f64,
        /// Height on top of the other terms.
        rps: f64,
        /// Time constant of the decay after that.
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
    /// A cosine between two rates: the ordinary day.
    Wave {
        /// When it is at its highest.
        peak_s: f64,
        /// From peak to peak.
        period_s: f64,
        /// The lowest rate.
        low: f64,
        /// The highest rate.
        high: f64,
    },
    /// Constant from each point to the next, in time order.
    Steps {
        /// The rate before the first point.
        before: f64,
        /// `(seconds, requests per second)`.
        points: Vec<(f64, f64)>,
    },
    /// Terms that are added up.
    Sum(Vec<Term>),
    /// Terms that are multiplied: a rate and dimensionless factors.
    Product(Vec<Term>),
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
        self.terms.iter_mut().for_each(|term| term.shift(by_s));
    }

    /// Multiplies the whole curve.
    pub fn scale(&mut self, factor: f64) {
        self.terms.iter_mut().for_each(|term| term.scale(factor));
    }

    /// Requests per second at an instant.
    #[must_use]
    pub fn rate(&self, t_s: f64) -> f64 {
        self.terms.iter().map(|term| term.rate(t_s)).sum()
    }

    /// The lowest and the highest rate from `from_s` to `to_s`, looked for where the curve bends or
    /// jumps and on a fine grid between.
    #[must_use]
    pub fn extremes(&self, from_s: f64, to_s: f64) -> (f64, f64) {
        let terms: Vec<&Term> = self.terms.iter().collect();
        let edges = product::edges(&terms, from_s, to_s);
        let width_s = (to_s - from_s) / LOOKS;
        let between = |(a, b): (&f64, &f64)| {
            let (a, b) = (*a, *b);
            // One look at least: just before a jump the rate is the old one.
            let count = ((b - a) / width_s).ceil().max(1.0);
            (0..count as u32).map(move |n| a + (b - a) * (f64::from(n) + 0.5) / count)
        };
        let grid = edges.iter().zip(edges.iter().skip(1)).flat_map(between);
        let rates = edges.iter().copied().chain(grid).map(|t| self.rate(t));
        rates.fold((f64::INFINITY, 0.0), |(low, high), rate| {
            (f64::min(low, rate), f64::max(high, rate))
        })
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
    fn shift(&mut self, by_s: f64) {
        match self {
            Self::Constant { .. } => {}
            Self::Burst { at_s, .. } | Self::Bell { at_s, .. } => *at_s += by_s,
            Self::Wave { peak_s, .. } => *peak_s += by_s,
            Self::Table { points } | Self::Steps { points, .. } => {
                points.iter_mut().for_each(|(at_s, _)| *at_s += by_s);
            }
            Self::Sum(terms) | Self::Product(terms) => {
                terms.iter_mut().for_each(|term| term.shift(by_s));
            }
        }
    }

    fn scale(&mut self, factor: f64) {
        match self {
            Self::Constant { rps } | Self::Burst { rps, .. } | Self::Bell { rps, .. } => {
                *rps *= factor;
            }
            Self::Wave { low, high, .. } => {
                *low *= factor;
                *high *= factor;
            }
            Self::Table { points } => points.iter_mut().for_each(|(_, rps)| *rps *= factor),
            Self::Steps { before, points } => {
                *before *= factor;
                points.iter_mut().for_each(|(_, rps)| *rps *= factor);
            }
            Self::Sum(terms) => terms.iter_mut().for_each(|term| term.scale(factor)),
            Self::Product(terms) => {
                if let Some(first) = terms.first_mut() {
                    first.scale(factor);
                }
            }
        }
    }

    fn rate(&self, t: f64) -> f64 {
        match self {
            Self::Constant { rps } => *rps,
            Self::Burst {
                at_s,
                rise_s,
                hold_s,
                rps,
                decay_s,
            } => {
                if t < *at_s {
                    0.0
                } else if t < at_s + rise_s {
                    rps * (t - at_s) / rise_s
                } else {
                    rps * (-(t - at_s - rise_s - hold_s).max(0.0) / decay_s).exp()
                }
            }
            Self::Bell { at_s, width_s, rps } => {
                let z = (t - at_s) / width_s;
                rps * (-0.5 * z * z).exp()
            }
            Self::Table { points } => table_rate(points, t),
            Self::Wave {
                peak_s,
                period_s,
                low,
                high,
            } => {
                // `high` at the peak, `low` half a period away: never below either by rounding.
                let up = f64::midpoint(1.0, (TAU * (t - peak_s) / period_s).cos());
                low + (high - low) * up
            }
            Self::Steps { before, points } => steps_rate(*before, points, t),
            Self::Sum(terms) => terms.iter().map(|term| term.rate(t)).sum(),
            Self::Product(terms) => terms.iter().map(|term| term.rate(t)).product(),
        }
    }

    fn integral(&self, from: f64, to: f64) -> f64 {
        match self {
            Self::Constant { rps } => rps * (to - from),
            Self::Burst {
                at_s,
                rise_s,
                hold_s,
                rps,
                decay_s,
            } => {
                if to <= *at_s {
                    return 0.0;
                }
                let top = at_s + rise_s;
                let (a, b) = (from.clamp(*at_s, top), to.clamp(*at_s, top));
                let rising = if *rise_s > 0.0 {
                    rps * ((b - at_s).powi(2) - (a - at_s).powi(2)) / (2.0 * rise_s)
                } else {
                    0.0
                };
                let end = top + hold_s;
                let held = rps * (to.clamp(top, end) - from.clamp(top, end));
                let (a, b) = (from.max(end) - end, to.max(end) - end);
                let decaying = if b > 0.0 {
                    rps * decay_s * ((-a / decay_s).exp() - (-b / decay_s).exp())
                } else {
                    0.0
                };
                rising + held + decaying
            }
            Self::Bell { at_s, width_s, rps } => {
                let scaled = |t: f64| (t - at_s) / (width_s * std::f64::consts::SQRT_2);
                let area = rps * width_s * (std::f64::consts::PI / 2.0).sqrt();
                area * (erf(scaled(to)) - erf(scaled(from)))
            }
            Self::Table { points } => table_integral(points, from, to),
            Self::Wave {
                peak_s,
                period_s,
                low,
                high,
            } => {
                // sin b - sin a = 2 cos((a + b) / 2) sin((b - a) / 2), which does not cancel.
                let turn = TAU / period_s;
                let middle = (turn * (f64::midpoint(from, to) - peak_s)).cos();
                let sines = 2.0 * middle * (turn * (to - from) / 2.0).sin() / turn;
                low * (to - from) + (high - low) / 2.0 * (to - from + sines)
            }
            Self::Steps { before, points } => steps_integral(*before, points, from, to),
            Self::Sum(terms) => terms.iter().map(|term| term.integral(from, to)).sum(),
            Self::Product(terms) => product::integral(terms, from, to),
        }
    }
}

fn steps_rate(before: f64, points: &[(f64, f64)], t: f64) -> f64 {
    let after = points.partition_point(|(at, _)| *at <= t);
    after.checked_sub(1).map_or(before, |index| points[index].1)
}

fn steps_integral(before: f64, points: &[(f64, f64)], from: f64, to: f64) -> f64 {
    let first = points.partition_point(|(at, _)| *at <= from);
    let mut left = from;
    let mut rate = steps_rate(before, points, from);
    let mut sum = 0.0;
    for (at, next) in points[first..].iter().take_while(|(at, _)| *at < to) {
        sum += rate * (at - left);
        (left, rate) = (*at, *next);
    }
    sum + rate * (to - left)
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
    // Recorded traffic has thousands of points; only those inside are looked at.
    let first = points.partition_point(|(t, _)| *t <= from);
    let inside = points[first..].iter().map(|(t, _)| *t);
    let inside = inside.take_while(|t| *t < to);
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
                hold_s: 90.0,
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
            Term::Wave {
                peak_s: 500.0,
                period_s: 1400.0,
                low: 0.0,
                high: 90.0,
            },
            Term::Steps {
                before: 3.0,
                points: vec![(-100.0, 0.0), (600.0, 70.0), (601.0, 20.0)],
            },
        ];
        let terms = [
            &terms[..],
            &[
                Term::Product(vec![terms[3].clone(), terms[4].clone(), terms[2].clone()]),
                Term::Product(vec![
                    terms[5].clone(),
                    Term::Sum(vec![terms[1].clone(), terms[0].clone()]),
                ]),
                Term::Product(vec![terms[4].clone(), Term::Product(terms.to_vec())]),
            ],
        ]
        .concat();
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
            // Steps so wide that jumps fall between them.
            for (from, to, steps) in [
                (-300.0, 0.0, 300_000),
                (595.0, 615.0, 200_000),
                (0.0, 1800.0, 450_000),
            ] {
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
    fn the_highest_and_the_lowest_rate_are_found_where_curves_bend() {
        let close = |(low, high): (f64, f64), wanted: (f64, f64)| {
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-5 * b.max(1.0);
            assert!(near(low, wanted.0) && near(high, wanted.1), "{low} {high}");
        };
        let curves = curves();
        let of = |index: usize, from, to| curves[index].extremes(from, to);
        close(of(0, 0.0, 3600.0), (200.0, 200.0));
        // The top of the burst is a moment of a week.
        close(of(1, -1e5, 5e5), (0.0, 1800.0));
        close(of(2, 0.0, 1000.0), (50.0 * (-4.5_f64).exp(), 50.0));
        close(of(3, 90.0, 750.0), (0.0, 60.0));
        close(of(4, 0.0, 1400.0), (0.0, 90.0));
        // A second of 70 in between, and 3 until just before the first jump.
        close(of(5, -101.0, 90_000.0), (0.0, 70.0));
        close(of(5, -101.0, -100.0), (0.0, 3.0));
        close(of(0, 5.0, 5.0), (200.0, 200.0));
    }

    #[test]
    fn a_shifted_curve_has_the_old_values_at_the_new_times() {
        for curve in curves() {
            let mut later = curve.clone();
            later.shift(120.0);
            for at in [-50.0, 650.0, 900.0] {
                let (there, here) = (later.rate(at + 120.0), curve.rate(at));
                assert!(
                    (there - here).abs() <= 1e-9 * (1.0 + here),
                    "{curve:?} at {at}"
                );
            }
        }
    }

    #[test]
    fn integrals_add_up_over_adjacent_intervals() {
        for curve in curves() {
            for (from, middle, to) in [(0.0, 607.0, 1200.0), (-900.0, 601.0, 86_400.0)] {
                let whole = curve.integral(from, to);
                let parts = [curve.integral(from, middle), curve.integral(middle, to)];
                assert!(parts.iter().all(|part| *part >= 0.0), "{curve:?}");
                let sum: f64 = parts.iter().sum();
                let close = (whole - sum).abs() <= 1e-11 * (1.0 + whole);
                assert!(close, "{curve:?}: {whole} against {sum}");
            }
        }
    }

    #[test]
    fn a_cosine_times_a_line_has_its_closed_form() {
        let wave = Term::Wave {
            peak_s: 0.0,
            period_s: TAU,
            low: 0.0,
            high: 2.0,
        };
        let line = Term::Table {
            points: vec![(0.0, 0.0), (100.0, 100.0)],
        };
        // The integral of t (1 + cos t) is t²/2 + t sin t + cos t.
        let closed = |t: f64| t * t / 2.0 + t * t.sin() + t.cos();
        let product = Term::Product(vec![wave, line]);
        for (from, to) in [(0.0, 100.0), (3.0, 3.5), (0.0, 0.01)] {
            let (exact, found) = (closed(to) - closed(from), product.integral(from, to));
            assert!(
                (exact - found).abs() <= 1e-12 * exact.max(1.0),
                "{from}..{to}: {found}"
            );
        }
    }

    /// A bell far narrower than the interval is not stepped over.
    #[test]
    fn a_needle_in_a_week_is_found() {
        let bell = |at_s, width_s| Term::Bell {
            at_s,
            width_s,
            rps: 1.0,
        };
        let product = Term::Product(vec![bell(300_000.3, 2.0), bell(300_001.3, 2.0)]);
        // Two Gaussians one apart: again one, of width √2, times exp(-1/16).
        let exact = TAU.sqrt() * 2.0_f64.sqrt() * (-1.0_f64 / 16.0).exp();
        let found = product.integral(-1000.0, 604_800.0);
        assert!((found - exact).abs() < 1e-9, "{found} against {exact}");
    }
}

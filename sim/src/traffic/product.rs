//! Integrals of products of curves.

use super::Term;
use super::quadrature::integrate;

/// Standard deviations, and time constants, at which smooth curves are cut: between neighbours a
/// low polynomial follows them, and no narrow peak is stepped over.
const CUTS: [f64; 6] = [0.0, 1.0, 2.0, 4.0, 8.0, 16.0];

/// The most pieces into which a wave's quarters cut an interval.
const QUARTERS_MAX: f64 = 4096.0;

/// The integral of a product: in closed form between steps where at most one factor is not
/// constant, by quadrature to twelve digits otherwise.
pub(super) fn integral(terms: &[Term], from: f64, to: f64) -> f64 {
    if to <= from {
        return 0.0;
    }
    let (flat, curved): (Vec<&Term>, Vec<&Term>) = terms
        .iter()
        .partition(|term| matches!(term, Term::Constant { .. } | Term::Steps { .. }));
    let mut sum = 0.0;
    let edges = edges(&flat, from, to);
    for (a, b) in edges.iter().zip(edges.iter().skip(1)) {
        let factor: f64 = flat.iter().map(|term| term.rate(*a)).product();
        if factor > 0.0 {
            sum += factor * curved_integral(&curved, *a, *b);
        }
    }
    sum
}

fn curved_integral(terms: &[&Term], from: f64, to: f64) -> f64 {
    match terms {
        [] => to - from,
        [only] => only.integral(from, to),
        _ => {
            let rate = |t| terms.iter().map(|term| term.rate(t)).product();
            integrate(&rate, &edges(terms, from, to))
        }
    }
}

/// The ends of the interval with all cuts of the terms between them, ascending.
pub(super) fn edges(terms: &[&Term], from: f64, to: f64) -> Vec<f64> {
    let mut edges = vec![from, to];
    terms
        .iter()
        .for_each(|term| cut(term, from, to, &mut edges));
    edges.retain(|t| (from..=to).contains(t));
    edges.sort_unstable_by(f64::total_cmp);
    edges.dedup();
    edges
}

/// Where a term is not smooth, or turns.
fn cut(term: &Term, from: f64, to: f64, edges: &mut Vec<f64>) {
    match term {
        Term::Constant { .. } => {}
        Term::Burst {
            at_s,
            rise_s,
            hold_s,
            decay_s,
            ..
        } => {
            let (top, end) = (at_s + rise_s, at_s + rise_s + hold_s);
            edges.extend([*at_s, top]);
            edges.extend(CUTS.map(|n| end + n * decay_s));
        }
        Term::Bell { at_s, width_s, .. } => {
            edges.extend(CUTS.map(|n| at_s - n * width_s));
            edges.extend(CUTS.map(|n| at_s + n * width_s));
        }
        Term::Wave {
            peak_s, period_s, ..
        } => {
            let quarter = period_s / 4.0;
            let (first, last) = ((from - peak_s) / quarter, (to - peak_s) / quarter);
            if last - first <= QUARTERS_MAX {
                let quarters = first.ceil() as i64..=last.floor() as i64;
                edges.extend(quarters.map(|n| peak_s + n as f64 * quarter));
            }
        }
        Term::Table { points } | Term::Steps { points, .. } => {
            let first = points.partition_point(|(at, _)| *at <= from);
            let inside = points[first..].iter().map(|(at, _)| *at);
            edges.extend(inside.take_while(|at| *at < to));
        }
        Term::Sum(terms) | Term::Product(terms) => {
            terms.iter().for_each(|term| cut(term, from, to, edges));
        }
    }
}

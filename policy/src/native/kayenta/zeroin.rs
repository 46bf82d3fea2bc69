//! The zero of a function between two points of opposite signs: Brent's method (Algorithms for
//! Minimization without Derivatives, 1973, chapter 4).

/// Iterations after which the best point so far is good enough.
const MOST: usize = 1000;

/// A zero between `low` and `high`, to an absolute tolerance.
pub(super) fn zero_in(
    (low, high): (f64, f64),
    tolerance: f64,
    mut f: impl FnMut(f64) -> f64,
) -> f64 {
    // `best` is the best guess, `last` the one before, and the zero lies between `best` and `other`.
    let (mut last, mut best) = (low, high);
    let (mut f_last, mut f_best) = (f(last), f(best));
    let (mut other, mut f_other) = (last, f_last);
    for _ in 0..MOST {
        let step_before = best - last;
        if f_other.abs() < f_best.abs() {
            (last, best, other) = (best, other, best);
            (f_last, f_best, f_other) = (f_best, f_other, f_best);
        }
        let least = 2.0 * f64::EPSILON * best.abs() + tolerance / 2.0;
        let half = (other - best) / 2.0;
        if half.abs() <= least || f_best == 0.0 {
            return best;
        }
        let mut step = half;
        if step_before.abs() >= least && f_last.abs() > f_best.abs() {
            let (p, q) = interpolated((last, best, other), (f_last, f_best, f_other));
            let inside = 0.75 * (other - best) * q - (least * q).abs() / 2.0;
            if p < inside && p < (step_before * q / 2.0).abs() {
                step = p / q;
            }
        }
        if step.abs() < least {
            step = least.copysign(step);
        }
        (last, f_last) = (best, f_best);
        best += step;
        f_best = f(best);
        if (f_best > 0.0) == (f_other > 0.0) {
            (other, f_other) = (last, f_last);
        }
    }
    best
}

/// The step p/q from the best point to where a line (through two points) or an inverse parabola (through
/// three) is zero, p not negative.
fn interpolated(
    (last, best, other): (f64, f64, f64),
    (f_last, f_best, f_other): (f64, f64, f64),
) -> (f64, f64) {
    let width = other - best;
    let (p, q) = if last == other {
        let ratio = f_best / f_last;
        (width * ratio, 1.0 - ratio)
    } else {
        let (a, b, c) = (f_last / f_other, f_best / f_other, f_best / f_last);
        (
            c * (width * a * (a - b) - (best - last) * (b - 1.0)),
            (a - 1.0) * (b - 1.0) * (c - 1.0),
        )
    };
    if p > 0.0 { (p, -q) } else { (-p, q) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_found_to_the_tolerance() {
        let cube = zero_in((0.0, 3.0), 1e-10, |x| x * x * x - 2.0);
        assert!((cube - 2.0_f64.cbrt()).abs() < 1e-10, "{cube}");
        let step = zero_in((-1.0, 4.0), 1e-4, |x| if x < 1.5 { -1.0 } else { 1.0 });
        assert!((step - 1.5).abs() < 1e-4, "{step}");
        assert_eq!(zero_in((0.0, 1.0), 1e-4, |x| x - 1.0), 1.0);
    }
}

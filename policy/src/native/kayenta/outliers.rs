//! Points beyond so many interquartile ranges are left out.

/// The quantile of sorted points by linear interpolation (R's type 7).
#[must_use]
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = p * last as f64;
    let below = (at.floor() as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (at - at.floor()) * (sorted[above] - sorted[below])
}

/// The points inside the fences. With `gently`, nothing between the first and the 99th percentile goes.
#[must_use]
pub fn without(points: &[f64], factor: f64, gently: bool) -> Vec<f64> {
    let mut sorted = points.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (q1, q3) = (quantile(&sorted, 0.25), quantile(&sorted, 0.75));
    let (mut low, mut high) = (q1 - factor * (q3 - q1), q3 + factor * (q3 - q1));
    if gently {
        low = low.min(quantile(&sorted, 0.01));
        high = high.max(quantile(&sorted, 0.99));
    }
    let inside = |x: &f64| (low..=high).contains(x);
    points.iter().copied().filter(inside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_r() {
        let halves: Vec<f64> = (0..=7).map(|n| f64::from(n) / 2.0).collect();
        assert!((quantile(&halves, 0.05) - 0.175).abs() < 1e-12);
        assert!((quantile(&halves, 0.5) - 1.75).abs() < 1e-12);
        // NIST's example.
        let mut nist = [
            95.1772, 95.1567, 95.1937, 95.1959, 95.1442, 95.0610, 95.1591, 95.1195, 95.1772,
            95.0925, 95.1990, 95.1682,
        ];
        nist.sort_by(f64::total_cmp);
        assert!((quantile(&nist, 0.9) - 95.195_68).abs() < 1e-9);
    }

    #[test]
    fn what_lies_beyond_the_fences_goes() {
        let one = [21.0, 23.0, 24.0, 25.0, 50.0, 29.0, 23.0, 21.0];
        assert_eq!(without(&one, 1.5, false).len(), 7);
        assert!(!without(&one, 1.5, false).contains(&50.0));
        let both = [1.0, 1.0, 1.0, 5.0, -1.0, -1.0, -1.0, -5.0];
        let kept = without(&both, 1.5, false);
        assert_eq!(kept, [1.0, 1.0, 1.0, -1.0, -1.0, -1.0]);
    }
}

//! Adaptive Gauss-Kronrod quadrature of non-negative smooth functions.

/// Non-negative nodes of the 15-point Kronrod rule, with its weights and those of the embedded
/// 7-point Gauss rule (QUADPACK, `dqk15`).
const NODES: [(f64, f64, f64); 8] = [
    (0.991_455_371_120_812_6, 0.022_935_322_010_529_224, 0.0),
    (
        0.949_107_912_342_758_5,
        0.063_092_092_629_978_55,
        0.129_484_966_168_869_7,
    ),
    (0.864_864_423_359_769_1, 0.104_790_010_322_250_18, 0.0),
    (
        0.741_531_185_599_394_4,
        0.140_653_259_715_525_92,
        0.279_705_391_489_276_64,
    ),
    (0.586_087_235_467_691_1, 0.169_004_726_639_267_9, 0.0),
    (
        0.405_845_151_377_397_2,
        0.190_350_578_064_785_4,
        0.381_830_050_505_118_9,
    ),
    (0.207_784_955_007_898_47, 0.204_432_940_075_298_9, 0.0),
    (0.0, 0.209_482_141_084_727_82, 0.417_959_183_673_469_4),
];

/// Accepted distance of the two rules, relative to a panel's integral; the Kronrod rule is then
/// much closer than that.
const RELATIVE: f64 = 1e-12;

/// Panels that hold less than this share of the whole are never worth another look.
const NEGLIGIBLE: f64 = 1e-15;

/// Halvings of one panel; beyond these it is narrower than times are told apart.
const DEPTH_MAX: u32 = 40;

/// The integral of `f`, which is smooth between neighbours of the ascending `edges`.
pub(super) fn integrate(f: &impl Fn(f64) -> f64, edges: &[f64]) -> f64 {
    let panels = || edges.iter().zip(edges.iter().skip(1));
    let whole: f64 = panels().map(|(a, b)| panel(f, *a, *b).0).sum();
    panels()
        .map(|(a, b)| refine(f, (*a, *b), NEGLIGIBLE * whole, DEPTH_MAX))
        .sum()
}

fn refine(f: &impl Fn(f64) -> f64, (a, b): (f64, f64), negligible: f64, depth: u32) -> f64 {
    let (kronrod, error) = panel(f, a, b);
    if error <= RELATIVE * kronrod || error <= negligible || depth == 0 {
        return kronrod;
    }
    let middle = f64::midpoint(a, b);
    refine(f, (a, middle), negligible, depth - 1) + refine(f, (middle, b), negligible, depth - 1)
}

/// The 15 nodes of the Kronrod rule between two bounds, with their weights.
pub(crate) fn nodes(a: f64, b: f64) -> impl Iterator<Item = (f64, f64)> {
    let (middle, half) = (f64::midpoint(a, b), (b - a) / 2.0);
    NODES.into_iter().flat_map(move |(node, weight, _)| {
        let right = (middle + half * node, weight * half);
        let left = (node > 0.0).then_some((middle - half * node, weight * half));
        std::iter::once(right).chain(left)
    })
}

/// The Kronrod value, and its distance from the Gauss value.
fn panel(f: &impl Fn(f64) -> f64, a: f64, b: f64) -> (f64, f64) {
    let (middle, half) = (f64::midpoint(a, b), (b - a) / 2.0);
    let (mut kronrod, mut gauss) = (0.0, 0.0);
    for (node, by_kronrod, by_gauss) in NODES {
        let value = if node == 0.0 {
            f(middle)
        } else {
            f(middle - half * node) + f(middle + half * node)
        };
        kronrod += by_kronrod * value;
        gauss += by_gauss * value;
    }
    (kronrod * half, (kronrod - gauss).abs() * half)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The 7-point Gauss rule is exact to degree 13, the 15-point Kronrod rule to degree 22.
    #[test]
    fn both_rules_have_their_degrees() {
        for degree in 0..=22 {
            let exact = 1.0 / f64::from(degree + 1);
            let (kronrod, error) = panel(&|x: f64| x.powi(degree), 0.0, 1.0);
            assert!((kronrod - exact).abs() < 1e-15, "{degree}: {kronrod}");
            assert!(degree > 13 || error < 1e-15, "{degree}: {error}");
        }
        assert!(panel(&|x: f64| x.powi(24), -1.0, 1.0).1 > 1e-9);
    }

    #[test]
    fn integrals_with_closed_forms_are_met_to_twelve_digits() {
        let exp = integrate(&|x: f64| (-x).exp(), &[0.0, 50.0]);
        assert!((exp - (1.0 - (-50.0_f64).exp())).abs() < 1e-12, "{exp}");
        let wave = integrate(&|x: f64| 1.0 + x.cos(), &[0.0, 7.0, 100.0]);
        assert!((wave - 100.0 - 100.0_f64.sin()).abs() < 1e-10, "{wave}");
    }
}

//! The unit tests of Kayenta's suite as numbers (stats.md §1.4).

use super::mann_whitney::{common_language, mann_whitney, standardised, u_statistic};
use super::score::{Group, Thresholds, Verdict, score};
use super::*;

/// The roots are found to an absolute 1e-4.
fn near(found: f64, wanted: f64) {
    let most = 1e-4_f64.max(1e-3 * wanted.abs()) * 1.01;
    assert!((found - wanted).abs() <= most, "{found} is not {wanted}");
}

fn interval(x: &[f64], y: &[f64], confidence: f64, (low, high): (f64, f64), estimate: f64) {
    let found = mann_whitney(x, y, confidence).expect("not all tied");
    near(found.low, low);
    near(found.high, high);
    near(found.estimate, estimate);
}

fn sizes(allowed: (f64, f64), critical: (f64, f64)) -> EffectSize {
    EffectSize {
        allowed_decrease: allowed.0,
        allowed_increase: allowed.1,
        critical_decrease: critical.0,
        critical_increase: critical.1,
        ..EffectSize::default()
    }
}

/// As the classifier's tests have it.
fn suite() -> Metric {
    Metric {
        tolerance: 0.10,
        confidence: 0.95,
        ..Metric::default()
    }
}

const UP: ([f64; 5], [f64; 5]) = ([20.0, 22.0, 21.0, 25.0, 30.0], [1.0, 2.2, 1.1, 2.5, 3.0]);
const DOWN: ([f64; 5], [f64; 5]) = ([2.0, 2.0, 2.0, 2.0, 3.0], [10.0, 20.2, 10.1, 20.5, 30.0]);
const LITTLE: ([f64; 5], [f64; 5]) = (
    [10.0, 12.2, 10.1, 12.5, 23.0],
    [20.0, 22.0, 21.0, 25.0, 30.0],
);

#[test]
fn intervals_are_those_of_the_suite() {
    let (x, y) = ([10.0, 20.0, 30.0, 40.0], [1.0, 2.0, 3.0, 4.0]);
    interval(&x, &y, 0.95, (6.0, 39.0), 22.5);
    assert_eq!(u_statistic(&x, &y), 16.0);
    assert!((standardised(&x, &y, 0.0) - 2.165_064).abs() < 1e-6);
    interval(&UP.0, &UP.1, 0.95, (17.8, 27.7999), 20.0);
    let wide = mann_whitney(&UP.0, &UP.1, 0.98).expect("not all tied");
    near(wide.low, 17.0001);
    near(wide.high, 28.9999);
    let down = mann_whitney(&DOWN.0, &DOWN.1, 0.95).expect("not all tied");
    near(down.low, -27.9999);
    near(down.high, -8.0);
    interval(&LITTLE.0, &LITTLE.1, 0.95, (-17.799_96, 0.999_95), -10.7812);
    let rising = [1.0, 2.0, 3.0, 4.0, 5.0];
    let other = [1.0, 2.0, 3.0, 4.0, 6.0];
    let found = mann_whitney(&rising, &other, 0.98).expect("not all tied");
    near(found.low, -4.9999);
    near(found.high, 3.9999);
    assert!(found.estimate.abs() < 1e-3);
}

#[test]
fn effects_and_criticality_are_those_of_the_suite() {
    let judge = |(x, y): (&[f64], &[f64]), critical, effect| {
        Metric {
            critical,
            effect,
            ..suite()
        }
        .classify(x, y)
    };
    let up: (&[f64], &[f64]) = (&UP.0, &UP.1);
    let plain = judge(up, false, EffectSize::default());
    assert_eq!((plain.label, plain.critical), (Label::High, false));
    assert!((plain.effect - 12.040_816).abs() < 1e-6);
    let allowed = judge(up, true, sizes((1.0, 5.0), (1.0, 13.0)));
    assert_eq!((allowed.label, allowed.critical), (Label::High, false));
    let within = judge(up, true, sizes((1.0, 13.0), (1.0, 1.0)));
    assert_eq!(within.label, Label::Pass);
    for effect in [sizes((1.0, 1.0), (1.0, 1.2)), EffectSize::default()] {
        let critical = judge(up, true, effect);
        assert_eq!((critical.label, critical.critical), (Label::High, true));
    }
    let low = judge((&DOWN.0, &DOWN.1), true, sizes((1.0, 1.0), (1.2, 1.0)));
    assert_eq!((low.label, low.critical), (Label::Low, true));
    let little = judge((&LITTLE.0, &LITTLE.1), false, sizes((0.5, 1.0), (1.0, 1.0)));
    assert_eq!(little.label, Label::Pass);
}

#[test]
fn corners_are_those_of_the_suite() {
    let label = |x: &[f64], y: &[f64], direction| {
        Metric {
            direction,
            ..suite()
        }
        .classify(x, y)
        .label
    };
    use Direction::{Decrease, Either};
    assert_eq!(label(&[1.0; 3], &[1.0; 2], Either), Label::Pass);
    let same = label(
        &[1.0, 2.0, 3.0, 4.0, 5.0],
        &[5.0, 4.0, 3.0, 2.0, 1.0],
        Either,
    );
    assert_eq!(same, Label::Pass);
    assert_eq!(
        label(&[0.0, 1.0, 1.0, 1.0, 1.0], &[1.0; 5], Decrease),
        Label::Pass
    );
    assert_eq!(
        label(&[1.0, 1.0, 1.0, 1.0, 10.0], &[1.0; 5], Either),
        Label::Pass
    );
    for control in [1.0, 0.0] {
        assert_eq!(label(&[10.0; 5], &[control; 5], Either), Label::High);
    }
    let (some, none) = ([54.9, 54.5, 55.1, 55.6, 57.4], [0.0; 5]);
    let metric = Metric {
        effect: sizes((0.8, 1.2), (1.0, 1.0)),
        ..suite()
    };
    let high = metric.classify(&some, &none);
    assert!(high.effect.is_nan());
    assert_eq!(high.label, Label::High);
    assert_eq!(metric.classify(&none, &some).label, Label::Low);
    let zero = suite().classify(&none, &none);
    assert_eq!((zero.label, zero.effect), (Label::Pass, 1.0));
}

#[test]
fn intervals_of_ties_end_at_the_ends() {
    let drop = mann_whitney(&[0.0, 1.0, 1.0, 1.0, 1.0], &[1.0; 5], 0.95).expect("not all tied");
    near(drop.low, -0.999_94);
    near(drop.high, 0.0);
    let rise = mann_whitney(&[1.0, 1.0, 1.0, 1.0, 10.0], &[1.0; 5], 0.95).expect("not all tied");
    near(rise.low, 0.0);
    near(rise.high, 8.999_93);
}

#[test]
fn without_data_there_is_no_verdict_of_the_test() {
    let some = [1.0, 2.0, 3.0, 4.0, 5.0];
    let of = |metric: Metric| {
        let found = metric.classify(&[], &some);
        (found.label, found.critical)
    };
    assert_eq!(of(suite()), (Label::Nodata, false));
    let critical = Metric {
        critical: true,
        ..suite()
    };
    assert_eq!(of(critical), (Label::Nodata, true));
    let replace = Metric {
        nan: NanStrategy::Replace,
        ..suite()
    };
    assert_eq!(of(replace), (Label::Pass, false));
    let must = Metric {
        must_have_data: true,
        ..suite()
    };
    assert_eq!(of(must), (Label::NodataFailMetric, false));
}

#[test]
fn the_judge_s_own_settings_find_a_quarter_more() {
    let x = [12.0, 11.0, 13.0, 15.0, 14.0, 12.0, 13.0, 16.0, 15.0, 14.0];
    let y = [10.0, 11.0, 10.0, 12.0, 11.0, 9.0, 10.0, 11.0, 10.0, 12.0];
    assert_eq!(u_statistic(&x, &y), 94.5);
    assert!((common_language(&x, &y) - 0.945).abs() < 1e-12);
    interval(&x, &y, 0.98, (1.000_03, 4.999_96), 2.999_99);
    let found = Metric::default().classify(&x, &y);
    assert_eq!(found.label, Label::High);
    assert!((found.effect - 1.273_585).abs() < 1e-6);
}

/// demand.md §5.5: decisions of the issues there.
#[test]
fn decisions_that_people_asked_about_are_the_same() {
    let high = |x: &[f64], y: &[f64]| {
        let metric = Metric {
            direction: Direction::Increase,
            ..Metric::default()
        };
        metric.classify(x, y).label
    };
    assert_eq!(
        high(&[0.0, 1.0, 2.0, 1.0, 0.0, 0.0], &[0.0; 6]),
        Label::Pass
    );
    let sparse = [0.0, 0.048, 0.0, 0.18, 0.089, 0.0, 0.098, 0.035, 0.0, 0.0];
    assert_eq!(high(&sparse, &[0.0; 10]), Label::Pass);
    let tail = |hundreds: usize| {
        let mut points = vec![100.0; hundreds];
        points.resize(10, 1.0);
        high(&points, &[1.0; 10])
    };
    assert_eq!(tail(7), Label::Pass);
    assert_eq!(tail(8), Label::High);
}

#[test]
fn scores_are_those_of_the_suite() {
    let metric = |label, critical| Classified::without_test(label, critical);
    let all = |labels: &[Label]| -> Vec<Classified> {
        labels.iter().map(|label| metric(*label, false)).collect()
    };
    let group = |weight: Option<f64>, metrics: &[usize]| Group {
        weight,
        metrics: metrics.to_vec(),
    };
    use Label::{High, Low, Nodata, Pass};
    let one = [group(None, &[0, 1, 2])];
    assert_eq!(score(&all(&[Pass, High, Low]), &one), 33.33);
    let two = [group(Some(75.0), &[0]), group(Some(25.0), &[1])];
    assert_eq!(score(&all(&[Pass, High]), &two), 75.0);
    let equal = [group(Some(50.0), &[0, 1]), group(Some(50.0), &[2])];
    assert_eq!(score(&all(&[Pass, High, High]), &equal), 25.0);
    assert_eq!(score(&all(&[Pass, Nodata, High]), &equal), 50.0);
    let uneven = [group(Some(15.0), &[0, 1, 2]), group(Some(85.0), &[3])];
    assert_eq!(score(&all(&[High, Low, Pass, High]), &uneven), 5.0);
    let fatal = [metric(Pass, false), metric(High, true)];
    assert_eq!(score(&fatal, &[group(None, &[0, 1])]), 0.0);
    assert_eq!(score(&[metric(Nodata, true)], &[group(None, &[0])]), 0.0);
    assert_eq!(score(&all(&[Nodata]), &[group(None, &[0])]), 0.0);
    let quiet = [group(None, &[0, 1]), group(None, &[2])];
    assert_eq!(score(&all(&[Pass, Pass, Nodata]), &quiet), 100.0);
    let limits = Thresholds {
        pass: 95.0,
        marginal: 75.0,
    };
    let verdicts = [95.0, 94.99, 75.0, 74.0].map(|score| limits.verdict(score));
    use Verdict::{Fail, Marginal};
    assert_eq!(verdicts, [Verdict::Pass, Marginal, Marginal, Fail]);
}

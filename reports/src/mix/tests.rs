use std::sync::Arc;

use coalmine_policy::Span;
use coalmine_sim::outcome::Outcome;
use coalmine_sim::stream::{Purpose, Seed, Streams};
use rand::RngExt;

use super::*;
use crate::fixture::{promoted, rolled_back, study, summary, thousand};

fn mix(bad_share: f64) -> Mix {
    Mix {
        bad_share,
        prices: Some(Prices {
            minute: 2.0,
            hurt_request: 0.01,
            hurt_user: 0.03,
            false_alarm: 50.0,
        }),
    }
}

fn two() -> Arc<coalmine_sim::event::Study> {
    study(&["p"], &[("a/healthy", false), ("a/errors", true)])
}

#[test]
fn a_policy_of_known_rates_has_the_values_of_the_definitions() {
    // Of the good 900 in a thousand pass, of the bad 800 are caught.
    let (good, mut bad) = (thousand(false, 900), thousand(true, 800));
    for outcome in &mut bad {
        outcome.hurt_users = outcome.hurt / 2;
    }
    let summary = summary(&two(), &[(0, 0, &good), (0, 1, &bad)]);
    let worth = worth(&summary, &mix(0.1));
    let [p] = &worth[..] else { panic!("{worth:?}") };
    let is = |measure: Option<Measure>, value: f64| {
        let m = measure.expect("can be told");
        assert!((m.value - value).abs() < 1e-9, "{m:?} for {value}");
        assert!(m.low < value && value < m.high, "{m:?}");
    };
    is(p.catch_rate, 0.8);
    is(p.pass_rate, 0.9);
    is(p.balanced_accuracy, 0.85);
    // Caught .08, missed .02, passed .81, held .09.
    let mcc = (0.08 * 0.81 - 0.02 * 0.09) / f64::sqrt(0.1 * 0.9 * 0.17 * 0.83);
    is(p.mcc, mcc);
    assert_eq!(p.n, 2000);
    // Every bad release hurt somebody before it was stopped, no good one did.
    let failed = p.change_failure_rate.expect("can be told");
    assert!((failed.value - 0.1).abs() < 1e-12);
    let minutes = |outcomes: &[Outcome]| {
        let all = outcomes
            .iter()
            .map(|o| o.decided_ns.expect("decided").as_secs_f64());
        all.sum::<f64>() / 60.0 / outcomes.len() as f64
    };
    let mean = 0.9 * minutes(&good) + 0.1 * minutes(&bad);
    is(p.releases_per_day, 1440.0 / mean);
    let hurt = |o: &Outcome| 0.01 * o.hurt as f64 + 0.03 * o.hurt_users as f64;
    let hurt = bad.iter().map(hurt).sum::<f64>() / 1000.0;
    is(p.cost, 2.0 * mean + 0.1 * hurt + 50.0 * 0.09);
}

#[test]
fn what_cannot_be_told_is_not() {
    let good = thousand(false, 1000);
    let summary = summary(&two(), &[(0, 0, &good)]);
    let worth = worth(&summary, &Mix::default());
    let p = worth[0];
    assert_eq!(
        (
            p.catch_rate,
            p.balanced_accuracy,
            p.mcc,
            p.recovery_s,
            p.cost
        ),
        (None, None, None, None, None)
    );
    assert_eq!(p.pass_rate.map(|m| m.high), Some(1.0));
    assert_eq!(p.change_failure_rate.map(|m| m.value), Some(0.0));
}

#[test]
fn whoever_never_stops_anything_has_no_correlation() {
    let (good, bad) = (thousand(false, 1000), thousand(true, 0));
    let summary = summary(&two(), &[(0, 0, &good), (0, 1, &bad)]);
    let p = worth(&summary, &Mix::default())[0];
    assert_eq!(p.mcc.map(|m| m.value), Some(0.0));
    assert_eq!(p.balanced_accuracy.map(|m| m.value), Some(0.5));
    // Nobody took it out within the hour: met at 60 s, so 59 minutes at least.
    assert_eq!(p.recovery_s.map(|m| m.value), Some(3540.0));
}

#[test]
fn weights_say_how_often_a_kind_of_release_comes() {
    let mut study = (*study(&["p"], &[("a/healthy", false), ("b/healthy", false)])).clone();
    study.scenarios[1].weight = 3.0;
    let (all, half) = (thousand(false, 1000), thousand(false, 500));
    let summary = summary(&Arc::new(study), &[(0, 0, &all), (0, 1, &half)]);
    let pass = worth(&summary, &Mix::default())[0]
        .pass_rate
        .expect("good ones");
    assert!((pass.value - 0.625).abs() < 1e-12);
}

/// Of 600 studies at least 95 % must hold the truth, less four standard deviations (0.036); the
/// construction is conservative, so more is no fault.
#[test]
fn intervals_cover_the_truth() {
    let mut rng = Streams::new(Seed(11), "mix", 0).get(Purpose::Harm);
    let (passes, catches) = (0.97, 0.9);
    let mix = mix(0.1);
    let (caught, missed, passed, held) = (
        0.1 * catches,
        0.1 * (1.0 - catches),
        0.9 * passes,
        0.9 * (1.0 - passes),
    );
    let mcc =
        (caught * passed - missed * held) / f64::sqrt(0.09 * (caught + held) * (missed + passed));
    // Minutes are exponential with mean 20; a caught release hurts 500 on average, a missed one 5,000.
    let cost =
        2.0 * 20.0 + 0.01 * 0.1 * (catches * 500.0 + (1.0 - catches) * 5_000.0) + 50.0 * held;
    let mut covered = [0; 3];
    for _ in 0..600 {
        let mut exponential = |mean: f64| -mean * f64::ln(1.0 - rng.random::<f64>());
        let mut one = |i: u32, right: f64, bad: bool| {
            let stops = (exponential(1.0) < -f64::ln(1.0 - right)) == bad;
            let mean = if stops { 500.0 } else { 5_000.0 };
            let hurt = if bad { exponential(mean) } else { 0.0 };
            Outcome {
                decided_ns: Some(Span::from_secs_f64(exponential(1200.0))),
                hurt: hurt.round() as u64,
                hurt_users: 0,
                ..if stops {
                    rolled_back(i, 9)
                } else {
                    promoted(i, 0)
                }
            }
        };
        let good: Vec<_> = (0..200).map(|i| one(i, passes, false)).collect();
        let bad: Vec<_> = (0..200).map(|i| one(i, catches, true)).collect();
        let summary = summary(&two(), &[(0, 0, &good), (0, 1, &bad)]);
        let p = worth(&summary, &mix)[0];
        let balanced = f64::midpoint(passes, catches);
        for (count, (measure, truth)) in covered.iter_mut().zip([
            (p.balanced_accuracy, balanced),
            (p.mcc, mcc),
            (p.cost, cost),
        ]) {
            let m = measure.expect("can be told");
            *count += u32::from(m.low <= truth && truth <= m.high);
        }
    }
    assert!(covered.iter().all(|count| *count > 548), "{covered:?}");
}

//! The policies on the golden looks, and on looks that must not be concluded from.

use super::super::look::{Arm, Look};
use super::super::ratio::golden::looks;
use super::*;

/// As the golden values are.
fn golden() -> Settings {
    Settings {
        margin_ratio: 1.0,
        planned_looks: 60,
        ..Settings::default()
    }
}

fn play(name: &str, settings: &Settings, looks: &[Look]) -> Vec<Finding> {
    let mut policy = Policy::named(name, settings).expect("is known");
    looks.iter().map(|look| policy.look(look, 1.0)).collect()
}

fn rulings(found: &[Finding]) -> Vec<Ruling> {
    found.iter().map(|finding| finding.ruling).collect()
}

/// Ten times as many errors, the same requests.
fn worse(times: u64) -> Vec<Look> {
    looks()
        .into_iter()
        .map(|mut look| {
            look.canary.e *= times;
            look
        })
        .collect()
}

#[test]
fn every_name_is_a_policy_and_no_other_is() {
    for (name, _) in NAMES {
        assert!(
            Policy::named(name, &Settings::default()).is_some(),
            "{name}"
        );
    }
    assert!(Policy::named("sequence-guard", &Settings::default()).is_none());
}

#[test]
fn the_exact_test_rolls_the_golden_looks_back_at_the_third_and_the_other_waits() {
    use Ruling::{Continue, RollBack};
    let spend = play("spend-guard", &golden(), &looks());
    assert_eq!(rulings(&spend), [Continue, Continue, RollBack, RollBack]);
    assert_eq!(spend[2].reason, "14 errors ≥ 13");
    let seq = play("seq-guard", &golden(), &looks());
    // ln 20 = 2.9957 ≤ 4.128.
    assert_eq!(rulings(&seq), [Continue, Continue, RollBack, RollBack]);
    assert_eq!(seq[2].reason, "E = 62.08 ≥ 20");
    assert!((seq[2].p.expect("has one") - (-4.128_352_464_f64).exp()).abs() < 1e-9);
    // Half of alpha each: 40 is reached too, 16 errors are not yet there at the third look.
    let combo = play("combo", &golden(), &looks());
    assert_eq!(rulings(&combo), [Continue, Continue, RollBack, RollBack]);
}

#[test]
fn evidence_without_errors_enough_is_not_acted_upon() {
    let settings = Settings {
        least_errors: 100,
        ..golden()
    };
    let found = play("seq-guard", &settings, &looks());
    assert!(
        found
            .iter()
            .all(|finding| finding.ruling == Ruling::Continue)
    );
    assert!(
        found[2].reason.ends_with("but only 14 errors"),
        "{:?}",
        found[2]
    );
    let settings = Settings {
        least_difference: 0.5,
        ..golden()
    };
    let found = play("seq-guard", &settings, &looks());
    assert!(
        found[3].reason.ends_with("points more errors"),
        "{:?}",
        found[3]
    );
}

#[test]
fn a_ramp_goes_on_by_evidence_and_never_without() {
    let good: Vec<Look> = (0..200)
        .map(|_| Look::new(Arm::new(300, 1), Arm::new(5700, 28)))
        .collect();
    let found = play("evidence-ramp", &Settings::default(), &good);
    let count = |ruling| found.iter().filter(|f| f.ruling == ruling).count();
    assert_eq!(count(Ruling::Advance), 3);
    let at = found.iter().position(|f| f.ruling == Ruling::Promote);
    let at = at.expect("promotes");
    assert!((7..60).contains(&at), "{at}");
    let quiet = vec![Look::new(Arm::new(3, 0), Arm::new(57, 0)); 240];
    let found = play("evidence-ramp", &Settings::default(), &quiet);
    assert!(found[..239].iter().all(|f| f.ruling == Ruling::Continue));
    assert_eq!(found[239].ruling, Ruling::Inconclusive);
    let found = play("evidence-ramp", &golden(), &worse(10));
    assert_eq!(found[0].ruling, Ruling::RollBack);
}

#[test]
fn slow_requests_are_evidence_like_errors() {
    let slow: Vec<Look> = (0..20)
        .map(|_| Look {
            slower: vec![(30, 570), (9, 57)],
            ..Look::new(Arm::new(300, 0), Arm::new(5700, 0))
        })
        .collect();
    let found = play("tail-guard", &Settings::default(), &slow);
    assert!(rulings(&found).contains(&Ruling::RollBack));
    let even: Vec<Look> = (0..20)
        .map(|_| Look {
            slower: vec![(30, 570), (3, 57)],
            ..Look::new(Arm::new(300, 0), Arm::new(5700, 0))
        })
        .collect();
    let found = play("tail-guard", &Settings::default(), &even);
    assert!(!rulings(&found).contains(&Ruling::RollBack));
    let none = play("tail-guard", &Settings::default(), &looks());
    assert_eq!(none[0].ruling, Ruling::Inconclusive);
}

#[test]
fn a_bayesian_forgets_the_stage_before() {
    let stage = |weight_bp, e| Look {
        weight_bp: Some(weight_bp),
        ..Look::new(Arm::new(300, e), Arm::new(5700, 57))
    };
    let settings = Settings {
        risk_budget: 0.0,
        mismatch_alpha: 1e-30,
        ..Settings::default()
    };
    // Sixteen errors for six convince in one stage; eight for three in each of two stages do not.
    let one = play("bayes-risk", &settings, &[stage(500, 8), stage(500, 8)]);
    assert_eq!(one[1].ruling, Ruling::RollBack);
    let two = play("bayes-risk", &settings, &[stage(500, 8), stage(510, 8)]);
    assert_eq!(two[1].ruling, Ruling::Continue);
    let good = play("bayes-risk", &Settings::default(), &[stage(500, 1)]);
    assert_eq!(good[0].ruling, Ruling::Promote);
}

#[test]
fn nothing_is_concluded_from_missing_or_misrouted_requests() {
    let silent = vec![Look::new(Arm::new(0, 0), Arm::new(5700, 30)); 4];
    for (name, _) in NAMES.iter().filter(|(name, _)| *name != "kayenta") {
        let found = play(name, &Settings::default(), &silent);
        assert_eq!(found[2].ruling, Ruling::Inconclusive, "{name}: {found:?}");
        assert!(found.iter().all(|f| !f.ruling.is_final()), "{name}");
    }
    let astray: Vec<Look> = worse(10)
        .into_iter()
        .map(|look| Look {
            weight_bp: Some(2000),
            ..look
        })
        .collect();
    let found = play("combo", &golden(), &astray);
    assert!(
        found.iter().all(|f| f.ruling == Ruling::Inconclusive),
        "{found:?}"
    );
}

#[test]
fn clumped_errors_are_weaker_evidence() {
    let mut policy = Policy::named("combo", &golden()).expect("is known");
    for look in worse(2) {
        assert_eq!(policy.look(&look, 12.0).ruling, Ruling::Continue);
    }
}

#[test]
fn the_judge_wants_more_than_one_point_and_rolls_no_equal_back() {
    // Where no interval can leave an end out, Kayenta takes the end: two points far above suffice.
    let found = play("kayenta", &golden(), &worse(10));
    assert_eq!(rulings(&found[..2]), [Ruling::Continue, Ruling::RollBack]);
    let same: Vec<Look> = (0..60)
        .map(|k| Look::new(Arm::new(300, 1 + k % 3), Arm::new(300, 1 + (k + 1) % 3)))
        .collect();
    let found = play("kayenta", &golden(), &same);
    assert!(found[..59].iter().all(|f| f.ruling == Ruling::Continue));
    assert_eq!(found[59].ruling, Ruling::Promote);
}

#[test]
fn the_grid_finds_what_is_an_eighth_worse() {
    assert!((least_detectable() - 1.12).abs() < 1e-3);
}

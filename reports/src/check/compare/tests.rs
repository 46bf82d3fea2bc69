use coalmine_policy::Span;
use coalmine_sim::stream::{Purpose, Seed, Stream, Streams};
use rand::RngExt;

use super::*;
use crate::fixture::{promoted, rolled_back};

const ALL: [&str; 5] = [
    "missed",
    "false-rollback",
    "stuck",
    "hurt-users",
    "duration",
];

/// Replications of which some are promoted and the others rolled back.
fn ends(n: u32, is_promoted: impl Fn(u32) -> bool) -> Ends {
    let one = |i| {
        if is_promoted(i) {
            promoted(i, 100)
        } else {
            rolled_back(i, 240)
        }
    };
    let outcomes: Vec<_> = (0..n).map(one).collect();
    Ends::of(&outcomes, Span::from_mins(60))
}

fn only<'a>(changes: &'a [Change], measure: &str) -> &'a Tested {
    let found = changes.iter().find(|change| change.measure == measure);
    &found
        .unwrap_or_else(|| panic!("{measure} is compared"))
        .tested
}

#[test]
fn the_rollouts_that_turned_are_named() {
    let before = ends(1000, |i| i < 3);
    let now = ends(1000, |i| (1..12).contains(&i));
    let changes = compare((0, 0), true, &ALL, (&before, &now));
    let names: Vec<_> = changes.iter().map(|change| change.measure).collect();
    assert_eq!(names, ["missed", "stuck", "hurt-users", "duration"]);
    let missed = only(&changes, "missed");
    assert_eq!(missed.turned, [3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert_eq!((missed.n, missed.mended), (1000, 1));
    assert!((missed.before, missed.now) == (0.003, 0.011));
    // Of ten that turned at most one for the better: 11 of 1,024.
    assert!((missed.p - 11.0 / 1024.0).abs() < 1e-12);
    assert!(!only(&changes, "stuck").differs());
}

#[test]
fn equal_rollouts_differ_in_nothing() {
    let one = ends(1000, |i| i % 3 == 0);
    for is_bad in [true, false] {
        for change in compare((0, 0), is_bad, &ALL, (&one, &one)) {
            assert!(!change.tested.differs(), "{change:?}");
            assert_eq!(change.tested.p, 1.0, "{change:?}");
        }
    }
}

#[test]
fn a_longer_study_is_compared_as_far_as_both_go() {
    let (short, long) = (ends(100, |_| false), ends(3000, |i| i % 2 == 0));
    let changes = compare((0, 0), true, &ALL, (&short, &long));
    let missed = only(&changes, "missed");
    assert_eq!((missed.n, missed.turned.len()), (100, 50));
    // Blocks of 128 do not fit into 100 replications.
    assert!(changes.iter().all(|change| change.measure != "duration"));
    let few = ends(1, |_| true);
    let changes = compare((0, 0), true, &ALL, (&few, &few));
    assert!(changes.iter().all(|change| change.measure != "duration"));
    assert!(compare((0, 0), true, &ALL, (&Ends::default(), &few)).is_empty());
}

#[test]
fn what_is_the_same_by_every_rollout_needs_no_luck() {
    let longer = |by: u64| {
        let one = |i| coalmine_sim::outcome::Outcome {
            decided_ns: Some(Span::from_secs(600 + by)),
            ..promoted(i, 0)
        };
        let outcomes: Vec<_> = (0..100).map(one).collect();
        Ends::of(&outcomes, Span::from_mins(60))
    };
    let p = |by| {
        only(
            &compare((0, 0), false, &ALL, (&longer(5), &longer(by))),
            "duration",
        )
        .p
    };
    assert_eq!((p(6), p(5), p(4)), (0.0, 1.0, 1.0));
    let changes = compare((0, 0), false, &ALL, (&longer(5), &longer(6)));
    // The first of equal blocks of four.
    assert_eq!(only(&changes, "duration").most, Some((0, 3)));
}

#[test]
fn holm_counts_only_what_differs() {
    let change = |p: f64, differs: bool| Change {
        policy: 0,
        scenario: 0,
        measure: "missed",
        tested: Tested {
            n: 100,
            before: 0.0,
            now: 0.0,
            low: None,
            high: None,
            p,
            runs_needed: None,
            turned: Vec::new(),
            mended: u64::from(differs),
            most: None,
        },
        p_family: p,
    };
    let mut changes = [
        change(0.04, true),
        change(1.0, false),
        change(0.01, true),
        change(0.03, true),
    ];
    holm(&mut changes);
    let family: Vec<_> = changes.iter().map(|change| change.p_family).collect();
    // 0.01 × 3, 0.03 × 2, and 0.04 × 1 does not fall below what goes before it.
    let expected = [0.06, 1.0, 0.03, 0.06];
    for (family, expected) in family.iter().zip(expected) {
        assert!((family - expected).abs() < 1e-12, "{family} {expected}");
    }
}

/// Outcomes of a policy whose luck is its own in each of some scenarios.
fn lucky(luck: &mut Stream, missed: f64) -> Ends {
    let outcomes: Vec<_> = (0..200)
        .map(|i| {
            let hurt = (-f64::ln(1.0 - luck.random::<f64>()) * 1000.0) as u64;
            if luck.random::<f64>() < missed {
                promoted(i, hurt)
            } else {
                coalmine_sim::outcome::Outcome {
                    hurt,
                    hurt_users: hurt,
                    ..rolled_back(i, 240)
                }
            }
        })
        .collect();
    Ends::of(&outcomes, Span::from_mins(60))
}

/// Of 1,000 policies that are no worse, in ten scenarios with two measures each, at most 5 % may be
/// blamed for anything: 50, and four standard deviations (28). McNemar's test is exact and so below
/// its level; half of the family is Student's.
#[test]
fn a_policy_that_is_no_worse_is_blamed_as_rarely_as_promised() {
    let mut luck = Streams::new(Seed(31), "check", 0).get(Purpose::Harm);
    let blamed = (0..1_000).filter(|_| {
        let mut changes = Vec::new();
        for scenario in 0..10 {
            let (before, now) = (lucky(&mut luck, 0.2), lucky(&mut luck, 0.2));
            let measures = ["missed", "hurt-users"];
            changes.extend(compare((0, scenario), true, &measures, (&before, &now)));
        }
        holm(&mut changes);
        changes.iter().any(|change| change.p_family < 0.05)
    });
    let blamed = blamed.count();
    assert!((10..=78).contains(&blamed), "{blamed}");
}

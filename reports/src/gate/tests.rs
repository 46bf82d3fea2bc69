use coalmine_policy::Span;
use coalmine_sim::draw::binomial;
use coalmine_sim::outcome::Outcome as Rollout;
use coalmine_sim::stream::{Purpose, Seed, Stream, Streams};
use rand::RngExt;
use statrs::distribution::{Binomial, Discrete};

use super::*;
use crate::fixture::{promoted, rolled_back, study, summary, thousand, typical};
use crate::mix::Mix;
use crate::summary::{Cell, Means};

fn parsed(text: &str) -> Requirement {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn told(text: &str) -> String {
    text.parse::<Requirement>().expect_err(text).to_string()
}

#[test]
fn requirements_read_as_they_are_written() {
    for (text, canonical) in [
        ("missed<1%", "missed<1%"),
        (" missed <= 0.01 ", "missed<1%"),
        ("false_rollback<0.5 %", "false-rollback<0.5%"),
        ("missed<0.3%", "missed<0.3%"),
        ("stuck<7%", "stuck<7%"),
        ("detect-p95<5m", "detect-p95<5m"),
        ("detect-p95<90s", "detect-p95<1m30s"),
        ("promote-median<1h", "promote-median<1h"),
        ("promote-median<1h20m", "promote-median<1h20m"),
        ("duration<1.5s", "duration<1.5s"),
        ("duration<20m", "duration<20m"),
        ("hurt-users<1,500", "hurt-users<1500"),
        ("mcc>0.8", "mcc>0.8"),
        ("mcc ≥ -0.5", "mcc>-0.5"),
        ("catch-rate>99.9%", "catch-rate>99.9%"),
        ("cost<12.5", "cost<12.5"),
    ] {
        let requirement = parsed(text);
        assert_eq!(requirement.to_string(), canonical, "{text}");
        assert_eq!(parsed(canonical), requirement, "{text}");
    }
}

#[test]
fn every_measure_can_be_required_by_its_name() {
    for name in Measure::names() {
        let measure: Measure = name.parse().expect(name);
        assert_eq!(measure.name(), name);
        let limit = match measure.unit() {
            Unit::Share => "1%",
            Unit::Time => "5m",
            Unit::Count | Unit::Money => "50",
            Unit::Correlation => "0.8",
        };
        let text = format!("{name}{}{limit}", measure.good().sign());
        assert_eq!(parsed(&text).to_string(), text);
    }
}

#[test]
fn mistakes_are_told_with_a_cure() {
    for (text, words) in [
        ("missed", "has no limit; write a measure, `<` or `>`"),
        ("", "has no limit"),
        ("<1%", "no measure is named; write a measure"),
        (
            "mised<1%",
            "no measure is named `mised`; did you mean `missed`?",
        ),
        ("detect<5m", "there is `detect-median`, `detect-p95`"),
        ("zzz<5m", "there are missed, missed-harmful"),
        ("missed=1%", "never equals a limit"),
        ("missed>1%", "would ask for a bad policy; write `missed<1%`"),
        ("mcc<0.8", "would ask for a bad policy; write `mcc>0.8`"),
        (
            "missed<0%",
            "a share above 0 and below 100 %; write for example `missed<1%`",
        ),
        ("missed<5m", "`5m` is no limit for `missed`"),
        ("missed<", "`missed<` has no limit"),
        ("missed<NaN", "`NaN` is no limit"),
        (
            "duration<20",
            "which is a time; write for example `duration<5m`",
        ),
        ("duration<0s", "which is a time"),
        ("hurt<-1", "a number above 0"),
        ("mcc>1", "between -1 and 1"),
    ] {
        assert!(told(text).contains(words), "{text}: {}", told(text));
    }
}

fn bad(missed: u32, n: u32) -> Cell {
    let one = |i| {
        if i < missed {
            promoted(i, 1)
        } else {
            rolled_back(i, 60 + u64::from(i))
        }
    };
    let outcomes: Vec<_> = (0..n).map(one).collect();
    Cell::new(0, 0, true, &outcomes)
}

#[test]
fn an_interval_within_beyond_and_across_the_limit() {
    let judge = |missed, n| {
        let judged = parsed("missed<1%").judge_cell(&bad(missed, n));
        judged.expect("is about bad releases")
    };
    assert_eq!(judge(0, 1000).outcome, Outcome::Met);
    assert_eq!(judge(30, 1000).outcome, Outcome::Breached);
    let open = judge(0, 100);
    assert_eq!(open.outcome, Outcome::Undecided);
    // 0.975^(1/n): 0.025 = 0.99^n at 367.04 rollouts.
    assert_eq!(open.runs_needed, Some(370));
    assert_eq!(judge(0, 368).outcome, Outcome::Met);
    assert_eq!(judge(0, 367).outcome, Outcome::Undecided);
    // On the limit itself nothing decides.
    let on_it = judge(10, 1000);
    assert_eq!(
        (on_it.outcome, on_it.runs_needed),
        (Outcome::Undecided, None)
    );
    assert!(
        on_it
            .cure()
            .is_some_and(|cure| cure.contains("move the limit"))
    );
    // What is good above its limit, the other way round.
    let caught = |missed| parsed("catch-rate>99%").judge_cell(&bad(missed, 1000));
    assert_eq!(caught(0).map(|j| j.outcome), Some(Outcome::Met));
    assert_eq!(caught(30).map(|j| j.outcome), Some(Outcome::Breached));
}

#[test]
fn measures_say_nothing_of_releases_that_they_are_not_about() {
    let cell = bad(3, 1000);
    for text in ["false-rollback<1%", "promote-p95<5m", "mcc>0.5", "cost<3"] {
        assert_eq!(parsed(text).judge_cell(&cell), None, "{text}");
    }
    let refused = Cell::new(0, 0, true, &[]);
    assert_eq!(parsed("missed<1%").judge_cell(&refused), None);
    // What it is about may never have happened.
    let blind = bad(50, 50);
    let judged = parsed("detect-p95<5m").judge_cell(&blind).expect("is bad");
    assert_eq!((judged.outcome, judged.reading), (Outcome::Undecided, None));
}

#[test]
fn quantiles_need_enough_observations_to_have_an_interval() {
    let p95 = |n| {
        let judged = parsed("detect-p95<1h").judge_cell(&bad(0, n));
        judged.expect("is about bad releases")
    };
    let few = p95(36);
    assert_eq!(few.outcome, Outcome::Undecided);
    assert_eq!(few.runs_needed, Some(72));
    assert_eq!(p95(74).outcome, Outcome::Met);
}

#[test]
fn over_a_mix_shares_are_weighed_and_the_worst_quantile_decides() {
    let summary = typical();
    let judge = |text: &str, policy| {
        let judged = parsed(text).judge_mix(&summary, policy, &Mix::default());
        judged.expect("can be told")
    };
    // 480 of 2,000 of equal weight: the very numbers of the pooled rollouts.
    let missed = judge("missed<20%", 0);
    let reading = missed.reading.expect("was observed");
    assert_eq!((missed.outcome, reading.n), (Outcome::Breached, 2000));
    let (low, high) = exact::interval(480.0, 2000.0);
    assert!((reading.value - 0.24).abs() < 1e-12);
    assert!((reading.low.expect("has") - low).abs() < 1e-9);
    assert!((reading.high.expect("has") - high).abs() < 1e-9);
    assert_eq!(judge("mcc>0.3", 0).outcome, Outcome::Met);
    assert_eq!(judge("mcc>0.3", 2).outcome, Outcome::Breached);
    // Blind: nothing was ever detected.
    assert_eq!(judge("detect-p95<1h", 2).reading, None);
    // Misses hurt 50,000; only steady/errors-2 has none, so the other one decides.
    let hurt = judge("hurt-p95<10000", 0);
    assert_eq!(hurt.outcome, Outcome::Breached);
    assert_eq!(hurt.reading.and_then(|r| r.scenario), Some(3));
    // A refused policy, and prices that nobody gave.
    let none = |text: &str, policy| parsed(text).judge_mix(&summary, policy, &Mix::default());
    assert_eq!(none("missed<1%", 1), None);
    assert_eq!(none("cost<1", 0), None);
    assert!(none("duration<1h", 0).is_some());
}

#[test]
fn harm_over_a_mix_is_that_of_bad_releases() {
    let study = study(&["p"], &[("a/healthy", false), ("a/errors", true)]);
    let (good, bad) = (thousand(false, 1000), vec![promoted(0, 100); 500]);
    let both = summary(&study, &[(0, 0, &good), (0, 1, &bad)]);
    let value = |summary, text: &str| {
        let judged = parsed(text).judge_mix(summary, 0, &Mix::default());
        judged.and_then(|judged| judged.reading).map(|r| r.value)
    };
    assert_eq!(value(&both, "hurt-users<1"), Some(100.0));
    let alone = summary(&study, &[(0, 0, &good)]);
    assert_eq!(value(&alone, "hurt-users<1"), Some(0.0));
    // Time is that of the mix: a tenth of the releases is bad, and all take a little over 16 minutes.
    let minutes = value(&both, "duration<1h").expect("was observed") / 60.0;
    assert!((16.0..17.0).contains(&minutes), "{minutes}");
}

/// The probability of each outcome when a share is `truth`, worked out over all counts.
fn chances(requirement: &Requirement, n: u64, truth: f64) -> [f64; 3] {
    let counts = Binomial::new(truth, n).expect("a share");
    let mut chances = [0.0; 3];
    for missed in 0..=n {
        let weight = counts.pmf(missed);
        // What is as rare as this changes nothing, and there are many.
        if weight > 1e-12 {
            let cell = Cell {
                missed: crate::interval::Rate::wilson(missed, n),
                n,
                ..bad(0, 1)
            };
            let judged = requirement.judge_cell(&cell).expect("is bad");
            chances[judged.outcome as usize] += weight;
        }
    }
    chances
}

/// A share that is exactly the limit, the worst case: each wrong word has a probability of at most
/// 2.5 %, whatever the limit and the runs. By Wilson's interval "breached" would have 9 % at a limit
/// of 0.05 % and 1,000 runs.
#[test]
fn a_policy_on_the_limit_is_called_wrong_as_rarely_as_promised() {
    for (n, limit) in [
        (100, 0.01),
        (1000, 0.0005),
        (1000, 0.01),
        (500, 0.3),
        (20_000, 0.02),
    ] {
        let requirement = Requirement {
            measure: Measure::Missed,
            bound: Bound::Below,
            limit,
        };
        let [met, _, breached] = chances(&requirement, n, limit);
        assert!(
            met <= 0.025 && breached <= 0.025,
            "{n} {limit}: {met} {breached}"
        );
        // And what is far from the limit is decided nearly always.
        let [.., breached] = chances(&requirement, n.max(1000), (limit * 3.0).min(1.0) + 0.01);
        assert!(breached > 0.9, "{n} {limit}: {breached}");
    }
}

/// The same where nothing is exact: the mean of skewed harm, and the correlation over a mix, each
/// exactly on its limit. Of 2,000 studies about 100 with a wrong word of either kind; four standard
/// deviations are 39. One kind may take nearly all of it, because neither is symmetrical.
#[test]
fn means_and_mixes_on_the_limit_are_called_wrong_about_as_rarely() {
    let mut luck = Streams::new(Seed(21), "gates", 0).get(Purpose::Harm);
    let mean = parsed("hurt<1000");
    let mcc = Requirement {
        measure: Measure::Mcc,
        bound: Bound::Above,
        // Four of five bad ones caught, one of twenty good ones held back, one of ten bad.
        limit: (0.08 * 0.855 - 0.02 * 0.045) / f64::sqrt(0.1 * 0.9 * 0.125 * 0.875),
    };
    let study = study(&["p"], &[("a/healthy", false), ("a/errors", true)]);
    let mut counts = [[0; 3]; 2];
    for _ in 0..2_000 {
        let hurt = |luck: &mut Stream| (-f64::ln(1.0 - luck.random::<f64>()) * 1000.0) as u64;
        let harmed: Vec<_> = (0..100).map(|i| promoted(i, hurt(&mut luck))).collect();
        let cell = Cell {
            means: Means::of(true, &harmed, Span::from_mins(60)),
            ..bad(1, 2)
        };
        let judged = mean.judge_cell(&cell).expect("has harm");
        counts[0][judged.outcome as usize] += 1;
        let good = u32::try_from(binomial(200, 0.95, &mut luck)).expect("is small");
        let caught = u32::try_from(binomial(200, 0.8, &mut luck)).expect("is small");
        let good: Vec<_> = (0..200).map(|i| one(i, i < good)).collect();
        let bad: Vec<_> = (0..200).map(|i| one(i, i >= caught)).collect();
        let both = summary(&study, &[(0, 0, &good), (0, 1, &bad)]);
        let judged = mcc.judge_mix(&both, 0, &Mix::default()).expect("has both");
        counts[1][judged.outcome as usize] += 1;
    }
    for [met, _, breached] in counts {
        assert!(
            met + breached <= 139 && met.max(breached) <= 110,
            "{counts:?}"
        );
    }
}

fn one(replication: u32, is_promoted: bool) -> Rollout {
    if is_promoted {
        promoted(replication, 0)
    } else {
        rolled_back(replication, 60)
    }
}

/// The runs that are said to be needed decide in about four of five studies.
#[test]
fn the_runs_needed_decide_four_times_in_five() {
    let requirement = parsed("missed<1%");
    for (missed, n, truth) in [(4, 800, 0.005), (6, 400, 0.015)] {
        let needed = requirement.judge_cell(&bad(missed, n)).expect("is bad");
        let needed = needed.runs_needed.expect("is undecided");
        let [_, open, _] = chances(&requirement, needed, truth);
        assert!((0.15..0.25).contains(&open), "{truth}: {needed} {open}");
    }
}

//! Faults that the clock switches, and what only looks like a fault.

use coalmine_sim::fault::{Episodes, Fault, Growth, Onset, Scope, Versions};

use super::*;

fn from(minutes: u64) -> Onset {
    Onset {
        from_s: Some(minutes as f64 * 60.0),
        ..Onset::default()
    }
}

#[test]
fn a_fault_that_begins_at_a_time_is_met_then_and_hurts_from_then_on() {
    let fault = Fault {
        error_share: 0.2,
        onset: from(15),
        ..Fault::default()
    };
    let scenario = scenario(20.0, Some(fault));
    let unwatched = run(&scenario, &baseline(None), 200);
    for outcome in &unwatched {
        let met_s = outcome.fault_met_ns.expect("met").as_secs_f64();
        // The first of 20 requests a second: later than a second with probability e^-20.
        assert!((900.0..901.0).contains(&met_s), "{met_s}");
    }
    // 45 minutes at 20 a second, all on the new version by then; the hurt are Poisson with a mean of
    // 10,789 and thus known to 7.3 in the mean of 200.
    let hurt = mean(&unwatched, |o| o.hurt);
    assert!((hurt - 54_000.0 * 0.1998).abs() < 30.0, "{hurt}");
    // Quiet at the look after ten minutes, loud at the next.
    for outcome in run(&scenario, &baseline(Some(ERROR_SHARE)), 50) {
        assert_eq!(outcome.verdict, Verdict::RolledBack);
        assert_eq!(outcome.decided_ns, Some(Span::from_mins(21)));
        let detect = outcome.detect_ns.expect("detected").as_secs_f64();
        assert!((359.0..=360.0).contains(&detect), "{detect}");
    }
}

#[test]
fn episodes_hurt_in_proportion_to_their_time() {
    let fault = Fault {
        error_share: 0.2,
        onset: from(15),
        episodes: Some(Episodes {
            gap_s: 60.0,
            length_s: 20.0,
        }),
        ..Fault::default()
    };
    let outcomes = run(&scenario(20.0, Some(fault)), &baseline(None), 400);
    let hurt = mean(&outcomes, |o| o.hurt);
    // On for 1/4 of 2,700 s, less 15/4 s for beginning with a gap. The time on varies by about 106 s
    // (variance 2 * 60^2 * 20^2 / 80^3 a second), so its mean of 400 by 6 s or 23 requests.
    let expected = (675.0 - 3.75) * 20.0 * 0.1998;
    assert!((hurt - expected).abs() < 95.0, "{hurt}, not {expected}");
    let met: Vec<_> = outcomes.iter().filter_map(|o| o.fault_met_ns).collect();
    let mean_s = met.iter().map(|met| met.as_secs_f64()).sum::<f64>() / met.len() as f64;
    assert!((mean_s - 960.0).abs() < 12.0, "{mean_s}");
}

#[test]
fn an_incident_outside_alarms_people_and_is_not_the_releases_fault() {
    let outside = Fault {
        error_share: 0.5,
        onset: Onset {
            until_s: Some(1_860.0),
            ..from(25)
        },
        scope: Scope {
            versions: Versions::Both,
            ..Scope::default()
        },
        ..Fault::default()
    };
    for outcome in run(
        &scenario(20.0, Some(outside)),
        &baseline(Some(ERROR_SHARE)),
        50,
    ) {
        assert_eq!(outcome.verdict, Verdict::RolledBack);
        assert_eq!(outcome.decided_ns, Some(Span::from_mins(31)));
        // Nobody but those whom pods refused that were leaving.
        let hurt = outcome.hurt - outcome.hurt_by_router;
        assert_eq!((hurt, outcome.fault_met_ns), (0, None));
        assert_eq!(outcome.detect_ns, None);
    }
}

/// A pod's counters that are not scraped for longer than five minutes are as good as absent.
#[test]
fn gaps_and_missed_scrapes_leave_holes_in_the_series() {
    let verdicts = |query: &str, gaps_s: Vec<(f64, f64)>, missed_share: f64| {
        let mut scenario = scenario(20.0, None);
        scenario.scrape.gaps_s = gaps_s;
        scenario.scrape.missed_share = missed_share;
        let outcomes = run(&scenario, &baseline(Some(query)), 40);
        let back = outcomes.iter().filter(|o| {
            o.verdict == Verdict::RolledBack && o.decided_ns < Some(Span::from_mins(12))
        });
        back.count()
    };
    let absent = "absent(nginx_ingress_controller_requests)";
    assert_eq!(verdicts(absent, Vec::new(), 0.0), 0);
    assert_eq!(verdicts(absent, vec![(240.0, 660.0)], 0.0), 40);
    assert_eq!(verdicts(absent, vec![(400.0, 660.0)], 0.0), 0);
    assert_eq!(verdicts(absent, Vec::new(), 1.0), 40);
    // Twenty scrapes of two replicas in five minutes, half of them lost: more than 30 would be five
    // standard deviations above 20.
    let samples = "sum(count_over_time(nginx_ingress_controller_requests{status='200'}[5m])) > 30";
    assert_eq!(verdicts(samples, Vec::new(), 0.0), 40);
    assert!(verdicts(samples, Vec::new(), 0.5) <= 1);
}

/// With growth over age and with growth over requests at a constant rate a leak is the same but for
/// the pods' unequal share while the update lasts.
#[test]
fn a_leak_hurts_as_much_as_the_area_under_its_line() {
    let hurt = |onset: Onset, growth: Growth| {
        let fault = Fault {
            error_share: 0.2,
            onset,
            growth: Some(growth),
            ..Fault::default()
        };
        let outcomes = run(&scenario(20.0, Some(fault)), &baseline(None), 200);
        let met = outcomes.iter().filter_map(|o| o.fault_met_ns).min();
        (mean(&outcomes, |o| o.hurt), met.expect("met").as_secs_f64())
    };
    let after_age = Onset {
        after_age: Some(Span::from_mins(10)),
        ..Onset::default()
    };
    let (by_age, met_s) = hurt(after_age, Growth::Age(Span::from_mins(20)));
    // Pods become ready within a minute or two; then ten minutes of quiet, twenty of growth (half
    // the area) and the rest of the hour in full: about 20 * 0.1998 * (600 + 1,800 - 60).
    let expected = 20.0 * 0.1998 * (600.0 + 1_740.0);
    assert!(
        (by_age / expected - 1.0).abs() < 0.02,
        "{by_age}, not {expected}"
    );
    assert!((600.0..720.0).contains(&met_s), "{met_s}");
    let after_requests = Onset {
        after_requests: Some(1_200),
        ..Onset::default()
    };
    // Two requests a second on each of ten pods.
    let (by_requests, _) = hurt(after_requests, Growth::Requests(2_400));
    assert!(
        (by_requests / by_age - 1.0).abs() < 0.03,
        "{by_requests}, not {by_age}"
    );
}

//! Whole replications: a policy in a world, against what arithmetic says must come out.

mod closed_forms;
mod crashes;
mod faults;
mod mixtures;
mod scopes;

use std::sync::Arc;

use coalmine_policy::baseline::{Baseline, Check, Looks};
use coalmine_policy::{Record, Span};
use coalmine_promql::{Plan, Query, Store, Value};
use coalmine_sim::ensemble::Ensemble;
use coalmine_sim::event::{Event, PolicyInfo, Study};
use coalmine_sim::fault::Fault;
use coalmine_sim::fidelity::Fidelity;
use coalmine_sim::outcome::{Outcome, Verdict};
use coalmine_sim::scenario::Scenario;
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::timeline::{Entry, What};
use coalmine_sim::traffic::Traffic;
use coalmine_sim::world::{Nobody, World};

fn scenario(rps: f64, fault: Option<Fault>) -> Scenario {
    Scenario {
        fault_name: fault.map(|_| "test".to_owned()),
        faults: fault.into_iter().collect(),
        ..Scenario::ordinary("steady/test", Span::from_mins(60), Traffic::constant(rps))
    }
}

fn baseline(query: Option<&str>) -> Arc<Baseline> {
    let looks = query.map(|query| Looks {
        interval_ns: Span::from_mins(10),
        count: 3,
        reaction_ns: Span::from_mins(1),
        checks: vec![Check {
            name: "errors".into(),
            query: query.into(),
            max: 0.05,
            file: "a.yaml".into(),
            line_column: (1, 1),
        }],
    });
    Arc::new(Baseline {
        name: "checkout-api".to_owned(),
        namespace: "production".to_owned(),
        looks,
    })
}

const ERROR_SHARE: &str = "sum(rate(nginx_ingress_controller_requests{status=~'5..'}[2m])) \
     / sum(rate(nginx_ingress_controller_requests[2m]))";

fn run(scenario: &Scenario, policy: &Arc<Baseline>, runs: u32) -> Vec<Outcome> {
    let stage = Stage::new(scenario, policy).expect("answerable");
    let mut world = World::new(&stage, Seed(42));
    (0..runs).map(|i| world.run(i, &mut Nobody)).collect()
}

/// Nobody who decides anything: these queries are asked after 10, 20 and 30 minutes, so that what
/// they read is there for a [`value`] then and at the end.
fn watching(queries: &[&str]) -> Arc<Baseline> {
    let check = |query: &&str| Check {
        name: "watched".into(),
        query: (*query).into(),
        max: f64::MAX,
        file: "a.yaml".into(),
        line_column: (1, 1),
    };
    let mut policy = Baseline::clone(&baseline(Some("")));
    if let Some(looks) = &mut policy.looks {
        looks.checks = queries.iter().map(check).collect();
    }
    if queries.is_empty() {
        policy.looks = None;
    }
    Arc::new(policy)
}

/// The sum of what an instant query gives at an instant of a recorded replication.
fn value(store: &Store, scenario: &Scenario, (query, at_s): (&str, f64)) -> f64 {
    let at_ms = scenario.start_ms() + (at_s * 1e3) as i64;
    let query = Query::parse(query).expect(query);
    match Plan::new(&query, store).instant(&query, store, at_ms) {
        Ok(Value::Vector(samples)) => samples.iter().map(|sample| sample.value).sum(),
        other => panic!("{other:?}"),
    }
}

fn errors(share: f64) -> Option<Fault> {
    Some(Fault {
        error_share: share,
        ..Fault::default()
    })
}

fn mean(outcomes: &[Outcome], of: impl Fn(&Outcome) -> u64) -> f64 {
    outcomes.iter().map(|o| of(o) as f64).sum::<f64>() / outcomes.len() as f64
}

#[test]
fn an_unwatched_update_exposes_everybody_and_hurts_the_faulty_share() {
    let scenario = scenario(20.0, errors(0.2));
    let outcomes = run(&scenario, &baseline(None), 200);
    assert!(outcomes.iter().all(|o| o.verdict == Verdict::Promoted));
    // 72,000 requests; the standard error of the mean of 200 is 19.
    assert!((mean(&outcomes, |o| o.requests) - 72_000.0).abs() < 80.0);
    let (exposed, hurt) = (mean(&outcomes, |o| o.exposed), mean(&outcomes, |o| o.hurt));
    // Pods start within a minute or two, so nearly the whole hour is on the new version.
    assert!(exposed > 69_500.0 && exposed < 71_900.0, "{exposed}");
    // Of the new version's requests 0.2 of the 0.999 that would have been answered fail.
    assert!(
        (hurt / exposed - 0.1998).abs() < 0.001,
        "{}",
        hurt / exposed
    );
}

#[test]
fn a_person_sees_loud_errors_at_the_first_look_and_rolls_back_a_minute_later() {
    let scenario = scenario(20.0, errors(0.2));
    let outcomes = run(&scenario, &baseline(Some(ERROR_SHARE)), 100);
    for outcome in &outcomes {
        assert_eq!(outcome.verdict, Verdict::RolledBack);
        assert_eq!(outcome.decided_ns, Some(Span::from_mins(11)));
        let mitigate = outcome.mitigate_ns.expect("mitigated").as_secs_f64();
        let detect = outcome.detect_ns.expect("detected").as_secs_f64();
        assert!(mitigate > detect && mitigate < detect + 240.0);
    }
    let quiet = run(
        &self::scenario(20.0, None),
        &baseline(Some(ERROR_SHARE)),
        100,
    );
    assert!(
        quiet
            .iter()
            .all(|o| o.verdict == Verdict::Promoted && o.hurt == o.hurt_by_router)
    );
}

#[test]
fn what_is_counted_does_not_change_how_many_are_exposed_or_hurt() {
    // Watching draws the same requests in other portions; the means must agree.
    let scenario = scenario(2.0, errors(0.1));
    let unwatched = run(&scenario, &baseline(None), 400);
    let watched = run(
        &scenario,
        &baseline(Some(
            "vector(0) * sum(rate(nginx_ingress_controller_requests[1h]))",
        )),
        400,
    );
    for of in [|o: &Outcome| o.exposed, |o: &Outcome| o.hurt] {
        let (a, b) = (mean(&unwatched, of), mean(&watched, of));
        // Hurt is about 700 per run: its mean has a standard error of 1.3 in each.
        assert!((a - b).abs() < 0.01 * a.max(600.0), "{a} against {b}");
    }
    // The first meeting: some 20 s after the first new pod, at 0.2 requests a second and pod.
    let met = |outcomes: &[Outcome]| mean(outcomes, |o| o.fault_met_ns.expect("met").nanos()) / 1e9;
    let (a, b) = (met(&unwatched), met(&watched));
    assert!(
        (a - b).abs() < 1.0 && a > 5.0 && a < 30.0,
        "{a} against {b}"
    );
    // Common random numbers: the same people arrive whatever the policy.
    let arrived = |outcomes: &[Outcome]| outcomes.iter().map(|o| o.requests).collect::<Vec<_>>();
    assert_eq!(arrived(&unwatched), arrived(&watched));
}

/// The values that one query gave in one replication.
fn measured(scenario: &Scenario, query: &str) -> Vec<f64> {
    let policy = baseline(Some(query));
    let stage = Stage::new(scenario, &policy).expect("answerable");
    let mut story: Vec<Entry> = Vec::new();
    World::new(&stage, Seed(1)).run(0, &mut story);
    story
        .iter()
        .filter_map(|entry| match &entry.what {
            What::Record(Record::Measured { value, .. }) => value.parse().ok(),
            _ => None,
        })
        .collect()
}

#[test]
fn queries_read_the_world_as_it_is() {
    let healthy = scenario(200.0, None);
    let close = |query: &str, expected: f64, tolerance: f64| {
        let values = measured(&healthy, query);
        assert!(!values.is_empty(), "{query}");
        for value in values {
            let error = (value - expected).abs();
            assert!(error < tolerance, "{query}: {value} for {expected}");
        }
    };
    // Poisson counts of 24,000 over two minutes: standard deviation 1.3 a second.
    close(
        "0 * sum(rate(nginx_ingress_controller_requests[2m]))",
        0.0,
        1e-9,
    );
    close(
        "sum(rate(nginx_ingress_controller_requests[2m])) / 10000",
        0.02,
        0.0007,
    );
    close("sum(rate(http_requests_total[2m])) / 10000", 0.02, 0.0007);
    // Mean of the log-normal: median times exp(sigma squared / 2).
    let sigma = (0.3_f64 / 0.08).ln() / 2.326_347_874;
    let mean = 0.08 * (sigma * sigma / 2.0).exp();
    close(
        "sum(rate(nginx_ingress_controller_response_duration_seconds_sum[2m])) \
         / sum(rate(nginx_ingress_controller_response_duration_seconds_count[2m])) - 0.06",
        mean - 0.06,
        0.001,
    );
    // The 99th percentile is at 0.3 s; between the bounds 0.25 and 0.5 it is interpolated.
    let values = measured(
        &healthy,
        "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[2m]))) / 10",
    );
    assert!(values.iter().all(|v| *v > 0.025 && *v < 0.05), "{values:?}");
}

#[test]
fn a_selector_without_series_is_an_error_that_names_the_nearest() {
    let scenario = scenario(20.0, None);
    let problem = |query: &str| {
        let policy = baseline(Some(query));
        let errors = Stage::new(&scenario, &policy).expect_err(query);
        (
            errors[0].message.clone(),
            errors[0].help.clone(),
            errors[0].part.clone(),
        )
    };
    let (message, help, _) = problem("sum(rate(http_requests_total{app=\"checkout\"}[2m]))");
    assert!(
        message.contains("http_requests_total{app=\"checkout\"}"),
        "{message}"
    );
    assert!(help.contains("have app \"checkout-api\""), "{help}");
    let (_, help, _) = problem("sum(rate(http_request_total[2m]))");
    assert!(help.contains("`http_requests_total`"), "{help}");
    let (message, _, part) = problem("sum(rate(http_requests_total[2m]) / ");
    assert!(message.contains("does not parse"), "{message}");
    assert!(!part.is_empty());
}

#[test]
fn one_thread_and_two_give_the_same_bytes() {
    let scenario = scenario(5.0, errors(0.05));
    let policy = baseline(Some(ERROR_SHARE));
    let cells = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let ensemble = Ensemble {
            is_enough: |_, _, _| true,
            study: Study {
                precision: None,
                seed: 7,
                runs: 600,
                fidelity: Fidelity::Aggregate,
                policies: vec![PolicyInfo {
                    label: "person".to_owned(),
                    kind: "baseline".to_owned(),
                    file: "a.yaml".to_owned(),
                    invalid: None,
                }],
                scenarios: vec![scenario.info()],
            },
            stages: vec![Some(Stage::new(&scenario, &policy).expect("answerable"))],
        };
        let mut cells = Vec::new();
        let collect = |event| {
            if let Event::Cell { outcomes, .. } = event {
                cells.push(outcomes);
            }
            true
        };
        pool.build()
            .expect("a pool")
            .install(|| ensemble.run(collect));
        cells
    };
    let one = cells(1);
    assert_eq!(one[0].len(), 600);
    assert_eq!(one, cells(2));
    assert!(one[0].iter().any(|o| o.verdict == Verdict::RolledBack));
    assert!(one[0].iter().any(|o| o.verdict == Verdict::Promoted));
}

//! The two fidelities agree in distribution.
//!
//! Twelve small worlds are played in both, with the same pods and arrivals per replication and
//! other random numbers for what requests meet. Every comparison is made at a significance of
//! 1e-4, so that all of them together are wrong about once in a hundred choices of the (fixed)
//! seeds, and a true difference of four standard errors is seen.

use std::sync::Arc;

use coalmine_policy::Span;
use coalmine_policy::baseline::{Baseline, Check, Looks};
use coalmine_promql::{Plan, Query, Store, Value};
use coalmine_sim::fault::{Fault, Onset};
use coalmine_sim::fidelity::Fidelity;
use coalmine_sim::outcome::{Outcome, Verdict};
use coalmine_sim::scenario::Scenario;
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::traffic::{Term, Traffic};
use coalmine_sim::world::{Nobody, World};

const RUNS: u32 = 12;
const VERDICT_RUNS: u32 = 50;
/// The normal score exceeded by 1e-4 on both sides together.
const Z: f64 = 3.891;
/// The 1 - 1e-4 quantile of chi-square with four degrees of freedom.
const CHI_SQUARE_4: f64 = 23.513;
/// Bounds between which latencies are compared.
const BOUNDS: [&str; 4] = ["0.05", "0.1", "0.25", "0.5"];

fn scenario(name: &str, traffic: Traffic, fault: Option<Fault>) -> Scenario {
    Scenario {
        fault_name: fault.map(|_| "test".to_owned()),
        faults: fault.into_iter().collect(),
        ..Scenario::ordinary(name, Span::from_mins(20), traffic)
    }
}

fn worlds() -> Vec<Scenario> {
    let steady = || Traffic::constant(5.0);
    let errors = |error_share| Fault {
        error_share,
        ..Fault::default()
    };
    let slow = |p99_times| Fault {
        p99_times,
        ..Fault::default()
    };
    let burst = || Traffic {
        terms: vec![
            Term::Constant { rps: 2.0 },
            Term::Burst {
                at_s: 307.0,
                rise_s: 3.0,
                hold_s: 0.0,
                rps: 30.0,
                decay_s: 120.0,
            },
        ],
    };
    let bell = || Traffic {
        terms: vec![Term::Bell {
            at_s: 600.0,
            width_s: 200.0,
            rps: 15.0,
        }],
    };
    let ramp = || Traffic {
        terms: vec![Term::Table {
            points: vec![(0.0, 0.0), (900.0, 10.0), (1_000.0, 1.0)],
        }],
    };
    let overload = |traffic| {
        let fault = Fault {
            error_share: 0.3,
            onset: Onset {
                above_rps_per_pod: Some(0.8),
                ..Onset::default()
            },
            ..Fault::default()
        };
        scenario("overload", traffic, Some(fault))
    };
    vec![
        scenario("steady/healthy", steady(), None),
        scenario("sparse/healthy", Traffic::constant(0.3), None),
        scenario("steady/errors-2", steady(), Some(errors(0.02))),
        scenario("steady/errors-4", steady(), Some(errors(0.045))),
        scenario(
            "sparse/errors-2",
            Traffic::constant(0.3),
            Some(errors(0.02)),
        ),
        scenario("steady/slow-4", steady(), Some(slow(4.0))),
        scenario("burst/healthy", burst(), None),
        scenario("burst/errors-4", burst(), Some(errors(0.045))),
        scenario("bell/slow-4", bell(), Some(slow(4.0))),
        scenario("ramp/errors-4", ramp(), Some(errors(0.045))),
        overload(burst()),
        overload(steady()),
    ]
}

fn policy(looks: bool) -> Arc<Baseline> {
    let query = "sum(rate(nginx_ingress_controller_requests{status=~'5..'}[2m])) \
         / sum(rate(nginx_ingress_controller_requests[2m]))";
    let looks = looks.then(|| Looks {
        interval_ns: Span::from_mins(3),
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

/// What an instant query gives; nothing counts as 0.
fn value(store: &Store, query: &str, at_ms: i64) -> f64 {
    let query = Query::parse(query).expect(query);
    match Plan::new(&query, store).instant(&query, store, at_ms) {
        Ok(Value::Vector(samples)) => samples.iter().map(|sample| sample.value).sum(),
        other => panic!("{other:?}"),
    }
}

/// Sums over replications in which nobody decides anything.
#[derive(Debug, Default)]
struct Sums {
    requests: Vec<u64>,
    exposed: f64,
    hurt: f64,
    /// Scraped: failed, all.
    failed: [f64; 2],
    /// Scraped latencies between [`BOUNDS`].
    latencies: [f64; 5],
}

fn sums(scenario: &Scenario, fidelity: Fidelity) -> Sums {
    let policy = policy(false);
    let stage = Stage::with_all_series(scenario, &policy).expect("answerable");
    let stage = stage.with_fidelity(fidelity);
    let mut world = World::new(&stage, Seed(20_261_124));
    let mut sums = Sums::default();
    let start_ms = scenario.start_ms();
    let end_ms = start_ms + (scenario.horizon.as_secs_f64() * 1e3) as i64;
    for replication in 0..RUNS {
        let (outcome, store) = world.record(replication, &mut Nobody);
        sums.requests.push(outcome.requests);
        sums.exposed += outcome.exposed as f64;
        sums.hurt += outcome.hurt as f64;
        let during = |query: &str| value(store, query, end_ms) - value(store, query, start_ms);
        for (sum, status) in sums.failed.iter_mut().zip(["5..", "..."]) {
            *sum += during(&format!(
                "sum(nginx_ingress_controller_requests{{status=~'{status}'}})"
            ));
        }
        let mut below = 0.0;
        for (index, le) in BOUNDS.iter().chain(&["+Inf"]).enumerate() {
            let up_to = during(&format!(
                "sum(nginx_ingress_controller_response_duration_seconds_bucket{{le='{le}'}})"
            ));
            sums.latencies[index] += up_to - below;
            below = up_to;
        }
    }
    sums
}

/// Counts that are Poisson or narrower given the same pods and arrivals.
fn assert_counts_agree(what: &str, a: f64, b: f64) {
    let score = (a - b) / (a + b).max(1.0).sqrt();
    assert!(score.abs() < Z, "{what}: {a} against {b}, z = {score}");
}

#[test]
fn counts_errors_and_latencies_have_the_same_distribution() {
    for scenario in worlds() {
        let aggregate = sums(&scenario, Fidelity::Aggregate);
        let request = sums(&scenario, Fidelity::Request);
        let what = |measure: &str| format!("{}, {measure}", scenario.name);
        // Common random numbers: the very same arrivals.
        assert_eq!(aggregate.requests, request.requests, "{}", scenario.name);
        assert_counts_agree(&what("exposed"), aggregate.exposed, request.exposed);
        assert_counts_agree(&what("hurt"), aggregate.hurt, request.hurt);
        assert_counts_agree(&what("scraped"), aggregate.failed[1], request.failed[1]);
        assert_counts_agree(&what("failed"), aggregate.failed[0], request.failed[0]);
        assert!(request.failed[1] > 1_000.0 && request.exposed > 1_000.0);
        let statistic = homogeneity(&aggregate.latencies, &request.latencies);
        assert!(
            statistic < CHI_SQUARE_4,
            "{}: {:?} against {:?}, chi-square {statistic}",
            scenario.name,
            aggregate.latencies,
            request.latencies
        );
    }
}

/// Pearson's statistic of two rows of counts; its degrees of freedom are one less than columns.
fn homogeneity(a: &[f64; 5], b: &[f64; 5]) -> f64 {
    let (all_a, all_b) = (a.iter().sum::<f64>(), b.iter().sum::<f64>());
    let cell = |seen: f64, expected: f64| (seen - expected).powi(2) / expected.max(1e-9);
    a.iter()
        .zip(b)
        .map(|(x, y)| {
            let share = (x + y) / (all_a + all_b);
            cell(*x, share * all_a) + cell(*y, share * all_b)
        })
        .sum()
}

#[test]
fn verdicts_have_the_same_rates() {
    let mut between = 0;
    for scenario in worlds() {
        let rate = |fidelity| {
            let policy = policy(true);
            let stage = Stage::new(&scenario, &policy).expect("answerable");
            let stage = stage.with_fidelity(fidelity);
            let mut world = World::new(&stage, Seed(7));
            let is_back = |outcome: &Outcome| outcome.verdict == Verdict::RolledBack;
            let runs = (0..VERDICT_RUNS).map(|i| world.run(i, &mut Nobody));
            runs.filter(is_back).count() as f64 / f64::from(VERDICT_RUNS)
        };
        let (a, b) = (rate(Fidelity::Aggregate), rate(Fidelity::Request));
        let pooled = f64::midpoint(a, b);
        let error = (pooled * (1.0 - pooled) * 2.0 / f64::from(VERDICT_RUNS)).sqrt();
        assert!(
            (a - b).abs() <= Z * error,
            "{}: rolled back {a} against {b}",
            scenario.name
        );
        between += u32::from(pooled > 0.1 && pooled < 0.9);
    }
    // Rates of nought and one agree too easily.
    assert!(
        between >= 3,
        "only {between} worlds where the verdict is open"
    );
}

#[test]
fn request_fidelity_repeats_itself() {
    let scenario = scenario("again", Traffic::constant(3.0), None);
    let policy = policy(true);
    let stage = Stage::new(&scenario, &policy).expect("answerable");
    let stage = stage.with_fidelity(Fidelity::Request);
    let alone = World::new(&stage, Seed(1)).run(5, &mut Nobody);
    let mut world = World::new(&stage, Seed(1));
    let after_others: Vec<_> = (0..6).map(|i| world.run(i, &mut Nobody)).collect();
    assert_eq!(alone, after_others[5]);
    assert_ne!(after_others[4].requests, after_others[5].requests);
}

//! The two fidelities agree in distribution.
//!
//! Small worlds are played in both, with the same pods and arrivals per replication and
//! other random numbers for what requests meet. Every comparison is made at a significance of
//! 1e-4, so that all of them together are wrong about once in a hundred choices of the (fixed)
//! seeds, and a true difference of four standard errors is seen.

#[path = "../common/rollout.rs"]
mod common;
mod policies;
mod worlds;

use coalmine_promql::{Plan, Query, Store, Value};
use coalmine_sim::fidelity::Fidelity;
use coalmine_sim::outcome::{Outcome, Verdict};
use coalmine_sim::scenario::Scenario;
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::subject::Subject;
use coalmine_sim::world::{Nobody, World};
use worlds::Case;

const RUNS: u32 = 7;
const VERDICT_RUNS: u32 = 20;
/// The normal score exceeded by 1e-4 on both sides together.
const Z: f64 = 3.891;
/// The 1 - 1e-4 quantile of chi-square with four degrees of freedom.
const CHI_SQUARE_4: f64 = 23.513;
/// Bounds between which latencies are compared.
const BOUNDS: [&str; 4] = ["0.05", "0.1", "0.25", "0.5"];

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
    /// Users: exposed, hurt.
    users: [f64; 2],
    /// Orders lost.
    lost: f64,
    /// Scraped: failed, all.
    failed: [f64; 2],
    /// Scraped latencies between [`BOUNDS`].
    latencies: [f64; 5],
}

/// Calls `each` with the number and the world of every replication.
fn each_run(case: &Case, looks: bool, fidelity: Fidelity, each: impl FnOnce(World<'_>)) {
    let (rolling, canary) = (
        policies::rolling(looks),
        policies::canary(looks, case.kept, !case.by_replicas),
    );
    let policy: &dyn Subject = if case.canary { &canary } else { &rolling };
    let stage = if looks {
        Stage::new(&case.scenario, policy)
    } else {
        Stage::with_all_series(&case.scenario, policy)
    };
    let stage = stage.expect("answerable").with_fidelity(fidelity);
    each(World::new(&stage, Seed(20_261_124)));
}

fn sums(case: &Case, fidelity: Fidelity) -> Sums {
    let mut sums = Sums::default();
    each_run(case, false, fidelity, |mut world| {
        for replication in 0..RUNS {
            let (outcome, store) = world.record(replication, &mut Nobody);
            sums.add(&outcome, store, &case.scenario);
        }
    });
    sums
}

impl Sums {
    fn add(&mut self, outcome: &Outcome, store: &Store, scenario: &Scenario) {
        let start_ms = scenario.start_ms();
        let end_ms = start_ms + (scenario.horizon.as_secs_f64() * 1e3) as i64;
        self.requests.push(outcome.requests);
        self.exposed += outcome.exposed as f64;
        self.hurt += outcome.hurt as f64;
        self.users[0] += outcome.exposed_users as f64;
        self.users[1] += outcome.hurt_users as f64;
        self.lost += outcome.lost.iter().sum::<u64>() as f64;
        let during = |query: &str| value(store, query, end_ms) - value(store, query, start_ms);
        for (sum, status) in self.failed.iter_mut().zip(["5..", "..."]) {
            *sum += during(&format!(
                "sum(nginx_ingress_controller_requests{{status=~'{status}'}})"
            ));
        }
        let mut below = 0.0;
        for (index, le) in BOUNDS.iter().chain(&["+Inf"]).enumerate() {
            let up_to = during(&format!(
                "sum(nginx_ingress_controller_response_duration_seconds_bucket{{le='{le}'}})"
            ));
            self.latencies[index] += up_to - below;
            below = up_to;
        }
    }
}

/// Counts with a variance of at most `spread` times Poisson's, given the same pods and arrivals.
fn assert_counts_agree(what: &str, spread: f64, (a, b): (f64, f64)) {
    let score = (a - b) / (spread * (a + b).max(1.0)).sqrt();
    assert!(score.abs() < Z, "{what}: {a} against {b}, z = {score}");
}

#[test]
fn counts_errors_and_latencies_have_the_same_distribution() {
    for case in worlds::all() {
        let a = sums(&case, Fidelity::Aggregate);
        let b = sums(&case, Fidelity::Request);
        let name = &case.scenario.name;
        // Common random numbers: the very same arrivals.
        assert_eq!(a.requests, b.requests, "{name}");
        for (measure, counts) in [
            ("exposed", (a.exposed, b.exposed)),
            ("hurt", (a.hurt, b.hurt)),
            ("exposed users", (a.users[0], b.users[0])),
            ("hurt users", (a.users[1], b.users[1])),
            ("lost orders", (a.lost, b.lost)),
            ("scraped", (a.failed[1], b.failed[1])),
            ("failed", (a.failed[0], b.failed[0])),
        ] {
            assert_counts_agree(&format!("{name}, {measure}"), case.spread, counts);
        }
        assert!(b.failed[1] > 1_000.0 && b.exposed > 1_000.0, "{name}");
        let statistic = homogeneity(&a.latencies, &b.latencies);
        assert!(
            statistic < CHI_SQUARE_4,
            "{name}: {:?} against {:?}, chi-square {statistic}",
            a.latencies,
            b.latencies
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

/// And connections that nobody keeps, where old pods stay for long.
#[test]
fn connections_that_are_not_kept_would_be_found() {
    let is_kept = |case: &&worlds::Case| case.is_kept() && case.by_replicas;
    let mut found = 0;
    for case in worlds::all().iter().filter(is_kept) {
        let loose = case.with_loose_connections();
        let kept = sums(case, Fidelity::Request);
        let loose = sums(&loose, Fidelity::Aggregate);
        let apart = loose.exposed - kept.exposed;
        let error = (case.spread * (kept.exposed + loose.exposed)).sqrt();
        let name = &case.scenario.name;
        assert!(apart / error > 8.0, "{name}: {}", apart / error);
        found += 1;
    }
    assert!(found >= 3, "{found}");
}

/// The comparison would find sessions that do not stick, by eight standard errors.
#[test]
fn sessions_that_do_not_stick_would_be_found() {
    let is_sticky = |case: &&worlds::Case| case.is_sticky();
    let mut found = 0;
    for case in worlds::all().iter().filter(is_sticky) {
        let loose = case.with_loose_sessions();
        let sticky = sums(case, Fidelity::Request);
        let loose = sums(&loose, Fidelity::Aggregate);
        let apart = sticky.exposed - loose.exposed;
        let error = (case.spread * (sticky.exposed + loose.exposed)).sqrt();
        let name = &case.scenario.name;
        assert!((apart / error).abs() > 8.0, "{name}: {}", apart / error);
        found += 1;
    }
    assert!(found >= 5, "{found}");
}

#[test]
fn verdicts_have_the_same_rates() {
    // Rates of nought and one agree too easily.
    for case in worlds::all().iter().filter(|case| case.is_open) {
        let rate = |fidelity| {
            let mut back = 0;
            each_run(case, true, fidelity, |mut world| {
                let verdicts = (0..VERDICT_RUNS).map(|i| world.run(i, &mut Nobody).verdict);
                back = verdicts.filter(|v| *v == Verdict::RolledBack).count();
            });
            back as f64 / f64::from(VERDICT_RUNS)
        };
        let (a, b) = (rate(Fidelity::Aggregate), rate(Fidelity::Request));
        let pooled = f64::midpoint(a, b);
        let error = (pooled * (1.0 - pooled) * 2.0 / f64::from(VERDICT_RUNS)).sqrt();
        let name = &case.scenario.name;
        assert!(
            (a - b).abs() <= Z * error,
            "{name}: rolled back {a} against {b}"
        );
        assert!(
            (0.1..=0.9).contains(&pooled),
            "{name}: rolled back {pooled}"
        );
    }
}

#[test]
fn request_fidelity_repeats_itself() {
    for case in worlds::all() {
        if !["steady/errors-4", "burst/sticky-repeats"].contains(&&*case.scenario.name) {
            continue;
        }
        each_run(&case, true, Fidelity::Request, |mut alone| {
            let alone = alone.run(5, &mut Nobody);
            each_run(&case, true, Fidelity::Request, |mut world| {
                let runs: Vec<_> = (0..6).map(|i| world.run(i, &mut Nobody)).collect();
                assert_eq!(alone, runs[5]);
                assert_ne!(runs[4].requests, runs[5].requests);
            });
        });
    }
}

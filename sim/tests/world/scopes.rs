//! Routes, bad pods, users and shared dependencies: what each observer sees of them, and who is hurt.

use coalmine_sim::fault::{Onset, Scope, Versions};
use coalmine_sim::scenario::{Business, Route, Users};

use super::*;

const RUNS: u32 = 8;

fn routes() -> Vec<Route> {
    let route = |path: &str, share, latency_times| Route {
        path: path.to_owned(),
        share,
        latency_times,
        method: Default::default(),
    };
    vec![route("/", 0.8, 1.0), route("/checkout", 0.2, 2.0)]
}

fn orders() -> Vec<Business> {
    vec![Business {
        name: "orders".to_owned(),
        route: Some(1),
        completion: 0.85,
        counter: "orders_total".to_owned(),
    }]
}

fn scoped(error_share: f64, scope: Scope) -> Fault {
    Fault {
        error_share,
        scope,
        ..Fault::default()
    }
}

fn of_checkout() -> Scope {
    Scope {
        route: Some(1),
        ..Scope::default()
    }
}

/// Sums over replications that nobody watches: what queries count over the last half hour, when every
/// pod is new, and exposed, hurt and lost over all of them.
struct Sums {
    counted: Vec<f64>,
    exposed: f64,
    hurt: f64,
    lost: f64,
}

fn sums(scenario: &Scenario, fidelity: Fidelity, queries: &[&str]) -> Sums {
    let policy = watching(queries);
    let stage = Stage::new(scenario, &policy).expect("answerable");
    let stage = stage.with_fidelity(fidelity);
    let mut world = World::new(&stage, Seed(42));
    let mut sums = Sums {
        counted: vec![0.0; queries.len()],
        exposed: 0.0,
        hurt: 0.0,
        lost: 0.0,
    };
    for replication in 0..RUNS {
        let (outcome, store) = world.record(replication, &mut Nobody);
        sums.exposed += outcome.exposed as f64;
        sums.hurt += outcome.hurt as f64;
        sums.lost += outcome.lost.iter().sum::<u64>() as f64;
        for (sum, query) in sums.counted.iter_mut().zip(queries) {
            let at = |at_s| value(store, scenario, (query, at_s));
            *sum += at(3590.0) - at(1800.0);
        }
    }
    sums
}

/// A share of `n` requests, as far as chance lets one know it: five standard errors.
fn assert_share(what: &str, part: f64, all: f64, share: f64) {
    let error = 5.0 * (share * (1.0 - share) / all).sqrt();
    let seen = part / all;
    assert!(
        (seen - share).abs() < error,
        "{what}: {seen}, not {share} within {error}"
    );
}

#[test]
fn a_broken_route_shows_under_its_path_only_and_everywhere_in_sum() {
    for fidelity in [Fidelity::Aggregate, Fidelity::Request] {
        let scenario = Scenario {
            routes: routes(),
            ..scenario(2.0, Some(scoped(0.5, of_checkout())))
        };
        let sums = sums(
            &scenario,
            fidelity,
            &[
                "sum(http_requests_total)",
                "sum(http_requests_total{path='/checkout'})",
                "sum(http_requests_total{path='/checkout',status='500'})",
                "sum(http_requests_total{handler='/',status='500'})",
                "sum(nginx_ingress_controller_requests{path='/checkout',status='500'})",
                "sum(nginx_ingress_controller_requests{status='500'})",
                "sum(nginx_ingress_controller_requests)",
                "sum(http_request_duration_seconds_bucket{path='/checkout',le='0.1'})",
                "sum(http_request_duration_seconds_bucket{path='/',le='0.1'})",
            ],
        );
        let [
            all,
            checkout,
            failed,
            others_failed,
            nginx,
            nginx_failed,
            nginx_all,
            slow,
            fast,
        ] = sums.counted[..]
        else {
            panic!("nine queries")
        };
        assert!(all > 20_000.0, "{all}");
        assert_share("checkout", checkout, all, 0.2);
        assert_share("failed", failed, checkout, 1.0 - 0.999 * 0.5);
        assert_share("others", others_failed, all - checkout, 0.001);
        assert_share(
            "at the ingress",
            nginx,
            nginx_all,
            0.2 * (1.0 - 0.999 * 0.5),
        );
        let failing = 0.8 * 0.001 + 0.2 * (1.0 - 0.999 * 0.5);
        assert_share("in sum", nginx_failed, nginx_all, failing);
        assert_share("hurt", sums.hurt, sums.exposed, 0.2 * 0.999 * 0.5);
        // A route that takes twice as long has half as fast answers.
        let usual = scenario.service.latency;
        assert_share("slow", slow, checkout, 1.0 - usual.slower_than(0.05));
        assert_share("fast", fast, all - checkout, 1.0 - usual.slower_than(0.1));
    }
}

#[test]
fn queries_group_by_path_and_those_without_a_path_see_all() {
    let scenario = Scenario {
        routes: routes(),
        ..scenario(20.0, Some(scoped(1.0, of_checkout())))
    };
    let worst = "max(sum by (path) (rate(http_requests_total{status='500'}[2m])) \
         / sum by (path) (rate(http_requests_total[2m]))) / 100";
    for share in measured(&scenario, worst) {
        assert!((share - 0.01).abs() < 1e-9, "{share}");
    }
    let all = "sum(rate(http_requests_total{status='500'}[2m])) \
         / sum(rate(http_requests_total[2m])) / 10";
    // 2,400 requests in two minutes: the share of 0.2008 is known to 0.0082.
    let shares = measured(&scenario, all);
    assert!(!shares.is_empty());
    for share in shares {
        assert!((share - 0.02008).abs() < 0.004, "{share}");
    }
}

#[test]
fn a_counter_of_orders_falls_while_every_answer_is_a_200() {
    for fidelity in [Fidelity::Aggregate, Fidelity::Request] {
        let scenario = Scenario {
            routes: routes(),
            business: orders(),
            ..scenario(
                2.0,
                Some(Fault {
                    completion_loss: 0.1,
                    ..Fault::default()
                }),
            )
        };
        let queries = [
            "sum(http_requests_total{path='/checkout',status='200'})",
            "sum(orders_total)",
            "sum(http_requests_total{status='500'})",
            "sum(http_requests_total)",
        ];
        let sums = sums(&scenario, fidelity, &queries);
        let [answered, orders, failed, all] = sums.counted[..] else {
            panic!("four queries")
        };
        // Ten percent of 85 %, not of all.
        assert_share("orders", orders, answered, 0.85 * 0.9);
        assert_share("failed", failed, all, 0.001);
        assert_share("lost", sums.lost, sums.exposed, 0.2 * 0.999 * 0.85 * 0.1);
        assert!(
            (sums.hurt - sums.lost).abs() < 1e-9,
            "whose order is lost is hurt"
        );
    }
}

#[test]
fn failures_lose_the_orders_that_the_old_version_would_have_had() {
    for fidelity in [Fidelity::Aggregate, Fidelity::Request] {
        let scenario = Scenario {
            routes: routes(),
            business: orders(),
            ..scenario(2.0, Some(scoped(0.3, of_checkout())))
        };
        let sums = sums(&scenario, fidelity, &[]);
        assert_share("lost", sums.lost, sums.exposed, 0.2 * 0.999 * 0.3 * 0.85);
        assert_share("hurt", sums.hurt, sums.exposed, 0.2 * 0.999 * 0.3);
    }
}

#[test]
fn a_bad_pod_is_one_pod() {
    for fidelity in [Fidelity::Aggregate, Fidelity::Request] {
        let bad = Scope {
            pods: Some(2),
            ..Scope::default()
        };
        let scenario = scenario(2.0, Some(scoped(0.5, bad)));
        let queries = [
            "count(sum by (pod) (http_requests_total{status='500'}) > 60)",
            "sum(nginx_ingress_controller_requests)",
            "sum(nginx_ingress_controller_requests{status='500'})",
        ];
        let sums = sums(&scenario, fidelity, &queries);
        let [_, all, failed] = sums.counted[..] else {
            panic!("three queries")
        };
        assert_share("failed", failed, all, 0.001 + 0.2 * 0.999 * 0.5);
        let policy = watching(&queries);
        let stage = Stage::new(&scenario, &policy).expect("answerable");
        let stage = stage.with_fidelity(fidelity);
        let mut world = World::new(&stage, Seed(42));
        for replication in 0..5 {
            let (_, store) = world.record(replication, &mut Nobody);
            assert_eq!(value(store, &scenario, (queries[0], 3590.0)), 2.0);
        }
    }
}

#[test]
fn users_who_match_are_the_share_of_users_where_nothing_routes_them() {
    for fidelity in [Fidelity::Aggregate, Fidelity::Request] {
        let matching = Scope {
            matching_users: true,
            ..Scope::default()
        };
        let scenario = Scenario {
            users: Users { matching: 0.25 },
            ..scenario(2.0, Some(scoped(0.5, matching)))
        };
        let sums = sums(&scenario, fidelity, &[]);
        assert_share("hurt", sums.hurt, sums.exposed, 0.25 * 0.999 * 0.5);
    }
}

#[test]
fn a_worn_out_dependency_hurts_whoever_serves() {
    for fidelity in [Fidelity::Aggregate, Fidelity::Request] {
        let shared = Scope {
            versions: Versions::Both,
            with_new_share: true,
            ..Scope::default()
        };
        let scenario = scenario(2.0, Some(scoped(0.4, shared)));
        let policy = baseline(None);
        let stage = Stage::new(&scenario, &policy).expect("answerable");
        let stage = stage.with_fidelity(fidelity);
        let mut world = World::new(&stage, Seed(42));
        let (mut hurt, mut expected) = (0.0, 0.0);
        for replication in 0..RUNS {
            let mut story: Vec<Entry> = Vec::new();
            hurt += world.run(replication, &mut story).hurt as f64;
            let mut steps: Vec<(f64, f64)> = story
                .iter()
                .filter_map(|entry| match entry.what {
                    What::WeightEffective(share) => Some((entry.at.as_secs_f64(), share)),
                    _ => None,
                })
                .collect();
            steps.push((3600.0, 1.0));
            // Of both versions' requests, in proportion to the new one's share.
            for pair in steps.windows(2) {
                let share = (pair[0].1 * 100.0).round() / 100.0;
                expected += 2.0 * (pair[1].0 - pair[0].0) * 0.999 * 0.4 * share;
            }
        }
        // Hurt is Poisson given the shares.
        assert!(expected > 10_000.0, "{expected}");
        let score = (hurt - expected) / expected.sqrt();
        assert!(score.abs() < 4.0, "{hurt}, not {expected}");
    }
}

/// Everything together, with what only looks like a fault: both fidelities see the same world.
#[test]
fn all_of_them_together_are_one_world_in_both_fidelities() {
    let mut scenario = Scenario {
        routes: routes(),
        business: orders(),
        users: Users { matching: 0.25 },
        ..scenario(4.0, None)
    };
    let from = |minutes: f64, until: f64| Onset {
        from_s: Some(minutes * 60.0),
        until_s: Some(until * 60.0),
        ..Onset::default()
    };
    scenario.faults = vec![
        scoped(0.3, of_checkout()),
        scoped(
            0.4,
            Scope {
                pods: Some(2),
                ..Scope::default()
            },
        ),
        scoped(
            0.2,
            Scope {
                matching_users: true,
                ..Scope::default()
            },
        ),
        Fault {
            completion_loss: 0.2,
            p99_times: 4.0,
            ..Fault::default()
        },
        Fault {
            crash_every_s: Some(600.0),
            ..Fault::default()
        },
        // An incident outside, and a dependency that wears out.
        Fault {
            onset: from(20.0, 25.0),
            ..scoped(
                0.5,
                Scope {
                    versions: Versions::Both,
                    ..Scope::default()
                },
            )
        },
        scoped(
            0.05,
            Scope {
                versions: Versions::Both,
                with_new_share: true,
                ..Scope::default()
            },
        ),
    ];
    scenario.scrape.gaps_s = vec![(900.0, 1_000.0)];
    scenario.scrape.missed_share = 0.02;
    let queries = [
        "sum(nginx_ingress_controller_requests{status='500'})",
        "sum(nginx_ingress_controller_requests{status='500',path='/checkout'})",
        "sum(nginx_ingress_controller_requests)",
    ];
    let [aggregate, request] = [Fidelity::Aggregate, Fidelity::Request]
        .map(|fidelity| sums(&scenario, fidelity, &queries));
    let agree = |what: &str, a: f64, b: f64| {
        let score = (a - b) / (a + b).sqrt();
        assert!(score.abs() < 4.0 && a > 500.0, "{what}: {a} against {b}");
    };
    agree("hurt", aggregate.hurt, request.hurt);
    agree("exposed", aggregate.exposed, request.exposed);
    agree("lost", aggregate.lost, request.lost);
    for (query, (a, b)) in queries
        .iter()
        .zip(aggregate.counted.iter().zip(&request.counted))
    {
        agree(query, *a, *b);
    }
}

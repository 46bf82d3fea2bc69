//! The tables of FIDELITY.md: `cargo test --release -p coalmine-sim --test loaded -- --ignored
//! --nocapture`. They are read by people; the tests that must hold are in `steady`.

use super::*;

const RUNS: u32 = 4;

/// Latency bounds of the table, 16 % apart, and one at a second.
fn bounds() -> Vec<f64> {
    let mut bounds: Vec<f64> = (0..60).map(|k| 0.01 * 1.16_f64.powi(k)).collect();
    bounds.push(1.0001);
    bounds.sort_by(f64::total_cmp);
    bounds
}

/// Failed, mean, 99th percentile, share over a second.
fn row(scenario: &Scenario, fidelity: Fidelity) -> [f64; 4] {
    let policy = policy(None);
    let stage = Stage::with_all_series(scenario, &policy).expect("answerable");
    let stage = stage.with_fidelity(fidelity);
    let mut world = World::new(&stage, Seed(11));
    let bounds = &scenario.scrape.buckets_s;
    let at_ms = |at_s: f64| scenario.start_ms() + (at_s * 1e3) as i64;
    let end_ms = at_ms(scenario.horizon.as_secs_f64());
    let mut below = vec![0.0; bounds.len()];
    let (mut count, mut failed, mut seconds) = (0.0, 0.0, 0.0);
    for replication in 0..RUNS {
        let (_, store) = world.record(replication, &mut Nobody);
        let during = |query: &str| value(store, query, end_ms) - value(store, query, at_ms(300.0));
        let name = "nginx_ingress_controller_response_duration_seconds";
        count += during(&format!("sum({name}_count)"));
        seconds += during(&format!("sum({name}_sum)"));
        failed += during("sum(nginx_ingress_controller_requests{status=~'5..'})");
        for (below, bound) in below.iter_mut().zip(bounds) {
            *below += during(&format!("sum({name}_bucket{{le='{bound}'}})"));
        }
    }
    let at = below.iter().position(|below| *below >= 0.99 * count);
    let at = at.unwrap_or(bounds.len() - 1).max(1);
    let part = (0.99 * count - below[at - 1]) / (below[at] - below[at - 1]).max(1.0);
    let p99_s = bounds[at - 1] + part * (bounds[at] - bounds[at - 1]);
    let second = bounds.iter().position(|bound| *bound > 1.0).unwrap_or(0);
    [
        failed / count,
        seconds / count,
        p99_s,
        1.0 - below[second] / count,
    ]
}

fn print(scenario: &Scenario) {
    let (a, r) = (
        row(scenario, Fidelity::Aggregate),
        row(scenario, Fidelity::Request),
    );
    let cells = a.iter().zip(r).map(|(a, r)| format!("{a:.4} / {r:.4}"));
    let cells: Vec<_> = cells.collect();
    println!("| {} | {} |", scenario.name, cells.join(" | "));
}

fn wide(name: &str, minutes: u64, traffic: Traffic, service: Service) -> Scenario {
    let mut scenario = scenario(name, minutes, traffic, service);
    scenario.scrape.buckets_s = bounds();
    scenario
}

#[test]
#[ignore = "prints a table for people, in minutes"]
fn constant_rates() {
    for (label, latency) in [
        ("exponential", exponential()),
        ("log-normal", Latency::from_quantiles(0.08, 0.3)),
        ("wild", Latency::from_quantiles(0.05, 0.8)),
    ] {
        for places in [1, 4, 16] {
            for utilisation in [0.5, 0.8, 0.95, 0.98] {
                let rps = utilisation * f64::from(PODS * places) / latency.mean_s();
                let service = Service {
                    concurrency: Some(places),
                    ..frozen(pool(latency))
                };
                let name = format!("{label}/{places}, {utilisation}");
                print(&wide(&name, 35, Traffic::constant(rps), service));
            }
        }
    }
}

#[test]
#[ignore = "prints a table for people, in minutes"]
fn humps() {
    let latency = Latency::from_quantiles(0.08, 0.3);
    let (pods, places) = (4, 8);
    let capacity = f64::from(pods * places) / latency.mean_s();
    for (label, queue, timeout_s) in [
        ("none", None, None),
        ("queue 100", Some(100), None),
        ("queue 20", Some(20), None),
        ("time-out 5 s", None, Some(5.0)),
        ("queue 200, time-out 1 s", Some(200), Some(1.0)),
    ] {
        for peak in [0.8, 1.0, 1.2, 2.0] {
            let base = Term::Constant {
                rps: 0.4 * capacity,
            };
            let hump = Term::Burst {
                at_s: 607.0,
                rise_s: 10.0,
                hold_s: 120.0,
                rps: (peak - 0.4) * capacity,
                decay_s: 120.0,
            };
            let traffic = Traffic {
                terms: vec![base, hump],
            };
            let service = Service {
                pods,
                queue,
                timeout_s,
                concurrency: Some(places),
                latency,
                ..Service::default()
            };
            print(&wide(&format!("{label}/{peak}"), 25, traffic, service));
        }
    }
}

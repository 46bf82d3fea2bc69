//! scratch: measures aggregate against request fidelity under load.
use std::sync::Arc;

use coalmine_policy::Span;
use coalmine_policy::baseline::Baseline;
use coalmine_promql::{Plan, Query, Store, Value};
use coalmine_sim::fidelity::Fidelity;
use coalmine_sim::latency::Latency;
use coalmine_sim::scenario::{Scenario, Service};
use coalmine_sim::stage::Stage;
use coalmine_sim::stream::Seed;
use coalmine_sim::traffic::{Term, Traffic};
use coalmine_sim::world::{Nobody, World};

fn value(store: &Store, query: &str, at_ms: i64) -> f64 {
    let query = Query::parse(query).expect(query);
    match Plan::new(&query, store).instant(&query, store, at_ms) {
        Ok(Value::Vector(samples)) => samples.iter().map(|sample| sample.value).sum(),
        other => panic!("{other:?}"),
    }
}

fn policy() -> Arc<Baseline> {
    Arc::new(Baseline {
        name: "checkout-api".to_owned(),
        namespace: "production".to_owned(),
        looks: None,
    })
}

/// count, failed, mean, p50, p99, over 1 s, hurt
fn measure(scenario: &Scenario, fidelity: Fidelity, from_s: f64, runs: u32) -> [f64; 8] {
    let policy = policy();
    let stage = Stage::with_all_series(scenario, &policy).expect("answerable");
    let stage = stage.with_fidelity(fidelity);
    let mut world = World::new(&stage, Seed(11));
    let bounds = &scenario.scrape.buckets_s;
    let mut buckets = vec![0.0; bounds.len()];
    let (mut count, mut failed, mut sum, mut hurt) = (0.0, 0.0, 0.0, 0.0);
    let start_ms = scenario.start_ms() + (from_s * 1e3) as i64;
    let end_ms = scenario.start_ms() + (scenario.horizon.as_secs_f64() * 1e3) as i64;
    let begun = std::time::Instant::now();
    for replication in 0..runs {
        let (outcome, store) = world.record(replication, &mut Nobody);
        hurt += outcome.hurt as f64;
        let during = |query: &str| value(store, query, end_ms) - value(store, query, start_ms);
        let name = "nginx_ingress_controller_response_duration_seconds";
        count += during(&format!("sum({name}_count)"));
        sum += during(&format!("sum({name}_sum)"));
        failed += during("sum(nginx_ingress_controller_requests{status=~'5..'})");
        for (bucket, bound) in buckets.iter_mut().zip(bounds) {
            *bucket += during(&format!("sum({name}_bucket{{le='{bound}'}})"));
        }
    }
    let quantile = |q: f64| {
        let target = q * count;
        let i = buckets
            .iter()
            .position(|b| *b >= target)
            .unwrap_or(bounds.len() - 1);
        let (x0, y0) = if i == 0 {
            (0.0, 0.0)
        } else {
            (bounds[i - 1], buckets[i - 1])
        };
        x0 + (bounds[i] - x0) * (target - y0) / (buckets[i] - y0).max(1e-9)
    };
    let over = bounds
        .iter()
        .position(|b| *b == 1.0001)
        .map_or(0.0, |i| 1.0 - buckets[i] / count);
    [
        count,
        failed / count,
        sum / count,
        quantile(0.5),
        quantile(0.99),
        over,
        hurt,
        begun.elapsed().as_secs_f64(),
    ]
}

fn scenario(name: &str, traffic: Traffic, service: Service, mins: u64) -> Scenario {
    let mut s = Scenario {
        service,
        ..Scenario::ordinary(name, Span::from_mins(mins), traffic)
    };
    s.scrape.buckets_s = (0..60).map(|k| 0.01 * 1.16_f64.powi(k)).collect();
    let nearest = s
        .scrape
        .buckets_s
        .iter_mut()
        .min_by(|a, b| (**a - 1.0).abs().total_cmp(&(**b - 1.0).abs()))
        .unwrap();
    *nearest = 1.0001;
    s
}

fn compare(s: &Scenario, from_s: f64, runs: u32) {
    let a = measure(s, Fidelity::Aggregate, from_s, runs);
    let r = measure(s, Fidelity::Request, from_s, runs);
    println!(
        "{:32} n {:>9.0}/{:>9.0} fail {:.4}/{:.4} mean {:.4}/{:.4} p50 {:.3}/{:.3} p99 {:.3}/{:.3} >1s {:.5}/{:.5} hurt {:.0}/{:.0} t {:.2}/{:.2}",
        s.name,
        a[0],
        r[0],
        a[1],
        r[1],
        a[2],
        r[2],
        a[3],
        r[3],
        a[4],
        r[4],
        a[5],
        r[5],
        a[6],
        r[6],
        a[7],
        r[7]
    );
}

#[test]
fn table() {
    let pods = 3;
    for (label, latency) in [
        ("exp", Latency::from_gamma(0.1, 1.0)),
        ("log", Latency::from_quantiles(0.08, 0.3)),
        ("wild", Latency::from_quantiles(0.05, 0.8)),
    ] {
        for c in [1_u32, 4, 16] {
            for rho in [0.5, 0.8, 0.9, 0.95, 0.98] {
                let rate = rho * f64::from(c * pods) / latency.mean_s();
                let service = Service {
                    pods,
                    latency,
                    concurrency: Some(c),
                    startup: Latency::from_quantiles(1e6, 1e6),
                    ..Service::default()
                };
                let s = scenario(
                    &format!("{label}/c{c}-{rho}"),
                    Traffic::constant(rate),
                    service,
                    35,
                );
                compare(&s, 300.0, 4);
            }
        }
    }
}

#[test]
fn bursts() {
    let pods = 4;
    let latency = Latency::from_quantiles(0.08, 0.3);
    let c = 8;
    let capacity = f64::from(c * pods) / latency.mean_s();
    for (name, queue, timeout_s) in [
        ("open", None, None),
        ("q100", Some(100), None),
        ("q20", Some(20), None),
        ("t5", None, Some(5.0)),
        ("q200t1", Some(200), Some(1.0)),
    ] {
        for peak in [0.8, 1.0, 1.2, 2.0] {
            let traffic = Traffic {
                terms: vec![
                    Term::Constant {
                        rps: 0.4 * capacity,
                    },
                    Term::Burst {
                        at_s: 607.0,
                        rise_s: 10.0,
                        hold_s: 120.0,
                        rps: (peak - 0.4) * capacity,
                        decay_s: 120.0,
                    },
                ],
            };
            let service = Service {
                pods,
                latency,
                concurrency: Some(c),
                queue,
                timeout_s,
                ..Service::default()
            };
            let s = scenario(&format!("burst/{name}-{peak}"), traffic, service, 25);
            compare(&s, 300.0, 4);
        }
    }
}

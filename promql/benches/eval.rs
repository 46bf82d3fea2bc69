//! What a gate costs at simulator size: 4 pods, 4 codes, 12 buckets, scraped every 15 s.

use std::hint::black_box;

use coalmine_promql::{Labels, Plan, Query, Store};
use criterion::{Criterion, criterion_group, criterion_main};

const SUCCESS: &str = "sum(rate(http_requests_total{app=\"shop\",code!~\"5..\"}[1m])) / \
                       sum(rate(http_requests_total{app=\"shop\"}[1m])) * 100";
const P99: &str = "histogram_quantile(0.99, sum by (le) \
                   (rate(http_request_duration_seconds_bucket{app=\"shop\"}[1m])))";
const NOW_MS: i64 = 1_800_000;

fn store() -> Store {
    let mut store = Store::default();
    let mut add = |labels: Vec<(&str, String)>, slope: f64, phase: i64| {
        let id = store.add_series(Labels::new(labels));
        for n in 0..120 {
            store.append(id, n * 15_000 + phase, slope * n as f64);
        }
    };
    for pod in 0..4_i32 {
        let phase = 1_000 + i64::from(pod) * 2_333;
        let own = |name: &str| {
            vec![
                ("__name__", name.to_owned()),
                ("app", "shop".to_owned()),
                ("pod", format!("shop-{pod}")),
            ]
        };
        for (code, slope) in [("200", 300.0), ("404", 9.0), ("500", 3.0), ("503", 1.0)] {
            let mut labels = own("http_requests_total");
            labels.push(("code", code.to_owned()));
            add(labels, slope, phase);
        }
        for bucket in 1..=12_i32 {
            let le = if bucket == 12 {
                f64::INFINITY
            } else {
                0.01 * f64::from(1 << bucket)
            };
            let mut labels = own("http_request_duration_seconds_bucket");
            labels.push(("le", coalmine_promql::wire::format_value(le)));
            add(labels, f64::from(bucket) * 25.0, phase);
        }
    }
    store
}

/// The floor: the samples' sum by hand, nothing matched, nothing labelled.
fn by_hand(rows: &[Vec<(i64, f64)>]) -> f64 {
    let increase = |row: &Vec<(i64, f64)>| {
        let start = row.partition_point(|(time, _)| *time <= NOW_MS - 60_000);
        let window = &row[start..];
        let drops = window.windows(2).filter(|pair| pair[1].1 < pair[0].1);
        let added: f64 = drops.map(|pair| pair[0].1).sum();
        match window {
            [first, .., last] => (last.1 - first.1 + added) / (last.0 - first.0) as f64,
            _ => 0.0,
        }
    };
    let failed: f64 = rows.iter().skip(2).step_by(4).map(increase).sum();
    let all: f64 = rows.iter().map(increase).sum();
    100.0 * (1.0 - failed / all)
}

fn benches(c: &mut Criterion) {
    let store = store();
    for (name, text) in [("success-rate", SUCCESS), ("p99", P99)] {
        c.bench_function(&format!("{name}/parse"), |b| {
            b.iter(|| Query::parse(black_box(text)).expect("parses"));
        });
        let query = Query::parse(text).expect("parses");
        c.bench_function(&format!("{name}/resolve"), |b| {
            b.iter(|| Plan::new(black_box(&query), &store));
        });
        let plan = Plan::new(&query, &store);
        c.bench_function(&format!("{name}/evaluate"), |b| {
            b.iter(|| {
                plan.instant(black_box(&query), &store, NOW_MS)
                    .expect("evaluates")
            });
        });
    }
    let row = |slope: f64| (0..120).map(|n| (n * 15_000, slope * n as f64)).collect();
    let rows: Vec<Vec<(i64, f64)>> = (0..16).map(|n| row(f64::from(n + 1))).collect();
    c.bench_function("success-rate/by-hand", |b| {
        b.iter(|| by_hand(black_box(&rows)));
    });
}

criterion_group!(group, benches);
criterion_main!(group);

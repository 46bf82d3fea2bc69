//! Any text as a query over a small store: no panic, no endless work.
//!
//! `cargo +nightly fuzz run promql_query`

#![no_main]

use coalmine_promql::{Labels, Plan, Query, Store};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(query) = Query::parse(text) else {
        return;
    };
    let mut store = Store::default();
    for pod in ["a", "b"] {
        let id = store.add_series(Labels::new([("__name__", "x"), ("pod", pod), ("le", "1.0")]));
        for n in 0..20 {
            store.append(id, n * 15_000, n as f64);
        }
        store.append_stale(id, 300_000);
    }
    let plan = Plan::new(&query, &store);
    let _ = plan.instant(&query, &store, 290_000);
    let _ = plan.range(&query, &store, (0, 300_000, 60_000));
});

//! What must hold for any series: identities of the rate family and of aggregation.

use coalmine_promql::{Labels, Plan, Query, Store, Value};
use proptest::prelude::*;

const INTERVAL_MS: i64 = 15_000;

/// Increments of a counter, one a scrape; a negative one is a restart.
fn counters() -> impl Strategy<Value = Vec<Vec<i32>>> {
    let increments = prop::collection::vec(-3..200_i32, 2..20);
    prop::collection::vec(increments, 1..6)
}

fn store(counters: &[Vec<i32>]) -> Store {
    let mut store = Store::default();
    for (index, increments) in counters.iter().enumerate() {
        let pod = index.to_string();
        let group = (index % 2).to_string();
        let labels = [("__name__", "x"), ("pod", &pod), ("group", &group)];
        let id = store.add_series(Labels::new(labels));
        let mut value = 1_000.0;
        for (n, increment) in increments.iter().enumerate() {
            value = if *increment < 0 {
                0.0
            } else {
                value + f64::from(*increment)
            };
            store.append(id, 777 + n as i64 * INTERVAL_MS, value);
        }
    }
    store
}

/// Values by labels, in order of labels.
fn ask(store: &Store, text: &str) -> Vec<(String, f64)> {
    let query = Query::parse(text).expect(text);
    let answer = Plan::new(&query, store).instant(&query, store, 300_000);
    let Value::Vector(samples) = answer.expect(text) else {
        panic!("{text} is no vector");
    };
    let mut pairs: Vec<_> = samples
        .iter()
        .map(|s| (s.labels.to_string(), s.value))
        .collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    pairs
}

fn assert_equal(store: &Store, left: &str, right: &str) -> Result<(), TestCaseError> {
    let (a, b) = (ask(store, left), ask(store, right));
    prop_assert_eq!(a.len(), b.len(), "{} and {}", left, right);
    for (a, b) in a.iter().zip(&b) {
        prop_assert_eq!(&a.0, &b.0);
        let close = a.1 == b.1 || (a.1 - b.1).abs() <= 1e-9 * a.1.abs().max(b.1.abs()).max(1e-9);
        prop_assert!(close, "{} = {:?}, {} = {:?}", left, a, right, b);
    }
    Ok(())
}

proptest! {
    #[test]
    fn rates_are_increases_over_the_range(counters in counters()) {
        let store = store(&counters);
        assert_equal(&store, "increase(x[4m])", "rate(x[4m]) * 240")?;
    }

    #[test]
    fn rates_are_never_negative_and_resets_only_add(counters in counters()) {
        let store = store(&counters);
        for (labels, value) in ask(&store, "rate(x[5m])") {
            prop_assert!(value >= 0.0, "{} {}", labels, value);
        }
        for (labels, gain) in ask(&store, "increase(x[5m]) - delta(x[5m])") {
            // delta() neither adds resets back nor stops at zero; with both alike it is no more.
            let resets = ask(&store, "sum(resets(x[5m]))")[0].1;
            prop_assert!(resets > 0.0 || gain <= 1e-9, "{} {}", labels, gain);
        }
    }

    #[test]
    fn rates_scale_with_the_counter(counters in counters()) {
        let store = store(&counters);
        assert_equal(&store, "rate((x * 4)[5m:15s])", "4 * rate(x[5m:15s])")?;
    }

    #[test]
    fn aggregations_agree_with_each_other(counters in counters()) {
        let store = store(&counters);
        for (left, right) in [
            ("avg by (group) (x)", "sum by (group) (x) / count by (group) (x)"),
            ("sum(x)", "sum(sum by (group) (x))"),
            ("sum without (pod, group) (x)", "sum(x)"),
            ("max(x)", "-min(-x)"),
            ("max(x)", "max(topk(1, x))"),
            ("quantile(1, x)", "max(x)"),
            ("quantile(0, x)", "min(x)"),
            ("stddev(x) ^ 2", "stdvar(x)"),
            ("count(x)", "sum(group by (pod) (x))"),
            ("count(x)", "sum(count_values(\"v\", x))"),
            ("sum(rate(x[2m]))", "sum(sum by (pod) (rate(x[2m])))"),
            ("x and x", "x"),
            ("x or x", "x"),
            ("x - on(pod) group_left() sum by (pod) (x)", "x * 0"),
        ] {
            assert_equal(&store, left, right)?;
        }
        prop_assert!(ask(&store, "x unless x").is_empty());
    }

    #[test]
    fn no_text_makes_the_parser_or_the_evaluator_panic(text in TEXT) {
        if let Ok(query) = Query::parse(&text) {
            let store = store(&[vec![1, 2, 3, -1, 5]]);
            let _ = Plan::new(&query, &store).instant(&query, &store, 60_000);
        }
    }
}

/// Pieces of queries in any order.
const TEXT: &str = "(sum|rate|x|\\(|\\)|\\[1m\\]|\\[5m:\\]| by \\(le\\)|\\{a=\"b\"\\}| / | or |1|-|,|\
                    @ 5| offset 1m|histogram_quantile|0\\.9|topk|\"|é){0,24}";

#[test]
fn nested_subqueries_end_with_an_error_instead_of_never() {
    let mut text = "x".to_owned();
    for _ in 0..8 {
        text = format!("max_over_time({text}[3h:1s])");
    }
    let store = store(&[vec![1; 10]]);
    let query = Query::parse(&text).expect("parses");
    let error = Plan::new(&query, &store).instant(&query, &store, 300_000);
    let error = error.expect_err("is too much").to_string();
    assert!(error.contains("too many samples"), "{error}");
}

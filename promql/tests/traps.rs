//! The semantics that surprise people, each as a small case worked out by hand from Prometheus'
//! rules.

use coalmine_promql::{Labels, ParseErrorKind, Plan, Query, Store, Value};

type Recorded<'a> = (&'a [(&'a str, &'a str)], &'a [(i64, f64)]);

/// A store from `name{labels}` and samples `(seconds, value)`; NaN means a stale marker.
fn store(series: &[Recorded<'_>]) -> Store {
    let mut store = Store::default();
    for (labels, samples) in series {
        let id = store.add_series(Labels::new(labels.iter().copied()));
        for (seconds, value) in *samples {
            if value.is_nan() {
                store.append_stale(id, seconds * 1_000);
            } else {
                store.append(id, seconds * 1_000, *value);
            }
        }
    }
    store
}

fn ask(store: &Store, text: &str, seconds: i64) -> Result<Vec<(String, f64)>, String> {
    let query = Query::parse(text).map_err(|error| error.to_string())?;
    let plan = Plan::new(&query, store);
    match plan
        .instant(&query, store, seconds * 1_000)
        .map_err(|error| error.to_string())?
    {
        Value::Vector(samples) => Ok(samples
            .into_iter()
            .map(|s| (s.labels.to_string(), s.value))
            .collect()),
        Value::Scalar(value) => Ok(vec![("scalar".to_owned(), value)]),
        other => Err(format!("{other:?}")),
    }
}

fn values(store: &Store, text: &str, seconds: i64) -> Vec<f64> {
    ask(store, text, seconds)
        .expect(text)
        .into_iter()
        .map(|(_, value)| value)
        .collect()
}

const GRID: &[(i64, f64)] = &[(0, 0.0), (15, 15.0), (30, 30.0), (45, 45.0), (60, 60.0)];

#[test]
fn windows_are_open_on_the_left() {
    let store = store(&[(&[("__name__", "x")], GRID)]);
    assert_eq!(values(&store, "count_over_time(x[1m])", 60), [4.0]);
    // One sample is no rate: the element vanishes.
    assert!(values(&store, "rate(x[15s])", 60).is_empty());
    assert_eq!(values(&store, "count_over_time(x[30s])", 60), [2.0]);
}

#[test]
fn a_sample_five_minutes_old_is_gone_and_stale_markers_end_a_series() {
    let plain = store(&[(&[("__name__", "x")], &[(0, 7.0)])]);
    assert_eq!(values(&plain, "x", 299), [7.0]);
    assert!(values(&plain, "x", 300).is_empty());
    let ended = store(&[(&[("__name__", "x")], &[(0, 7.0), (15, f64::NAN)])]);
    assert!(values(&ended, "x", 20).is_empty());
    assert_eq!(values(&ended, "count_over_time(x[1m])", 20), [1.0]);
}

#[test]
fn rates_add_resets_back_and_stop_at_zero() {
    let reset = store(&[(
        &[("__name__", "x")],
        &[(0, 10.0), (15, 20.0), (30, 5.0), (45, 15.0)],
    )]);
    // 15..45: 20, 5, 15: change 15 - 20 + 20 = 15 over 30 s, extrapolated by 10 s at the start.
    assert_eq!(
        values(&reset, "increase(x[40s])", 45),
        [15.0 * (30.0 + 10.0) / 30.0]
    );
    let young = store(&[(
        &[("__name__", "x")],
        &[(15, 1.0), (30, 16.0), (45, 31.0), (60, 46.0)],
    )]);
    // Zero is one second before the first sample, nearer than the window's start.
    assert_eq!(
        values(&young, "increase(x[1m])", 60),
        [45.0 * (45.0 + 1.0) / 45.0]
    );
}

#[test]
fn no_series_no_traffic_and_zero_are_three_things() {
    let idle = store(&[(&[("__name__", "x")], &[(0, 5.0), (15, 5.0), (30, 5.0)])]);
    assert!(values(&idle, "sum(rate(y[1m]))", 30).is_empty());
    assert!(values(&idle, "sum(rate(y[1m])) / sum(rate(x[1m]))", 30).is_empty());
    assert!(values(&idle, "sum(rate(x[1m])) / sum(rate(x[1m]))", 30)[0].is_nan());
    assert_eq!(values(&idle, "sum(rate(y[1m])) or vector(0)", 30), [0.0]);
    assert!(
        values(
            &idle,
            "(sum(rate(x[1m])) / sum(rate(x[1m]))) or vector(0)",
            30
        )[0]
        .is_nan()
    );
    assert_eq!(
        values(
            &idle,
            "sum(rate(x[1m])) / (sum(rate(x[1m])) > 0) or vector(1)",
            30
        ),
        [1.0]
    );
}

#[test]
fn a_missing_label_is_an_empty_one() {
    let store = store(&[
        (&[("__name__", "x"), ("canary", "c")], &[(0, 1.0)]),
        (&[("__name__", "x")], &[(0, 2.0)]),
    ]);
    assert_eq!(values(&store, "x{canary!=\"\"}", 1), [1.0]);
    assert_eq!(values(&store, "x{canary=\"\"}", 1), [2.0]);
    assert_eq!(values(&store, "x{canary!~\"b.*\"}", 1), [1.0, 2.0]);
    assert!(values(&store, "x{canary=~\"c+d\"}", 1).is_empty());
}

#[test]
fn ambiguous_matches_are_errors() {
    let store = store(&[
        (&[("__name__", "x"), ("a", "1"), ("b", "1")], &[(0, 1.0)]),
        (&[("__name__", "x"), ("a", "1"), ("b", "2")], &[(0, 2.0)]),
        (&[("__name__", "y"), ("a", "1")], &[(0, 10.0)]),
    ]);
    assert!(ask(&store, "x / on(a) y", 1).is_err());
    assert!(ask(&store, "y / on(a) x", 1).is_err());
    assert_eq!(values(&store, "x * on(a) group_left y", 1), [10.0, 20.0]);
    assert!(
        ask(&store, "rate({__name__=~\"x|y\"}[1m])", 1)
            .expect("nothing to rate")
            .is_empty()
    );
}

#[test]
fn comparisons_filter_and_keep_the_vectors_side() {
    let store = store(&[(&[("__name__", "x")], &[(0, 3.0)])]);
    assert_eq!(
        ask(&store, "1 < x", 1).expect("filters"),
        [("x{}".to_owned(), 3.0)]
    );
    assert_eq!(
        ask(&store, "x >bool 5", 1).expect("bool"),
        [("{}".to_owned(), 0.0)]
    );
}

#[test]
fn quantiles_interpolate_and_cannot_exceed_the_last_finite_bound() {
    let bucket = |le, count: f64| {
        let labels = vec![("__name__", "b"), ("le", le)];
        (labels, vec![(0, count)])
    };
    let buckets = [
        bucket("0.1", 50.0),
        bucket("0.5", 90.0),
        bucket("+Inf", 100.0),
    ];
    let borrowed: Vec<_> = buckets.iter().map(|(l, s)| (&l[..], &s[..])).collect();
    let store = store(&borrowed);
    assert_eq!(values(&store, "histogram_quantile(0.5, b)", 1), [0.1]);
    let p70 = values(&store, "histogram_quantile(0.7, b)", 1)[0];
    assert!((p70 - 0.3).abs() < 1e-12, "{p70}");
    assert_eq!(values(&store, "histogram_quantile(0.99, b)", 1), [0.5]);
    // Without `by (le)` there is nothing to take a quantile of.
    assert!(values(&store, "histogram_quantile(0.99, sum(b))", 1).is_empty());
}

#[test]
fn broken_queries_are_refused_at_their_place() {
    let at = |text: &str| Query::parse(text).expect_err(text);
    assert_eq!(at("sum(rate(x[1m])").offset, 3);
    assert_eq!(at("sum(x))").offset, 6);
    assert_eq!(at("x{a=\"b\" c=\"d\"}").offset, 8);
    assert_eq!(at("x{status~=\"5..\"}").offset, 8);
    assert!(at("x{status~=\"5..\"}").help.contains("=~"));
    assert_eq!(at("# only a comment").message, "no expression found");
    assert_eq!(at("sum(nosuch(x))").offset, 4);
    assert_eq!(at(&"(".repeat(5_000)).kind, ParseErrorKind::Syntax);
    assert_eq!(at("histogram_avg(x)").kind, ParseErrorKind::Unsupported);
    assert!(Query::parse(&format!("1{}", "+1".repeat(5_000))).is_err());
}

#[test]
fn selectors_say_what_history_a_query_reads() {
    let query = Query::parse("sum(rate(a{x=\"1\"}[2m])) / b offset 1m").expect("parses");
    let [a, b] = query.selectors() else {
        panic!("two selectors");
    };
    assert_eq!(
        (a.name.as_deref(), a.range_ms, a.position),
        (Some("a"), Some(120_000), 9)
    );
    assert_eq!(
        (b.name.as_deref(), b.range_ms, b.offset_ms),
        (Some("b"), None, 60_000)
    );
}

//! Any text as one of Argo's conditions, over results of every shape: no panic, no endless work.
//!
//! `cargo +nightly fuzz run argo_condition`

#![no_main]

use coalmine_policy::MetricAnswer;
use coalmine_policy::expr::Condition;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(condition) = Condition::parse(text) else {
        return;
    };
    let json = r#"{"a": [1, 2.5, null], "b": {"c": "text"}, "ok": true, "": "0x1p-2"}"#;
    let answers = [
        MetricAnswer::Scalar(0.5),
        MetricAnswer::Vector(vec![0.95, f64::NAN, f64::NEG_INFINITY]),
        MetricAnswer::Vector(Vec::new()),
        MetricAnswer::Matrix(vec![vec![1.0, 2.0], vec![3.0]]),
        MetricAnswer::Json(serde_json::from_str(json).unwrap_or_default()),
        MetricAnswer::Json(serde_json::Value::Null),
        MetricAnswer::Json(serde_json::Value::from("text")),
    ];
    for answer in &answers {
        let first = condition.evaluate(answer);
        // The same text on the same result decides the same.
        assert_eq!(first, condition.evaluate(answer));
    }
});

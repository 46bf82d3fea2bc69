//! `/metrics`: the newest samples in the text format that Prometheus scrapes.

use coalmine_promql::{METRIC_NAME, Plan, Query, Store, Value, wire};

/// Every series that is not stale, in the text format 0.0.4. Types are not claimed: the world does
/// not know what the real exporters would call them.
pub(crate) fn text(store: &Store, now_ms: i64) -> String {
    let Ok(query) = Query::parse("{__name__!=\"\"}") else {
        return String::new();
    };
    let answer = Plan::new(&query, store).instant(&query, store, now_ms);
    let Ok(Value::Vector(mut samples)) = answer else {
        return String::new();
    };
    // The format wants all lines of one metric together.
    samples.sort_by(|a, b| {
        let name = |sample: &coalmine_promql::Sample| sample.labels.get(METRIC_NAME).to_owned();
        name(a).cmp(&name(b)).then_with(|| a.labels.cmp(&b.labels))
    });
    let mut out = String::new();
    for sample in &samples {
        let labels = sample
            .labels
            .iter()
            .filter(|(name, _)| *name != METRIC_NAME);
        let pairs: Vec<_> = labels
            .map(|(name, value)| format!("{name}=\"{}\"", escape(value)))
            .collect();
        out += sample.labels.get(METRIC_NAME);
        if !pairs.is_empty() {
            out += &format!("{{{}}}", pairs.join(","));
        }
        out += &format!(" {}\n", wire::format_sample(sample.value));
    }
    out
}

fn escape(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

//! A latency: `{median, p99}`, `{gamma: {mean, cv}}` or `{quantiles: {p50, p90, p99, …}}`.

use coalmine_policy::Span;
use coalmine_policy::source::Diagnostics;
use coalmine_sim::latency::Latency;

use crate::read::form::Form;

/// Beyond this most requests take no time at all and a few take for ever.
const CV_MAX: f64 = 4.0;

/// The quantiles that can be given, with the share of requests below.
pub(crate) const QUANTILES: [(&str, f64); 17] = [
    ("p1", 0.01),
    ("p5", 0.05),
    ("p10", 0.1),
    ("p20", 0.2),
    ("p25", 0.25),
    ("p30", 0.3),
    ("p40", 0.4),
    ("p50", 0.5),
    ("p60", 0.6),
    ("p75", 0.75),
    ("p80", 0.8),
    ("p90", 0.9),
    ("p95", 0.95),
    ("p98", 0.98),
    ("p99", 0.99),
    ("p99.9", 0.999),
    ("p99.99", 0.9999),
];

const HELP: &str = "write `{median: 80ms, p99: 300ms}`, `{gamma: {mean: 90ms, cv: 0.7}}` or \
                    `{quantiles: {p50: 80ms, p90: 150ms, p99: 300ms}}`";

pub(in crate::read) fn read(
    form: &mut Form<'_>,
    name: &'static str,
    found: &mut Diagnostics,
) -> Option<Latency> {
    let mut form = form.form(name, found)?;
    let kinds = ["gamma", "quantiles", "median"];
    let given = kinds.map(|kind| form.node(kind).is_some());
    let pair = given[2] || form.node("p99").is_some();
    if usize::from(given[0]) + usize::from(given[1]) + usize::from(pair) > 1 {
        let message = "a latency is of one kind, not of several".to_owned();
        form.error(form.fields.position(), message, HELP, found);
    }
    let latency = if given[0] {
        gamma(&mut form, found)
    } else if given[1] {
        quantiles(&mut form, found)
    } else {
        log_normal(&mut form, found)
    };
    form.close(found);
    latency
}

/// `{median, p99}`, both needed.
fn log_normal(form: &mut Form<'_>, found: &mut Diagnostics) -> Option<Latency> {
    let help = "write both, for example `{median: 80ms, p99: 300ms}`";
    form.require("median", help, found);
    form.require("p99", help, found);
    let (median, p99) = (
        form.some_time("median", found),
        form.some_time("p99", found),
    );
    if let (Some(median), Some(p99)) = (median, p99)
        && p99 < median
    {
        let complaint = format!("is {p99}, below the median of {median}");
        form.refuse("p99", &complaint, help, found);
    }
    Some(Latency::from_quantiles(
        median?.as_secs_f64(),
        p99?.as_secs_f64(),
    ))
}

fn gamma(form: &mut Form<'_>, found: &mut Diagnostics) -> Option<Latency> {
    let mut pair = form.form("gamma", found)?;
    let help = "write both, for example `{mean: 90ms, cv: 0.7}`; cv is the standard deviation over \
                the mean";
    pair.require("mean", help, found);
    pair.require("cv", help, found);
    let mean = pair.some_time("mean", found);
    let cv = pair.up_to("cv", CV_MAX, found);
    pair.close(found);
    Some(Latency::from_gamma(mean?.as_secs_f64(), cv?))
}

/// Two or more, rising.
fn quantiles(form: &mut Form<'_>, found: &mut Diagnostics) -> Option<Latency> {
    let mut form = form.form("quantiles", found)?;
    let mut known: Vec<(f64, Span, &str)> = Vec::new();
    let mut is_good = true;
    for (name, below) in QUANTILES {
        if form.node(name).is_none() {
            continue;
        }
        let Some(time) = form.some_time(name, found) else {
            is_good = false;
            continue;
        };
        if let Some((_, faster, lower)) = known.last()
            && time <= *faster
        {
            let complaint = format!("is {time}, not above `{lower}`, which is {faster}");
            let help = "a higher quantile is a longer time; leave out equal ones";
            form.refuse(name, &complaint, help, found);
            is_good = false;
        }
        known.push((below, time, name));
    }
    if is_good && known.len() < 2 {
        let help = "write two at least, for example `{p50: 80ms, p99: 300ms}`";
        let message = "`quantiles` are too few".to_owned();
        form.error(form.fields.position(), message, help, found);
        is_good = false;
    }
    form.close(found);
    let pairs: Vec<_> = known
        .iter()
        .map(|(below, time, _)| (*below, time.as_secs_f64()))
        .collect();
    is_good.then(|| Latency::from_measured(&pairs))
}

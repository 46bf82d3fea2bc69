//! `spec.metrics`: what metrics answer that Prometheus does not (Argo's `web` and `job`).
//!
//! ```yaml
//! metrics:                  # the last entry of that name that has begun answers
//!   - {name: smoke-test, provider: job, phase: Successful, delay: 2m}  # ends after 2 minutes
//!   - {name: smoke-test, provider: job, phase: Failed, after: 30m}
//!   - {name: queue, provider: web, value: 12}           # any YAML; `jsonPath` is applied already
//!   - {name: queue, provider: web, error: "received non 2xx response code: 503", after: 1h}
//! ```
//!
//! A policy that has such a metric needs an entry that holds from the start.

use coalmine_policy::source::Diagnostics;
use coalmine_policy::{MetricAnswer, Provider, Span};
use coalmine_sim::given::GivenMetric;

use super::form::Form;

const HELP: &str = "write for example `{name: smoke-test, provider: job, phase: Successful}` or \
                    `{name: queue, provider: web, value: 12}`";

pub(super) fn read(spec: &mut Form<'_>, found: &mut Diagnostics) -> Vec<GivenMetric> {
    let items = spec.list("metrics", found).unwrap_or_default();
    let mut metrics = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let mut form = spec.item(&format!("spec.metrics[{index}]"), item, found);
        metrics.extend(read_metric(&mut form, found));
        form.close(found);
    }
    metrics
}

fn read_metric(form: &mut Form<'_>, found: &mut Diagnostics) -> Option<GivenMetric> {
    form.require("name", HELP, found);
    form.require("provider", HELP, found);
    let name = form.string("name", found).map(str::to_owned);
    let provider = read_provider(form, found);
    let answer = read_answer(form, provider, found);
    let after = form.duration("after", found).unwrap_or(Span::ZERO);
    let delay = form.duration("delay", found).unwrap_or(Span::ZERO);
    Some(GivenMetric {
        name: name?,
        provider: provider?,
        answer: answer?,
        after,
        delay,
    })
}

fn read_provider(form: &mut Form<'_>, found: &mut Diagnostics) -> Option<Provider> {
    let written = form.string("provider", found)?;
    match written {
        "job" => Some(Provider::Job),
        "web" => Some(Provider::Web),
        _ => {
            let complaint = format!("is {written:?}, no provider whose answers are given");
            form.refuse("provider", &complaint, "known are job, web", found);
            None
        }
    }
}

/// Exactly one of `phase` (job), `value` (web) and `error`.
fn read_answer(
    form: &mut Form<'_>,
    provider: Option<Provider>,
    found: &mut Diagnostics,
) -> Option<MetricAnswer> {
    let (phase, error) = (form.string("phase", found), form.string("error", found));
    let value = form.node("value");
    match (provider?, phase, value, error) {
        (_, None, None, Some(error)) => Some(MetricAnswer::Error(error.to_owned())),
        (Provider::Web, None, Some(value), None) => Some(MetricAnswer::Json(value.to_json())),
        (Provider::Job, Some("Successful"), None, None) => Some(MetricAnswer::Job(true)),
        (Provider::Job, Some("Failed"), None, None) => Some(MetricAnswer::Job(false)),
        (Provider::Job, Some(phase), None, None) => {
            let complaint = format!("is {phase:?}, no end of a job");
            form.refuse("phase", &complaint, "known are Successful, Failed", found);
            None
        }
        (provider, ..) => {
            let wanted = match provider {
                Provider::Job => "`phase`",
                _ => "`value`",
            };
            let message = format!("this entry needs {wanted} or `error`, and only one of them");
            form.error(form.fields.position(), message, HELP, found);
            None
        }
    }
}

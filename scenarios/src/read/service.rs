//! `spec.service`: the service that is rolled out.

use coalmine_policy::source::Diagnostics;
use coalmine_sim::latency::Latency;
use coalmine_sim::scenario::Service;

use super::form::Form;

/// More pods than this are no service that one rollout replaces.
const PODS_MAX: u32 = 10_000;

pub(super) fn read(mut form: Form<'_>, found: &mut Diagnostics) -> Service {
    let usual = Service::default();
    let service = Service {
        pods: form.count("pods", PODS_MAX, found).unwrap_or(usual.pods),
        latency: latency(&mut form, "latency", found).unwrap_or(usual.latency),
        error_share: form.share("errorShare", found).unwrap_or(usual.error_share),
        startup: latency(&mut form, "startup", found).unwrap_or(usual.startup),
        patience_s: form
            .some_time("patience", found)
            .map_or(usual.patience_s, coalmine_policy::Span::as_secs_f64),
        ..usual
    };
    form.close(found);
    service
}

/// `{median, p99}`, both needed.
fn latency(form: &mut Form<'_>, name: &'static str, found: &mut Diagnostics) -> Option<Latency> {
    let mut pair = form.form(name, found)?;
    let help = "write both, for example `{median: 80ms, p99: 300ms}`";
    pair.require("median", help, found);
    pair.require("p99", help, found);
    let (median, p99) = (
        pair.some_time("median", found),
        pair.some_time("p99", found),
    );
    if let (Some(median), Some(p99)) = (median, p99)
        && p99 < median
    {
        pair.refuse(
            "p99",
            &format!("is {p99}, below the median of {median}"),
            help,
            found,
        );
    }
    pair.close(found);
    Some(Latency::from_quantiles(
        median?.as_secs_f64(),
        p99?.as_secs_f64(),
    ))
}

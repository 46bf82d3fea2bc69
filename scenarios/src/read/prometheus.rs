//! `spec.prometheus`: how Prometheus sees the service.

use coalmine_policy::Span;
use coalmine_policy::source::{Diagnostics, Kind};
use coalmine_sim::monitor::BUCKETS_MAX;
use coalmine_sim::scenario::Scrape;

use super::clock::Clock;
use super::form::Form;

const INGRESS_REPLICAS_MAX: u32 = 100;
const SCRAPE_INTERVAL_MIN: Span = Span::from_secs(1);
const BUCKETS_HELP: &str = "upper bounds in seconds, ascending, without +Inf: `[0.1, 0.5, 1]`";

pub(super) fn read(
    mut form: Form<'_>,
    clock: &Clock,
    scrape: &mut Scrape,
    found: &mut Diagnostics,
) {
    if let Some(interval) = form.some_time("scrapeInterval", found) {
        if interval < SCRAPE_INTERVAL_MIN {
            let help = "each scrape is simulated; one second is the shortest, 15s is usual";
            let complaint = format!("is {interval}, too short");
            form.refuse("scrapeInterval", &complaint, help, found);
        }
        scrape.interval = interval;
    }
    if let Some(bounds) = buckets(&mut form, found) {
        scrape.buckets_s = bounds;
    }
    if let Some(replicas) = form.count("ingressReplicas", INGRESS_REPLICAS_MAX, found) {
        scrape.ingress_replicas = replicas;
    }
    if let Some(share) = form.share("missed", found) {
        scrape.missed_share = share;
    }
    scrape.gaps_s = gaps(&mut form, clock, found);
    form.close(found);
}

/// While Prometheus is away: from an instant, for a time.
fn gaps(form: &mut Form<'_>, clock: &Clock, found: &mut Diagnostics) -> Vec<(f64, f64)> {
    let mut gaps = Vec::new();
    let items = form.list("gaps", found).unwrap_or_default();
    for (index, item) in items.iter().enumerate() {
        let mut gap = form.item(&format!("spec.prometheus.gaps[{index}]"), item, found);
        gap.require("for", "say how long, for example `for: 3m`", found);
        let from_s = clock.instant(&mut gap, "from", found);
        let length = gap.some_time("for", found);
        gap.close(found);
        if let (Some(from_s), Some(length)) = (from_s, length) {
            gaps.push((from_s, from_s + length.as_secs_f64()));
        }
    }
    gaps
}

fn buckets(form: &mut Form<'_>, found: &mut Diagnostics) -> Option<Vec<f64>> {
    let items = form.list("buckets", found)?;
    let mut bounds: Vec<f64> = Vec::new();
    for item in items {
        let bound = match item.kind {
            Kind::Int(value) => value as f64,
            Kind::Float(value) => value,
            _ => f64::NAN,
        };
        let last = bounds.last().copied().unwrap_or(0.0);
        if !bound.is_finite() || bound <= last {
            let path = form.fields.path_of("buckets");
            let message = format!("`{path}` has a bound that is no number above {last}");
            form.error(item.position, message, BUCKETS_HELP, found);
            return None;
        }
        bounds.push(bound);
    }
    if bounds.len() >= BUCKETS_MAX {
        let complaint = format!("has {} bounds, too many", bounds.len());
        let help = format!("at most {} are simulated", BUCKETS_MAX - 1);
        form.refuse("buckets", &complaint, &help, found);
        return None;
    }
    if bounds.is_empty() {
        form.refuse("buckets", "is empty", BUCKETS_HELP, found);
        return None;
    }
    Some(bounds)
}

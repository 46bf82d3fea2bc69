//! `spec.service`: the service that is rolled out.

mod latency;

use coalmine_policy::Span;
use coalmine_policy::source::Diagnostics;
use coalmine_sim::scenario::{Autoscaler, Entry, Service, WarmUp};

use super::form::Form;
pub(crate) use latency::QUANTILES;
pub(super) use latency::read as latency;

/// More pods than this are no service that one rollout replaces.
const PODS_MAX: u32 = 10_000;

/// More requests at once than this are as good as no limit.
const CONCURRENCY_MAX: u32 = 10_000;

/// More waiting places than this are as good as no bound.
const QUEUE_MAX: u32 = 100_000;

/// Kubernetes' `--horizontal-pod-autoscaler-sync-period`.
const SYNC: Span = Span::from_secs(15);

/// From a load to the metric that an autoscaler sees: two scrapes of the metrics server.
const LAG: Span = Span::from_secs(30);

/// `behavior.scaleDown.stabilizationWindowSeconds` when a HorizontalPodAutoscaler does not say.
const STABILISATION: Span = Span::from_mins(5);

pub(super) fn read(mut form: Form<'_>, found: &mut Diagnostics) -> Service {
    let usual = Service::default();
    let pods = form.count("pods", PODS_MAX, found);
    let service = Service {
        pods: pods.unwrap_or(usual.pods),
        latency: latency(&mut form, "latency", found).unwrap_or(usual.latency),
        error_share: form.share("errorShare", found).unwrap_or(usual.error_share),
        startup: latency(&mut form, "startup", found).unwrap_or(usual.startup),
        patience_s: form
            .some_time("patience", found)
            .map_or(usual.patience_s, Span::as_secs_f64),
        pre_stop_s: form
            .duration("preStop", found)
            .map_or(usual.pre_stop_s, Span::as_secs_f64),
        entry: entry(&mut form, found),
        concurrency: form.count("concurrency", CONCURRENCY_MAX, found),
        queue: form.whole("queue", (0, QUEUE_MAX), found),
        timeout_s: form.some_time("timeout", found).map(Span::as_secs_f64),
        warm_up: warm_up(&mut form, found),
        drain_s: form.duration("drain", found).map(Span::as_secs_f64),
        autoscaler: autoscaler(&mut form, pods, found),
    };
    for name in ["queue", "autoscaler"] {
        if form.node(name).is_some() && form.node("concurrency").is_none() {
            let complaint = "needs `concurrency`: pods that take any number of requests at once are \
                             never full";
            form.refuse(name, complaint, "add for example `concurrency: 8`", found);
        }
    }
    form.close(found);
    service
}

fn entry(form: &mut Form<'_>, found: &mut Diagnostics) -> Entry {
    match form.string("entry", found) {
        None | Some("all") => Entry::All,
        Some("stable") => Entry::Stable,
        Some(other) => {
            let complaint = format!("is {other:?}, no Service that users come through");
            let help = "write `all` or `stable` (Argo's `stableService`)";
            form.refuse("entry", &complaint, help, found);
            Entry::All
        }
    }
}

fn warm_up(form: &mut Form<'_>, found: &mut Diagnostics) -> Option<WarmUp> {
    let mut pair = form.form("warmUp", found)?;
    let help = "write both, for example `{for: 3m, latencyTimes: 3}`";
    pair.require("for", help, found);
    pair.require("latencyTimes", help, found);
    let lasts = pair.some_time("for", found);
    let times = pair.positive("latencyTimes", found);
    if times.is_some_and(|times| times <= 1.0) {
        let help = "write 3 for latencies three times as long at first";
        pair.refuse(
            "latencyTimes",
            "must be above 1 to slow anything down",
            help,
            found,
        );
    }
    pair.close(found);
    Some(WarmUp {
        lasts_s: lasts?.as_secs_f64(),
        latency_times: times?,
    })
}

fn autoscaler(
    form: &mut Form<'_>,
    pods: Option<u32>,
    found: &mut Diagnostics,
) -> Option<Autoscaler> {
    let mut form = form.form("autoscaler", found)?;
    let help = "for example `{target: 60%, min: 4, max: 20}`";
    form.require("target", help, found);
    form.require("max", help, found);
    let target = form.share("target", found);
    if target == Some(0.0) {
        let help = "write the utilisation to keep, for example `60%`";
        form.refuse("target", "must be above zero", help, found);
    }
    let min = form.count("min", PODS_MAX, found);
    let max = form.count("max", PODS_MAX, found);
    // Kubernetes' default of `minReplicas`.
    let least = min.unwrap_or(1);
    if let Some(max) = max
        && max < least
    {
        let complaint = format!("is {max}, below `min`, which is {least}");
        form.refuse("max", &complaint, "write more, or a smaller `min`", found);
    }
    if let (Some(max), Some(pods)) = (max, pods)
        && !(least..=max.max(least)).contains(&pods)
    {
        let complaint = format!("is {least} to {max} pods, but `pods` is {pods}");
        let help = "start with a number that the autoscaler allows";
        let name = if pods < least { "min" } else { "max" };
        form.refuse(name, &complaint, help, found);
    }
    let autoscaler = Autoscaler {
        target: target.unwrap_or(1.0),
        min: least,
        max: max.unwrap_or(least),
        sync: form.some_time("sync", found).unwrap_or(SYNC),
        lag: form.duration("lag", found).unwrap_or(LAG),
        stabilisation: form
            .duration("stabilisation", found)
            .unwrap_or(STABILISATION),
    };
    form.close(found);
    Some(autoscaler)
}

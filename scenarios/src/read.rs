//! Reading `kind: Scenario`.
//!
//! ```yaml
//! apiVersion: coalmine.dev/v1alpha1
//! kind: Scenario
//! metadata:
//!   name: market-open/errors-2      # traffic/fault: both names appear in reports
//! spec:
//!   extends: market-open/healthy    # optional: what this is a variant of; or ./base.yaml[#name]
//!   reason: why it exists           # optional
//!   title: 2 % errors into the open # one line; the name when absent
//!   start: 2026-03-02T09:05         # local time at which the release becomes visible
//!   timeZone: Asia/Kolkata          # IANA name; UTC when absent
//!   horizon: 1h                     # how long the world is watched
//!   weight: 3                       # how often such releases come, relative to others; 1
//!   traffic:                        # curves that are added up, in requests per second
//!     - constant: {rps: 200}
//!     - burst: {at: "09:15", rise: 10s, rps: 1800, decay: 7m}   # decay: to 1/e
//!     - bell: {from: "19:00", to: "22:00", rps: 800}  # the middle 95 % of a Gaussian …
//!     - bell: {at: "20:30", width: 45m, rps: 800}     # … or middle and standard deviation
//!     - table: {points: [{at: 0s, rps: 10}, {at: "09:30", rps: 50}]}  # straight lines
//!     - diurnal: {low: 100rps, high: 400rps, peak: "20:00"}   # a cosine of 24 hours
//!     - ramp: {from: "09:00", to: "09:30", start: 0rps, end: 200rps}   # level outside
//!     - step: {at: "09:30", rps: 50, before: 10, until: "10:00"}   # `before` 0, no `until`
//!     - marketOpen: {rps: 1800}     # a burst at 09:15; at, rise, decay can be given
//!     - dinnerPeak: {rps: 800}      # a bell 19:00 to 22:00; the fields of `bell` can be given
//!     - flashSale: {at: 10m, rps: 900}   # a burst; rise 30s, hold 10m, decay 5m
//!     - csv: {file: traffic.csv}    # lines of `time,rps`; see `traffic::csv`
//!     - prometheus: {file: range.json, at: "09:00"}   # a range query's answer; `at`: first sample
//!     - product:                    # multiplies; `sum: [..]` adds inside; at most 8 deep
//!         - constant: {rps: 100}
//!         - weekly: {sat: 0.7, sun: 0.6}   # by day of the scenario's zone; 1 where not given
//!   arrivals:                       # Poisson when absent
//!     dispersion: 0.2               # variance of a gamma factor of mean 1 on the rate …
//!     correlation: 1m               # … drawn anew so often (15s; multiples of it)
//!     burst: 3                      # mean size of the batches requests come in
//!   service:                        # all optional
//!     pods: 10                      # where the manifest does not say
//!     latency: {median: 80ms, p99: 300ms}   # log-normal …
//!     # latency: {gamma: {mean: 90ms, cv: 0.7}}   # … or gamma (cv: standard deviation over mean) …
//!     # latency: {quantiles: {p50: 80ms, p90: 150ms, p99: 300ms}}   # … or as measured, two or more
//!     errorShare: 0.001             # or 0.1%
//!     startup: {median: 12s, p99: 40s}
//!     patience: 1s                  # slower answers hurt people
//!     concurrency: 8                # requests a pod works on at once; any number when absent
//!     queue: 100                    # that may wait on a pod, others get 503 at once; any number …
//!     timeout: 5s                   # 504 at this age; the pod goes on working on it
//!     warmUp: {for: 3m, latencyTimes: 3}   # of a new pod, in a straight line down to 1
//!     drain: 5s                     # a removed pod's time to finish; as long as it takes …
//!     autoscaler: {target: 60%, min: 4, max: 20}   # utilisation is busy places / concurrency;
//!                                   # sync: 15s, lag: 30s, stabilisation: 5m can be given
//!   routes:                         # see `routes`; without any, nobody tells paths apart
//!     - {path: /, share: 80%}
//!     - {path: /checkout, share: 20%, latencyTimes: 2}
//!   business:                       # see `routes`; counters of what answered requests complete
//!     orders: {route: /checkout, completion: 85%, counter: orders_total}
//!   fault:                          # leave out for a healthy release
//!     name: errors-2
//!     effects:                      # independent of each other; at most 8
//!       - {errorShare: 0.02}        # on top of the ordinary errors
//!       - {p99Times: 3}             # the 99th percentile times 3, the same median
//!       - {latencyTimes: 2}         # every latency times 2
//!       - {completion: -2%}         # 2 % of the completions of `business` are lost, every answer a 200
//!       - {crash: {every: 2m}}      # the process dies so long after readiness, on average, and is started
//!                                   # again with the kubelet's back-off; `afterAge`, `from`, `until` fit
//!       - errorShare: 0.2           # onset: all that is given must hold
//!         aboveRpsPerPod: 40        # only on pods that serve more than this
//!         afterAge: 5m              # only on pods that have been ready for so long
//!         afterRequests: 10000      # only on pods that have served so many
//!         from: "09:15"             # only from this instant on …
//!         until: 30m                # … and before this one
//!         growsOver: {age: 10m}     # a leak; or {requests: 50000} of each pod
//!         episodes: {every: 5m, for: 20s}  # comes and goes; means of exponential times
//!         scope:                    # all that is given must hold
//!           version: both           # `new` (when absent), `old`, or `both`: an incident outside
//!           route: /checkout        # only requests for it
//!           pods: 1                 # only so many pods, the first of each workload: a bad node
//!           cohort: matching        # only users who satisfy the policy's match rules
//!           withNewShare: true      # both versions, its size times the new version's share of the
//!                                   # traffic: a shared dependency that the release wears out
//!     incident: what it stands for  # words for people
//!     harmful: false                # it only looks like a fault: a good policy goes on
//!   users: {matching: 0.1}          # share of requests that satisfy a policy's match rules
//!   # users may have sessions: requestsPerSession: 8, thinkTime: {median: 20s, p99: 2m}, sticky: true
//!   retries: {share: 30%, max: 2, backoff: 1s}   # clients repeat this share of what failed
//!   hooks:                          # see `hooks`; gates answer 200, rollback hooks 403
//!     - {type: confirm-promotion, status: 200, after: 10m, delay: 2s}
//!   metrics:                        # see `metrics`; what Argo's web and job metrics answer
//!     - {name: smoke-test, provider: job, phase: Successful, delay: 2m}
//!   router: {kind: ingress-nginx}   # or `instant`; ingress-nginx has parameters, see `router`
//!   prometheus:
//!     scrapeInterval: 15s
//!     buckets: [0.1, 0.5, 1]
//!     ingressReplicas: 2
//!     gaps: [{from: "09:20", for: 3m}]  # Prometheus is away
//!     missed: 0.01                  # share of scrapes that fail
//! ```
//!
//! `docs/scenarios.md` explains it to users. With `extends`, mappings merge deeply, lists and single values replace, and `null` takes away
//! (`fault: null` is the healthy variant); `title` and `reason` are not taken over.
//! Values take units: shares are `2%` or 0.02, rates `200rps` or 200; times always need one.
//! Durations are Go's (`1h30m`, `10s`). An instant in `traffic` is a wall-clock time `"HH:MM"` or
//! `"HH:MM:SS"` on the day of `start` in its zone (quoted, since YAML has its own ideas about
//! `09:15`), or a duration after `start`. What lies past midnight is written as a duration.

mod arrivals;
mod clock;
mod document;
mod extends;
mod fault;
pub(crate) mod form;
mod hooks;
mod joined;
mod metrics;
mod prometheus;
mod router;
mod routes;
mod service;
mod traffic;
mod users;

use coalmine_policy::baseline::API_VERSION;
use coalmine_policy::source::{Diagnostics, Document, Source, read_documents};
use coalmine_sim::scenario::Scenario;

use crate::Files;

pub(crate) use hooks::TYPES as HOOK_TYPES;
pub(crate) use router::NEXT_UPSTREAM;
pub(crate) use routes::METHODS;
pub(crate) use service::QUANTILES;

pub(crate) const KIND: &str = "Scenario";

/// Reads every scenario of a stream.
///
/// Mistakes go to `diagnostics`, all of them with their places; a scenario with a mistake is left
/// out. Objects of other kinds are skipped with a warning. `files` reads what a scenario names.
pub fn read(
    source: &Source,
    files: &mut dyn Files,
    diagnostics: &mut Diagnostics,
) -> Vec<Scenario> {
    let documents = read_documents(source, diagnostics);
    let mut scenarios = Vec::new();
    for document in &documents {
        if is_ours(document, diagnostics) {
            scenarios.extend(extends::read(document, files, diagnostics));
        }
    }
    scenarios
}

fn is_ours(document: &Document, diagnostics: &mut Diagnostics) -> bool {
    let place = |key: &str| {
        document
            .root
            .get(key)
            .map_or(document.root.position, |n| n.position)
    };
    let Document {
        kind, api_version, ..
    } = document;
    if kind == KIND && api_version == API_VERSION {
        return true;
    }
    if kind == KIND {
        let message = format!("a `{KIND}` of apiVersion `{api_version}` is unknown");
        let help = format!("write `apiVersion: {API_VERSION}`");
        diagnostics.push(document.error(place("apiVersion"), message, help));
    } else if api_version == API_VERSION {
        let message = format!("`{kind}` is no scenario");
        let help = format!("a scenario has `kind: {KIND}`; policies are given as policies");
        diagnostics.push(document.error(place("kind"), message, help));
    } else {
        let message = format!("skipped: `{kind}` is no scenario");
        let help = format!("a scenario has `apiVersion: {API_VERSION}` and `kind: {KIND}`");
        diagnostics.push(document.warning(place("kind"), message, help));
    }
    false
}

#[cfg(test)]
mod tests;

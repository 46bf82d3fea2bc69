//! `spec.service`: limits, latencies, and what contradicts itself.

use coalmine_policy::Span;
use coalmine_sim::latency::Latency;

use super::*;

#[test]
fn a_service_with_limits_arrives() {
    let scenario = good(
        "  traffic: [{constant: {rps: 200}}]\n  service:\n    pods: 6\n    \
         latency: {gamma: {mean: 90ms, cv: 0.7}}\n    \
         startup: {quantiles: {p50: 10s, p90: 20s, p99.9: 1m}}\n    \
         concurrency: 8\n    queue: 0\n    timeout: 5s\n    \
         warmUp: {for: 3m, latencyTimes: 3}\n    drain: 0s\n    \
         autoscaler: {target: 60%, min: 4, max: 20, lag: 0s}\n",
    );
    let service = scenario.service;
    assert_eq!(service.latency, Latency::from_gamma(0.09, 0.7));
    let startup = Latency::from_measured(&[(0.5, 10.0), (0.9, 20.0), (0.999, 60.0)]);
    assert_eq!(service.startup, startup);
    assert_eq!((service.concurrency, service.queue), (Some(8), Some(0)));
    assert_eq!((service.timeout_s, service.drain_s), (Some(5.0), Some(0.0)));
    let warm_up = service.warm_up.expect("warms up");
    assert_eq!((warm_up.lasts_s, warm_up.latency_times), (180.0, 3.0));
    let autoscaler = service.autoscaler.expect("scales");
    assert_eq!(
        (autoscaler.target, autoscaler.min, autoscaler.max),
        (0.6, 4, 20)
    );
    assert_eq!(
        (autoscaler.sync, autoscaler.lag, autoscaler.stabilisation),
        (Span::from_secs(15), Span::ZERO, Span::from_mins(5))
    );
}

#[test]
fn services_that_contradict_themselves_are_refused() {
    for (service, complaint) in [
        ("queue: 5", "`spec.service.queue` needs `concurrency`"),
        (
            "autoscaler: {target: 0.5, max: 3}",
            "`spec.service.autoscaler` needs `concurrency`",
        ),
        (
            "concurrency: 8, autoscaler: {target: 0.5, min: 4, max: 3}",
            "`spec.service.autoscaler.max` is 3, below `min`, which is 4",
        ),
        (
            "pods: 2, concurrency: 8, autoscaler: {target: 0.5, min: 4, max: 9}",
            "`spec.service.autoscaler.min` is 4 to 9 pods, but `pods` is 2",
        ),
        (
            "concurrency: 8, autoscaler: {target: 0, max: 9}",
            "`spec.service.autoscaler.target` must be above zero",
        ),
        (
            "concurrency: 8, autoscaler: {min: 3}",
            "`spec.service.autoscaler.max` is required",
        ),
        (
            "concurrency: 0",
            "`spec.service.concurrency` is 0, not a number from 1 to 10000",
        ),
        (
            "warmUp: {for: 3m, latencyTimes: 1}",
            "`spec.service.warmUp.latencyTimes` must be above 1",
        ),
        ("timeout: 5", "`spec.service.timeout` is 5, without a unit"),
        (
            "timeout: 0s",
            "`spec.service.timeout` must be longer than zero",
        ),
        (
            "latency: {median: 1s, p99: 2s, gamma: {mean: 1s, cv: 1}}",
            "a latency is of one kind, not of several",
        ),
        (
            "latency: {gamma: {mean: 1s, cv: 9}}",
            "`spec.service.latency.gamma.cv` is 9e0, too large",
        ),
        (
            "latency: {quantiles: {p50: 1s, p90: 1s}}",
            "`spec.service.latency.quantiles.p90` is 1s, not above `p50`, which is 1s",
        ),
        ("latency: {quantiles: {p50: 1s}}", "`quantiles` are too few"),
        (
            "latency: {quantiles: {p50: 1s, p97: 2s}}",
            "unknown field `spec.service.latency.quantiles.p97`",
        ),
    ] {
        let (scenarios, complaints) = with(&format!(
            "  traffic: [{{constant: {{rps: 1}}}}]\n  service: {{{service}}}\n"
        ));
        assert!(scenarios.is_empty(), "{service}");
        assert!(complaints.contains(complaint), "{service}: {complaints}");
        assert!(complaints.contains("a.yaml:"), "{complaints}");
    }
}

/// A variant with a latency of another kind has that one, not both.
#[test]
fn a_latency_of_another_kind_replaces_the_base_s() {
    let (scenarios, complaints) = read_text(
        "apiVersion: coalmine.dev/v1alpha1\nkind: Scenario\nmetadata: {name: t/f}\nspec:\n  \
         extends: steady/healthy\n  service:\n    latency: {gamma: {mean: 90ms, cv: 0.7}}\n    \
         startup: {p99: 50s}\n",
    );
    assert_eq!(complaints, "");
    let service = &scenarios[0].service;
    assert_eq!(service.latency, Latency::from_gamma(0.09, 0.7));
    assert_eq!(service.startup, Latency::from_quantiles(12.0, 50.0));
}

//! What a scenario says that manifests do not: traffic, scrapes, pods.

use coalmine_policy::Span;
use coalmine_sim::scenario::Scenario;

/// The numbers that rules ask for.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// The scenario's name.
    pub(super) scenario: String,
    /// Requests a second when the rollout starts.
    pub(super) rate: f64,
    /// Between two scrapes.
    pub(super) scrape: Span,
    /// The highest finite bound of latency histograms, in seconds.
    pub(super) top_s: f64,
    /// From a pod's readiness until it is warm.
    pub(super) warm_up: Span,
}

impl Facts {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let warm_up = scenario.service.warm_up.map_or(0.0, |warm| warm.lasts_s);
        let top = scenario.scrape.buckets_s.iter().copied();
        Self {
            scenario: scenario.name.to_string(),
            rate: scenario.traffic.rate(0.0),
            scrape: scenario.scrape.interval,
            top_s: top.fold(0.0, f64::max),
            warm_up: Span::from_secs(warm_up.max(0.0).round() as u64),
        }
    }
}

//! The service that is rolled out: its pods, how they work, and what users ask of it.

use coalmine_policy::Span;

use crate::latency::Latency;
use crate::router::path::Method;

/// The service.
///
/// What is `None` costs nothing and changes nothing: pods then work on any number of requests at
/// once, at the latency they always have.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Pods in service, where the manifest does not say.
    pub pods: u32,
    /// Latency of the old revision.
    pub latency: Latency,
    /// Ordinary share of 5xx answers.
    pub error_share: f64,
    /// From a pod's creation to its readiness.
    pub startup: Latency,
    /// Seconds after which people count an answer as too slow.
    pub patience_s: f64,
    /// Requests that a pod works on at once.
    pub concurrency: Option<u32>,
    /// Waiting places of a pod; a request that finds none is answered 503 at once.
    pub queue: Option<u32>,
    /// A request whose waiting and service take longer is answered 504 at this age; the pod goes on
    /// working on it.
    pub timeout_s: Option<f64>,
    /// Slow first minutes of a pod.
    pub warm_up: Option<WarmUp>,
    /// How long a removed pod still works on what it has; then the rest fails. To the end when `None`.
    pub drain_s: Option<f64>,
    /// How long a pod that is told to stop goes on taking connections (`preStop`), before its server
    /// hears of it.
    pub pre_stop_s: f64,
    /// Which Service users come through, where a manifest has several and no router.
    pub entry: Entry,
    /// What sets the number of pods.
    pub autoscaler: Option<Autoscaler>,
}

/// Which Service users come through while no router splits their requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Entry {
    /// One that selects the pods of both versions: replicas are the weights.
    #[default]
    All,
    /// Argo's `stableService`, whose selector the controller pins to the stable version until the
    /// promotion.
    Stable,
}

/// A cold pod: slow after readiness, and less so until it is warm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmUp {
    /// From readiness until the pod is warm.
    pub lasts_s: f64,
    /// Factor on all latencies at readiness; it falls to 1 in a straight line.
    pub latency_times: f64,
}

impl WarmUp {
    /// The factor on latencies so long after readiness.
    #[must_use]
    pub fn factor(&self, age_s: f64) -> f64 {
        let left = 1.0 - age_s / self.lasts_s.max(1e-9);
        1.0 + (self.latency_times - 1.0) * left.clamp(0.0, 1.0)
    }
}

/// Clients that repeat what failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retries {
    /// Share of failures that is repeated.
    pub share: f64,
    /// How often one request is repeated at most.
    pub max: u8,
    /// From the failure to the next attempt.
    pub backoff: Span,
}

/// Users who send one request after another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sessions {
    /// Mean number of requests of a session; the number is geometric from one on.
    pub requests: f64,
    /// From one request of a session to the next.
    pub think: Latency,
    /// Whether a session stays on the side of the router that its first request was sent to, as long as
    /// somebody serves there; the manifest decides when `None`.
    pub sticky: Option<bool>,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            requests: 8.0,
            think: Latency::from_quantiles(20.0, 120.0),
            sticky: None,
        }
    }
}

/// A HorizontalPodAutoscaler on utilisation (busy places / `concurrency`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Autoscaler {
    /// The utilisation it aims at, 0..1.
    pub target: f64,
    /// `minReplicas`.
    pub min: u32,
    /// `maxReplicas`.
    pub max: u32,
    /// `--horizontal-pod-autoscaler-sync-period`.
    pub sync: Span,
    /// How old the utilisation is that it sees.
    pub lag: Span,
    /// `behavior.scaleDown.stabilizationWindowSeconds`.
    pub stabilisation: Span,
}

/// A path of the service, with its share of the requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The path, as the metrics name it.
    pub path: String,
    /// Share of all requests; the shares of a scenario add up to 1.
    pub share: f64,
    /// Factor on the service's latency.
    pub latency_times: f64,
    /// Whether a router may send its requests twice.
    pub method: Method,
}

/// A step of the business that answered requests complete: orders, payments.
#[derive(Clone, Debug, PartialEq)]
pub struct Business {
    /// What reports call it.
    pub name: String,
    /// Index of its route in the scenario; all requests when `None`.
    pub route: Option<usize>,
    /// Share of the answered requests that complete it.
    pub completion: f64,
    /// The counter's name.
    pub counter: String,
}

impl Business {
    /// Whether requests of a route can complete it.
    #[must_use]
    pub fn is_of(&self, route: u16) -> bool {
        self.route.is_none_or(|only| only == usize::from(route))
    }
}

impl Service {
    /// Whether an answer depends on more than the request and the version: on a pod's queue, its
    /// age, or its end.
    #[must_use]
    pub const fn is_stateful(&self) -> bool {
        self.concurrency.is_some()
            || self.timeout_s.is_some()
            || self.warm_up.is_some()
            || self.drain_s.is_some()
    }
}

impl Default for Service {
    fn default() -> Self {
        Self {
            pods: 10,
            latency: Latency::from_quantiles(0.08, 0.3),
            error_share: 0.001,
            startup: Latency::from_quantiles(12.0, 40.0),
            patience_s: 1.0,
            concurrency: None,
            queue: None,
            timeout_s: None,
            warm_up: None,
            drain_s: None,
            pre_stop_s: 0.0,
            entry: Entry::All,
            autoscaler: None,
        }
    }
}

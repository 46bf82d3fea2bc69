//! A scenario, resolved: everything about the world that does not depend on the policy.

use std::sync::Arc;

use coalmine_policy::Span;
use coalmine_policy::source::Position;
use jiff::Zoned;

use crate::arrivals::Pattern;
use crate::event::ScenarioInfo;
use crate::fault::{Behaviour, Behaviours, Fault};
use crate::given::GivenMetric;
use crate::hook::HookScript;
pub use crate::keep_alive::KeepAlive;
use crate::router::RouterConfig;
pub use crate::service::{Autoscaler, Business, Entry, Retries, Route, Service, Sessions, WarmUp};
use crate::traffic::Traffic;

/// The world in which rollouts are tried.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// `traffic/fault`, unique in a study; names the random streams.
    pub name: Arc<str>,
    /// One line for people.
    pub title: String,
    /// The traffic's name.
    pub traffic_name: String,
    /// The fault's name; `None` when the new revision is healthy.
    pub fault_name: Option<String>,
    /// What looks like a fault of a healthy revision, by name.
    pub lookalike_name: Option<String>,
    /// How often releases of this kind come, relative to the others that are bad, or good, alike.
    pub weight: f64,
    /// The wall-clock instant at which the release becomes visible to the controller.
    pub start: Zoned,
    /// How long after the start the world is watched.
    pub horizon: Span,
    /// Requests over time, in seconds since the start.
    pub traffic: Traffic,
    /// How irregularly they come.
    pub arrivals: Pattern,
    /// The service that is rolled out.
    pub service: Service,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// The paths that users ask for; one that nobody names when empty.
    pub routes: Vec<Route>,
    /// What answered requests complete.
    pub business: Vec<Business>,
    /// Clients that repeat what failed.
    pub retries: Option<Retries>,
    /// Who the users are.
    pub users: Users,
    /// Users who send more than one request; each request is somebody else's when `None`.
    pub sessions: Option<Sessions>,
    /// Clients that keep their connections, where they dial the pods themselves.
    pub keep_alive: Option<KeepAlive>,
    /// What webhooks answer; where several fit a call, the last one that has begun.
    pub hooks: Vec<HookScript>,
    /// What `web` and `job` metrics answer; where several fit, the last one that has begun.
    pub metrics: Vec<GivenMetric>,
    /// How weights reach the data path. Where the file says nothing and this is the default, the
    /// manifest decides.
    pub router: RouterConfig,
    /// Where the file names a router.
    pub router_said: Option<RouterSaid>,
    /// Prometheus.
    pub scrape: Scrape,
}

/// A router that a scenario's file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterSaid {
    /// Its kind.
    pub kind: String,
    /// The file.
    pub file: Arc<str>,
    /// The place in it.
    pub position: Position,
}

/// The users, as far as routing rules can tell them apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Users {
    /// The share of requests that satisfy the header and cookie rules of a policy, whatever they are.
    pub matching: f64,
}

impl Default for Users {
    fn default() -> Self {
        Self { matching: 0.1 }
    }
}

/// How Prometheus sees the service.
#[derive(Clone, Debug, PartialEq)]
pub struct Scrape {
    /// Time between scrapes of one target.
    pub interval: Span,
    /// Upper bounds of the latency histograms in seconds, without +Inf.
    pub buckets_s: Vec<f64>,
    /// Replicas of the ingress controller, each a target of its own.
    pub ingress_replicas: u32,
    /// While Prometheus scrapes nothing at all: from and to, in seconds since the start.
    pub gaps_s: Vec<(f64, f64)>,
    /// Share of scrapes that fail, each on its own.
    pub missed_share: f64,
}

impl Default for Scrape {
    fn default() -> Self {
        Self {
            interval: Span::from_secs(15),
            // The default buckets of Prometheus' client libraries and of ingress-nginx.
            buckets_s: vec![
                0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
            ],
            ingress_replicas: 2,
            gaps_s: Vec::new(),
            missed_share: 0.0,
        }
    }
}

impl Scenario {
    /// A healthy release of an ordinary service, watched over this traffic from ten o'clock on.
    #[must_use]
    pub fn ordinary(name: &str, horizon: Span, traffic: Traffic) -> Self {
        let start = jiff::civil::date(2026, 3, 2).at(10, 0, 0, 0);
        Self {
            name: name.into(),
            title: String::new(),
            traffic_name: name
                .split_once('/')
                .map_or(name, |(first, _)| first)
                .to_owned(),
            fault_name: None,
            lookalike_name: None,
            weight: 1.0,
            start: jiff::tz::TimeZone::UTC
                .to_ambiguous_zoned(start)
                .compatible()
                .unwrap_or_default(),
            horizon,
            traffic,
            arrivals: Pattern::default(),
            service: Service::default(),
            faults: Vec::new(),
            routes: Vec::new(),
            business: Vec::new(),
            retries: None,
            users: Users::default(),
            sessions: None,
            keep_alive: None,
            hooks: Vec::new(),
            metrics: Vec::new(),
            router: RouterConfig::default(),
            router_said: None,
            scrape: Scrape::default(),
        }
    }

    /// How both versions behave.
    #[must_use]
    pub fn behaviours(&self) -> Behaviours {
        let old = Behaviour {
            error_share: self.service.error_share,
            latency: self.service.latency,
        };
        let factors = self.route_kinds();
        let kinds: Vec<_> = factors
            .iter()
            .map(|times| Behaviour {
                latency: old.latency.times(*times),
                ..old
            })
            .collect();
        Behaviours::of_kinds(&kinds, &self.faults, self.service.patience_s)
    }

    /// The factors on the latency that routes have, each once; the kinds of requests.
    #[must_use]
    pub fn route_kinds(&self) -> Vec<f64> {
        let mut factors: Vec<f64> = Vec::new();
        for route in &self.routes {
            if !factors.contains(&route.latency_times) {
                factors.push(route.latency_times);
            }
        }
        if factors.is_empty() {
            factors.push(1.0);
        }
        factors
    }

    /// The same world met at another time of its first day: the traffic keeps its place on the
    /// clock.
    ///
    /// # Errors
    /// When that day has no such time.
    pub fn starting_at(mut self, time: jiff::civil::Time) -> Result<Self, jiff::Error> {
        let start = self.start.with().time(time).build()?;
        let later_s = start.duration_since(&self.start).as_secs_f64();
        self.traffic.shift(-later_s);
        self.start = start;
        Ok(self)
    }

    /// The start in milliseconds since 1970: Prometheus' axis of time.
    #[must_use]
    pub fn start_ms(&self) -> i64 {
        self.start.timestamp().as_millisecond()
    }

    /// What reports show of it.
    #[must_use]
    pub fn info(&self) -> ScenarioInfo {
        ScenarioInfo {
            name: self.name.to_string(),
            title: self.title.clone(),
            traffic: self.traffic_name.clone(),
            fault: self.fault_name.clone(),
            weight: self.weight,
            horizon_ns: self.horizon,
            business: self.business.iter().map(|step| step.name.clone()).collect(),
        }
    }
}

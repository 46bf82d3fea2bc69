//! How a weight travels from the API object to the data path.
//!
//! A controller writes a weight and believes it; requests follow later, unit by unit: nginx
//! workers, Envoy and Linkerd proxies, load balancer nodes. Each router is modelled by its
//! mechanism. [`nginx`] has a sync loop of its own; the others are a [`control`] plane with their
//! parameters, from [`presets`].

pub mod again;
pub mod control;
pub(crate) mod delay;
pub mod nginx;
pub mod path;
pub mod presets;
#[cfg(test)]
mod tests;
mod upstream;

use serde::{Deserialize, Serialize};

pub use again::{Again, Cause};
pub use control::{Batching, ControlPlane};
pub use nginx::IngressNginx;
pub use upstream::{EmptyCanary, Spread, Upstream};

use crate::draw::{exponential, uniform};
use crate::stream::Stream;

/// Which router, with its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RouterConfig {
    /// ingress-nginx.
    IngressNginx(IngressNginx),
    /// A control plane that pushes to its data path.
    Control(ControlPlane),
    /// Weights take effect as they are written.
    Instant,
}

impl Default for RouterConfig {
    fn default() -> Self {
        Self::IngressNginx(IngressNginx::default())
    }
}

impl RouterConfig {
    /// Instances that carry traffic, each with its own view of the weight.
    #[must_use]
    pub fn units(&self) -> usize {
        match self {
            Self::IngressNginx(nginx) => nginx.replicas * nginx.workers,
            Self::Control(plane) => plane.units,
            Self::Instant => 1,
        }
    }

    /// How it treats its backends.
    #[must_use]
    pub const fn upstream(&self) -> Upstream {
        match self {
            Self::IngressNginx(nginx) => nginx.upstream,
            Self::Control(plane) => plane.upstream,
            Self::Instant => Upstream::INGRESS_NGINX,
        }
    }

    /// The same without any randomness: the preset of deterministic cases.
    #[must_use]
    pub fn deterministic(self) -> Self {
        match self {
            Self::IngressNginx(nginx) => Self::IngressNginx(nginx.deterministic()),
            Self::Control(plane) => Self::Control(plane.deterministic()),
            Self::Instant => Self::Instant,
        }
    }
}

/// What happens to the API objects that a router watches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Api {
    /// The canary's share was written.
    Weight(f64),
    /// Ingress objects were written.
    Ingress {
        /// The canary's share.
        share: f64,
        /// Differs when a router takes it for news.
        compared: f64,
        /// The generation of what they say.
        rules: u32,
    },
    /// Endpoints changed; whether the canary has any, when that is known.
    Endpoints(Option<bool>),
    /// Endpoints left or were exchanged: who has seen this generation knows of it.
    Slices(u32),
    /// Something that asks for a sync and changes nothing.
    Service,
    /// A change that nginx must reload for: a host, a path, a location annotation.
    Reload,
    /// From now on the generated configuration is invalid.
    Broken,
    /// It is valid again.
    Fixed,
}

/// What one unit knows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Table {
    /// The weight as a share.
    pub weight: f64,
    /// What stands for the Ingress objects where tables are compared.
    compared: f64,
    /// Whether the canary has endpoints.
    pub endpoints: bool,
    /// The generation of endpoints.
    pub seen: u32,
    /// The generation of rules.
    pub rules: u32,
}

impl Table {
    /// No weight on a canary that is there.
    pub const REST: Self = Self {
        weight: 0.0,
        compared: 0.0,
        endpoints: true,
        seen: 0,
        rules: 0,
    };

    /// What knows all that has ever changed, and sends this share to the canary.
    #[must_use]
    pub const fn knowing_all(share: f64) -> Self {
        Self {
            weight: share,
            seen: u32::MAX,
            rules: u32::MAX,
            ..Self::REST
        }
    }

    /// The same with another share for the canary.
    #[must_use]
    pub const fn with_share(self, share: f64) -> Self {
        Self {
            weight: share,
            ..self
        }
    }

    /// Whether a router takes another for news.
    fn is_same(&self, other: &Self) -> bool {
        let key = |table: &Self| (table.compared, table.endpoints, table.seen);
        key(self) == key(other)
    }

    /// The share of requests for the canary: an empty one gets none.
    #[must_use]
    pub fn share(self) -> f64 {
        if self.endpoints { self.weight } else { 0.0 }
    }

    fn apply(&mut self, api: Api) {
        match api {
            Api::Weight(share) => (self.weight, self.compared) = (share, share),
            Api::Ingress {
                share,
                compared,
                rules,
            } => {
                (self.weight, self.compared) = (share, compared);
                self.rules = rules;
            }
            Api::Endpoints(Some(any)) => self.endpoints = any,
            Api::Slices(generation) => self.seen = generation,
            Api::Endpoints(None) | Api::Service | Api::Reload | Api::Broken | Api::Fixed => {}
        }
    }
}

/// The share of requests for the canary from an instant on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Seconds.
    pub at_s: f64,
    /// Mean over all data-path units.
    pub share: f64,
    /// The unit that changed.
    pub unit: usize,
    /// What that unit sends to the canary from now on.
    pub unit_share: f64,
}

/// A unit that takes a new table.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Update {
    at_s: f64,
    unit: usize,
    table: Table,
}

/// A router in one replication. Calls must come in order of time.
#[derive(Clone, Debug)]
pub struct Router {
    config: RouterConfig,
    stream: Stream,
    replicas: Vec<nginx::Replica>,
    plane: control::State,
    tables: Vec<Table>,
    /// The share last written.
    written: f64,
    /// When the API has what was last written.
    committed_s: f64,
    /// Where the background events have been drawn to; they start with the first write.
    drawn_to_s: Option<f64>,
    share: f64,
    updates: Vec<Update>,
}

/// Background events are drawn from so long before the first write: enough for a limiter to
/// forget.
const WARM_UP_S: f64 = 30.0;

/// Up to so long earlier: whole periods of ingress-nginx' limiter and of Traefik's sleep.
const UNEVEN_S: f64 = 10.0;

impl Router {
    /// A router at rest with no traffic on the canary.
    #[must_use]
    pub fn new(config: &RouterConfig, stream: Stream) -> Self {
        let mut router = Self {
            config: config.clone(),
            stream: stream.clone(),
            replicas: Vec::new(),
            plane: control::State::default(),
            tables: Vec::new(),
            written: 0.0,
            committed_s: f64::NEG_INFINITY,
            drawn_to_s: None,
            share: 0.0,
            updates: Vec::new(),
        };
        if let RouterConfig::IngressNginx(nginx) = config {
            router.replicas = vec![nginx::Replica::default(); nginx.replicas];
        }
        router.reset(stream);
        router
    }

    /// Begins again with another stream, keeping the memory.
    pub fn reset(&mut self, stream: Stream) {
        self.stream = stream;
        self.written = 0.0;
        self.committed_s = f64::NEG_INFINITY;
        self.drawn_to_s = None;
        self.share = 0.0;
        self.updates.clear();
        self.tables.clear();
        self.tables.resize(self.config.units().max(1), Table::REST);
        match &self.config {
            RouterConfig::IngressNginx(nginx) => {
                for replica in &mut self.replicas {
                    replica.reset(nginx, &mut self.stream);
                }
            }
            RouterConfig::Control(config) => self.plane.reset(config, &mut self.stream),
            RouterConfig::Instant => {}
        }
    }

    /// The controller wrote a share at this instant.
    pub fn write(&mut self, now_s: f64, share: f64) {
        self.event(now_s, Api::Weight(share));
    }

    /// Endpoints changed (a pod became ready, or left): a sync is asked for.
    pub fn endpoints_changed(&mut self, now_s: f64) {
        self.event(now_s, Api::Endpoints(None));
    }

    /// Endpoints left or were exchanged; the API says so at `at_s`, not before `now_s`. Weights that
    /// are written until then may be told first.
    pub fn slices(&mut self, now_s: f64, at_s: f64, generation: u32) {
        let at_s = match self.config {
            RouterConfig::Instant => now_s,
            _ => at_s,
        };
        self.event(at_s, Api::Slices(generation));
    }

    /// Something happened to the API objects at this instant.
    pub fn event(&mut self, now_s: f64, api: Api) {
        if let Api::Weight(share) | Api::Ingress { share, .. } = api {
            self.written = share;
        }
        if let Api::Weight(_) | Api::Ingress { .. } | Api::Slices(_) = api {
            // Background events of the time when nothing was on its way have left no trace but
            // those of the last moments.
            if self.is_idle() {
                // Their limiter keeps step with the first of them, so where they begin must not.
                let recent_s = now_s - WARM_UP_S - uniform(&mut self.stream) * UNEVEN_S;
                self.drawn_to_s = Some(self.drawn_to_s.map_or(recent_s, |to| to.max(recent_s)));
            }
        }
        match &self.config {
            RouterConfig::Instant => {
                let mut table = self
                    .updates
                    .last()
                    .map_or(self.tables[0], |last| last.table);
                table.apply(api);
                self.updates.push(Update {
                    at_s: now_s,
                    unit: 0,
                    table,
                });
            }
            RouterConfig::IngressNginx(nginx) => {
                let mut committed = now_s;
                if let Api::Weight(_) | Api::Ingress { .. } = api {
                    committed += delay::draw(nginx.write_s, &mut self.stream);
                    self.committed_s = committed;
                }
                for replica in &mut self.replicas {
                    let at = committed + delay::draw(nginx.watch_s, &mut self.stream);
                    replica.learn(at, api);
                }
            }
            RouterConfig::Control(config) => {
                self.plane.learn(now_s, api, config, &mut self.stream);
            }
        }
    }

    /// The earliest instant at which somebody can have seen what follows the last write.
    #[must_use]
    pub fn after_writes_s(&self, now_s: f64) -> f64 {
        now_s.max(self.committed_s)
    }

    /// The changes of the effective share up to `until_s`, in order, each once.
    pub fn advance(&mut self, until_s: f64, mut each: impl FnMut(Change)) {
        let shares = self.tables.iter().map(|table| table.share());
        let mut shares: Vec<f64> = shares.collect();
        self.follow(until_s, |change, _| {
            let known = &mut shares[change.unit];
            if *known != change.unit_share {
                *known = change.unit_share;
                each(change);
            }
        });
    }

    /// Everything that changes in a unit up to `until_s`, in order, with what all units know then.
    pub fn follow(&mut self, until_s: f64, mut each: impl FnMut(Change, &[Table])) {
        if !self.is_idle() {
            self.draw_events(until_s);
            self.collect(until_s);
        }
        let Self {
            updates, tables, ..
        } = self;
        updates.sort_by(|a, b| a.at_s.total_cmp(&b.at_s).then(a.unit.cmp(&b.unit)));
        let units = tables.len() as f64;
        for Update { at_s, unit, table } in updates.drain(..) {
            let before = std::mem::replace(&mut tables[unit], table);
            if before != table {
                let sum: f64 = tables.iter().map(|table| table.share()).sum();
                self.share = sum / units;
                let change = Change {
                    at_s,
                    share: self.share,
                    unit,
                    unit_share: table.share(),
                };
                each(change, tables);
            }
        }
    }

    /// Whether every unit follows what was last written and nothing is on its way.
    fn is_idle(&self) -> bool {
        match &self.config {
            RouterConfig::Instant => true,
            RouterConfig::IngressNginx(nginx) => {
                let tables = self.tables.chunks(nginx.workers.max(1));
                let mut pairs = self.replicas.iter().zip(tables);
                pairs.all(|(replica, tables)| replica.is_idle(tables))
            }
            RouterConfig::Control(_) => self.plane.is_idle(&self.tables),
        }
    }

    /// Every update of a unit that is due.
    fn collect(&mut self, until_s: f64) {
        match &self.config {
            RouterConfig::IngressNginx(nginx) => {
                for (index, replica) in self.replicas.iter_mut().enumerate() {
                    replica.sync(until_s, nginx, &mut self.stream);
                    replica.take(until_s, index * nginx.workers, &mut self.updates);
                }
            }
            RouterConfig::Control(config) => {
                self.plane.run(until_s, config, &mut self.stream);
                self.plane.take(until_s, &mut self.updates);
            }
            RouterConfig::Instant => {}
        }
    }

    /// Background events up to an instant: a Poisson process common to all replicas.
    fn draw_events(&mut self, until_s: f64) {
        let Some(drawn_to) = self.drawn_to_s else {
            return;
        };
        let rate = match &self.config {
            RouterConfig::IngressNginx(nginx) => nginx.events_per_s,
            RouterConfig::Control(plane) => plane.events_per_s,
            RouterConfig::Instant => 0.0,
        };
        if rate <= 0.0 {
            return;
        }
        let mut at = drawn_to;
        loop {
            let gap = exponential(&mut self.stream);
            // Memoryless: a gap that reaches past the end is forgotten and drawn anew from there.
            if at + gap / rate > until_s {
                break;
            }
            at += gap / rate;
            match &self.config {
                RouterConfig::IngressNginx(nginx) => {
                    let api = nginx.background(&mut self.stream);
                    for replica in &mut self.replicas {
                        let seen = at + delay::draw(nginx.watch_s, &mut self.stream);
                        replica.learn(seen, api);
                    }
                }
                RouterConfig::Control(config) => {
                    self.plane.learn(at, Api::Service, config, &mut self.stream);
                }
                RouterConfig::Instant => {}
            }
        }
        self.drawn_to_s = Some(until_s.max(drawn_to));
    }

    /// The share last written, whether or not it is in effect.
    #[must_use]
    pub const fn written(&self) -> f64 {
        self.written
    }

    /// When the workers of each unit were told to finish, for a new generation had been started.
    pub fn quits(&self) -> impl Iterator<Item = (usize, f64)> {
        let workers = match &self.config {
            RouterConfig::IngressNginx(nginx) => nginx.workers,
            _ => 0,
        };
        let replicas = self.replicas.iter().enumerate();
        replicas.flat_map(move |(index, replica)| {
            let units = index * workers..(index + 1) * workers;
            units.flat_map(|unit| replica.quits_s.iter().map(move |at_s| (unit, *at_s)))
        })
    }

    /// What each unit knows after the last change handed out.
    #[must_use]
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The effective share after the last change handed out.
    #[must_use]
    pub const fn share(&self) -> f64 {
        self.share
    }
}

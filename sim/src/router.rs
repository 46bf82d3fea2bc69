//! How a weight travels from the API object to the data path.
//!
//! A controller writes a weight and believes it; requests follow later, worker by worker.
//! ingress-nginx is modelled by its mechanism: validating webhook, informer, one sync at a time
//! behind a token bucket, a POST into shared memory, and Lua workers that poll it once a second.

use std::collections::VecDeque;

use rand::RngExt;
use rand_distr::{Distribution, Exp1, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::stream::Stream;

/// Which router, with its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RouterConfig {
    /// ingress-nginx.
    IngressNginx(IngressNginx),
    /// Weights take effect as they are written.
    Instant,
}

impl Default for RouterConfig {
    fn default() -> Self {
        Self::IngressNginx(IngressNginx::default())
    }
}

/// Parameters of ingress-nginx; times in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IngressNginx {
    /// Controller replicas.
    pub replicas: usize,
    /// nginx workers in each.
    pub workers: usize,
    /// Syncs per second (`--sync-rate-limit`); the burst is 1.
    pub sync_qps: f64,
    /// API write and admission webhook: median and sigma of the logarithm.
    pub write_s: (f64, f64),
    /// Informer delay: median and sigma.
    pub watch_s: (f64, f64),
    /// Building the model: median and sigma.
    pub build_s: (f64, f64),
    /// Posting it to shared memory.
    pub post_s: f64,
    /// Time between polls of one worker.
    pub poll_s: f64,
    /// Other cluster events that ask for a sync, per second.
    pub events_per_s: f64,
    /// Share of them that need a reload.
    pub reload_share: f64,
    /// One parse of the configuration; a sync with a reload takes two more.
    pub parse_s: (f64, f64),
    /// Fixed poll phases instead of drawn ones, one per worker of a replica: for deterministic
    /// cases.
    pub phases_s: Option<Vec<f64>>,
}

impl Default for IngressNginx {
    fn default() -> Self {
        Self {
            replicas: 2,
            workers: 4,
            sync_qps: 0.3,
            write_s: (0.035, 0.6),
            watch_s: (0.010, 0.8),
            build_s: (0.015, 0.5),
            post_s: 0.005,
            poll_s: 1.0,
            events_per_s: 0.2,
            reload_share: 0.02,
            parse_s: (0.05, 0.2),
            phases_s: None,
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
}

/// A router in one replication. Calls must come in order of time.
#[derive(Clone, Debug)]
pub struct Router {
    config: RouterConfig,
    stream: Stream,
    replicas: Vec<Replica>,
    /// The share last written.
    written: f64,
    /// Where the background events have been drawn to; they start with the first write.
    drawn_to_s: Option<f64>,
    share: f64,
    pending: Vec<Change>,
}

#[derive(Clone, Debug, Default)]
struct Replica {
    /// Arrivals of writes: time and share, in order.
    writes: VecDeque<(f64, f64)>,
    /// Arrivals of anything that asks for a sync: time, and whether it needs a reload.
    events: Vec<(f64, bool)>,
    last_sync_s: f64,
    free_at_s: f64,
    next_token_s: f64,
    listed: f64,
    posted: f64,
    phases_s: Vec<f64>,
    tables: Vec<f64>,
    updates: Vec<(f64, usize, f64)>,
}

impl Router {
    /// A router at rest with no traffic on the canary.
    #[must_use]
    pub fn new(config: &RouterConfig, stream: Stream) -> Self {
        let mut router = Self {
            config: config.clone(),
            stream,
            replicas: Vec::new(),
            written: 0.0,
            drawn_to_s: None,
            share: 0.0,
            pending: Vec::new(),
        };
        if let RouterConfig::IngressNginx(nginx) = config {
            router.replicas = (0..nginx.replicas).map(|_| Replica::default()).collect();
        }
        router.reset(router.stream.clone());
        router
    }

    /// Begins again with another stream, keeping the memory.
    pub fn reset(&mut self, stream: Stream) {
        self.stream = stream;
        self.written = 0.0;
        self.drawn_to_s = None;
        self.share = 0.0;
        self.pending.clear();
        let RouterConfig::IngressNginx(nginx) = &self.config else {
            return;
        };
        for replica in &mut self.replicas {
            replica.reset(nginx, &mut self.stream);
        }
    }

    /// The controller wrote a share at this instant.
    pub fn write(&mut self, now_s: f64, share: f64) {
        self.written = share;
        match &self.config {
            RouterConfig::Instant => self.pending.push(Change { at_s: now_s, share }),
            RouterConfig::IngressNginx(nginx) => {
                // Background events of the time when nothing was on its way have left no trace but
                // those of the last moments.
                if self.replicas.iter().all(Replica::is_idle) {
                    let recent_s = now_s - WARM_UP_S;
                    self.drawn_to_s = Some(self.drawn_to_s.map_or(recent_s, |to| to.max(recent_s)));
                }
                let committed = now_s + log_normal(nginx.write_s, &mut self.stream);
                for replica in &mut self.replicas {
                    let mut at = committed + log_normal(nginx.watch_s, &mut self.stream);
                    // One watch delivers in order.
                    if let Some((before, _)) = replica.writes.back() {
                        at = at.max(*before);
                    }
                    replica.writes.push_back((at, share));
                    replica.ask(at, false);
                }
            }
        }
    }

    /// Endpoints changed (a pod became ready, or left): a sync is asked for.
    pub fn endpoints_changed(&mut self, now_s: f64) {
        let RouterConfig::IngressNginx(nginx) = &self.config else {
            return;
        };
        for replica in &mut self.replicas {
            let at = now_s + log_normal(nginx.watch_s, &mut self.stream);
            replica.ask(at, false);
        }
    }

    /// The changes of the effective share up to `until_s`, in order, each once.
    pub fn advance(&mut self, until_s: f64, mut each: impl FnMut(Change)) {
        let idle = self.replicas.iter().all(Replica::is_idle);
        if let (RouterConfig::IngressNginx(nginx), false) = (&self.config, idle) {
            draw_events(
                nginx,
                &mut self.drawn_to_s,
                &mut self.replicas,
                &mut self.stream,
                until_s,
            );
            let units = (nginx.replicas * nginx.workers).max(1) as f64;
            let mut updates: Vec<(f64, usize, usize, f64)> = Vec::new();
            for (index, replica) in self.replicas.iter_mut().enumerate() {
                replica.sync(until_s, nginx, &mut self.stream);
                replica.updates.retain(|(at, worker, share)| {
                    let due = *at <= until_s;
                    if due {
                        updates.push((*at, index, *worker, *share));
                    }
                    !due
                });
            }
            updates.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
            for (at_s, replica, worker, share) in updates {
                let table = &mut self.replicas[replica].tables[worker];
                if *table != share {
                    *table = share;
                    let sum: f64 = self.replicas.iter().flat_map(|r| &r.tables).sum();
                    self.pending.push(Change {
                        at_s,
                        share: sum / units,
                    });
                }
            }
        }
        for change in self.pending.drain(..) {
            self.share = change.share;
            each(change);
        }
    }

    /// The share last written, whether or not it is in effect.
    #[must_use]
    pub const fn written(&self) -> f64 {
        self.written
    }

    /// The effective share after the last change handed out.
    #[must_use]
    pub const fn share(&self) -> f64 {
        self.share
    }
}

/// Background events up to an instant: a Poisson process common to all replicas.
fn draw_events(
    nginx: &IngressNginx,
    drawn_to_s: &mut Option<f64>,
    replicas: &mut [Replica],
    stream: &mut Stream,
    until_s: f64,
) {
    let Some(drawn_to) = *drawn_to_s else {
        return;
    };
    if nginx.events_per_s <= 0.0 {
        return;
    }
    let mut at = drawn_to;
    loop {
        let gap: f64 = Exp1.sample(stream);
        // Memoryless: a gap that reaches past the end is forgotten and drawn anew from there.
        if at + gap / nginx.events_per_s > until_s {
            break;
        }
        at += gap / nginx.events_per_s;
        let reload = stream.random::<f64>() < nginx.reload_share;
        for replica in replicas.iter_mut() {
            let seen = at + log_normal(nginx.watch_s, stream);
            replica.ask(seen, reload);
        }
    }
    *drawn_to_s = Some(until_s.max(drawn_to));
}

/// Background events are drawn from so long before the first write: enough for the limiter to
/// forget.
const WARM_UP_S: f64 = 30.0;

impl Replica {
    fn reset(&mut self, nginx: &IngressNginx, stream: &mut Stream) {
        let phase = |worker: usize| nginx.phases_s.as_ref().and_then(|list| list.get(worker));
        let phases = (0..nginx.workers).map(|worker| match phase(worker) {
            Some(phase) => *phase,
            None => stream.random::<f64>() * nginx.poll_s,
        });
        let phases_s = phases.collect();
        *self = Self {
            last_sync_s: f64::NEG_INFINITY,
            free_at_s: f64::NEG_INFINITY,
            next_token_s: f64::NEG_INFINITY,
            phases_s,
            tables: vec![0.0; nginx.workers],
            ..Self::default()
        };
    }

    /// Whether every worker follows what was last written.
    fn is_idle(&self) -> bool {
        self.writes.is_empty()
            && self.updates.is_empty()
            && self.tables.iter().all(|table| *table == self.listed)
    }

    /// Enqueues a sync in order of arrival.
    fn ask(&mut self, at_s: f64, reload: bool) {
        let index = self.events.partition_point(|(at, _)| *at <= at_s);
        self.events.insert(index, (at_s, reload));
    }

    /// Runs every sync whose token is granted by `until_s`.
    fn sync(&mut self, until_s: f64, nginx: &IngressNginx, stream: &mut Stream) {
        let mut done = 0;
        while let Some((stamp, _)) = self.events.get(done).copied() {
            // queue.go:107: stamped before the last dequeue, already covered.
            if stamp < self.last_sync_s {
                done += 1;
                continue;
            }
            let dequeued = stamp.max(self.free_at_s);
            let granted = dequeued.max(self.next_token_s);
            if granted > until_s {
                break;
            }
            self.last_sync_s = dequeued;
            self.next_token_s = granted + 1.0 / nginx.sync_qps;
            // The state is listed after the grant (controller.go:192), so it holds all that arrived
            // by then.
            while self.writes.front().is_some_and(|(at, _)| *at <= granted) {
                self.listed = self
                    .writes
                    .pop_front()
                    .map_or(self.listed, |(_, share)| share);
            }
            let seen = self.events[done..]
                .iter()
                .take_while(|(at, _)| *at <= granted);
            let reload = seen.filter(|(_, reload)| *reload).count() > 0;
            self.free_at_s = granted + log_normal(nginx.build_s, stream);
            if reload {
                self.free_at_s += 2.0 * log_normal(nginx.parse_s, stream);
            }
            if self.listed != self.posted || reload {
                self.free_at_s += nginx.post_s;
                self.post(nginx);
            }
            done += 1;
        }
        self.events.drain(..done);
    }

    /// Shared memory holds the listed share from `free_at_s`; each worker takes it at its next
    /// poll.
    fn post(&mut self, nginx: &IngressNginx) {
        self.posted = self.listed;
        for (worker, phase) in self.phases_s.iter().enumerate() {
            let polls = ((self.free_at_s - phase) / nginx.poll_s).ceil();
            let at = phase + polls * nginx.poll_s;
            // A poll that comes later than another POST takes the newer value.
            self.updates
                .retain(|(pending, w, _)| *w != worker || *pending < at);
            self.updates.push((at, worker, self.posted));
        }
    }
}

fn log_normal((median, sigma): (f64, f64), stream: &mut Stream) -> f64 {
    if sigma == 0.0 {
        return median;
    }
    let z: f64 = StandardNormal.sample(stream);
    median * (sigma * z).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Purpose, Seed, Streams};

    /// The deterministic preset of the specification's cases.
    fn det(phases_s: &[f64]) -> RouterConfig {
        RouterConfig::IngressNginx(IngressNginx {
            replicas: 1,
            workers: phases_s.len(),
            write_s: (0.0, 0.0),
            watch_s: (0.010, 0.0),
            build_s: (0.020, 0.0),
            post_s: 0.005,
            events_per_s: 0.0,
            phases_s: Some(phases_s.to_vec()),
            ..IngressNginx::default()
        })
    }

    fn seen(phases_s: &[f64], writes: &[(f64, f64)]) -> Vec<(f64, f64)> {
        let stream = Streams::new(Seed(1), "router", 0).get(Purpose::Router);
        let mut router = Router::new(&det(phases_s), stream);
        let mut changes = Vec::new();
        let mut keep = |change: Change| {
            let round = |x: f64| (x * 1000.0).round() / 1000.0;
            changes.push((round(change.at_s), round(change.share)));
        };
        for (at, share) in writes {
            router.advance(*at, &mut keep);
            router.write(*at, *share);
        }
        router.advance(60.0, &mut keep);
        changes
    }

    #[test]
    fn a_single_write_is_seen_at_the_next_poll_of_each_worker() {
        assert_eq!(seen(&[0.4], &[(0.0, 10.0)]), [(0.4, 10.0)]);
        assert_eq!(seen(&[0.4, 0.9], &[(0.0, 10.0)]), [(0.4, 5.0), (0.9, 10.0)]);
    }

    #[test]
    fn a_second_write_waits_for_the_token_and_a_third_replaces_it() {
        let writes = [(0.0, 10.0), (1.0, 20.0), (2.0, 30.0), (7.0, 40.0)];
        assert_eq!(seen(&[0.4], &writes[..2]), [(0.4, 10.0), (3.4, 20.0)]);
        assert_eq!(seen(&[0.4], &writes[..3]), [(0.4, 10.0), (3.4, 30.0)]);
        // A redundant no-op sync at 6.677 spent the token.
        assert_eq!(
            seen(&[0.4], &writes),
            [(0.4, 10.0), (3.4, 30.0), (10.4, 40.0)]
        );
    }

    #[test]
    fn a_burst_of_writes_shows_only_what_each_sync_listed() {
        let writes: Vec<_> = (0..20)
            .map(|i| (f64::from(i) * 0.5, f64::from(i + 1)))
            .collect();
        assert_eq!(
            seen(&[0.4], &writes),
            [(0.4, 1.0), (3.4, 7.0), (7.4, 14.0), (10.4, 20.0)]
        );
    }

    /// Seconds from a write until every worker follows, sorted.
    fn lags(events_per_s: f64) -> Vec<f64> {
        let config = RouterConfig::IngressNginx(IngressNginx {
            events_per_s,
            write_s: (0.0, 0.0),
            ..IngressNginx::default()
        });
        let streams = |trial| Streams::new(Seed(5), "lag", trial).get(Purpose::Router);
        let mut router = Router::new(&config, streams(0));
        let mut lags: Vec<f64> = (0..4_000)
            .map(|trial| {
                router.reset(streams(trial));
                router.write(100.0, 0.5);
                let mut last = 0.0;
                router.advance(200.0, |change| last = change.at_s - 100.0);
                last
            })
            .collect();
        lags.sort_by(f64::total_cmp);
        lags
    }

    /// Table 6.3 of the router notes: 2 replicas of 4 workers; tolerance 10 % and 0.15 s.
    #[test]
    fn lag_quantiles_match_the_reference_model() {
        for (events_per_s, p50, p90, p99) in [(0.02, 0.96, 1.04, 3.8), (0.2, 1.6, 3.7, 4.2)] {
            let lags = lags(events_per_s);
            for (index, expected) in [(2_000, p50), (3_600, p90), (3_960, p99)] {
                let close = (lags[index] - expected).abs() < 0.1 * expected + 0.15;
                assert!(close, "{events_per_s}: {} for {expected}", lags[index]);
            }
        }
    }
}

//! ingress-nginx: validating webhook, informer, one sync at a time behind a token bucket, a POST
//! into shared memory, and Lua workers that poll it once a second.
//!
//! Sources are of controller v1.15.1. A weight alone never reloads nginx; a reload in the same sync
//! delays it by two parses, and an invalid configuration freezes it, because the POST comes after
//! the reload in the same function (controller.go:185-281).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{Api, Table, Update, Upstream, delay};
use crate::draw::uniform;
use crate::stream::Stream;

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
    /// How it treats its backends.
    pub upstream: Upstream,
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
            upstream: Upstream::INGRESS_NGINX,
        }
    }
}

impl IngressNginx {
    /// One replica and one worker that polls at 0.4 s and every second after, fixed delays, nothing
    /// else going on.
    #[must_use]
    pub fn deterministic(self) -> Self {
        Self {
            replicas: 1,
            workers: 1,
            write_s: (0.0, 0.0),
            watch_s: (0.010, 0.0),
            build_s: (0.020, 0.0),
            post_s: 0.005,
            events_per_s: 0.0,
            parse_s: (1.0, 0.0),
            phases_s: Some(vec![0.4]),
            ..self
        }
    }

    /// A background event.
    pub(super) fn background(&self, stream: &mut Stream) -> Api {
        if uniform(stream) < self.reload_share {
            Api::Reload
        } else {
            Api::Service
        }
    }
}

/// An element of the controller's queue.
#[derive(Clone, Copy, Debug)]
struct Item {
    at_s: f64,
    /// Retries carry none: they are never skipped.
    stamp_s: Option<f64>,
    /// The object; retries back off per object.
    key: usize,
}

/// The configuration that one worker last took, and when.
#[derive(Clone, Copy, Debug)]
struct Taken {
    at_s: f64,
    stamp: f64,
    /// The stamp it knew before.
    earlier: f64,
}

const NOTHING_TAKEN: Taken = Taken {
    at_s: f64::NEG_INFINITY,
    stamp: f64::NEG_INFINITY,
    earlier: f64::NEG_INFINITY,
};

/// From the start of new workers to the signal that makes the old ones finish
/// (ngx_process_cycle.c:225-243).
const QUIT_S: f64 = 0.1;

const KEYS: usize = 4;

/// client-go's `ItemExponentialFailureRateLimiter`: 5 ms doubled up to 1000 s.
const BACKOFF_S: (f64, f64) = (0.005, 1000.0);

/// One controller pod.
#[derive(Clone, Debug)]
pub(super) struct Replica {
    /// Arrivals of what the store learns: time and change, in order.
    news: VecDeque<(f64, Api)>,
    queue: VecDeque<Item>,
    failures: [i32; KEYS],
    last_sync_s: f64,
    free_at_s: f64,
    next_token_s: f64,
    listed: Table,
    posted: Table,
    needs_reload: bool,
    broken: bool,
    /// When the next generation of workers takes over, and the phase in which it polls from then on.
    swap_s: f64,
    next_phase_s: f64,
    /// When workers were told to finish.
    pub(super) quits_s: Vec<f64>,
    phases_s: Vec<f64>,
    taken: Vec<Taken>,
    updates: Vec<Update>,
}

impl Default for Replica {
    fn default() -> Self {
        Self {
            news: VecDeque::new(),
            queue: VecDeque::new(),
            failures: [0; KEYS],
            last_sync_s: f64::NEG_INFINITY,
            free_at_s: f64::NEG_INFINITY,
            next_token_s: f64::NEG_INFINITY,
            listed: Table::REST,
            posted: Table::REST,
            needs_reload: false,
            broken: false,
            swap_s: f64::INFINITY,
            next_phase_s: 0.0,
            quits_s: Vec::new(),
            phases_s: Vec::new(),
            taken: Vec::new(),
            updates: Vec::new(),
        }
    }
}

impl Replica {
    pub(super) fn reset(&mut self, nginx: &IngressNginx, stream: &mut Stream) {
        let mut kept = std::mem::take(self);
        kept.news.clear();
        kept.queue.clear();
        kept.quits_s.clear();
        kept.updates.clear();
        kept.taken.clear();
        kept.taken.resize(nginx.workers, NOTHING_TAKEN);
        kept.phases_s.clear();
        let fixed = |worker: usize| nginx.phases_s.as_ref().and_then(|list| list.get(worker));
        kept.phases_s
            .extend((0..nginx.workers).map(|worker| match fixed(worker) {
                Some(phase) => *phase,
                None => uniform(stream) * nginx.poll_s,
            }));
        *self = Self {
            news: kept.news,
            queue: kept.queue,
            quits_s: kept.quits_s,
            updates: kept.updates,
            taken: kept.taken,
            phases_s: kept.phases_s,
            ..Self::default()
        };
    }

    /// Whether every worker follows what was last written.
    pub(super) fn is_idle(&self, tables: &[Table]) -> bool {
        self.news.is_empty()
            && self.updates.is_empty()
            && tables.iter().all(|table| table.is_same(&self.listed))
    }

    /// The informer tells the store, then the queue.
    pub(super) fn learn(&mut self, at_s: f64, api: Api) {
        let key = match api {
            Api::Weight(_) | Api::Ingress { .. } => 0,
            Api::Endpoints(_) | Api::Slices(_) => 1,
            Api::Service => 2,
            Api::Reload | Api::Broken | Api::Fixed => 3,
        };
        let mut at_s = at_s;
        if !matches!(api, Api::Service | Api::Endpoints(None)) {
            // One watch delivers in order.
            let same =
                self.news.iter().rev().find(|(_, other)| {
                    std::mem::discriminant(other) == std::mem::discriminant(&api)
                });
            at_s = same.map_or(at_s, |(before, _)| at_s.max(*before));
            let later = self.news.iter().rev().take_while(|(at, _)| *at > at_s);
            let index = self.news.len() - later.count();
            self.news.insert(index, (at_s, api));
        }
        self.enqueue(Item {
            at_s,
            stamp_s: Some(at_s),
            key,
        });
    }

    fn enqueue(&mut self, item: Item) {
        // Nearly always the last.
        let later = self.queue.iter().rev();
        let later = later.take_while(|other| other.at_s > item.at_s);
        self.queue.insert(self.queue.len() - later.count(), item);
    }

    /// Runs every sync whose token is granted by `until_s`.
    pub(super) fn sync(&mut self, until_s: f64, nginx: &IngressNginx, stream: &mut Stream) {
        while let Some(item) = self.queue.front().copied() {
            // queue.go:107: stamped before the last dequeue, already covered.
            if item.stamp_s.is_some_and(|stamp| stamp < self.last_sync_s) {
                self.queue.pop_front();
                continue;
            }
            let dequeued = item.at_s.max(self.free_at_s);
            let granted = dequeued.max(self.next_token_s);
            if granted > until_s {
                break;
            }
            self.queue.pop_front();
            self.next_token_s = granted + 1.0 / nginx.sync_qps;
            self.list(granted);
            if self.sync_once(granted, nginx, stream) {
                self.failures[item.key] = 0;
                self.last_sync_s = dequeued;
            } else {
                let failures = &mut self.failures[item.key];
                let wait_s = (BACKOFF_S.0 * 2f64.powi(*failures)).min(BACKOFF_S.1);
                *failures += 1;
                self.enqueue(Item {
                    at_s: self.free_at_s + wait_s,
                    stamp_s: None,
                    key: item.key,
                });
            }
        }
    }

    /// The state is listed after the grant (controller.go:192), so it holds all that arrived by
    /// then.
    fn list(&mut self, granted: f64) {
        while let Some((at, api)) = self.news.front().copied()
            && at <= granted
        {
            self.news.pop_front();
            self.listed.apply(api);
            match api {
                Api::Reload => self.needs_reload = true,
                Api::Broken | Api::Fixed => {
                    self.needs_reload = true;
                    self.broken = api == Api::Broken;
                }
                _ => {}
            }
        }
    }

    /// Build, reload when needed, POST. False when the configuration is refused: weights freeze.
    fn sync_once(&mut self, granted: f64, nginx: &IngressNginx, stream: &mut Stream) -> bool {
        self.free_at_s = granted + delay::draw(nginx.build_s, stream);
        let reload = std::mem::take(&mut self.needs_reload);
        if reload {
            let parse_s = delay::draw(nginx.parse_s, stream);
            if self.broken {
                // OnUpdate fails in `nginx -t` and returns before the POST (controller.go:221-229).
                self.free_at_s += parse_s;
                self.needs_reload = true;
                return false;
            }
            self.free_at_s += 2.0 * parse_s;
            // The master parses a third time, then forks workers that read the dictionary.
            self.swap(self.free_at_s + parse_s, nginx);
        }
        if !self.listed.is_same(&self.posted) || reload {
            self.free_at_s += nginx.post_s;
            self.post(nginx);
        }
        true
    }

    /// New workers start at `at_s`, all in one phase. The old ones take requests until they are told
    /// to finish, and poll until then.
    fn swap(&mut self, at_s: f64, nginx: &IngressNginx) {
        self.settle_swap(self.free_at_s);
        self.swap_s = at_s + QUIT_S;
        self.next_phase_s = at_s.rem_euclid(nginx.poll_s);
        self.quits_s.push(self.swap_s);
        for worker in 0..self.phases_s.len() {
            // A fresh worker takes what is there, whatever its stamp.
            self.updates
                .retain(|update| update.unit != worker || update.at_s < self.swap_s);
            self.updates.push(Update {
                at_s: self.swap_s,
                unit: worker,
                table: self.posted,
            });
        }
    }

    /// Workers that have been replaced by an instant poll in their own phase from then on.
    fn settle_swap(&mut self, now_s: f64) {
        if self.swap_s <= now_s {
            self.phases_s.fill(self.next_phase_s);
            self.swap_s = f64::INFINITY;
        }
    }

    /// Shared memory holds the listed table from `free_at_s`; each worker takes it at its next
    /// poll.
    fn post(&mut self, nginx: &IngressNginx) {
        let now_s = self.free_at_s;
        self.settle_swap(now_s);
        self.posted = self.listed;
        // Stamps are whole seconds (configuration.lua:210), and a worker passes over one that is
        // not newer than its own (balancer.lua:156).
        let stamp = now_s.floor();
        for (worker, phase) in self.phases_s.iter().enumerate() {
            let polls = ((now_s - phase) / nginx.poll_s).ceil();
            let poll_s = phase + polls * nginx.poll_s;
            let known = &mut self.taken[worker];
            let earlier = if known.at_s < now_s {
                known.stamp
            } else {
                known.earlier
            };
            let at_s = match poll_s < self.swap_s && earlier >= stamp {
                // Passed over; a worker that is about to be replaced leaves it to its successor.
                true if self.swap_s.is_finite() => self.swap_s,
                true => continue,
                false => poll_s.min(self.swap_s),
            };
            *known = Taken {
                at_s,
                stamp,
                earlier,
            };
            // A poll that comes later than another POST takes the newer value.
            self.updates
                .retain(|update| update.unit != worker || update.at_s < at_s);
            self.updates.push(Update {
                at_s,
                unit: worker,
                table: self.posted,
            });
        }
    }

    /// Hands out the updates that are due; this replica's units start at `first`.
    pub(super) fn take(&mut self, until_s: f64, first: usize, due: &mut Vec<Update>) {
        self.updates.retain(|update| {
            let is_due = update.at_s <= until_s;
            if is_due {
                due.push(Update {
                    unit: first + update.unit,
                    ..*update
                });
            }
            !is_due
        });
    }
}

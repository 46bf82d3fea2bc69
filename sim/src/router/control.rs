//! A control plane: it watches the API, gathers changes by its own rule, builds a configuration and
//! pushes it to every unit of the data path through a queue.

use std::collections::VecDeque;

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::{Api, Table, Update, Upstream, delay};
use crate::draw::{exponential, uniform};
use crate::stream::Stream;

/// How changes are gathered before a build.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Batching {
    /// The build starts when nothing came for `quiet_s`, at the latest `max_s` after the first
    /// change (istio pilot/pkg/xds/discovery.go `debounce`).
    Debounce {
        /// Seconds.
        quiet_s: f64,
        /// Seconds.
        max_s: f64,
    },
    /// At once when idle; what comes while a build runs is built next, as one.
    Coalesce,
    /// The newest goes on at once, then nothing for `sleep_s` (traefik aggregator.go:44).
    Throttle {
        /// Seconds.
        sleep_s: f64,
    },
    /// A loop looks every `interval_s`.
    Loop {
        /// Seconds.
        interval_s: f64,
    },
}

/// Parameters of a control plane; times in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControlPlane {
    /// Proxies, replicas or nodes.
    pub units: usize,
    /// From the API to the control plane: median and sigma.
    pub watch_s: (f64, f64),
    /// Other changes that occupy it, per second.
    pub events_per_s: f64,
    /// How changes are gathered.
    pub batching: Batching,
    /// Building and delivering one configuration, stage by stage: each a median and sigma.
    pub build_s: Vec<(f64, f64)>,
    /// Share of builds that a throttled API delays, and the mean of that delay.
    pub throttled: (f64, f64),
    /// Units served at once by the push queue.
    pub concurrency: usize,
    /// Time in the queue's hands for each unit.
    pub push_s: f64,
    /// Taking effect in a unit: median and sigma.
    pub apply_s: (f64, f64),
    /// Share of the units that are busy, and the longest wait of one.
    pub busy: (f64, f64),
    /// How it treats its backends.
    pub upstream: Upstream,
}

impl ControlPlane {
    /// Medians instead of draws, nothing else going on.
    #[must_use]
    pub fn deterministic(mut self) -> Self {
        self.watch_s.1 = 0.0;
        self.apply_s.1 = 0.0;
        self.build_s.iter_mut().for_each(|stage| stage.1 = 0.0);
        Self {
            events_per_s: 0.0,
            throttled: (0.0, 0.0),
            busy: (0.0, 0.0),
            ..self
        }
    }
}

/// What a control plane does in one replication.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// Arrivals: time and change, in order.
    news: VecDeque<(f64, Api)>,
    known: Option<Table>,
    /// The configuration last pushed.
    pushed: Option<Table>,
    free_at_s: f64,
    phase_s: f64,
    /// When the push queue is empty.
    tail_s: f64,
    /// When each unit leaves the queue.
    leaves_s: Vec<f64>,
    order: Vec<usize>,
    updates: Vec<Update>,
}

impl State {
    pub(super) fn reset(&mut self, config: &ControlPlane, stream: &mut Stream) {
        self.news.clear();
        self.updates.clear();
        self.known = None;
        self.pushed = None;
        self.free_at_s = f64::NEG_INFINITY;
        self.tail_s = f64::NEG_INFINITY;
        self.phase_s = match config.batching {
            Batching::Loop { interval_s } => uniform(stream) * interval_s,
            _ => 0.0,
        };
        self.leaves_s.clear();
        self.leaves_s.resize(config.units, f64::NEG_INFINITY);
        self.order.clear();
        self.order.extend(0..config.units);
    }

    fn known(&self) -> Table {
        self.known.unwrap_or(Table::REST)
    }

    pub(super) fn is_idle(&self, tables: &[Table]) -> bool {
        let known = self.known();
        let waiting = self.news.iter().any(|(_, api)| *api != Api::Service);
        !waiting && self.updates.is_empty() && tables.iter().all(|table| *table == known)
    }

    pub(super) fn learn(&mut self, now_s: f64, api: Api, config: &ControlPlane, s: &mut Stream) {
        let mut at_s = now_s + delay::draw(config.watch_s, s);
        if api != Api::Service {
            // One watch delivers in order.
            let kind = std::mem::discriminant(&api);
            let mut before = self.news.iter().rev();
            let last = before.find(|(_, other)| std::mem::discriminant(other) == kind);
            at_s = last.map_or(at_s, |(before, _)| at_s.max(*before));
        }
        let index = self.news.partition_point(|(at, _)| *at <= at_s);
        self.news.insert(index, (at_s, api));
    }

    /// Runs every build that begins by `until_s`.
    pub(super) fn run(&mut self, until_s: f64, config: &ControlPlane, stream: &mut Stream) {
        while let Some(begin_s) = self.next_build(config.batching) {
            if begin_s > until_s {
                break;
            }
            let mut known = self.known();
            while let Some((at, api)) = self.news.front().copied()
                && at <= begin_s
            {
                self.news.pop_front();
                known.apply(api);
            }
            self.known = Some(known);
            let mut built_s = begin_s;
            for stage in &config.build_s {
                built_s += delay::draw(*stage, stream);
            }
            let (share, mean_s) = config.throttled;
            if share > 0.0 && uniform(stream) < share {
                let wait = exponential(stream);
                built_s += wait * mean_s;
            }
            self.free_at_s = match config.batching {
                Batching::Throttle { sleep_s } => begin_s + sleep_s,
                _ => built_s,
            };
            self.push(built_s, known, config, stream);
        }
    }

    /// When the next build begins, if anything asks for one.
    fn next_build(&self, batching: Batching) -> Option<f64> {
        let first_s = self.news.front()?.0;
        let ready_s = first_s.max(self.free_at_s);
        Some(match batching {
            Batching::Coalesce | Batching::Throttle { .. } => ready_s,
            Batching::Loop { interval_s } => {
                let laps = ((ready_s - self.phase_s) / interval_s).ceil();
                self.phase_s + laps * interval_s
            }
            Batching::Debounce { quiet_s, max_s } => {
                let latest_s = (first_s + max_s).max(self.free_at_s);
                let mut quiet_since_s = first_s;
                for (at_s, _) in &self.news {
                    if *at_s >= (quiet_since_s + quiet_s).max(self.free_at_s) || *at_s > latest_s {
                        break;
                    }
                    quiet_since_s = *at_s;
                }
                (quiet_since_s + quiet_s).max(self.free_at_s).min(latest_s)
            }
        })
    }

    /// A unit that still waits for an older push keeps its place and gets the newer one.
    fn push(&mut self, at_s: f64, table: Table, config: &ControlPlane, stream: &mut Stream) {
        self.order.shuffle(stream);
        let changed = !self.pushed.unwrap_or(Table::REST).is_same(&table);
        self.pushed = Some(table);
        let gap_s = config.push_s / config.concurrency.max(1) as f64;
        for unit in &self.order {
            if self.leaves_s[*unit] <= at_s {
                self.tail_s = self.tail_s.max(at_s) + gap_s;
                self.leaves_s[*unit] = self.tail_s + config.push_s;
            }
            if !changed {
                continue;
            }
            let mut seen_s = self.leaves_s[*unit] + delay::draw(config.apply_s, stream);
            let (busy, wait_s) = config.busy;
            if busy > 0.0 && uniform(stream) < busy {
                seen_s += uniform(stream) * wait_s;
            }
            // A unit never goes back to an older configuration.
            self.updates
                .retain(|update| update.unit != *unit || update.at_s < seen_s);
            self.updates.push(Update {
                at_s: seen_s,
                unit: *unit,
                table,
            });
        }
    }

    pub(super) fn take(&mut self, until_s: f64, due: &mut Vec<Update>) {
        self.updates.retain(|update| {
            let is_due = update.at_s <= until_s;
            if is_due {
                due.push(*update);
            }
            !is_due
        });
    }
}

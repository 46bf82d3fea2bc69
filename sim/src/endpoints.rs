//! Which pods the data path believes in: what changed of the endpoints reaches each unit of a router
//! later than the API, and until then it sends requests to pods that have left.

use crate::pods::Pod;
use crate::router::{EmptyCanary, Table, Upstream};
use crate::split::{Cohort, Segment};

/// A change of endpoints that some unit may not know of yet.
#[derive(Clone, Copy, Debug)]
struct Change {
    /// Units that have seen this generation know of it.
    generation: u32,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    /// Ready pods of a workload were removed.
    Left {
        workload: usize,
        cohort: Cohort,
        pods: u32,
        /// When they stop taking connections.
        stops_s: f64,
    },
    /// A Service selected other pods before.
    Pointed { service: usize, before: usize },
}

/// Changes on their way into the routers' tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Endpoints {
    generation: u32,
    changes: Vec<Change>,
}

/// Endpoints of a backend as one unit of the data path knows them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pool {
    /// Those that take requests, by cohort.
    pub(crate) serving: [u32; 3],
    /// Those that refuse connections, by cohort.
    pub(crate) dead: [u32; 3],
}

impl Pool {
    pub(crate) fn known(&self) -> u32 {
        self.serving.iter().sum::<u32>() + self.refusing()
    }

    pub(crate) fn refusing(&self) -> u32 {
        self.dead.iter().sum()
    }
}

impl Segment {
    /// Adds a part of all requests that one unit of the router splits by weight.
    pub(crate) fn send(
        &mut self,
        weight: f64,
        part: f64,
        (stable, canary): (&Pool, &Pool),
        upstream: Upstream,
    ) {
        if upstream.needs_stable && stable.known() == 0 {
            self.refused[Cohort::PrimaryOld as usize] += part;
            return;
        }
        let to_stable = canary.known() == 0 && upstream.empty_canary == EmptyCanary::ToStable;
        let weight = if to_stable { 0.0 } else { weight };
        if weight > 0.0 {
            let refuser = Cohort::Canary;
            self.hand_to(weight * part, (canary, refuser), upstream);
        }
        self.hand((1.0 - weight) * part, stable, upstream);
    }

    /// Adds requests that the main backend gets.
    pub(crate) fn hand(&mut self, mass: f64, pool: &Pool, upstream: Upstream) {
        self.hand_to(mass, (pool, Cohort::PrimaryOld), upstream);
    }

    /// Adds requests that a backend gets: its pods serve them, but for those that meet nothing but
    /// pods that have stopped. A backend without endpoints is counted as a cohort.
    fn hand_to(&mut self, mass: f64, (pool, empty): (&Pool, Cohort), upstream: Upstream) {
        if mass <= 0.0 {
            return;
        }
        let (known, refusing) = (pool.known(), pool.refusing());
        if known == 0 {
            self.refused[empty as usize] += mass;
            return;
        }
        let refused = mass * upstream.all_refuse(refusing, known);
        let served = mass - refused;
        for cohort in Cohort::ALL {
            let index = cohort as usize;
            let (serving, dead) = (pool.serving[index], pool.dead[index]);
            if serving > 0 && served > 0.0 {
                self.share[index] += match known - refusing {
                    all if all == serving => served,
                    all => served * f64::from(serving) / f64::from(all),
                };
                self.pods[index] = match self.pods[index] {
                    // All are leaving, and still there.
                    0 => serving,
                    live => live,
                };
            }
            if dead > 0 {
                self.refused[index] += refused * f64::from(dead) / f64::from(refusing);
            }
        }
    }
}

impl Endpoints {
    /// Whether every unit knows all.
    pub(crate) const fn is_settled(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether requests can fare differently by what a unit knows, where `live` pods of the workloads
    /// serve, behind a backend each or behind one, and `tries` are made: fewer leaving pods than tries
    /// are hidden.
    pub(crate) fn matter(&self, live: [u32; 2], one_backend: bool, tries: u32) -> bool {
        let mut leaving = [0; 2];
        for change in &self.changes {
            match change.what {
                What::Pointed { .. } => return true,
                What::Left { workload, pods, .. } => leaving[workload.min(1)] += pods,
            }
        }
        if one_backend {
            let (leaving, live) = (leaving[0] + leaving[1], live[0] + live[1]);
            return leaving > 0 && (live == 0 || leaving >= tries);
        }
        let mut pairs = leaving.into_iter().zip(live);
        pairs.any(|(leaving, live)| leaving > 0 && (live == 0 || leaving >= tries))
    }

    /// The generation that units have seen who know all.
    pub(crate) const fn generation(&self) -> u32 {
        self.generation
    }

    /// Notes ready pods of a workload that were removed and stop taking connections at an instant.
    pub(crate) fn left(&mut self, workload: usize, (cohort, pods): (Cohort, u32), stops_s: f64) {
        self.note(What::Left {
            workload,
            cohort,
            pods,
            stops_s,
        });
    }

    /// Notes that a Service selected other pods before.
    pub(crate) fn pointed(&mut self, service: usize, before: usize) {
        self.note(What::Pointed { service, before });
    }

    fn note(&mut self, what: What) {
        self.generation += 1;
        let generation = self.generation;
        self.changes.push(Change { generation, what });
    }

    /// Forgets what every unit knows.
    pub(crate) fn forget(&mut self, tables: &[Table]) {
        if let Some(seen) = tables.iter().map(|table| table.seen).min() {
            self.changes.retain(|change| change.generation > seen);
        }
    }

    /// When the next removed pod stops taking connections.
    pub(crate) fn next_stop_s(&self, now_s: f64) -> Option<f64> {
        let stops = self.changes.iter().filter_map(|change| match change.what {
            What::Left { stops_s, .. } => Some(stops_s),
            What::Pointed { .. } => None,
        });
        stops.filter(|at_s| *at_s > now_s).min_by(f64::total_cmp)
    }

    /// Adds to a pool the removed pods of a workload that a unit still knows.
    pub(crate) fn add_left(&self, workload: usize, seen: u32, now_s: f64, pool: &mut Pool) {
        for change in self.changes.iter().filter(|one| one.generation > seen) {
            if let What::Left {
                workload: of,
                cohort,
                pods,
                stops_s,
            } = change.what
                && of == workload
            {
                let known = if now_s < stops_s {
                    &mut pool.serving
                } else {
                    &mut pool.dead
                };
                known[cohort as usize] += pods;
            }
        }
    }

    /// The workload that a Service selects as a unit knows it.
    pub(crate) fn selected(&self, service: usize, seen: u32, now: usize) -> usize {
        let unseen = self.changes.iter().filter(|one| one.generation > seen);
        let mut earlier = unseen.filter_map(|change| match change.what {
            What::Pointed {
                service: of,
                before,
            } if of == service => Some(before),
            _ => None,
        });
        earlier.next().unwrap_or(now)
    }
}

/// Of removed pods, those that were endpoints.
pub(crate) fn were_ready(gone: &[(Pod, coalmine_policy::Time)]) -> impl Iterator<Item = &Pod> {
    let ready = gone.iter().filter(|(pod, at)| pod.ready_at <= *at);
    ready.map(|(pod, _)| pod)
}

//! Processes that die and are started again.

use coalmine_policy::{Span, Time};

use super::{Pod, PodSet, Startup};
use crate::draw::exponential;
use crate::fault::{Fault, Versions};
use crate::scenario::Scenario;
use crate::stream::{Purpose, Stream};

/// The kubelet's back-off after the second death (kubelet.go, `backOffPeriod`); it doubles.
const BACK_OFF: Span = Span::from_secs(10);
/// Its limit (kubelet.go, `MaxContainerBackOff`).
const BACK_OFF_MAX: Span = Span::from_secs(300);
/// A process that has run for so long is a good one again: twice the limit (client-go
/// util/flowcontrol/backoff.go, `hasExpired`).
const RESET_AFTER: Span = Span::from_secs(600);

/// What kills the processes of a scenario's pods.
#[derive(Clone, Debug, Default)]
pub struct Crashes {
    /// Each on its own.
    pub list: Vec<Crash>,
    /// How long requests still go to a dead process: what they meet in that time is what it had in
    /// work (Little's law).
    pub in_work: Span,
}

/// One thing that kills processes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crash {
    every_s: f64,
    after_age: Span,
    from_s: f64,
    until_s: f64,
    versions: Versions,
    pods: u32,
}

impl Crashes {
    /// Those of a scenario.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        let one = |fault: &Fault| {
            Some(Crash {
                every_s: fault.crash_every_s?,
                after_age: fault.onset.after_age.unwrap_or(Span::ZERO),
                from_s: fault.onset.from_s.unwrap_or(f64::NEG_INFINITY),
                until_s: fault.onset.until_s.unwrap_or(f64::INFINITY),
                versions: fault.scope.versions,
                pods: fault.scope.pods.unwrap_or(u32::MAX),
            })
        };
        Self {
            list: scenario.faults.iter().filter_map(one).collect(),
            in_work: Span::from_secs_f64(scenario.service.latency.mean_s()),
        }
    }
}

impl Crash {
    /// When it kills a process that is ready from `since` on.
    fn next(&self, pod: &Pod, since: Time, stream: &mut Stream) -> Option<Time> {
        if !self.versions.include(pod.version) || pod.rank >= self.pods {
            return None;
        }
        let begins_s = (since + self.after_age).as_secs_f64().max(self.from_s);
        let unit = exponential(stream);
        let at_s = begins_s + unit * self.every_s;
        (at_s < self.until_s).then(|| Time::ZERO + Span::from_secs_f64(at_s))
    }
}

/// A process is dead or not yet ready again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// The pod.
    pub ordinal: u32,
    /// The process dies.
    pub from: Time,
    /// Its pod gets no more requests.
    pub seen: Time,
    /// The next process is ready.
    pub to: Time,
}

/// What is to come of a pod's process.
#[derive(Clone, Debug)]
pub(super) struct Fate {
    pub(super) ordinal: u32,
    /// When it dies, if it ever does.
    dies_at: Option<Time>,
    /// When it was started.
    started: Time,
    /// How often it was started again since the back-off was last reset.
    restarts: u32,
    stream: Stream,
}

impl Fate {
    /// How long the kubelet waits before it starts the process again: not at all at first.
    fn back_off(&mut self, died: Time) -> Span {
        if died.since(self.started) > RESET_AFTER {
            self.restarts = 0;
        }
        self.restarts += 1;
        match self.restarts {
            1 => Span::ZERO,
            n => {
                let doubled = BACK_OFF.nanos() << (n - 2).min(8);
                Span::from_nanos(doubled.min(BACK_OFF_MAX.nanos()))
            }
        }
    }
}

impl PodSet {
    /// Draws when a new pod's process dies.
    pub(super) fn foretell(&mut self, pod: &Pod, startup: &Startup<'_>) {
        let crashes = &startup.crashes.list;
        if crashes.is_empty() {
            return;
        }
        let purpose = Purpose::Crash(self.id, pod.ordinal);
        let mut stream = startup.streams.get(purpose);
        self.fates.push(Fate {
            ordinal: pod.ordinal,
            dies_at: next_death(crashes, pod, pod.ready_at, &mut stream),
            started: pod.ready_at,
            restarts: 0,
            stream,
        });
    }

    /// Lets the processes die and start again whose time has come.
    pub(super) fn live_and_die(&mut self, now: Time, startup: &Startup<'_>) {
        if startup.crashes.list.is_empty() {
            return;
        }
        // Pods that were there at the start.
        if self.fates.is_empty() {
            for pod in self.pods.clone() {
                self.foretell(&pod, startup);
            }
        }
        for fate in &mut self.fates {
            let Some(pod) = self.pods.iter().find(|pod| pod.ordinal == fate.ordinal) else {
                continue;
            };
            while let Some(died) = fate.dies_at.filter(|at| *at <= now) {
                let started = died + fate.back_off(died);
                let ready = started + startup.again(&mut fate.stream);
                fate.started = started;
                fate.dies_at = next_death(&startup.crashes.list, pod, ready, &mut fate.stream);
                self.outages.push(Outage {
                    ordinal: fate.ordinal,
                    from: died,
                    seen: (died + startup.crashes.in_work).min(ready),
                    to: ready,
                });
            }
        }
    }

    /// Notes when the Deployment's availability changes (deployment/util: a condition keeps its time
    /// while status and reason stay).
    pub(super) fn note_availability(&mut self, now: Time) {
        if self.fates.is_empty() && self.short_since.is_none() {
            return;
        }
        let short = self.available(now) < self.desired - self.desired / 4;
        if self.short_since.is_none_or(|(was, _)| was != short) {
            self.short_since = Some((short, now));
        }
    }

    /// Whether a pod takes traffic, as the API knows.
    pub(super) fn is_ready(&self, pod: &Pod, now: Time) -> bool {
        let is_out = |outage: &Outage| {
            outage.ordinal == pod.ordinal && outage.seen <= now && now < outage.to
        };
        pod.ready_at <= now && !self.outages.iter().any(is_out)
    }

    /// Whether a pod's process has died and requests still go there.
    pub(super) fn is_dead(&self, pod: &Pod, now: Time) -> bool {
        let is_dead = |outage: &Outage| {
            outage.ordinal == pod.ordinal && outage.from <= now && now < outage.seen
        };
        self.outages.iter().any(is_dead)
    }

    /// Pods of a version that get requests and have died.
    #[must_use]
    pub fn dead(&self, now: Time, version: crate::fault::Version) -> u32 {
        if self.outages.is_empty() {
            return 0;
        }
        let dead = |pod: &&Pod| pod.version == version && self.is_dead(pod, now);
        self.pods.iter().filter(dead).count() as u32
    }

    /// Since when a pod is ready that is.
    pub(super) fn ready_since(&self, pod: &Pod, now: Time) -> Time {
        let own = self
            .outages
            .iter()
            .filter(|o| o.ordinal == pod.ordinal && o.to <= now);
        own.map(|outage| outage.to).fold(pod.ready_at, Time::max)
    }

    /// While a pod's process was dead and the next not ready.
    pub fn outages(&self) -> &[Outage] {
        &self.outages
    }

    /// Instants at which processes die, are seen to be dead, and are ready again.
    pub(super) fn turns(&self) -> impl Iterator<Item = Time> {
        let deaths = self.fates.iter().filter_map(|fate| fate.dies_at);
        let there = |outage: &&Outage| self.pods.iter().any(|pod| pod.ordinal == outage.ordinal);
        let outages = self.outages.iter().filter(there);
        deaths.chain(outages.flat_map(|outage| [outage.seen, outage.to]))
    }
}

fn next_death(crashes: &[Crash], pod: &Pod, since: Time, stream: &mut Stream) -> Option<Time> {
    // Each draws, so that one does not change the others.
    let deaths = crashes
        .iter()
        .filter_map(|crash| crash.next(pod, since, stream));
    deaths.min()
}

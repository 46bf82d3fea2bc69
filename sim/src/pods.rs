//! Workloads as Kubernetes runs them: pods that start, become ready, die and start again, and are
//! replaced.

mod crash;

use coalmine_policy::{Condition, Span, Template, Time, WorkloadState};

use crate::fault::Version;
use crate::latency::Latency;
use crate::router::delay;
use crate::split::Cold;
use crate::stream::{Purpose, Stream, Streams};
use crash::Fate;
pub use crash::{Crash, Crashes, Outage};

/// One pod.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pod {
    /// Its code.
    pub version: Version,
    /// Numbers the pods of a workload in order of creation; names its random stream and its series.
    pub ordinal: u32,
    /// Numbers the pods of a workload and version in order of creation.
    pub rank: u32,
    /// When it first becomes ready.
    pub ready_at: Time,
}

/// How a workload replaces its pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// A Deployment's rolling update.
    Rolling,
    /// A ReplicaSet: only its count ever changes.
    None,
}

/// A Deployment or a ReplicaSet with its pods.
#[derive(Clone, Debug)]
pub struct PodSet {
    /// Numbers the workloads of a world; names random streams.
    pub id: u32,
    /// Its pods, oldest first.
    pub pods: Vec<Pod>,
    /// Pods that it removed, and when.
    pub gone: Vec<(Pod, Time)>,
    /// `spec.replicas`.
    pub desired: u32,
    /// The code that new pods run.
    pub version: Version,
    replacement: Replacement,
    next_ordinal: u32,
    /// Pods made of the old version and of the new.
    made: [u32; 2],
    generation: u64,
    changed_at: Time,
    /// While processes were dead and their pods not ready again, in order of time.
    outages: Vec<Outage>,
    /// What is to come of each pod; empty where no process ever dies.
    fates: Vec<Fate>,
    /// When the availability condition last changed; kept where processes die.
    short_since: Option<(bool, Time)>,
}

/// From when to when a pod takes traffic without a break.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stint {
    /// The pod.
    pub pod: Pod,
    /// Readiness.
    pub from: Time,
    /// The pod is gone, or its process dies; open while neither has happened.
    pub to: Option<Time>,
    /// Whether the process is started again after it.
    pub is_outage: bool,
}

impl PodSet {
    /// A workload at rest with `replicas` pods that have long been ready.
    #[must_use]
    pub fn settled(id: u32, replicas: u32, version: Version, replacement: Replacement) -> Self {
        let pod = |ordinal| Pod {
            version,
            ordinal,
            rank: ordinal,
            ready_at: Time::ZERO,
        };
        let mut made = [0; 2];
        made[version as usize] = replicas;
        Self {
            id,
            pods: (0..replicas).map(pod).collect(),
            gone: Vec::new(),
            desired: replicas,
            version,
            replacement,
            next_ordinal: replicas,
            made,
            generation: 1,
            changed_at: Time::ZERO,
            outages: Vec::new(),
            fates: Vec::new(),
            short_since: None,
        }
    }

    /// Sets the replica count.
    pub fn scale(&mut self, now: Time, replicas: u32, startup: &Startup<'_>) {
        if self.desired != replicas {
            self.generation += 1;
            self.desired = replicas;
        }
        self.reconcile(now, startup);
    }

    /// Sets the pod template; the rollout begins.
    pub fn roll(&mut self, now: Time, version: Version, startup: &Startup<'_>) {
        self.generation += 1;
        self.version = version;
        self.reconcile(now, startup);
    }

    /// What the Deployment and ReplicaSet controllers do when something changed: create, remove,
    /// replace, within the default limits of 25 % surge (rounded up) and 25 % unavailable (rounded
    /// down).
    pub fn reconcile(&mut self, now: Time, startup: &Startup<'_>) {
        self.live_and_die(now, startup);
        let (surge, unavailable) = match self.replacement {
            Replacement::Rolling => (self.desired.div_ceil(4), self.desired / 4),
            Replacement::None => (0, 0),
        };
        self.shrink(now);
        let outdated = self.outdated();
        let room = (self.desired + surge).saturating_sub(self.pods.len() as u32);
        let missing = self
            .desired
            .saturating_sub(self.pods.len() as u32 - outdated);
        for _ in 0..missing.min(room) {
            self.create(now, startup);
        }
        let keep_available = self.desired.saturating_sub(unavailable);
        while self.outdated() > 0 {
            // Unready old pods go first: removing them costs nothing.
            let unready =
                self.find(|pod, set| pod.version != set.version && !set.is_ready(pod, now));
            let available = self.available(now);
            let index = match unready {
                Some(index) => index,
                None if available > keep_available => {
                    match self.find(|pod, set| pod.version != set.version) {
                        Some(index) => index,
                        None => break,
                    }
                }
                None => break,
            };
            self.remove(now, index);
            if (self.pods.len() as u32) < self.desired + surge
                && self.pods.len() as u32 - self.outdated() < self.desired
            {
                self.create(now, startup);
            }
        }
        self.note_availability(now);
    }

    /// Removes surplus pods: unready ones first, then the youngest (as ReplicaSets rank them).
    fn shrink(&mut self, now: Time) {
        while self.pods.len() as u32 - self.outdated() > self.desired
            || (self.desired == 0 && !self.pods.is_empty())
        {
            let unready = self.pods.iter().rposition(|pod| !self.is_ready(pod, now));
            let index = unready.unwrap_or(self.pods.len() - 1);
            self.remove(now, index);
        }
    }

    fn create(&mut self, now: Time, startup: &Startup<'_>) {
        let ordinal = self.next_ordinal;
        self.next_ordinal += 1;
        let made = &mut self.made[self.version as usize];
        let pod = Pod {
            version: self.version,
            ordinal,
            rank: *made,
            ready_at: now + startup.of(self.id, ordinal),
        };
        *made += 1;
        self.pods.push(pod);
        self.foretell(&pod, startup);
        self.changed_at = now;
    }

    fn remove(&mut self, now: Time, index: usize) {
        let pod = self.pods.remove(index);
        self.fates.retain(|fate| fate.ordinal != pod.ordinal);
        self.gone.push((pod, now));
        self.changed_at = now;
    }

    fn find(&self, wanted: impl Fn(&Pod, &Self) -> bool) -> Option<usize> {
        self.pods.iter().position(|pod| wanted(pod, self))
    }

    fn outdated(&self) -> u32 {
        self.pods
            .iter()
            .filter(|pod| pod.version != self.version)
            .count() as u32
    }

    /// Pods that it has ever had.
    #[must_use]
    pub const fn created(&self) -> u32 {
        self.next_ordinal
    }

    /// Pods that take traffic.
    #[must_use]
    pub fn available(&self, now: Time) -> u32 {
        self.pods
            .iter()
            .filter(|pod| self.is_ready(pod, now))
            .count() as u32
    }

    /// Pods of a version that take traffic.
    #[must_use]
    pub fn serving(&self, now: Time, version: Version) -> u32 {
        self.serving_pods(now, version).count() as u32
    }

    /// Which of the first 32 pods of a version take traffic: a bit for each.
    #[must_use]
    pub fn ranks(&self, now: Time, version: Version) -> u32 {
        let serving = self
            .serving_pods(now, version)
            .filter(|pod| !self.is_dead(pod, now));
        serving.fold(0, |ranks, pod| {
            ranks | 1_u32.checked_shl(pod.rank).unwrap_or(0)
        })
    }

    /// Pods that take traffic.
    pub fn ready_pods(&self, now: Time) -> impl Iterator<Item = &Pod> {
        self.pods.iter().filter(move |pod| self.is_ready(pod, now))
    }

    fn serving_pods(&self, now: Time, version: Version) -> impl Iterator<Item = &Pod> {
        let serving = move |pod: &&Pod| pod.version == version && self.is_ready(pod, now);
        self.pods.iter().filter(serving)
    }

    /// When the pods of a version that take traffic became ready, on average; once it has none, when
    /// those became ready that it had.
    #[must_use]
    pub fn mean_ready_s(&self, now: Time, version: Version) -> f64 {
        let mean = |ready: &mut dyn Iterator<Item = Time>| {
            let (sum, count) = ready.fold((0.0, 0), |(sum, count), at| {
                (sum + at.as_secs_f64(), count + 1)
            });
            (count > 0).then(|| sum / f64::from(count))
        };
        let mut ready = self
            .serving_pods(now, version)
            .map(|pod| self.ready_since(pod, now));
        let gone = self.gone.iter().filter(|(pod, _)| pod.version == version);
        let mut were = gone.map(|(pod, _)| pod.ready_at).filter(|at| *at <= now);
        mean(&mut ready)
            .or_else(|| mean(&mut were))
            // A constant, so that equal splits stay equal.
            .unwrap_or(0.0)
    }

    /// Those pods of a version that take traffic and have been ready for less than a time, what was
    /// there at the start apart.
    #[must_use]
    pub fn cold(&self, now: Time, version: Version, for_s: f64) -> Cold {
        let now_s = now.as_secs_f64();
        let (mut cold, mut sum_s) = (0, 0.0);
        for pod in self.serving_pods(now, version) {
            // A process that was started again warms up again.
            let ready_s = self.ready_since(pod, now).as_secs_f64();
            if ready_s > 0.0 && now_s - ready_s < for_s {
                cold += 1;
                sum_s += ready_s;
            }
        }
        if cold == 0 {
            return Cold::default();
        }
        Cold {
            share: f64::from(cold) / f64::from(self.serving(now, version).max(1)),
            ready_s: sum_s / f64::from(cold),
        }
    }

    /// From when to when a pod took traffic, until its process first died, from then to the second
    /// time, and so on; the end is open while it exists. `None` while it was not ready so often.
    #[must_use]
    pub fn stint(&self, ordinal: u32, number: usize) -> Option<Stint> {
        let there = self.pods.iter().find(|pod| pod.ordinal == ordinal);
        let (pod, gone) = match there {
            Some(pod) => (*pod, None),
            None => {
                let gone = self.gone.iter().find(|(pod, _)| pod.ordinal == ordinal);
                gone.map(|(pod, at)| (*pod, Some(*at)))?
            }
        };
        let mut outages = self
            .outages
            .iter()
            .filter(|outage| outage.ordinal == ordinal);
        let from = match number.checked_sub(1) {
            None => pod.ready_at,
            Some(before) => outages.nth(before)?.to,
        };
        if gone.is_some_and(|gone| from >= gone) {
            return None;
        }
        let outage = outages.next().map(|outage| outage.from);
        Some(Stint {
            pod,
            from,
            to: outage.or(gone),
            is_outage: outage.is_some(),
        })
    }

    /// When the next pod becomes ready, or is not any more.
    #[must_use]
    pub fn next_ready(&self, now: Time) -> Option<Time> {
        let pending = self.pods.iter().map(|pod| pod.ready_at);
        pending.chain(self.turns()).filter(|at| *at > now).min()
    }

    /// What of it the API shows.
    #[must_use]
    pub fn shown(&self, now: Time) -> Shown {
        let created = self.pods.len() as u32;
        Shown {
            version: self.version,
            generation: self.generation,
            desired: self.desired,
            created,
            updated: created - self.outdated(),
            available: self.available(now),
            changed_at: self.changed_at,
            availability_since: self.short_since.map_or(self.changed_at, |(_, at)| at),
        }
    }
}

/// All that the API shows of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The code that new pods run.
    pub version: Version,
    generation: u64,
    desired: u32,
    created: u32,
    updated: u32,
    available: u32,
    changed_at: Time,
    availability_since: Time,
}

impl Shown {
    /// As the API says it; `template` is the version's.
    #[must_use]
    pub fn state(&self, template: Template) -> WorkloadState {
        let needed = self.desired - self.desired / 4;
        let short = self.available < needed;
        WorkloadState {
            template,
            generation: self.generation,
            observed_generation: self.generation,
            desired: Some(self.desired),
            created: self.created,
            updated: self.updated,
            ready: self.available,
            available: self.available,
            progressing: Some(Condition {
                status: true,
                reason: "ReplicaSetUpdated".to_owned(),
                last_update: self.changed_at,
            }),
            availability: Some(Condition {
                status: !short,
                reason: if short {
                    "MinimumReplicasUnavailable"
                } else {
                    "MinimumReplicasAvailable"
                }
                .to_owned(),
                last_update: self.availability_since,
            }),
        }
    }
}

/// Draws start-up and stopping times, each pod from its own stream.
#[derive(Clone, Copy, Debug)]
pub struct Startup<'a> {
    /// The replication's streams.
    pub streams: &'a Streams,
    /// The distribution.
    pub time: Latency,
    /// How long pods go on as before when told to stop, in seconds.
    pub pre_stop_s: f64,
    /// What kills processes.
    pub crashes: &'a Crashes,
}

/// From a server's signal to stop until it takes no more connections: median and sigma of the
/// logarithm, in seconds.
const STOP_S: (f64, f64) = (0.3, 0.5);

impl Startup<'_> {
    fn of(&self, workload: u32, ordinal: u32) -> Span {
        let mut stream = self.streams.get(Purpose::Pod(workload, ordinal));
        Span::from_secs_f64(self.time.draw_s(&mut stream))
    }

    /// How long a removed pod still takes connections.
    pub(crate) fn stop_s(&self, workload: u32, ordinal: u32) -> f64 {
        let mut stream = self.streams.get(Purpose::Stop(workload, ordinal));
        self.pre_stop_s + delay::draw(STOP_S, &mut stream)
    }

    /// Of a process that is started again.
    fn again(&self, stream: &mut Stream) -> Span {
        Span::from_secs_f64(self.time.draw_s(stream))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Seed;

    fn run(set: &mut PodSet, mut now: Time, startup: &Startup<'_>) -> (u32, u32) {
        let (mut most, mut fewest) = (0, u32::MAX);
        loop {
            set.reconcile(now, startup);
            most = most.max(set.pods.len() as u32);
            fewest = fewest.min(set.available(now));
            match set.next_ready(now) {
                Some(next) => now = next,
                None => return (most, fewest),
            }
        }
    }

    #[test]
    fn a_rolling_update_keeps_its_limits_and_replaces_every_pod() {
        let streams = Streams::new(Seed(1), "pods", 0);
        let startup = Startup {
            streams: &streams,
            time: Latency::from_quantiles(12.0, 40.0),
            pre_stop_s: 0.0,
            crashes: &Crashes::default(),
        };
        let mut set = PodSet::settled(0, 10, Version::Old, Replacement::Rolling);
        set.roll(Time::from_secs(1), Version::New, &startup);
        let (most, fewest) = run(&mut set, Time::from_secs(1), &startup);
        assert_eq!(set.pods.len(), 10);
        assert!(set.pods.iter().all(|pod| pod.version == Version::New));
        assert!(most <= 13, "{most}");
        assert!(fewest >= 8, "{fewest}");
    }

    #[test]
    fn scaling_takes_unready_pods_first_and_zero_removes_all() {
        let streams = Streams::new(Seed(1), "pods", 0);
        let startup = Startup {
            streams: &streams,
            time: Latency::from_quantiles(12.0, 40.0),
            pre_stop_s: 0.0,
            crashes: &Crashes::default(),
        };
        let mut set = PodSet::settled(0, 3, Version::Old, Replacement::None);
        set.scale(Time::from_secs(1), 5, &startup);
        assert_eq!((set.pods.len(), set.available(Time::from_secs(1))), (5, 3));
        set.scale(Time::from_secs(2), 3, &startup);
        assert_eq!((set.pods.len(), set.available(Time::from_secs(2))), (3, 3));
        set.scale(Time::from_secs(3), 0, &startup);
        assert!(set.pods.is_empty());
    }
}

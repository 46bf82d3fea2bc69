//! Workloads as Kubernetes runs them: pods that start, become ready, and are replaced.

use coalmine_policy::{Condition, Span, Template, Time, WorkloadState};

use crate::fault::Version;
use crate::latency::Latency;
use crate::stream::{Purpose, Streams};

/// One pod.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pod {
    /// Its code.
    pub version: Version,
    /// Numbers the pods of a workload in order of creation; names its random stream and its series.
    pub ordinal: u32,
    /// When it becomes ready.
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
    generation: u64,
    changed_at: Time,
}

impl PodSet {
    /// A workload at rest with `replicas` pods that have long been ready.
    #[must_use]
    pub fn settled(id: u32, replicas: u32, version: Version, replacement: Replacement) -> Self {
        let pod = |ordinal| Pod {
            version,
            ordinal,
            ready_at: Time::ZERO,
        };
        Self {
            id,
            pods: (0..replicas).map(pod).collect(),
            gone: Vec::new(),
            desired: replicas,
            version,
            replacement,
            next_ordinal: replicas,
            generation: 1,
            changed_at: Time::ZERO,
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
            let unready = self.find(|pod, set| pod.version != set.version && pod.ready_at > now);
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
    }

    /// Removes surplus pods: unready ones first, then the youngest (as ReplicaSets rank them).
    fn shrink(&mut self, now: Time) {
        while self.pods.len() as u32 - self.outdated() > self.desired
            || (self.desired == 0 && !self.pods.is_empty())
        {
            let unready = self.pods.iter().rposition(|pod| pod.ready_at > now);
            let index = unready.unwrap_or(self.pods.len() - 1);
            self.remove(now, index);
        }
    }

    fn create(&mut self, now: Time, startup: &Startup<'_>) {
        let ordinal = self.next_ordinal;
        self.next_ordinal += 1;
        self.pods.push(Pod {
            version: self.version,
            ordinal,
            ready_at: now + startup.of(self.id, ordinal),
        });
        self.changed_at = now;
    }

    fn remove(&mut self, now: Time, index: usize) {
        let pod = self.pods.remove(index);
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
        self.pods.iter().filter(|pod| pod.ready_at <= now).count() as u32
    }

    /// Pods of a version that take traffic.
    #[must_use]
    pub fn serving(&self, now: Time, version: Version) -> u32 {
        let serving = |pod: &&Pod| pod.ready_at <= now && pod.version == version;
        self.pods.iter().filter(serving).count() as u32
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
        let serving = self.pods.iter().filter(|pod| pod.version == version);
        let mut ready = serving.map(|pod| pod.ready_at).filter(|at| *at <= now);
        let gone = self.gone.iter().filter(|(pod, _)| pod.version == version);
        let mut were = gone.map(|(pod, _)| pod.ready_at).filter(|at| *at <= now);
        mean(&mut ready)
            .or_else(|| mean(&mut were))
            // A constant, so that equal splits stay equal.
            .unwrap_or(0.0)
    }

    /// From when to when a pod took traffic; the end is open while it exists. `None` if it was never
    /// ready.
    #[must_use]
    pub fn life(&self, ordinal: u32) -> Option<(Pod, Option<Time>)> {
        if let Some(pod) = self.pods.iter().find(|pod| pod.ordinal == ordinal) {
            return Some((*pod, None));
        }
        let gone = self.gone.iter().find(|(pod, _)| pod.ordinal == ordinal);
        gone.filter(|(pod, at)| pod.ready_at < *at)
            .map(|(pod, at)| (*pod, Some(*at)))
    }

    /// When the next pod becomes ready.
    #[must_use]
    pub fn next_ready(&self, now: Time) -> Option<Time> {
        let pending = self.pods.iter().map(|pod| pod.ready_at);
        pending.filter(|at| *at > now).min()
    }

    /// What the API says of it.
    #[must_use]
    pub fn state(&self, now: Time, template: Template) -> WorkloadState {
        let (created, available) = (self.pods.len() as u32, self.available(now));
        let needed = self.desired - self.desired / 4;
        let short = available < needed;
        WorkloadState {
            template,
            generation: self.generation,
            observed_generation: self.generation,
            desired: Some(self.desired),
            created,
            updated: created - self.outdated(),
            ready: available,
            available,
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
                last_update: self.changed_at,
            }),
        }
    }
}

/// Draws start-up times, each pod from its own stream.
#[derive(Clone, Copy, Debug)]
pub struct Startup<'a> {
    /// The replication's streams.
    pub streams: &'a Streams,
    /// The distribution.
    pub time: Latency,
}

impl Startup<'_> {
    fn of(&self, workload: u32, ordinal: u32) -> Span {
        let mut stream = self.streams.get(Purpose::Pod(workload, ordinal));
        Span::from_secs_f64(self.time.draw_s(&mut stream))
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

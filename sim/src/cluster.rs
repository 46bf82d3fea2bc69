//! The workloads of one policy, and who serves which share of the requests.

use coalmine_policy::{
    Effects, Engine, Input, Observation, Replicas, Service, Template, Time, Workload,
};

use crate::affinity::Affinity;
use crate::fault::Version;
use crate::pods::{Outage, Pod, PodSet, Replacement, Startup, Stint};
use crate::split::{Cohort, Cold, Segment, Sides};
use crate::subject::{NEW_TEMPLATE, OLD_TEMPLATE, Topology};

/// Index of the workload that is in service at the start.
pub const STABLE: usize = 0;
/// Index of the workload that a canary runs in.
pub const CANARY: usize = 1;

/// The pods of one replication.
#[derive(Clone, Debug)]
pub struct Cluster {
    topology: Topology,
    sets: Vec<PodSet>,
    /// Canary pods that were told to stop: they answer until the router sends them nothing more.
    draining: u32,
    /// The workload that each Service of an Argo rollout selects: stable, canary.
    selected: [usize; 2],
    /// Whether anything depends on how long pods have been ready.
    keeps_ages: bool,
    /// For how many seconds pods warm up.
    warm_up_s: f64,
    /// `minReplicas` of the workloads' autoscalers.
    autoscaler_min: Option<u32>,
    /// Whether anything depends on which pods serve.
    keeps_ranks: bool,
    /// The ranks of those that drain.
    draining_ranks: u32,
    old: Template,
    new: Template,
}

impl Cluster {
    /// Everything at rest on the old revision.
    #[must_use]
    pub fn at_rest(topology: &Topology, replicas: u32) -> Self {
        let kind = match topology {
            Topology::ReplicaSets { .. } => Replacement::None,
            Topology::PrimaryAndTarget | Topology::Deployment => Replacement::Rolling,
        };
        let mut sets = vec![PodSet::settled(STABLE as u32, replicas, Version::Old, kind)];
        if *topology != Topology::Deployment {
            sets.push(PodSet::settled(CANARY as u32, 0, Version::New, kind));
        }
        Self {
            topology: topology.clone(),
            sets,
            draining: 0,
            selected: [STABLE, STABLE],
            keeps_ages: false,
            warm_up_s: 0.0,
            autoscaler_min: None,
            keeps_ranks: false,
            draining_ranks: 0,
            old: Template::new(OLD_TEMPLATE),
            new: Template::new(NEW_TEMPLATE),
        }
    }

    /// The same, with or without the ages of its pods in each [`Segment`].
    #[must_use]
    pub fn keeping_ages(self, keeps_ages: bool) -> Self {
        Self { keeps_ages, ..self }
    }

    /// The same with autoscalers that keep so many pods at least.
    #[must_use]
    pub fn with_autoscaler(self, autoscaler_min: Option<u32>) -> Self {
        Self {
            autoscaler_min,
            ..self
        }
    }

    /// The same, with or without telling its pods apart in each [`Segment`].
    #[must_use]
    pub fn keeping_ranks(self, keeps_ranks: bool) -> Self {
        Self {
            keeps_ranks,
            ..self
        }
    }

    /// The same with pods that warm up for so many seconds.
    #[must_use]
    pub fn warming_up(self, warm_up_s: f64) -> Self {
        Self { warm_up_s, ..self }
    }

    /// The template of a version.
    #[must_use]
    pub const fn template(&self, version: Version) -> &Template {
        match version {
            Version::Old => &self.old,
            Version::New => &self.new,
        }
    }

    fn version_of(&self, template: &Template) -> Version {
        if *template == self.new {
            Version::New
        } else {
            Version::Old
        }
    }

    /// The index of a workload that a controller names.
    fn index(&self, workload: &Workload) -> Option<usize> {
        let index = match workload {
            Workload::Primary => STABLE,
            Workload::Target => CANARY,
            Workload::ReplicaSet(template) => match self.version_of(template) {
                Version::Old => STABLE,
                Version::New => CANARY,
            },
        };
        (index < self.sets.len()).then_some(index)
    }

    /// Sets a workload's replica count; false when there is no such workload.
    pub fn scale(
        &mut self,
        now: Time,
        workload: &Workload,
        replicas: Replicas,
        startup: &Startup<'_>,
    ) -> bool {
        let Some(index) = self.index(workload) else {
            return false;
        };
        let count = match replicas {
            Replicas::Zero => 0,
            Replicas::Exactly(count) => count,
            // Flagger deployment_controller.go:166-211: the primary's, or the autoscaler's minimum.
            Replicas::FromZero => match (self.sets[index].desired, self.autoscaler_min) {
                (0, None) => self.sets[STABLE].desired.max(1),
                (0, Some(min)) => min.max(1),
                (current, _) => current,
            },
        };
        if index == CANARY {
            let serving = self.sets[CANARY].serving(now, Version::New);
            if self.keeps_ranks && serving > 0 {
                self.draining_ranks = self.sets[CANARY].ranks(now, Version::New);
            }
            self.draining = if count == 0 {
                serving.max(self.draining)
            } else {
                0
            };
        }
        self.sets[index].scale(now, count, startup);
        true
    }

    /// Gives a workload another pod template; false when there is no such workload.
    pub fn roll(
        &mut self,
        now: Time,
        workload: &Workload,
        to: &Template,
        startup: &Startup<'_>,
    ) -> bool {
        let version = self.version_of(to);
        let Some(index) = self.index(workload) else {
            return false;
        };
        self.sets[index].roll(now, version, startup);
        true
    }

    /// Points a Service of an Argo rollout at the pods of a template.
    pub fn point(&mut self, service: Service, to: &Template) {
        let index = match self.version_of(to) {
            Version::Old => STABLE,
            Version::New => CANARY,
        };
        match service {
            Service::Stable | Service::Active => self.selected[0] = index,
            Service::Canary | Service::Preview => self.selected[1] = index,
        }
    }

    /// Lets the workload controllers act on what changed.
    pub fn reconcile(&mut self, now: Time, startup: &Startup<'_>) {
        for set in &mut self.sets {
            set.reconcile(now, startup);
        }
    }

    /// When the next pod becomes ready.
    #[must_use]
    pub fn next_ready(&self, now: Time) -> Option<Time> {
        self.sets.iter().filter_map(|set| set.next_ready(now)).min()
    }

    /// Ready pods of a version, in all workloads.
    #[must_use]
    pub fn serving(&self, now: Time, version: Version) -> u32 {
        self.sets.iter().map(|set| set.serving(now, version)).sum()
    }

    /// Pods of a workload that are ready, and all of them.
    #[must_use]
    pub fn pods(&self, workload: usize, now: Time) -> (u32, u32) {
        self.sets
            .get(workload)
            .map_or((0, 0), |set| (set.available(now), set.pods.len() as u32))
    }

    /// Whether the canary's Service has a ready pod.
    #[must_use]
    pub fn canary_serves(&self, now: Time) -> bool {
        let canary = self.sets.get(CANARY);
        canary.is_some_and(|set| set.serving(now, Version::New) > 0)
    }

    /// Whether a workload has made more pods than this.
    #[must_use]
    pub fn exceeds(&self, created: [u32; 2]) -> bool {
        let made = self.sets.iter().map(PodSet::created);
        made.zip(created).any(|(made, most)| made > most)
    }

    /// A stint of a pod, with the cohort it serves in.
    #[must_use]
    pub fn stint(
        &self,
        (workload, ordinal): (usize, u32),
        number: usize,
    ) -> Option<(Stint, Cohort)> {
        let stint = self.sets.get(workload)?.stint(ordinal, number)?;
        Some((stint, cohort(workload, stint.pod)))
    }

    /// Names every pod that was ever ready, with when it left and the cohort it serves in.
    pub(crate) fn each_life(&self, mut each: impl FnMut((usize, u32), Pod, Option<Time>, Cohort)) {
        for (workload, set) in self.sets.iter().enumerate() {
            let there = set.pods.iter().map(|pod| (*pod, None));
            let gone = set.gone.iter().map(|(pod, at)| (*pod, Some(*at)));
            for (pod, gone) in there.chain(gone) {
                if gone.is_none_or(|gone| pod.ready_at < gone) {
                    each((workload, pod.ordinal), pod, gone, cohort(workload, pod));
                }
            }
        }
    }

    /// While the processes of a workload's pods were dead or starting again, in order of time.
    pub(crate) fn outages(&self, workload: usize) -> &[Outage] {
        self.sets.get(workload).map_or(&[], PodSet::outages)
    }

    /// Tells the engine how its workloads look.
    pub fn show(&self, now: Time, engine: &mut dyn Engine, effects: &mut Effects) {
        for (index, set) in self.sets.iter().enumerate() {
            let workload = match (&self.topology, index) {
                (Topology::ReplicaSets { .. }, _) => {
                    Workload::ReplicaSet(self.template(set.version).clone())
                }
                (_, STABLE) => Workload::Primary,
                _ => Workload::Target,
            };
            let state = set.state(now, self.template(set.version).clone());
            let seen = Observation::Workload(workload, Some(state));
            engine.handle(now, Input::Observed(seen), effects);
        }
    }

    /// The split of the requests while the router sends `canary_share` to the canary.
    #[must_use]
    pub fn segment(&self, now: Time, canary_share: f64) -> Segment {
        let stable = &self.sets[STABLE];
        let canary = self.sets.get(CANARY);
        let pods = [
            match canary.map_or(0, |set| set.serving(now, Version::New)) {
                0 if canary_share > 0.0 => self.draining,
                serving => serving,
            },
            stable.serving(now, Version::New),
            stable.serving(now, Version::Old),
        ];
        let share = match self.topology {
            Topology::PrimaryAndTarget => {
                // ingress-nginx serves from the main backend while the canary has no endpoints.
                let canary = if pods[0] == 0 { 0.0 } else { canary_share };
                let [_, new, old] = spread([0, pods[1], pods[2]], 1.0 - canary);
                [canary, new, old]
            }
            Topology::ReplicaSets { routed: true } => self.by_service(pods, canary_share),
            Topology::ReplicaSets { routed: false } | Topology::Deployment => spread(pods, 1.0),
        };
        // Where nobody is ready a router answers 503 (ingress-nginx: an upstream without servers).
        let unserved = 1.0 - share.iter().sum::<f64>();
        Segment {
            from_s: now.as_secs_f64(),
            share,
            refused: [0.0, 0.0, if unserved > 1e-9 { unserved } else { 0.0 }],
            pods,
            ready_s: self.ready_s(now),
            cold: self.cold(now),
            ranks: if self.keeps_ranks {
                self.ranks(now)
            } else {
                [0; 3]
            },
            dead: self.dead(now),
            ..Segment::default()
        }
    }

    /// The same where sessions stick to the sides of the router.
    #[must_use]
    pub fn sticky_segment(&self, now: Time, affinity: &mut Affinity<'_>, weight: f64) -> Segment {
        let serves = self.canary_serves(now);
        affinity.aim(now.as_secs_f64(), weight, serves);
        if !serves {
            return self.segment(now, weight);
        }
        let side = |share| self.segment(now, share).share;
        let sides = Sides {
            fresh: weight,
            canary: affinity.share(),
            share: [side(0.0), side(1.0)],
        };
        Segment {
            sides: Some(sides),
            ..self.segment(now, affinity.share())
        }
    }

    /// By cohort, which of its first pods serve.
    fn ranks(&self, now: Time) -> [u32; 3] {
        let stable = &self.sets[STABLE];
        let canary = self.sets.get(CANARY);
        [
            match canary.map_or(0, |set| set.ranks(now, Version::New)) {
                0 if self.draining > 0 => self.draining_ranks,
                ranks => ranks,
            },
            stable.ranks(now, Version::New),
            stable.ranks(now, Version::Old),
        ]
    }

    /// By cohort, how many of its pods are dead and still get requests.
    fn dead(&self, now: Time) -> [u32; 3] {
        let stable = &self.sets[STABLE];
        let canary = self.sets.get(CANARY);
        [
            canary.map_or(0, |set| set.dead(now, Version::New)),
            stable.dead(now, Version::New),
            stable.dead(now, Version::Old),
        ]
    }

    /// By cohort, when its pods became ready on average; constant where nobody asks.
    fn ready_s(&self, now: Time) -> [f64; 3] {
        let canary = self.sets.get(CANARY).filter(|_| self.keeps_ages);
        let stable = self.keeps_ages.then(|| &self.sets[STABLE]);
        let of = |set: Option<&PodSet>| set.map_or(0.0, |set| set.mean_ready_s(now, Version::New));
        [of(canary), of(stable), f64::NEG_INFINITY]
    }

    /// By cohort, those pods that still warm up; none where pods are warm at once.
    fn cold(&self, now: Time) -> [Cold; 3] {
        if self.warm_up_s <= 0.0 {
            return [Cold::default(); 3];
        }
        let of = |index: usize, version: Version| {
            let set = self.sets.get(index);
            set.map_or_else(Cold::default, |set| set.cold(now, version, self.warm_up_s))
        };
        [
            of(CANARY, Version::New),
            of(STABLE, Version::New),
            of(STABLE, Version::Old),
        ]
    }

    /// Argo with a router: each share goes to the pods that its Service selects.
    fn by_service(&self, pods: [u32; 3], canary_share: f64) -> [f64; 3] {
        let mut share = [0.0; 3];
        let canary = if pods[0] == 0 { 0.0 } else { canary_share };
        for (index, part) in [(0, 1.0 - canary), (1, canary)] {
            if self.selected[index] == CANARY && pods[0] > 0 {
                share[0] += part;
            } else {
                share[2] += part;
            }
        }
        share
    }
}

/// The cohort that a pod of a workload serves in.
const fn cohort(workload: usize, pod: Pod) -> Cohort {
    match (workload, pod.version) {
        (CANARY, _) => Cohort::Canary,
        (_, Version::New) => Cohort::PrimaryNew,
        (_, Version::Old) => Cohort::PrimaryOld,
    }
}

/// Every ready pod gets the same share of `total`.
fn spread(pods: [u32; 3], total: f64) -> [f64; 3] {
    let all: u32 = pods.iter().sum();
    pods.map(|count| total * f64::from(count) / f64::from(all.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nobody_is_ready_the_router_refuses_all() {
        for topology in [Topology::Deployment, Topology::PrimaryAndTarget] {
            let nobody = Cluster::at_rest(&topology, 0).segment(Time::ZERO, 0.3);
            assert_eq!((nobody.share, nobody.refused), ([0.0; 3], [0.0, 0.0, 1.0]));
            let all = Cluster::at_rest(&topology, 3).segment(Time::ZERO, 0.3);
            assert_eq!((all.share, all.refused), ([0.0, 0.0, 1.0], [0.0; 3]));
        }
    }
}

//! The workloads of one policy, and who serves which share of the requests.

use coalmine_policy::{
    Effects, Engine, Input, Observation, Replicas, Service, Template, Time, Workload,
};

use crate::fault::Version;
use crate::pods::{Pod, PodSet, Replacement, Startup};
use crate::split::{Cohort, Segment};
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
            old: Template::new(OLD_TEMPLATE),
            new: Template::new(NEW_TEMPLATE),
        }
    }

    /// The same, with or without the ages of its pods in each [`Segment`].
    #[must_use]
    pub fn keeping_ages(self, keeps_ages: bool) -> Self {
        Self { keeps_ages, ..self }
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
            // Flagger deployment_controller.go:166-211, without an autoscaler.
            Replicas::FromZero => match self.sets[index].desired {
                0 => self.sets[STABLE].desired.max(1),
                current => current,
            },
        };
        if index == CANARY {
            let serving = self.sets[CANARY].serving(now, Version::New);
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

    /// Whether a workload has made more pods than this.
    #[must_use]
    pub fn exceeds(&self, created: [u32; 2]) -> bool {
        let made = self.sets.iter().map(PodSet::created);
        made.zip(created).any(|(made, most)| made > most)
    }

    /// The life of a pod, with the cohort it serves in.
    #[must_use]
    pub fn life(&self, workload: usize, ordinal: u32) -> Option<(Pod, Option<Time>, Cohort)> {
        let (pod, gone) = self.sets.get(workload)?.life(ordinal)?;
        Some((pod, gone, cohort(workload, pod)))
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
        Segment {
            from_s: now.as_secs_f64(),
            share,
            pods,
            ready_s: self.ready_s(now),
            ..Segment::default()
        }
    }

    /// By cohort, when its pods became ready on average; constant where nobody asks.
    fn ready_s(&self, now: Time) -> [f64; 3] {
        let canary = self.sets.get(CANARY).filter(|_| self.keeps_ages);
        let stable = self.keeps_ages.then(|| &self.sets[STABLE]);
        let of = |set: Option<&PodSet>| set.map_or(0.0, |set| set.mean_ready_s(now, Version::New));
        [of(canary), of(stable), f64::NEG_INFINITY]
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

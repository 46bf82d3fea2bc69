//! The workloads of one policy, and who serves which share of the requests.

use coalmine_policy::{Input, Observation, Replicas, Service, Span, Template, Time, Workload};

use crate::affinity::Affinity;
use crate::endpoints::{Endpoints, Pool, were_ready};
use crate::experiment::{self, ExperimentPods, Experiments};
use crate::fault::Version;
use crate::keep_alive::{Connections, End};
use crate::pods::{Outage, Pod, PodSet, Replacement, Shown, Startup, Stint};
use crate::router::{Table, Upstream};
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
    /// What the data path may not know yet.
    endpoints: Endpoints,
    /// Of each workload, how many removed pods have been looked at.
    looked: [usize; 2],
    /// How the router treats them.
    upstream: Upstream,
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
    experiments: Experiments,
    /// What the engine was last shown of each workload.
    shown: [Option<Shown>; 2],
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
            endpoints: Endpoints::default(),
            looked: [0; 2],
            upstream: Upstream::INGRESS_NGINX,
            selected: [STABLE, STABLE],
            keeps_ages: false,
            warm_up_s: 0.0,
            autoscaler_min: None,
            keeps_ranks: false,
            draining_ranks: 0,
            experiments: Experiments::default(),
            shown: [None; 2],
            old: Template::new(OLD_TEMPLATE),
            new: Template::new(NEW_TEMPLATE),
        }
    }

    /// The same, with or without the ages of its pods in each [`Segment`].
    #[must_use]
    pub fn keeping_ages(self, keeps_ages: bool) -> Self {
        Self { keeps_ages, ..self }
    }

    /// The same behind a router that treats its backends so.
    #[must_use]
    pub fn behind(self, upstream: Upstream) -> Self {
        Self { upstream, ..self }
    }

    /// The same with autoscalers that keep so many pods at least.
    #[must_use]
    pub fn with_autoscaler(self, autoscaler_min: Option<u32>) -> Self {
        Self {
            autoscaler_min,
            ..self
        }
    }

    /// The same, with Experiments to come.
    #[must_use]
    pub fn with_experiments(self, foreseen: &[ExperimentPods]) -> Self {
        Self {
            experiments: Experiments::new(foreseen),
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
            Workload::Experiment(_) => return None,
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
        if let Workload::Experiment(set) = workload {
            return self.experiments.scale(now, set, replicas, startup);
        }
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
        if index == CANARY && self.keeps_ranks {
            match self.sets[CANARY].ranks(now, Version::New) {
                0 => {}
                ranks => self.draining_ranks = ranks,
            }
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

    /// Points a Service of an Argo rollout at the pods of a template. What units must see to know of
    /// it, when requests go that way.
    pub fn point(
        &mut self,
        service: Service,
        to: &Template,
        (written, tables): Sent<'_>,
    ) -> Option<u32> {
        let index = match self.version_of(to) {
            Version::Old => STABLE,
            Version::New => CANARY,
        };
        let service = match service {
            Service::Stable | Service::Active => 0,
            Service::Canary | Service::Preview => 1,
        };
        let before = std::mem::replace(&mut self.selected[service], index);
        let is_used =
            service == 0 || written > 0.0 || tables.iter().any(|table| table.weight > 0.0);
        if before == index || !is_used {
            return None;
        }
        self.endpoints.pointed(service, before);
        Some(self.endpoints.generation())
    }

    /// Notes the pods that left since the last look, told to stop at `told_s`. What units must see
    /// to know of it, when requests go that way.
    pub fn note_left(
        &mut self,
        told_s: f64,
        startup: &Startup<'_>,
        (written, tables): Sent<'_>,
    ) -> Option<u32> {
        let generation = self.endpoints.generation();
        for (workload, set) in self.sets.iter().enumerate() {
            let looked = std::mem::replace(&mut self.looked[workload], set.gone.len());
            let new = &set.gone[looked.min(set.gone.len())..];
            if new.is_empty() || !self.is_asked(workload, (written, tables)) {
                continue;
            }
            // Those that are told together stop together: the Flagger rollback of the router notes.
            let mut left: [(u32, Option<u32>); 3] = Default::default();
            for pod in were_ready(new) {
                let (count, first) = &mut left[cohort(workload, *pod) as usize];
                *count += 1;
                first.get_or_insert(pod.ordinal);
            }
            for cohort in Cohort::ALL {
                if let (pods, Some(first)) = left[cohort as usize] {
                    let stops_s = told_s + startup.stop_s(set.id, first);
                    self.endpoints.left(workload, (cohort, pods), stops_s);
                }
            }
        }
        let now = self.endpoints.generation();
        (now > generation).then_some(now)
    }

    /// Whether requests may go to a workload.
    fn is_asked(&self, workload: usize, (written, tables): Sent<'_>) -> bool {
        let weight = written > 0.0 || tables.iter().any(|table| table.weight > 0.0);
        match self.topology {
            Topology::PrimaryAndTarget => workload == STABLE || weight,
            Topology::ReplicaSets { routed: true } => {
                !self.endpoints.is_settled()
                    || self.selected[0] == workload
                    || (weight && self.selected[1] == workload)
            }
            // One Service has them all.
            Topology::ReplicaSets { routed: false } | Topology::Deployment => true,
        }
    }

    /// Forgets of the removed pods what every unit knows.
    pub fn forget_left(&mut self, tables: &[Table]) {
        if !self.endpoints.is_settled() {
            self.endpoints.forget(tables);
        }
    }

    /// When the next removed pod that some unit still knows stops taking connections.
    #[must_use]
    pub fn next_stop(&self, now: Time) -> Option<Time> {
        let at_s = self.endpoints.next_stop_s(now.as_secs_f64())?;
        // Never before it, however it rounds.
        Some(Time::ZERO + Span::from_secs_f64(at_s + 1e-9))
    }

    /// Lets the workload controllers act on what changed.
    pub fn reconcile(&mut self, now: Time, startup: &Startup<'_>) {
        for set in &mut self.sets {
            set.reconcile(now, startup);
        }
        self.experiments.reconcile(now, startup);
    }

    /// When the next pod becomes ready.
    #[must_use]
    pub fn next_ready(&self, now: Time) -> Option<Time> {
        let sets = self.sets.iter().chain(self.experiments.sets());
        sets.filter_map(|set| set.next_ready(now)).min()
    }

    /// Ready pods of a version, in all workloads.
    #[must_use]
    pub fn serving(&self, now: Time, version: Version) -> u32 {
        let sets = self.sets.iter().chain(self.experiments.sets());
        sets.map(|set| set.serving(now, version)).sum()
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
        made.zip(created).any(|(made, most)| made > most) || self.experiments.exceeded()
    }

    /// A stint of a pod, with the cohort it serves in.
    #[must_use]
    pub fn stint(
        &self,
        (workload, ordinal): (usize, u32),
        number: usize,
    ) -> Option<(Stint, Cohort)> {
        if workload >= self.sets.len() {
            return self.experiments.stint(workload, ordinal, number);
        }
        let stint = self.sets.get(workload)?.stint(ordinal, number)?;
        Some((stint, cohort(workload, stint.pod)))
    }

    /// Names every pod that was ever ready, with when it left and the cohort it serves in.
    pub(crate) fn each_life(&self, mut each: impl FnMut((usize, u32), Pod, Option<Time>, Cohort)) {
        let sets = self.sets.iter().enumerate();
        for (workload, set) in sets.chain(self.experiments.served()) {
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

    /// Tells what the engine does not know of how its workloads look.
    pub fn show(&mut self, now: Time, mut tell: impl FnMut(Input)) {
        for (index, set) in self.sets.iter().enumerate() {
            let shown = set.shown(now);
            if self.shown[index].replace(shown) == Some(shown) {
                continue;
            }
            let workload = match (&self.topology, index) {
                (Topology::ReplicaSets { .. }, _) => {
                    Workload::ReplicaSet(self.template(set.version).clone())
                }
                (_, STABLE) => Workload::Primary,
                _ => Workload::Target,
            };
            let state = shown.state(self.template(set.version).clone());
            let seen = Observation::Workload(workload, Some(state));
            tell(Input::Observed(seen));
        }
        for (name, set) in self.experiments.each() {
            let state = set.shown(now);
            let state = state.state(self.template(set.version).clone());
            let seen = Observation::Workload(Workload::Experiment(name.clone()), Some(state));
            tell(Input::Observed(seen));
        }
    }

    /// The split of the requests while every unit of the router knows what the API says and sends
    /// `canary_share` to the canary.
    #[must_use]
    pub fn segment(&self, now: Time, canary_share: f64) -> Segment {
        let knows_all = Table::knowing_all(canary_share);
        self.segment_of(now, &[knows_all])
    }

    /// The split of the requests while the units of the router know this; `canary_share` is their
    /// mean.
    #[must_use]
    pub fn segment_seen(&self, now: Time, canary_share: f64, tables: &[Table]) -> Segment {
        if self.is_known_to_all(now) {
            self.segment(now, canary_share)
        } else {
            self.segment_of(now, tables)
        }
    }

    /// Whether what units do not know yet makes no difference to requests.
    #[must_use]
    pub fn is_known_to_all(&self, now: Time) -> bool {
        if self.endpoints.is_settled() {
            return true;
        }
        let live = |workload: usize| self.sets.get(workload).map_or(0, |set| set.available(now));
        !self.endpoints.matter(
            [live(STABLE), live(CANARY)],
            !self.is_routed(),
            self.upstream.refused_tries(),
        )
    }

    fn segment_of(&self, now: Time, units: &[Table]) -> Segment {
        self.spread(self.present(now), units)
    }

    /// As [`Cluster::segment_seen`], where pods are known from an earlier look at them.
    #[must_use]
    pub fn segment_since(
        &self,
        look: &mut Option<Look>,
        now: Time,
        (canary_share, tables): (f64, &[Table]),
    ) -> Segment {
        let still = look.take().filter(|look| now < look.until);
        let look = look.insert(still.unwrap_or_else(|| self.look(now)));
        look.present.from_s = now.as_secs_f64();
        if self.is_known_to_all(now) {
            self.spread(look.present, &[Table::knowing_all(canary_share)])
        } else {
            self.spread(look.present, tables)
        }
    }

    fn look(&self, now: Time) -> Look {
        let until = if self.warm_up_s > 0.0 {
            // They warm up all the time.
            now
        } else {
            self.next_ready(now).unwrap_or(Time::MAX)
        };
        Look {
            present: self.present(now),
            until,
        }
    }

    /// The pods, and no request.
    fn present(&self, now: Time) -> Segment {
        let stable = &self.sets[STABLE];
        let canary = self.sets.get(CANARY);
        let [new, old] = self.experiments.serving(now);
        let live = [
            new + canary.map_or(0, |set| set.serving(now, Version::New)),
            stable.serving(now, Version::New),
            old + stable.serving(now, Version::Old),
        ];
        Segment {
            from_s: now.as_secs_f64(),
            pods: live,
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

    /// Adds the requests while the units of the router know this.
    fn spread(&self, mut segment: Segment, units: &[Table]) -> Segment {
        let live = segment.pods;
        if self.is_routed() {
            for table in units {
                let pool = |service| self.pool(service, table.seen, segment.from_s, live);
                let (stable, canary) = (pool(0), pool(1));
                let part = 1.0 / units.len() as f64;
                segment.send(table.share(), part, (&stable, &canary), self.upstream);
            }
        } else {
            let part = 1.0 / units.len() as f64;
            for table in units {
                let mut all = Pool {
                    serving: live,
                    ..Pool::default()
                };
                for workload in 0..self.sets.len() {
                    let now_s = segment.from_s;
                    self.endpoints
                        .add_left(workload, table.seen, now_s, &mut all);
                }
                segment.hand(part, &all, self.upstream);
            }
        }
        segment
    }

    /// Whether a router splits the requests.
    #[must_use]
    pub fn is_routed(&self) -> bool {
        matches!(
            self.topology,
            Topology::PrimaryAndTarget | Topology::ReplicaSets { routed: true }
        )
    }

    /// The endpoints behind the stable (0) or the canary's backend (1), as a unit knows them that
    /// has seen a generation.
    fn pool(&self, service: usize, seen: u32, now_s: f64, live: [u32; 3]) -> Pool {
        let workload = match self.topology {
            Topology::ReplicaSets { .. } => {
                self.endpoints
                    .selected(service, seen, self.selected[service])
            }
            _ => service,
        };
        let serving = match workload {
            CANARY => [live[0], 0, 0],
            _ => [0, live[1], live[2]],
        };
        let mut pool = Pool {
            serving,
            ..Pool::default()
        };
        self.endpoints.add_left(workload, seen, now_s, &mut pool);
        pool
    }

    /// The split of the requests where clients keep their connections, which notice what became of the
    /// pods.
    #[must_use]
    pub fn kept_segment(&self, now: Time, connections: &mut Connections) -> Segment {
        let sets = self.sets.iter().enumerate();
        let ready = sets
            .chain(self.experiments.served())
            .flat_map(|(workload, set)| {
                let ready = set.ready_pods(now);
                ready.map(move |pod| End {
                    pod: (workload, pod.ordinal),
                    cohort: cohort(workload, *pod),
                })
            });
        connections.meet(now.as_secs_f64(), ready);
        self.shared_out(now, connections.shares())
    }

    /// The split of the requests while cohorts get these shares; while there are none, nobody serves.
    #[must_use]
    pub fn shared_out(&self, now: Time, share: Option<[f64; 3]>) -> Segment {
        let segment = self.segment(now, 0.0);
        match share {
            None => segment,
            Some(share) => Segment {
                share,
                refused: [0.0; 3],
                ..segment
            },
        }
    }

    /// The same where sessions stick to the sides of the router.
    #[must_use]
    pub fn sticky_segment(
        &self,
        now: Time,
        affinity: &mut Affinity<'_>,
        (weight, tables): (f64, &[Table]),
    ) -> Segment {
        let known_to_all = self.is_known_to_all(now);
        // What a share of all requests meets, as units know the pods.
        let split = |share| {
            if known_to_all {
                return self.segment(now, share);
            }
            let table = |table: &Table| table.with_share(share);
            let units: Vec<Table> = tables.iter().map(table).collect();
            self.segment_of(now, &units)
        };
        let canary = split(1.0);
        let index = Cohort::Canary as usize;
        let serves = canary.share[index] + canary.refused[index] > 0.0;
        affinity.aim(now.as_secs_f64(), weight, serves);
        if !serves || affinity.is_off() {
            return split(weight);
        }
        let sides = Sides {
            fresh: weight,
            canary: affinity.share(),
            share: [split(0.0).share, canary.share],
        };
        Segment {
            sides: Some(sides),
            ..split(affinity.share())
        }
    }

    /// By cohort, which of its first pods serve.
    fn ranks(&self, now: Time) -> [u32; 3] {
        let stable = &self.sets[STABLE];
        let canary = self.sets.get(CANARY);
        [
            match canary.map_or(0, |set| set.ranks(now, Version::New)) {
                0 => self.draining_ranks,
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
        let canary = self.experiments.mean_ready_s(now, canary, of(canary));
        [canary, of(stable), f64::NEG_INFINITY]
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
}

/// The pods at an instant, and until when they stay so while nobody changes them.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    present: Segment,
    until: Time,
}

/// What was last written to the router, and what its units know.
pub type Sent<'t> = (f64, &'t [Table]);

/// The cohort that a pod of a workload serves in.
const fn cohort(workload: usize, pod: Pod) -> Cohort {
    match (workload, pod.version) {
        (CANARY, _) => Cohort::Canary,
        (workload, _) if workload > CANARY => experiment::cohort(pod),
        (_, Version::New) => Cohort::PrimaryNew,
        (_, Version::Old) => Cohort::PrimaryOld,
    }
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

    /// Passes of an engine over what it knows already were a fifth of a replication with Argo.
    #[test]
    fn an_engine_hears_of_a_workload_when_something_has_changed() {
        let streams = crate::stream::Streams::new(crate::stream::Seed(1), "cluster", 0);
        let startup = Startup {
            streams: &streams,
            time: crate::latency::Latency::from_quantiles(12.0, 40.0),
            pre_stop_s: 0.0,
            crashes: &crate::pods::Crashes::default(),
        };
        let mut cluster = Cluster::at_rest(&Topology::PrimaryAndTarget, 4);
        let show = |cluster: &mut Cluster, at: Time| {
            let mut heard = 0;
            cluster.show(at, |_| heard += 1);
            heard
        };
        assert_eq!(show(&mut cluster, Time::ZERO), 2);
        assert_eq!(show(&mut cluster, Time::from_secs(60)), 0);
        let now = Time::from_secs(61);
        assert!(cluster.scale(now, &Workload::Target, Replicas::Exactly(2), &startup));
        assert_eq!(show(&mut cluster, now), 1);
        let ready = cluster.next_ready(now).expect("a pod starts");
        assert_eq!(show(&mut cluster, ready), 1);
        assert_eq!(show(&mut cluster, ready), 0);
    }
}

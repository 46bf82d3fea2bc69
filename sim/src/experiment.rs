//! Pods of Argo's Experiments: ReplicaSets that come and go beside the rollout's own.

use coalmine_policy::{ExperimentSet, Replicas, Template, Time};

use crate::fault::Version;
use crate::pods::{Pod, PodSet, Replacement, Startup, Stint};
use crate::split::Cohort;

/// Index of the first workload of an Experiment.
const FIRST: usize = 2;

/// What a template of an experiment step may bring about in one rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExperimentPods {
    /// The index of the step.
    pub step: usize,
    /// The index of the template in the step.
    pub template: usize,
    /// The code that its pods run.
    pub version: Version,
    /// The hash that they are labelled with.
    pub hash: Template,
    /// The names of its ReplicaSets, used in turn.
    pub names: Vec<String>,
    /// Further labels of the pods.
    pub labels: Vec<(String, String)>,
    /// Pods of one ReplicaSet.
    pub pods: u32,
    /// ReplicaSets, one after another: an Experiment may be made again.
    pub sets: u32,
    /// Whether users' requests reach the pods.
    pub served: bool,
}

/// The index of a workload: every ReplicaSet of every template has its own.
#[must_use]
pub const fn workload(templates: usize, template: usize, set: u32) -> usize {
    FIRST + template + templates * set as usize
}

/// The ReplicaSets of one replication.
#[derive(Clone, Debug, Default)]
pub struct Experiments {
    foreseen: Vec<ExperimentPods>,
    /// By template, ReplicaSets made so far.
    made: Vec<u32>,
    list: Vec<Running>,
    exceeded: bool,
}

#[derive(Clone, Debug)]
struct Running {
    set: ExperimentSet,
    workload: usize,
    served: bool,
    pods: PodSet,
}

impl Experiments {
    /// None yet, of what may come.
    #[must_use]
    pub fn new(foreseen: &[ExperimentPods]) -> Self {
        Self {
            foreseen: foreseen.to_vec(),
            made: vec![0; foreseen.len()],
            ..Self::default()
        }
    }

    /// Sets a ReplicaSet's size, making it if need be; false for one that nobody foresaw.
    pub fn scale(
        &mut self,
        now: Time,
        set: &ExperimentSet,
        replicas: Replicas,
        startup: &Startup<'_>,
    ) -> bool {
        let Replicas::Exactly(count) = replicas else {
            return false;
        };
        let known = self.list.iter().position(|running| running.set == *set);
        let Some(index) = known.or_else(|| self.make(set)) else {
            return false;
        };
        self.list[index].pods.scale(now, count, startup);
        true
    }

    fn make(&mut self, set: &ExperimentSet) -> Option<usize> {
        let same = |pods: &ExperimentPods| (pods.step, pods.template) == (set.step, set.template);
        let template = self.foreseen.iter().position(same)?;
        let foreseen = &self.foreseen[template];
        let number = self.made[template];
        self.made[template] += 1;
        self.exceeded |= foreseen.served && number >= foreseen.sets;
        let workload = workload(self.foreseen.len(), template, number);
        let version = foreseen.version;
        self.list.push(Running {
            set: set.clone(),
            workload,
            served: foreseen.served,
            pods: PodSet::settled(workload as u32, 0, version, Replacement::None),
        });
        Some(self.list.len() - 1)
    }

    /// Lets the ReplicaSet controller act.
    pub fn reconcile(&mut self, now: Time, startup: &Startup<'_>) {
        for running in &mut self.list {
            running.pods.reconcile(now, startup);
        }
    }

    /// Whether there were more ReplicaSets than foreseen.
    #[must_use]
    pub const fn exceeded(&self) -> bool {
        self.exceeded
    }

    /// All pods.
    pub fn sets(&self) -> impl Iterator<Item = &PodSet> {
        self.list.iter().map(|running| &running.pods)
    }

    /// All ReplicaSets with their pods.
    pub fn each(&self) -> impl Iterator<Item = (&ExperimentSet, &PodSet)> {
        self.list
            .iter()
            .map(|running| (&running.set, &running.pods))
    }

    /// Those that users' requests reach, by the index of the workload.
    pub fn served(&self) -> impl Iterator<Item = (usize, &PodSet)> {
        let served = self.list.iter().filter(|running| running.served);
        served.map(|running| (running.workload, &running.pods))
    }

    /// Pods that serve with the canary's and with the old ones.
    #[must_use]
    pub fn serving(&self, now: Time) -> [u32; 2] {
        [Version::New, Version::Old].map(|version| {
            let sets = self.served().map(|(_, pods)| pods.serving(now, version));
            sets.sum()
        })
    }

    /// When the canary's pods and the new ones here became ready, on average; `own` is the canary's.
    #[must_use]
    pub fn mean_ready_s(&self, now: Time, canary: Option<&PodSet>, own: f64) -> f64 {
        let sets = self.served().map(|(_, pods)| pods).chain(canary);
        let (mut sum, mut count) = (0.0, 0);
        for set in sets {
            let serving = set.serving(now, Version::New);
            if serving > 0 {
                sum += set.mean_ready_s(now, Version::New) * f64::from(serving);
                count += serving;
            }
        }
        match count {
            0 => own,
            count => sum / f64::from(count),
        }
    }

    /// A stint of a pod that users' requests reach.
    #[must_use]
    pub fn stint(&self, workload: usize, ordinal: u32, number: usize) -> Option<(Stint, Cohort)> {
        let (_, pods) = self.served().find(|(index, _)| *index == workload)?;
        let stint = pods.stint(ordinal, number)?;
        Some((stint, cohort(stint.pod)))
    }
}

/// Behind one Service, a new pod of an Experiment is one more canary pod and an old one one more of
/// the old.
#[must_use]
pub const fn cohort(pod: Pod) -> Cohort {
    match pod.version {
        Version::New => Cohort::Canary,
        Version::Old => Cohort::PrimaryOld,
    }
}

#[cfg(test)]
mod tests {
    use coalmine_policy::Span;

    use super::*;
    use crate::latency::Latency;
    use crate::pods::Crashes;
    use crate::stream::{Seed, Streams};

    fn foreseen(served: bool) -> ExperimentPods {
        ExperimentPods {
            step: 0,
            template: 0,
            version: Version::New,
            hash: Template::new("h"),
            names: vec!["app-0-new".to_owned()],
            labels: Vec::new(),
            pods: 2,
            sets: 1,
            served,
        }
    }

    fn set(name: &str) -> ExperimentSet {
        ExperimentSet {
            experiment: 1,
            name: name.into(),
            step: 0,
            template: 0,
            of: Template::new("v2"),
            hash: Template::new("h"),
        }
    }

    #[test]
    fn pods_serve_only_where_a_service_selects_them() {
        let streams = Streams::new(Seed(1), "experiment", 0);
        let crashes = Crashes::default();
        let startup = Startup {
            streams: &streams,
            time: Latency::from_quantiles(12.0, 40.0),
            pre_stop_s: 0.0,
            crashes: &crashes,
        };
        let late = Time::ZERO + Span::from_mins(10);
        for served in [true, false] {
            let mut experiments = Experiments::new(&[foreseen(served)]);
            let scaled = |experiments: &mut Experiments, name| {
                let two = Replicas::Exactly(2);
                experiments.scale(Time::ZERO, &set(name), two, &startup)
            };
            assert!(scaled(&mut experiments, "app-0-new"));
            let ready: u32 = experiments.sets().map(|set| set.available(late)).sum();
            assert_eq!(ready, 2);
            assert_eq!(experiments.serving(late), [2 * u32::from(served), 0]);
            assert_eq!(experiments.stint(2, 1, 0).is_some(), served);
            assert!(!experiments.exceeded());
            // Another Experiment of the step has pods of its own.
            assert!(scaled(&mut experiments, "app-0-1-new"));
            assert_eq!(experiments.stint(3, 1, 0).is_some(), served);
            assert_eq!(experiments.exceeded(), served);
        }
    }
}

//! Experiment steps (`rollout/experiment.go`), and the Experiments that they made.

mod queue;

use serde::{Deserialize, Serialize};

use super::super::analysis::Phase;
use super::super::experiment::Experiment;
use super::super::rollout::Step;
use super::runs::Verdict;
use super::{Controller, RETRY, Reason};
use crate::{Effects, ExperimentSet, Record, Time, WorkloadState};

/// Most Experiments made at one instant. Without pods to wait for, one that is inconclusive at once
/// is followed by the next for ever.
const MAX_MADE: u32 = 8;

/// The Experiments that the Rollout owns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Experiments {
    /// In order of creation.
    list: Vec<Held>,
    /// `status.canary.currentExperiment`.
    current: Option<u64>,
    /// The current one as this pass knows it (`rolloutContext.currentEx`).
    seen: Option<u64>,
    made: u64,
    /// When the last one was made, and how many at that instant.
    burst: (Time, u32),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Held {
    /// Tells apart two Experiments of one name, the first of which was deleted.
    id: u64,
    experiment: Experiment,
}

/// Something that an Experiment asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Part {
    /// A metric of an analysis.
    Metric { analysis: usize, metric: usize },
    /// A template's size.
    Template(usize),
}

impl Experiments {
    fn get(&self, id: u64) -> Option<&Experiment> {
        let mut list = self.list.iter();
        list.find(|held| held.id == id).map(|held| &held.experiment)
    }

    fn get_mut(&mut self, id: u64) -> Option<&mut Experiment> {
        let mut list = self.list.iter_mut();
        let held = list.find(|held| held.id == id);
        held.map(|held| &mut held.experiment)
    }

    /// The pod template changed: the status points at none (`sync.go:1163`).
    pub(super) fn forget_current(&mut self) {
        self.current = None;
    }

    /// The current Experiment.
    #[cfg(test)]
    pub(super) fn current(&self) -> Option<&Experiment> {
        self.get(self.current?)
    }

    /// `completedCurrentCanaryStep` (`canary.go:329`).
    pub(super) fn is_successful(&self) -> bool {
        let seen = self.seen.and_then(|id| self.get(id));
        seen.is_some_and(|experiment| experiment.phase() == Some(Phase::Successful))
    }

    pub(super) fn next_wake(&self) -> Option<Time> {
        let wakes = self.list.iter().map(|held| held.experiment.next_wake());
        wakes.flatten().min()
    }

    /// Takes an observation of a ReplicaSet; `scaling` is asked with its owner and template.
    pub(super) fn observe(
        &mut self,
        set: &ExperimentSet,
        state: Option<&WorkloadState>,
        scaling: impl Fn(u64, usize) -> bool,
    ) {
        let scaling = scaling(set.experiment, set.template);
        if let Some(experiment) = self.get_mut(set.experiment) {
            experiment.observe(set.template, state, scaling);
        }
    }
}

impl Controller {
    /// `reconcileExperiments` (`experiment.go:158`).
    pub(super) fn reconcile_experiments(
        &mut self,
        now: Time,
        effects: &mut Effects,
        changed: &mut bool,
    ) -> Verdict {
        let pointed = self.experiments.current;
        self.experiments.seen = pointed;
        // Only what is set below is written to the status.
        self.experiments.current = None;
        let verdict = self.reconcile_current(now, pointed, effects, changed);
        *changed |= self.experiments.current != pointed;
        verdict
    }

    fn reconcile_current(
        &mut self,
        now: Time,
        pointed: Option<u64>,
        effects: &mut Effects,
        changed: &mut bool,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        if self.aborted() || self.promote_full {
            self.cancel_experiments(None, changed);
            return verdict;
        }
        if self.pause(Reason::InconclusiveAnalysisRun).is_some() {
            return verdict;
        }
        if self.is_initial() {
            // experiment.go:175: not before there is a stable ReplicaSet.
            return verdict;
        }
        let mut kept = None;
        if let Some(Step::Experiment(_)) = self.current_step_spec() {
            let id = pointed.or_else(|| self.create_experiment(now, effects, changed));
            let Some(id) = id else {
                // Nothing is written by a pass that fails.
                self.experiments.current = pointed;
                return verdict;
            };
            let found = self.experiments.get(id);
            // Without a pointer at it, a completed one is among the others.
            kept = pointed;
            match found.and_then(Experiment::phase) {
                Some(Phase::Inconclusive) => verdict.pause = true,
                Some(Phase::Error | Phase::Failed) => {
                    let what = "Experiment analysis phase is error/failed";
                    let message = match found.map_or("", Experiment::message) {
                        "" => what.to_owned(),
                        message => format!("{what}: {message}"),
                    };
                    verdict.abort = Some((message, "Argo rollout/experiment.go:194"));
                }
                Some(Phase::Successful) => {}
                // `SetCurrentExperiment`, which also rescues it from being cancelled.
                Some(Phase::Pending | Phase::Running) | None => {
                    kept = Some(id);
                    (self.experiments.current, self.experiments.seen) = (kept, kept);
                }
            }
        }
        self.cancel_experiments(kept, changed);
        self.delete_experiments(kept, effects);
        verdict
    }

    /// `createExperimentWithCollisionHandling` (`experiment.go:229`): one of the same name that is
    /// not over is taken for the new one, even while it ends.
    fn create_experiment(
        &mut self,
        now: Time,
        effects: &mut Effects,
        changed: &mut bool,
    ) -> Option<u64> {
        let Some(Step::Experiment(step)) = self.current_step_spec() else {
            return None;
        };
        let step = step.clone();
        let base = format!(
            "{}-{}-{}-{}",
            self.rollout.name,
            self.current,
            self.sets.revision(&self.current),
            self.step
        );
        let revisions = (self.stable.clone(), self.current.clone());
        let mut name = base.clone();
        for collision in 1.. {
            let mut list = self.experiments.list.iter();
            let Some(known) = list.find(|held| held.experiment.name() == name) else {
                break;
            };
            let Held { id, experiment } = known;
            let equal = experiment.step() == &step
                && experiment.revisions() == (&revisions.0, &revisions.1);
            if !experiment.finished() && equal {
                return Some(*id);
            }
            name = format!("{base}-{collision}");
        }
        let burst = &mut self.experiments.burst;
        *burst = match *burst {
            (at, count) if at == now => (at, count + 1),
            _ => (now, 1),
        };
        if burst.1 > MAX_MADE {
            self.retry_at = Some(now + RETRY);
            return None;
        }
        effects.record(|| Record::Note(format!("Created Experiment '{name}'")));
        *changed = true;
        self.experiments.made += 1;
        let id = self.experiments.made;
        let deadline = self.rollout.progress_deadline;
        let experiment = Experiment::new((name, self.step), step, revisions, deadline);
        self.experiments.list.push(Held { id, experiment });
        Some(id)
    }

    /// `cancelExperiments`: all but one.
    fn cancel_experiments(&mut self, kept: Option<u64>, changed: &mut bool) {
        for Held { id, experiment } in &mut self.experiments.list {
            if Some(*id) != kept && !experiment.terminated() && !experiment.finished() {
                experiment.terminate();
                *changed = true;
            }
        }
    }

    /// `FilterExperimentsToDelete`: of the others the newest are kept. A deleted one takes its pods
    /// along at once.
    fn delete_experiments(&mut self, kept: Option<u64>, effects: &mut Effects) {
        let (successful, other) = self.rollout.run_history;
        let mut left = [successful, other];
        let list = std::mem::take(&mut self.experiments.list);
        let mut stays = Vec::with_capacity(list.len());
        for held in list.into_iter().rev() {
            let limit = match held.experiment.phase() {
                _ if Some(held.id) == kept => None,
                Some(Phase::Successful) => Some(0),
                Some(phase) if phase.completed() => Some(1),
                _ => None,
            };
            if let Some(limit) = limit {
                if left[limit] == 0 {
                    let sizes = held.experiment.sizes().filter(|(_, size)| *size > 0);
                    for (template, _) in sizes {
                        self.scale_experiment(&held, template, 0, effects);
                    }
                    continue;
                }
                left[limit] -= 1;
            }
            stays.push(held);
        }
        stays.reverse();
        self.experiments.list = stays;
    }
}

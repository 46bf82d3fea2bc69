//! An Experiment as a pure state machine (`experiments/experiment.go`).
//!
//! Argo reconciles an Experiment in passes, level-triggered as the Rollout: templates, analyses,
//! then the status from both. A pass judges by the status that the one before has written.
//! [`Experiment::reconcile`] is one pass.

#[cfg(test)]
mod recorded;
mod spec;
mod status;
mod tags;
mod templates;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::spec::{
    ExperimentAnalysis, ExperimentDuration, ExperimentStep, ExperimentTemplate, SpecRef,
};
pub(super) use self::spec::{Names, Source};
use self::status::Status;
pub(super) use self::tags::{resolved, tags};
use self::templates::Set;
use super::analysis::{Phase, Run};
use crate::{Span, Template, Time, WorkloadState};

/// An Experiment that a Rollout made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// `metadata.name`.
    name: String,
    /// The index of the Rollout's step.
    at: usize,
    step: Arc<ExperimentStep>,
    /// The Rollout's revisions when it was made.
    stable: Template,
    latest: Template,
    /// `progressDeadlineSeconds`, the Rollout's.
    progress_deadline: Span,
    /// `spec.terminate`.
    terminate: bool,
    status: Status,
    /// The templates' ReplicaSets.
    sets: Vec<Option<Set>>,
    /// The analyses' AnalysisRuns.
    runs: Vec<Option<Run>>,
}

impl Experiment {
    /// An Experiment that has not been reconciled yet.
    #[must_use]
    pub fn new(
        (name, at): (String, usize),
        step: Arc<ExperimentStep>,
        (stable, latest): (Template, Template),
        progress_deadline: Span,
    ) -> Self {
        Self {
            name,
            at,
            stable,
            latest,
            progress_deadline,
            terminate: false,
            status: Status::new(&step),
            sets: vec![None; step.templates.len()],
            runs: vec![None; step.analyses.len()],
            step,
        }
    }

    /// `metadata.name`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The index of the step that it was made for.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// What it was made from.
    #[must_use]
    pub fn step(&self) -> &Arc<ExperimentStep> {
        &self.step
    }

    /// The stable template and the canary's.
    #[must_use]
    pub fn revisions(&self) -> (&Template, &Template) {
        (&self.stable, &self.latest)
    }

    /// `status.phase`; `None` before the first pass.
    #[must_use]
    pub fn phase(&self) -> Option<Phase> {
        self.status.phase
    }

    /// `status.message`.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.status.message
    }

    /// `status.availableAt`.
    #[must_use]
    pub fn available_at(&self) -> Option<Time> {
        self.status.available_at
    }

    /// Whether its phase is final.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.status.finished()
    }

    /// Whether somebody has ended it.
    #[must_use]
    pub fn terminated(&self) -> bool {
        self.terminate
    }

    /// `spec.terminate: true`.
    pub fn terminate(&mut self) {
        self.terminate = true;
    }

    /// An analysis' run.
    #[must_use]
    pub fn run(&self, analysis: usize) -> Option<&Run> {
        self.runs.get(analysis)?.as_ref()
    }

    /// An analysis' run, to be advanced and answered.
    pub fn run_mut(&mut self, analysis: usize) -> Option<&mut Run> {
        self.runs.get_mut(analysis)?.as_mut()
    }

    /// `IsTerminating`.
    fn is_terminating(&self) -> bool {
        self.terminate || self.status.is_terminating(&self.step)
    }

    /// One pass; `scale` is told the sizes of ReplicaSets, by template. Whether anything changed: then
    /// another pass follows.
    pub fn reconcile(&mut self, now: Time, scale: &mut dyn FnMut(usize, u32)) -> bool {
        if self.step.invalid.is_some() {
            return false;
        }
        let terminating = self.is_terminating();
        let mut status = self.status.clone();
        let mut touched = false;
        for template in 0..self.step.templates.len() {
            touched |= self.reconcile_template(template, (now, terminating), &mut status, scale);
        }
        for analysis in 0..self.step.analyses.len() {
            self.reconcile_analysis(analysis, terminating, &mut status);
        }
        status.calculate(&self.step, now);
        let changed = touched || status != self.status;
        self.status = status;
        changed
    }

    /// `reconcileAnalysisRun` (`experiment.go:391`).
    fn reconcile_analysis(&mut self, index: usize, terminating: bool, status: &mut Status) {
        let step = self.step.clone();
        let (Some(spec), Some(entry)) = (step.analyses.get(index), status.analyses.get_mut(index))
        else {
            return;
        };
        let name = &spec.name;
        if self.status.available_at.is_none() {
            // Nothing starts yet, but the templates' existence is looked at.
            if let Source::Missing(why) = &spec.source {
                entry.phase = Some(Phase::Error);
                let kind = match why.starts_with("cluster") {
                    true => "ClusterAnalysisTemplate",
                    false => "AnalysisTemplate",
                };
                entry.message = format!("{kind} verification failed for analysis '{name}': {why}");
            }
            return;
        }
        if !entry.created {
            if terminating {
                return;
            }
            let names = Names {
                experiment: &self.name,
                stable: &self.stable,
                latest: &self.latest,
            };
            match step.plan(spec, &names) {
                Ok(plan) => {
                    self.runs[index] = Some(Run::new(plan));
                    (entry.phase, entry.created) = (Some(Phase::Pending), true);
                }
                Err(why) => {
                    entry.phase = Some(Phase::Error);
                    entry.message =
                        format!("Failed to create AnalysisRun for analysis '{name}': {why}");
                }
            }
            return;
        }
        if entry.phase.is_some_and(Phase::completed) {
            return;
        }
        let Some(run) = &mut self.runs[index] else {
            return;
        };
        if terminating {
            // experiment.go:497: what comes of it is not looked at.
            run.terminate();
            return;
        }
        entry.phase = run.phase();
        run.message().clone_into(&mut entry.message);
    }

    /// Takes an observation of a template's ReplicaSet; `scaling`: our own size is newer than the
    /// observed one.
    pub fn observe(&mut self, template: usize, state: Option<&WorkloadState>, scaling: bool) {
        if let Some(Some(set)) = self.sets.get_mut(template) {
            set.observe(state, scaling);
        }
    }

    /// The size asked for could not be written (`experiment.go:277`).
    pub fn scale_failed(&mut self, template: usize, why: &str) {
        templates::scale_failed(self, template, why);
    }

    /// The sizes of its ReplicaSets, by template.
    pub fn sizes(&self) -> impl Iterator<Item = (usize, u32)> {
        let sets = self.sets.iter().enumerate();
        sets.filter_map(|(template, set)| Some((template, set.as_ref()?.spec)))
    }

    /// Whether nothing will happen to it any more.
    #[must_use]
    pub fn at_rest(&self) -> bool {
        self.finished()
            && self.sizes().all(|(_, size)| size == 0)
            && self.runs.iter().flatten().all(Run::completed)
    }

    /// When the next pass matters, if nothing else comes.
    #[must_use]
    pub fn next_wake(&self) -> Option<Time> {
        if self.step.invalid.is_some() {
            return None;
        }
        let runs = self.runs.iter().flatten();
        let runs = runs.filter(|run| !run.completed());
        let runs = runs.filter_map(Run::next_wake);
        runs.chain(self.wakes()).min()
    }
}

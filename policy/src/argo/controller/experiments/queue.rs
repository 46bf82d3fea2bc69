//! The Experiment controller's work, and what it asks of the world.

use super::super::runs::{resume, told};
use super::super::{Asked, Controller};
use super::{Held, Part};
use crate::argo::analysis::Phase;
use crate::argo::experiment::Experiment;
use crate::{
    Answer, Effect, Effects, ExperimentSet, MetricAnswer, Record, Replicas, Time, Workload,
};

/// Most passes over one Experiment that one input can start.
const MAX_PASSES: usize = 64;

impl Controller {
    /// Lets the Experiment controller work until it waits.
    pub(in super::super) fn advance_experiments(&mut self, now: Time, effects: &mut Effects) {
        let mut list = std::mem::take(&mut self.experiments.list);
        for held in &mut list {
            for _ in 0..MAX_PASSES {
                self.advance_experiment_runs(held, now, effects);
                let (before, mut sizes) = (held.experiment.phase(), Vec::new());
                let mut scale = |template, size| sizes.push((template, size));
                let changed = held.experiment.reconcile(now, &mut scale);
                for (template, size) in sizes {
                    self.scale_experiment(held, template, size, effects);
                }
                tell_phase(&held.experiment, before, effects);
                if !changed {
                    break;
                }
            }
            // A run that the last pass ended.
            self.advance_experiment_runs(held, now, effects);
        }
        self.experiments.list = list;
    }

    fn advance_experiment_runs(&mut self, held: &mut Held, now: Time, effects: &mut Effects) {
        let Held { id, experiment } = held;
        for analysis in 0..experiment.step().analyses.len() {
            let Some(run) = experiment.run_mut(analysis) else {
                continue;
            };
            let call = |metric| {
                let about = Part::Metric { analysis, metric };
                self.call(Asked::Experiment(*id, about))
            };
            resume(run, now, call, effects);
        }
    }

    pub(super) fn scale_experiment(
        &mut self,
        held: &Held,
        template: usize,
        size: u32,
        effects: &mut Effects,
    ) {
        let Held { id, experiment } = held;
        let step = experiment.step();
        let Some(spec) = step.templates.get(template) else {
            return;
        };
        let (stable, latest) = experiment.revisions();
        let set = ExperimentSet {
            experiment: *id,
            step: experiment.at(),
            template,
            name: step.set_name(experiment.name(), template).into(),
            of: spec.of(stable, latest).clone(),
            hash: spec.hash(stable, latest),
        };
        let call = self.call(Asked::Experiment(*id, Part::Template(template)));
        effects.push(Effect::Scale {
            call,
            workload: Workload::Experiment(set),
            replicas: Replicas::Exactly(size),
        });
    }

    /// What was asked for came or failed.
    pub(in super::super) fn experiment_answered(
        &mut self,
        now: Time,
        (id, part): (u64, Part),
        answer: Answer,
        effects: &mut Effects,
    ) {
        let Some(experiment) = self.experiments.get_mut(id) else {
            return;
        };
        match (part, answer) {
            (Part::Metric { analysis, metric }, answer) => {
                let answer = match answer {
                    Answer::Metric(answer) => answer,
                    Answer::Failed(why) => MetricAnswer::Error(why),
                    _ => return,
                };
                let Some(run) = experiment.run_mut(analysis) else {
                    return;
                };
                if let Some((outcome, message)) = run.measured(now, metric, &answer) {
                    told(run, metric, Some(&answer), (outcome, &message), effects);
                }
            }
            (Part::Template(template), Answer::Failed(why)) => {
                experiment.scale_failed(template, &why);
            }
            (Part::Template(_), _) => {}
        }
    }
}

fn tell_phase(experiment: &Experiment, before: Option<Phase>, effects: &mut Effects) {
    let after = experiment.phase();
    let Some(phase) = after.filter(|_| after != before) else {
        return;
    };
    effects.record(|| {
        let (name, message) = (experiment.name(), experiment.message());
        let colon = if message.is_empty() { "" } else { ": " };
        let phase = phase.as_str();
        Record::Note(format!("Experiment '{name}' is {phase}{colon}{message}"))
    });
}

//! An Experiment's status, and how it is put together (`calculateStatus`).

use serde::{Deserialize, Serialize};

use super::super::analysis::Phase;
use super::spec::ExperimentStep;
use crate::Time;

/// `status` of an Experiment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Status {
    /// `None` before the first pass.
    pub(super) phase: Option<Phase>,
    pub(super) message: String,
    /// In whole seconds, as the API keeps it.
    pub(super) available_at: Option<Time>,
    /// In the step's order; `None` before the first pass.
    pub(super) templates: Vec<Option<TemplateStatus>>,
    pub(super) analyses: Vec<AnalysisStatus>,
}

/// A template's entry of the status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TemplateStatus {
    pub(super) created: u32,
    pub(super) ready: u32,
    pub(super) available: u32,
    pub(super) code: Option<Code>,
    pub(super) message: String,
    /// In whole seconds.
    pub(super) last_transition: Option<Time>,
}

/// A template's status, from the best to the worst (`experiment.go:187` of `utils/experiment`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Code {
    Successful,
    Running,
    Progressing,
    Error,
    Failed,
}

impl Code {
    pub(super) const fn completed(self) -> bool {
        matches!(self, Self::Successful | Self::Error | Self::Failed)
    }
}

/// An analysis' entry of the status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AnalysisStatus {
    pub(super) phase: Option<Phase>,
    pub(super) message: String,
    /// The AnalysisRun exists.
    pub(super) created: bool,
}

impl Status {
    pub(super) fn new(step: &ExperimentStep) -> Self {
        Self {
            templates: vec![None; step.templates.len()],
            analyses: vec![AnalysisStatus::default(); step.analyses.len()],
            ..Self::default()
        }
    }

    pub(super) fn finished(&self) -> bool {
        self.phase.is_some_and(Phase::completed)
    }

    /// `IsTerminating`, but for `spec.terminate`.
    pub(super) fn is_terminating(&self, step: &ExperimentStep) -> bool {
        let codes = self.templates.iter().flatten().filter_map(|t| t.code);
        let mut codes = codes.filter(|code| code.completed() && *code != Code::Successful);
        let mut phases = self.analyses.iter().filter_map(|a| a.phase);
        self.finished()
            || codes.next().is_some()
            || phases.any(|phase| phase.completed() && phase != Phase::Successful)
            || self.required_successful(step)
    }

    /// `RequiredAnalysisRunsSuccessful`: there are some, and all are.
    pub(super) fn required_successful(&self, step: &ExperimentStep) -> bool {
        let required = step.analyses.iter().zip(&self.analyses);
        let mut required = required
            .filter(|(analysis, _)| analysis.required)
            .peekable();
        required.peek().is_some()
            && required.all(|(_, status)| status.phase == Some(Phase::Successful))
    }

    /// `calculateStatus` (`experiment.go:548`).
    pub(super) fn calculate(&mut self, step: &ExperimentStep, now: Time) {
        match self.phase {
            None => {
                self.phase = Some(Phase::Pending);
                return;
            }
            Some(phase) if phase.completed() => return,
            Some(_) => {}
        }
        let (templates, template_message) = self.assess_templates();
        let (analyses, analysis_message) = self.assess_analyses(step);
        if templates == Phase::Running && self.available_at.is_none() {
            self.available_at = Some(now.truncated_to_second());
        }
        let has_required = step.analyses.iter().any(|analysis| analysis.required);
        let by_analyses = if templates.completed() {
            // The templates lasted: what the analyses say counts, unless none has to be waited for.
            templates == Phase::Successful && (analyses.completed() || has_required)
        } else {
            analyses.completed() && analyses != Phase::Successful || self.required_successful(step)
        };
        (self.phase, self.message) = match by_analyses {
            true => (Some(analyses), analysis_message),
            false => (Some(templates), template_message),
        };
    }

    /// The worst template decides.
    fn assess_templates(&self) -> (Phase, String) {
        let (mut worst, mut message) = (Code::Successful, String::new());
        for template in &self.templates {
            match template {
                None => worst = worst.max(Code::Progressing),
                Some(TemplateStatus {
                    code: Some(code),
                    message: text,
                    ..
                }) if *code > worst => {
                    (worst, message) = (*code, text.clone());
                }
                Some(_) => {}
            }
        }
        let phase = match worst {
            Code::Successful => Phase::Successful,
            Code::Running => Phase::Running,
            Code::Progressing => Phase::Pending,
            Code::Error => Phase::Error,
            Code::Failed => Phase::Failed,
        };
        (phase, message)
    }

    /// The worst AnalysisRun decides, unless all that are required have succeeded.
    fn assess_analyses(&self, step: &ExperimentStep) -> (Phase, String) {
        let (mut worst, mut message) = (Phase::Successful, String::new());
        for status in &self.analyses {
            if let Some(phase) = status.phase
                && phase.badness() > worst.badness()
            {
                (worst, message) = (phase, status.message.clone());
            }
        }
        // experiment.go:623: a run that is still on its way is as bad as `Running`, so it does hold
        // this up.
        if self.required_successful(step) && worst.badness() < Phase::Running.badness() {
            let message = "Required AnalysisRuns completed";
            return (Phase::Successful, message.to_owned());
        }
        if worst == Phase::Pending {
            worst = Phase::Running;
        }
        (worst, message)
    }
}

//! Analysis steps and background analysis (`rollout/analysis.go`).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::analysis::{Phase, Resumed, Run};
use super::super::plan::{Outcome, printed};
use super::super::resolve::Analysis;
use super::super::rollout::Step;
use super::{Asked, Controller, Reason, story};
use crate::{Call, Effect, Effects, Limits, MetricAnswer, Record, Time};

/// A run that the Rollout's status points at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ActiveRun {
    run: Run,
    /// The step it was created for; `None` in the background.
    step: Option<usize>,
}

impl ActiveRun {
    pub(super) fn phase(&self) -> Option<Phase> {
        self.run.phase()
    }

    pub(super) fn is_inconclusive(&self) -> bool {
        self.phase() == Some(Phase::Inconclusive)
    }

    pub(super) fn is_successful(&self) -> bool {
        self.phase() == Some(Phase::Successful)
    }

    pub(super) fn next_wake(&self) -> Option<Time> {
        self.run.next_wake()
    }

    /// `cancelAnalysisRuns` (`analysis.go:461`); whether that is news.
    pub(super) fn terminate(&mut self) -> bool {
        self.run.terminate()
    }
}

/// What analysis asks of the rest of the pass (`pauseContext`).
#[derive(Default)]
pub(super) struct Verdict {
    pub(super) pause: bool,
    pub(super) abort: Option<(String, &'static str)>,
}

/// Feeds an answer to a run and tells of it.
pub(super) fn answered(
    slot: &mut Option<ActiveRun>,
    now: Time,
    metric: usize,
    answer: &MetricAnswer,
    effects: &mut Effects,
) {
    let Some(active) = slot else {
        return;
    };
    let Some((outcome, message)) = active.run.measured(now, metric, answer) else {
        return;
    };
    told(
        &active.run,
        metric,
        Some(answer),
        (outcome, &message),
        effects,
    );
}

/// Tells of a completed measurement; one without an answer was terminated.
pub(super) fn told(
    run: &Run,
    metric: usize,
    answer: Option<&MetricAnswer>,
    (outcome, message): (Outcome, &str),
    effects: &mut Effects,
) {
    effects.record(|| {
        let metric_spec = run.plan().metrics.get(metric);
        let result = run.result(metric);
        let mut detail = metric_spec.map_or(String::new(), story::conditions);
        let counts = metric_spec
            .zip(result)
            .map_or_else(Vec::new, |(spec, result)| story::counters(spec, result));
        if !message.is_empty() {
            detail.push_str(&format!(": {message}"));
        }
        Record::Measured {
            metric: metric_spec.map_or(String::new(), |m| m.query.metric.to_string()),
            value: answer.map_or(String::new(), printed),
            outcome: outcome.as_str().into(),
            reading: answer.and_then(story::reading),
            limits: metric_spec.map_or_else(Limits::default, story::limits),
            detail,
            counts,
        }
    });
}

/// Lets a run go on: asks what is due, each as the call that `call` gives a metric, and tells what
/// became of it at once.
pub(super) fn resume(
    run: &mut Run,
    now: Time,
    mut call: impl FnMut(usize) -> Call,
    effects: &mut Effects,
) {
    let plan = run.plan().clone();
    let resumed = run.advance(now, &mut |metric| {
        let Some(spec) = plan.metrics.get(metric) else {
            return;
        };
        let call = call(metric);
        let query = spec.query_at(now);
        effects.push(Effect::Query { call, query });
    });
    for Resumed {
        metric,
        answer,
        outcome,
        message,
    } in resumed
    {
        told(run, metric, answer.as_ref(), (outcome, &message), effects);
    }
}

impl Controller {
    /// Lets the AnalysisRun controller work until it waits.
    pub(super) fn advance_runs(&mut self, now: Time, effects: &mut Effects) {
        let (mut calls, asked) = (self.next_call, &mut self.asked);
        for (slot, about) in [
            (&mut self.step_run, Asked::StepMetric as fn(usize) -> Asked),
            (&mut self.background, Asked::BackgroundMetric),
        ] {
            let Some(active) = slot else {
                continue;
            };
            let call = |metric| {
                calls += 1;
                let call = Call(calls);
                asked.push((call, about(metric)));
                call
            };
            resume(&mut active.run, now, call, effects);
        }
        self.next_call = calls;
    }

    /// Drops calls of runs that are gone.
    pub(super) fn forget_runs(&mut self) {
        let (step, background) = (self.step_run.is_some(), self.background.is_some());
        self.asked.retain(|(_, asked)| match asked {
            Asked::StepMetric(_) => step,
            Asked::BackgroundMetric(_) => background,
            _ => true,
        });
    }

    /// `reconcileAnalysisRuns` (`analysis.go:78`).
    pub(super) fn reconcile_runs(&mut self, effects: &mut Effects, changed: &mut bool) -> Verdict {
        let mut verdict = Verdict::default();
        if self.skips_analysis() {
            self.cancel_runs(changed);
            return verdict;
        }
        self.reconcile_step_run(&mut verdict, effects, changed);
        self.reconcile_background(&mut verdict, effects, changed);
        verdict
    }

    /// `shouldCancelCurrentAnalysis` (`analysis.go:79`).
    pub(super) fn skips_analysis(&self) -> bool {
        let going_back = self.fast_track || self.within_rollback_window();
        let over = self.fully_promoted() || self.is_initial();
        over || self.aborted() || self.promote_full || going_back
    }

    /// Cancelled: they end Successful, or Inconclusive with a job in flight, unheard.
    pub(super) fn cancel_runs(&mut self, changed: &mut bool) {
        if self.step_run.take().is_some() | self.background.take().is_some() {
            self.forget_runs();
            *changed = true;
        }
    }

    /// `analysis.go:407`.
    fn reconcile_step_run(
        &mut self,
        verdict: &mut Verdict,
        effects: &mut Effects,
        changed: &mut bool,
    ) {
        if !self.pauses.is_empty() {
            return;
        }
        let analysis = match self.current_step_spec() {
            Some(Step::Analysis(Some(analysis))) => Some(analysis.clone()),
            _ => None,
        };
        let elsewhere = self
            .step_run
            .as_ref()
            .is_some_and(|run| run.step != Some(self.step));
        let Some(analysis) = analysis.filter(|_| !elsewhere) else {
            if self.step_run.take().is_some() {
                self.forget_runs();
                *changed = true;
            }
            return;
        };
        if self.needs_new_run(self.step_run.as_ref()) {
            self.step_run = Some(self.create(&analysis, Some(self.step)));
            self.forget_step_calls();
            *changed = true;
            let step = self.step;
            effects.record(|| Record::Note(format!("AnalysisRun created for step {step}")));
            return;
        }
        let what = "Step-based analysis phase error/failed";
        judge(
            self.step_run.as_ref(),
            what,
            "Argo rollout/analysis.go:434",
            verdict,
        );
    }

    /// `analysis.go:350`.
    fn reconcile_background(
        &mut self,
        verdict: &mut Verdict,
        effects: &mut Effects,
        changed: &mut bool,
    ) {
        let Some(background) = &self.rollout.canary.background else {
            return;
        };
        let steps = !self.rollout.canary.steps.is_empty();
        if steps && self.step < background.starting_step {
            return;
        }
        if self.pause(Reason::InconclusiveAnalysisRun).is_some() {
            return;
        }
        if self.needs_new_run(self.background.as_ref()) {
            let analysis = background.analysis.clone();
            self.background = Some(self.create(&analysis, None));
            self.asked
                .retain(|(_, asked)| !matches!(asked, Asked::BackgroundMetric(_)));
            *changed = true;
            effects.record(|| Record::Note("background AnalysisRun created".to_owned()));
            return;
        }
        let what = "Background analysis phase error/failed";
        judge(
            self.background.as_ref(),
            what,
            "Argo rollout/analysis.go:376",
            verdict,
        );
    }

    /// `needsNewAnalysisRun` (`analysis.go:173`): none yet, an inconclusive one whose pause somebody
    /// cleared, or one from before a retry.
    pub(super) fn needs_new_run(&self, run: Option<&ActiveRun>) -> bool {
        let Some(run) = run else {
            return true;
        };
        let unpaused = self.controller_pause
            && self.pause(Reason::CanaryPauseStep).is_none()
            && self.pause(Reason::BlueGreenPause).is_none();
        match unpaused {
            true => run.is_inconclusive(),
            false => self.retried,
        }
    }

    pub(super) fn create(&self, analysis: &Arc<Analysis>, step: Option<usize>) -> ActiveRun {
        ActiveRun {
            run: Run::new(analysis.plan(&self.stable, &self.current)),
            step,
        }
    }

    pub(super) fn forget_background_calls(&mut self) {
        self.asked
            .retain(|(_, asked)| !matches!(asked, Asked::BackgroundMetric(_)));
    }

    pub(super) fn forget_step_calls(&mut self) {
        self.asked
            .retain(|(_, asked)| !matches!(asked, Asked::StepMetric(_)));
    }
}

/// Failed and Error abort alike; Inconclusive pauses.
pub(super) fn judge(
    run: Option<&ActiveRun>,
    what: &str,
    rule: &'static str,
    verdict: &mut Verdict,
) {
    let Some(ActiveRun { run, .. }) = run else {
        return;
    };
    match run.phase() {
        Some(Phase::Inconclusive) => verdict.pause = true,
        Some(Phase::Error | Phase::Failed) => {
            let message = match run.message() {
                "" => what.to_owned(),
                message => format!("{what}: {message}"),
            };
            verdict.abort = Some((message, rule));
        }
        _ => {}
    }
}

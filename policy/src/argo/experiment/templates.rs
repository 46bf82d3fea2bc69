//! The templates of an Experiment and their ReplicaSets (`reconcileTemplate`).

use serde::{Deserialize, Serialize};

use super::Experiment;
use super::spec::ExperimentDuration;
use super::status::{Code, Status, TemplateStatus};
use crate::{Span, Time, WorkloadState};

/// A ReplicaSet of an Experiment, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Set {
    /// `spec.replicas`.
    pub(super) spec: u32,
    created: u32,
    ready: u32,
    pub(super) available: u32,
    /// The scale-down-deadline annotation.
    deadline: Option<Time>,
}

impl Set {
    pub(super) fn observe(&mut self, state: Option<&WorkloadState>, scaling: bool) {
        let Some(state) = state else {
            (self.created, self.ready, self.available) = (0, 0, 0);
            return;
        };
        if let Some(desired) = state.desired.filter(|_| !scaling) {
            self.spec = desired;
        }
        self.created = state.created;
        self.ready = state.ready;
        self.available = state.available;
    }
}

pub(super) fn scale_failed(experiment: &mut Experiment, template: usize, why: &str) {
    let Experiment {
        step, sets, status, ..
    } = experiment;
    let (Some(spec), Some(Some(entry)), Some(Some(set))) = (
        step.templates.get(template),
        status.templates.get_mut(template),
        sets.get_mut(template),
    ) else {
        return;
    };
    let (name, wanted) = (&spec.name, set.spec);
    if entry.code.is_none_or(|code| !code.completed()) {
        entry.code = Some(Code::Error);
        entry.message = format!(
            "Unable to scale ReplicaSet for template '{name}' to desired replica count \
             '{wanted}': {why}"
        );
    }
    // The size in the cluster is the one before.
    set.spec = set.created;
}

impl Experiment {
    /// `PassedDurations`: strictly after its end.
    fn passed_duration(&self, now: Time) -> bool {
        self.end().is_some_and(|end| now > end)
    }

    fn end(&self) -> Option<Time> {
        match self.step.duration {
            ExperimentDuration::For(span) => Some(self.status.available_at? + span),
            ExperimentDuration::Endless | ExperimentDuration::Unreadable(_) => None,
        }
    }

    /// `CalculateTemplateReplicasCount`.
    fn wanted(&self, index: usize, terminating: bool) -> u32 {
        let code = self.status.templates.get(index).cloned().flatten();
        let completed = code.is_some_and(|t| t.code.is_some_and(Code::completed));
        match self.step.templates.get(index) {
            Some(spec) if !terminating && !completed => spec.replicas,
            _ => 0,
        }
    }

    /// `reconcileTemplate` (`experiment.go:116`); whether a ReplicaSet was written to.
    pub(super) fn reconcile_template(
        &mut self,
        index: usize,
        (now, terminating): (Time, bool),
        status: &mut Status,
        scale: &mut dyn FnMut(usize, u32),
    ) -> bool {
        let step = self.step.clone();
        let Some(spec) = step.templates.get(index) else {
            return false;
        };
        let mut entry = status.templates[index].clone().unwrap_or_default();
        let before = entry.clone();
        let second = now.truncated_to_second();
        let wanted = self.wanted(index, terminating);
        let mut touched = false;
        match (&mut self.sets[index], &spec.refused) {
            (None, Some(why)) => {
                let name = &spec.name;
                entry.code = Some(Code::Error);
                entry.message = format!("Failed to create ReplicaSet for template '{name}': {why}");
            }
            (slot @ None, None) => {
                *slot = Some(Set::default());
                entry.last_transition = Some(second);
                touched = true;
            }
            (Some(set), _) => {
                touched |= wanted == 0 && set.delay(second, step.scale_down_delay);
                if set.spec != wanted {
                    touched |= set.scale(wanted, spec.replicas, now, |size| scale(index, size));
                    // experiment.go:167: in every pass that would like another size.
                    entry.last_transition = Some(second);
                }
            }
        }
        let none = Set::default();
        let set = self.sets[index].as_ref().unwrap_or(&none);
        (entry.created, entry.ready, entry.available) = (set.created, set.ready, set.available);
        let counts = |entry: &TemplateStatus| (entry.created, entry.ready, entry.available);
        if counts(&before) != counts(&entry) {
            entry.last_transition = Some(second);
        }
        if entry.code.is_none_or(|code| !code.completed()) {
            let deadline = self.progress_deadline;
            let over = self.passed_duration(now);
            let from = entry.last_transition.unwrap_or(now);
            entry.code = Some(match wanted == entry.available {
                true if over || terminating => Code::Successful,
                true => Code::Running,
                false if now > from + deadline => {
                    let (name, seconds) = (&spec.name, deadline.nanos() / 1_000_000_000);
                    entry.message = format!(
                        "Template '{name}' exceeded its progressDeadlineSeconds ({seconds})"
                    );
                    Code::Failed
                }
                false if terminating => Code::Successful,
                false => Code::Progressing,
            });
        }
        status.templates[index] = Some(entry);
        touched
    }

    /// `calculateEnqueueDuration`, and the ends of scale-down delays.
    pub(super) fn wakes(&self) -> impl Iterator<Item = Time> {
        let tick = Span::from_nanos(1);
        let running = !self.is_terminating();
        let end = self.end().filter(|_| running).map(|end| end + tick);
        let sets = self.sets.iter().zip(&self.status.templates).enumerate();
        let sets = sets.filter_map(move |(index, (set, status))| {
            let (set, status) = (set.as_ref()?, status.as_ref()?);
            let wanted = self.wanted(index, !running);
            if wanted == 0 && set.spec > 0 {
                return set.deadline;
            }
            let waits = matches!(status.code, Some(Code::Progressing | Code::Running));
            let late = running && waits && status.available != wanted;
            let from = status.last_transition.filter(|_| late)?;
            Some(from + self.progress_deadline + tick)
        });
        end.into_iter().chain(sets)
    }
}

impl Set {
    /// `addScaleDownDelay`: once; whether the annotation was written.
    fn delay(&mut self, now: Time, delay: Span) -> bool {
        if delay == Span::ZERO || self.deadline.is_some() {
            return false;
        }
        self.deadline = Some(now + delay);
        true
    }

    /// `scaleTemplateRS`: down only when the delay is over; whether the size was written.
    fn scale(&mut self, wanted: u32, full: u32, now: Time, scale: impl FnOnce(u32)) -> bool {
        let waits = wanted == 0 && self.deadline.is_some_and(|deadline| deadline > now);
        let size = if waits { full } else { wanted };
        if self.spec == size {
            return false;
        }
        self.spec = size;
        scale(size);
        true
    }
}

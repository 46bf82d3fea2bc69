//! The ReplicaSets as far as they are known.

use serde::{Deserialize, Serialize};

use super::super::replicas::Pods;
use crate::{Template, Time, WorkloadState};

/// ReplicaSets by template; a rollout has two, seldom three.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Sets(Vec<Set>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Set {
    pub(super) template: Template,
    pub(super) pods: Pods,
    pub(super) ready: u32,
    /// The annotation `rollout.argoproj.io/revision`.
    pub(super) revision: u64,
    /// The scale-down-deadline annotation.
    pub(super) deadline: Option<Time>,
}

impl Sets {
    pub(super) fn new(stable: Template, replicas: u32) -> Self {
        Self(vec![Set {
            template: stable,
            pods: Pods {
                spec: replicas,
                created: replicas,
                available: replicas,
            },
            ready: replicas,
            revision: 1,
            deadline: None,
        }])
    }

    /// The first ReplicaSet, of size 0.
    pub(super) fn empty(template: &Template) -> Self {
        Self::new(template.clone(), 0)
    }

    /// Creates a ReplicaSet of size 0 unless there is one (`controller.go:560`).
    pub(super) fn ensure(&mut self, template: &Template) -> &mut Set {
        let place = self.0.iter().position(|set| set.template == *template);
        let place = place.unwrap_or_else(|| {
            self.0.push(Set {
                template: template.clone(),
                pods: Pods::default(),
                ready: 0,
                revision: 0,
                deadline: None,
            });
            self.0.len() - 1
        });
        &mut self.0[place]
    }

    /// A template that is asked for becomes the newest revision.
    pub(super) fn revise(&mut self, template: &Template) -> &mut Set {
        let newest = self.0.iter().map(|set| set.revision).max().unwrap_or(0);
        let set = self.ensure(template);
        set.revision = newest + 1;
        set
    }

    /// The annotation `rollout.argoproj.io/revision`.
    pub(super) fn revision(&self, template: &Template) -> u64 {
        let mut sets = self.0.iter();
        sets.find(|set| set.template == *template)
            .map_or(0, |set| set.revision)
    }

    /// How many ReplicaSets were made between two, the first being the older one.
    pub(super) fn between(&self, older: &Template, newer: &Template) -> Option<usize> {
        let place = |template: &Template| self.0.iter().position(|set| set.template == *template);
        place(newer)?.checked_sub(place(older)? + 1)
    }

    /// Takes an observation; `scaling`: our own size is newer than the observed one.
    pub(super) fn observe(
        &mut self,
        template: &Template,
        state: Option<&WorkloadState>,
        scaling: bool,
    ) {
        let set = self.ensure(template);
        let Some(state) = state else {
            // Deleted, or not created yet.
            (set.pods.created, set.pods.available, set.ready) = (0, 0, 0);
            return;
        };
        if let Some(desired) = state.desired.filter(|_| !scaling) {
            set.pods.spec = desired;
        }
        set.pods.created = state.created;
        set.pods.available = state.available;
        set.ready = state.ready;
    }

    pub(super) fn pods(&self, template: &Template) -> Pods {
        let mut sets = self.0.iter();
        sets.find(|set| set.template == *template)
            .map_or(Pods::default(), |set| set.pods)
    }

    pub(super) fn set_spec(&mut self, template: &Template, spec: u32) {
        self.ensure(template).pods.spec = spec;
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Set> {
        self.0.iter()
    }

    pub(super) fn next_deadline(&self) -> Option<Time> {
        let running = self.0.iter().filter(|set| set.pods.spec > 0);
        running.filter_map(|set| set.deadline).min()
    }
}

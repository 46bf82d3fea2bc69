//! Autoscalers on the workloads of a rollout.
//!
//! A plain Deployment has one. With Flagger both Deployments have: `autoscalerRef` copies the target's
//! to the primary (`hpa_reconciler.go`), and an autoscaler leaves a Deployment at zero alone. With Argo
//! it is the Rollout that is scaled: its pods are those of all ReplicaSets (`canary.go:349`,
//! `status.HPAReplicas`), and what is set is `spec.replicas`, from which the controller works out the
//! rest.

use coalmine_policy::{Input, Observation, Replicas, Span, Time, Workload};

use super::Rollout;
use crate::autoscale::{Autoscale, Seen};
use crate::cluster::{CANARY, STABLE};
use crate::split::Cohort;
use crate::subject::Topology;

/// The autoscalers of a replication.
#[derive(Debug)]
pub(super) struct Scaling {
    /// When they look next.
    pub(super) next: Time,
    period: Span,
    lag: Span,
    scalers: Vec<(Scaled, Autoscale)>,
}

/// What an autoscaler scales.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scaled {
    /// The Deployment in service; Flagger's primary.
    Stable,
    /// Flagger's target.
    Target,
    /// Argo's Rollout.
    Rollout,
}

impl Rollout<'_, '_> {
    /// The scenario's autoscalers, on the workloads that its policy has.
    pub(super) fn autoscalers(&self) -> Option<Scaling> {
        let stage = self.world.stage;
        let spec = stage.scenario.service.autoscaler?;
        let scaled: &[Scaled] = match stage.topology {
            Topology::Deployment => &[Scaled::Stable],
            Topology::PrimaryAndTarget => &[Scaled::Stable, Scaled::Target],
            Topology::ReplicaSets { .. } => &[Scaled::Rollout],
        };
        let scalers = scaled.iter().map(|one| (*one, Autoscale::new(spec)));
        Some(Scaling {
            next: Time::ZERO + spec.sync,
            period: spec.sync,
            lag: spec.lag,
            scalers: scalers.collect(),
        })
    }

    /// The autoscalers look, and set what they want.
    pub(super) fn autoscale(&mut self) {
        let Some(mut scaling) = self.scaling.take() else {
            return;
        };
        scaling.next = self.now + scaling.period;
        let seen_s = self.now.as_secs_f64() - scaling.lag.as_secs_f64();
        for (scaled, scaler) in &mut scaling.scalers {
            let seen = self.seen(*scaled, seen_s);
            if let Some(replicas) = scaler.decide(self.now, seen) {
                self.set_replicas(*scaled, replicas);
            }
        }
        self.scaling = Some(scaling);
    }

    fn seen(&mut self, scaled: Scaled, seen_s: f64) -> Seen {
        let (sets, cohorts): (&[usize], &[Cohort]) = match scaled {
            Scaled::Stable => (&[STABLE], &[Cohort::PrimaryOld, Cohort::PrimaryNew]),
            Scaled::Target => (&[CANARY], &[Cohort::Canary]),
            Scaled::Rollout => (&[STABLE, CANARY], &Cohort::ALL),
        };
        let pods = sets.iter().map(|set| self.cluster.pods(*set, self.now));
        let (ready, replicas) = pods.fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
        Seen {
            utilisation: self
                .world
                .flow
                .utilisation(cohorts, seen_s, self.now.as_secs_f64()),
            ready,
            replicas,
        }
    }

    fn set_replicas(&mut self, scaled: Scaled, replicas: u32) {
        let workload = match scaled {
            Scaled::Stable => Workload::Primary,
            Scaled::Target => Workload::Target,
            Scaled::Rollout => {
                self.tell_engine(Input::Observed(Observation::Replicas(replicas)));
                return;
            }
        };
        self.scale(&workload, Replicas::Exactly(replicas));
    }
}

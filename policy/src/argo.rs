//! Argo Rollouts 1.10: canary and blue-green Rollouts with their Prometheus analyses.
//!
//! * [`read`] lowers `Rollout`, `AnalysisTemplate` and `ClusterAnalysisTemplate` and merges them.
//!   What the API server or coalmine cannot take is a diagnostic; what *Argo's controller* refuses
//!   is the Rollout's [`Refusal`], because a refused manifest has an outcome of its own: nothing
//!   happens.
//! * [`analysis::Run`] is an AnalysisRun.
//! * [`experiment::Experiment`] is what an `experiment` step makes.
//! * [`Controller`] is the engine.
//!
//! Source citations (`canary.go:320`) mean argoproj/argo-rollouts at 9f8d111d8 (1.10).

pub mod analysis;
mod controller;
pub mod experiment;
mod plan;
mod read;
mod replicas;
mod resolve;
mod rollout;
mod template;
mod value;

pub use controller::Controller;
pub use plan::{Metric, Outcome, Plan, RangeBack, Test, printed};
pub use read::{ArgAlone, TemplateAlone, read, read_alone, read_standalone};
pub use replicas::{Pods, basic_canary, weighted_targets};
pub use resolve::Analysis;
pub use rollout::{
    Background, BlueGreen, Canary, CanaryScale, ManagedRoute, PossibleQuery, Refusal, Rollout,
    Router, Routing, Step, Threshold,
};
pub use template::Place;
pub use value::IntOrString;

/// The `apiVersion` of Argo Rollouts' kinds.
pub const API_VERSION: &str = "argoproj.io/v1alpha1";

//! Flagger 1.44: `Canary` objects and the controller that moves them.
//!
//! ```text
//!  manifests ──► read ──► Canary ──► Controller (advance_canary, once an interval)
//!                           │           readiness ► routes ► gates ► analysis ► strategy
//!                           └─ queries() for a world that prepares its series
//! ```
//!
//! [`read`] lowers `flagger.app/v1beta1` documents, says what the API server and the controller
//! would refuse and warns of settings that never promote. [`Controller`] decides as Flagger's own
//! scheduler does, one blocking call after the other; `tests/conformance` holds it against recorded
//! decisions. Functions carry the names Flagger gives them.

mod analysis;
mod calls;
mod canary;
mod check;
mod controller;
mod finish;
mod gates;
mod initialize;
mod observer;
mod provider;
mod read;
mod readiness;
mod reconcile;
mod routes;
mod status;
mod steps;
mod strategy;
mod template;
mod tick;

pub use canary::{
    Analysis, Bound, Canary, Check, HookType, Measure, Query, Question, Target, TargetKind, Webhook,
};
pub use controller::Controller;
pub use provider::Provider;
pub use read::{MetricTemplate, Options, read};
pub use routes::{Reading, SetRoutes};
pub use status::{Phase, Status};
pub use template::render_alone;

/// The `apiVersion` of Flagger's kinds.
pub const API_VERSION: &str = "flagger.app/v1beta1";

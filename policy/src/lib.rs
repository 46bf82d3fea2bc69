//! The policy engines: pure state machines that decide.
//!
//! An engine never blocks, reads no clock, draws no random number and knows no Kubernetes client. A
//! *world* (the simulator, or a live cluster) feeds it [`Input`]s stamped with the world's time and
//! carries out the [`Effect`]s that come back. Effects that can fail or that return a value carry a
//! [`Call`]; the world answers with [`Input::Answered`]. Everything between two inputs is a
//! function of the engine's own state, so a recorded transcript of inputs gives the same effects
//! again, byte for byte.
//!
//! ```text
//!  manifests ──► source ──► flagger | argo | baseline ──► Effects ──► world
//!                                   ▲                                   │
//!                                   └───────────── Inputs ◄─────────────┘
//! ```
//!
//! * [`source`] reads YAML with positions and collects every mistake as a [`source::Diagnostic`].
//! * [`flagger`] decides as Flagger's scheduler does, [`argo`] as Argo Rollouts' controller does;
//!   [`expr`] is Argo's condition language.
//! * [`Engine`] is the contract between an engine and its world.

pub mod argo;
pub mod baseline;
pub mod effect;
pub mod engine;
pub mod expr;
pub mod flagger;
pub mod input;
pub mod metric;
pub mod native;
pub mod record;
pub mod source;
pub mod stickiness;
pub mod time;
pub mod transcript;
pub mod weight;
pub mod workload;

pub use effect::{
    Call, Effect, Effects, HeaderMatch, HookCall, Replicas, RouteRule, Routes, Service,
};
pub use engine::{Engine, Standing};
pub use input::{Answer, Command, HookAnswer, Input, Observation};
pub use metric::{MetricAnswer, MetricQuery, Provider, QueryRange};
pub use record::{Count, Decision, Limits, Record};
pub use stickiness::{Kept, Stickiness};
pub use time::{Span, Time};
pub use transcript::Exchange;
pub use weight::Weight;
pub use workload::{Condition, ExperimentSet, Template, Workload, WorkloadState};

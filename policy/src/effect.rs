//! What an engine asks of its world.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{MetricQuery, Record, Template, Weight, Workload};

/// Ties an effect to its [`crate::Input::Answered`]; unique within one engine's life.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Call(pub u64);

/// A side effect. Those with a `call` must be answered, in the order they were asked; a `job` query
/// when the job has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Effect {
    /// Ask the metric provider. Answer: [`crate::Answer::Metric`].
    Query {
        /// The answer's address.
        call: Call,
        /// The question.
        query: MetricQuery,
    },
    /// Write the router's API object. Answer: `Done` or `Failed`.
    SetRoutes {
        /// The answer's address.
        call: Call,
        /// The routes to write.
        routes: Routes,
    },
    /// Set a workload's replica count. Answer: `Done` or `Failed`.
    Scale {
        /// The answer's address.
        call: Call,
        /// Whose pods.
        workload: Workload,
        /// How many.
        replicas: Replicas,
    },
    /// Flagger's Promote: copy the target's template to the primary, which then rolls. Answer:
    /// `Done` or `Failed`.
    Promote {
        /// The answer's address.
        call: Call,
    },
    /// Give a Deployment another pod template; it rolls. A primary that does not exist yet is made
    /// with it, as many replicas as the target has. Answer: `Done` or `Failed`.
    Roll {
        /// The answer's address.
        call: Call,
        /// Which Deployment.
        workload: Workload,
        /// The template of its pods from now on.
        to: Template,
    },
    /// Call a webhook. Answer: [`crate::Answer::Hook`].
    CallHook {
        /// The answer's address.
        call: Call,
        /// Which one, and with what.
        hook: HookCall,
    },
    /// Point a Service's selector at the pods of one template (Argo). No answer is awaited.
    PointService {
        /// Which service of the rollout.
        service: Service,
        /// Whose pods it selects from now on.
        to: Template,
    },
    /// Something a person should be able to read afterwards. No answer is awaited.
    Record(Record),
}

/// How many replicas a workload should get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Replicas {
    /// None.
    Zero,
    /// Flagger's ScaleFromZero: the current count if above zero, else the primary's or the
    /// autoscaler's minimum.
    FromZero,
    /// Exactly so many.
    Exactly(u32),
}

/// The services an Argo rollout re-points.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Service {
    /// `canary.stableService`.
    Stable,
    /// `canary.canaryService`.
    Canary,
    /// `blueGreen.activeService`.
    Active,
    /// `blueGreen.previewService`.
    Preview,
}

/// The content of the router's API object, as far as weights and rules go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Routes {
    /// The canary's share of the traffic that no rule below captures.
    pub canary: Weight,
    /// Requests are copied to the canary as well; their answers are thrown away.
    pub mirrored: bool,
    /// Share of requests mirrored, when the router has such a field (Istio `mirrorPercentage`).
    pub mirror: Option<Weight>,
    /// Rules that send matching requests to the canary whatever the weight; any one suffices.
    pub rules: Vec<RouteRule>,
}

/// A rule that captures requests for the canary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RouteRule {
    /// The rule's name, where it has one (Argo's managed routes).
    pub name: String,
    /// Header conditions, all of which must hold. A cookie is a condition on the header `cookie`.
    pub headers: BTreeMap<String, HeaderMatch>,
    /// The rule copies instead of routing (Argo's setMirrorRoute).
    pub mirror: bool,
    /// The share of the matched requests that the rule takes.
    pub share: Weight,
}

/// How a header's value is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum HeaderMatch {
    /// Equal.
    Exact(String),
    /// Begins with.
    Prefix(String),
    /// Ends with.
    Suffix(String),
    /// Matches the whole regular expression.
    Regex(String),
    /// Is there, whatever its value.
    Present,
}

impl Routes {
    /// A plain weight, nothing mirrored, no rules.
    #[must_use]
    pub fn weighted(canary: Weight) -> Self {
        Self {
            canary,
            ..Self::default()
        }
    }
}

/// A webhook to call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HookCall {
    /// The hook's name in the manifest.
    pub name: Arc<str>,
    /// The hook's type as the manifest spells it; empty when it has none.
    pub kind: Arc<str>,
    /// The address.
    pub url: Arc<str>,
    /// The phase in the payload.
    pub phase: String,
    /// The payload's metadata.
    pub metadata: BTreeMap<String, String>,
    /// No answer within this time counts as a connection error.
    pub timeout: crate::Span,
    /// Extra attempts on connection errors, 429 and 5xx except 501.
    pub retries: u32,
}

/// Effects in the order they are to be carried out.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    queue: std::collections::VecDeque<Effect>,
    quiet: bool,
}

impl Effects {
    /// Effects with every record: for `run`, live mode and tests.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Effects that drop records unseen, so that engines need not write them: for thousands of
    /// replications.
    #[must_use]
    pub fn without_records() -> Self {
        Self {
            quiet: true,
            ..Self::default()
        }
    }

    /// Adds an effect.
    pub fn push(&mut self, effect: Effect) {
        self.queue.push_back(effect);
    }

    /// Adds a record, written only if somebody reads it.
    pub fn record(&mut self, record: impl FnOnce() -> Record) {
        if !self.quiet {
            self.queue.push_back(Effect::Record(record()));
        }
    }

    /// Adds all of another's, in their order.
    pub fn append(&mut self, others: impl IntoIterator<Item = Effect>) {
        self.queue.extend(others);
    }

    /// Takes the oldest effect.
    pub fn pop(&mut self) -> Option<Effect> {
        self.queue.pop_front()
    }
}

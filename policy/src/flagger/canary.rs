//! The `Canary` object, lowered and with its defaults applied.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::reconcile::Routing;
use super::{MetricTemplate, Options, Provider};
use crate::effect::HeaderMatch;
use crate::{Span, Stickiness};

/// A `Canary` as the controller sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`; `default` when absent.
    pub namespace: String,
    /// `spec.targetRef`.
    pub target: Target,
    /// `spec.provider`, else the controller's `-mesh-provider`.
    pub provider: Provider,
    /// `spec.ingressRef.name`, else the target's name.
    pub ingress: String,
    /// `spec.routeRef.name`, else the target's name; of a Knative target its latest revision.
    pub route: String,
    /// The apex service: `spec.service.name`, else the target's name.
    pub service: String,
    /// `spec.analysis`.
    pub analysis: Analysis,
    /// `spec.progressDeadlineSeconds`; 600 s when absent.
    pub progress_deadline_ns: Span,
    /// `spec.skipAnalysis`.
    pub skip_analysis: bool,
    /// `spec.suspend`.
    pub suspend: bool,
    /// Istio with `spec.service.appProtocol: tcp`: there are weights alone.
    #[serde(default)]
    pub(super) tcp: bool,
    /// How users' sessions stick, by `sessionAffinity` or the Ingress' annotations.
    #[serde(default)]
    pub stickiness: Option<Stickiness>,
    /// Fingerprints of all that ends up in the router's object besides weights.
    pub(super) routing: Routing,
    /// How it was read, so that an edit is read the same way.
    pub(super) options: Options,
    /// The templates it was read with, for the same reason.
    pub(super) templates: Arc<[MetricTemplate]>,
}

/// `spec.targetRef`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its kind.
    pub kind: TargetKind,
    /// Its name.
    pub name: String,
}

/// The kinds of target the CRD accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TargetKind {
    /// `apps/v1` Deployment.
    Deployment,
    /// `apps/v1` DaemonSet.
    DaemonSet,
    /// A plain Service: always ready.
    Service,
    /// A Knative Service: ready or not, never given up.
    Knative,
}

/// `spec.analysis`. Weights are whole hundredths, thresholds of readiness percent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// The distance of ticks: 60 s when unparsable, never below 10 s (Flagger canary.go:637).
    pub interval_ns: Span,
    /// Failed checks that end a run; at least 1 (Flagger canary.go:655).
    pub threshold: i64,
    /// `maxWeight` as written; 0 when absent.
    pub max_weight: i64,
    /// `stepWeight` as written; 0 when absent.
    pub step_weight: i64,
    /// `stepWeights`.
    pub step_weights: Vec<i64>,
    /// `stepWeightPromotion`; 0 gives the traffic back at once.
    pub step_weight_promotion: i64,
    /// `iterations`; above 0 it means blue/green, with `match` A/B testing.
    pub iterations: i64,
    /// `mirror`.
    pub mirror: bool,
    /// `mirrorWeight`; 0 when absent.
    pub mirror_weight: i64,
    /// `sessionAffinity` is there.
    pub session_affinity: bool,
    /// `match`: header conditions; any one entry suffices, all headers of an entry must hold.
    pub matches: Vec<BTreeMap<String, HeaderMatch>>,
    /// `primaryReadyThreshold`; 100 when absent.
    pub primary_ready_threshold: i64,
    /// `canaryReadyThreshold`; 100 when absent.
    pub canary_ready_threshold: i64,
    /// What is measured, in the order Flagger measures it: built-in and inline first, templates
    /// after them (Flagger scheduler.go:765-773).
    pub checks: Vec<Check>,
    /// `webhooks`.
    pub webhooks: Vec<Webhook>,
}

/// One question to Prometheus and the bound of its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The metric's name in the manifest.
    pub metric: Arc<str>,
    /// How the answer is read.
    pub measure: Measure,
    /// What is asked.
    pub question: Question,
    /// What the answer is held against.
    pub bound: Bound,
    /// The file the query stands in; empty for built-in ones.
    pub file: Arc<str>,
    /// Where in it: line, column; 0, 0 for built-in ones.
    pub line_column: (usize, usize),
}

impl Check {
    /// Whether an answer passes.
    #[must_use]
    pub fn passes(&self, answer: &crate::MetricAnswer) -> bool {
        super::check::judge(self, answer).passed
    }
}

impl Analysis {
    /// The weights that a progressive canary passes through while every check passes; empty for
    /// blue/green and A/B testing.
    #[must_use]
    pub fn weights(&self) -> Vec<i64> {
        super::steps::weights(self)
    }
}

/// How an answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Measure {
    /// Percent; a plain threshold is a minimum.
    SuccessRate,
    /// Milliseconds, cut to a whole number.
    Millis,
    /// Seconds, turned into whole milliseconds (Flagger http.go:91).
    Seconds,
    /// Any number; a plain threshold is a maximum.
    Custom,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// PromQL as sent, runs of white space collapsed.
    Ask(Arc<str>),
    /// Nothing can be asked; the check fails every time, for this reason.
    Fails(Arc<str>),
}

/// Inclusive bounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Bound {
    /// The deprecated `threshold`.
    Threshold(f64),
    /// `thresholdRange`.
    Range {
        /// Fails below.
        min: Option<f64>,
        /// Fails above.
        max: Option<f64>,
    },
}

/// `spec.analysis.webhooks[]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its name.
    pub name: Arc<str>,
    /// When it is called.
    pub hook_type: HookType,
    /// The type as the manifest spells it; empty when absent.
    pub spelling: Arc<str>,
    /// The address.
    pub url: Arc<str>,
    /// 10 s when absent.
    pub timeout_ns: Span,
    /// Extra attempts.
    pub retries: u32,
    /// What the payload carries.
    pub metadata: BTreeMap<String, String>,
}

/// When a webhook is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HookType {
    /// Before a run starts; refused means wait.
    ConfirmRollout,
    /// Before the first traffic; refused counts as a failed check.
    PreRollout,
    /// With each analysis, also when no type is given; refused counts.
    Rollout,
    /// Before each weight step; refused means wait.
    ConfirmTrafficIncrease,
    /// Before the promotion; refused means wait.
    ConfirmPromotion,
    /// After the end.
    PostRollout,
    /// At each event. Never called here: its answer influences nothing.
    Event,
    /// Asked each tick; accepted means roll back.
    Rollback,
}

/// A query the controller may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The metric's name in the manifest.
    pub metric: Arc<str>,
    /// PromQL as sent.
    pub text: Arc<str>,
    /// The file it stands in; empty for built-in ones.
    pub file: Arc<str>,
    /// Line and column in that file; 0, 0 for built-in ones.
    pub line_column: (usize, usize),
}

impl Canary {
    /// The primary workload: `<target>-primary`.
    #[must_use]
    pub fn primary(&self) -> String {
        format!("{}-primary", self.target.name)
    }

    /// The service in front of the primary: `<apex>-primary`.
    #[must_use]
    pub fn primary_service(&self) -> String {
        format!("{}-primary", self.service)
    }

    /// The service in front of the canary: `<apex>-canary`.
    #[must_use]
    pub fn canary_service(&self) -> String {
        format!("{}-canary", self.service)
    }

    /// The distance of ticks.
    #[must_use]
    pub const fn interval(&self) -> Span {
        self.analysis.interval_ns
    }

    /// Every query it may send, in the order of evaluation.
    pub fn queries(&self) -> impl Iterator<Item = Query> {
        self.analysis.checks.iter().filter_map(|check| {
            let Question::Ask(text) = &check.question else {
                return None;
            };
            Some(Query {
                metric: check.metric.clone(),
                text: text.clone(),
                file: check.file.clone(),
                line_column: check.line_column,
            })
        })
    }
}

//! A Rollout as the controller sees it, and why it may refuse it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::experiment::ExperimentStep;
use super::plan::{Metric, RangeBack};
use super::resolve::Analysis;
use super::template::Place;
use crate::{Provider, RouteRule, Span, Stickiness, Template, Weight};

/// A `Rollout` with the canary strategy, its AnalysisTemplates merged in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`; `default` when absent.
    pub namespace: String,
    /// Where the object stands.
    pub place: Place,
    /// `spec.replicas`; 1 when absent.
    pub replicas: u32,
    /// `spec.minReadySeconds`.
    pub min_ready: Span,
    /// `spec.progressDeadlineSeconds`; 600 s when absent.
    pub progress_deadline: Span,
    /// `spec.progressDeadlineAbort`.
    pub progress_deadline_abort: bool,
    /// `spec.paused`.
    pub paused: bool,
    /// `spec.rollbackWindow.revisions`; 0 when absent.
    pub rollback_window: u32,
    /// `spec.analysis`: how many successful and how many other Experiments are kept; 5 when absent.
    pub run_history: (u32, u32),
    /// `spec.strategy.canary`; empty for a blue-green Rollout.
    pub canary: Canary,
    /// `spec.strategy.blueGreen`.
    pub blue_green: Option<BlueGreen>,
    /// Why the controller marks the Rollout `InvalidSpec` and does nothing, if so.
    pub refusal: Option<Refusal>,
    /// How users' sessions stick, by the routers' objects and fields.
    #[serde(default)]
    pub stickiness: Option<Stickiness>,
}

/// `spec.strategy.canary`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    /// `stableService`.
    pub stable_service: Option<String>,
    /// `canaryService`.
    pub canary_service: Option<String>,
    /// `steps`.
    pub steps: Vec<Step>,
    /// `analysis`.
    pub background: Option<Background>,
    /// `maxSurge`, resolved against `replicas`.
    pub max_surge: u32,
    /// `maxUnavailable`, resolved against `replicas`.
    pub max_unavailable: u32,
    /// `trafficRouting`; without it replicas carry the weight.
    pub routing: Option<Routing>,
    /// `minPodsPerReplicaSet`.
    pub min_pods: u32,
    /// `replicaProgressThreshold`.
    pub threshold: Option<Threshold>,
    /// `abortScaleDownDelaySeconds`; `None`: 0 in the manifest.
    pub abort_delay: Option<Span>,
    /// `abortScaleDownDelaySeconds` is set.
    pub abort_delay_set: bool,
    /// `dynamicStableScale`: stable shrinks as the canary grows.
    pub dynamic_stable: bool,
    /// `scaleDownDelaySeconds` of the previous stable ReplicaSet.
    pub scale_down_delay: Span,
    /// `scaleDownDelayRevisionLimit`: so many ReplicaSets wait for their end at most.
    pub scale_down_revisions: Option<u32>,
    /// `pingPong`: the services swap roles at promotion. Then [`Canary::stable_service`] is the
    /// ping service and [`Canary::canary_service`] the pong service.
    pub ping_pong: bool,
}

/// `spec.strategy.blueGreen`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BlueGreen {
    /// `activeService`.
    pub active_service: String,
    /// `previewService`.
    pub preview_service: Option<String>,
    /// `previewReplicaCount`: the new pods until the checkpoint.
    pub preview_replicas: Option<u32>,
    /// `autoPromotionEnabled: false`: a person promotes.
    pub manual: bool,
    /// `autoPromotionSeconds`; zero when absent.
    pub auto_promotion: Span,
    /// `prePromotionAnalysis`.
    pub pre: Option<Arc<Analysis>>,
    /// `postPromotionAnalysis`.
    pub post: Option<Arc<Analysis>>,
    /// `abortScaleDownDelaySeconds`; `None` (0 in the manifest): the new pods are kept.
    pub abort_delay: Option<Span>,
    /// `scaleDownDelaySeconds` of the previous stable ReplicaSet.
    pub scale_down_delay: Span,
    /// `scaleDownDelaySeconds` is set; otherwise the old pods also wait for `post`.
    pub scale_down_delay_set: bool,
    /// `scaleDownDelayRevisionLimit`: so many ReplicaSets wait for their end at most.
    pub scale_down_revisions: Option<u32>,
}

/// `trafficRouting`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routing {
    /// The routers in Argo's order; every one gets every write.
    pub routers: Vec<Router>,
    /// nginx' `stableIngress` or `stableIngresses`.
    pub ingresses: Vec<String>,
    /// `maxTrafficWeight`; 100 when absent.
    pub max_weight: u32,
    /// `maxTrafficWeight` is there.
    pub max_weight_set: bool,
    /// Istio's `destinationRule`: subsets select the pods, services need not.
    pub subsets: bool,
    /// `alb.rootService` is there.
    pub alb_root: bool,
    /// The names of `managedRoutes`.
    pub managed: Option<Vec<String>>,
}

/// A traffic router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Router {
    /// `istio`.
    Istio,
    /// `nginx`.
    Nginx,
    /// `alb`.
    Alb,
    /// `smi`.
    Smi,
    /// `ambassador`.
    Ambassador,
    /// `appMesh`.
    AppMesh,
    /// `traefik`.
    Traefik,
    /// `apisix`.
    Apisix,
    /// One of `plugins`, by its name.
    Plugin(String),
}

impl Routing {
    /// Whether there is such a router.
    #[must_use]
    pub fn has(&self, router: &Router) -> bool {
        self.routers.contains(router)
    }

    /// Whether there is a plugin.
    #[must_use]
    pub fn has_plugin(&self) -> bool {
        let plugin = |router: &Router| matches!(router, Router::Plugin(_));
        self.routers.iter().any(plugin)
    }

    /// `requireCanaryStableServices` (`validation.go:238`).
    pub(super) fn needs_services(&self, ping_pong: bool) -> bool {
        self.routers.iter().any(|router| match router {
            Router::Alb => !ping_pong,
            Router::Istio => !self.subsets && !ping_pong,
            Router::Plugin(_) => false,
            _ => true,
        })
    }
}

/// `replicaProgressThreshold`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Threshold {
    /// Available pods in hundredths of the desired ones.
    Percent(u32),
    /// Available pods.
    Pods(u32),
}

/// One of `steps`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// `setWeight`, in parts of [`Rollout::max_weight`].
    SetWeight(u32),
    /// `pause`; `None`: until somebody promotes.
    Pause(Option<Span>),
    /// `analysis`; `None`: no templates, a step that never completes.
    Analysis(Option<Arc<Analysis>>),
    /// `experiment`.
    Experiment(Arc<ExperimentStep>),
    /// `setCanaryScale`.
    SetCanaryScale(CanaryScale),
    /// `setHeaderRoute`.
    SetHeaderRoute(ManagedRoute),
    /// `setMirrorRoute`.
    SetMirrorRoute(ManagedRoute),
}

/// A route of `managedRoutes` as a step sets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedRoute {
    /// Its name.
    pub name: String,
    /// What it captures; nothing: the route is removed.
    pub rules: Vec<RouteRule>,
}

/// `setCanaryScale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CanaryScale {
    /// `replicas`.
    Replicas(u32),
    /// `weight`, in parts of [`Rollout::max_weight`].
    Weight(u32),
    /// `matchTrafficWeight: true`.
    MatchTraffic,
}

/// `canary.analysis`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Background {
    /// What is analysed.
    pub analysis: Arc<Analysis>,
    /// `startingStep`; 0 when absent: at once, before any canary pod exists.
    pub starting_step: usize,
}

/// Why the controller refuses a Rollout (condition `InvalidSpec`, phase `Degraded`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The controller's own words: the first error only.
    pub message: String,
    /// The cause.
    pub place: Place,
    /// The cure.
    pub help: String,
}

/// A query that a Rollout may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PossibleQuery {
    /// Who answers it.
    pub provider: Provider,
    /// The metric's name.
    pub metric: Arc<str>,
    /// PromQL, arguments substituted: exactly what will be sent.
    pub text: Arc<str>,
    /// The bounds of a range query.
    pub range: Option<RangeBack>,
    /// The template's file.
    pub file: Arc<str>,
    /// 1-based line and column of the query in the template.
    pub line_column: (usize, usize),
}

/// The revision of the first update.
const NEXT_REVISION: u64 = 2;

/// Experiments of one base name that are foreseen.
const MOST_NAMES: u32 = 100;

impl Rollout {
    /// The weight that means all traffic: 100, or `maxTrafficWeight`.
    #[must_use]
    pub fn max_weight(&self) -> u32 {
        self.canary.routing.as_ref().map_or(100, |r| r.max_weight)
    }

    /// A weight in the parts that this rollout counts in.
    #[must_use]
    pub fn weight(&self, value: u32) -> Weight {
        Weight {
            value,
            total: self.max_weight(),
        }
    }

    /// Whether a router splits the traffic; otherwise the shares of the pods do.
    #[must_use]
    pub fn is_routed(&self) -> bool {
        self.canary.routing.is_some()
    }

    /// Every analysis, in the order of the manifest.
    pub fn analyses(&self) -> impl Iterator<Item = &Arc<Analysis>> {
        let steps = self.canary.steps.iter().filter_map(|step| match step {
            Step::Analysis(analysis) => analysis.as_ref(),
            _ => None,
        });
        let background = self.canary.background.iter();
        let blue_green = self.blue_green.iter();
        steps
            .chain(background.map(|background| &background.analysis))
            .chain(blue_green.flat_map(|bg| bg.pre.iter().chain(&bg.post)))
    }

    /// What the experiment steps create, with their indices.
    pub fn experiments(&self) -> impl Iterator<Item = (usize, &Arc<ExperimentStep>)> {
        let steps = self.canary.steps.iter().enumerate();
        steps.filter_map(|(index, step)| match step {
            Step::Experiment(step) => Some((index, step)),
            _ => None,
        })
    }

    /// The names that the first update's Experiments for a step take in turn: one that is made again
    /// has another, until the oldest that is over has been deleted.
    #[must_use]
    pub fn experiment_names(&self, step: usize, latest: &Template) -> Vec<String> {
        let base = format!("{}-{latest}-{NEXT_REVISION}-{step}", self.name);
        let (successful, other) = self.run_history;
        let most = successful.max(other).min(MOST_NAMES) + 1;
        let more = (1..=most).map(|collision| format!("{base}-{collision}"));
        std::iter::once(base.clone()).chain(more).collect()
    }

    /// Every query that an update from `stable` to `latest` may send.
    #[must_use]
    pub fn queries(&self, stable: &Template, latest: &Template) -> Vec<PossibleQuery> {
        let mut queries: Vec<PossibleQuery> = Vec::new();
        let mut add = |metrics: &[Metric], analysis: &Analysis| {
            for (metric, source) in metrics.iter().zip(&analysis.metrics) {
                let query = PossibleQuery {
                    provider: metric.query.provider,
                    metric: metric.query.metric.clone(),
                    text: metric.query.text.clone(),
                    range: metric.range,
                    file: source.place.file.clone(),
                    line_column: metric.line_column,
                };
                if !queries.contains(&query) {
                    queries.push(query);
                }
            }
        };
        for analysis in self.analyses() {
            add(&analysis.plan(stable, latest).metrics, analysis);
        }
        for (index, step) in self.experiments() {
            for name in self.experiment_names(index, latest) {
                for (plan, analysis) in step.plans(&name, stable, latest) {
                    add(&plan.metrics, analysis);
                }
            }
        }
        queries
    }
}

//! A policy as the simulator needs it: an engine to start, the workloads around it, the names on its series.

mod argo;
mod baseline;
mod experiment;
mod flagger;

use std::sync::Arc;

use coalmine_policy::{Engine, Provider, Span, Stickiness, Template, Time};

use crate::event::Refusal;
use crate::experiment::ExperimentPods;

/// The template hash of the revision in service.
pub const OLD_TEMPLATE: &str = "6c8f9d7b5f";
/// The template hash of the revision being rolled out.
pub const NEW_TEMPLATE: &str = "7d4b8c9f6d";

/// Which workloads a controller runs, and how requests reach them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topology {
    /// Flagger: a primary Deployment and a target Deployment behind a weighted router.
    PrimaryAndTarget,
    /// Argo: one ReplicaSet per revision; behind a weighted router, or behind one Service that selects
    /// the pods of both.
    ReplicaSets {
        /// Whether a router splits the traffic; otherwise each ready pod gets the same share.
        routed: bool,
    },
    /// One Deployment that rolls.
    Deployment,
}

/// What stands in front of the pods and counts requests there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// ingress-nginx, which knows the canary.
    Nginx,
    /// ingress-nginx before a Service that is switched without its knowledge.
    Service,
    /// A Gateway API gateway: no metrics that are the same for all of them.
    Gateway,
    /// Sidecars of Istio.
    Istio,
    /// Sidecars of Linkerd.
    Linkerd,
    /// Traefik.
    Traefik,
    /// Contour's Envoy.
    Contour,
    /// App Mesh's Envoy sidecars.
    AppMesh,
    /// Gloo's Envoy.
    Gloo,
    /// Kuma's Envoys.
    Kuma,
    /// Skipper.
    Skipper,
    /// APISIX.
    Apisix,
    /// Open Service Mesh.
    Osm,
    /// Knative's Envoy gateway.
    Knative,
}

/// Which of the simulated routers can stand where a manifest asks for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routers {
    /// The one that stands there when a scenario names none.
    pub usual: &'static str,
    /// Those that a scenario may name; any when empty. `instant` is always one of them.
    pub fit: &'static [&'static str],
    /// The field that asks for it, as it is written in the manifest.
    pub field: &'static [&'static str],
}

impl Routers {
    /// Where no weight is ever written to a router.
    pub const ANY: Self = Self {
        usual: "ingress-nginx",
        fit: &[],
        field: &[],
    };

    /// Whether one may stand there.
    #[must_use]
    pub fn include(&self, kind: &str) -> bool {
        kind == "instant" || self.fit.is_empty() || self.fit.contains(&kind)
    }
}

impl Front {
    /// The simulated routers that can be this. Envoys without a model of their control plane get
    /// Envoy Gateway's, and Skipper, which asks the API every three seconds, that of Kong.
    #[must_use]
    pub const fn routers(self) -> (&'static str, &'static [&'static str]) {
        match self {
            // Traefik reads ingress-nginx' annotations too, F5's controller has its own.
            Self::Nginx => ("ingress-nginx", &["ingress-nginx", "traefik", "f5-nginx"]),
            Self::Service => ("instant", &[]),
            Self::Gateway => (
                "envoy-gateway",
                &[
                    "envoy-gateway",
                    "agentgateway",
                    "nginx-gateway-fabric",
                    "istio",
                    "linkerd",
                    "kong",
                    "traefik",
                    "alb",
                ],
            ),
            Self::Istio => ("istio", &["istio"]),
            Self::Linkerd => ("linkerd", &["linkerd"]),
            Self::Traefik => ("traefik", &["traefik"]),
            Self::Skipper => ("kong", &[]),
            Self::Contour
            | Self::AppMesh
            | Self::Gloo
            | Self::Kuma
            | Self::Apisix
            | Self::Osm
            | Self::Knative => ("envoy-gateway", &[]),
        }
    }
}

/// The names that labels are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The namespace.
    pub namespace: String,
    /// The application: the Deployment's or Rollout's name.
    pub app: String,
    /// The ingress.
    pub ingress: String,
    /// The apex or stable service.
    pub service: String,
    /// The canary's service.
    pub canary_service: String,
    /// The service that a router has before the pods in service.
    pub primary_service: String,
    /// The route object that the user wrote (APISIX).
    pub route: String,
}

impl Names {
    /// The service that a router has in front of the canary or of the pods in service.
    #[must_use]
    pub fn backend(&self, is_canary: bool) -> String {
        if is_canary {
            self.canary_service.clone()
        } else {
            self.primary_service.clone()
        }
    }
}

/// A query that a policy may send, with its place in the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who answers it.
    pub provider: Provider,
    /// The metric's name.
    pub metric: String,
    /// PromQL, rendered; the URL of a `web` metric.
    pub text: Arc<str>,
    /// How long before the question a range query begins; zero for one at an instant.
    pub back: Span,
    /// The file it stands in; empty when it is the controller's own.
    pub file: Arc<str>,
    /// Line and column of the query in that file, 1-based; 0 when it is the controller's own.
    pub line_column: (usize, usize),
}

/// A policy under test.
pub trait Subject: Send + Sync + std::fmt::Debug {
    /// The controller's engine at rest at `now`, `promoted` in service.
    fn start(&self, now: Time, promoted: Template) -> Box<dyn Engine>;
    /// Its workloads.
    fn topology(&self) -> Topology;
    /// Its names.
    fn names(&self) -> Names;
    /// What stands in front of its pods.
    fn front(&self) -> Front {
        Front::Nginx
    }
    /// Which routers can stand there.
    fn routers(&self) -> Routers {
        Routers::ANY
    }
    /// How its router keeps sessions on its sides, if it does.
    fn stickiness(&self) -> Option<Stickiness> {
        None
    }
    /// Pods in service, when the manifest says so.
    fn replicas(&self) -> Option<u32>;
    /// Pods that each workload may have in one rollout, one after another, when `pods` serve at
    /// rest: the stable workload and the canary's.
    fn pods_created(&self, pods: u32) -> [u32; 2] {
        let surge = pods.div_ceil(4);
        match self.topology() {
            // At rest, then one replacement each, and back again.
            Topology::Deployment => [3 * pods + surge, 0],
            Topology::PrimaryAndTarget => [2 * pods + surge, pods + surge],
            // At rest, and once more on the way back.
            Topology::ReplicaSets { .. } => [2 * pods + surge, pods + surge],
        }
    }
    /// Whether it pins a Service of users to the stable version though no router splits requests.
    fn pins(&self) -> bool {
        false
    }
    /// Pods beside the workloads: those of Argo's Experiments.
    fn experiments(&self) -> Vec<ExperimentPods> {
        Vec::new()
    }
    /// Every query it may send.
    fn queries(&self) -> Vec<Asked>;
    /// The period with which the controller looks, when it does not act on events: its phase against the
    /// release is drawn.
    fn period_s(&self) -> f64 {
        0.0
    }
    /// Why the controller refuses it, if it does.
    fn refusal(&self) -> Option<Refusal> {
        None
    }
}

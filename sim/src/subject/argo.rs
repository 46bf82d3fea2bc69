//! Argo's Rollout as the simulator needs it.

use std::sync::Arc;

use coalmine_policy::argo::{Controller, PossibleQuery, Rollout, Router, Step};
use coalmine_policy::{Engine, Span, Stickiness, Template, Time};

use super::experiment;
use super::{Asked, Front, NEW_TEMPLATE, Names, OLD_TEMPLATE, Routers, Subject, Topology};
use crate::event::Refusal;
use crate::experiment::ExperimentPods;

impl Subject for Arc<Rollout> {
    fn start(&self, _now: Time, promoted: Template) -> Box<dyn Engine> {
        Box::new(Controller::new(self.clone(), promoted))
    }

    fn topology(&self) -> Topology {
        Topology::ReplicaSets {
            // Blue-green routes too: everybody to the pods that the active service selects.
            routed: self.is_routed() || self.blue_green.is_some(),
        }
    }

    fn pins(&self) -> bool {
        self.canary.stable_service.is_some() && self.blue_green.is_none() && !self.is_routed()
    }

    fn names(&self) -> Names {
        let ingress = self.canary.routing.as_ref();
        let ingress = ingress.and_then(|routing| routing.ingresses.first());
        let (stable, canary) = match &self.blue_green {
            Some(blue_green) => (
                Some(&blue_green.active_service),
                blue_green.preview_service.as_ref(),
            ),
            None => (
                self.canary.stable_service.as_ref(),
                self.canary.canary_service.as_ref(),
            ),
        };
        let stable = stable.unwrap_or(&self.name);
        Names {
            namespace: self.namespace.clone(),
            app: self.name.clone(),
            ingress: ingress.unwrap_or(&self.name).clone(),
            service: stable.clone(),
            primary_service: stable.clone(),
            canary_service: canary.unwrap_or(stable).clone(),
            route: self.name.clone(),
        }
    }

    /// Several routers get the same weights; the first one's metrics are shown.
    fn front(&self) -> Front {
        let routing = self.canary.routing.as_ref();
        match routing.and_then(|routing| routing.routers.first()) {
            None | Some(Router::Nginx) => Front::Nginx,
            Some(Router::Istio) => Front::Istio,
            // Linkerd is the mesh that took up TrafficSplit.
            Some(Router::Smi) => Front::Linkerd,
            Some(Router::AppMesh) => Front::AppMesh,
            Some(Router::Traefik) => Front::Traefik,
            Some(Router::Apisix) => Front::Apisix,
            Some(Router::Plugin(name)) if name.to_lowercase().contains("contour") => Front::Contour,
            // AWS' load balancer and Ambassador: no series that Prometheus would find by
            // themselves. Of a plugin nothing is known.
            Some(Router::Alb | Router::Ambassador | Router::Plugin(_)) => Front::Gateway,
        }
    }

    /// The first router decides, as for the metrics.
    fn routers(&self) -> Routers {
        let routing = self.canary.routing.as_ref();
        let Some(first) = routing.and_then(|routing| routing.routers.first()) else {
            return Routers::ANY;
        };
        let (usual, fit): (_, &[&str]) = match first {
            Router::Alb => ("alb", &["alb"]),
            Router::Smi => ("linkerd", &["linkerd", "istio"]),
            Router::Ambassador => ("envoy-gateway", &[]),
            Router::Plugin(name) if !name.to_lowercase().contains("gateway") => {
                ("envoy-gateway", &[])
            }
            _ => self.front().routers(),
        };
        Routers {
            usual,
            fit,
            field: &["spec", "strategy", "canary", "trafficRouting"],
        }
    }

    fn stickiness(&self) -> Option<Stickiness> {
        self.stickiness
    }

    fn replicas(&self) -> Option<u32> {
        Some(self.replicas)
    }

    /// Steps may go down and up again, and every rise makes new pods.
    fn pods_created(&self, pods: u32) -> [u32; 2] {
        let scales = self
            .canary
            .steps
            .iter()
            .filter(|step| matches!(step, Step::SetWeight(_) | Step::SetCanaryScale(_)));
        let falls = scales
            .clone()
            .zip(scales.skip(1))
            .filter(|steps| match steps {
                (Step::SetWeight(before), Step::SetWeight(after)) => after < before,
                _ => true,
            })
            .count() as u32;
        let most = pods + self.canary.max_surge.max(pods.div_ceil(4));
        [pods + (falls + 1) * most, (falls + 1) * most]
    }

    fn experiments(&self) -> Vec<ExperimentPods> {
        experiment::foreseen(self)
    }

    fn queries(&self) -> Vec<Asked> {
        let (old, new) = (Template::new(OLD_TEMPLATE), Template::new(NEW_TEMPLATE));
        let asked = |query: PossibleQuery| Asked {
            provider: query.provider,
            metric: query.metric.to_string(),
            text: query.text,
            back: query.range.map_or(Span::ZERO, |range| range.start),
            file: query.file,
            line_column: query.line_column,
        };
        let queries = Rollout::queries(self, &old, &new);
        queries.into_iter().map(asked).collect()
    }

    fn refusal(&self) -> Option<Refusal> {
        self.refusal.as_ref().map(|refusal| Refusal {
            reason: refusal.message.clone(),
            file: refusal.place.file.to_string(),
            line: refusal.place.line,
            help: refusal.help.clone(),
        })
    }
}

//! Flagger's Canary as the simulator needs it.

use std::sync::Arc;

use coalmine_policy::flagger::{Canary, Controller, Provider};
use coalmine_policy::{Engine, Span, Stickiness, Template, Time};

use super::{Asked, Front, Names, Routers, Subject, Topology};

impl Subject for Arc<Canary> {
    fn start(&self, now: Time, promoted: Template) -> Box<dyn Engine> {
        Box::new(Controller::new(self.clone(), promoted, now))
    }

    fn topology(&self) -> Topology {
        Topology::PrimaryAndTarget
    }

    fn names(&self) -> Names {
        Names {
            namespace: self.namespace.clone(),
            app: self.target.name.clone(),
            ingress: self.ingress.clone(),
            service: self.service.clone(),
            primary_service: format!("{}-primary", self.service),
            canary_service: self.canary_service(),
            route: self.route.clone(),
        }
    }

    fn front(&self) -> Front {
        match self.provider {
            Provider::Nginx => Front::Nginx,
            Provider::Kubernetes => Front::Service,
            Provider::GatewayApiV1 | Provider::GatewayApiV1Beta1 => Front::Gateway,
            // The SMI router knows no metrics of its own: Flagger asks Istio's.
            Provider::Istio
            | Provider::SmiV1Alpha1
            | Provider::SmiV1Alpha2
            | Provider::SmiV1Alpha3 => Front::Istio,
            Provider::Linkerd => Front::Linkerd,
            Provider::Traefik => Front::Traefik,
            Provider::Contour => Front::Contour,
            Provider::AppMesh | Provider::AppMeshV1Beta2 => Front::AppMesh,
            Provider::Gloo => Front::Gloo,
            Provider::Kuma => Front::Kuma,
            Provider::Skipper => Front::Skipper,
            Provider::Apisix => Front::Apisix,
            Provider::Osm => Front::Osm,
            Provider::Knative => Front::Knative,
        }
    }

    fn routers(&self) -> Routers {
        let (usual, fit) = self.front().routers();
        let (usual, fit): (_, &[&str]) = match self.provider {
            // An adapter of SMI; which one is not said.
            Provider::SmiV1Alpha1 | Provider::SmiV1Alpha2 | Provider::SmiV1Alpha3 => {
                ("linkerd", &[])
            }
            _ => (usual, fit),
        };
        Routers {
            usual,
            fit,
            field: &["spec", "provider"],
        }
    }

    fn stickiness(&self) -> Option<Stickiness> {
        self.stickiness
    }

    fn replicas(&self) -> Option<u32> {
        // The Deployment it refers to is not read.
        None
    }

    fn queries(&self) -> Vec<Asked> {
        let asked = |query: coalmine_policy::flagger::Query| Asked {
            provider: coalmine_policy::Provider::Prometheus,
            metric: query.metric.to_string(),
            text: query.text,
            back: Span::ZERO,
            file: query.file,
            line_column: query.line_column,
        };
        Canary::queries(self).map(asked).collect()
    }

    fn period_s(&self) -> f64 {
        self.interval().as_secs_f64()
    }
}

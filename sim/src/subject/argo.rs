//! Argo's Rollout as the simulator needs it.

use std::sync::Arc;

use coalmine_policy::argo::{Controller, PossibleQuery, Rollout};
use coalmine_policy::{Engine, Template, Time};

use super::{Asked, NEW_TEMPLATE, Names, OLD_TEMPLATE, Subject, Topology};
use crate::event::Refusal;

impl Subject for Arc<Rollout> {
    fn start(&self, _now: Time) -> Box<dyn Engine> {
        Box::new(Controller::new(self.clone(), Template::new(OLD_TEMPLATE)))
    }

    fn topology(&self) -> Topology {
        Topology::ReplicaSets {
            routed: self.is_routed(),
        }
    }

    fn names(&self) -> Names {
        let ingress = self.canary.routing.as_ref();
        let ingress = ingress.and_then(|routing| routing.ingresses.first());
        let or_name = |name: &Option<String>| name.clone().unwrap_or_else(|| self.name.clone());
        Names {
            namespace: self.namespace.clone(),
            app: self.name.clone(),
            ingress: ingress.unwrap_or(&self.name).clone(),
            service: or_name(&self.canary.stable_service),
            canary_service: or_name(&self.canary.canary_service),
            route: self.name.clone(),
        }
    }

    fn replicas(&self) -> Option<u32> {
        Some(self.replicas)
    }

    fn queries(&self) -> Vec<Asked> {
        let (old, new) = (Template::new(OLD_TEMPLATE), Template::new(NEW_TEMPLATE));
        let asked = |query: PossibleQuery| Asked {
            metric: query.metric.to_string(),
            text: query.text,
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

//! Baselines as the simulator needs them.

use std::sync::Arc;

use coalmine_policy::baseline::{Baseline, Check, Run};
use coalmine_policy::{Engine, Span, Template, Time};

use super::{Asked, Names, Subject, Topology};

impl Subject for Arc<Baseline> {
    fn start(&self, _now: Time, promoted: Template) -> Box<dyn Engine> {
        Box::new(Run::new(self.clone(), promoted))
    }

    fn topology(&self) -> Topology {
        Topology::Deployment
    }

    fn names(&self) -> Names {
        Names {
            namespace: self.namespace.clone(),
            app: self.name.clone(),
            ingress: self.name.clone(),
            service: self.name.clone(),
            primary_service: self.name.clone(),
            canary_service: format!("{}-canary", self.name),
            route: self.name.clone(),
        }
    }

    fn replicas(&self) -> Option<u32> {
        None
    }

    fn queries(&self) -> Vec<Asked> {
        let checks = self.looks.iter().flat_map(|looks| &looks.checks);
        let asked = |check: &Check| Asked {
            provider: coalmine_policy::Provider::Prometheus,
            metric: check.name.to_string(),
            text: check.query.clone(),
            back: Span::ZERO,
            file: check.file.clone(),
            line_column: check.line_column,
        };
        checks.map(asked).collect()
    }
}

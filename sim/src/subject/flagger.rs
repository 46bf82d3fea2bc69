//! Flagger's Canary as the simulator needs it.

use std::sync::Arc;

use coalmine_policy::flagger::{Canary, Controller};
use coalmine_policy::{Engine, Span, Template, Time};

use super::{Asked, Names, OLD_TEMPLATE, Subject, Topology};

impl Subject for Arc<Canary> {
    fn start(&self, now: Time) -> Box<dyn Engine> {
        let promoted = Template::new(OLD_TEMPLATE);
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
            canary_service: self.canary_service(),
        }
    }

    fn replicas(&self) -> Option<u32> {
        // The Deployment it refers to is not read.
        None
    }

    fn queries(&self) -> Vec<Asked> {
        let asked = |query: coalmine_policy::flagger::Query| Asked {
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

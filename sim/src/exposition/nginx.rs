//! ingress-nginx: what its controller exposes about an ingress and its canary.

use coalmine_promql::Labels;

use super::{Answers, Class, Frame, Potential, TO_ALL, TO_CANARY, TO_STABLE, Target, histogram};
use crate::subject::{Front, Topology};

const FAMILY: usize = 0;

/// Histograms that the controller exposes (ingress-nginx docs, monitoring: request metrics).
const HISTOGRAMS: [&str; 2] = [
    "nginx_ingress_controller_response_duration_seconds",
    "nginx_ingress_controller_request_duration_seconds",
];

pub(super) fn series(frame: &Frame<'_>) -> Vec<Potential> {
    let classes: &[Class] = match frame.topology {
        // An ingress in front of Flagger's apex service knows of no canary.
        _ if frame.front == Front::Service => &[TO_ALL],
        Topology::PrimaryAndTarget | Topology::ReplicaSets { routed: true } => {
            &[TO_CANARY, TO_STABLE]
        }
        _ => &[TO_ALL],
    };
    let mut all = Vec::new();
    for replica in 0..frame.ingress_replicas {
        for class in classes {
            for (route, path) in frame.paths() {
                for answers in [Answers::Good, Answers::Failed] {
                    let mut labels = labels(frame, replica, *class, answers);
                    // The path is the one of the Ingress' rule that the request met.
                    labels.push(("path", path.unwrap_or("/").to_owned()));
                    let place = (replica, *class, route);
                    one(frame, place, &labels, answers, &mut all);
                }
            }
        }
    }
    all
}

fn one(
    frame: &Frame<'_>,
    (replica, class, route): (u32, Class, Option<u16>),
    labels: &[(&'static str, String)],
    answers: Answers,
    all: &mut Vec<Potential>,
) {
    let mut push = |labels: Labels, quantity| {
        all.push(Potential {
            labels,
            target: Target::Ingress(replica),
            class,
            route,
            quantity,
            family: FAMILY,
        });
    };
    let own = labels.iter().map(|(name, value)| (*name, value.as_str()));
    let requests = own.chain([("__name__", "nginx_ingress_controller_requests")]);
    push(Labels::new(requests), super::Quantity::Requests(answers));
    for base in HISTOGRAMS {
        histogram(base, labels, answers, frame.buckets_s, &mut push);
    }
}

fn labels(
    frame: &Frame<'_>,
    replica: u32,
    class: Class,
    answers: Answers,
) -> Vec<(&'static str, String)> {
    let names = frame.names;
    // The `canary` label holds the alternative backend's upstream name, and is empty elsewhere.
    let canary = if class == TO_CANARY {
        format!("{}-{}-80", names.namespace, names.canary_service)
    } else {
        String::new()
    };
    let status = if answers == Answers::Good {
        "200"
    } else {
        "500"
    };
    vec![
        ("namespace", names.namespace.clone()),
        ("exported_namespace", names.namespace.clone()),
        ("ingress", names.ingress.clone()),
        ("service", names.service.clone()),
        ("exported_service", names.service.clone()),
        ("canary", canary),
        ("status", status.to_owned()),
        ("method", "GET".to_owned()),
        ("host", format!("{}.example.com", names.app)),
        ("controller_class", "k8s.io/ingress-nginx".to_owned()),
        ("controller_namespace", "ingress-nginx".to_owned()),
        (
            "controller_pod",
            format!("ingress-nginx-controller-{replica}"),
        ),
        ("job", "ingress-nginx".to_owned()),
        ("instance", format!("10.0.0.{}:10254", replica + 1)),
    ]
}

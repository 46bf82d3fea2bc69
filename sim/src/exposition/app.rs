//! The application itself: request counter and latency histogram of each pod, as client libraries name them.

use coalmine_promql::Labels;

use super::{Answers, Class, Frame, Potential, Quantity, Target, experiment, histogram};
use crate::subject::{NEW_TEMPLATE, OLD_TEMPLATE, Topology};

pub(super) const FAMILY: usize = 1;

pub(super) fn series(frame: &Frame<'_>) -> Vec<Potential> {
    let mut all = Vec::new();
    for (workload, ordinal) in places(frame) {
        let labels = labels(frame, workload, ordinal);
        pod(frame, (workload, ordinal), &labels, &mut all);
    }
    for (name, labels) in experiment::pods(frame) {
        pod(frame, name, &labels, &mut all);
    }
    all
}

/// A pod as its sidecar knows it.
pub(super) struct Pod {
    pub(super) target: Target,
    /// The Deployment's name.
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) instance: String,
}

/// Every pod that may come to be.
pub(super) fn pods(frame: &Frame<'_>) -> Vec<Pod> {
    let pod = |(workload, ordinal)| Pod {
        target: Target::Pod { workload, ordinal },
        owner: owner(frame, workload),
        name: pod_name(frame, workload, ordinal),
        instance: instance(workload, ordinal),
    };
    places(frame).map(pod).collect()
}

fn places(frame: &Frame<'_>) -> impl Iterator<Item = (usize, u32)> {
    let workloads = frame.pods_created.into_iter().enumerate();
    workloads.flat_map(|(workload, count)| (0..count).map(move |ordinal| (workload, ordinal)))
}

fn pod(
    frame: &Frame<'_>,
    (workload, ordinal): (usize, u32),
    labels: &[(&str, String)],
    all: &mut Vec<Potential>,
) {
    for (route, path) in frame.paths() {
        let mut push = |labels: Labels, quantity| {
            all.push(potential((workload, ordinal), labels, route, quantity));
        };
        let labels = with_path(labels, path);
        for answers in [Answers::Good, Answers::Failed] {
            let labels = with_status(&labels, answers);
            push(
                named(&labels, "http_requests_total"),
                Quantity::Requests(answers),
            );
            if frame.latency_by_status {
                histogram(HISTOGRAM, &labels, answers, frame.buckets_s, &mut push);
            }
        }
        if !frame.latency_by_status {
            histogram(HISTOGRAM, &labels, Answers::All, frame.buckets_s, &mut push);
        }
    }
    // A counter of its own without labels, as an application counts what matters to its business.
    for (index, step) in frame.business.iter().enumerate() {
        let (labels, quantity) = (named(labels, &step.counter), Quantity::Completed(index));
        all.push(potential((workload, ordinal), labels, None, quantity));
    }
}

fn potential(
    (workload, ordinal): (usize, u32),
    labels: Labels,
    route: Option<u16>,
    quantity: Quantity,
) -> Potential {
    Potential {
        labels,
        target: Target::Pod { workload, ordinal },
        class: Class::Own,
        route,
        quantity,
        family: FAMILY,
    }
}

fn named(labels: &[(&str, String)], name: &str) -> Labels {
    let own = labels.iter().map(|(name, value)| (*name, value.as_str()));
    Labels::new(own.chain([("__name__", name)]))
}

/// Client libraries differ in what they call it; the aliases split no series.
fn with_path<'a>(labels: &[(&'a str, String)], path: Option<&str>) -> Vec<(&'a str, String)> {
    const NAMES: [&str; 4] = ["path", "route", "handler", "uri"];
    let of_path = path.map(|path| NAMES.map(|name| (name, path.to_owned())));
    let own = labels.iter().cloned();
    own.chain(of_path.into_iter().flatten()).collect()
}

const HISTOGRAM: &str = "http_request_duration_seconds";

fn with_status<'a>(labels: &[(&'a str, String)], answers: Answers) -> Vec<(&'a str, String)> {
    let status = if answers == Answers::Good {
        "200"
    } else {
        "500"
    };
    let mut labels = labels.to_vec();
    // Client libraries differ in what they call it; the alias splits no series.
    labels.extend([("status", status.to_owned()), ("code", status.to_owned())]);
    labels
}

pub(super) fn labels(
    frame: &Frame<'_>,
    workload: usize,
    ordinal: u32,
) -> Vec<(&'static str, String)> {
    let names = frame.names;
    let is_canary = workload == 1;
    let owner = owner(frame, workload);
    let (pod, hash) = (pod_name(frame, workload, ordinal), hash(workload));
    let service = if is_canary {
        &names.canary_service
    } else {
        &names.service
    };
    vec![
        ("namespace", names.namespace.clone()),
        ("kubernetes_namespace", names.namespace.clone()),
        ("app", names.app.clone()),
        ("job", names.app.clone()),
        ("service", service.clone()),
        ("container", names.app.clone()),
        ("deployment", owner),
        ("kubernetes_pod_name", pod.clone()),
        ("pod", pod),
        ("instance", instance(workload, ordinal)),
        (
            "version",
            if is_canary { "canary" } else { "stable" }.to_owned(),
        ),
        ("pod_template_hash", hash.to_owned()),
        ("rollouts_pod_template_hash", hash.to_owned()),
        ("method", "GET".to_owned()),
    ]
}

fn hash(workload: usize) -> &'static str {
    if workload == 1 {
        NEW_TEMPLATE
    } else {
        OLD_TEMPLATE
    }
}

fn owner(frame: &Frame<'_>, workload: usize) -> String {
    match (frame.topology, workload) {
        (Topology::PrimaryAndTarget, 0) => format!("{}-primary", frame.names.app),
        _ => frame.names.app.clone(),
    }
}

fn pod_name(frame: &Frame<'_>, workload: usize, ordinal: u32) -> String {
    format!(
        "{}-{}-{}",
        owner(frame, workload),
        hash(workload),
        suffix(ordinal)
    )
}

fn instance(workload: usize, ordinal: u32) -> String {
    format!(
        "10.{}.{}.{}:8080",
        workload + 1,
        ordinal / 250,
        ordinal % 250 + 1
    )
}

/// Five characters from the alphabet Kubernetes uses for generated names.
pub(super) fn suffix(ordinal: u32) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut state = u64::from(ordinal)
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut letter = || {
        state = state.rotate_left(13).wrapping_mul(0x94d0_49bb_1331_11eb);
        char::from(ALPHABET[(state >> 40) as usize % ALPHABET.len()])
    };
    (0..5).map(|_| letter()).collect()
}

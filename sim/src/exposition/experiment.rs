//! The pods of Argo's Experiments as applications: what a rollout's pods are called, and what they are not.

use super::{Frame, app};
use crate::experiment::{ExperimentPods, workload};
use crate::fault::Version;

/// A pod by its workload and ordinal, with its labels.
pub(super) type Named<'a> = ((usize, u32), Vec<(&'a str, String)>);

/// Every pod that may come to be. One that no request reaches exposes nothing, but a query may ask
/// for it: of those the first Experiment's stand for all.
pub(super) fn pods<'a>(frame: &Frame<'a>) -> Vec<Named<'a>> {
    let mut all = Vec::new();
    let mut address = 0_u32;
    for (template, pods) in frame.experiments.iter().enumerate() {
        let sets = if pods.served { pods.sets } else { 1 };
        for set in 0..sets {
            let workload = workload(frame.experiments.len(), template, set);
            for ordinal in 0..pods.pods {
                let labels = labels(frame, pods, (set, ordinal), address);
                all.push(((workload, ordinal), labels));
                address += 1;
            }
        }
    }
    all
}

/// As the revision's own pods, but for the hash, the names, and what the template overwrites.
fn labels<'a>(
    frame: &Frame<'a>,
    pods: &'a ExperimentPods,
    (set, ordinal): (u32, u32),
    address: u32,
) -> Vec<(&'a str, String)> {
    let of = match pods.version {
        Version::Old => 0,
        Version::New => 1,
    };
    let mut labels: Vec<(&str, String)> = app::labels(frame, of, ordinal);
    let owner = pods.names.get(set as usize % pods.names.len().max(1));
    let owner = owner.map_or("", String::as_str);
    let pod = format!("{owner}-{}", app::suffix(ordinal));
    let [a, b, c, _] = address.to_le_bytes();
    let own = [
        ("deployment", owner.to_owned()),
        ("pod", pod.clone()),
        ("kubernetes_pod_name", pod),
        ("instance", format!("10.{}.{b}.{a}:8080", 128 + c % 128)),
        ("pod_template_hash", pods.hash.to_string()),
        ("rollouts_pod_template_hash", pods.hash.to_string()),
    ];
    let further = pods.labels.iter();
    let further = further.map(|(name, value)| (name.as_str(), value.clone()));
    for (name, value) in own.into_iter().chain(further) {
        match labels.iter_mut().find(|(known, _)| *known == name) {
            Some(label) => label.1 = value,
            None => labels.push((name, value)),
        }
    }
    labels
}

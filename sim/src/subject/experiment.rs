//! Argo's experiment steps as the simulator needs them.

use coalmine_policy::Template;
use coalmine_policy::argo::Rollout;
use coalmine_policy::argo::experiment::{ExperimentStep, SpecRef};

use super::{NEW_TEMPLATE, OLD_TEMPLATE};
use crate::experiment::ExperimentPods;
use crate::fault::Version;

/// Pods that are foreseen at most where an Experiment may be made again and again.
const PODS_MAX: u32 = 1_000;

/// Experiments of one step that are foreseen where each is the last: one, and one after a retry.
const SETS: u32 = 2;

/// What the experiment steps of a Rollout may bring about.
pub(super) fn foreseen(rollout: &Rollout) -> Vec<ExperimentPods> {
    let steps = rollout.experiments();
    let mut all: Vec<_> = steps
        .flat_map(|(index, step)| templates(rollout, index, step))
        .collect();
    let served = all.iter().filter(|pods| pods.served);
    let together: u32 = served.map(|pods| pods.pods).sum();
    for pods in &mut all {
        pods.sets = pods.sets.min((PODS_MAX / together.max(1)).max(SETS));
    }
    all
}

fn templates<'a>(
    rollout: &'a Rollout,
    index: usize,
    step: &'a ExperimentStep,
) -> impl Iterator<Item = ExperimentPods> + 'a {
    let (old, new) = (Template::new(OLD_TEMPLATE), Template::new(NEW_TEMPLATE));
    let mut names = rollout.experiment_names(index, &new);
    // So many are kept, one more runs, and one is over but not yet among the others.
    let (successful, other) = rollout.run_history;
    let kept = if rollout.paused { successful } else { other };
    names.truncate(kept as usize + 2);
    // rollout/experiment.go:191: the status forgets an inconclusive one; one that is over while the
    // user has paused the Rollout, too.
    let again = rollout.paused || step.may_be_inconclusive();
    let templates = step.templates.iter().enumerate();
    templates.map(move |(template, spec)| ExperimentPods {
        step: index,
        template,
        version: match spec.spec_ref {
            SpecRef::Canary => Version::New,
            SpecRef::Stable => Version::Old,
        },
        hash: spec.hash(&old, &new),
        names: names
            .iter()
            .map(|name| step.set_name(name, template))
            .collect(),
        labels: spec.labels.iter().map(label).collect(),
        pods: spec.replicas,
        sets: if again { PODS_MAX } else { SETS },
        // With a router the Services select by hash, and no pod of an Experiment has that.
        served: spec.served && !rollout.is_routed(),
    })
}

/// As `labelmap` writes it.
fn label((name, value): (&String, &String)) -> (String, String) {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    (name.chars().map(letter).collect(), value.clone())
}

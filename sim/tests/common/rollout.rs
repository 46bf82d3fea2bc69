//! An Argo Rollout from its text.

use std::sync::Arc;

use coalmine_policy::argo::{Rollout, read};
use coalmine_policy::source::{Diagnostics, Source, read_documents};

/// The one Rollout of a manifest without mistakes, which its controller takes.
pub(crate) fn rollout_of(yaml: &str) -> Arc<Rollout> {
    let source = Source {
        file: "rollout.yaml".into(),
        text: yaml.into(),
    };
    let mut diagnostics = Diagnostics::new();
    let documents = read_documents(&source, &mut diagnostics);
    let rollouts = read(&documents, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{diagnostics:?}");
    let rollout = rollouts.into_iter().next().expect("one Rollout");
    assert_eq!(rollout.refusal, None);
    rollout
}

//! A policy from its manifest's text.

use coalmine_policy::source::{Diagnostics, Source};
use coalmine_scenarios::manifests;
use coalmine_sim::subject::Subject;

/// The first policy of a manifest without mistakes.
pub(crate) fn read(text: &str) -> Box<dyn Subject> {
    let source = Source {
        file: "shop.yaml".into(),
        text: text.into(),
    };
    let mut found = Diagnostics::new();
    let mut policies = manifests::read(&[source], &mut found).policies;
    assert!(!found.has_errors(), "{found:?}");
    policies.remove(0).subject
}

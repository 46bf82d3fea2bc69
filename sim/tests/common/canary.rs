//! A Flagger Canary from its text.

use std::sync::Arc;

use coalmine_policy::flagger::{Canary, Options, read};
use coalmine_policy::source::{Diagnostics, Source, read_documents};

/// The one Canary of a manifest without mistakes.
pub(crate) fn canary_of(yaml: &str) -> Arc<Canary> {
    let source = Source {
        file: "canary.yaml".into(),
        text: yaml.into(),
    };
    let mut diagnostics = Diagnostics::new();
    let documents = read_documents(&source, &mut diagnostics);
    let canaries = read(&documents, &Options::default(), &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{diagnostics:?}");
    canaries.into_iter().next().expect("one Canary")
}

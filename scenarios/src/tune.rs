//! Knobs of a user's own manifests: values that may be turned, where they stand, and how the text
//! looks when they are.
//!
//! ```text
//!  'steps[1].pause=5m..60m' ──► Address ──► Place (object, path, span) ─┐
//!                          └──► values ─────────────────────────────────┴─► Knob ──► edited text
//! ```
//!
//! An edit replaces the bytes of one value, or adds one line; everything else stays as it is. That
//! nothing else changed is checked by reading the edited text again ([`edit::check`]).

pub mod address;
mod condition;
mod defaults;
pub mod edit;
pub mod field;
mod find;
mod knob;
pub mod values;

use std::sync::Arc;

use coalmine_policy::source::{Diagnostics, Document, Node, Source, read_documents};

use crate::manifests;

pub use address::{Address, Step};
pub use defaults::defaults;
pub use find::{PathStep, Place};
pub use knob::Knob;
pub use values::Value;

/// The objects whose values may be turned.
#[derive(Clone, Debug)]
pub struct Workbench {
    /// The files, as they are.
    pub sources: Vec<Source>,
    /// Their policies and templates.
    pub documents: Vec<Document>,
}

impl Workbench {
    /// The objects of these files. Their mistakes are for who reads them as policies.
    #[must_use]
    pub fn new(sources: Vec<Source>) -> Self {
        let mut found = Diagnostics::new();
        let all = sources
            .iter()
            .flat_map(|source| read_documents(source, &mut found));
        let documents = all.filter(manifests::is_ours).collect();
        Self { sources, documents }
    }

    /// The object of a place.
    fn document(&self, place: &Place) -> Option<&Document> {
        self.documents.get(place.document)
    }

    /// The value at a place, if it is written.
    #[must_use]
    pub fn node(&self, place: &Place) -> Option<&Node> {
        find::at(&self.document(place)?.root, &place.path)
    }

    /// The file of a place.
    #[must_use]
    pub fn file(&self, place: &Place) -> Option<Arc<str>> {
        Some(self.document(place)?.source.file.clone())
    }

    /// The line of a place, 1-based: that of its object where it is not written.
    #[must_use]
    pub fn line(&self, place: &Place) -> usize {
        let root = self.document(place).map(|document| &document.root);
        let node = self.node(place).or(root);
        node.map_or(0, |node| node.position.line)
    }
}

#[cfg(test)]
mod tests;

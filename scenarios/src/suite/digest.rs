//! Short names for long things: two that differ have different ones.

use std::fmt;

use coalmine_policy::source::{Document, Kind, Node};
use sha2::{Digest as _, Sha256};

/// The first half of a SHA-256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 16]);

impl Digest {
    /// That of a text.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let mut digester = Digester::default();
        digester.text(text);
        digester.end()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = self.0.iter();
        digits.try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Makes a [`Digest`] of parts.
#[derive(Clone, Default)]
pub(crate) struct Digester(Sha256);

impl Digester {
    /// A part, told apart from its neighbours by its length.
    pub(crate) fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    /// What a YAML value means: comments, quotes and layout do not count.
    pub(crate) fn node(&mut self, node: &Node) {
        match &node.kind {
            Kind::Map(entries) => {
                self.text(&format!("map {}", entries.len()));
                for (key, value) in entries {
                    self.node(key);
                    self.node(value);
                }
            }
            Kind::Seq(items) => {
                self.text(&format!("list {}", items.len()));
                items.iter().for_each(|item| self.node(item));
            }
            scalar => self.text(&format!("{scalar:?}")),
        }
    }

    pub(crate) fn end(self) -> Digest {
        let whole = self.0.finalize();
        let mut half = [0; 16];
        half.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
        Digest(half)
    }
}

/// The name of what objects say; that of the last, and those of the others in any order.
pub(crate) fn digest_of(documents: &[Document]) -> Digest {
    let Some((last, others)) = documents.split_last() else {
        return Digest::default();
    };
    let one = |document: &Document| {
        let mut digester = Digester::default();
        digester.node(&document.root);
        digester.end()
    };
    let mut digests: Vec<Digest> = others.iter().map(one).collect();
    digests.sort_unstable();
    digests.push(one(last));
    let mut digester = Digester::default();
    digests
        .iter()
        .for_each(|one| digester.text(&one.to_string()));
    digester.end()
}

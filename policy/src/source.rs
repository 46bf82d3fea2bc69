//! Manifests as text with positions: YAML trees, documents, diagnostics, durations.
//!
//! Each stream is parsed once into a tree of [`Node`]s that know their place; the engines lower
//! their own kinds from it by hand through [`Fields`]. That reports every mistake of every document
//! at once, keeps integers and strings apart as the API server does, and lets an error inside a
//! query point into the YAML.

mod broken;
mod diagnostic;
mod document;
mod duration;
mod fields;
mod name;
mod node;

pub(crate) use diagnostic::printable;
pub use diagnostic::{Diagnostic, Diagnostics, Position, Severity};
pub use document::{Document, Source, holds_no_object, read_documents};
pub use duration::{DurationError, parse_go_duration};
pub use fields::Fields;
pub(crate) use name::check_name;
pub use node::{Kind, Node};

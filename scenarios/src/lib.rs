//! The catalogue of scenarios and policies, and the scenario file format.
//!
//! A scenario file is YAML, read with positions; every mistake in it is reported at once, with a
//! cure. See [`mod@read`] for the format, [`catalogue`] for the files embedded in the binary and
//! [`policies`] for the manifests that are scored when the user brings none.

pub mod catalogue;
mod files;
pub mod finding;
pub mod lint;
pub mod locate;
pub mod looks;
pub mod manifests;
pub mod native;
mod nearest;
pub mod policies;
pub mod read;
pub mod schema;
pub mod select;
pub mod suite;
pub mod tune;

pub use files::{Files, NoFiles};
pub use nearest::nearest;
pub use read::read;
pub use select::{SelectError, Selected, select};

/// A file embedded in the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// The name in reports and on the command line; unique among its kind.
    pub label: &'static str,
    /// Its path in coalmine's repository.
    pub file: &'static str,
    /// Its whole text.
    pub text: &'static str,
}

impl Embedded {
    /// The file as a source for the readers.
    #[must_use]
    pub fn source(&self) -> coalmine_policy::source::Source {
        coalmine_policy::source::Source {
            file: self.file.into(),
            text: self.text.into(),
        }
    }
}

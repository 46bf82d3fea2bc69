//! What can go wrong, and the exit code it ends with.

use std::path::PathBuf;
use std::process::ExitCode;

use coalmine_policy::source::{Diagnostics, Source};

use crate::diagnostics;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Mistakes in files, with their places.
    Input(Diagnostics, Vec<Source>),
    /// A mistake on the command line: cause and cure.
    Usage(String, String),
    /// A place that cannot be written to.
    Write(PathBuf, std::io::Error),
}

impl Failure {
    /// A mistake on the command line.
    pub(crate) fn usage(cause: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::Usage(cause.into(), cure.into())
    }

    /// Says it on standard error; the exit code is 2, bad input.
    pub(crate) fn report(&self) -> ExitCode {
        match self {
            Self::Input(found, sources) => diagnostics::print(found, sources),
            Self::Usage(cause, cure) => diagnostics::print_plain(cause, cure),
            Self::Write(path, error) => {
                let cause = format!("cannot write {}: {error}", path.display());
                diagnostics::print_plain(&cause, "");
            }
        }
        ExitCode::from(2)
    }
}

//! What is wrong with a condition, and where.

use serde::{Deserialize, Serialize};
use thiserror::Error as ThisError;

/// Why a condition cannot be parsed or evaluated.
#[derive(Clone, Debug, PartialEq, Eq, ThisError, Serialize, Deserialize)]
#[error("{message}")]
pub struct Error {
    /// Byte offset of the culprit within the condition's text.
    pub offset: usize,
    /// What is wrong, a lowercase sentence fragment.
    pub message: String,
    /// What to do about it; empty when the message says it all.
    pub help: String,
}

impl Error {
    pub(super) fn at(offset: usize, message: impl Into<String>) -> Self {
        Self {
            offset,
            message: message.into(),
            help: String::new(),
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

/// Steps that one check or one evaluation may take; expr's own memory budget is as large
/// (`conf.DefaultMemoryBudget`).
const BUDGET: usize = 1_000_000;

/// Counts work, so that no condition runs for long.
pub(super) struct Meter(usize);

impl Meter {
    pub(super) fn new() -> Self {
        Self(BUDGET)
    }

    /// Charges `steps` units of work done at `offset`.
    pub(super) fn charge(&mut self, offset: usize, steps: usize) -> Result<(), Error> {
        self.0 = self.0.checked_sub(steps).ok_or_else(|| {
            Error::at(offset, "memory budget exceeded").help("simplify the condition")
        })?;
        Ok(())
    }
}

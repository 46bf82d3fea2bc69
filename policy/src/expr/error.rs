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
    /// Argo takes this text; coalmine cannot follow it.
    #[serde(default)]
    pub uncovered: bool,
}

impl Error {
    pub(super) fn at(offset: usize, message: impl Into<String>) -> Self {
        Self {
            offset,
            message: message.into(),
            help: String::new(),
            uncovered: false,
        }
    }

    /// What Argo can do and coalmine cannot; `what` is named.
    pub(super) fn uncovered(offset: usize, what: &str) -> Self {
        Self {
            uncovered: true,
            ..Self::at(offset, format!("coalmine does not cover {what}"))
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

/// Steps that one check or one evaluation may take. Argo has no such bound.
const STEPS: usize = 10_000_000;
/// Elements that one evaluation may make (`conf.DefaultMemoryBudget`); reaching it is an error.
const MEMORY: usize = 1_000_000;

/// Counts work, so that no condition runs for long.
pub(super) struct Meter {
    steps: usize,
    memory: usize,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self {
            steps: STEPS,
            memory: 0,
        }
    }

    /// Charges `steps` units of work done at `offset`.
    pub(super) fn charge(&mut self, offset: usize, steps: usize) -> Result<(), Error> {
        self.steps = self.steps.checked_sub(steps).ok_or_else(|| {
            Error::at(offset, "condition runs for too long").help("simplify the condition")
        })?;
        Ok(())
    }

    /// Counts the elements of a new list (`vm.go` memGrow).
    pub(super) fn grow(&mut self, size: usize) -> Result<(), Error> {
        self.memory = self.memory.saturating_add(size);
        if self.memory >= MEMORY {
            return Err(Error::at(0, "memory budget exceeded").help("simplify the condition"));
        }
        Ok(())
    }
}

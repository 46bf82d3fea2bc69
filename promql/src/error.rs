//! Errors of parsing and of evaluation.

use thiserror::Error;

/// Why a text is no query of ours.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ParseError {
    /// Whether Prometheus would refuse it too.
    pub kind: ParseErrorKind,
    /// Byte offset of the cause in the query's text.
    pub offset: usize,
    /// The cause.
    pub message: String,
    /// The cure; empty when the message says it all.
    pub help: String,
}

/// Whose refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseErrorKind {
    /// Not valid PromQL: Prometheus answers 400 `bad_data`.
    Syntax,
    /// Valid for some Prometheus, but not evaluated here.
    Unsupported,
}

/// Why a valid query has no answer: Prometheus answers 422 `execution`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct EvalError(pub String);

impl EvalError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

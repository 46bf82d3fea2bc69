//! What the JSON documents have in common.

use std::io::{self, Write};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value;

use crate::interval::CONFIDENCE;
use crate::summary::Summary;

/// How the curves of a study begin; flattened into the document.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Head {
    /// The version of the document's form; it grows when a field changes its meaning or goes, not when
    /// one is added.
    format: u32,
    /// The root of all random numbers.
    seed: u64,
    /// Replications of each cell, or point; at least so many where a precision was wanted.
    runs: u32,
    /// Whether everything was run; false after an interruption.
    complete: bool,
    /// The confidence of every interval.
    confidence: f64,
}

impl Head {
    pub(crate) fn new(format: u32, summary: &Summary) -> Self {
        Self {
            format,
            seed: summary.study.seed,
            runs: summary.study.runs,
            complete: summary.complete,
            confidence: CONFIDENCE,
        }
    }
}

/// Writes a document, with a line feed at its end.
pub(crate) fn write(root: &impl Serialize, mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut out, root)?;
    out.write_all(b"\n")
}

/// The form of a document, from its types.
pub(crate) fn schema<T: JsonSchema>() -> Value {
    // What is written, not what could be read: fields that may be null are there all the same.
    let settings = SchemaSettings::default().for_serialize();
    settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

//! What the JSON documents have in common.

use std::io::{self, Write};

use serde::Serialize;

use crate::interval::CONFIDENCE;
use crate::summary::Summary;

/// How the curves of a study begin; flattened into the document.
#[derive(Serialize)]
pub(crate) struct Head {
    /// The version of the document's form.
    format: u32,
    seed: u64,
    runs: u32,
    complete: bool,
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

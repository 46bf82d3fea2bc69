//! What `coalmine lint` found: JSON, format 1, and a line that sums it up.

use std::io::{self, Write};

use coalmine_policy::source::Source;
use coalmine_scenarios::finding::{Finding, Level, Region};
use coalmine_scenarios::lint::Linted;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::document;
use crate::human::counted;

/// The version of the document's form; it grows when a field changes its meaning or goes.
const FORMAT: u32 = 1;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Lint")]
struct Root<'a> {
    /// The version of the document's form; it grows when a field changes its meaning or goes, not when
    /// one is added.
    format: u32,
    /// Objects that were looked at.
    objects: usize,
    /// Objects of other kinds.
    others: usize,
    /// Metrics that were looked at.
    metrics: usize,
    /// In order of file and place.
    findings: Vec<View<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Finding")]
struct View<'a> {
    /// `CM05`
    rule: &'a str,
    /// `tail-quantile-on-few-samples`
    name: &'a str,
    /// `error`, `warning` or `note`.
    level: &'a str,
    file: &'a str,
    /// From 1 on; null for the file as a whole.
    line: Option<usize>,
    /// From 1 on, in characters.
    column: Option<usize>,
    message: &'a str,
    cure: &'a str,
    /// Why it is a rule.
    reason: &'a str,
    /// Where the world learnt it.
    evidence: &'a [&'a str],
    /// The page that explains it.
    page: &'a str,
}

/// Writes the document, with a line feed at its end.
///
/// # Errors
/// When the output cannot be written.
pub fn write(linted: &Linted, sources: &[Source], out: impl Write) -> io::Result<()> {
    let view = |finding: &'_ Finding| -> (Option<usize>, Option<usize>) {
        let region = Region::of(finding.position, &finding.file, sources);
        (region.map(|r| r.line), region.map(|r| r.column))
    };
    let findings = linted.findings.iter().map(|finding| {
        let (line, column) = view(finding);
        View {
            rule: finding.rule.id,
            name: finding.rule.name,
            level: finding.level.as_str(),
            file: &finding.file,
            line,
            column,
            message: &finding.message,
            cure: &finding.cure,
            reason: finding.rule.reason,
            evidence: finding.rule.evidence,
            page: finding.rule.page,
        }
    });
    let root = Root {
        format: FORMAT,
        objects: linted.objects,
        others: linted.others,
        metrics: linted.checks,
        findings: findings.collect(),
    };
    document::write(&root, out)
}

/// The form of the document, as a JSON Schema.
#[must_use]
pub fn schema() -> Value {
    document::schema::<Root<'static>>()
}

/// `2 warnings and 1 note; 3 objects and 5 metrics were looked at, 4 objects of other kinds were not`.
#[must_use]
pub fn summary(linted: &Linted) -> String {
    let count = |level: Level| linted.findings.iter().filter(|f| f.level == level).count();
    let parts = [
        (Level::Error, "error", "errors"),
        (Level::Warning, "warning", "warnings"),
        (Level::Note, "note", "notes"),
    ];
    let parts = parts.into_iter().filter(|(level, ..)| count(*level) > 0);
    let parts: Vec<_> = parts
        .map(|(level, one, many)| counted(count(level), one, many))
        .collect();
    let found = match parts.is_empty() {
        true => "nothing found".to_owned(),
        false => parts.join(", "),
    };
    let others = match linted.others {
        0 => String::new(),
        n => format!(
            ", {} of other kinds passed over",
            counted(n, "object", "objects")
        ),
    };
    format!(
        "{found}; {} and {} looked at{others}",
        counted(linted.objects, "object", "objects"),
        counted(linted.checks, "metric", "metrics")
    )
}

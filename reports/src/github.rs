//! Findings as GitHub shows them beside the lines of a pull request: workflow commands.

use std::io::{self, Write};

use coalmine_policy::source::Source;
use coalmine_scenarios::finding::{Finding, Level, Region};

/// Writes `::warning file=…,line=…::…`, a line for each finding.
pub fn write(findings: &[Finding], sources: &[Source], mut out: impl Write) -> io::Result<()> {
    for finding in findings {
        let command = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        write!(out, "::{command} file={}", property(&finding.file))?;
        if let Some(region) = Region::of(finding.position, &finding.file, sources) {
            let Region {
                line,
                column,
                end_column,
            } = region;
            // Without an end line GitHub ignores columns; its end column is the last one, included.
            write!(
                out,
                ",line={line},endLine={line},col={column},endColumn={}",
                end_column - 1
            )?;
        }
        let title = format!("{} {}", finding.rule.id, finding.rule.name);
        writeln!(out, ",title={}::{}", property(&title), data(&text(finding)))?;
    }
    Ok(())
}

fn text(finding: &Finding) -> String {
    match finding.cure.as_str() {
        "" => finding.message.clone(),
        cure => format!("{}\ncure: {cure}", finding.message),
    }
}

/// As GitHub's toolkit escapes a message.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// As GitHub's toolkit escapes a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::findings;

    #[test]
    fn findings_are_workflow_commands() {
        let (findings, sources) = findings();
        let mut bytes = Vec::new();
        write(&findings, &sources, &mut bytes).expect("memory takes everything");
        insta::assert_snapshot!(String::from_utf8(bytes).expect("is UTF-8"));
    }
}

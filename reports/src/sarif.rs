//! Findings as SARIF 2.1.0, which code hosts and editors read.

use std::collections::BTreeMap;
use std::io::{self, Write};

use coalmine_policy::source::{Position, Source};
use coalmine_scenarios::finding::{Finding, Region, Rule};
use serde_json::{Value, json};

use crate::document;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Writes one run of a verb of coalmine: the rules that were looked at, and what was found.
pub fn write(
    verb: &str,
    rules: &[&'static Rule],
    findings: &[Finding],
    sources: &[Source],
    out: impl Write,
) -> io::Result<()> {
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [run(verb, rules, findings, sources)],
    });
    document::write(&log, out)
}

fn run(verb: &str, rules: &[&'static Rule], findings: &[Finding], sources: &[Source]) -> Value {
    // Rules that were found and not announced: SARIF wants each described.
    let mut known: Vec<&'static Rule> = rules.to_vec();
    for finding in findings {
        if !known.iter().any(|rule| rule.id == finding.rule.id) {
            known.push(finding.rule);
        }
    }
    let index: BTreeMap<&str, usize> = known.iter().map(|rule| rule.id).zip(0..).collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| result(finding, index[finding.rule.id], sources))
        .collect();
    let rules: Vec<Value> = known.iter().map(|rule| descriptor(rule)).collect();
    json!({
        "tool": {"driver": {
            "name": "coalmine",
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": rules,
        }},
        // Code hosts keep the latest run of each category.
        "automationDetails": {"id": format!("coalmine/{verb}/")},
        // Columns count characters here, not UTF-16.
        "columnKind": "unicodeCodePoints",
        "results": results,
    })
}

fn descriptor(rule: &Rule) -> Value {
    let evidence: Vec<String> = rule.evidence.iter().map(|uri| format!("<{uri}>")).collect();
    let mut help = json!({
        "text": rule.cure,
        "markdown": format!(
            "{}.\n\n**Cure:** {}.\n\n**Evidence:** {}\n\n`{}`",
            rule.reason,
            rule.cure,
            evidence.join(", "),
            rule.page
        ),
    });
    if evidence.is_empty() {
        help["markdown"] = json!(format!("{}.\n\n**Cure:** {}.", rule.reason, rule.cure));
    }
    let mut descriptor = json!({
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.reason},
        "help": help,
        "defaultConfiguration": {"level": rule.level.as_str()},
    });
    if let Some(uri) = help_uri(rule) {
        descriptor["helpUri"] = uri.into();
    }
    descriptor
}

/// The rule's page; what taught it where the package does not say where its pages are.
fn help_uri(rule: &Rule) -> Option<String> {
    match env!("CARGO_PKG_REPOSITORY") {
        "" => rule.evidence.first().map(|uri| (*uri).to_owned()),
        home => Some(format!(
            "{}/blob/main/{}",
            home.trim_end_matches('/'),
            rule.page
        )),
    }
}

fn result(finding: &Finding, index: usize, sources: &[Source]) -> Value {
    let text = match finding.cure.as_str() {
        "" => finding.message.clone(),
        cure => format!("{}\nCure: {cure}", finding.message),
    };
    let place = |position, file: &str| physical(position, file, sources);
    let mut result = json!({
        "ruleId": finding.rule.id,
        "ruleIndex": index,
        "level": finding.level.as_str(),
        "message": {"text": text},
        "locations": [{"physicalLocation": place(finding.position, &finding.file)}],
    });
    if !finding.related.is_empty() {
        let related = finding.related.iter().enumerate().map(|(id, one)| {
            json!({
                "id": id,
                "physicalLocation": place(one.position, &one.file),
                "message": {"text": one.message},
            })
        });
        result["relatedLocations"] = related.collect();
    }
    result
}

fn physical(position: Position, file: &str, sources: &[Source]) -> Value {
    let mut physical = json!({"artifactLocation": {"uri": uri(file)}});
    if let Some(region) = Region::of(position, file, sources) {
        physical["region"] = json!({
            "startLine": region.line,
            "startColumn": region.column,
            "endLine": region.line,
            "endColumn": region.end_column,
        });
    }
    physical
}

/// A path as a relative reference, or as a `file` address where it is absolute.
fn uri(file: &str) -> String {
    let path = file.replace('\\', "/");
    let path = path.strip_prefix("./").unwrap_or(&path);
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::findings;

    #[test]
    fn findings_are_results_of_described_rules() {
        let (findings, sources) = findings();
        let mut bytes = Vec::new();
        write("lint", &[], &findings, &sources, &mut bytes).expect("memory takes everything");
        insta::assert_snapshot!(String::from_utf8(bytes).expect("is UTF-8"));
    }

    #[test]
    fn files_are_addresses() {
        assert_eq!(uri("./a b/c.yaml"), "a%20b/c.yaml");
        assert_eq!(uri("charts\\x.yaml"), "charts/x.yaml");
        assert_eq!(uri("/tmp/ü.yaml"), "file:///tmp/%C3%BC.yaml");
        assert_eq!(uri("<stdin>"), "%3Cstdin%3E");
    }
}

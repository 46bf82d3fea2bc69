//! `coalmine lint`: what a reviewer would say of policies without trying them.
//!
//! Rules look at what the readers of the engines made of the manifests, and at what queries answer in
//! small worlds ([`probe`]); they parse nothing by themselves. Where a number depends on traffic, they
//! speak only when a scenario gives it: a finding that is wrong costs more trust than one that is
//! missing.

mod allow;
pub mod catalogue;
mod check;
mod facts;
mod probe;
mod query;
mod readers;
mod review;
mod rules;
#[cfg(test)]
mod tests;
mod values;

use coalmine_policy::source::Source;
use coalmine_sim::scenario::Scenario;

use crate::finding::{Finding, Rule};

pub use catalogue::{RULES, rule};

/// What was found, and how much was looked at.
#[derive(Debug)]
pub struct Linted {
    /// In order of file and place.
    pub findings: Vec<Finding>,
    /// Objects of kinds that decide something.
    pub objects: usize,
    /// Objects of other kinds, which were passed over.
    pub others: usize,
    /// Metrics that were looked at.
    pub checks: usize,
}

/// Looks at files that belong together; `silent` are rules that the user does not want.
#[must_use]
pub fn lint(sources: &[Source], scenarios: &[Scenario], silent: &[&'static Rule]) -> Linted {
    let review = review::review(sources);
    let facts: Vec<_> = scenarios.iter().map(facts::Facts::of).collect();
    let mut findings = Vec::new();
    readers::findings(&review, &mut findings);
    rules::findings(&review, &facts, &mut findings);
    let mut findings = allow::without_allowed(findings, sources);
    findings.retain(|finding| !silent.iter().any(|rule| rule.id == finding.rule.id));
    let key = |finding: &Finding| {
        let at = finding.position;
        (finding.file.clone(), at.line, at.column, finding.rule.id)
    };
    findings.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message)));
    findings.dedup();
    Linted {
        findings,
        objects: review.documents.len(),
        others: review.others,
        checks: review.checks.len(),
    }
}

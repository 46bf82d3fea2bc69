//! A check as JUnit XML: a case for each gate at each policy, and for each comparison with the baseline.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Checked, Compared};
use crate::gate::Outcome;

/// Writes the document.
///
/// # Errors
/// When the output cannot be written.
pub fn junit(checked: &Checked<'_>, out: impl Write) -> io::Result<()> {
    let mut report = Report::new("coalmine check");
    for suite in [refused(checked), gates(checked), baseline(checked)] {
        if !suite.test_cases.is_empty() {
            report.add_test_suite(suite);
        }
    }
    report.serialize(out).map_err(io::Error::other)
}

fn case(name: String, class: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(class);
    case
}

fn failed(kind: NonSuccessKind, message: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message);
    status
}

fn skipped(message: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(message);
    status
}

fn refused(checked: &Checked<'_>) -> TestSuite {
    let mut suite = TestSuite::new("policies");
    for policy in checked.refused() {
        if let Some(info) = checked.summary.study.policies.get(policy)
            && let Some(refusal) = &info.invalid
        {
            let status = failed(NonSuccessKind::Error, refusal.reason.clone());
            suite.add_test_case(case(info.label.clone(), "refused", status));
        }
    }
    suite
}

fn gates(checked: &Checked<'_>) -> TestSuite {
    let mut suite = TestSuite::new("gates");
    for result in &checked.results {
        let Some(gate) = checked.gates.get(result.gate) else {
            continue;
        };
        let sentence = checked.gate_sentence(result);
        let status = match result.judged.outcome {
            Outcome::Met => TestCaseStatus::success(),
            Outcome::Undecided => skipped(sentence),
            Outcome::Breached => failed(NonSuccessKind::Failure, sentence),
        };
        let name = format!(
            "{} in {}",
            gate.requirement,
            checked.scenario(result.scenario)
        );
        let label = checked.summary.label_of(result.policy);
        suite.add_test_case(case(name, label, status));
    }
    suite
}

fn baseline(checked: &Checked<'_>) -> TestSuite {
    let mut suite = TestSuite::new("baseline");
    for change in &checked.against.changes {
        let status = match checked.compared(change) {
            Compared::Equal | Compared::NotWorse => TestCaseStatus::success(),
            Compared::Suspected => skipped(checked.change_sentence(change)),
            Compared::Worse => {
                let mut status = failed(NonSuccessKind::Failure, checked.change_sentence(change));
                status.set_description(checked.turned_sentence(change));
                status
            }
        };
        let scenario = checked.scenario(Some(change.scenario));
        let label = checked.summary.label_of(change.policy);
        suite.add_test_case(case(
            format!("{} in {scenario}", change.measure),
            label,
            status,
        ));
    }
    for one in &checked.against.skipped {
        let (cause, cure) = checked.skipped_sentence(one);
        let status = skipped(format!("{cause} ({cure})"));
        let name = checked.scenario(one.scenario).to_owned();
        let label = one
            .policy
            .map_or("all policies", |p| checked.summary.label_of(p));
        suite.add_test_case(case(name, label, status));
    }
    suite
}

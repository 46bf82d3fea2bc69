//! A study as JUnit XML, for CI systems that show tests: a suite for each scenario, a case for each
//! policy.
//!
//! A case fails when the wrong verdict is more likely than not beyond doubt (the whole 95 % interval
//! lies above one half), as the table marks it; it is an error when the controller refuses the
//! policy.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::human;
use crate::summary::{Cell, Summary};

/// Writes the document.
///
/// # Errors
/// When the output cannot be written.
pub fn write(summary: &Summary, out: impl Write) -> io::Result<()> {
    let mut report = Report::new("coalmine score");
    for (index, scenario) in summary.study.scenarios.iter().enumerate() {
        let mut suite = TestSuite::new(scenario.name.as_str());
        suite.add_property(Property::new("seed", summary.study.seed.to_string()));
        let cells = summary.cells.iter().filter(|cell| cell.scenario == index);
        suite.add_test_cases(cells.map(|cell| case(summary, cell)));
        if !suite.test_cases.is_empty() {
            report.add_test_suite(suite);
        }
    }
    report.serialize(out).map_err(io::Error::other)
}

fn case(summary: &Summary, cell: &Cell) -> TestCase {
    let refusal = summary
        .policy(cell)
        .and_then(|policy| policy.invalid.as_ref());
    let status = match (refusal, failure(cell)) {
        (Some(refusal), _) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(refusal.reason.as_str());
            status.set_description(format!(
                "{}:{}: {}",
                refusal.file, refusal.line, refusal.help
            ));
            status
        }
        (None, Some(message)) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(message);
            status
        }
        (None, None) => TestCaseStatus::success(),
    };
    let mut case = TestCase::new(summary.label(cell), status);
    case.set_classname(summary.name(cell));
    if refusal.is_none() {
        case.set_system_out(numbers(cell));
    }
    case
}

fn failure(cell: &Cell) -> Option<String> {
    let rate = cell.mostly_wrong()?;
    Some(format!("{} in {}", wrong(cell), human::rate(&rate)))
}

fn wrong(cell: &Cell) -> &'static str {
    if cell.missed.is_some() {
        "the bad release was promoted"
    } else {
        "the good release was rolled back"
    }
}

fn numbers(cell: &Cell) -> String {
    let rate = |rate: Option<crate::interval::Rate>| {
        rate.as_ref().map_or(human::NOTHING.to_owned(), human::rate)
    };
    format!(
        "{} in {} of {} rollouts (95 % interval); stuck {}; detect median {}, hurt median {}, promote \
         median {}",
        wrong(cell),
        rate(cell.wrong()),
        human::count(cell.n),
        rate(cell.stuck),
        human::quantile(cell.detect_ns.median, human::time),
        human::quantile(cell.hurt.median, human::count),
        human::quantile(cell.promote_ns.median, human::time),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::typical;

    #[test]
    fn a_typical_study_has_failures_and_errors_where_they_belong() {
        let mut bytes = Vec::new();
        write(&typical(), &mut bytes).expect("memory takes everything");
        insta::assert_snapshot!(String::from_utf8(bytes).expect("is UTF-8"));
    }
}

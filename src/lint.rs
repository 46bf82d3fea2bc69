//! `coalmine lint`: what a reviewer would say, without a scenario.

use std::process::ExitCode;

use coalmine_reports::terminal::Options;
use coalmine_reports::{github, human, lint, sarif};
use coalmine_scenarios::finding::Level;
use coalmine_scenarios::lint::{Linted, RULES};
use coalmine_scenarios::{Embedded, policies};

use crate::args::{LintArgs, LintFormat};
use crate::diagnostics;
use crate::failure::Failure;
use crate::input;
use crate::output::{self, bytes};
use crate::study;

/// Lints. Exits with 1 where there is a warning or an error.
pub(crate) fn lint(args: &LintArgs) -> Result<ExitCode, Failure> {
    if args.rules {
        output::print(rules().as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let scenarios = study::scenarios(&args.scenarios)?;
    // The embedded ones are worlds of their own: what one of them lacks, another must not give.
    let worlds: Vec<Vec<_>> = if args.files.is_empty() {
        policies::policies()
            .iter()
            .map(|one| vec![Embedded::source(one)])
            .collect()
    } else {
        vec![input::read_all(&args.files)?]
    };
    let mut all = Linted {
        findings: Vec::new(),
        objects: 0,
        others: 0,
        checks: 0,
    };
    for sources in &worlds {
        let linted = coalmine_scenarios::lint::lint(sources, &scenarios, &args.allow);
        all.findings.extend(linted.findings);
        all.objects += linted.objects;
        all.others += linted.others;
        all.checks += linted.checks;
    }
    let sources: Vec<_> = worlds.into_iter().flatten().collect();
    match args.format {
        LintFormat::Text => {
            let mut text = String::new();
            for finding in &all.findings {
                text += &diagnostics::finding(finding, &sources);
                text.push('\n');
            }
            text += &lint::summary(&all);
            text.push('\n');
            output::print(Options::stdout().characters.apply(text).as_bytes())?;
        }
        LintFormat::Json => output::print(&bytes(|out| lint::write(&all, &sources, out))?)?,
        LintFormat::Sarif => {
            let sarif = bytes(|out| sarif::write("lint", RULES, &all.findings, &sources, out));
            output::print(&sarif?)?;
        }
        LintFormat::Github => {
            output::print(&bytes(|out| github::write(&all.findings, &sources, out))?)?;
        }
    }
    let is_bad = all
        .findings
        .iter()
        .any(|finding| finding.level >= Level::Warning);
    Ok(ExitCode::from(u8::from(is_bad)))
}

fn rules() -> String {
    let options = Options::stdout();
    let mut text = String::new();
    for rule in RULES {
        text += &format!("{} {} ({})\n", rule.id, rule.name, rule.level.as_str());
        for line in human::wrap(rule.reason, options.text_width() - 2) {
            text += &format!("  {line}\n");
        }
    }
    options.characters.apply(text)
}

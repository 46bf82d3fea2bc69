//! The front as a table, the recommendation in sentences, the patch.

use std::fmt::Write as _;

use super::compare::Axis;
use super::report::{Report, Row};
use crate::human;
use crate::terminal::{self, Options};

/// All of it.
#[must_use]
pub fn render(report: &Report<'_>, options: Options) -> String {
    let rows = report.rows();
    let mut text = report.headline();
    text.push('\n');
    if !report.found.complete {
        text.push_str(
            "interrupted: nothing was confirmed on fresh rollouts; these are the search's own\n",
        );
    }
    text.push('\n');
    text.push_str(&table(report, &rows, options));
    text.push('\n');
    let width = options.text_width();
    let lines = values(report, &rows);
    for line in lines {
        paragraph(&line, ("  ", "         "), width, &mut text);
    }
    text.push('\n');
    paragraph(&legend(report), ("", ""), width, &mut text);
    text.push('\n');
    for sentence in report.verdict(&rows) {
        paragraph(&sentence, ("• ", "  "), width, &mut text);
    }
    let mut text = options.characters.apply(text);
    // A patch is bytes: nothing of it is spelt otherwise.
    if !report.patch.is_empty() {
        text.push('\n');
        text.push_str(report.patch);
    }
    text
}

fn table(report: &Report<'_>, rows: &[Row<'_>], options: Options) -> String {
    let has = |at: &usize| rows.iter().any(|row| row.readings[*at].is_some());
    let columns: Vec<usize> = (0..Axis::ALL.len()).filter(has).collect();
    let mut header = vec!["point".to_owned()];
    header.extend(columns.iter().map(|at| Axis::ALL[*at].head().to_owned()));
    let with_limits = !report.goal.requirements.is_empty();
    if with_limits {
        header.push("keeps\nlimits".to_owned());
    }
    let cells = rows.iter().map(|row| {
        let is_best = report.found.recommended == Some(row.policy);
        let mark = if is_best { " *" } else { "" };
        let mut cells = vec![format!("  {}{mark}", row.label)];
        cells.extend(
            columns
                .iter()
                .map(|at| Axis::ALL[*at].cell(row.readings[*at].as_ref())),
        );
        if with_limits {
            cells.push(keeps(row).to_owned());
        }
        cells
    });
    terminal::table(&header, cells.collect(), &[], options)
}

/// Whether it keeps the limits.
pub(crate) fn keeps(row: &Row<'_>) -> &'static str {
    match row.keeps() {
        _ if !row.is_played() => "refused",
        Some(true) => "yes",
        Some(false) => "no",
        None => "unsure",
    }
}

fn values(report: &Report<'_>, rows: &[Row<'_>]) -> Vec<String> {
    let today: Vec<String> = report
        .knobs
        .iter()
        .map(|knob| format!("{} {}", knob.label, knob.today_text()))
        .collect();
    let mut lines = vec![format!("today  {}", today.join(", "))];
    for row in rows.iter().filter(|row| row.policy > 0) {
        let Some(point) = row.point else { continue };
        let worse = if row.dominated {
            " (not on the front: another is as good in everything, and better)"
        } else {
            ""
        };
        lines.push(format!(
            "{:<5}  {}{worse}",
            row.label,
            report.changes_text(point)
        ));
    }
    lines
}

fn legend(report: &Report<'_>) -> String {
    let study = &report.found.confirmed.study;
    let runs = human::count(u64::from(study.runs));
    let rollouts = if report.found.complete {
        format!(
            "Each row is {runs} replications of every scenario that the search had not seen (n = {}).",
            human::count(u64::from(study.runs) * study.scenarios.len() as u64)
        )
    } else {
        "The rows are what the search had played.".to_owned()
    };
    format!(
        "{rollouts} In brackets 95 % intervals. hurt users: mean of a bad release. duration: mean until the \
         decision, of the mix of releases. *: recommended. {}",
        report.effort()
    )
}

fn paragraph(sentence: &str, (first, rest): (&str, &str), width: usize, text: &mut String) {
    let indent = first.chars().count().max(rest.chars().count());
    for (index, line) in human::wrap(sentence, width.saturating_sub(indent))
        .iter()
        .enumerate()
    {
        let _ = writeln!(text, "{}{line}", if index == 0 { first } else { rest });
    }
}

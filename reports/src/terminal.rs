//! A study as a table for people, 100 to 120 columns wide and legible without colour.

mod overview;
mod paint;
mod table;

use std::fmt::Write as _;
use std::io::{self, IsTerminal};

use crate::human::{self, counted};
use crate::insights;
use crate::summary::Summary;

use paint::Paint;

/// Width of running text.
const TEXT_WIDTH: usize = 100;

/// How to render.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Use ANSI colours: only when the output is a terminal.
    pub colour: bool,
}

impl Options {
    /// Colour when standard output is a terminal and nobody objects (<https://no-color.org>).
    #[must_use]
    pub fn stdout() -> Self {
        let objection = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            colour: io::stdout().is_terminal() && !objection,
        }
    }
}

/// The table with a header, refused policies, and three sentences on what stands out.
#[must_use]
pub fn render(summary: &Summary, options: Options) -> String {
    let paint = Paint::new(options.colour);
    let mut text = String::new();
    header(summary, &paint, &mut text);
    if !summary.cells.is_empty() {
        text.push('\n');
        text.push_str(&table::render(summary, &paint));
        let overview = overview::render(summary, &paint);
        let pooled = !overview.is_empty();
        if pooled {
            text.push('\n');
            text.push_str(&overview);
        }
        legend(summary, pooled, &paint, &mut text);
    }
    refusals(summary, &paint, &mut text);
    text.push('\n');
    for sentence in insights::sentences(summary) {
        paragraph(&sentence, "• ", "  ", &mut text);
    }
    text
}

fn header(summary: &Summary, paint: &Paint, text: &mut String) {
    let study = &summary.study;
    let line = format!(
        "seed {} · {} × {} · {} a cell",
        study.seed,
        counted(study.policies.len(), "policy", "policies"),
        counted(study.scenarios.len(), "scenario", "scenarios"),
        counted(study.runs as usize, "replication", "replications"),
    );
    let _ = writeln!(text, "{}", paint.strong(&line));
    if !summary.complete {
        let all = study.policies.len() * study.scenarios.len();
        let line = format!(
            "interrupted: {} of {all} cells were run",
            summary.cells.len()
        );
        let _ = writeln!(text, "{}", paint.warning(&line));
    }
}

fn legend(summary: &Summary, pooled: bool, paint: &Paint, text: &mut String) {
    let mut lines = vec![
        "missed: a bad release was promoted. false rollback: a good one was rolled back. In \
         brackets Wilson's 95 % interval."
            .to_owned(),
        "detect: from the first request that met the fault to the decision to roll back, where \
         there was one. hurt: requests that fared worse than on the old revision."
            .to_owned(),
    ];
    lines.extend(table::latent(summary));
    if pooled {
        lines.push("missed and hurt people: leaves out what hurt nobody by then.".to_owned());
    }
    lines.extend(table::nothing_stuck(summary));
    text.push('\n');
    for line in lines.iter().flat_map(|line| human::wrap(line, TEXT_WIDTH)) {
        let _ = writeln!(text, "{}", paint.faint(&line));
    }
}

/// Each refused policy once: the controller's reason, the place, the cure.
fn refusals(summary: &Summary, paint: &Paint, text: &mut String) {
    for policy in &summary.study.policies {
        let Some(refusal) = &policy.invalid else {
            continue;
        };
        text.push('\n');
        let line = format!("{} is invalid: its controller refuses it", policy.label);
        let _ = writeln!(text, "{}", paint.warning(&line));
        paragraph(&refusal.reason, "  ", "  ", text);
        let _ = writeln!(text, "  at {}:{}", refusal.file, refusal.line);
        if !refusal.help.is_empty() {
            paragraph(&format!("cure: {}", refusal.help), "  ", "        ", text);
        }
    }
}

fn paragraph(sentence: &str, first: &str, rest: &str, text: &mut String) {
    let width = TEXT_WIDTH - first.chars().count();
    for (index, line) in human::wrap(sentence, width).iter().enumerate() {
        let _ = writeln!(text, "{}{line}", if index == 0 { first } else { rest });
    }
}

#[cfg(test)]
mod tests;

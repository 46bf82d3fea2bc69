//! A study as a table for people, as wide as their terminal and legible without colour.

mod characters;
mod fit;
mod overview;
mod paint;
mod pairs;
mod table;
mod worth;

use std::fmt::Write as _;
use std::io::{self, IsTerminal};

use crate::human::{self, counted};
use crate::insights;
use crate::summary::Summary;

pub use characters::Characters;
pub(crate) use paint::Paint;

/// Running text is hard to read in longer lines, on however wide a terminal; and tables are no wider
/// where the output is none, since files are read on narrow screens too.
const TEXT_WIDTH: usize = 100;
/// And in shorter ones.
const TEXT_NARROWEST: usize = 40;

/// How to render.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Use ANSI colours: only when the output is a terminal.
    pub colour: bool,
    /// Columns of the terminal. `None` when the output is none: then 100.
    pub width: Option<u16>,
    /// What it can show.
    pub characters: Characters,
}

impl Options {
    /// The width of the terminal that standard output is, if it is one, and colour unless somebody
    /// objects (<https://no-color.org>).
    #[must_use]
    pub fn stdout() -> Self {
        let objection = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let terminal = io::stdout().is_terminal();
        let size = terminal_size::terminal_size_of(io::stdout());
        // Some terminals that do not know their width say 0.
        let width = size.map(|(terminal_size::Width(width), _)| width);
        Self {
            colour: terminal && !objection,
            width: width.filter(|&width| terminal && width > 0),
            characters: Characters::of_locale(|name| std::env::var(name).ok()),
        }
    }

    /// Columns that running text may have.
    #[must_use]
    pub fn text_width(self) -> usize {
        self.table_width().clamp(TEXT_NARROWEST, TEXT_WIDTH)
    }

    fn table_width(self) -> usize {
        self.width.map_or(TEXT_WIDTH, usize::from)
    }
}

/// The table with a header, refused policies, and three sentences on what stands out.
#[must_use]
pub fn render(summary: &Summary, options: Options) -> String {
    let paint = Paint::new(options.colour);
    let mut text = String::new();
    header(summary, &paint, &mut text);
    if !summary.cells.is_empty() {
        tables(summary, options, &paint, &mut text);
    }
    refusals(summary, options, &paint, &mut text);
    text.push('\n');
    for sentence in insights::sentences(summary) {
        paragraph(&sentence, ("• ", "  "), options, &mut text);
    }
    options.characters.apply(text)
}

/// Both tables, and what their columns mean.
fn tables(summary: &Summary, options: Options, paint: &Paint, text: &mut String) {
    let width = options.table_width();
    let (table, dropped) = table::render(summary, width, paint);
    let overview = overview::render(summary, width, paint);
    let worth = worth::render(summary, width, paint);
    let (pairs, pairs_legend) = pairs::render(summary, width, paint).unzip();
    let pairs = pairs.unwrap_or_default();
    let all = [&table, &overview, &worth, &pairs];
    for table in all.into_iter().filter(|table| !table.is_empty()) {
        text.push('\n');
        text.push_str(table);
    }
    let mut lines = legend(summary, !overview.is_empty());
    lines.extend(pairs_legend);
    if !dropped.is_empty() {
        let columns = dropped.join(", ");
        lines.push(format!(
            "left out, since there are {width} columns: {columns}. `--format csv` has all."
        ));
    }
    text.push('\n');
    let width = options.text_width();
    for line in lines.iter().flat_map(|line| human::wrap(line, width)) {
        let _ = writeln!(text, "{}", paint.faint(&line));
    }
}

fn header(summary: &Summary, paint: &Paint, text: &mut String) {
    let study = &summary.study;
    let line = format!(
        "seed {} · {} × {} · {} a cell{}",
        study.seed,
        counted(study.policies.len(), "policy", "policies"),
        counted(study.scenarios.len(), "scenario", "scenarios"),
        counted(study.runs as usize, "replication", "replications"),
        study.fidelity.remark(),
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

fn legend(summary: &Summary, pooled: bool) -> Vec<String> {
    let mut lines = vec![
        "missed: a bad release was promoted. false rollback: a good one was rolled back. In \
         brackets Wilson's 95 % interval; ± is the farther end of a median's or percentile's, between \
         order statistics."
            .to_owned(),
        "detect: from the first request that met the fault to the decision to roll back, where \
         there was one. hurt: requests that fared worse than on the old revision."
            .to_owned(),
    ];
    lines.extend(table::beside_requests(summary));
    lines.extend(table::latent(summary));
    if pooled {
        lines.push("missed and hurt people: leaves out what hurt nobody by then.".to_owned());
    }
    lines.extend(table::nothing_stuck(summary));
    if pooled {
        lines.extend(worth::legend(&summary.mix));
    }
    lines
}

/// A table with a faint head; the first column holds names, the others numbers. A narrow terminal goes
/// without the columns whose headers are `spare`.
pub(crate) fn table(
    header: &[String],
    rows: Vec<Vec<String>>,
    spare: &[&str],
    options: Options,
) -> String {
    let paint = Paint::new(options.colour);
    let count = rows.len();
    let mut grid = fit::Grid::new(header, rows);
    grid.fit(options.table_width(), spare);
    faint_head(&grid.lines(), count, &paint)
}

/// A table whose last `rows` lines are its rows, with a faint head.
fn faint_head(lines: &[String], rows: usize, paint: &Paint) -> String {
    let head = lines.len() - rows;
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        text.push_str(&if index < head {
            paint.faint(line)
        } else {
            line.clone()
        });
        text.push('\n');
    }
    text
}

/// Each refused policy once: the controller's reason, the place, the cure.
fn refusals(summary: &Summary, options: Options, paint: &Paint, text: &mut String) {
    for policy in &summary.study.policies {
        let Some(refusal) = &policy.invalid else {
            continue;
        };
        text.push('\n');
        let line = format!("{} is invalid: its controller refuses it", policy.label);
        let _ = writeln!(text, "{}", paint.warning(&line));
        paragraph(&refusal.reason, ("  ", "  "), options, text);
        let _ = writeln!(text, "  at {}:{}", refusal.file, refusal.line);
        if !refusal.help.is_empty() {
            let cure = format!("cure: {}", refusal.help);
            paragraph(&cure, ("  ", "        "), options, text);
        }
    }
}

/// Wrapped, with these beginnings of the first and of the other lines.
fn paragraph(sentence: &str, (first, rest): (&str, &str), options: Options, text: &mut String) {
    let indent = first.chars().count().max(rest.chars().count());
    let lines = human::wrap(sentence, options.text_width() - indent);
    for (index, line) in lines.iter().enumerate() {
        let _ = writeln!(text, "{}{line}", if index == 0 { first } else { rest });
    }
}

#[cfg(test)]
mod tests;

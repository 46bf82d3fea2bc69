//! Mistakes as people read them: the line, a mark under it, the cause, the cure.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::io::IsTerminal;

use coalmine_policy::source::{Diagnostic, Diagnostics, Severity, Source};
use coalmine_scenarios::finding::{self, Finding};

/// Prints every mistake to standard error, each once, in order of file and place.
pub(crate) fn print(found: &Diagnostics, sources: &[Source]) {
    let mut list: Vec<&Diagnostic> = found.iter().collect();
    list.sort_by_key(|d| (d.file.clone(), d.position.line, d.position.column));
    list.dedup();
    for diagnostic in list {
        let source = sources.iter().find(|source| source.file == diagnostic.file);
        print_one(diagnostic, source);
    }
}

fn print_one(diagnostic: &Diagnostic, source: Option<&Source>) {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(&*diagnostic.message);
    let text = source.map_or("", |source| &source.text);
    let span = span(diagnostic, text);
    let mut group = match span {
        Some(span) => title.element(
            Snippet::source(text)
                .path(&*diagnostic.file)
                .annotation(AnnotationKind::Primary.span(span)),
        ),
        None => {
            Group::with_title(title).element(annotate_snippets::Origin::path(&*diagnostic.file))
        }
    };
    if !diagnostic.help.is_empty() {
        group = group.element(Level::HELP.message(&*diagnostic.help));
    }
    render(&[group]);
}

/// The bytes to mark: those of the mistake, or of its line's text.
fn span(diagnostic: &Diagnostic, text: &str) -> Option<std::ops::Range<usize>> {
    let position = diagnostic.position;
    if position.line == 0 || text.is_empty() {
        return None;
    }
    let line_start: usize = text
        .split_inclusive('\n')
        .take(position.line - 1)
        .map(str::len)
        .sum();
    let line = text.get(line_start..)?.lines().next().unwrap_or_default();
    let indent = line.len() - line.trim_start().len();
    let whole = line_start + indent..line_start + line.trim_end().len().max(indent);
    let in_line = whole.contains(&position.start) && position.end > position.start;
    if !in_line {
        let column = position.column.saturating_sub(1);
        let from = line.char_indices().nth(column).map_or(indent, |(at, _)| at);
        return Some(line_start + from..whole.end.max(line_start + from));
    }
    Some(position.start..position.end.min(whole.end))
}

/// A finding as people read it; colour is stripped where standard output is no terminal.
pub(crate) fn finding(finding: &Finding, sources: &[Source]) -> String {
    let level = match finding.level {
        finding::Level::Error => Level::ERROR,
        finding::Level::Warning => Level::WARNING,
        finding::Level::Note => Level::NOTE,
    };
    let place = Diagnostic {
        severity: Severity::Warning,
        file: finding.file.clone(),
        position: finding.position,
        message: String::new(),
        help: String::new(),
    };
    let source = sources.iter().find(|source| source.file == finding.file);
    let text = source.map_or("", |source| &source.text);
    let title = level.primary_title(&*finding.message).id(finding.rule.id);
    let mut group = match span(&place, text) {
        Some(span) => title.element(
            Snippet::source(text)
                .path(&*finding.file)
                .annotation(AnnotationKind::Primary.span(span)),
        ),
        None => Group::with_title(title).element(annotate_snippets::Origin::path(&*finding.file)),
    };
    if !finding.cure.is_empty() {
        group = group.element(Level::HELP.message(&*finding.cure));
    }
    if let Some(evidence) = finding.rule.evidence.first() {
        let why = format!("{}: {evidence}", finding.rule.reason);
        group = group.element(Level::NOTE.message(why));
    }
    let is_plain = !std::io::stdout().is_terminal();
    let renderer = if is_plain {
        Renderer::plain()
    } else {
        Renderer::styled()
    };
    let text = renderer.decor_style(DecorStyle::Ascii).render(&[group]);
    format!("{text}\n")
}

/// Prints a mistake that stands in no file.
pub(crate) fn print_plain(cause: &str, cure: &str) {
    let mut group = Group::with_title(Level::ERROR.primary_title(cause));
    if !cure.is_empty() {
        group = group.element(Level::HELP.message(cure));
    }
    render(&[group]);
}

fn render(report: &[Group<'_>]) {
    let renderer = Renderer::styled().decor_style(DecorStyle::Ascii);
    // Colour is stripped where standard error is no terminal.
    anstream::eprintln!("{}\n", renderer.render(report));
}

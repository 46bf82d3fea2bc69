//! What a reviewer is told: a rule, a place, what is wrong there and what to do.
//!
//! `lint` and `check` make findings; `coalmine_reports::sarif` and `coalmine_reports::github` print
//! them.

use std::sync::Arc;

use coalmine_policy::source::{Position, Source};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing; nothing may be wrong.
    Note,
    /// Probably not as meant.
    Warning,
    /// It cannot work.
    Error,
}

impl Level {
    /// Its name, which is SARIF's too.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What findings have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// How people and comments call it (`CM05`).
    pub id: &'static str,
    /// The same in words with hyphens (`tail-quantile-on-few-samples`).
    pub name: &'static str,
    /// How much it matters.
    pub level: Level,
    /// In one line, why it is a rule.
    pub reason: &'static str,
    /// What to do, in general.
    pub cure: &'static str,
    /// Where the world learnt it: absolute addresses; the first is the best.
    pub evidence: &'static [&'static str],
    /// The page that explains it, with its anchor, within coalmine's repository.
    pub page: &'static str,
}

/// Something found at a place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is an instance of.
    pub rule: &'static Rule,
    /// How much it matters here.
    pub level: Level,
    /// The file as the user named it.
    pub file: Arc<str>,
    /// Where in it; line 0: the file as a whole.
    pub position: Position,
    /// Other places that have to do with it.
    pub related: Vec<Related>,
    /// What is wrong, a lowercase sentence fragment.
    pub message: String,
    /// What to do here; empty when the message says it all.
    pub cure: String,
}

/// A place that has to do with a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// The file.
    pub file: Arc<str>,
    /// Where in it.
    pub position: Position,
    /// What stands there.
    pub message: String,
}

/// A stretch of one line: 1-based, in characters, the end just past it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// The line.
    pub line: usize,
    /// Its first character.
    pub column: usize,
    /// Just past the last one.
    pub end_column: usize,
}

impl Region {
    /// The part of the position's first line that it covers; the rest of the line's text where its
    /// end is unknown. `None` for a file as a whole.
    #[must_use]
    pub fn of(position: Position, file: &str, sources: &[Source]) -> Option<Self> {
        if position.line == 0 {
            return None;
        }
        let column = position.column.max(1);
        let text = sources.iter().find(|source| &*source.file == file);
        let line = text.and_then(|source| source.text.lines().nth(position.line - 1));
        let line = line.unwrap_or_default();
        let width = line.trim_end().chars().count();
        let covered = text
            .filter(|_| position.end > position.start)
            .and_then(|source| source.text.get(position.start..position.end))
            .and_then(|covered| covered.lines().next())
            .map_or(0, |covered| covered.trim_end().chars().count());
        let end = match covered {
            0 => width + 1,
            covered => (column + covered).min(width + 1),
        };
        Some(Self {
            line: position.line,
            column,
            end_column: end.max(column + 1),
        })
    }
}

/// Findings in the order of files, places and rules, each once.
pub fn sort(findings: &mut Vec<Finding>, sources: &[Source]) {
    let order = |file: &str| sources.iter().position(|source| &*source.file == file);
    findings.sort_by(|a, b| {
        let key = |f: &Finding| (order(&f.file), f.position.line, f.position.column);
        (key(a), a.rule.id, &a.message).cmp(&(key(b), b.rule.id, &b.message))
    });
    findings.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(text: &str, position: Position) -> Option<(usize, usize, usize)> {
        let source = Source {
            file: "f".into(),
            text: text.into(),
        };
        let region = Region::of(position, "f", &[source])?;
        Some((region.line, region.column, region.end_column))
    }

    #[test]
    fn a_region_ends_with_its_first_line() {
        let at = |line, column, start, end| Position {
            line,
            column,
            start,
            end,
        };
        let text = "a: µx\r\nb: |\n  one\n  two\n";
        assert_eq!(region(text, at(1, 4, 3, 5)), Some((1, 4, 5)), "a part");
        assert_eq!(region(text, at(1, 4, 3, 3)), Some((1, 4, 6)), "end unknown");
        assert_eq!(region(text, at(2, 4, 11, 25)), Some((2, 4, 5)), "a block");
        assert_eq!(region(text, at(9, 1, 0, 0)), Some((9, 1, 2)), "past it");
        assert_eq!(region(text, at(0, 0, 0, 0)), None);
    }
}

//! Mistakes in input, for people: place, cause, cure.

use std::fmt;
use std::sync::Arc;

/// A place in a file: 1-based line and column, and byte offsets where known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// 1-based; 0 when unknown.
    pub line: usize,
    /// 1-based, in characters; 0 when unknown.
    pub column: usize,
    /// Byte offset of the start within the file.
    pub start: usize,
    /// Byte offset just past the end; equal to `start` when unknown.
    pub end: usize,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The input cannot be used.
    Error,
    /// It can, but probably not as meant.
    Warning,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// The file as the user named it (`<stdin>` for standard input).
    pub file: Arc<str>,
    /// Where in it.
    pub position: Position,
    /// What is wrong, a lowercase sentence fragment.
    pub message: String,
    /// What to do about it; empty when the message says it all.
    pub help: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let Position { line, column, .. } = self.position;
        write!(
            f,
            "{}:{line}:{column}: {severity}: {}",
            self.file, self.message
        )?;
        if !self.help.is_empty() {
            write!(f, " ({})", self.help)?;
        }
        Ok(())
    }
}

/// Collects mistakes while reading goes on.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// No mistakes so far.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a mistake; what it quotes from the input cannot steer a terminal.
    pub fn push(&mut self, mut diagnostic: Diagnostic) {
        for text in [&mut diagnostic.message, &mut diagnostic.help] {
            if text.contains(is_steering) {
                *text = printable(text);
            }
        }
        self.list.push(diagnostic);
    }

    /// Adds all of another collection.
    pub fn extend(&mut self, other: Self) {
        self.list.extend(other.list);
    }

    /// Whether anything makes the input unusable.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The mistakes in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }
}

/// A control character other than a line feed or a tab.
fn is_steering(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
}

/// A text with control characters as their escapes.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_steering(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_control_characters_are_escaped() {
        let mut found = Diagnostics::new();
        found.push(Diagnostic {
            severity: Severity::Error,
            file: "f".into(),
            position: Position::default(),
            message: "`\u{1b}[31m` is\nred, µ".to_owned(),
            help: "\u{7}\r".to_owned(),
        });
        let told: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["f:0:0: error: `\\u{1b}[31m` is\nred, µ (\\u{7}\\r)"]);
    }
}

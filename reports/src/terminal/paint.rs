//! Colours, which only repeat what the text says.

use anstyle::{AnsiColor, Style};

/// Styles whole lines, or leaves them alone.
pub(super) struct Paint {
    colour: bool,
}

impl Paint {
    pub(super) const fn new(colour: bool) -> Self {
        Self { colour }
    }

    fn with(&self, style: Style, line: &str) -> String {
        if self.colour {
            format!("{style}{line}{style:#}")
        } else {
            line.to_owned()
        }
    }

    pub(super) fn strong(&self, line: &str) -> String {
        self.with(Style::new().bold(), line)
    }

    pub(super) fn faint(&self, line: &str) -> String {
        self.with(Style::new().dimmed(), line)
    }

    pub(super) fn warning(&self, line: &str) -> String {
        self.with(AnsiColor::Yellow.on_default(), line)
    }

    pub(super) fn bad(&self, line: &str) -> String {
        self.with(AnsiColor::Red.on_default(), line)
    }
}

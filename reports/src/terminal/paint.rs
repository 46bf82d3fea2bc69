//! Colours, which only repeat what the text says.

use anstyle::{AnsiColor, Style};

/// Styles whole lines, or leaves them alone.
pub(crate) struct Paint {
    colour: bool,
}

impl Paint {
    pub(crate) const fn new(colour: bool) -> Self {
        Self { colour }
    }

    fn with(&self, style: Style, line: &str) -> String {
        if self.colour {
            format!("{style}{line}{style:#}")
        } else {
            line.to_owned()
        }
    }

    pub(crate) fn strong(&self, line: &str) -> String {
        self.with(Style::new().bold(), line)
    }

    pub(crate) fn faint(&self, line: &str) -> String {
        self.with(Style::new().dimmed(), line)
    }

    pub(crate) fn warning(&self, line: &str) -> String {
        self.with(AnsiColor::Yellow.on_default(), line)
    }

    pub(crate) fn bad(&self, line: &str) -> String {
        self.with(AnsiColor::Red.on_default(), line)
    }
}

//! Which characters may be printed, and curves in one line of them.

/// No full block: many of them in a row are no line but a wall.
const BARS: [char; 7] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇'];
/// For terminals that know no other characters.
const PLAIN_BARS: [char; 7] = ['_', '.', '-', ':', '=', '+', '#'];

/// What characters may be printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Characters {
    /// All of Unicode.
    #[default]
    Unicode,
    /// ASCII.
    Plain,
}

impl Characters {
    /// What the locale can show. Where none is set there is seldom a terminal at all, and files and
    /// CI logs are UTF-8.
    pub fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &&str| variable(name).is_some_and(|value| !value.is_empty());
        let first = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find(set);
        let locale = first.and_then(variable).unwrap_or_default().to_lowercase();
        if locale.is_empty() || locale.contains("utf-8") || locale.contains("utf8") {
            Self::Unicode
        } else {
            Self::Plain
        }
    }

    /// A bar for each height between 0 and 1.
    pub fn spark(self, heights: impl Iterator<Item = f64>) -> String {
        let bars = match self {
            Self::Unicode => BARS,
            Self::Plain => PLAIN_BARS,
        };
        let bar = |height: f64| {
            // Nothing at all has the lowest bar too.
            let index = (height * bars.len() as f64).ceil() as usize;
            bars[index.clamp(1, bars.len()) - 1]
        };
        heights.map(bar).collect()
    }

    /// A text that this crate wrote, in characters that can be shown. Each stands for one, so tables stay
    /// in line; names of users are theirs, whatever is in them.
    #[must_use]
    pub fn apply(self, text: String) -> String {
        match self {
            Self::Unicode => text,
            Self::Plain => text.chars().map(plain).collect(),
        }
    }

    /// What stands for what was left out.
    #[must_use]
    pub const fn ellipsis(self) -> &'static str {
        match self {
            Self::Unicode => "…",
            Self::Plain => "...",
        }
    }

    /// Between the ends of a range.
    #[must_use]
    pub const fn dash(self) -> &'static str {
        match self {
            Self::Unicode => "–",
            Self::Plain => "-",
        }
    }
}

fn plain(c: char) -> char {
    match c {
        '–' | '−' | '─' => '-',
        '×' => 'x',
        '·' | '│' => '|',
        '•' => '*',
        '…' => '~',
        '→' => '>',
        '≤' => '<',
        '±' => '+',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_share() {
        let heights = (0..=7).map(|n| f64::from(n) / 7.0);
        assert_eq!(Characters::Unicode.spark(heights.clone()), "▁▁▂▃▄▅▆▇");
        assert_eq!(Characters::Plain.spark(heights), "__.-:=+#");
    }

    #[test]
    fn the_locale_says_which_characters_there_are() {
        let with = |all: &'static str, lang: &'static str| {
            Characters::of_locale(|name| match name {
                "LC_ALL" => Some(all.to_owned()),
                "LANG" => Some(lang.to_owned()),
                _ => None,
            })
        };
        assert_eq!(with("", "en_IN.UTF-8"), Characters::Unicode);
        assert_eq!(with("", "C.utf8"), Characters::Unicode);
        assert_eq!(with("C", "en_IN.UTF-8"), Characters::Plain);
        assert_eq!(with("", "en_US.ISO-8859-1"), Characters::Plain);
        assert_eq!(with("", ""), Characters::Unicode);
        assert_eq!(Characters::of_locale(|_| None), Characters::Unicode);
    }
}

//! A curve in one line of text.

use super::Options;

/// No full block: many of them in a row are no line but a wall.
const BARS: [char; 7] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇'];
/// For terminals that know no other characters.
const ASCII_BARS: [char; 7] = ['_', '.', '-', ':', '=', '+', '#'];

/// A bar for each height between 0 and 1.
pub fn spark(heights: impl Iterator<Item = f64>, options: Options) -> String {
    let bars = if options.ascii { ASCII_BARS } else { BARS };
    let bar = |height: f64| {
        // Nothing at all has the lowest bar too.
        let index = (height * bars.len() as f64).ceil() as usize;
        bars[index.clamp(1, bars.len()) - 1]
    };
    heights.map(bar).collect()
}

/// Whether the locale can show ASCII only. Where none is set there is seldom a terminal at all, and
/// files and CI logs are UTF-8.
pub(super) fn is_ascii(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &&str| variable(name).is_some_and(|value| !value.is_empty());
    let first = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find(set);
    let locale = first.and_then(variable).unwrap_or_default().to_lowercase();
    !(locale.is_empty() || locale.contains("utf-8") || locale.contains("utf8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_share() {
        let heights = (0..=7).map(|n| f64::from(n) / 7.0);
        let with = |ascii| {
            let options = Options {
                ascii,
                ..Options::default()
            };
            spark(heights.clone(), options)
        };
        assert_eq!(with(false), "▁▁▂▃▄▅▆▇");
        assert_eq!(with(true), "__.-:=+#");
    }

    #[test]
    fn the_locale_says_which_characters_there_are() {
        let with = |all: &'static str, lang: &'static str| {
            is_ascii(|name| match name {
                "LC_ALL" => Some(all.to_owned()),
                "LANG" => Some(lang.to_owned()),
                _ => None,
            })
        };
        assert!(!with("", "en_IN.UTF-8") && !with("", "C.utf8") && !with("", ""));
        assert!(with("C", "en_IN.UTF-8") && with("", "en_US.ISO-8859-1"));
        assert!(!is_ascii(|_| None));
    }
}

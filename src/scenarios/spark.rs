//! A curve in one line of text.

use coalmine_sim::traffic::Traffic;

/// No full block: many of them in a row are no line but a wall.
const BARS: [char; 7] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇'];
/// For terminals that know no other characters.
const PLAIN_BARS: [char; 7] = ['_', '.', '-', ':', '=', '+', '#'];

/// What characters may be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Characters {
    /// All of Unicode.
    Unicode,
    /// ASCII.
    Plain,
}

impl Characters {
    /// What the locale can show. Where none is set there is seldom a terminal at all, and files and
    /// CI logs are UTF-8.
    pub(super) fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &&str| variable(name).is_some_and(|value| !value.is_empty());
        let first = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find(set);
        let locale = first.and_then(variable).unwrap_or_default().to_lowercase();
        if locale.is_empty() || locale.contains("utf-8") || locale.contains("utf8") {
            Self::Unicode
        } else {
            Self::Plain
        }
    }

    const fn bars(self) -> [char; 7] {
        match self {
            Self::Unicode => BARS,
            Self::Plain => PLAIN_BARS,
        }
    }

    /// What stands for what was left out.
    pub(super) const fn ellipsis(self) -> &'static str {
        match self {
            Self::Unicode => "…",
            Self::Plain => "...",
        }
    }

    /// Between the ends of a range.
    pub(super) const fn dash(self) -> &'static str {
        match self {
            Self::Unicode => "–",
            Self::Plain => "-",
        }
    }
}

/// The mean rates of `width` equal parts of the first `horizon_s` seconds, each as a bar as high as
/// its share of the highest.
pub(super) fn line(
    traffic: &Traffic,
    horizon_s: f64,
    width: u32,
    characters: Characters,
) -> String {
    let part_s = horizon_s / f64::from(width);
    let ends = (0..width).map(|n| (f64::from(n) * part_s, f64::from(n + 1) * part_s));
    let means: Vec<f64> = ends
        .map(|(from, to)| traffic.integral(from, to) / part_s)
        .collect();
    let highest = means.iter().copied().fold(0.0, f64::max);
    let bars = characters.bars();
    let bar = |mean: &f64| {
        // Nothing at all has the lowest bar, and so has everything where nothing is higher than that.
        let height = if highest > 0.0 { mean / highest } else { 0.0 };
        let index = (height * bars.len() as f64).ceil() as usize;
        bars[index.clamp(1, bars.len()) - 1]
    };
    means.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use coalmine_sim::traffic::Term;

    #[test]
    fn bars_are_as_high_as_the_mean_of_their_part() {
        let points = vec![(0.0, 0.0), (70.0, 70.0)];
        let ramp = Traffic {
            terms: vec![Term::Table { points }],
        };
        assert_eq!(line(&ramp, 70.0, 7, Characters::Unicode), "▁▂▃▄▅▆▇");
        assert_eq!(line(&ramp, 70.0, 7, Characters::Plain), "_.-:=+#");
        let level = Traffic::constant(3.0);
        assert_eq!(line(&level, 60.0, 3, Characters::Unicode), "▇▇▇");
        let nothing = Traffic::constant(0.0);
        assert_eq!(line(&nothing, 60.0, 3, Characters::Unicode), "▁▁▁");
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

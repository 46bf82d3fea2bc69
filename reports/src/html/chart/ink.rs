//! Colours by what they are for.
//!
//! `plotters` paints in fixed colours, which no style sheet can change for a dark screen or for paper.
//! So each ink is painted in a colour of its own that stands for it and means nothing, and
//! [`restyled`] puts a class in its place: `stroke="#010203"` becomes `class="k-NAME"`, `fill` becomes
//! `class="f-NAME"`.

use plotters::style::RGBColor;

/// What a mark of a chart is painted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Labels.
    Text,
    /// Labels that matter less.
    Muted,
    /// Lines that help to read values.
    Grid,
    /// The edge of the plot.
    Axis,
    /// Policies, or levels of traffic: a hue, a dash pattern and a marker each; they repeat after
    /// [`Ink::SERIES`].
    Series(usize),
    /// The interval around one of them.
    Band(usize),
    /// What a measure is held against.
    Limit,
    /// How much traffic there is.
    Traffic,
    /// Rollouts that were promoted.
    Promoted,
    /// Rollouts that were rolled back.
    RolledBack,
    /// Rollouts that were neither.
    Stuck,
    /// An interval drawn over a bar.
    Whisker,
    /// Something was judged good.
    Good,
    /// Something was judged bad.
    Bad,
}

const PLAIN: [(Ink, &str); 12] = [
    (Ink::Text, "text"),
    (Ink::Muted, "muted"),
    (Ink::Grid, "grid"),
    (Ink::Axis, "axis"),
    (Ink::Limit, "limit"),
    (Ink::Traffic, "traffic"),
    (Ink::Promoted, "promoted"),
    (Ink::RolledBack, "back"),
    (Ink::Stuck, "stuck"),
    (Ink::Whisker, "whisker"),
    (Ink::Good, "good"),
    (Ink::Bad, "bad"),
];

impl Ink {
    /// As many series look different from each other.
    pub const SERIES: usize = 8;

    /// The colour that stands for it.
    pub(super) fn stand_in(self) -> RGBColor {
        let (group, index) = match self {
            Self::Series(index) => (1, index % Self::SERIES),
            Self::Band(index) => (2, index % Self::SERIES),
            plain => {
                let at = PLAIN.iter().position(|(ink, _)| *ink == plain);
                (0, at.unwrap_or(0))
            }
        };
        RGBColor(1, group, index as u8)
    }

    /// Its name in the style sheet.
    #[must_use]
    pub fn class(self) -> String {
        match self {
            Self::Series(index) => format!("s{}", index % Self::SERIES),
            Self::Band(index) => format!("b{}", index % Self::SERIES),
            plain => {
                let named = PLAIN.iter().find(|(ink, _)| *ink == plain);
                named.map_or("text", |(_, name)| name).to_owned()
            }
        }
    }

    fn of(colour: &str) -> Option<Self> {
        let byte = |from: usize| usize::from_str_radix(colour.get(from..from + 2)?, 16).ok();
        match (byte(0)?, byte(2)?, byte(4)?) {
            (1, 0, index) => PLAIN.get(index).map(|(ink, _)| *ink),
            (1, 1, index) => Some(Self::Series(index)),
            (1, 2, index) => Some(Self::Band(index)),
            _ => None,
        }
    }
}

/// What the style sheet says better, or what is so anyway.
const SUPERFLUOUS: [&str; 5] = [
    " opacity=\"1\"",
    " stroke=\"none\"",
    " stroke-width=\"1\"",
    " font-family=\"sans-serif\"",
    " font-size=\"1\"",
];

/// The drawing with classes in place of colours.
pub(super) fn restyled(svg: &str) -> String {
    let mut text = svg.to_owned();
    for attribute in SUPERFLUOUS {
        text = text.replace(attribute, "");
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("=\"#01") {
        let (before, from) = rest.split_at(at);
        let colour = from.get(3..9).unwrap_or_default();
        let kept = before
            .strip_suffix(" stroke")
            .map(|kept| (kept, "k"))
            .or_else(|| before.strip_suffix(" fill").map(|kept| (kept, "f")));
        let length = "=\"#010203\"".len();
        match (kept, Ink::of(colour)) {
            (Some((kept, way)), Some(ink)) if from.as_bytes().get(length - 1) == Some(&b'"') => {
                out.push_str(kept);
                out.push_str(&format!(" class=\"{way}-{}\"", ink.class()));
                rest = &from[length..];
            }
            _ => {
                out.push_str(before);
                out.push_str(&from[..1]);
                rest = &from[1..];
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ink_has_a_colour_that_leads_back_to_it() {
        let plain = PLAIN.iter().map(|(ink, _)| *ink);
        let series = (0..Ink::SERIES).flat_map(|i| [Ink::Series(i), Ink::Band(i)]);
        let mut classes = std::collections::BTreeSet::new();
        for ink in plain.chain(series) {
            let RGBColor(r, g, b) = ink.stand_in();
            assert_eq!(Ink::of(&format!("{r:02X}{g:02X}{b:02X}")), Some(ink));
            assert!(classes.insert(ink.class()), "{ink:?} shares its class");
        }
        assert_eq!(Ink::Series(8).class(), "s0");
    }

    #[test]
    fn colours_become_classes_and_nothing_else_changes() {
        let svg = "<rect opacity=\"1\" fill=\"#010100\" stroke=\"none\"/><path fill=\"none\" \
                   stroke=\"#010002\"/><text>=\"#01 fill=\"#010203</text>";
        assert_eq!(
            restyled(svg),
            "<rect class=\"f-s0\"/><path fill=\"none\" class=\"k-grid\"/><text>=\"#01 \
             fill=\"#010203</text>"
        );
    }
}

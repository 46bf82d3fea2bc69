//! Requirements and what became of them, in words.

use std::fmt;

use coalmine_policy::Span;

use super::{Judged, Measure, Outcome, Reading, Requirement, Unit};
use crate::human;

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { measure, bound, .. } = self;
        let limit = match measure.unit() {
            // Not 0.30000000000000004 for what was written as 0.3 %.
            Unit::Share => format!("{}%", (self.limit * 1e14).round() / 1e12),
            Unit::Time => time(self.limit),
            Unit::Count | Unit::Correlation | Unit::Money => self.limit.to_string(),
        };
        write!(f, "{}{}{limit}", measure.name(), bound.sign())
    }
}

/// A time as people write it: `20m`, not `20m00s`.
fn time(seconds: f64) -> String {
    if seconds.fract() != 0.0 {
        return format!("{seconds}s");
    }
    let text = Span::from_secs_f64(seconds).to_string();
    let short = text.strip_suffix("m00s").map(|text| format!("{text}m"));
    let text = short.unwrap_or(text);
    let short = text.strip_suffix("h00m").map(|text| format!("{text}h"));
    short.unwrap_or(text)
}

impl Measure {
    /// A value of it, for people.
    #[must_use]
    pub fn say(self, value: f64) -> String {
        match self.unit() {
            Unit::Share => human::percent(value),
            Unit::Time => human::seconds(value),
            Unit::Count if value < 99.5 => format!("{value:.1}"),
            Unit::Count => human::count(value.round() as u64),
            // Not -0.
            Unit::Correlation => format!("{:.2}", value + 0.0),
            Unit::Money => human::money(value),
        }
    }
}

impl Reading {
    /// `0.4 % (0.1–1.0), n = 1,000`.
    #[must_use]
    pub fn say(&self, measure: Measure) -> String {
        let n = human::count(self.n);
        if let (Unit::Share, Some(low), Some(high)) = (measure.unit(), self.low, self.high) {
            return format!("{}, n = {n}", human::share(self.value, (low, high)));
        }
        let end = |end: Option<f64>| end.map_or("?".to_owned(), |end| measure.say(end));
        let (low, high) = (end(self.low), end(self.high));
        format!("{} ({low}–{high}), n = {n}", measure.say(self.value))
    }
}

impl Outcome {
    /// In a word or three.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Undecided => "not enough evidence",
            Self::Breached => "breached",
        }
    }
}

impl Judged {
    /// How many replications would do; `None` where the requirement is decided.
    #[must_use]
    pub fn cure(&self) -> Option<String> {
        if self.outcome != Outcome::Undecided {
            return None;
        }
        Some(match (self.reading, self.runs_needed) {
            (None, _) => "it was never observed, so more runs may not help".to_owned(),
            (_, Some(runs)) => {
                let runs = human::count(runs);
                format!("about {runs} runs would decide, if the measure is what it seems")
            }
            (_, None) => "the measure lies so close to the limit that no number of runs decides: \
                          move the limit"
                .to_owned(),
        })
    }
}

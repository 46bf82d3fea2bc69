//! What a line says: a word for its kind, and its text.

use coalmine_policy::{Decision, Record, Span};
use coalmine_sim::outcome::Verdict;
use coalmine_sim::timeline::What;

use super::Story;
use super::fold::{Line, Told};
use super::merge::Told as Merged;
use super::words;
use crate::human;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    /// A decision.
    Strong,
    /// A measurement that was not good, the fault.
    Warning,
    /// A rollback.
    Bad,
    /// Background.
    Faint,
}

/// A line of text with its kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

impl Said {
    pub(super) fn new(kind: &'static str, text: String, tone: Tone) -> Self {
        Self { kind, text, tone }
    }
}

/// What a line says, and what was true.
pub(super) fn line(story: &Story<'_>, line: &Line<'_>) -> Vec<Said> {
    let said = match &line.told {
        Told::Plain(told) => plain(told),
        Told::Good(records) => Said::new("measured", good(records), Tone::Plain),
        Told::Bad(record) => bad(record),
        Told::Looks { times, until, last } => Said::new(
            "measured",
            format!(
                "{times} looks, all good, until {}; the last: {}",
                story.clock(*until),
                good(last)
            ),
            Tone::Plain,
        ),
        Told::Holds { times, until, hold } => {
            let mut said = recorded(hold);
            let until = story.clock(*until);
            said.text = format!("{} ({times} times until {until})", said.text);
            said
        }
    };
    // Of several looks it is the last one's.
    let at = match line.told {
        Told::Looks { until, .. } | Told::Holds { until, .. } => until,
        _ => line.at,
    };
    // A good check of a release that does nobody harm at that moment needs no more words.
    let quiet = matches!(line.told, Told::Good(_) | Told::Looks { .. });
    let truth = line.truth.filter(|truth| truth.fault_shows || !quiet);
    let truth = truth.and_then(|truth| words::truth(story, at, truth));
    let truth = truth.map(|text| Said::new("truth", text, Tone::Faint));
    std::iter::once(said).chain(truth).collect()
}

fn plain(told: &Merged<'_>) -> Said {
    match told {
        Merged::One(what) => one(what),
        Merged::Share { from, to, over } => {
            Said::new("traffic", share(*from, *to, *over), Tone::Plain)
        }
        Merged::Pods { from, to, over } => Said::new("pods", pods(*from, *to, *over), Tone::Plain),
    }
}

/// What one entry says.
pub(super) fn one(what: &What) -> Said {
    let (kind, text) = match what {
        What::Started => ("start", "the new revision is there".to_owned()),
        What::WeightWritten(weight) => {
            ("weight", format!("{weight} written to the router's object"))
        }
        What::WeightEffective(to) => ("traffic", share(*to, *to, Span::ZERO)),
        What::PodsReady { old, new } => ("pods", pods(None, (*old, *new), Span::ZERO)),
        What::Record(record) => return recorded(record),
        What::Truth(_) => return Said::new("truth", String::new(), Tone::Faint),
        What::FaultMet => {
            let text = "the first request meets the fault".to_owned();
            return Said::new("fault", text, Tone::Warning);
        }
        What::TrafficRate(rps) => ("rate", format!("{} requests a second", words::rate(*rps))),
        What::Ended(verdict) => {
            return Said::new("end", ended(*verdict).to_owned(), Tone::Strong);
        }
    };
    Said::new(kind, text, Tone::Plain)
}

fn share(from: f64, to: f64, over: Span) -> String {
    let (from, to) = (human::percent(from), human::percent(to));
    format!("{from} → {to} reaches the new revision{}", within(over))
}

fn pods(from: Option<(u32, u32)>, to: (u32, u32), over: Span) -> String {
    let count = |before: Option<u32>, after: u32| match before {
        Some(before) if before != after => format!("{before} → {after}"),
        _ => after.to_string(),
    };
    let old = count(from.map(|(old, _)| old), to.0);
    let new = count(from.map(|(_, new)| new), to.1);
    format!("ready: {old} old, {new} new{}", within(over))
}

fn within(over: Span) -> String {
    if over == Span::ZERO {
        String::new()
    } else {
        format!(", within {over}")
    }
}

/// What an engine had to say.
pub(super) fn recorded(record: &Record) -> Said {
    match record {
        Record::Phase { from, to } => Said::new("phase", format!("{from} → {to}"), Tone::Plain),
        Record::Measured { outcome, .. } if words::is_good(outcome) => {
            Said::new("measured", good(&[record]), Tone::Plain)
        }
        Record::Measured { .. } => bad(record),
        Record::Decided {
            decision,
            rule,
            detail,
        } => {
            let what = decided(*decision);
            let colon = if detail.is_empty() { "" } else { ": " };
            let rule = match &**rule {
                "" => String::new(),
                rule => format!(" [{rule}]"),
            };
            let tone = match decision {
                Decision::RollBack | Decision::Invalid => Tone::Bad,
                Decision::Hold => Tone::Plain,
                _ => Tone::Strong,
            };
            Said::new("decided", format!("{what}{colon}{detail}{rule}"), tone)
        }
        Record::Note(text) => Said::new("note", text.clone(), Tone::Plain),
    }
}

/// Measurements of one look that were all good, with the counters that have come anywhere.
fn good(records: &[&Record]) -> String {
    let mut said: Vec<(String, String)> = Vec::new();
    for record in records {
        let Record::Measured {
            outcome, counts, ..
        } = record
        else {
            continue;
        };
        let counts = match words::counts(counts, false) {
            counts if counts.is_empty() => outcome.to_string(),
            counts => format!("{outcome}, {counts}"),
        };
        said.push((words::reading(record).unwrap_or_default(), counts));
    }
    // Most controllers count the same for all.
    let mut text = String::new();
    for (index, (reading, counts)) in said.iter().enumerate() {
        let next = said.get(index + 1);
        let ending = match next {
            Some((_, same)) if same == counts => ", ".to_owned(),
            Some(_) => format!(": {counts}; "),
            None => format!(": {counts}"),
        };
        text.push_str(reading);
        text.push_str(&ending);
    }
    text
}

/// A measurement that was not good, with all counters.
fn bad(record: &Record) -> Said {
    let Record::Measured {
        outcome, counts, ..
    } = record
    else {
        return recorded(record);
    };
    let reading = words::reading(record).unwrap_or_default();
    let counts = match words::counts(counts, true) {
        counts if counts.is_empty() => String::new(),
        counts => format!("; {counts}"),
    };
    Said::new(
        "measured",
        format!("{reading}: {outcome}{counts}"),
        Tone::Warning,
    )
}

/// What was decided, in words.
pub(crate) fn decided(decision: Decision) -> String {
    match decision {
        Decision::Start => "start".to_owned(),
        Decision::Restart => "start over".to_owned(),
        Decision::Advance(weight) => format!("advance to {weight}"),
        Decision::Hold => "hold".to_owned(),
        Decision::Pause(Some(span)) => format!("pause for {span}"),
        Decision::Pause(None) => "pause until a person goes on".to_owned(),
        Decision::Promote => "promote".to_owned(),
        Decision::Succeed => "done, all is well".to_owned(),
        Decision::RollBack => "roll back".to_owned(),
        Decision::Invalid => "refuse the manifest".to_owned(),
    }
}

const fn ended(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Promoted => "promoted: the new revision has taken over",
        Verdict::RolledBack => "rolled back: the old revision serves again",
        Verdict::Stuck => "stuck: neither promoted nor rolled back when the time was up",
        Verdict::Invalid => "invalid: the controller refuses the manifest",
    }
}

//! What a line says: a word for its kind, and one or two lines of text.

use coalmine_policy::{Decision, Record, Span};
use coalmine_sim::outcome::Verdict;
use coalmine_sim::timeline::What;

use super::merge::{Line, Told};
use super::round::rounded;
use crate::human;

/// The kind, and the text.
pub(super) fn line(line: &Line<'_>) -> (&'static str, Vec<String>) {
    match &line.told {
        Told::One(what) => one(what),
        Told::Share { from, to, over } => ("traffic", vec![share(*from, *to, *over)]),
        Told::Pods { from, to, over } => ("pods", vec![pods(*from, *to, *over)]),
    }
}

fn one(what: &What) -> (&'static str, Vec<String>) {
    match what {
        What::Started => ("start", vec!["the new revision is there".to_owned()]),
        What::WeightWritten(weight) => (
            "weight",
            vec![format!("{weight} written to the router's object")],
        ),
        What::WeightEffective(to) => ("traffic", vec![share(*to, *to, Span::ZERO)]),
        What::PodsReady { old, new } => ("pods", vec![pods(None, (*old, *new), Span::ZERO)]),
        What::Record(record) => recorded(record),
        What::Truth(_) => ("truth", Vec::new()),
        What::FaultMet => (
            "fault",
            vec!["the first request meets the fault".to_owned()],
        ),
        What::TrafficRate(rps) => ("rate", vec![format!("{} requests a second", rate(*rps))]),
        What::Ended(verdict) => ("end", vec![ended(*verdict).to_owned()]),
    }
}

/// Whole numbers where decimals say nothing.
fn rate(rps: f64) -> String {
    if rps < 10.0 {
        format!("{rps:.1}")
    } else {
        human::count(rps.round() as u64)
    }
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

fn recorded(record: &Record) -> (&'static str, Vec<String>) {
    match record {
        Record::Phase { from, to } => ("phase", vec![format!("{from} → {to}")]),
        Record::Measured {
            metric,
            value,
            outcome,
            detail,
            ..
        } => {
            let held = if detail.is_empty() {
                String::new()
            } else {
                format!(" ({detail})")
            };
            let value = rounded(value);
            (
                "measured",
                vec![format!("{metric} = {value}: {outcome}{held}")],
            )
        }
        Record::Decided {
            decision,
            rule,
            detail,
        } => {
            let what = decided(*decision);
            let text = match detail.as_str() {
                "" => what,
                detail => format!("{what}: {detail}"),
            };
            let mut lines = vec![text];
            if !rule.is_empty() {
                lines.push(format!("by {rule}"));
            }
            ("decided", lines)
        }
        Record::Note(text) => ("note", vec![text.clone()]),
    }
}

/// A decision in words.
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

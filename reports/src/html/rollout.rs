//! Chosen rollouts as timelines: weight written and weight in the data path, measures with their limits,
//! and every decision.

use std::collections::BTreeMap;

use coalmine_policy::{Decision, Record};
use coalmine_sim::timeline::{Entry, What};
use maud::{Markup, html};

use super::chart::{Axis, Figure, Ink, Mark, Series, Shape, Table, Timeline, Track, legend};
use super::number::prose;
use crate::human;
use crate::timeline::{Story, decided};

/// More measures than this make no picture.
const MEASURES: usize = 5;

/// A rollout, and why it is shown.
#[derive(Clone, Debug)]
pub struct Chosen<'a> {
    /// What happened.
    pub story: Story<'a>,
    /// Why, in a sentence.
    pub why: String,
    /// The command that tells it in words; may be empty.
    pub command: String,
}

/// The first one open, the others folded.
pub(super) fn rollouts(all: &[Chosen<'_>]) -> Markup {
    html! {
        (legend([
            (Ink::Series(0), "weight in the data path"),
            (Ink::Series(1), "weight written"),
            (Ink::Good, "measured, fine"),
            (Ink::Bad, "measured, not fine"),
            (Ink::Limit, "limit"),
            (Ink::Traffic, "traffic"),
        ]))
        @for (index, chosen) in all.iter().enumerate() {
            @if index == 0 {
                (one(chosen, index))
            } @else {
                details.rollout { summary { (prose(chosen.why.trim_end_matches(':'))) } (one(chosen, index)) }
            }
        }
    }
}

fn one(chosen: &Chosen<'_>, index: usize) -> Markup {
    let story = &chosen.story;
    let decisions = decisions(story.entries);
    let timeline = timeline(story, &decisions);
    let figure = Figure {
        id: format!("rollout-{index}"),
        title: format!(
            "{} in {}, replication {}",
            story.policy, story.scenario, story.replication
        ),
        description: description(story, &decisions),
        size: timeline.size(),
        table: numbers(story.entries),
    };
    html! {
        @if index == 0 { p { (prose(&chosen.why)) } }
        @if !chosen.command.is_empty() { pre { code { (chosen.command) } } }
        (figure.markup(|canvas| timeline.draw(canvas)))
        ol.decisions {
            @for decision in &decisions {
                li {
                    time { (wall(story, decision.at)) " +" (human::seconds(decision.at)) }
                    (decision.told)
                    @if !decision.rule.is_empty() { " " small { "by " (decision.rule) } }
                }
            }
        }
    }
}

/// One thing the controller decided.
struct Decided {
    /// Seconds since the start.
    at: f64,
    told: String,
    rule: String,
    ink: Ink,
}

fn decisions(entries: &[Entry]) -> Vec<Decided> {
    let decided = entries.iter().filter_map(|entry| match &entry.what {
        What::Record(Record::Decided {
            decision,
            rule,
            detail,
        }) => Some(Decided {
            at: entry.at.as_secs_f64(),
            told: match detail.as_str() {
                "" => decided(*decision),
                detail => format!("{}: {detail}", decided(*decision)),
            },
            rule: rule.to_string(),
            ink: match decision {
                Decision::RollBack | Decision::Invalid => Ink::Bad,
                Decision::Promote | Decision::Succeed => Ink::Good,
                _ => Ink::Muted,
            },
        }),
        _ => None,
    });
    decided.collect()
}

/// The wall-clock time of an instant.
fn wall(story: &Story<'_>, seconds: f64) -> String {
    let at = story
        .start
        .checked_add(jiff::SignedDuration::from_secs_f64(seconds));
    at.map_or_else(|_| String::new(), |at| at.strftime("%H:%M:%S").to_string())
}

fn description(story: &Story<'_>, decisions: &[Decided]) -> String {
    let last = decisions.last().map_or_else(String::new, |last| {
        format!(
            " The last: {}, after {}.",
            last.told,
            human::seconds(last.at)
        )
    });
    let count = human::counted(decisions.len(), "decision", "decisions");
    format!("{}: {count}.{last}", story.title)
}

/// What a controller measured of one metric.
#[derive(Default)]
struct Measure {
    points: Vec<(f64, f64)>,
    is_bad: Vec<bool>,
    limits: Vec<f64>,
}

fn measures(entries: &[Entry]) -> BTreeMap<&str, Measure> {
    let mut measures: BTreeMap<&str, Measure> = BTreeMap::new();
    for entry in entries {
        let What::Record(Record::Measured {
            metric,
            outcome,
            reading,
            limits,
            ..
        }) = &entry.what
        else {
            continue;
        };
        let measure = measures.entry(metric).or_default();
        for limit in [limits.min, limits.max].into_iter().flatten() {
            if limit.is_finite() && !measure.limits.contains(&limit) {
                measure.limits.push(limit);
            }
        }
        let reading = reading.filter(|reading| reading.is_finite());
        let at = entry.at.as_secs_f64();
        measure.points.push((at, reading.unwrap_or(f64::NAN)));
        measure.is_bad.push(!is_fine(outcome));
    }
    measures
}

/// The controllers' words for what is good.
fn is_fine(outcome: &str) -> bool {
    matches!(outcome, "passed" | "Successful" | "fine")
}

fn timeline(story: &Story<'_>, decisions: &[Decided]) -> Timeline {
    let entries = story.entries;
    let end = end(entries);
    let mut tracks = vec![weights(entries, end)];
    let measures = measures(entries);
    tracks.extend(
        measures
            .iter()
            .take(MEASURES)
            .map(|(name, measure)| track(name, measure)),
    );
    tracks.extend(traffic(entries, end));
    let marks = decisions.iter().enumerate().map(|(index, decision)| Mark {
        at: decision.at,
        label: (index + 1).to_string(),
        ink: decision.ink,
    });
    let fault = entries.iter().find(|entry| entry.what == What::FaultMet);
    let fault = fault.map(|entry| Mark {
        at: entry.at.as_secs_f64(),
        label: "fault".to_owned(),
        ink: Ink::Stuck,
    });
    Timeline {
        x: Axis::time("since the start", end),
        tracks,
        marks: fault.into_iter().chain(marks).collect(),
    }
}

/// A little after the last thing that happened: the rest of the horizon is quiet.
fn end(entries: &[Entry]) -> f64 {
    let happened = entries
        .iter()
        .filter(|entry| !matches!(entry.what, What::TrafficRate(_) | What::Ended(_)));
    let last = happened
        .map(|entry| entry.at.as_secs_f64())
        .fold(60.0, f64::max);
    let all = entries.last().map_or(last, |entry| entry.at.as_secs_f64());
    (last * 1.08).min(all.max(last))
}

/// Values that are kept until the next, and until the end.
fn kept(entries: &[Entry], end: f64, of: impl Fn(&What) -> Option<f64>) -> Vec<(f64, f64)> {
    let points = entries
        .iter()
        .filter_map(|entry| Some((entry.at.as_secs_f64(), of(&entry.what)?)));
    let mut points: Vec<(f64, f64)> = points.filter(|(at, _)| *at <= end).collect();
    if let Some((_, last)) = points.last().copied() {
        points.push((end, last));
    }
    points
}

fn weights(entries: &[Entry], end: f64) -> Track {
    let series = |name: &str, ink, of: fn(&What) -> Option<f64>| {
        let mut points = kept(entries, end, of);
        if points.first().is_some_and(|(at, _)| *at > 0.0) {
            points.insert(0, (0.0, 0.0));
        }
        Series {
            name: name.to_owned(),
            ink,
            shape: Shape::Steps,
            points,
            is_bad: Vec::new(),
        }
    };
    let written = series("written", Ink::Series(1), |what| match what {
        What::WeightWritten(weight) => Some(weight.share()),
        _ => None,
    });
    let effective = series("in the data path", Ink::Series(0), |what| match what {
        What::WeightEffective(share) => Some(*share),
        _ => None,
    });
    Track {
        y: Axis::share("share of the traffic that goes to the new revision"),
        series: vec![effective, written],
        limits: Vec::new(),
    }
}

fn track(name: &str, measure: &Measure) -> Track {
    let read = measure.points.iter().map(|(_, value)| *value);
    let values: Vec<f64> = read.chain(measure.limits.iter().copied()).collect();
    let known = || values.iter().copied().filter(|value| value.is_finite());
    let low = known().fold(f64::INFINITY, f64::min);
    let high = known().fold(f64::NEG_INFINITY, f64::max);
    let title = match known().count() == values.len() {
        true => name.to_owned(),
        false => format!("{name} (at the lower edge: no number)"),
    };
    Track {
        y: match low.is_finite() {
            true => Axis::between(&title, low, high),
            false => Axis {
                title,
                ..Axis::plain(0.0, 1.0)
            },
        },
        series: vec![Series {
            name: name.to_owned(),
            ink: Ink::Good,
            shape: Shape::Points,
            points: measure.points.clone(),
            is_bad: measure.is_bad.clone(),
        }],
        limits: measure.limits.clone(),
    }
}

fn traffic(entries: &[Entry], end: f64) -> Option<Track> {
    let points = kept(entries, end, |what| match what {
        What::TrafficRate(rate) => Some(*rate),
        _ => None,
    });
    let most = points.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
    (!points.is_empty()).then(|| Track {
        y: Axis::amount("requests a second, all revisions", most),
        series: vec![Series {
            name: "traffic".to_owned(),
            ink: Ink::Traffic,
            shape: Shape::Area,
            points,
            is_bad: Vec::new(),
        }],
        limits: Vec::new(),
    })
}

/// Weights and measurements as they happened.
fn numbers(entries: &[Entry]) -> Table {
    let mut table = Table::new(&["since the start", "what", "value", "judged"]);
    for entry in entries {
        let (what, value, judged) = match &entry.what {
            What::WeightWritten(weight) => ("weight written", weight.to_string(), String::new()),
            What::WeightEffective(share) => (
                "weight in the data path",
                human::percent(*share),
                String::new(),
            ),
            What::Record(Record::Measured {
                metric,
                value,
                outcome,
                detail,
                ..
            }) => (
                metric.as_str(),
                value.clone(),
                format!("{outcome} ({detail})"),
            ),
            _ => continue,
        };
        let at = human::seconds(entry.at.as_secs_f64());
        table.rows.push(vec![at, what.to_owned(), value, judged]);
    }
    table
}

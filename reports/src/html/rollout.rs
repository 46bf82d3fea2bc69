//! Chosen rollouts as timelines: weight written and weight in the data path, measures with their limits,
//! and every decision.

use std::collections::BTreeMap;

use coalmine_policy::{Decision, Record, Time};
use coalmine_sim::timeline::{Entry, What};
use coalmine_sim::truth::{Serving, Truth};
use maud::{Markup, html};

use super::chart::{Axis, Figure, Ink, Mark, SHADE, Series, Shape, Table, Timeline, Track, legend};
use super::number::prose;
use crate::human;
use crate::timeline::{Story, decided, explain, is_good};

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
        (inks())
        @for (index, chosen) in all.iter().enumerate() {
            @if index == 0 {
                p { (prose(&chosen.why)) }
                (one(chosen, index))
            } @else {
                details.rollout {
                    summary { (prose(chosen.why.trim_end_matches(':'))) }
                    (one(chosen, index))
                }
            }
        }
    }
}

fn one(chosen: &Chosen<'_>, index: usize) -> Markup {
    let explained = explain(&chosen.story);
    html! {
        @if !chosen.command.is_empty() { pre { code { (chosen.command) } } }
        p { strong { (prose(&explained.headline)) } }
        @for paragraph in &explained.why { p { (prose(paragraph)) } }
        (picture(&chosen.story, &format!("rollout-{index}")))
        (list(&chosen.story))
    }
}

/// What the marks of [`picture`] mean.
#[must_use]
pub fn inks() -> Markup {
    legend([
        (DATA_PATH, "weight in the data path"),
        (WRITTEN, "weight written"),
        (Ink::Good, "measured, fine"),
        (Ink::Bad, "measured, not fine"),
        (Ink::Limit, "limit"),
        (NEW, "new version, in truth"),
        (OLD, "old version, in truth"),
        (Ink::Traffic, "traffic"),
        (SHADE, "fault active"),
    ])
}

const DATA_PATH: Ink = Ink::Series(0);
const WRITTEN: Ink = Ink::Series(1);
const NEW: Ink = Ink::Series(3);
const OLD: Ink = Ink::Series(2);

/// The timeline of a rollout; `id` is unique on the page.
#[must_use]
pub fn picture(story: &Story<'_>, id: &str) -> Markup {
    let decisions = decisions(story.entries());
    let timeline = timeline(story, &decisions);
    let label = story.policy.label;
    let (scenario, replication) = (&story.scenario.name, story.outcome.replication);
    let figure = Figure {
        id: id.to_owned(),
        title: format!("{label} in {scenario}, replication {replication}"),
        description: description(story, &decisions),
        size: timeline.size(),
        table: numbers(story.entries()),
    };
    figure.markup(|canvas| timeline.draw(canvas))
}

/// The decisions by their numbers in [`picture`].
#[must_use]
pub fn list(story: &Story<'_>) -> Markup {
    html! {
        ol.decisions {
            @for decision in decisions(story.entries()) {
                li {
                    time { (story.clock(decision.at)) " +" (decision.at.truncated_to_second()) }
                    (prose(&decision.told))
                    @if !decision.rule.is_empty() { " " small { "by " (decision.rule) } }
                }
            }
        }
    }
}

/// One thing the controller decided.
struct Decided {
    at: Time,
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
            at: entry.at,
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

fn description(story: &Story<'_>, decisions: &[Decided]) -> String {
    let last = decisions.last().map_or_else(String::new, |last| {
        let after = last.at.truncated_to_second();
        format!(" The last: {}, after {after}.", last.told)
    });
    let count = human::counted(decisions.len(), "decision", "decisions");
    format!("{}: {count}.{last}", story.scenario.title)
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
        measure.is_bad.push(!is_good(outcome));
    }
    measures
}

fn timeline(story: &Story<'_>, decisions: &[Decided]) -> Timeline {
    let entries = story.entries();
    let end = end(entries);
    let mut tracks = vec![weights(entries, end)];
    let measures = measures(entries);
    let measured = measures.iter().take(MEASURES);
    tracks.extend(measured.map(|(name, measure)| track(name, measure)));
    tracks.extend(truths(story, end));
    let marks = decisions.iter().enumerate().map(|(index, decision)| Mark {
        at: decision.at.as_secs_f64(),
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
        shaded: faulty(story, end),
    }
}

/// While requests to the new version met the fault.
fn faulty(story: &Story<'_>, end: f64) -> Vec<(f64, f64)> {
    let mut spans: Vec<(f64, f64)> = Vec::new();
    let course = &story.notes.course;
    for (index, (at, truth)) in course.iter().enumerate() {
        let from = at.as_secs_f64();
        if !truth.fault_shows || truth.new_share <= 0.0 || from >= end {
            continue;
        }
        let to = course
            .get(index + 1)
            .map_or(end, |(next, _)| next.as_secs_f64());
        match spans.last_mut() {
            Some(last) if last.1 >= from => last.1 = to.min(end),
            _ => spans.push((from, to.min(end))),
        }
    }
    spans
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
    let written = series("written", WRITTEN, |what| match what {
        What::WeightWritten(weight) => Some(weight.share()),
        _ => None,
    });
    let effective = series("in the data path", DATA_PATH, |what| match what {
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
            // One value alone stands against zero.
            true if low == high => Axis::between(&title, low.min(0.0), high.max(0.0)),
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

/// How both versions answered, whatever was measured, and how much traffic there was.
fn truths(story: &Story<'_>, end: f64) -> Vec<Track> {
    let course = || {
        let all = story.notes.course.iter();
        let all = all.map(|(at, truth)| (at.as_secs_f64(), truth));
        let (within, beyond): (Vec<_>, Vec<_>) = all.partition(|(at, _)| *at <= end);
        // Between two instants nothing changes, so the last one holds until the end.
        let last = within.last().filter(|_| !beyond.is_empty());
        let last = last.map(|(_, truth)| (end, *truth));
        within.into_iter().chain(last)
    };
    let serving = |title: &str, of: fn(&Serving) -> f64| {
        let series = |name: &str, ink, version: fn(&Truth) -> Option<&Serving>| Series {
            name: name.to_owned(),
            ink,
            shape: Shape::Steps,
            points: course()
                .filter_map(|(at, truth)| Some((at, of(version(truth)?))))
                .collect(),
            is_bad: Vec::new(),
        };
        let series = vec![
            series("old version", OLD, |truth| truth.old.as_ref()),
            series("new version", NEW, |truth| truth.new.as_ref()),
        ];
        let most = largest(&series);
        (most > 0.0).then(|| Track {
            y: Axis::amount(title, most),
            series,
            limits: Vec::new(),
        })
    };
    let traffic = Series {
        name: "traffic".to_owned(),
        ink: Ink::Traffic,
        shape: Shape::Area,
        points: course().map(|(at, truth)| (at, truth.rps)).collect(),
        is_bad: Vec::new(),
    };
    let traffic = (!traffic.points.is_empty()).then(|| Track {
        y: Axis::amount(
            "requests a second, both versions",
            largest(std::slice::from_ref(&traffic)),
        ),
        series: vec![traffic],
        limits: Vec::new(),
    });
    let failing = serving("in truth: percent of answers that fail", |v| {
        v.error_share * 100.0
    });
    let slow = serving("in truth: p99 of good answers, ms", |v| v.p99_s * 1e3);
    [failing, slow, traffic].into_iter().flatten().collect()
}

fn largest(series: &[Series]) -> f64 {
    let values = series.iter().flat_map(|series| &series.points);
    values.map(|(_, value)| *value).fold(0.0, f64::max)
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

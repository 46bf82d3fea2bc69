//! Checks of one look become one line, looks that only say again that all is well become one, and
//! each measurement and decision gets the truth of its moment.

use coalmine_policy::{Decision, Record, Time};
use coalmine_sim::timeline::What;
use coalmine_sim::truth::Truth;

use super::merge::{self, Told as Merged};
use super::words::is_good;

/// A line with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line<'a> {
    pub(super) at: Time,
    pub(super) told: Told<'a>,
    /// What was true then; only on the last line of a moment.
    pub(super) truth: Option<&'a Truth>,
}

/// What the line tells.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Told<'a> {
    /// What is told without measurements.
    Plain(Merged<'a>),
    /// Measurements of one look, all of them good.
    Good(Vec<&'a Record>),
    /// A measurement that was not good.
    Bad(&'a Record),
    /// Good looks, one after the other; the last one of them, at this time.
    Looks {
        times: usize,
        until: Time,
        last: Vec<&'a Record>,
    },
    /// The same hold, again and again until this time.
    Holds {
        times: usize,
        until: Time,
        hold: &'a Record,
    },
}

/// So many looks in a row become one line.
const LOOKS: usize = 3;

/// The lines as people read them.
pub(super) fn folded(lines: Vec<merge::Line<'_>>) -> Vec<Line<'_>> {
    repeated(repeated(moments(lines), good_again), hold_again)
}

/// Joins what belongs to one moment.
fn moments(lines: Vec<merge::Line<'_>>) -> Vec<Line<'_>> {
    let mut out: Vec<Line<'_>> = Vec::new();
    for merge::Line { at, told } in lines {
        let told = match told {
            Merged::One(What::Truth(truth)) => {
                let same = out.iter_mut().rev().take_while(|line| line.at == at);
                let mut judged = same.filter(|line| line.is_judged());
                if let Some(line) = judged.next() {
                    line.truth = Some(truth);
                }
                continue;
            }
            Merged::One(What::Record(record @ Record::Measured { outcome, .. })) => {
                if !is_good(outcome) {
                    Told::Bad(record)
                } else if let Some(Line {
                    at: before,
                    told: Told::Good(known),
                    ..
                }) = out.last_mut()
                    && *before == at
                {
                    known.push(record);
                    continue;
                } else {
                    Told::Good(vec![record])
                }
            }
            told => Told::Plain(told),
        };
        out.push(Line {
            at,
            told,
            truth: None,
        });
    }
    out
}

impl Line<'_> {
    fn is_judged(&self) -> bool {
        match &self.told {
            Told::Good(_) | Told::Bad(_) => true,
            Told::Plain(Merged::One(What::Record(record))) => {
                matches!(record, Record::Decided { .. })
            }
            _ => false,
        }
    }
}

/// Folds runs of lines of which each says again what the one before said.
fn repeated<'a>(
    lines: Vec<Line<'a>>,
    again: impl Fn(&[Line<'a>]) -> Option<(Told<'a>, usize)>,
) -> Vec<Line<'a>> {
    let mut out = Vec::new();
    let mut rest = &lines[..];
    while let Some(first) = rest.first() {
        match again(rest) {
            Some((told, count)) => {
                out.push(Line {
                    at: first.at,
                    told,
                    truth: rest[count - 1].truth,
                });
                rest = &rest[count..];
            }
            None => {
                out.push(first.clone());
                rest = &rest[1..];
            }
        }
    }
    out
}

fn good_again<'a>(lines: &[Line<'a>]) -> Option<(Told<'a>, usize)> {
    let good = |line: &Line<'a>| match &line.told {
        Told::Good(records) => Some(records.clone()),
        _ => None,
    };
    let first = good(lines.first()?)?;
    let same = |records: &Vec<&Record>| names(records) == names(&first);
    let shows = |line: &Line<'_>| line.truth.is_some_and(|truth| truth.fault_shows);
    let begins_faulty = shows(&lines[0]);
    let run = lines
        .iter()
        .take_while(|line| good(line).as_ref().is_some_and(same) && shows(line) == begins_faulty);
    let count = run.count();
    let last = lines.get(count - 1)?;
    (count >= LOOKS).then_some((
        Told::Looks {
            times: count,
            until: last.at,
            last: good(last)?,
        },
        count,
    ))
}

fn names<'a>(records: &[&'a Record]) -> Vec<&'a str> {
    let name = |record: &&'a Record| match record {
        Record::Measured { metric, .. } => Some(metric.as_str()),
        _ => None,
    };
    records.iter().filter_map(name).collect()
}

fn hold_again<'a>(lines: &[Line<'a>]) -> Option<(Told<'a>, usize)> {
    let hold = |line: &Line<'a>| match &line.told {
        Told::Plain(Merged::One(What::Record(
            record @ Record::Decided {
                decision: Decision::Hold,
                ..
            },
        ))) => Some(record),
        _ => None,
    };
    let first = hold(lines.first()?)?;
    let count = lines
        .iter()
        .take_while(|line| hold(line) == Some(first))
        .count();
    (count >= LOOKS).then_some((
        Told::Holds {
            times: count,
            until: lines[count - 1].at,
            hold: first,
        },
        count,
    ))
}

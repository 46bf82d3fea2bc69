//! `csv: {file: traffic.csv}`: lines of `time,rps`.
//!
//! Times are all of one kind, and ascend:
//!
//! * `HH:MM` or `HH:MM:SS`: a time of day, in the scenario's zone. Days are alike: the curve repeats,
//!   with a straight line from the last time of one day to the first of the next.
//! * a number: seconds after the scenario's start (before it, when negative). One that large that
//!   it must be a Unix time is taken for one.
//! * `2026-03-02T09:05:00+05:30`: an instant (RFC 3339); without an offset, on the scenario's clocks.
//!
//! Between the lines the rate goes straight; before the first and after the last it stays level.

mod rows;
mod stamp;

use coalmine_policy::source::{Diagnostics, Source};
use coalmine_sim::traffic::Term;
use jiff::ToSpan;
use jiff::civil::Time;

use super::recording::{self, Recording, Times};
use super::{Context, file};
use crate::read::clock::Clock;
use crate::read::form::Form;
use rows::Row;
use stamp::Stamp;

/// Days for which times of day are laid out: the one before the start, for queries that look back,
/// and those of the longest horizon.
const DAYS: std::ops::RangeInclusive<i64> = -1..=8;

pub(super) fn read(
    curve: &mut Form<'_>,
    context: &mut Context<'_>,
    found: &mut Diagnostics,
) -> Option<Term> {
    let at_s = recording::read_at(curve, context, found);
    let source = file::load(curve, "traffic.csv", context, found)?;
    let recording = parse(&source, context.clock, found)?;
    recording::place(curve, recording, at_s, context, found)
}

fn parse(source: &Source, clock: &Clock, found: &mut Diagnostics) -> Option<Recording> {
    let rows = rows::read(source, clock, found)?;
    let times = rows.first()?.stamp.times();
    let points = match times {
        Times::OfDay => daily(&rows, clock),
        Times::AfterStart | Times::Dated => rows.iter().filter_map(Row::after_start).collect(),
    };
    Some(Recording { points, times })
}

/// The same day again and again. Where clocks are set forward, times that do not exist fall onto
/// later ones, and the first of them counts.
fn daily(rows: &[Row], clock: &Clock) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = Vec::new();
    let zone = clock.start.time_zone();
    for day in DAYS {
        let Ok(date) = clock.start.date().checked_add(day.days()) else {
            continue;
        };
        for row in rows {
            let Stamp::OfDay(time) = row.stamp else {
                continue;
            };
            let there = zone.to_zoned(date.to_datetime(time)).ok();
            let at_s = there.map(|there| clock.seconds_until(&there));
            let later = |at: &f64| points.last().is_none_or(|(before, _)| at > before);
            points.extend(at_s.filter(later).map(|at| (at, row.rps)));
        }
    }
    points
}

impl Row {
    fn after_start(&self) -> Option<(f64, f64)> {
        match self.stamp {
            Stamp::OfDay(_) => None,
            Stamp::AfterStart(at_s) | Stamp::Dated(at_s) => Some((at_s, self.rps)),
        }
    }
}

impl Stamp {
    /// Seconds that grow with time, for comparison among stamps of one kind.
    fn order(self) -> f64 {
        match self {
            Self::OfDay(time) => time.duration_since(Time::midnight()).as_secs_f64(),
            Self::AfterStart(at_s) | Self::Dated(at_s) => at_s,
        }
    }
}

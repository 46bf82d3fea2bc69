//! Measured traffic, and its place in the scenario's time.

use coalmine_policy::source::Diagnostics;
use coalmine_sim::traffic::Term;
use jiff::Timestamp;

use super::Context;
use crate::read::clock::Clock;
use crate::read::form::Form;

/// More samples than this in one file: a day in seconds fits.
pub(super) const SAMPLES_MAX: usize = 100_000;

/// Rates at times, in order.
pub(super) struct Recording {
    /// Seconds after the start, requests per second; never empty.
    pub(super) points: Vec<(f64, f64)>,
    /// What the times were.
    pub(super) times: Times,
}

/// What the times of a recording say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Times {
    /// An hour of the day: the same every day.
    OfDay,
    /// Seconds after the scenario's start.
    AfterStart,
    /// Instants of the calendar.
    Dated,
}

/// Reads `at`: where the first sample goes.
pub(super) fn read_at(
    curve: &mut Form<'_>,
    context: &Context<'_>,
    found: &mut Diagnostics,
) -> Option<f64> {
    curve.node("at")?;
    context.clock.instant(curve, "at", found)
}

/// Straight lines between the samples, level before the first and after the last.
pub(super) fn place(
    curve: &mut Form<'_>,
    recording: Recording,
    at_s: Option<f64>,
    context: &Context<'_>,
    found: &mut Diagnostics,
) -> Option<Term> {
    let Recording { mut points, times } = recording;
    let (&(first, _), &(last, _)) = (points.first()?, points.last()?);
    match (at_s, times) {
        (Some(_), Times::OfDay) => {
            let help = "leave `at` out, or write seconds instead of times of day";
            let complaint = "is given, but the file's times of day have their place already";
            curve.refuse("at", complaint, help, found);
            return None;
        }
        (Some(at_s), _) => points.iter_mut().for_each(|(t, _)| *t += at_s - first),
        (None, Times::Dated) if last < 0.0 || first > context.horizon.as_secs_f64() => {
            let end_s = context.horizon.as_secs_f64();
            let [from, to, start, end] =
                [first, last, 0.0, end_s].map(|after_s| local(context.clock, after_s));
            let complaint = format!("holds {from} to {to}, and nothing of {start} to {end}");
            let help = "let `start` be within the recording, or say where its first sample goes: \
                        `at: \"09:00\"`";
            curve.refuse("file", &complaint, help, found);
            return None;
        }
        _ => {}
    }
    Some(Term::Table { points })
}

/// The time on the scenario's clocks, to the second; seconds where the calendar ends.
fn local(clock: &Clock, after_s: f64) -> String {
    let second = clock.start.timestamp().as_second();
    let there = second.checked_add(after_s as i64);
    let there = there.and_then(|second| Timestamp::from_second(second).ok());
    let zone = clock.start.time_zone().clone();
    match there {
        Some(there) => there.to_zoned(zone).datetime().to_string(),
        None => format!("{after_s} s after the start"),
    }
}

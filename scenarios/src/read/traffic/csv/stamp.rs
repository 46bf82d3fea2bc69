//! The ways to write a time in a file.

use jiff::Timestamp;
use jiff::civil::{DateTime, Time};

use crate::read::clock::Clock;
use crate::read::traffic::recording::Times;

/// Numbers from here on are Unix times: as seconds after the start they would be years.
const UNIX_FROM: f64 = 1e8;
/// And from here on, in milliseconds: as seconds they are beyond the year 5000.
const MILLISECONDS_FROM: f64 = 1e11;

/// A time of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stamp {
    /// A time of day.
    OfDay(Time),
    /// Seconds after the scenario's start.
    AfterStart(f64),
    /// An instant of the calendar, in seconds after the scenario's start.
    Dated(f64),
}

impl Stamp {
    /// What is wrong with the text, and its cure, where it is no time.
    pub(super) fn parse(text: &str, clock: &Clock) -> Result<Self, (String, &'static str)> {
        let of_day = ["%H:%M", "%H:%M:%S"]
            .iter()
            .find_map(|format| Time::strptime(format, text).ok());
        if let Some(time) = of_day {
            return Ok(Self::OfDay(time));
        }
        if let Ok(number) = text.parse::<f64>()
            && number.is_finite()
        {
            return Self::from_number(number, text, clock);
        }
        let start_ns = clock.start.timestamp().as_nanosecond();
        let dated = |there: Timestamp| Self::Dated((there.as_nanosecond() - start_ns) as f64 / 1e9);
        if let Ok(there) = text.parse::<Timestamp>() {
            return Ok(dated(there));
        }
        let local = text.parse::<DateTime>().ok();
        let zone = clock.start.time_zone();
        let there = local.and_then(|local| zone.to_timestamp(local).ok());
        there.map(dated).ok_or_else(|| {
            let help = "write a time of day (09:15), seconds after the start (600) or RFC 3339 \
                        (2026-03-02T09:15:00Z)";
            (format!("{text:?} is no time"), help)
        })
    }

    fn from_number(number: f64, text: &str, clock: &Clock) -> Result<Self, (String, &'static str)> {
        if number >= MILLISECONDS_FROM {
            let complaint = format!("{text} is too large for seconds");
            return Err((
                complaint,
                "divide by 1000 if it is a Unix time in milliseconds",
            ));
        }
        if number >= UNIX_FROM {
            let start = clock.start.timestamp();
            let nanos = f64::from(start.subsec_nanosecond()) / 1e9;
            return Ok(Self::Dated(number - start.as_second() as f64 - nanos));
        }
        if number <= -UNIX_FROM {
            let complaint = format!("{text} is years before the start");
            return Err((complaint, "seconds count from the scenario's start"));
        }
        Ok(Self::AfterStart(number))
    }

    pub(super) const fn times(self) -> Times {
        match self {
            Self::OfDay(_) => Times::OfDay,
            Self::AfterStart(_) => Times::AfterStart,
            Self::Dated(_) => Times::Dated,
        }
    }
}

impl Times {
    /// For messages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::OfDay => "a time of day",
            Self::AfterStart => "seconds after the start",
            Self::Dated => "an instant of the calendar",
        }
    }
}

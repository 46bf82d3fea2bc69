//! Wall-clock times: where a scenario starts, and instants relative to it.

use coalmine_policy::source::{Diagnostics, parse_go_duration};
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::form::Form;
use crate::nearest;

const START_HELP: &str = "write local time without a zone: `start: 2026-03-02T09:05`";
const INSTANT_HELP: &str =
    "write a wall-clock time like \"09:15\", or a duration after the start like `10m`";

/// The scenario's start, against which its instants are resolved.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    pub(super) start: Zoned,
}

impl Clock {
    /// A stand-in where the start is missing.
    pub(super) fn utc() -> Self {
        Self {
            start: Zoned::new(Timestamp::UNIX_EPOCH, TimeZone::UTC),
        }
    }

    /// Seconds from the start to a wall-clock time on the start's day; negative before it.
    pub(super) fn seconds_to(&self, time: Time) -> Option<f64> {
        let zone = self.start.time_zone();
        // Where clocks jump, the later reading of a gap and the earlier of a fold.
        let there = zone.to_zoned(self.start.date().to_datetime(time)).ok()?;
        Some(self.seconds_until(&there))
    }

    /// Seconds from the start to an instant; negative before it.
    pub(super) fn seconds_until(&self, there: &Zoned) -> f64 {
        let nanos = there.timestamp().as_nanosecond() - self.start.timestamp().as_nanosecond();
        nanos as f64 / 1e9
    }

    /// An instant of `form`, in seconds since the start.
    pub(super) fn instant(
        &self,
        form: &mut Form<'_>,
        name: &'static str,
        found: &mut Diagnostics,
    ) -> Option<f64> {
        form.require(name, INSTANT_HELP, found);
        let text = form.time_text(name, found)?;
        if !text.contains(':') {
            return match parse_go_duration(text) {
                Ok(span) => Some(span.as_secs_f64()),
                Err(error) => {
                    form.refuse(
                        name,
                        &format!("is no instant: {error}"),
                        INSTANT_HELP,
                        found,
                    );
                    None
                }
            };
        }
        let time = ["%H:%M", "%H:%M:%S"]
            .iter()
            .find_map(|format| Time::strptime(format, text).ok());
        let seconds = time.and_then(|time| self.seconds_to(time));
        if seconds.is_none() {
            let complaint = format!("is {text:?}, no time of day");
            form.refuse(name, &complaint, INSTANT_HELP, found);
        }
        seconds
    }
}

/// Reads `start` and `timeZone`.
pub(super) fn read(spec: &mut Form<'_>, found: &mut Diagnostics) -> Option<Clock> {
    spec.require("start", START_HELP, found);
    let local = spec.string("start", found).map(|text| {
        let formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
        let parsed = formats.map(|format| DateTime::strptime(format, text));
        let parsed = parsed.into_iter().find_map(Result::ok);
        if parsed.is_none() {
            let complaint = format!("is {text:?}, no date and time");
            spec.refuse("start", &complaint, START_HELP, found);
        }
        parsed
    });
    let zone = read_zone(spec, found)?;
    let ambiguous = zone.to_ambiguous_zoned(local??);
    // A repeated or skipped hour would make every instant of the file a guess.
    match ambiguous.unambiguous() {
        Ok(start) => Some(Clock { start }),
        Err(error) => {
            let complaint = format!("does not name one instant: {error}");
            let help = "clocks are set forward or back there; start on another day";
            spec.refuse("start", &complaint, help, found);
            None
        }
    }
}

fn read_zone(spec: &mut Form<'_>, found: &mut Diagnostics) -> Option<TimeZone> {
    if spec.node("timeZone").is_none() {
        return Some(TimeZone::UTC);
    }
    let name = spec.string("timeZone", found)?;
    if let Ok(zone) = TimeZone::get(name) {
        return Some(zone);
    }
    let known: Vec<String> = jiff::tz::db().available().map(|n| n.to_string()).collect();
    let help = match nearest(name, known.iter().map(String::as_str)) {
        Some(alike) => format!("did you mean `{alike}`?"),
        None => "write an IANA name such as `Asia/Kolkata`".to_owned(),
    };
    spec.refuse(
        "timeZone",
        &format!("is {name:?}, no time zone"),
        &help,
        found,
    );
    None
}

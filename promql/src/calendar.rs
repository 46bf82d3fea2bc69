//! Functions of the calendar, in UTC (functions.go: `dateWrapper`).

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::EvalError;

/// A part of a date.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    of: fn(DateTime) -> i16,
    /// Its value for what is no integer: Go's conversion on amd64 makes of it the smallest one,
    /// which wraps to a Sunday in December 292277026596.
    of_no_instant: f64,
}

/// The part that a function of the calendar takes.
pub(crate) fn part(function: &str) -> Option<Part> {
    let part = |of, of_no_instant| Some(Part { of, of_no_instant });
    match function {
        "minute" => part(|date| i16::from(date.minute()), 30.0),
        "hour" => part(|date| i16::from(date.hour()), 15.0),
        "day_of_week" => part(
            |date| i16::from(date.weekday().to_sunday_zero_offset()),
            0.0,
        ),
        "day_of_month" => part(|date| i16::from(date.day()), 4.0),
        "day_of_year" => part(DateTime::day_of_year, 339.0),
        "days_in_month" => part(|date| i16::from(date.days_in_month()), 31.0),
        "month" => part(|date| i16::from(date.month()), 12.0),
        "year" => part(DateTime::year, 292_277_026_596.0),
        _ => None,
    }
}

/// The part of the date at an instant in Unix seconds; an error beyond the years of our calendar.
pub(crate) fn at(part: Part, seconds: f64) -> Result<f64, EvalError> {
    let is_integer = (i64::MIN as f64..i64::MAX as f64).contains(&seconds);
    if !is_integer {
        return Ok(part.of_no_instant);
    }
    // Go's int64(v) cuts off towards zero.
    let instant = Timestamp::from_second(seconds as i64);
    let instant =
        instant.map_err(|_| EvalError::new(format!("{seconds} s is beyond all dates")))?;
    Ok(f64::from((part.of)(TimeZone::UTC.to_datetime(instant))))
}

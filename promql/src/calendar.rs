//! Functions of the calendar, in UTC (functions.go: `dateWrapper`).

use jiff::Timestamp;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;

use crate::EvalError;

/// A part of a date.
pub(crate) type Part = fn(DateTime) -> i16;

/// The part that a function of the calendar takes.
pub(crate) fn part(function: &str) -> Option<Part> {
    Some(match function {
        "minute" => |date| i16::from(date.minute()),
        "hour" => |date| i16::from(date.hour()),
        "day_of_week" => |date| i16::from(Weekday::to_sunday_zero_offset(date.weekday())),
        "day_of_month" => |date| i16::from(date.day()),
        "day_of_year" => |date| date.day_of_year(),
        "days_in_month" => |date| i16::from(date.days_in_month()),
        "month" => |date| i16::from(date.month()),
        "year" => |date| date.year(),
        _ => return None,
    })
}

/// The part of the date at an instant in Unix seconds; an error beyond the calendar's years, where
/// Go's answer depends on the processor.
pub(crate) fn at(part: Part, seconds: f64) -> Result<f64, EvalError> {
    if seconds.is_nan() {
        return Ok(f64::NAN);
    }
    // Go's int64(v) cuts off towards zero.
    let instant = Timestamp::from_second(seconds as i64);
    let instant =
        instant.map_err(|_| EvalError::new(format!("{seconds} s is beyond all dates")))?;
    Ok(f64::from(part(TimeZone::UTC.to_datetime(instant))))
}
